// Comparisons, logic, tests of floats, and functions of bits.
import type { Value } from "../core/value.ts";
import { isFloating } from "../core/dtype.ts";
import * as p from "../primitives/elementwise.ts";
import { full } from "../primitives/linear.ts";
import { fullLike } from "../primitives/pointwise.ts";
import { type ArrayLike, asArray, type NDArray } from "./array.ts";
import { arithmetic, anything, type Binary, binary, operands, real, truth, type Unary, unary } from "./kinds.ts";
import { named } from "./named.ts";

const comparison = (op: string, f: (x: Value, y: Value) => Value): Binary => binary(anything, op, f);
/**
 * `x == y`, elementwise; NaN equals nothing.
 * @example
 * np.equal([1, 2], 2) // => [False True]
 */
export const equal: Binary = comparison("equal", p.eq);
/**
 * `x != y`, elementwise.
 * @example
 * np.notEqual([1, 2], 2) // => [True False]
 */
export const notEqual: Binary = comparison("notEqual", p.ne);
/**
 * `x < y`, elementwise.
 * @example
 * np.less([1, 2], 2) // => [True False]
 */
export const less: Binary = comparison("less", p.lt);
/**
 * `x <= y`, elementwise.
 * @example
 * np.lessEqual([1, 2, 3], 2) // => [True True False]
 */
export const lessEqual: Binary = comparison("lessEqual", p.le);
/**
 * `x > y`, elementwise.
 * @example
 * np.greater([2, 3], 2) // => [False True]
 */
export const greater: Binary = comparison("greater", p.gt);
/**
 * `x >= y`, elementwise.
 * @example
 * np.greaterEqual([1, 2, 3], 2) // => [False True True]
 */
export const greaterEqual: Binary = comparison("greaterEqual", p.ge);

// Each operand is judged in its own dtype: 0.5 is true.
const logic =
  (op: string, f: (x: Value, y: Value) => Value): Binary =>
  (x, y) => {
    const [a, b] = operands(anything, op, isTrue(op, x), isTrue(op, y)) as readonly [Value, Value];
    return f(a, b);
  };
const isTrue = (op: string, x: ArrayLike): Value => {
  const v = asArray(x, op);
  return p.convertElementType(v, "bool");
};
/**
 * `x && y`, elementwise; 0 is false.
 * @example
 * np.logicalAnd([0, 1, 2], [1, 1, 0]) // => [False True False]
 */
export const logicalAnd: Binary = logic("logicalAnd", p.and);
/**
 * `x || y`, elementwise; 0 is false.
 * @example
 * np.logicalOr([0, 1, 0], [1, 1, 0]) // => [True True False]
 */
export const logicalOr: Binary = logic("logicalOr", p.or);
/**
 * True where exactly one of both is true; 0 is false.
 * @example
 * np.logicalXor([0, 1, 2], [1, 1, 0]) // => [True False True]
 */
export const logicalXor: Binary = logic("logicalXor", p.xor);
/**
 * `!x`, elementwise; 0 is false.
 * @example
 * np.logicalNot([0, 1, 2]) // => [True False False]
 */
export const logicalNot: Unary = unary(truth, "logicalNot", p.not);

const always = (x: Value, value: boolean): Value => full(x.shape, Number(value), "bool");
/** A test of floats; integers are always finite numbers. */
const test = (op: string, f: (x: Value) => Value, otherwise: boolean): Unary =>
  unary(anything, op, (x) => (isFloating(x.dtype) ? f(x) : always(x, otherwise)));
const infinity = (x: Value, sign = 1): Value => fullLike(x, sign * Number.POSITIVE_INFINITY);
/**
 * True where x is NaN.
 * @example
 * np.isnan([1, NaN]) // => [False True]
 */
export const isnan: Unary = test("isnan", (x) => p.ne(x, x), false);
/**
 * True where x is infinite, with either sign.
 * @example
 * np.isinf([1, -Infinity, NaN]) // => [False True False]
 */
export const isinf: Unary = test("isinf", (x) => p.eq(p.abs(x), infinity(x)), false);
/**
 * True where x is infinity.
 * @example
 * np.isposinf([Infinity, -Infinity]) // => [True False]
 */
export const isposinf: Unary = test("isposinf", (x) => p.eq(x, infinity(x)), false);
/**
 * True where x is minus infinity.
 * @example
 * np.isneginf([Infinity, -Infinity]) // => [False True]
 */
export const isneginf: Unary = test("isneginf", (x) => p.eq(x, infinity(x, -1)), false);
/**
 * True where x is neither infinite nor NaN.
 * @example
 * np.isfinite([1, Infinity, NaN]) // => [True False False]
 */
export const isfinite: Unary = test("isfinite", p.isFinite, true);

const negativeZero = (x: Value): Value =>
  p.and(p.eq(x, fullLike(x, 0)), p.lt(p.div(fullLike(x, 1), x), fullLike(x, 0)));
/**
 * True where the sign bit is set: below 0, and at -0. A NaN counts as positive.
 * @example
 * np.signbit([-1, -0, 0]) // => [True True False]
 */
export const signbit: Unary = unary(real, "signbit", (x) => p.or(p.lt(x, fullLike(x, 0)), negativeZero(x)));
/**
 * `|x|` with the sign of y, that of -0 too.
 * @example
 * np.copysign([1, -2], [-0, 3]) // => [-1 2]
 */
export const copysign: Binary = binary(real, "copysign", (x, y) => {
  const size = p.abs(x);
  return p.select(signbit(y), p.neg(size), size);
});

const bits = (op: string, f: (x: Value, y: Value) => Value): Binary => binary(arithmetic, op, f);
/**
 * `x & y`, bit by bit. Throws DTypeError on floats.
 * @example
 * np.bitwiseAnd(np.array([6], { dtype: "int32" }), 3) // => [2]
 */
export const bitwiseAnd: Binary = bits("bitwiseAnd", p.and);
/**
 * `x | y`, bit by bit. Throws DTypeError on floats.
 * @example
 * np.bitwiseOr(np.array([6], { dtype: "int32" }), 3) // => [7]
 */
export const bitwiseOr: Binary = bits("bitwiseOr", p.or);
/**
 * `x ^ y`, bit by bit. Throws DTypeError on floats.
 * @example
 * np.bitwiseXor(np.array([6], { dtype: "int32" }), 3) // => [5]
 */
export const bitwiseXor: Binary = bits("bitwiseXor", p.xor);
/**
 * `~x`, bit by bit; `!x` on bool. Throws DTypeError on floats.
 * @example
 * np.bitwiseNot(np.array([6], { dtype: "int32" })) // => [-7]
 */
export const bitwiseNot: Unary = unary(arithmetic, "bitwiseNot", p.not);
/**
 * The number of one bits. Throws DTypeError on floats.
 * @example
 * np.bitwiseCount(np.array([6, 255], { dtype: "int32" })) // => [2 8]
 */
export const bitwiseCount: Unary = unary(arithmetic, "bitwiseCount", p.populationCount);
/**
 * `x << n`; 0 once all bits are gone. Throws DTypeError on floats.
 * @example
 * np.leftShift(np.array([1, 3], { dtype: "int32" }), 2) // => [4 12]
 */
export const leftShift: Binary = bits("leftShift", p.shiftLeft);
/**
 * `x >> n`: the sign stays on int32, zeros come in on uint32. Throws DTypeError on floats.
 * @example
 * np.rightShift(np.array([-8, 8], { dtype: "int32" }), 1) // => [-4 4]
 */
export const rightShift: Binary = bits("rightShift", (x, n) =>
  x.dtype === "int32" ? p.shiftRightArithmetic(x, n) : p.shiftRightLogical(x, n),
);

/** Tolerances of closeness. */
export interface CloseOptions {
  /** Relative to |y|; 1e-5 by default. */
  readonly rtol?: number;
  /** Absolute; 1e-8 by default. */
  readonly atol?: number;
  /** Whether NaN is close to NaN; false by default. */
  readonly equalNan?: boolean;
}
/**
 * True where `|x - y| <= atol + rtol |y|`; infinities are close to themselves only.
 * @example
 * np.isclose([1, 2], [1.000001, 2.1]) // => [True False]
 */
export const isclose = named(
  "isclose",
  [],
  ["rtol", "atol", "equalNan"],
  (x: ArrayLike, y: ArrayLike, { rtol = 1e-5, atol = 1e-8, equalNan = false }: CloseOptions = {}): NDArray => {
    const [a, b] = operands(anything, "isclose", x, y) as readonly [Value, Value];
    if (!isFloating(a.dtype) && a.dtype === "bool") return p.eq(a, b);
    const [u, v] = operands(real, "isclose", a, b) as readonly [Value, Value];
    const bound = p.add(fullLike(v, atol), p.mul(fullLike(v, rtol), p.abs(v)));
    const near = p.and(p.le(p.abs(p.sub(u, v)), bound), p.and(p.isFinite(u), p.isFinite(v)));
    const close = p.or(near, p.eq(a, b));
    return equalNan ? p.or(close, p.and(p.ne(u, u), p.ne(v, v))) : close;
  },
);

export {
  bitwiseNot as bitwiseInvert,
  bitwiseNot as invert,
  leftShift as bitwiseLeftShift,
  rightShift as bitwiseRightShift,
};
