// What a loop body computes: its expressions, names and stores, how much work it is, and which of its names differ between
// the lanes of a vector loop.
import type { Expr, Var } from "../../kernel/expr.ts";
import { topological } from "../../kernel/expr.ts";
import type { For, Stmt, Store } from "../../kernel/program.ts";
import type { Lanes } from "./vector.ts";
import { reducesInVectors } from "./vector.ts";

/** All statements, the inner ones after those that hold them. */
const everyStmt = (stmts: readonly Stmt[]): readonly Stmt[] =>
  stmts.flatMap((s): readonly Stmt[] => {
    switch (s.op) {
      case "for":
      case "while":
        return [s, ...everyStmt(s.body)];
      case "if":
        return [s, ...everyStmt(s.then), ...everyStmt(s.else)];
      default:
        return [s];
    }
  });
/** The expressions of one statement that are not addresses. */
const valuesOf = (s: Stmt): readonly Expr[] => {
  switch (s.op) {
    case "let":
    case "set":
    case "store":
      return [s.value];
    case "for":
      return [...s.accs.map((a) => a.value), ...(s.limit === undefined ? [] : [s.limit])];
    case "if":
    case "while":
      return [s.cond];
    default:
      return s satisfies never;
  }
};
const boundBy = (s: Stmt): readonly Var[] =>
  s.op === "let" || s.op === "set" ? [s.name] : s.op === "for" ? [s.index, ...s.accs.map((a) => a.name)] : [];

/** Names that statements bind or change. */
const namesOf = (stmts: readonly Stmt[]): readonly Var[] => everyStmt(stmts).flatMap(boundBy);

/** Names bound in a loop, and those that every round binds exactly once. */
export const roundNames = (s: For): { readonly inside: ReadonlySet<Var>; readonly always: ReadonlySet<Var> } => ({
  inside: new Set(namesOf(s.body)),
  always: new Set(s.body.flatMap((x) => (x.op === "let" && x.mutable === undefined ? [x.name] : []))),
});

/** A function of loops that is worked out once for each. */
const remembered = <T>(f: (s: For) => T): ((s: For) => T) => {
  const known = new WeakMap<For, T>();
  return (s) => {
    const before = known.get(s);
    if (before !== undefined) return before;
    const value = f(s);
    known.set(s, value);
    return value;
  };
};

/** Whether lanes may take a branch or not: it sets names and does nothing else. */
const maskable = (s: Stmt): boolean =>
  s.op === "let" || s.op === "set" || (s.op === "if" && s.else.length === 0 && s.then.every(maskable));

/** Nodes of the expressions that statements compute. */
const nodesOf = (stmts: readonly Stmt[]): number =>
  stmts
    .map((x): readonly Expr[] =>
      x.op === "let" || x.op === "set" || x.op === "store"
        ? [x.value]
        : x.op === "for"
          ? x.accs.map((a) => a.value)
          : [],
    )
    .reduce((n, roots) => n + topological(roots).length, 0);
/** How much work a loop body is: nodes of expressions, how many of them in branches of lanes, and loops or other branches inside. */
export const weigh = remembered((s): { readonly nodes: number; readonly seldom: number; readonly loops: number } => {
  const inside = everyStmt(s.body),
    branches = inside.flatMap((x) => (x.op === "if" && maskable(x) ? x.then : []));
  return {
    nodes: nodesOf([s, ...inside]),
    seldom: nodesOf(branches),
    loops: inside.filter((x) => !maskable(x) && x.op !== "store").length,
  };
});

/** Everything a loop computes that is no address. */
export const dataOf = remembered((s): ReadonlySet<Expr> => {
  const data = new Set<Expr>([...s.accs.map((a) => a.value), ...everyStmt(s.body).flatMap(valuesOf)]);
  for (const e of [...topological([...data])].reverse())
    if (data.has(e) && e.op !== "read") for (const a of e.args) data.add(a);
  return data;
});

/** Lanes of a vector loop: two if anything in it is 64 bits wide; addresses do not count. */
export const lanesFor = (s: For): Lanes => ([...dataOf(s)].some((e) => e.type === "f64" || e.type === "i64") ? 2 : 4);

/** Constants and names from outside that the loop computes with; their vectors can be made before it. */
export const invariantsOf = (s: For): readonly Expr[] => {
  const inside = new Set<Expr>([s.index, ...namesOf(s.body)]);
  const counts = new Set(
    [...dataOf(s)].flatMap((e) => ((e.op === "shl" || e.op === "shr") && e.args[1]?.op === "const" ? [e.args[1]] : [])),
  );
  return [...dataOf(s)].filter((e) => (e.op === "const" && !counts.has(e)) || (e.op === "var" && !inside.has(e)));
};

const stores = (s: For): readonly Store[] => everyStmt(s.body).filter((x) => x.op === "store");

/**
 * The names in a loop that differ between its indices, or null if it cannot run several at once: control flow differs, a
 * name from outside changes, or a reduction has no instruction.
 */
export const varyingNames = (s: For): ReadonlySet<Var> | null => {
  const inside = everyStmt(s.body),
    bound = new Set(inside.flatMap((x) => (x.op === "set" ? [] : boundBy(x)))),
    varying = new Set<Expr>([s.index]);
  if (inside.some((x) => x.op === "set" && !bound.has(x.name))) return null;
  const order = topological([...inside.flatMap(valuesOf), ...stores(s).flatMap((x) => x.at)]);
  for (let before = -1; before !== varying.size; ) {
    before = varying.size;
    for (const e of order) if (e.args.some((a) => varying.has(a))) varying.add(e);
    for (const x of inside) {
      if ((x.op === "let" || x.op === "set") && varying.has(x.value)) varying.add(x.name);
      if (x.op === "if" && varying.has(x.cond)) for (const v of namesOf(x.then)) varying.add(v);
      if (x.op === "for") for (const a of x.accs) if (varying.has(a.value)) varying.add(a.name);
    }
  }
  const fits = inside.every((x) => {
    switch (x.op) {
      case "if":
        return !varying.has(x.cond) || maskable(x);
      case "while":
        return !varying.has(x.cond);
      case "for":
        return (
          (x.limit === undefined || !varying.has(x.limit)) &&
          x.accs.every((a) => !varying.has(a.value) || reducesInVectors(a.combine, a.value.type))
        );
      default:
        return true;
    }
  });
  if (!fits || !s.accs.every((a) => reducesInVectors(a.combine, a.value.type))) return null;
  return new Set([...varying].filter((e): e is Var => e.op === "var" && e !== s.index));
};
