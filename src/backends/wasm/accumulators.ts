// Accumulators of loops: their identities, one step, and the way from vectors to one number.
import type { Expr, ReduceOp, ScalarType } from "../../kernel/expr.ts";
import type { Code, ValType } from "./assembler.ts";
import type { Context, VectorLoop } from "./context.ts";
import { isVarying } from "./context.ts";
import { accumulateExtreme, emitExtreme, type Extreme, settleExtreme } from "./extremes.ts";
import type { Op } from "./opcodes.ts";
import { emitBinary, emitConst, logical, valTypeOf } from "./scalar.ts";
import { emitVector, splatTop } from "./vectorExpression.ts";
import { shapeOf, vectorBinary } from "./vector.ts";

const isFloat = (t: ScalarType): boolean => t === "f32" || t === "f64";
const least = { f32: -Infinity, f64: -Infinity, i32: -(2 ** 31), u32: 0, i64: -(2n ** 63n), bool: 0 } as const,
  most = { f32: Infinity, f64: Infinity, i32: 2 ** 31 - 1, u32: 2 ** 32 - 1, i64: 2n ** 63n - 1n, bool: 1 } as const;

/** The element with which a reduction starts. */
const identityOf = (op: ReduceOp, t: ScalarType): number | bigint => {
  switch (op) {
    case "add":
    case "or":
      return 0;
    case "mul":
      return 1;
    case "and":
      return t === "bool" ? 1 : -1;
    case "min":
      return most[t];
    case "max":
      return least[t];
    default:
      return op satisfies never;
  }
};
/** Push the identity. */
export const pushIdentity = (code: Code, op: ReduceOp, t: ScalarType): void => emitConst(code, t, identityOf(op, t));
/** Push a vector of identities. */
export const pushIdentityVector = (x: Context, op: ReduceOp, t: ScalarType): void => {
  pushIdentity(x.code, op, t);
  splatTop(x, t);
};

// Combine the two vectors on the stack.
const combineVectors = (x: Context, op: ReduceOp, t: ScalarType): void => {
  const name = vectorBinary(op, t);
  if (name === null) throw new Error(`no vector instruction to reduce ${t} by ${op}`);
  x.code.emit(name);
};

/** `acc = combine(acc, value)` on the vector locals of one accumulator, one per unrolled step. */
export const accumulate = (
  x: Context,
  combine: ReduceOp,
  value: Expr,
  locals: readonly number[],
  extreme: Extreme | null = null,
): void => {
  const { code } = x;
  if (extreme !== null) {
    for (const [u, local] of locals.entries()) accumulateExtreme(code, extreme, local, () => emitVector(x, value, u));
    return;
  }
  const lanes = (x.vector as VectorLoop).lanes,
    t = value.type,
    product = combine === "add" && value.op === "mul" && isFloat(t) && isVarying(x, value);
  // A factor that all lanes share is spread once for all steps.
  const shared = product && locals.length > 1 ? value.args.findIndex((a) => !isVarying(x, a)) : -1;
  let spread = -1;
  if (shared >= 0) {
    spread = code.local("v128");
    emitVector(x, value.args[shared] as Expr, 0);
    code.emit("local.set", spread);
  }
  const factor = (i: number, u: number): void => {
    if (i === shared) code.emit("local.get", spread);
    else emitVector(x, value.args[i] as Expr, u);
  };
  for (const [u, local] of locals.entries()) {
    if (product && x.relaxed) {
      factor(0, u);
      factor(1, u);
      code.emit("local.get", local);
      code.emit(`${shapeOf(t, lanes) as "f32x4"}.relaxed_madd`);
    } else {
      code.emit("local.get", local);
      if (product) {
        factor(0, u);
        factor(1, u);
        code.emit(`${shapeOf(t, lanes) as "f32x4"}.mul`);
      } else emitVector(x, value, u);
      combineVectors(x, combine, t);
    }
    code.emit("local.set", local);
  }
};

/** Type of the local that holds a total. Sums of float32 are totalled in float64: it costs nothing per element and keeps long sums exact. */
export const totalType = (op: ReduceOp, t: ScalarType): ValType => (op === "add" && t === "f32" ? "f64" : valTypeOf[t]);
/** `total = identity`. */
export const resetTotal = (code: Code, op: ReduceOp, t: ScalarType, total: number): void => {
  if (totalType(op, t) === valTypeOf[t]) pushIdentity(code, op, t);
  else code.emit("f64.const", 0);
  code.emit("local.set", total);
};
/** `total = combine(total, the value that is pushed)`. */
export const addToTotal = (code: Code, op: ReduceOp, t: ScalarType, total: number, push: () => void): void => {
  code.emit("local.get", total);
  push();
  if (totalType(op, t) === valTypeOf[t]) emitBinary(code, op, t);
  else {
    code.emit("f64.promote_f32");
    code.emit("f64.add");
  }
  code.emit("local.set", total);
};
/** The local that holds the total as a value of the accumulator's own type. */
export const finishTotal = (code: Code, op: ReduceOp, t: ScalarType, total: number): number => {
  if (totalType(op, t) === valTypeOf[t]) return total;
  const rounded = code.local("f32");
  code.emit("local.get", total);
  code.emit("f32.demote_f64");
  code.emit("local.set", rounded);
  return rounded;
};

/** `total = combine(total, all lanes of all vectors)`. */
export const emitHorizontal = (
  x: Context,
  op: ReduceOp,
  t: ScalarType,
  vectors: readonly number[],
  extreme: Extreme | null,
  total: number,
): void => {
  const { code } = x,
    lanes = (x.vector as VectorLoop).lanes,
    v = code.local("v128");
  vectors.forEach((l, i) => {
    code.emit("local.get", l);
    if (i === 0) return;
    if (extreme === null) combineVectors(x, op, t);
    else emitExtreme(code, extreme);
  });
  code.emit("local.set", v);
  if (extreme !== null) settleExtreme(code, extreme, v);
  if (t === "bool")
    addToTotal(code, op, t, total, () => {
      code.emit("local.get", v);
      code.emit(logical(op, t) === "or" ? "v128.any_true" : lanes === 2 ? "i64x2.all_true" : "i32x4.all_true");
    });
  else
    for (let lane = 0; lane < lanes; lane++)
      addToTotal(code, op, t, total, () => {
        code.emit("local.get", v);
        code.emit(`${shapeOf(t, lanes)}.extract_lane` as Op, lane);
      });
};
