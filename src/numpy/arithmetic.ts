// Elementwise arithmetic, extremes, rounding.
import type { Value } from "../core/value.ts";
import { isFloating } from "../core/dtype.ts";
import * as p from "../primitives/elementwise.ts";
import { fullLike } from "../primitives/pointwise.ts";
import { type ArrayLike, asArray, type NDArray } from "./array.ts";
import {
  anything,
  arithmetic,
  type Binary,
  binary,
  counting,
  operand,
  operands,
  real,
  type Unary,
  unary,
} from "./kinds.ts";
import { named } from "./named.ts";
import * as given from "./given.ts";

const isBool = (x: Value): boolean => x.aval.dtype === "bool";
const zero = (x: Value): Value => fullLike(x, 0);
const one = (x: Value): Value => fullLike(x, 1);

/**
 * `x + y`, elementwise; "or" on bool.
 * @example
 * np.add([1, 2], 3) // => [4 5]
 */
export const add: Binary = binary(arithmetic, "add", (x, y) => (isBool(x) ? p.or(x, y) : p.add(x, y)));
/**
 * `x - y`, elementwise. Throws DTypeError on bool.
 * @example
 * np.subtract([1, 2], 3) // => [-2 -1]
 */
export const subtract: Binary = binary(arithmetic, "subtract", p.sub);
/**
 * `x y`, elementwise; "and" on bool.
 * @example
 * np.multiply([1, 2], 3) // => [3 6]
 */
export const multiply: Binary = binary(arithmetic, "multiply", (x, y) => (isBool(x) ? p.and(x, y) : p.mul(x, y)));
/**
 * `x / y`, elementwise; integers give float32.
 * @example
 * np.divide([1, 2], 4) // => [0.25 0.5]
 */
export const divide: Binary = binary(real, "divide", p.div);

const floorDivideOf = (x: Value, y: Value): Value => {
  if (!isFloating(x.dtype)) {
    const q = p.div(x, y);
    if (x.dtype === "uint32") return q;
    const down = p.and(p.ne(p.sign(x), p.sign(y)), p.ne(p.rem(x, y), zero(x)));
    return p.select(down, p.sub(q, one(x)), q);
  }
  const r = p.rem(x, y),
    q = p.div(p.sub(x, r), y),
    down = p.and(p.ne(r, zero(r)), p.ne(p.sign(y), p.sign(r)));
  return p.round(p.select(down, p.sub(q, one(q)), q));
};
/**
 * `floor(x / y)`, elementwise, of integers too.
 * @example
 * np.floorDivide([7, -7], 2) // => [3 -4]
 */
export const floorDivide: Binary = binary(counting, "floorDivide", floorDivideOf);
// rem has the sign of x; where that is not the sign of y, one y more.
const modulo = (x: Value, y: Value): Value => {
  const r = p.rem(x, y),
    other = p.and(p.ne(p.lt(r, zero(r)), p.lt(y, zero(y))), p.ne(r, zero(r)));
  return p.select(other, p.add(r, y), r);
};
/**
 * `x - y floor(x / y)`, elementwise: the remainder with the sign of y, as Python's `%`.
 * @example
 * np.mod([7, -7], 3) // => [1 2]
 */
export const mod: Binary = binary(counting, "mod", modulo);
/**
 * `x - y trunc(x / y)`, elementwise: the remainder with the sign of x, as JavaScript's `%`.
 * @example
 * np.fmod([7, -7], 3) // => [1 -1]
 */
export const fmod: Binary = binary(counting, "fmod", p.rem);
/**
 * `[floorDivide(x, y), mod(x, y)]`.
 * @example
 * np.divmod(-7, 3) // => [-3, 2]
 */
export const divmod = (x: ArrayLike, y: ArrayLike): readonly [NDArray, NDArray] => {
  const [a, b] = operands(counting, "divmod", x, y) as readonly [Value, Value];
  return [floorDivideOf(a, b), modulo(a, b)];
};
/**
 * `x ** y`, elementwise. An integral number as exponent multiplies, so its gradient is right at 0 and integers are exact.
 * Throws ArgumentError for integers to a negative number.
 * @example
 * np.power([2, 3], 2) // => [4 9]
 */
export const power: Binary = (x, y) => {
  if (typeof y === "number" && Number.isSafeInteger(y)) return p.integerPow(operand(counting, "power", x), y);
  const [a, b] = operands(counting, "power", x, y) as readonly [Value, Value];
  return p.pow(a, b);
};
/**
 * `x ** y`, elementwise, in floating point even of integers.
 * @example
 * np.floatPower([2, 4], -1) // => [0.5 0.25]
 */
export const floatPower: Binary = binary(real, "floatPower", p.pow);
/**
 * `-x`.
 * @example
 * np.negative([1, -2]) // => [-1 2]
 */
export const negative: Unary = unary(arithmetic, "negative", p.neg);
/**
 * `+x`: x itself.
 * @example
 * np.positive([1, -2]) // => [1 -2]
 */
export const positive: Unary = unary(anything, "positive", (x) => x);
/**
 * `|x|`, with slope 0 at 0.
 * @example
 * np.abs([-1, 2]) // => [1 2]
 */
export const abs: Unary = unary(arithmetic, "abs", (x) => (isBool(x) ? x : p.abs(x)));
/**
 * `|x|` in floating point.
 * @example
 * np.fabs([-1, 2]) // => [1 2]
 */
export const fabs: Unary = unary(real, "fabs", p.abs);
/**
 * -1, 0 or 1; NaN of NaN.
 * @example
 * np.sign([-3, 0, 5]) // => [-1 0 1]
 */
export const sign: Unary = unary(counting, "sign", p.sign);
/**
 * `x x`.
 * @example
 * np.square([2, -3]) // => [4 9]
 */
export const square: Unary = unary(arithmetic, "square", (x) => (isBool(x) ? x : p.square(x)));
/**
 * `1 / x`, in floating point.
 * @example
 * np.reciprocal([2, 4]) // => [0.5 0.25]
 */
export const reciprocal: Unary = unary(real, "reciprocal", (x) => p.div(one(x), x));

/**
 * The larger of two, elementwise; NaN if either is. At ties each gets half of the gradient.
 * @example
 * np.maximum([1, 5], 3) // => [3 5]
 */
export const maximum: Binary = binary(arithmetic, "maximum", p.max);
/**
 * The smaller of two, elementwise; NaN if either is. At ties each gets half of the gradient.
 * @example
 * np.minimum([1, 5], 3) // => [1 3]
 */
export const minimum: Binary = binary(arithmetic, "minimum", p.min);
const isNaNOf = (x: Value): Value => p.ne(x, x);
/**
 * The larger of two, elementwise; a number where only the other is NaN.
 * @example
 * np.fmax([1, NaN], 3) // => [3 3]
 */
export const fmax: Binary = binary(arithmetic, "fmax", (x, y) => p.select(p.or(p.gt(x, y), isNaNOf(y)), x, y));
/**
 * The smaller of two, elementwise; a number where only the other is NaN.
 * @example
 * np.fmin([1, NaN], 3) // => [1 3]
 */
export const fmin: Binary = binary(arithmetic, "fmin", (x, y) => p.select(p.or(p.lt(x, y), isNaNOf(y)), x, y));
/**
 * `min(max(x, lo), hi)`, elementwise; null leaves a side open. NaN stays.
 * @example
 * np.clip([-2, 0.5, 9], 0, 1) // => [0 0.5 1]
 * np.clip([-2, 0.5, 9], null, 1) // => [-2 0.5 1]
 */
export const clip = named(
  "clip",
  ["min", "max"],
  [],
  (x: ArrayLike, lo: ArrayLike | null = null, hi: ArrayLike | null = null): NDArray => {
    const low = lo === null ? asArray(x, "clip") : maximum(x, lo);
    return hi === null ? low : minimum(low, hi);
  },
);

const whole =
  (f: (x: Value) => Value) =>
  (x: Value): Value =>
    isFloating(x.dtype) ? f(x) : x;
/**
 * The largest integer not above x.
 * @example
 * np.floor([1.5, -1.5]) // => [1 -2]
 */
export const floor: Unary = unary(anything, "floor", whole(p.floor));
/**
 * The smallest integer not below x.
 * @example
 * np.ceil([1.5, -1.5]) // => [2 -1]
 */
export const ceil: Unary = unary(anything, "ceil", whole(p.ceil));
/**
 * x without its fraction.
 * @example
 * np.trunc([1.5, -1.5]) // => [1 -1]
 */
export const trunc: Unary = unary(anything, "trunc", whole(p.trunc));
/**
 * The nearest integer; halves go to the even neighbour.
 * @example
 * np.rint([0.5, 1.5, -2.6]) // => [0 2 -3]
 */
export const rint: Unary = unary(real, "rint", (x) => p.round(x, "toNearestEven"));
/**
 * x rounded to `decimals` digits behind the point (negative: before it); halves go to the even neighbour.
 * @example
 * np.round([1.25, 2.5]) // => [1 2]
 * np.round(123.456, 1) // => 123.5
 */
export const round = named("round", ["decimals"], [], (x: ArrayLike, decimals: number = 0): NDArray => {
  const v = asArray(x, "round"),
    scale = 10 ** Math.abs(given.integer("round", "decimals", decimals));
  if (!isFloating(v.dtype))
    return decimals >= 0 ? v : multiply(asArray(round(divide(v, scale)), "round", v.dtype), scale);
  const even = (y: Value): Value => p.round(y, "toNearestEven");
  if (decimals === 0) return even(v);
  const by = fullLike(v, scale);
  return decimals > 0 ? p.div(even(p.mul(v, by)), by) : p.mul(even(p.div(v, by)), by);
});
/**
 * The next representable number after x in the direction of y.
 * @example
 * np.nextafter(0, 1).item() > 0 // => true
 */
export const nextafter: Binary = binary(real, "nextafter", p.nextafter);

export {
  abs as absolute,
  divide as div,
  divide as trueDivide,
  mod as remainder,
  multiply as mul,
  negative as neg,
  power as pow,
  round as around,
  subtract as sub,
  trunc as fix,
};
