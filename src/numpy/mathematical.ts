// Elementwise functions of real numbers. Integers and bool become float32.
import type { Value } from "../core/value.ts";
import * as p from "../primitives/elementwise.ts";
import { fullLike } from "../primitives/pointwise.ts";
import { type Binary, binary, real, type Unary, unary } from "./kinds.ts";

const function1 = (op: string, f: (x: Value) => Value): Unary => unary(real, op, f);
const function2 = (op: string, f: (x: Value, y: Value) => Value): Binary => binary(real, op, f);
const times = (c: number, x: Value): Value => p.mul(x, fullLike(x, c));
const over = (x: Value, c: number): Value => p.div(x, fullLike(x, c));
const where = p.select;

/**
 * `sqrt(x)`; NaN below 0.
 * @example
 * np.sqrt([1, 4]) // => [1 2]
 */
export const sqrt: Unary = function1("sqrt", p.sqrt);
/**
 * The real cube root.
 * @example
 * np.cbrt([8, -27]) // => [2 -3]
 */
export const cbrt: Unary = function1("cbrt", p.cbrt);
/**
 * `e^x`.
 * @example
 * np.exp([0, 1]) // => [1 2.7182817]
 */
export const exp: Unary = function1("exp", p.exp);
/**
 * `2^x`.
 * @example
 * np.exp2([3, -1]) // => [8 0.5]
 */
export const exp2: Unary = function1("exp2", p.exp2);
/**
 * `e^x - 1`, accurate near 0.
 * @example
 * np.expm1(1e-10) // => 1e-10
 */
export const expm1: Unary = function1("expm1", p.expm1);
/**
 * The natural logarithm.
 * @example
 * np.log([1, 2]) // => [0 0.6931472]
 */
export const log: Unary = function1("log", p.log);
/**
 * The logarithm to base 2.
 * @example
 * np.log2([1, 8]) // => [0 3]
 */
export const log2: Unary = function1("log2", p.log2);
/**
 * The logarithm to base 10.
 * @example
 * np.log10([1, 1000]) // => [0 3]
 */
export const log10: Unary = function1("log10", (x) => times(Math.LOG10E, p.log(x)));
/**
 * `log(1 + x)`, accurate near 0.
 * @example
 * np.log1p(1e-10) // => 1e-10
 */
export const log1p: Unary = function1("log1p", p.log1p);
/**
 * The sine of x radians.
 * @example
 * np.sin([0, np.pi / 2]) // => [0 1]
 */
export const sin: Unary = function1("sin", p.sin);
/**
 * The cosine of x radians.
 * @example
 * np.cos([0, 1]) // => [1 0.5403023]
 */
export const cos: Unary = function1("cos", p.cos);
/**
 * The tangent of x radians.
 * @example
 * np.tan([0, 0.5]) // => [0 0.5463025]
 */
export const tan: Unary = function1("tan", p.tan);
/**
 * The angle in [-pi/2, pi/2] whose sine is x.
 * @example
 * np.asin(1) // => 1.5707964
 */
export const asin: Unary = function1("asin", p.asin);
/**
 * The angle in [0, pi] whose cosine is x.
 * @example
 * np.acos([1, 0]) // => [0 1.5707964]
 */
export const acos: Unary = function1("acos", p.acos);
/**
 * The angle in (-pi/2, pi/2) whose tangent is x.
 * @example
 * np.atan(1) // => 0.7853982
 */
export const atan: Unary = function1("atan", p.atan);
/**
 * The hyperbolic sine.
 * @example
 * np.sinh([0, 1]) // => [0 1.1752012]
 */
export const sinh: Unary = function1("sinh", p.sinh);
/**
 * The hyperbolic cosine.
 * @example
 * np.cosh([0, 1]) // => [1 1.5430806]
 */
export const cosh: Unary = function1("cosh", p.cosh);
/**
 * The hyperbolic tangent.
 * @example
 * np.tanh([0, 1]) // => [0 0.7615942]
 */
export const tanh: Unary = function1("tanh", p.tanh);
/**
 * The number whose hyperbolic sine is x.
 * @example
 * np.asinh(1) // => 0.8813736
 */
export const asinh: Unary = function1("asinh", p.asinh);
/**
 * The number from 0 on whose hyperbolic cosine is x.
 * @example
 * np.acosh([1, 2]) // => [0 1.316958]
 */
export const acosh: Unary = function1("acosh", p.acosh);
/**
 * The number whose hyperbolic tangent is x.
 * @example
 * np.atanh(0.5) // => 0.54930615
 */
export const atanh: Unary = function1("atanh", p.atanh);
/**
 * Degrees to radians: `x pi / 180`.
 * @example
 * np.deg2rad(180) // => 3.1415927
 */
export const deg2rad: Unary = function1("deg2rad", (x) => times(Math.PI / 180, x));
/**
 * Radians to degrees: `x 180 / pi`.
 * @example
 * np.rad2deg(np.pi) // => 180
 */
export const rad2deg: Unary = function1("rad2deg", (x) => times(180 / Math.PI, x));
/**
 * The angle of the point (x, y), in [-pi, pi]; y comes first.
 * @example
 * np.atan2(1, -1) // => 2.3561945
 */
export const atan2: Binary = function2("atan2", p.atan2);
const largest = (x: Value, y: Value): Value => p.max(p.abs(x), p.abs(y));
/**
 * `sqrt(x^2 + y^2)`, without overflow; slope 0 at the origin.
 * @example
 * np.hypot(3, 4) // => 5
 */
export const hypot: Binary = function2("hypot", (x, y) => {
  const a = largest(x, y),
    inf = fullLike(x, Number.POSITIVE_INFINITY);
  const plain = p.or(p.eq(a, fullLike(x, 0)), p.eq(a, inf)),
    scale = where(plain, fullLike(x, 1), a);
  const r = p.mul(scale, p.sqrt(p.add(p.square(p.div(x, scale)), p.square(p.div(y, scale)))));
  const infinite = p.or(p.eq(p.abs(x), inf), p.eq(p.abs(y), inf));
  return where(infinite, inf, where(plain, a, r));
});
// max + log(1 + exp(-|x - y|)); equal infinities have no difference.
const logSum = (x: Value, y: Value, log1pExp: (d: Value) => Value): Value => {
  const d = p.sub(x, y),
    undefined_ = p.ne(d, d),
    safe = where(undefined_, fullLike(d, 0), d);
  return where(undefined_, p.add(x, y), p.add(p.max(x, y), log1pExp(p.neg(p.abs(safe)))));
};
/**
 * `log(exp(x) + exp(y))`, without overflow.
 * @example
 * np.logaddexp(0, 0) // => 0.6931472
 */
export const logaddexp: Binary = function2("logaddexp", (x, y) => logSum(x, y, (d) => p.log1p(p.exp(d))));
/**
 * `log2(2^x + 2^y)`, without overflow.
 * @example
 * np.logaddexp2(3, 3) // => 4
 */
export const logaddexp2: Binary = function2("logaddexp2", (x, y) =>
  logSum(x, y, (d) => over(p.log1p(p.exp2(d)), Math.LN2)),
);
/**
 * `sin(pi x) / (pi x)`, 1 at 0; near 0 its power series, so that all derivatives exist.
 * @example
 * np.sinc([0, 0.5]) // => [1 0.63661975]
 */
export const sinc: Unary = function1("sinc", (x) => {
  const t = times(Math.PI, x),
    small = p.lt(p.abs(t), fullLike(t, 0.0625)),
    square = p.square(where(small, t, fullLike(t, 0)));
  const series = [-1 / 5040, 1 / 120, -1 / 6, 1].reduce<Value>(
    (sum, c) => p.add(p.mul(sum, square), fullLike(t, c)),
    fullLike(t, 1 / 362880),
  );
  const safe = where(small, fullLike(t, 1), t);
  return where(small, series, p.div(p.sin(safe), safe));
});
/**
 * `x 2^n`.
 * @example
 * np.ldexp(3, 2) // => 12
 */
export const ldexp: Binary = function2("ldexp", (x, n) => p.mul(x, p.exp2(n)));

export {
  acos as arccos,
  acosh as arccosh,
  asin as arcsin,
  asinh as arcsinh,
  atan as arctan,
  atan2 as arctan2,
  atanh as arctanh,
  deg2rad as radians,
  rad2deg as degrees,
};
