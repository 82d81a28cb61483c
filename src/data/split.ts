// Splitting a data set into examples to learn from and examples to judge by.
import { ArgumentError, ShapeError } from "../numpy/errors.ts";
import type { Key, NDArray } from "../numpy/index.ts";
import { np } from "../numpy/index.ts";
import { orderOf } from "./batches.ts";
import { demandCount, rowCount, takeRows } from "./rows.ts";

/** How a data set is split. */
export interface SplitOptions {
  /** Examples held out: a fraction below 1, or a number. */
  readonly test: number;
  /** Labels `int[n]`: every class gets the same share of both parts, up to rounding. */
  readonly stratify?: NDArray;
}
/** The two parts of a data set. */
export interface Split<T> {
  readonly train: T;
  readonly test: T;
}

/** `total` in whole numbers proportional to `weights`, by largest remainders (ties: the first). */
const apportion = (total: number, weights: readonly number[]): readonly number[] => {
  const sum = weights.reduce((a, b) => a + b, 0);
  const quotas = weights.map((w) => (sum === 0 ? 0 : (total * w) / sum));
  const seats = quotas.map(Math.floor);
  const byRemainder = quotas.map((q, i) => ({ i, rest: q - Math.floor(q) })).sort((a, b) => b.rest - a.rest);
  const missing = total - seats.reduce((a, b) => a + b, 0);
  for (const { i } of byRemainder.slice(0, missing)) seats[i] = (seats[i] as number) + 1;
  return seats;
};

/** Positions of `order` by label, labels ascending. */
const groups = (order: Int32Array, labels: ArrayLike<number>): readonly (readonly number[])[] => {
  const byLabel = new Map<number, number[]>();
  for (const i of order) {
    const label = labels[i] as number,
      group = byLabel.get(label);
    if (group === undefined) byLabel.set(label, [i]);
    else group.push(i);
  }
  return [...byLabel].sort(([a], [b]) => a - b).map(([, group]) => group);
};

/**
 * Positions of the examples to train with and of those held out, `i32`, both in shuffled order. Throws ArgumentError for a
 * part that is no fraction or number of the examples, ShapeError for labels that are not `int[n]`.
 * @example
 * const { train, test } = data.splitPositions(random.key(0), 10, { test: 0.3 });
 * [train.shape, test.shape] // => [[7], [3]]
 */
export const splitPositions = (key: Key, n: number, { test, stratify }: SplitOptions): Split<NDArray> => {
  const held =
    test > 0 && test < 1 ? Math.round(test * n) : demandCount("splitPositions", "a number of examples", test, 0, n);
  if (stratify !== undefined && (stratify.ndim !== 1 || stratify.shape[0] !== n))
    throw new ShapeError({ op: "splitPositions", expected: `labels of shape [${n}]`, got: `[${stratify.shape}]` });
  const order = orderOf(key, n),
    classes = stratify === undefined ? [[...order]] : groups(order, stratify.dataSync());
  const shares = apportion(held, classes.map((c) => c.length)); // biome-ignore format: one line
  const chosen = new Set(classes.flatMap((c, i) => c.slice(0, shares[i])));
  return {
    train: np.array(order.filter((i) => !chosen.has(i))),
    test: np.array(order.filter((i) => chosen.has(i))),
  };
};

/**
 * A data set (a pytree of arrays with a common first axis) in two parts, shuffled by `key`. With `stratify` every class gets
 * the same share of both. Throws ShapeError if the first axes differ, ArgumentError if a part would be empty.
 * @example
 * const labels = np.array([0, 0, 0, 0, 1, 1], { dtype: "int32" });
 * const { test } = data.trainTestSplit(random.key(1), { x: np.arange(6), y: labels }, { test: 3, stratify: labels });
 * test.y.sum() // => 1
 */
export const trainTestSplit = <T>(key: Key, dataset: T, options: SplitOptions): Split<T> => {
  const n = rowCount(dataset),
    positions = splitPositions(key, n, options);
  if (positions.train.size === 0 || positions.test.size === 0)
    throw new ArgumentError({
      op: "trainTestSplit",
      expected: "at least one example in each part",
      got: `${positions.train.size} to train and ${positions.test.size} to test of ${n}`,
      remedy: "change `test`",
    });
  return { train: takeRows(dataset, positions.train), test: takeRows(dataset, positions.test) };
};
