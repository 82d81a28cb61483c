// Functions of one array, elementwise. Integers are refused where the result would not be one.
import { settle } from "../../core/lift.ts";
import type { Value } from "../../core/value.ts";
import * as p from "../../primitives/elementwise.ts";
import type { RoundingMethod } from "../../primitives/arithmetic.ts";
import type { ArrayLike, NDArray } from "../array.ts";
import { operands, unary } from "./operands.ts";
import { named } from "../named.ts";

/**
 * The absolute value `|x|`, with slope 0 at 0. Throws DTypeError for dtypes without it.
 * @example
 * lax.abs([-2, 3]) // => [2 3]
 */
export const abs = unary("abs", p.abs);
/**
 * The inverse cosine in radians, from 0 to pi. Throws DTypeError for dtypes without it.
 * @example
 * lax.acos([1]) // => [0]
 */
export const acos = unary("acos", p.acos);
/**
 * The inverse hyperbolic cosine; NaN below 1. Throws DTypeError for dtypes without it.
 * @example
 * lax.acosh([1]) // => [0]
 */
export const acosh = unary("acosh", p.acosh);
/**
 * The inverse sine in radians, from -pi/2 to pi/2. Throws DTypeError for dtypes without it.
 * @example
 * lax.asin([0]) // => [0]
 */
export const asin = unary("asin", p.asin);
/**
 * The inverse hyperbolic sine. Throws DTypeError for dtypes without it.
 * @example
 * lax.asinh([0]) // => [0]
 */
export const asinh = unary("asinh", p.asinh);
/**
 * The inverse tangent in radians, from -pi/2 to pi/2. Throws DTypeError for dtypes without it.
 * @example
 * lax.atan([0]) // => [0]
 */
export const atan = unary("atan", p.atan);
/**
 * The inverse hyperbolic tangent; NaN outside [-1, 1]. Throws DTypeError for dtypes without it.
 * @example
 * lax.atanh([0]) // => [0]
 */
export const atanh = unary("atanh", p.atanh);
/**
 * The cube root. Throws DTypeError for dtypes without it.
 * @example
 * lax.cbrt([0, 1]) // => [0 1]
 */
export const cbrt = unary("cbrt", p.cbrt);
/**
 * The smallest integer not below x. Throws DTypeError for dtypes without it.
 * @example
 * lax.ceil([1.5, -1.5]) // => [2 -1]
 */
export const ceil = unary("ceil", p.ceil);
/**
 * The cosine of radians. Throws DTypeError for dtypes without it.
 * @example
 * lax.cos([0]) // => [1]
 */
export const cos = unary("cos", p.cos);
/**
 * The hyperbolic cosine. Throws DTypeError for dtypes without it.
 * @example
 * lax.cosh([0]) // => [1]
 */
export const cosh = unary("cosh", p.cosh);
/**
 * The derivative of `lgamma`. Throws DTypeError for dtypes without it.
 * @example
 * lax.digamma([Infinity]) // => [inf]
 */
export const digamma = unary("digamma", p.digamma);
/**
 * The error function, `2 / sqrt(pi)` times the integral of `exp(-t^2)` from 0 to x. Throws DTypeError for dtypes without it.
 * @example
 * lax.erf([0]) // => [0]
 */
export const erf = unary("erf", p.erf);
/**
 * The inverse of `erf`; infinite at -1 and 1. Throws DTypeError for dtypes without it.
 * @example
 * lax.erfInv([0]) // => [0]
 */
export const erfInv = unary("erfInv", p.erfInv);
/**
 * `1 - erf(x)`, accurate where erf is close to 1. Throws DTypeError for dtypes without it.
 * @example
 * lax.erfc([0]) // => [1]
 */
export const erfc = unary("erfc", p.erfc);
/**
 * The exponential function. Throws DTypeError for dtypes without it.
 * @example
 * lax.exp([0]) // => [1]
 */
export const exp = unary("exp", p.exp);
/**
 * `2^x`. Throws DTypeError for dtypes without it.
 * @example
 * lax.exp2([0, 3]) // => [1 8]
 */
export const exp2 = unary("exp2", p.exp2);
/**
 * `e^x - 1`, accurate near 0. Throws DTypeError for dtypes without it.
 * @example
 * lax.expm1([0]) // => [0]
 */
export const expm1 = unary("expm1", p.expm1);
/**
 * The largest integer not above x. Throws DTypeError for dtypes without it.
 * @example
 * lax.floor([1.5, -1.5]) // => [1 -2]
 */
export const floor = unary("floor", p.floor);
/**
 * The logarithm of the absolute value of the gamma function. Throws DTypeError for dtypes without it.
 * @example
 * lax.lgamma([2]) // => [0]
 */
export const lgamma = unary("lgamma", p.lgamma);
/**
 * The natural logarithm; -inf at 0, NaN below. Throws DTypeError for dtypes without it.
 * @example
 * lax.log([1, 0]) // => [0 -inf]
 */
export const log = unary("log", p.log);
/**
 * `log(1 + x)`, accurate near 0. Throws DTypeError for dtypes without it.
 * @example
 * lax.log1p([0]) // => [0]
 */
export const log1p = unary("log1p", p.log1p);
/**
 * The logistic function `1 / (1 + e^-x)`. Throws DTypeError for dtypes without it.
 * @example
 * lax.logistic([0]) // => [0.5]
 */
export const logistic = unary("logistic", p.logistic);
/**
 * `-x`; integers wrap. Throws DTypeError for dtypes without it.
 * @example
 * lax.neg([1, -2]) // => [-1 2]
 */
export const neg = unary("neg", p.neg);
/**
 * `1 / x`. Throws DTypeError for dtypes without it.
 * @example
 * lax.reciprocal([2, 4]) // => [0.5 0.25]
 */
export const reciprocal = unary("reciprocal", p.reciprocal);
/**
 * `1 / sqrt(x)`. Throws DTypeError for dtypes without it.
 * @example
 * lax.rsqrt([4, 16]) // => [0.5 0.25]
 */
export const rsqrt = unary("rsqrt", p.rsqrt);
/**
 * -1, 0 or 1; zeros and NaN stay as they are. Throws DTypeError for dtypes without it.
 * @example
 * lax.sign([-3, 0, 5]) // => [-1 0 1]
 */
export const sign = unary("sign", p.sign);
/**
 * The sine of radians. Throws DTypeError for dtypes without it.
 * @example
 * lax.sin([0]) // => [0]
 */
export const sin = unary("sin", p.sin);
/**
 * The hyperbolic sine. Throws DTypeError for dtypes without it.
 * @example
 * lax.sinh([0]) // => [0]
 */
export const sinh = unary("sinh", p.sinh);
/**
 * The square root; NaN below 0. Throws DTypeError for dtypes without it.
 * @example
 * lax.sqrt([4, 9]) // => [2 3]
 */
export const sqrt = unary("sqrt", p.sqrt);
/**
 * `x * x`. Throws DTypeError for dtypes without it.
 * @example
 * lax.square([2, -3]) // => [4 9]
 */
export const square = unary("square", p.square);
/**
 * The tangent of radians. Throws DTypeError for dtypes without it.
 * @example
 * lax.tan([0]) // => [0]
 */
export const tan = unary("tan", p.tan);
/**
 * The hyperbolic tangent. Throws DTypeError for dtypes without it.
 * @example
 * lax.tanh([0]) // => [0]
 */
export const tanh = unary("tanh", p.tanh);
/**
 * Whether x is neither infinite nor NaN. Throws DTypeError for dtypes that are not floating.
 * @example
 * lax.isFinite([1, Infinity, NaN]) // => [True False False]
 */
const finite = unary("isFinite", p.isFinite);
export { finite as isFinite };
/**
 * `!x` on bool, `~x` on integers. Throws DTypeError for other dtypes.
 * @example
 * lax.not([true, false]) // => [False True]
 */
export const not = unary("not", p.not, "int32");
/**
 * The number of one bits. Throws DTypeError for dtypes that are not integers.
 * @example
 * lax.populationCount(7) // => 3
 */
export const populationCount = unary("populationCount", p.populationCount, "int32");
/**
 * The number of leading zero bits, 32 for 0. Throws DTypeError for dtypes that are not integers.
 * @example
 * lax.clz(1) // => 31
 */
export const clz = unary("clz", p.clz, "int32");
/**
 * `x^exponent` for an integer, by repeated squaring. Throws ArgumentError for fractions, and for negative ones on integers.
 * @example
 * lax.integerPow([2, 3], 3) // => [8 27]
 */
export const integerPow = (x: ArrayLike, exponent: number): NDArray =>
  unary("integerPow", (v) => p.integerPow(v, exponent))(x);
/**
 * The nearest integer; halves go away from zero, or to the even neighbour. Throws DTypeError for integers.
 * @example
 * lax.round([0.5, 1.5, -2.5]) // => [1 2 -3]
 * lax.round([0.5, 1.5, -2.5], "toNearestEven") // => [0 2 -2]
 */
export const round = named(
  "round",
  ["roundingMethod"],
  [],
  (x: ArrayLike, roundingMethod: RoundingMethod = "awayFromZero"): NDArray =>
    unary("round", (v) => p.round(v, roundingMethod))(x),
);
/**
 * The derivative of order `order + 1` of `lgamma`. Throws DTypeError for integers.
 * @example
 * lax.polygamma(1, [Infinity]) // => [0]
 */
export const polygamma = (order: number, x: ArrayLike): NDArray => {
  const [v] = operands("polygamma", [x]) as readonly [Value];
  return settle(p.polygamma(order, v), "polygamma");
};
