// Smooth activation functions.
import type { Value } from "../../core/value.ts";
import { ShapeError } from "../../core/errors.ts";
import { showAval } from "../../core/aval.ts";
import {
  abs,
  add,
  div,
  exp,
  expm1,
  integerPow,
  log,
  log1p,
  logistic,
  lt,
  max,
  mul,
  neg,
  select,
  sqrt,
  square,
  tanh as tanhOf,
} from "../../primitives/elementwise.ts";
import { sliceAxis } from "../../primitives/movement.ts";
import { fullLike } from "../../primitives/pointwise.ts";
import { erfc } from "../../primitives/special.ts";
import { type ArrayLike, asArray, type NDArray } from "../array.ts";
import { normalAxis } from "../axes.ts";
import { broadcastTogether } from "../broadcasting.ts";
import { anything, operand, real } from "../kinds.ts";
import { program } from "../program.ts";
import { named } from "../named.ts";

const times = (x: Value, k: number): Value => mul(x, fullLike(x, k));
const plus = (x: Value, k: number): Value => add(x, fullLike(x, k));

/** A function of reals, elementwise, as one program. */
export const activation = (name: string, f: (x: Value) => Value): ((x: ArrayLike) => NDArray) => {
  const run = program<null>(name, (_, x) => f(x as Value));
  return (x) => run(null, operand(real, name, x));
};
/** A function of reals and a parameter that broadcasts with them, elementwise, as one program. */
export const parametrized = (name: string, f: (x: Value, parameter: Value) => Value) => {
  const run = program<null>(name, (_, ...xs) => f(...(broadcastTogether(name, xs) as [Value, Value])));
  return (x: ArrayLike, parameter: ArrayLike): NDArray => {
    const v = operand(real, name, x);
    return run(null, v, asArray(parameter, name, v.dtype));
  };
};

/**
 * `x`.
 * @example
 * nn.identity([1, 2]) // => [1 2]
 */
export const identity = (x: ArrayLike): NDArray => operand(anything, "identity", x);
/**
 * `tanh(x)`, elementwise.
 * @example
 * nn.tanh(0) // => 0
 */
export const tanh = activation("tanh", tanhOf);
/**
 * `1 / (1 + e^-x)`, elementwise.
 * @example
 * nn.sigmoid([-1e4, 0, 1e4]) // => [0 0.5 1]
 */
export const sigmoid = activation("sigmoid", logistic);

// max(x, 0) + log(1 + e^-|x|): neither overflows, and the slopes at 0 are halves that add up to 1/2.
const softplusOf = (x: Value): Value => add(max(x, fullLike(x, 0)), log1p(exp(neg(abs(x)))));
/**
 * `log(1 + e^x)`, elementwise, without overflow.
 * @example
 * nn.softplus([-1e4, 1e4]) // => [0 10000]
 */
export const softplus = activation("softplus", softplusOf);
/**
 * `log(sigmoid(x)) = -log(1 + e^-x)`, elementwise, without overflow.
 * @example
 * nn.logSigmoid([-1e4, 0]) // => [-10000 -0.6931472]
 */
export const logSigmoid = activation("logSigmoid", (x) => neg(softplusOf(neg(x))));
/**
 * `log(1 - e^-x)` for x > 0, elementwise, accurate everywhere. The method is that of M. Maechler, "Accurately computing
 * log(1 - exp(-|a|))", 2012.
 * @example
 * nn.log1mexp(Math.LN2) // => -0.6931472
 */
export const log1mexp = activation("log1mexp", (x) => {
  const near = lt(x, fullLike(x, Math.LN2)),
    // Each formula sees the arguments of the other one as a harmless number: its slope there must be finite.
    small = select(near, x, fullLike(x, Math.LN2)),
    large = select(near, fullLike(x, Math.LN2), x);
  return select(near, log(neg(expm1(neg(small)))), log1p(neg(exp(neg(large)))));
});
/**
 * `x / (1 + |x|)`, elementwise.
 * @example
 * nn.softSign([-1, 0, 3]) // => [-0.5 0 0.75]
 */
export const softSign = activation("softSign", (x) => div(x, plus(abs(x), 1)));
/**
 * `x sigmoid(x)`, elementwise.
 * @example
 * nn.silu([0, 100]) // => [0 100]
 */
export const silu = activation("silu", (x) => mul(x, logistic(x)));
/**
 * `x tanh(softplus(x))`, elementwise.
 * @example
 * nn.mish([0, 100]) // => [0 100]
 */
export const mish = activation("mish", (x) => mul(x, tanhOf(softplusOf(x))));
const squareplusOf = parametrized("squareplus", (x, b) => times(add(x, sqrt(add(square(x), b))), 0.5));
/**
 * `(x + sqrt(x^2 + b)) / 2`, elementwise; `b` is 4 if it is left out.
 * @example
 * nn.squareplus([0, 3], 16) // => [2 4]
 */
export const squareplus = named(
  "squareplus",
  ["b"],
  [],
  (x: ArrayLike, b: ArrayLike = 4): NDArray => squareplusOf(x, b),
);

/** Options of `gelu`. */
export interface GeluOptions {
  /** Use the formula by tanh (true) or the exact one by erfc. */
  readonly approximate?: boolean;
}
const byTanh = (x: Value): Value =>
  mul(x, times(plus(tanhOf(times(add(x, times(integerPow(x, 3), 0.044715)), Math.sqrt(2 / Math.PI))), 1), 0.5));
const byErfc = (x: Value): Value => mul(times(x, 0.5), erfc(times(x, -Math.SQRT1_2)));
const geluOf = { tanh: activation("gelu", byTanh), erfc: activation("gelu", byErfc) };
/**
 * `x P(z < x)`, z standard normal, elementwise: by default in the approximation `x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))`,
 * with `approximate: false` as `x/2 erfc(-x / sqrt(2))`.
 * @example
 * nn.gelu([0, 100]) // => [0 100]
 */
export const gelu = named(
  "gelu",
  [],
  ["approximate"],
  (x: ArrayLike, { approximate = true }: GeluOptions = {}): NDArray => geluOf[approximate ? "tanh" : "erfc"](x),
);

const gluOf = program<number>("glu", (axis, v) => {
  const x = v as Value,
    half = (x.shape[axis] as number) / 2;
  return mul(sliceAxis(x, axis, 0, half), logistic(sliceAxis(x, axis, half, 2 * half)));
});
/**
 * The first half of `x` along an axis (the last) times the sigmoid of the second half. Throws ShapeError if the axis is odd.
 * @example
 * nn.glu([[1, 2, 0, 100]]) // => [[0.5 2]]
 */
export const glu = named("glu", ["axis"], [], (x: ArrayLike, axis: number = -1): NDArray => {
  const v = operand(real, "glu", x),
    at = normalAxis(axis, v.ndim, "glu");
  if ((v.shape[at] as number) % 2 !== 0)
    throw new ShapeError({
      op: "glu",
      expected: `an even number of elements along axis ${axis}`,
      got: showAval(v.aval),
    });
  return gluOf(at, v);
});
export { silu as swish };
