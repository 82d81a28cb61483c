// Activation functions with kinks. `select` gives each piece its own slope; NaN goes through all of them.
import type { Value } from "../../core/value.ts";
import { add, div, expm1, ge, gt, le, lt, max, min, mul, select, square } from "../../primitives/elementwise.ts";
import { fullLike } from "../../primitives/pointwise.ts";
import type { ArrayLike, NDArray } from "../array.ts";
import { counting, operand } from "../kinds.ts";
import { program } from "../program.ts";
import { activation, parametrized } from "./activations.ts";
import { named } from "../named.ts";

const times = (x: Value, k: number): Value => mul(x, fullLike(x, k));
const plus = (x: Value, k: number): Value => add(x, fullLike(x, k));
const zero = (x: Value): Value => fullLike(x, 0);

const reluOf = program<null>("relu", (_, v) => {
  const x = v as Value;
  return select(le(x, zero(x)), zero(x), x);
});
/**
 * `max(x, 0)`, elementwise, with slope 0 at 0. Integers stay integers.
 * @example
 * nn.relu([-2, 0, 3]) // => [0 0 3]
 */
export const relu = (x: ArrayLike): NDArray => reluOf(null, operand(counting, "relu", x));
const relu6Of = (x: Value): Value => {
  const six = fullLike(x, 6);
  return select(le(x, zero(x)), zero(x), select(ge(x, six), six, x));
};
/**
 * `min(max(x, 0), 6)`, elementwise, with slope 0 at 0 and 6.
 * @example
 * nn.relu6([-2, 3, 8]) // => [0 3 6]
 */
export const relu6 = activation("relu6", relu6Of);

const leakyOf = parametrized("leakyRelu", (x, slope) => select(ge(x, zero(x)), x, mul(slope, x)));
/**
 * `x` where `x >= 0`, else `negativeSlope x`, elementwise; the slope is 0.01 if it is left out.
 * @example
 * nn.leakyRelu([-2, 3], 0.5) // => [-1 3]
 */
export const leakyRelu = named(
  "leakyRelu",
  ["negativeSlope"],
  [],
  (x: ArrayLike, negativeSlope: ArrayLike = 1e-2): NDArray => leakyOf(x, negativeSlope),
);

const eluOf = (x: Value, alpha: Value): Value => {
  const above = gt(x, zero(x));
  return select(above, x, mul(alpha, expm1(select(above, zero(x), x))));
};
const eluProgram = parametrized("elu", eluOf);
/**
 * `x` where `x > 0`, else `alpha (e^x - 1)`, elementwise; `alpha` is 1 if it is left out.
 * @example
 * nn.elu([-1e4, 0, 3], 2) // => [-2 0 3]
 */
export const elu = named("elu", ["alpha"], [], (x: ArrayLike, alpha: ArrayLike = 1): NDArray => eluProgram(x, alpha));
const celuOf = parametrized("celu", (x, alpha) => add(max(x, zero(x)), mul(alpha, expm1(div(min(x, zero(x)), alpha)))));
/**
 * `max(x, 0) + alpha (e^(min(x, 0) / alpha) - 1)`, elementwise; `alpha` is 1 if it is left out.
 * @example
 * nn.celu([-1e4, 0, 3], 2) // => [-2 0 3]
 */
export const celu = named("celu", ["alpha"], [], (x: ArrayLike, alpha: ArrayLike = 1): NDArray => celuOf(x, alpha));
/**
 * `scale elu(x, alpha)`, elementwise, with `scale = 1.0507...` and `alpha = 1.6732...`, which keep mean 0 and variance 1
 * (Klambauer et al., "Self-normalizing neural networks", 2017).
 * @example
 * nn.selu(1) // => 1.050701
 */
export const selu = activation("selu", (x) => times(eluOf(x, fullLike(x, 1.6732632423543772)), 1.0507009873554805));

/**
 * `min(max(x, -1), 1)`, elementwise, with slope 1 at -1 and 1.
 * @example
 * nn.hardTanh([-2, 0.5, 3]) // => [-1 0.5 1]
 */
export const hardTanh = activation("hardTanh", (x) => {
  const one = fullLike(x, 1),
    minusOne = fullLike(x, -1);
  return select(gt(x, one), one, select(lt(x, minusOne), minusOne, x));
});
const hardSigmoidOf = (x: Value): Value => div(relu6Of(plus(x, 3)), fullLike(x, 6));
/**
 * `relu6(x + 3) / 6`, elementwise.
 * @example
 * nn.hardSigmoid([-4, 0, 4]) // => [0 0.5 1]
 */
export const hardSigmoid = activation("hardSigmoid", hardSigmoidOf);
/**
 * `x hardSigmoid(x)`, elementwise.
 * @example
 * nn.hardSilu([-4, 0, 4]) // => [-0 0 4]
 */
export const hardSilu = activation("hardSilu", (x) => mul(x, hardSigmoidOf(x)));

/**
 * 0 below -1, `(x + 1)^2 / 4` up to 1, `x` above, elementwise: a softplus that is exactly 0.
 * @example
 * nn.sparsePlus([-2, 0, 3]) // => [0 0.25 3]
 */
export const sparsePlus = activation("sparsePlus", (x) =>
  select(le(x, fullLike(x, -1)), zero(x), select(ge(x, fullLike(x, 1)), x, times(square(plus(x, 1)), 0.25))),
);
/**
 * 0 below -1, `(x + 1) / 2` up to 1, 1 above, elementwise: the slope of `sparsePlus`.
 * @example
 * nn.sparseSigmoid([-2, 0, 3]) // => [0 0.5 1]
 */
export const sparseSigmoid = activation("sparseSigmoid", (x) =>
  times(min(max(plus(x, 1), zero(x)), fullLike(x, 2)), 0.5),
);
export { hardSilu as hardSwish };
