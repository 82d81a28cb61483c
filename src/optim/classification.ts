// Losses between scores and classes. Each keeps the axes of the batch: take `np.mean` of it.
import { type ArrayLike, nn, np, type NDArray } from "../numpy/index.ts";

/** Options of losses over an axis. */
export interface AxisOptions {
  /** The axis of the classes or components; the last one by default. */
  readonly axis?: number;
}

/**
 * `-sum(labels log(softmax(logits)))`: `f32[..., n], f32[..., n] -> f32[...]`. Labels are one-hot or probabilities.
 * @example
 * optim.softmaxCrossEntropy([0, 0], [0.5, 0.5]).item().toFixed(4) // => 0.6931
 */
export const softmaxCrossEntropy = (logits: ArrayLike, labels: ArrayLike, { axis = -1 }: AxisOptions = {}): NDArray =>
  np.sum(np.multiply(np.negative(labels), nn.logSoftmax(logits, axis)), axis);

/**
 * As `softmaxCrossEntropy`, but classes with label 0 do not count, even where a logit is `-inf`.
 * @example
 * optim.safeSoftmaxCrossEntropy([0, -Infinity], [1, 0]) // => 0
 */
export const safeSoftmaxCrossEntropy = (logits: ArrayLike, labels: ArrayLike): NDArray => {
  const some = np.notEqual(labels, 0);
  const scores = np.where(some, nn.logSoftmax(logits), 0);
  return np.sum(np.where(some, np.multiply(np.negative(labels), scores), 0), -1);
};

/**
 * `logsumexp(logits) - logits[label]`: `f32[..., n], i32[...] -> f32[...]`. Negative labels count from the end; NaN for a label
 * that is no class.
 * @example
 * optim.softmaxCrossEntropyWithIntegerLabels([[0, 0], [0, 0]], np.array([0, 1], { dtype: "int32" })).shape // => [2]
 */
export const softmaxCrossEntropyWithIntegerLabels = (
  logits: ArrayLike,
  labels: ArrayLike,
  { axis = -1 }: AxisOptions = {},
): NDArray => {
  // Choosing by comparison costs no more than the sum over the same row, and its gradient is part of that row too.
  const x = np.asarray(logits),
    at = axis < 0 ? axis + x.ndim : axis,
    n = x.shape[at] ?? 0;
  const y = np.expandDims(np.asarray(labels).astype("int32"), axis),
    label = np.where(np.less(y, 0), np.add(y, n), y);
  const classes = np.reshape(
    np.arange(0, n, 1, { dtype: "int32" }),
    x.shape.map((_, i) => (i === at ? n : 1)),
  );
  const chosen = np.sum(np.where(np.equal(label, classes), x, 0), axis);
  const known = np.squeeze(np.logicalAnd(np.greaterEqual(label, 0), np.less(label, n)), axis);
  return np.where(known, np.subtract(nn.logsumexp(x, axis), chosen), Number.NaN);
};

/**
 * `-y log(sigmoid(x)) - (1 - y) log(1 - sigmoid(x))` for each element, finite for any logit.
 * @example
 * optim.sigmoidBinaryCrossEntropy([0, 100], [1, 1]).js().map((x) => x.toFixed(4)) // => [0.6931, 0.0000]
 */
export const sigmoidBinaryCrossEntropy = (logits: ArrayLike, labels: ArrayLike): NDArray => {
  const yes = nn.logSigmoid(logits),
    no = nn.logSigmoid(np.negative(logits));
  return np.negative(np.add(np.multiply(labels, yes), np.multiply(np.subtract(1, labels), no)));
};

/** Options of the focal loss. */
export interface FocalOptions {
  /** Weight of the positive class, the other one has `1 - alpha`; without it both count alike. */
  readonly alpha?: number;
  /** Power of the probability of the wrong class. */
  readonly gamma?: number;
}
/**
 * `sigmoidBinaryCrossEntropy` times `(1 - p)^gamma`, where `p` is the probability of the right class (Lin et al. 2017,
 * arXiv:1708.02002).
 * @example
 * optim.sigmoidFocalLoss(0, 1).item().toFixed(4) // => 0.1733
 */
export const sigmoidFocalLoss = (
  logits: ArrayLike,
  labels: ArrayLike,
  { alpha, gamma = 2 }: FocalOptions = {},
): NDArray => {
  const other = np.subtract(1, labels),
    p = nn.sigmoid(logits);
  const wrong = np.add(np.multiply(np.subtract(1, p), labels), np.multiply(p, other));
  const loss = np.multiply(sigmoidBinaryCrossEntropy(logits, labels), np.power(wrong, gamma));
  if (alpha === undefined) return loss;
  return np.multiply(loss, np.add(np.multiply(labels, alpha), np.multiply(other, 1 - alpha)));
};

/**
 * `max(0, 1 - x y)` for targets -1 and 1.
 * @example
 * optim.hingeLoss([0.5, 2], [1, 1]) // => [0.5 0]
 */
export const hingeLoss = (predictorOutputs: ArrayLike, targets: ArrayLike): NDArray =>
  np.maximum(np.subtract(1, np.multiply(predictorOutputs, targets)), 0);

/**
 * Labels moved towards equal probabilities: `(1 - alpha) labels + alpha / n`, with n classes on the last axis.
 * @example
 * optim.smoothLabels([1, 0], 0.5) // => [0.75 0.25]
 */
export const smoothLabels = (labels: ArrayLike, alpha: number): NDArray => {
  const x = np.asarray(labels);
  return np.add(np.multiply(x, 1 - alpha), alpha / (x.shape.at(-1) ?? 1));
};

/** Options of the poly loss. */
export interface PolyOptions extends AxisOptions {
  /** Weight of the correction. */
  readonly epsilon?: number;
}
/**
 * `softmaxCrossEntropy + epsilon (1 - p)`, where `p` is the probability of the right class (Leng et al. 2022, arXiv:2204.12511).
 * @example
 * optim.polyLossCrossEntropy([0, 0], [1, 0]).item().toFixed(4) // => 1.6931
 */
export const polyLossCrossEntropy = (
  logits: ArrayLike,
  labels: ArrayLike,
  { epsilon = 2, axis = -1 }: PolyOptions = {},
): NDArray => {
  const right = np.sum(np.multiply(labels, nn.softmax(logits, axis)), axis);
  const loss = softmaxCrossEntropy(logits, labels, { axis });
  return np.add(loss, np.multiply(np.subtract(1, right), epsilon));
};

/**
 * `sum(t (log(t) - x))`: how far targets are from predictions, which are logarithms of probabilities; targets 0 count nothing.
 * @example
 * optim.klDivergence(np.log([0.5, 0.5]), [0.5, 0.5]) // => 0
 */
export const klDivergence = (
  logPredictions: ArrayLike,
  targets: ArrayLike,
  { axis = -1 }: AxisOptions = {},
): NDArray => {
  const some = np.notEqual(targets, 0);
  const logTargets = np.where(some, np.log(np.where(some, targets, 1)), 0);
  return np.sum(np.multiply(targets, np.subtract(logTargets, logPredictions)), axis);
};

/**
 * `klDivergence + sum(exp(x) - t)`, which is convex in both even where they do not sum to 1.
 * @example
 * optim.convexKlDivergence(np.log([0.5, 0.5]), [0.5, 0.5]) // => 0
 */
export const convexKlDivergence = (
  logPredictions: ArrayLike,
  targets: ArrayLike,
  { axis = -1 }: AxisOptions = {},
): NDArray =>
  np.add(klDivergence(logPredictions, targets, { axis }), np.sum(np.subtract(np.exp(logPredictions), targets), axis));
