// Losses between numbers, and between vectors.
import { type ArrayLike, np, type NDArray } from "../numpy/index.ts";
import type { AxisOptions } from "./classification.ts";

/**
 * `(predictions - targets)^2`; without targets the predictions are the errors.
 * @example
 * optim.squaredError([1, 2], [0, 4]) // => [1 4]
 */
export const squaredError = (predictions: ArrayLike, targets?: ArrayLike): NDArray =>
  np.square(errors(predictions, targets));
const errors = (predictions: ArrayLike, targets: ArrayLike | undefined): NDArray =>
  targets === undefined ? np.asarray(predictions) : np.subtract(predictions, targets);

/**
 * `(predictions - targets)^2 / 2`; without targets the predictions are the errors.
 * @example
 * optim.l2Loss([1, 2], [0, 4]) // => [0.5 2]
 */
export const l2Loss = (predictions: ArrayLike, targets?: ArrayLike): NDArray =>
  np.multiply(squaredError(predictions, targets), 0.5);

/** Options of Huber's loss. */
export interface HuberOptions {
  /** Where the parabola becomes a line. */
  readonly delta?: number;
}
/**
 * `e^2 / 2` for errors up to `delta`, `delta (|e| - delta / 2)` beyond (Huber 1964). Without targets the predictions are the errors.
 * @example
 * optim.huberLoss([0.5, 3], [0, 0]) // => [0.125 2.5]
 */
export const huberLoss = (predictions: ArrayLike, targets?: ArrayLike, { delta = 1 }: HuberOptions = {}): NDArray => {
  const size = np.abs(errors(predictions, targets)),
    curved = np.minimum(size, delta);
  return np.add(np.multiply(np.square(curved), 0.5), np.multiply(np.subtract(size, curved), delta));
};

/**
 * `log(cosh(e))`: a parabola near 0, a line far away. Without targets the predictions are the errors.
 * @example
 * optim.logCosh([0, 0]) // => [0 0]
 */
export const logCosh = (predictions: ArrayLike, targets?: ArrayLike): NDArray => {
  const e = errors(predictions, targets);
  return np.subtract(np.logaddexp(e, np.negative(e)), Math.LN2);
};

/** Options of cosines. */
export interface CosineSimilarityOptions extends AxisOptions {
  /** The least norm. */
  readonly epsilon?: number;
}
/**
 * The cosine of the angle between vectors, `x y / (|x| |y|)`, with norms of at least `epsilon`; 0 where a vector is 0.
 * @example
 * optim.cosineSimilarity([3, 4], [4, 3]).item().toFixed(2) // => 0.96
 */
export const cosineSimilarity = (
  predictions: ArrayLike,
  targets: ArrayLike,
  { epsilon = 0, axis = -1 }: CosineSimilarityOptions = {},
): NDArray => {
  const unit = (x: ArrayLike): NDArray => {
    const squared = np.sum(np.square(x), axis, { keepdims: true }),
      zero = np.equal(squared, 0);
    return np.divide(x, np.where(zero, 1, np.maximum(np.sqrt(np.where(zero, 1, squared)), epsilon)));
  };
  return np.sum(np.multiply(unit(predictions), unit(targets)), axis);
};

/**
 * `1 - cosineSimilarity`.
 * @example
 * optim.cosineDistance([1, 0], [0, 1]) // => 1
 */
export const cosineDistance = (
  predictions: ArrayLike,
  targets: ArrayLike,
  options: CosineSimilarityOptions = {},
): NDArray => np.subtract(1, cosineSimilarity(predictions, targets, options));

/** Options of the triplet loss. */
export interface TripletOptions extends AxisOptions {
  /** Which norm. */
  readonly normDegree?: number;
  /** How much nearer the positives must be. */
  readonly margin?: number;
  /** Added under the root. */
  readonly eps?: number;
}
/**
 * `max(0, |a - p| - |a - n| + margin)`: positives are to be nearer to their anchors than negatives (Schroff et al. 2015,
 * arXiv:1503.03832).
 * @example
 * optim.tripletMarginLoss([0, 0], [0, 1], [0, 5]) // => 0
 */
export const tripletMarginLoss = (
  anchors: ArrayLike,
  positives: ArrayLike,
  negatives: ArrayLike,
  { axis = -1, normDegree = 2, margin = 1, eps = 1e-6 }: TripletOptions = {},
): NDArray => {
  const distance = (x: ArrayLike): NDArray => {
    const powers = np.power(np.abs(np.subtract(anchors, x)), normDegree);
    return np.power(np.add(np.sum(powers, axis), eps), 1 / normDegree);
  };
  return np.maximum(np.add(np.subtract(distance(positives), distance(negatives)), margin), 0);
};
