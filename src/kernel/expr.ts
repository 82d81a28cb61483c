// Scalar expressions: one value as a function of loop indices. Nodes are hash-consed, so equal expressions are one object
// and every pass below is a walk over a DAG, never over a tree.

/** What a buffer may hold. `bool` and `u8` are one byte; `u8` is storage only: reads give `u32`. */
export type StorageType = "f32" | "f64" | "i32" | "u32" | "bool" | "u8";
/** What an expression may be. `i64` lives in registers only (bit tricks of float64 mathematics). */
export type ScalarType = "f32" | "f64" | "i32" | "u32" | "i64" | "bool";

/** Mathematical functions of one argument; `kernel/math.ts` expands each into the plain operations below. */
export type MathUnary =
  | "exp"
  | "exp2"
  | "expm1"
  | "log"
  | "log2"
  | "log1p"
  | "sin"
  | "cos"
  | "tan"
  | "asin"
  | "acos"
  | "atan"
  | "sinh"
  | "cosh"
  | "tanh"
  | "asinh"
  | "acosh"
  | "atanh"
  | "logistic"
  | "erf"
  | "erfc"
  | "erfInv"
  | "cbrt"
  | "rsqrt"
  | "lgamma"
  | "digamma";
/** Mathematical functions of two arguments, expanded by `kernel/math.ts`. `rem` on floats is C's fmod. */
export type MathBinary = "pow" | "atan2" | "frem" | "nextafter" | "ipow";

/** `neg abs sqrt floor ceil trunc nearest` are arithmetic; `not` is logical on bool and bitwise on integers. */
export type UnaryOp =
  | "neg"
  | "abs"
  | "sqrt"
  | "floor"
  | "ceil"
  | "trunc"
  | "nearest"
  | "not"
  | "clz"
  | "popcnt"
  | MathUnary;
/** `div` and `rem` truncate on integers (0 where the divisor is 0); `min` and `max` propagate NaN; shifts beyond the width give 0 (or the sign). */
export type BinaryOp =
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "rem"
  | "min"
  | "max"
  | "and"
  | "or"
  | "xor"
  | "shl"
  | "shr"
  | MathBinary;
export type CompareOp = "eq" | "ne" | "lt" | "le" | "gt" | "ge";
/** Monoids of a reduction. */
export type ReduceOp = "add" | "mul" | "min" | "max" | "and" | "or";

/** A typed block of memory with a row-major shape; identity is the object. */
export interface Buffer {
  readonly id: number;
  readonly type: StorageType;
  readonly shape: readonly number[];
}

interface Base {
  /** Creation order: operands have smaller ids, so sorting by id is a topological order. */
  readonly id: number;
  readonly type: ScalarType;
  readonly args: readonly Expr[];
  /** The last walk of `topological` that listed this node: cheaper than a set for each of many small walks. */
  walk: number;
}
export interface Const extends Base {
  readonly op: "const";
  readonly value: number | bigint;
}
/** A loop index, `0 <= index < extent` (type i32), or a name bound by a statement (`extent` -1, any type). */
export interface Var extends Base {
  readonly op: "var";
  readonly name: string;
  readonly extent: number;
}
/** Element of a buffer at the indices `args` (type i32, in bounds wherever the value matters). */
export interface Read extends Base {
  readonly op: "read";
  readonly buffer: Buffer;
}
export interface Unary extends Base {
  readonly op: UnaryOp;
}
export interface Binary extends Base {
  readonly op: BinaryOp;
}
export interface Compare extends Base {
  readonly op: CompareOp;
}
/** `args[0] ? args[1] : args[2]`; both branches may be evaluated. */
export interface Select extends Base {
  readonly op: "select";
}
/** Value conversion to `type`: float to integer saturates (NaN to 0), anything to bool is `!= 0`. */
export interface Cast extends Base {
  readonly op: "cast";
}
/** Same bits, other type of the same width. */
export interface Bitcast extends Base {
  readonly op: "bitcast";
}
/** `args[0] * args[1] + args[2]`, rounded once or twice. */
export interface Fma extends Base {
  readonly op: "fma";
}
/** `combine` over `index` of `args[0]`; an extent of 0 gives the identity. */
export interface Reduce extends Base {
  readonly op: "reduce";
  readonly combine: ReduceOp;
  readonly index: Var;
}

export type Expr = Const | Var | Read | Unary | Binary | Compare | Select | Cast | Bitcast | Fma | Reduce;

/** Nodes by hash; those of one hash are few. */
let table = new Map<number, Expr[]>();
let nextId = 0;
const limit = 2_000_000;

interface Parts {
  readonly op: Expr["op"];
  readonly type: ScalarType;
  readonly args: readonly Expr[];
  readonly value?: number | bigint;
  readonly name?: string;
  readonly extent?: number;
  readonly buffer?: Buffer;
  readonly combine?: ReduceOp;
  readonly index?: Var;
}
const bits = new DataView(new ArrayBuffer(8));
const codes = new Map<string, number>();
/** A small number for an operation or a type. */
const codeOf = (word: string): number => {
  const known = codes.get(word);
  if (known !== undefined) return known;
  codes.set(word, codes.size + 1);
  return codes.size;
};
/** A number for any text; unlike a table of codes this remembers nothing. */
const textHash = (text: string): number => {
  let h = text.length;
  for (let i = 0; i < text.length; i++) h = Math.imul(h, 31) + text.charCodeAt(i);
  return h;
};
const mix = (h: number, x: number): number => {
  const k = Math.imul(h ^ x, 0x9e3779b1);
  return k ^ (k >>> 15);
};
const hashOf = (e: Parts): number => {
  let h = mix(codeOf(e.op), codeOf(e.type));
  if (e.op === "const") {
    if (typeof e.value === "bigint") bits.setBigInt64(0, BigInt.asIntN(64, e.value));
    else bits.setFloat64(0, e.value as number);
    h = mix(mix(h, bits.getInt32(0)), bits.getInt32(4));
  } else if (e.op === "var") h = mix(mix(h, textHash(e.name as string)), e.extent as number);
  else if (e.op === "read") h = mix(h, (e.buffer as Buffer).id);
  else if (e.op === "reduce") h = mix(mix(h, codeOf(e.combine as string)), (e.index as Var).id);
  for (const a of e.args) h = mix(h, a.id);
  return h;
};
const isSame = (x: Parts, e: Parts): boolean => {
  if (x.op !== e.op || x.type !== e.type || x.args.length !== e.args.length) return false;
  for (let i = 0; i < e.args.length; i++) if (x.args[i] !== e.args[i]) return false;
  switch (e.op) {
    case "const":
      return Object.is(x.value, e.value);
    case "var":
      return x.name === e.name && x.extent === e.extent;
    case "read":
      return x.buffer?.id === e.buffer?.id;
    case "reduce":
      return x.combine === e.combine && x.index === e.index;
    default:
      return true;
  }
};

// The one place where nodes are made: the literal types guarantee that the cast is sound.
const intern = (e: Parts): Expr => {
  const h = hashOf(e),
    bucket = table.get(h);
  if (bucket !== undefined) for (const x of bucket) if (isSame(x as Parts, e)) return x;
  if (table.size > limit) table = new Map(); // loses sharing, never meaning
  const node = { id: nextId++, walk: 0, ...e } as unknown as Expr;
  if (bucket === undefined) table.set(h, [node]);
  else bucket.push(node);
  return node;
};

/** Run `f` with a fresh table of nodes that is dropped afterwards, so that compilations leave nothing behind. */
export const interning = <A>(f: () => A): A => {
  const saved = table;
  table = new Map();
  try {
    return f();
  } finally {
    table = saved;
  }
};

const none: readonly Expr[] = [];
/** The constant `value` of type `type`; bool takes 0 or 1, i64 a bigint. Integers are wrapped to their type. */
export const constant = (type: ScalarType, value: number | bigint): Const => {
  const v =
    typeof value === "bigint"
      ? value
      : type === "f32"
        ? Math.fround(value)
        : type === "i32"
          ? value | 0
          : type === "u32"
            ? value >>> 0
            : type === "bool"
              ? Number(value !== 0)
              : value;
  return intern({ op: "const", type, args: none, value: v }) as Const;
};
/** An i32 constant. */
export const int = (value: number): Const => constant("i32", value);
/** A loop index with `0 <= index < extent`. */
export const loopVar = (name: string, extent: number): Var =>
  intern({ op: "var", type: "i32", args: none, name, extent }) as Var;
/** A name bound by a `let` or a loop's accumulator. */
export const localVar = (name: string, type: ScalarType): Var =>
  intern({ op: "var", type, args: none, name, extent: -1 }) as Var;
let nextVar = 0;
/** A loop index that no other expression uses. */
export const freshVar = (extent: number, prefix = "r"): Var => loopVar(`${prefix}$${nextVar++}`, extent);

let nextBuffer = 0;
/** A new buffer of the given type and row-major shape. */
export const buffer = (type: StorageType, shape: readonly number[]): Buffer => ({ id: nextBuffer++, type, shape });
/** The register type of what a buffer holds. */
export const registerType = (s: StorageType): ScalarType => (s === "u8" ? "u32" : s);
/** Bytes per element of a buffer. */
export const byteSize: { readonly [K in StorageType]: number } = { f32: 4, f64: 8, i32: 4, u32: 4, bool: 1, u8: 1 };

/** Element of `b` at `at`, one index per dimension. */
export const read = (b: Buffer, at: readonly Expr[]): Expr =>
  intern({ op: "read", type: registerType(b.type), args: at, buffer: b });
/** Apply an operation of one argument; the result has the argument's type (i32 for clz and popcnt of i32). */
export const unary = (op: UnaryOp, x: Expr): Expr => foldUnary(op, x) ?? intern({ op, type: x.type, args: [x] });
/** Apply an operation of two arguments of one type (for shifts the count has that type too). */
export const binary = (op: BinaryOp, x: Expr, y: Expr): Expr => intern({ op, type: x.type, args: [x, y] });
/** Compare two values of one type; gives bool. On floats every comparison with NaN but `ne` is false. */
export const compare = (op: CompareOp, x: Expr, y: Expr): Expr => intern({ op, type: "bool", args: [x, y] });
/** `c ? a : b`. */
export const select = (c: Expr, a: Expr, b: Expr): Expr =>
  c.op === "const" ? (c.value ? a : b) : a === b ? a : intern({ op: "select", type: a.type, args: [c, a, b] });
/** Convert a value to `type`. */
export const cast = (type: ScalarType, x: Expr): Expr =>
  x.type === type ? x : intern({ op: "cast", type, args: [x] });
/** Reinterpret the bits of `x` as `type` (same width). */
export const bitcast = (type: ScalarType, x: Expr): Expr =>
  x.type === type ? x : intern({ op: "bitcast", type, args: [x] });
/** `x * y + z`, with one or two roundings: only where the difference is welcome. */
export const fma = (x: Expr, y: Expr, z: Expr): Expr => intern({ op: "fma", type: x.type, args: [x, y, z] });
/** Reduce `body` over `index`. */
export const reduceOver = (combine: ReduceOp, index: Var, body: Expr): Expr =>
  intern({ op: "reduce", type: body.type, args: [body], combine, index });
/** Reduce `f(r)` over `0 <= r < extent`. */
export const reduce = (combine: ReduceOp, extent: number, f: (r: Expr) => Expr): Expr => {
  const r = freshVar(extent);
  return reduceOver(combine, r, f(r));
};

const foldUnary = (op: UnaryOp, x: Expr): Expr | null =>
  op === "not" && x.op === "not"
    ? (x.args[0] ?? null)
    : op === "neg" && x.op === "const" && typeof x.value === "number"
      ? constant(x.type, -x.value)
      : null;

/** The same node with other operands. */
export const withArgs = (e: Expr, args: readonly Expr[]): Expr => {
  if (args.length === e.args.length && args.every((a, i) => a === e.args[i])) return e;
  switch (e.op) {
    case "const":
    case "var":
      return e;
    case "read":
      return read(e.buffer, args);
    case "reduce":
      return reduceOver(e.combine, e.index, args[0] as Expr);
    case "select":
      return select(args[0] as Expr, args[1] as Expr, args[2] as Expr);
    case "cast":
      return cast(e.type, args[0] as Expr);
    case "bitcast":
      return bitcast(e.type, args[0] as Expr);
    default:
      return intern({ op: e.op, type: e.type, args });
  }
};

let walk = 0;
/**
 * Post-order list of every node reachable from `roots`, operands first; iterative, so that depth is no limit. Nodes in `known`
 * are neither listed nor looked into.
 */
export const topological = (
  roots: readonly Expr[],
  known: { readonly has: (e: Expr) => boolean } = nothing,
): readonly Expr[] => {
  walk++;
  const order: Expr[] = [],
    stack: Expr[] = [],
    now = walk;
  for (const root of roots) {
    if (root.walk === now || known.has(root)) continue;
    stack.push(root);
    while (stack.length > 0) {
      const e = stack[stack.length - 1] as Expr;
      if (e.walk === now) {
        stack.pop();
        continue;
      }
      let ready = true;
      for (let i = e.args.length - 1; i >= 0; i--) {
        const a = e.args[i] as Expr;
        if (a.walk !== now && !known.has(a)) {
          stack.push(a);
          ready = false;
        }
      }
      if (ready) {
        e.walk = now;
        order.push(e);
        stack.pop();
      }
    }
  }
  return order;
};
const nothing = { has: (): boolean => false };

/** Rebuild expressions bottom-up: `f` sees each node once, its operands already rewritten. */
export const rewrite = (roots: readonly Expr[], f: (e: Expr) => Expr): readonly Expr[] => {
  const done = new Map<Expr, Expr>();
  for (const e of topological(roots))
    done.set(
      e,
      f(
        withArgs(
          e,
          e.args.map((a) => done.get(a) as Expr),
        ),
      ),
    );
  return roots.map((r) => done.get(r) as Expr);
};

/** Replace variables (or any other nodes) by expressions. */
export const substitute = (roots: readonly Expr[], to: ReadonlyMap<Expr, Expr>): readonly Expr[] => {
  const done = new Map<Expr, Expr>();
  for (const e of topological(roots))
    done.set(
      e,
      to.get(e) ??
        withArgs(
          e,
          e.args.map((a) => done.get(a) as Expr),
        ),
    );
  return roots.map((r) => done.get(r) as Expr);
};
