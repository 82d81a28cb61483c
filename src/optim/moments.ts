// Running averages of gradients and their powers, and the correction of their start at zero.
import { np, type NDArray } from "../numpy/index.ts";
import { mapLeaves, oneMinus } from "./leaves.ts";
import type { Scalar, Tree } from "./types.ts";

/** `decay m + (1 - decay) g`. */
export const average = (g: NDArray, m: NDArray, decay: Scalar): NDArray =>
  np.add(np.multiply(g, oneMinus(decay)), np.multiply(m, decay));
/** Averages of the gradients, leaf by leaf. */
export const firstMoment = <P>(grads: P, mu: Tree, decay: Scalar): P =>
  mapLeaves((g, m) => average(g, m, decay), grads, mu);
/** Averages of the squared gradients, leaf by leaf. */
export const secondMoment = <P>(grads: P, nu: Tree, decay: Scalar): P =>
  mapLeaves((g, n) => average(np.square(g), n, decay), grads, nu);

/**
 * An average that began at zero, divided by the weight it has seen: `m / (1 - decay^count)`. The weight is
 * `-expm1(count log(decay))`, which keeps its digits in float32 where `1 - decay^count` loses four of them.
 */
export const corrected = (m: NDArray, decay: Scalar, count: NDArray): NDArray => {
  const rate = typeof decay === "number" ? Math.log(decay) : np.log(decay);
  return np.divide(m, np.negative(np.expm1(np.multiply(count.astype(m.dtype), rate))));
};
