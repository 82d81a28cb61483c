// Sorting along an axis: elements are gathered by their order, so that derivatives go where the elements came from.
import { ArgumentError, ShapeError } from "../core/errors.ts";
import { settle } from "../core/lift.ts";
import type { Value } from "../core/value.ts";
import { takeAlong } from "../primitives/indexing.ts";
import { reshape } from "../primitives/linear.ts";
import { sliceAxis, squeeze } from "../primitives/movement.ts";
import * as order from "../primitives/sort.ts";
import { type ArrayLike, asArray, type NDArray } from "./array.ts";
import { normalAxis } from "./axes.ts";
import { broadcastTogether } from "./broadcasting.ts";
import { show } from "./given.ts";
import { named } from "./named.ts";

/** Options of `sort` and `argsort`. */
export interface SortOptions {
  /** From the largest to the least, NaN first; false by default. */
  readonly descending?: boolean;
  /** Whether equal elements have to keep their order; they always do. */
  readonly stable?: boolean;
}

/** Elements in an order along an axis, which may be shorter than the axis. */
export const inOrder = (x: Value, indices: Value, axis: number): Value => takeAlong(x, indices, axis, "clip");
/** The order by several keys of one shape, of which the first counts most: one stable pass per key, from the last one on. */
export const orderBy = (keys: readonly [Value, ...Value[]], axis: number): Value => {
  const last = keys.length - 1;
  return keys
    .slice(0, last)
    .reduceRight(
      (sofar, key) => inOrder(sofar, order.argsort(inOrder(key, sofar, axis), axis), axis),
      order.argsort(keys[last] as Value, axis),
    );
};

/** The array and its axis; without an axis it is flat. */
const along = (op: string, x: ArrayLike, axis: number | null): readonly [Value, number] => {
  const v = asArray(x, op);
  return axis === null ? [reshape(v, [v.size]), 0] : [v, normalAxis(axis, v.ndim, op)];
};
/**
 * The elements in order along an axis (the last by default; null sorts the flat array): NaN is the largest, zeros of both signs are
 * equal, equal elements keep their order. The gradient goes back to where the elements came from. A stable radix sort. Throws ShapeError.
 * @example
 * np.sort([[3, 1, 2], [6, 5, 4]]) // => [[1 2 3] [4 5 6]]
 * np.sort([2, 3, 1], { descending: true }) // => [3 2 1]
 * grad((x) => np.sort(x).slice(0))(np.array([2, 3, 1])) // => [0 0 1]
 */
export const sort = named(
  "sort",
  ["axis"],
  ["descending", "stable"],
  (x: ArrayLike, axis: number | null = -1, { descending = false }: SortOptions = {}): NDArray => {
    const [v, d] = along("sort", x, axis);
    return settle(inOrder(v, order.argsort(v, d, descending), d), "sort");
  },
);
/**
 * The indices `i32` that sort along an axis (the last by default; null sorts the flat array), in the order of `sort`. Throws ShapeError.
 * @example
 * np.argsort([30, 10, 20]) // => [1 2 0]
 * np.argsort([1, 2, 2], { descending: true }) // => [1 2 0]
 */
export const argsort = named(
  "argsort",
  ["axis"],
  ["descending", "stable"],
  (x: ArrayLike, axis: number | null = -1, { descending = false }: SortOptions = {}): NDArray => {
    const [v, d] = along("argsort", x, axis);
    return settle(order.argsort(v, d, descending), "argsort");
  },
);

const isList = (x: unknown): x is readonly ArrayLike[] => Array.isArray(x);
/**
 * The indices `i32` that sort by several keys along an axis (the last by default): by the last key, among equals by the one before it,
 * and so on. Keys are a list of arrays, which broadcast, or the rows of an array. Throws ShapeError, and ArgumentError without keys.
 * @example
 * np.lexsort([[9, 1, 5], [2, 1, 1]]) // => [1 2 0]
 */
export const lexsort = named("lexsort", ["axis"], [], (keys: ArrayLike, axis: number = -1): NDArray => {
  const op = "lexsort";
  const whole = isList(keys) ? null : asArray(keys, op);
  if (whole?.ndim === 0) throw new ShapeError({ op, expected: "a list of keys", got: "a scalar" });
  const rows = isList(keys)
    ? keys.map((k) => asArray(k, op))
    : Array.from({ length: whole?.shape[0] ?? 0 }, (_, i) => squeeze(sliceAxis(whole as Value, 0, i, i + 1), [0]));
  const [last, ...before] = [...broadcastTogether(op, rows)].reverse();
  if (last === undefined) throw new ArgumentError({ op, expected: "at least one key", got: "none" });
  return settle(orderBy([last, ...before], normalAxis(axis, last.ndim, op)), op);
});

/** Position `kth` has to be one of the axis; the whole axis is sorted, which is a partition by every position. */
const checkKth = (op: string, v: Value, axis: number, kth: number): void => {
  const n = v.shape[axis] as number;
  if (!Number.isInteger(kth) || kth < -n || kth >= n)
    throw new ArgumentError({
      op,
      expected: n === 0 ? "an axis with elements" : `a position from ${-n} to ${n - 1}`,
      got: n === 0 ? `shape [${v.shape}]` : show(kth),
    });
};
/**
 * The elements along an axis (the last by default; null for the flat array) with the one that sorting would bring to position `kth` there,
 * none larger before it and none smaller behind it. This is a full sort. Throws ShapeError, and ArgumentError for a position out of range.
 * @example
 * np.partition([4, 1, 3, 2], 1) // => [1 2 3 4]
 */
export const partition = named(
  "partition",
  ["axis"],
  [],
  (x: ArrayLike, kth: number, axis: number | null = -1): NDArray => {
    const [v, d] = along("partition", x, axis);
    checkKth("partition", v, d, kth);
    return sort(v, d);
  },
);
/**
 * The indices `i32` that `partition` gathers by. This is a full argsort. Throws ShapeError, and ArgumentError for a position out of range.
 * @example
 * np.argpartition([4, 1, 3, 2], 1) // => [1 3 2 0]
 */
export const argpartition = named(
  "argpartition",
  ["axis"],
  [],
  (x: ArrayLike, kth: number, axis: number | null = -1): NDArray => {
    const [v, d] = along("argpartition", x, axis);
    checkKth("argpartition", v, d, kth);
    return argsort(v, d);
  },
);
