// How good predictions are: what the numbers at the end of an experiment are made of.
import { ArgumentError, ShapeError } from "../numpy/errors.ts";
import type { NDArray } from "../numpy/index.ts";
import { np } from "../numpy/index.ts";

const demandAlike = (op: string, labels: NDArray, other: NDArray): void => {
  if (labels.ndim !== 1 || other.ndim !== 1 || labels.size !== other.size || labels.size === 0)
    throw new ShapeError({
      op,
      expected: "two arrays of one axis with equally many examples, at least one",
      got: `[${labels.shape}] and [${other.shape}]`,
    });
};

/**
 * The share of predictions that are right.
 * @example
 * data.accuracy(np.array([1, 0, 1, 1]), np.array([1, 1, 1, 1])) // => 0.75
 */
export const accuracy = (labels: NDArray, predictions: NDArray): number => {
  demandAlike("accuracy", labels, predictions);
  const guesses = predictions.dataSync();
  return Array.from(labels.dataSync()).filter((y, i) => y === guesses[i]).length / labels.size;
};

/**
 * How often class i was taken for class j, `i32[classes, classes]`. Throws ArgumentError for a label outside 0 to classes-1.
 * @example
 * data.confusionMatrix(np.array([0, 0, 1]), np.array([0, 1, 1]), 2) // => [[1 1] [0 1]]
 */
export const confusionMatrix = (labels: NDArray, predictions: NDArray, classes: number): NDArray => {
  demandAlike("confusionMatrix", labels, predictions);
  const counts = new Int32Array(classes * classes),
    guesses = predictions.dataSync();
  labels.dataSync().forEach((y, i) => {
    const guess = guesses[i] as number;
    for (const label of [y, guess])
      if (!Number.isInteger(label) || label < 0 || label >= classes)
        throw new ArgumentError({
          op: "confusionMatrix",
          expected: `labels from 0 to ${classes - 1}`,
          got: String(label),
        });
    const at = y * classes + guess;
    counts[at] = (counts[at] as number) + 1;
  });
  return np.reshape(np.array(counts), [classes, classes]);
};

/**
 * The area under the ROC curve: the probability that a random positive example has a higher score than a random negative one,
 * ties counting half (Mann-Whitney U over the number of pairs). NaN unless both classes are present.
 * @example
 * data.areaUnderRoc(np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8])) // => 0.75
 */
export const areaUnderRoc = (labels: NDArray, scores: NDArray): number => {
  demandAlike("areaUnderRoc", labels, scores);
  const [truth, score] = [labels.dataSync(), scores.dataSync()];
  const order = Array.from(score, (_, i) => i).sort((a, b) => (score[a] as number) - (score[b] as number));
  let rankSum = 0,
    positives = 0;
  for (let at = 0; at < order.length; ) {
    let end = at;
    while (end < order.length && score[order[end] as number] === score[order[at] as number]) end++;
    if (end === at) return Number.NaN; // a score that is NaN has no rank
    const rank = (at + 1 + end) / 2;
    for (; at < end; at++)
      if (truth[order[at] as number] !== 0) {
        positives++;
        rankSum += rank;
      }
  }
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * (order.length - positives));
};
