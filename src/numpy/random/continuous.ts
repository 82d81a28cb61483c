// Continuous distributions that are functions of one uniform number: inverses of distribution functions.
import type { Shape } from "../../core/aval.ts";
import type { DType } from "../../core/dtype.ts";
import type { Value } from "../../core/value.ts";
import {
  abs,
  add,
  div,
  exp,
  log,
  log1p,
  lt,
  mul,
  neg,
  pow,
  select,
  sign,
  sqrt,
  sub,
  tan,
} from "../../primitives/elementwise.ts";
import { fullLike } from "../../primitives/pointwise.ts";
import { type ArrayLike, asArray, type NDArray } from "../array.ts";
import { broadcastShapes, expandTo } from "../broadcasting.ts";
import { program } from "../program.ts";
import { consume, type Key } from "./key.ts";
import { type FloatOptions, type Form, floatForm, parametric } from "./sampler.ts";
import { between, unit } from "./uniform.ts";
import { named } from "../named.ts";

const less1 = (x: Value): Value => sub(fullLike(x, 1), x);
/** The distance from 1 to the next number above. */
const epsilon = (dtype: DType): number => (dtype === "float64" ? 2 ** -52 : 2 ** -23);

/** A sampler without parameters. */
const plain = (name: string, draw: (form: Form, key: Value) => Value) => {
  const run = program<Form>(name, (form, key) => draw(form, key as Value));
  return (key: Key, shape: Shape, options: FloatOptions): NDArray => {
    const form = floatForm(name, shape, options);
    return run(form, consume(name, key));
  };
};

/** `-log(1 - u)`. */
const exponentialOf = (form: Form, key: Value): Value => neg(log1p(neg(unit(form, key))));
const drawExponential = plain("exponential", exponentialOf);
/**
 * The exponential distribution of rate 1, `-log(1 - u)`, `f32[...shape]`. Throws ShapeError and DTypeError.
 * @example
 * random.exponential(random.key(0), [3]).shape // => [3]
 */
export const exponential = named(
  "exponential",
  ["shape"],
  ["dtype"],
  (key: Key, shape: Shape = [], options: FloatOptions = {}): NDArray => drawExponential(key, shape, options),
);

const drawLaplace = plain("laplace", (form, key) => {
  const u = between(form, key, -1 + epsilon(form.dtype) / 2, 1);
  return mul(sign(u), log1p(neg(abs(u))));
});
/**
 * Laplace's distribution, with density `e^-|x| / 2`, `f32[...shape]`. Throws ShapeError and DTypeError.
 * @example
 * random.laplace(random.key(0), [3]).shape // => [3]
 */
export const laplace = named(
  "laplace",
  ["shape"],
  ["dtype"],
  (key: Key, shape: Shape = [], options: FloatOptions = {}): NDArray => drawLaplace(key, shape, options),
);

const drawLogistic = plain("logistic", (form, key) => {
  const u = between(form, key, epsilon(form.dtype), 1);
  return log(div(u, less1(u)));
});
/**
 * The logistic distribution, `log(u / (1 - u))`, `f32[...shape]`. Throws ShapeError and DTypeError.
 * @example
 * random.logistic(random.key(0), [3]).shape // => [3]
 */
export const logistic = named(
  "logistic",
  ["shape"],
  ["dtype"],
  (key: Key, shape: Shape = [], options: FloatOptions = {}): NDArray => drawLogistic(key, shape, options),
);

const drawCauchy = plain("cauchy", (form, key) => {
  const u = between(form, key, epsilon(form.dtype), 1);
  return tan(mul(fullLike(u, Math.PI), sub(u, fullLike(u, 0.5))));
});
/**
 * Cauchy's distribution, `tan(pi (u - 1/2))`, `f32[...shape]`. Throws ShapeError and DTypeError.
 * @example
 * random.cauchy(random.key(0), [3]).shape // => [3]
 */
export const cauchy = named(
  "cauchy",
  ["shape"],
  ["dtype"],
  (key: Key, shape: Shape = [], options: FloatOptions = {}): NDArray => drawCauchy(key, shape, options),
);

const drawPareto = parametric("pareto", (form, key, b) => exp(div(exponentialOf(form, key), b as Value)));
/**
 * Pareto's distribution on `x >= 1`, with density `b / x^(b + 1)`; `f32` of the given shape or `b`'s. Throws ShapeError and
 * DTypeError.
 * @example
 * np.all(np.greaterEqual(random.pareto(random.key(0), 3, [5]), 1)) // => True
 */
export const pareto = named(
  "pareto",
  ["shape"],
  ["dtype"],
  (key: Key, b: ArrayLike, shape: Shape | null = null, options: FloatOptions = {}): NDArray =>
    drawPareto(consume("pareto", key), [b], shape, options),
);

const drawRayleigh = parametric("rayleigh", (form, key, scale) => {
  const u = unit(form, key);
  return mul(scale as Value, sqrt(mul(log(u), fullLike(u, -2))));
});
/**
 * Rayleigh's distribution, `scale sqrt(-2 log u)`; `f32` of the given shape or `scale`'s. Throws ShapeError and DTypeError.
 * @example
 * np.all(np.greater(random.rayleigh(random.key(0), 2, [5]), 0)) // => True
 */
export const rayleigh = named(
  "rayleigh",
  ["shape"],
  ["dtype"],
  (key: Key, scale: ArrayLike, shape: Shape | null = null, options: FloatOptions = {}): NDArray =>
    drawRayleigh(consume("rayleigh", key), [scale], shape, options),
);

const drawTriangular = parametric("triangular", (form, key, left, mode, right) => {
  const [a, c, b] = [left, mode, right] as [Value, Value, Value],
    width = sub(b, a),
    u = unit(form, key);
  const low = add(a, sqrt(mul(mul(u, width), sub(c, a)))),
    high = sub(b, sqrt(mul(mul(less1(u), width), sub(b, c))));
  return select(lt(u, div(sub(c, a), width)), low, high);
});
/**
 * The triangular distribution on `[left, right]` with its peak at `mode`; `f32` of the given shape or the one in which the
 * parameters meet. Throws ShapeError and DTypeError.
 * @example
 * random.triangular(random.key(0), 0, [0.5, 1], 2).shape // => [2]
 */
export const triangular = named(
  "triangular",
  ["shape"],
  ["dtype"],
  (
    key: Key,
    left: ArrayLike,
    mode: ArrayLike,
    right: ArrayLike,
    shape: Shape | null = null,
    options: FloatOptions = {},
  ): NDArray => drawTriangular(consume("triangular", key), [left, mode, right], shape, options),
);

const drawWeibull = program<Form & { readonly out: Shape }>("weibullMin", ({ out, ...form }, key, ...params) => {
  const e = exponentialOf(form, key as Value);
  const [x, scale, concentration] = [e, ...params].map((v) => expandTo("weibullMin", v, out)) as [Value, Value, Value];
  return mul(pow(x, div(fullLike(x, 1), concentration)), scale);
});
/**
 * Weibull's distribution, `scale (-log(1 - u))^(1 / concentration)`, u uniform of the given shape, with which the parameters
 * broadcast. Throws ShapeError and DTypeError.
 * @example
 * random.weibullMin(random.key(0), 1, 2, [3]).shape // => [3]
 */
export const weibullMin = named(
  "weibullMin",
  ["shape"],
  ["dtype"],
  (key: Key, scale: ArrayLike, concentration: ArrayLike, shape: Shape = [], options: FloatOptions = {}): NDArray => {
    const form = floatForm("weibullMin", shape, options);
    const params = [scale, concentration].map((x) => asArray(x, "weibullMin", form.dtype));
    const out = broadcastShapes(form.shape, ...params.map((p) => p.shape));
    return drawWeibull({ ...form, out }, consume("weibullMin", key), ...params);
  },
);
