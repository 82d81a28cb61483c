// Batches of a data set, in an order that a random key decides.
import type { Key, NDArray } from "../numpy/index.ts";
import { np, random } from "../numpy/index.ts";
import { demandCount, rowCount, takeRows } from "./rows.ts";

/** How a data set is cut. */
export interface BatchOptions {
  /** Examples in a batch. */
  readonly size: number;
  /** Leave out the last batch if it is smaller than the others, as a jitted step wants it. Default false. */
  readonly dropLast?: boolean;
}

/** The positions 0 to n-1: in an order drawn from `key`, or ascending without one. */
export const orderOf = (key: Key | null, n: number): Int32Array =>
  key === null ? Int32Array.from({ length: n }, (_, i) => i) : (random.permutation(key, n).dataSync() as Int32Array);

/**
 * The positions of the examples of each batch, `i32[size]`: shuffled by `key`, ascending if it is null. A jitted step that
 * takes them, and the data set, gathers its own batch and copies nothing. The same key gives the same batches.
 * @example
 * [...data.batchPositions(null, 5, { size: 2 })]; // => [[0 1], [2 3], [4]]
 * [...data.batchPositions(random.key(0), 5, { size: 2, dropLast: true })].length // => 2
 */
export function* batchPositions(
  key: Key | null,
  n: number,
  { size, dropLast = false }: BatchOptions,
): Generator<NDArray> {
  demandCount("batchPositions", "a batch size", size, 1, Number.MAX_SAFE_INTEGER);
  const order = orderOf(key, n),
    end = dropLast ? n - (n % size) : n;
  for (let at = 0; at < end; at += size) yield np.array(order.subarray(at, Math.min(at + size, end)));
}

/**
 * The batches of a data set (a pytree of arrays with a common first axis): shuffled by `key`, in order if it is null.
 * Throws ShapeError if the first axes differ.
 * @example
 * [...data.batches(null, { x: np.arange(3), y: np.array([1, 0, 1]) }, { size: 2 })]
 * // => [{ x: [0 1], y: [1 0] }, { x: [2], y: [1] }]
 */
export function* batches<T>(key: Key | null, dataset: T, options: BatchOptions): Generator<T> {
  for (const positions of batchPositions(key, rowCount(dataset), options)) yield takeRows(dataset, positions);
}
