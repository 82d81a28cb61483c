// `stopGradient`: values without derivatives.
import { isFloating } from "../core/dtype.ts";
import { isEager } from "../core/trace.ts";
import { stopGradient as stop } from "../primitives/identity.ts";
import { leavesOf, rebuild } from "./leaves.ts";
import type { Arrays } from "./types.ts";

/**
 * The same tree of arrays, a constant to every derivative of it.
 * @example
 * grad((x: NDArray) => np.multiply(x, lax.stopGradient(x)))(3) // => 3
 */
export const stopGradient = <T>(tree: T): Arrays<T> => {
  const op = "stopGradient",
    { leaves, def } = leavesOf(tree, op);
  const stopped = isEager() ? leaves : leaves.map((v) => (isFloating(v.dtype) ? stop(v) : v));
  return rebuild(def, stopped, op) as Arrays<T>;
};
