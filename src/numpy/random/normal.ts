// Normal samples by the inverse error function, and what is made of them.
import type { Shape } from "../../core/aval.ts";
import type { DType } from "../../core/dtype.ts";
import type { Value } from "../../core/value.ts";
import {
  add,
  div,
  exp,
  le,
  max,
  min,
  mul,
  nextafter,
  select,
  sqrt,
  square,
  sub,
} from "../../primitives/elementwise.ts";
import { stopGradient } from "../../primitives/identity.ts";
import { sum } from "../../primitives/linear.ts";
import { fullLike } from "../../primitives/pointwise.ts";
import { erf, erfInvJax } from "../../primitives/special.ts";
import type { ArrayLike, NDArray } from "../array.ts";
import { expandTo } from "../broadcasting.ts";
import { program } from "../program.ts";
import { consume, type Key } from "./key.ts";
import { type FloatOptions, type Form, floatForm, parameters, parametric } from "./sampler.ts";
import { between, signs, subkeys, unit } from "./uniform.ts";
import { named } from "../named.ts";

const times = (x: Value, k: number): Value => mul(x, fullLike(x, k));
/** The least number above -1. */
const aboveMinus1 = (dtype: DType): number => -1 + (dtype === "float64" ? 2 ** -53 : 2 ** -24);

/** Standard normal: `sqrt(2) erfInv(u)`, u uniform in (-1, 1). */
export const gaussian = (form: Form, key: Value): Value =>
  times(erfInvJax(between(form, key, aboveMinus1(form.dtype), 1)), Math.SQRT2);
const drawNormal = program<Form>("normal", (form, key) => gaussian(form, key as Value));
/**
 * Standard normal reals, `f32[...shape]`: `sqrt(2) erfInv(u)` with u uniform in (-1, 1). Throws ShapeError and DTypeError.
 * @example
 * random.normal(random.key(0), [2]) // => [1.6226422 2.0252647]
 */
export const normal = named(
  "normal",
  ["shape"],
  ["dtype"],
  (key: Key, shape: Shape = [], options: FloatOptions = {}): NDArray => {
    const form = floatForm("normal", shape, options);
    return drawNormal(form, consume("normal", key));
  },
);

const drawTruncated = parametric("truncatedNormal", (form, key, lower, upper) => {
  const [a, b] = [lower, upper].map((x) => erf(div(x, fullLike(x, Math.SQRT2)))) as [Value, Value];
  const x = times(erfInvJax(between(form, key, a, b)), Math.SQRT2);
  // Rounding must not leave the open interval.
  const [lo, hi] = [stopGradient(lower), stopGradient(upper)];
  return min(max(x, nextafter(lo, fullLike(lo, Infinity))), nextafter(hi, fullLike(hi, -Infinity)));
});
/**
 * Standard normal reals in the open interval `(lower, upper)`, numbers or arrays; `f32` of the given shape or the one in which
 * the bounds meet. Throws ShapeError and DTypeError.
 * @example
 * const x = random.truncatedNormal(random.key(0), -2, 2, [100]);
 * [np.min(x).item() > -2, np.max(x).item() < 2] // => [true, true]
 */
export const truncatedNormal = named(
  "truncatedNormal",
  ["shape"],
  ["dtype"],
  (key: Key, lower: ArrayLike, upper: ArrayLike, shape: Shape | null = null, options: FloatOptions = {}): NDArray =>
    drawTruncated(consume("truncatedNormal", key), [lower, upper], shape, options),
);

const drawLognormal = parametric("lognormal", (form, key, sigma) => exp(mul(gaussian(form, key), sigma as Value)));
/**
 * `exp(sigma z)` with z standard normal; `f32` of the given shape or `sigma`'s. Throws ShapeError and DTypeError.
 * @example
 * np.all(np.greater(random.lognormal(random.key(0), 1, [5]), 0)) // => True
 */
export const lognormal = named(
  "lognormal",
  ["sigma", "shape"],
  ["dtype"],
  (key: Key, sigma: ArrayLike = 1, shape: Shape | null = null, options: FloatOptions = {}): NDArray =>
    drawLognormal(consume("lognormal", key), [sigma], shape, options),
);

/** The length of three independent standard normals. */
const maxwellOf = ({ shape, dtype }: Form, key: Value): Value =>
  sqrt(sum(square(gaussian({ shape: [...shape, 3], dtype }, key)), [shape.length]));
const drawMaxwell = program<Form>("maxwell", (form, key) => maxwellOf(form, key as Value));
/**
 * Maxwell's distribution, with density `x^2 e^(-x^2/2)` up to a factor, `f32[...shape]`. Throws ShapeError and DTypeError.
 * @example
 * random.maxwell(random.key(0), [2, 3]).shape // => [2, 3]
 */
export const maxwell = named(
  "maxwell",
  ["shape"],
  ["dtype"],
  (key: Key, shape: Shape = [], options: FloatOptions = {}): NDArray => {
    const form = floatForm("maxwell", shape, options);
    return drawMaxwell(form, consume("maxwell", key));
  },
);

const drawTwoSided = program<Form>("doubleSidedMaxwell", (form, key, ...params) => {
  const [size, sign] = subkeys(key as Value, 2) as [Value, Value];
  const [loc, scale] = params.map((p) => expandTo("doubleSidedMaxwell", p, form.shape)) as [Value, Value];
  return add(mul(mul(signs(form, sign), maxwellOf(form, size)), scale), loc);
});
/**
 * `loc + scale s m`, m of Maxwell's distribution and s a random sign. As in JAX, the shape of the result is the given one (or that
 * of the parameters, if it is empty) followed by that of the parameters. Throws ShapeError and DTypeError.
 * @example
 * random.doubleSidedMaxwell(random.key(0), 0, [1, 2], [4]).shape // => [4, 2]
 */
export const doubleSidedMaxwell = named(
  "doubleSidedMaxwell",
  ["shape"],
  ["dtype"],
  (key: Key, loc: ArrayLike, scale: ArrayLike, shape: Shape = [], options: FloatOptions = {}): NDArray => {
    const op = "doubleSidedMaxwell",
      { shape: given, dtype } = floatForm(op, shape, options);
    const [params, common] = parameters(op, [loc, scale], null, dtype);
    return drawTwoSided(
      { shape: [...(given.length === 0 ? common : given), ...common], dtype },
      consume(op, key),
      ...params,
    );
  },
);

// Michael, Schucany and Haas, "Generating random variates using transformations with multiple roots", 1976: the smaller root
// of a quadratic, or the other one, by one uniform number.
const drawWald = parametric("wald", (form, key, m) => {
  const [k1, k2] = subkeys(key, 2) as [Value, Value],
    mean = m as Value;
  const y = square(gaussian(form, k1)),
    u = unit(form, k2),
    mean2 = square(mean);
  const root = sqrt(add(mul(times(mean, 4), y), mul(mean2, square(y))));
  const x = sub(add(mean, times(mul(mean2, y), 0.5)), mul(times(mean, 0.5), root));
  return select(le(u, div(mean, add(mean, x))), x, div(mean2, x));
});
/**
 * Wald's (the inverse Gaussian) distribution of the given mean and shape parameter 1; `f32` of the given shape or the mean's.
 * Throws ShapeError and DTypeError.
 * @example
 * np.all(np.greater(random.wald(random.key(0), 1, [5]), 0)) // => True
 */
export const wald = named(
  "wald",
  ["shape"],
  ["dtype"],
  (key: Key, mean: ArrayLike, shape: Shape | null = null, options: FloatOptions = {}): NDArray =>
    drawWald(consume("wald", key), [mean], shape, options),
);
