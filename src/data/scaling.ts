// Scaling of features by what the training examples say, so that nothing of the held-out ones leaks in.
import { ShapeError } from "../numpy/errors.ts";
import type { NDArray } from "../numpy/index.ts";
import { np } from "../numpy/index.ts";

/** Mean and standard deviation of every feature; a pytree, so it can be passed to jitted functions and saved. */
export interface Scaling {
  readonly mean: NDArray;
  readonly std: NDArray;
}

/**
 * Mean and standard deviation of every feature over the examples, axis 0. A constant feature gets 1, so that scaling leaves 0
 * of it. Throws ShapeError without examples.
 * @example
 * data.fitScaling(np.array([[1, 5], [3, 5]])) // => { mean: [2 5], std: [1 1] }
 */
export const fitScaling = (examples: NDArray): Scaling => {
  if (examples.ndim === 0 || examples.shape[0] === 0)
    throw new ShapeError({ op: "fitScaling", expected: "at least one example", got: `shape [${examples.shape}]` });
  const std = np.std(examples, 0);
  return { mean: np.mean(examples, 0), std: np.where(np.equal(std, 0), 1, std) };
};
/**
 * `(x - mean) / std`, for one example or many.
 * @example
 * data.standardize({ mean: np.array([2, 5]), std: np.array([1, 2]) }, np.array([[1, 9], [3, 5]])) // => [[-1 2] [1 0]]
 */
export const standardize = ({ mean, std }: Scaling, x: NDArray): NDArray => np.divide(np.subtract(x, mean), std);
