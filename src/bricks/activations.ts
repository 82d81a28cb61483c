// Bricks without parameters that keep the shape: the activation functions of `nn`, dropout, and any function of one's own.
import { ArgumentError } from "../numpy/errors.ts";
import { nn, np, type NDArray, random } from "../numpy/index.ts";
import type { Keeping } from "./types.ts";

/**
 * A function that keeps the shape, as a brick.
 * @example
 * bricks.pointwise((x) => np.multiply(x, 2)).apply({}, np.array([1, 2])) // => [2 4]
 */
export const pointwise = (f: (x: NDArray) => NDArray): Keeping => ({
  keeps: "shape",
  init: () => ({}),
  apply: (_, x) => f(x),
});

/**
 * `nn.relu` as a brick.
 * @example
 * bricks.relu.apply({}, np.array([-1, 2])) // => [0 2]
 */
export const relu: Keeping = /* @__PURE__ */ pointwise((x) => nn.relu(x));
/** `nn.relu6` as a brick. */
export const relu6: Keeping = /* @__PURE__ */ pointwise((x) => nn.relu6(x));
/** `nn.tanh` as a brick. */
export const tanh: Keeping = /* @__PURE__ */ pointwise((x) => nn.tanh(x));
/** `nn.sigmoid` as a brick. */
export const sigmoid: Keeping = /* @__PURE__ */ pointwise((x) => nn.sigmoid(x));
/** `nn.logSigmoid` as a brick. */
export const logSigmoid: Keeping = /* @__PURE__ */ pointwise((x) => nn.logSigmoid(x));
/** `nn.softplus` as a brick. */
export const softplus: Keeping = /* @__PURE__ */ pointwise((x) => nn.softplus(x));
/** `nn.softSign` as a brick. */
export const softSign: Keeping = /* @__PURE__ */ pointwise((x) => nn.softSign(x));
/** `nn.silu` as a brick. */
export const silu: Keeping = /* @__PURE__ */ pointwise((x) => nn.silu(x));
/** `nn.silu` by its other name. */
export const swish: Keeping = silu;
/** `nn.mish` as a brick. */
export const mish: Keeping = /* @__PURE__ */ pointwise((x) => nn.mish(x));
/** `nn.gelu` as a brick (the approximation by tanh). */
export const gelu: Keeping = /* @__PURE__ */ pointwise((x) => nn.gelu(x));
/** `nn.elu` as a brick. */
export const elu: Keeping = /* @__PURE__ */ pointwise((x) => nn.elu(x));
/** `nn.selu` as a brick. */
export const selu: Keeping = /* @__PURE__ */ pointwise((x) => nn.selu(x));
/** `nn.celu` as a brick. */
export const celu: Keeping = /* @__PURE__ */ pointwise((x) => nn.celu(x));
/** `nn.leakyRelu` as a brick. */
export const leakyRelu: Keeping = /* @__PURE__ */ pointwise((x) => nn.leakyRelu(x));
/** `nn.hardTanh` as a brick. */
export const hardTanh: Keeping = /* @__PURE__ */ pointwise((x) => nn.hardTanh(x));
/** `nn.hardSigmoid` as a brick. */
export const hardSigmoid: Keeping = /* @__PURE__ */ pointwise((x) => nn.hardSigmoid(x));
/** `nn.hardSilu` as a brick. */
export const hardSilu: Keeping = /* @__PURE__ */ pointwise((x) => nn.hardSilu(x));
/** `nn.softmax` over the last axis as a brick. */
export const softmax: Keeping = /* @__PURE__ */ pointwise((x) => nn.softmax(x));
/** `nn.logSoftmax` over the last axis as a brick. */
export const logSoftmax: Keeping = /* @__PURE__ */ pointwise((x) => nn.logSoftmax(x));
/** The brick that changes nothing. */
export const identity: Keeping = /* @__PURE__ */ pointwise((x) => x);

/**
 * With a key, each element is 0 with probability `rate` and `x / (1 - rate)` otherwise; without a key (outside training) nothing
 * happens (Srivastava et al. 2014, JMLR 15). No parameters. Throws ArgumentError unless `0 <= rate <= 1`.
 * @example
 * bricks.dropout(0.5).apply({}, np.array([1, 2])) // => [1 2]
 * bricks.dropout(1).apply({}, np.array([1, 2]), random.key(0)) // => [0 0]
 */
export const dropout = (rate: number): Keeping => {
  if (!(rate >= 0 && rate <= 1))
    throw new ArgumentError({ op: "dropout", expected: "a rate from 0 to 1", got: String(rate) });
  return {
    keeps: "shape",
    init: () => ({}),
    apply: (_, x, key) => {
      if (key === undefined || rate === 0) return x;
      if (rate === 1) return np.zerosLike(x);
      return np.where(random.bernoulli(key, 1 - rate, x.shape), np.divide(x, 1 - rate), 0);
    },
  };
};
