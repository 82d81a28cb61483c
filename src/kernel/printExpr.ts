// The printer of expressions: infix, with as few parentheses as possible, values that are used twice named first. Names
// depend on nothing but the order of appearance: b0, b1, ... for buffers, i, j, k, ... for loop indices, t0, t1, ... for values.
import type { Buffer, Const, Expr, Reduce, ReduceOp, ScalarType, Var } from "./expr.ts";
import { topological } from "./expr.ts";

/** Chooses names as things appear, and remembers them. */
export interface Names {
  readonly buffer: (b: Buffer) => string;
  readonly variable: (v: Var) => string;
  /** A name for a value that has none. */
  readonly value: () => string;
  /** Names the index of a loop inside `depth` others; loops side by side share a name. */
  readonly loop: (v: Var, depth: number) => string;
  /** Names what a statement binds, which may stand for an index. */
  readonly local: (v: Var) => string;
  /** Fixes the name of a buffer that is known by its role. */
  readonly call: (b: Buffer, name: string) => void;
}
const indexName = (i: number): string => ["i", "j", "k", "l", "m", "n"][i] ?? `i${i}`;
/** Fresh names. */
export const newNames = (): Names => {
  const known = new Map<Buffer | Var, string>();
  let buffers = 0,
    loops = 0,
    values = 0;
  const named = <A extends Buffer | Var>(thing: A, make: () => string): string => {
    const name = known.get(thing) ?? make();
    known.set(thing, name);
    return name;
  };
  const value = (): string => `t${values++}`;
  return {
    value,
    buffer: (b) => named(b, () => `b${buffers++}`),
    variable: (v) => named(v, () => (v.extent < 0 ? value() : indexName(loops++))),
    loop: (v, depth) => {
      loops = Math.max(loops, depth + 1);
      known.set(v, indexName(depth));
      return indexName(depth);
    },
    local: (v) => named(v, value),
    call: (b, name) => {
      known.set(b, name);
    },
  };
};

/** `f32[3, 4]`. */
export const showBuffer = (b: Buffer): string => `${b.type}[${b.shape.join(", ")}]`;

// The shortest text that gives a float32 back.
const shortest = (x: number): string => {
  for (let digits = 1; digits < 9; digits++) {
    const text = String(Number(x.toPrecision(digits)));
    if (Math.fround(Number(text)) === x) return text;
  }
  return String(x);
};
const floating = (type: ScalarType, x: number): string => {
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x > 0 ? "inf" : "-inf";
  const text = Object.is(x, -0) ? "-0" : type === "f32" ? shortest(x) : String(x);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
};
const constant = ({ type, value }: Const): string =>
  type === "bool"
    ? String(Number(value) !== 0)
    : type === "f32" || type === "f64"
      ? floating(type, Number(value))
      : type === "i64"
        ? `${value}n`
        : type === "u32"
          ? `${value}u`
          : String(value);

// Symbols and how tightly they bind; what is not here is written as a call.
const infix: Readonly<Record<string, readonly [symbol: string, strength: number]>> = {
  or: ["|", 2],
  xor: ["^", 3],
  and: ["&", 4],
  eq: ["==", 5],
  ne: ["!=", 5],
  lt: ["<", 6],
  le: ["<=", 6],
  gt: [">", 6],
  ge: [">=", 6],
  shl: ["<<", 7],
  shr: [">>", 7],
  add: ["+", 8],
  sub: ["-", 8],
  mul: ["*", 9],
  div: ["/", 9],
  rem: ["%", 9],
};
const prefix: Readonly<Record<string, string>> = { neg: "-", not: "!" };
const choice = 1,
  unaryStrength = 10,
  atom = 11;
/** What a reduction is called, as a function of its body. */
export const reduceName: { readonly [K in ReduceOp]: string } = {
  add: "sum",
  mul: "prod",
  min: "min",
  max: "max",
  and: "all",
  or: "any",
};

interface Text {
  readonly text: string;
  readonly strength: number;
}
const wrap = ({ text, strength }: Text, least: number): string => (strength < least ? `(${text})` : text);
const show = (e: Expr, args: readonly Text[], names: Names): Text => {
  const [x, y, z] = args as readonly [Text, Text, Text],
    // Strings are only added, never joined: V8 adds in constant time, which keeps deep expressions linear.
    plain = args.slice(1).reduce((all, a) => `${all}, ${a.text}`, x?.text ?? "");
  switch (e.op) {
    case "const": {
      const text = constant(e);
      return { text, strength: text.startsWith("-") ? unaryStrength : atom };
    }
    case "var":
      return { text: names.variable(e), strength: atom };
    case "read":
      return { text: `${names.buffer(e.buffer)}[${plain}]`, strength: atom };
    case "select":
      return { text: `${wrap(x, choice + 1)} ? ${wrap(y, choice + 1)} : ${wrap(z, choice)}`, strength: choice };
    case "cast":
      return { text: `${e.type}(${plain})`, strength: atom };
    case "bitcast":
      return { text: `${e.type}.bits(${plain})`, strength: atom };
    case "reduce":
      return {
        text: `${reduceName[e.combine]}(${names.variable(e.index)} < ${e.index.extent}: ${plain})`,
        strength: atom,
      };
    default: {
      const op = infix[e.op],
        sign = prefix[e.op];
      if (op !== undefined && args.length === 2)
        return { text: `${wrap(x, op[1])} ${op[0]} ${wrap(y, op[1] + 1)}`, strength: op[1] };
      if (sign !== undefined) return { text: `${sign}${wrap(x, unaryStrength + 1)}`, strength: unaryStrength };
      return { text: `${e.op}(${plain})`, strength: atom };
    }
  }
};

/** The indices of reductions around each node, for values that must stay inside of them. */
const boundInside = (order: readonly Expr[]): ReadonlySet<Expr> => {
  const inner = new Set<Expr>(order.filter((e): e is Reduce => e.op === "reduce").map((e) => e.index));
  if (inner.size === 0) return inner;
  const free = new Map<Expr, ReadonlySet<Expr>>();
  const inside = new Set<Expr>();
  for (const e of order) {
    const all = new Set<Expr>(inner.has(e) ? [e] : []);
    for (const a of e.args) for (const v of free.get(a) ?? []) all.add(v);
    if (e.op === "reduce") all.delete(e.index);
    free.set(e, all);
    if (all.size > 0) inside.add(e);
  }
  return inside;
};
const isLeaf = (e: Expr): boolean => e.args.length === 0 || (e.op === "neg" && isLeaf(e.args[0] as Expr));
const longest = 24;

/** An expression and the values that it uses more than once, each with a name. */
export interface Shown {
  readonly lets: readonly (readonly [name: string, text: string])[];
  readonly text: string;
}
/** The text of `root`, its shared values apart. Iterative: depth and sharing are no limit. */
export const showShared = (root: Expr, names: Names): Shown => {
  const order = topological([root]),
    inside = boundInside(order),
    uses = new Map<Expr, number>(),
    shown = new Map<Expr, Text>(),
    lets: (readonly [string, string])[] = [];
  for (const e of order) for (const a of e.args) uses.set(a, (uses.get(a) ?? 0) + 1);
  for (const e of order) {
    const t = show(
      e,
      e.args.map((a) => shown.get(a) as Text),
      names,
    );
    const shared = (uses.get(e) ?? 0) > 1 && !isLeaf(e) && !inside.has(e) && t.text.length > longest;
    if (shared) {
      const name = names.value();
      lets.push([name, t.text]);
      shown.set(e, { text: name, strength: atom });
    } else shown.set(e, t);
  }
  return { lets, text: (shown.get(root) as Text).text };
};
/** An expression as text; values used more than once come first, a line each. */
export const showExpr = (e: Expr): string => {
  const { lets, text } = showShared(e, newNames());
  return [...lets.map(([name, value]) => `${name} = ${value}`), text].join("\n");
};
