// Scalar expressions: one value as a function of loop indices. Nodes are hash-consed, so equal expressions are one object
// and every pass below is a walk over a DAG, never over a tree.
import { intern } from "./intern.ts";
import type {
  BinaryOp,
  Buffer,
  CompareOp,
  Const,
  Expr,
  ReduceOp,
  ScalarType,
  StorageType,
  UnaryOp,
  Var,
} from "./node.ts";

export { interning } from "./intern.ts";
export type * from "./node.ts";

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
  return intern("const", type, none, v) as Const;
};
/** An i32 constant. */
export const int = (value: number): Const => constant("i32", value);
/** A loop index with `0 <= index < extent`. */
export const loopVar = (name: string, extent: number): Var =>
  intern("var", "i32", none, undefined, extent, name) as Var;
/** A name bound by a `let` or a loop's accumulator. */
export const localVar = (name: string, type: ScalarType): Var => intern("var", type, none, undefined, -1, name) as Var;
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
  intern("read", registerType(b.type), at, undefined, undefined, undefined, b);
/** Apply an operation of one argument; the result has the argument's type (i32 for clz and popcnt of i32). */
export const unary = (op: UnaryOp, x: Expr): Expr => foldUnary(op, x) ?? intern(op, x.type, [x]);
/** Apply an operation of two arguments of one type (for shifts the count has that type too). */
export const binary = (op: BinaryOp, x: Expr, y: Expr): Expr => intern(op, x.type, [x, y]);
/** Compare two values of one type; gives bool. On floats every comparison with NaN but `ne` is false. */
export const compare = (op: CompareOp, x: Expr, y: Expr): Expr => intern(op, "bool", [x, y]);
/** `c ? a : b`. */
export const select = (c: Expr, a: Expr, b: Expr): Expr =>
  c.op === "const" ? (c.value ? a : b) : a === b ? a : intern("select", a.type, [c, a, b]);
/** `c ? a : b` for a condition that is seldom true and an `a` that costs much. */
export const rare = (c: Expr, a: Expr, b: Expr): Expr =>
  c.op === "const" ? (c.value ? a : b) : a === b ? a : intern("rare", a.type, [c, a, b]);
/** Convert a value to `type`. */
export const cast = (type: ScalarType, x: Expr): Expr => (x.type === type ? x : intern("cast", type, [x]));
/** Reinterpret the bits of `x` as `type` (same width). */
export const bitcast = (type: ScalarType, x: Expr): Expr => (x.type === type ? x : intern("bitcast", type, [x]));
/** `x * y + z`, with one or two roundings: only where the difference is welcome. */
export const fma = (x: Expr, y: Expr, z: Expr): Expr => intern("fma", x.type, [x, y, z]);
/** `x * y + z` of float32 in float64, rounded to float32. */
export const fma64 = (x: Expr, y: Expr, z: Expr): Expr => intern("fma64", "f32", [x, y, z]);
/** Reduce `body` over `index`. */
export const reduceOver = (combine: ReduceOp, index: Var, body: Expr): Expr =>
  intern("reduce", body.type, [body], undefined, undefined, undefined, undefined, combine, index);
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
  let same = args.length === e.args.length;
  for (let i = 0; same && i < args.length; i++) same = args[i] === e.args[i];
  if (same) return e;
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
    case "rare":
      return rare(args[0] as Expr, args[1] as Expr, args[2] as Expr);
    case "cast":
      return cast(e.type, args[0] as Expr);
    case "bitcast":
      return bitcast(e.type, args[0] as Expr);
    default:
      return intern(e.op, e.type, args);
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
