// Slices: with bounds that are known, and at starts that data give, moved to where the window fits.
import type { Shape } from "../../core/aval.ts";
import { showAval } from "../../core/aval.ts";
import { ShapeError } from "../../core/errors.ts";
import { settle } from "../../core/lift.ts";
import { Value } from "../../core/value.ts";
import * as dynamic from "../../primitives/dynamic.ts";
import * as movement from "../../primitives/movement.ts";
import { type ArrayLike, asArray, type NDArray } from "../array.ts";
import { normalAxis } from "../axes.ts";
import { watchWindows } from "../indexCheck.ts";
import { fromStart, scalarIndex } from "./operands.ts";
import { named } from "../named.ts";
import * as given from "../given.ts";

/**
 * The elements `start, start + stride, ...` below `limit`, per axis. Throws ShapeError for bounds outside the array.
 * @example
 * lax.slice([1, 2, 3, 4, 5], [1], [5], [2]) // => [2 4]
 */
export const slice = named(
  "slice",
  ["strides"],
  [],
  (x: ArrayLike, startIndices: Shape, limitIndices: Shape, strides: Shape | null = null): NDArray =>
    settle(
      movement.slice(
        asArray(x, "slice"),
        given.integers("slice", "starts", startIndices),
        given.integers("slice", "limits", limitIndices),
        strides === null ? undefined : given.integers("slice", "strides", strides),
      ),
      "slice",
    ),
);
/**
 * The elements `start, start + stride, ...` below `limit` of one axis; negative and missing bounds as in Python. Throws ShapeError.
 * @example
 * lax.sliceInDim([1, 2, 3, 4], -3, null) // => [2 3 4]
 */
export const sliceInDim = named(
  "sliceInDim",
  ["stride", "axis"],
  [],
  (
    x: ArrayLike,
    startIndex: number | null,
    limitIndex: number | null,
    stride: number = 1,
    axis: number = 0,
  ): NDArray => {
    const op = "sliceInDim",
      v = asArray(x, op),
      d = normalAxis(axis, v.ndim, op),
      n = v.shape[d] as number;
    const at = (i: number): number => (given.integer(op, "a bound", i) < 0 ? i + n : i);
    return settle(movement.sliceAxis(v, d, at(startIndex ?? 0), at(limitIndex ?? n), stride), op);
  },
);
/**
 * The elements at a known index of one axis, which stays with extent 1 unless `keepdims` is false. Throws ShapeError out of range.
 * @example
 * lax.indexInDim([[1, 2], [3, 4]], -1) // => [[3 4]]
 */
export const indexInDim = named(
  "indexInDim",
  ["axis", "keepdims"],
  [],
  (x: ArrayLike, index: number, axis: number = 0, keepdims: boolean = true): NDArray => {
    const op = "indexInDim",
      v = asArray(x, op),
      d = normalAxis(axis, v.ndim, op),
      i = normalAxis(index, v.shape[d] as number, op);
    const one = movement.sliceAxis(v, d, i, i + 1);
    return settle(keepdims ? one : movement.squeeze(one, [d]), op);
  },
);

/** Starts as scalars int32 counted from the start: a list of them, or one array. */
const startsOf = (op: string, x: Value, starts: ArrayLike | readonly ArrayLike[]): readonly Value[] => {
  const array = starts instanceof Value || ArrayBuffer.isView(starts) ? asArray(starts, op) : null;
  if (array !== null && array.ndim !== 1)
    throw new ShapeError({ op, expected: `a start per axis of ${showAval(x.aval)}`, got: showAval(array.aval) });
  const list =
    array === null
      ? given.list(op, "starts", starts as readonly ArrayLike[])
      : Array.from({ length: array.shape[0] as number }, (_, i) =>
          movement.squeeze(movement.sliceAxis(array, 0, i, i + 1), [0]),
        );
  if (list.length !== x.ndim)
    throw new ShapeError({
      op,
      expected: `${x.ndim} starts, one per axis of ${showAval(x.aval)}`,
      got: `${list.length}`,
    });
  return list.map((s, d) => fromStart(scalarIndex(op, s), x.shape[d] as number));
};
/** The same starts, watched in check mode. */
const watched = (op: string, x: Value, starts: readonly Value[], sizes: Shape): readonly Value[] => {
  starts.forEach((s, d) => {
    watchWindows(op, x.aval, [d], [sizes[d] as number], s);
  });
  return starts;
};
/** Starts of a window along one axis. */
const alongAxis = (x: Value, axis: number, start: ArrayLike): readonly ArrayLike[] =>
  x.shape.map((_, d) => (d === axis ? start : 0));

/**
 * The window of extents `sliceSizes` at `startIndices`, which may be traced: negative ones count from the end, and all are moved to
 * where the window fits. Throws ShapeError and DTypeError.
 * @example
 * lax.dynamicSlice([1, 2, 3, 4], [3], [2]) // => [3 4]
 */
export const dynamicSlice = (
  x: ArrayLike,
  startIndices: ArrayLike | readonly ArrayLike[],
  sliceSizes: Shape,
): NDArray => {
  const v = asArray(x, "dynamicSlice");
  return settle(
    dynamic.dynamicSlice(
      v,
      watched("dynamicSlice", v, startsOf("dynamicSlice", v, startIndices), sliceSizes),
      sliceSizes,
    ),
    "dynamicSlice",
  );
};
/**
 * `x` with `update` written at `startIndices`, which are taken as in `dynamicSlice`. Throws ShapeError and DTypeError.
 * @example
 * lax.dynamicUpdateSlice([1, 2, 3, 4], [8, 9], [1]) // => [1 8 9 4]
 */
export const dynamicUpdateSlice = (
  x: ArrayLike,
  update: ArrayLike,
  startIndices: ArrayLike | readonly ArrayLike[],
): NDArray => {
  const op = "dynamicUpdateSlice",
    v = asArray(x, op),
    u = update instanceof Value ? update : asArray(update, op, v.dtype);
  return settle(dynamic.dynamicUpdateSlice(v, u, watched(op, v, startsOf(op, v, startIndices), u.shape)), op);
};
/**
 * `sliceSize` elements of one axis from `startIndex` on, as `dynamicSlice`. Throws ShapeError and DTypeError.
 * @example
 * lax.dynamicSliceInDim([1, 2, 3, 4], 1, 2) // => [2 3]
 */
export const dynamicSliceInDim = named(
  "dynamicSliceInDim",
  ["axis"],
  [],
  (x: ArrayLike, startIndex: ArrayLike, sliceSize: number, axis: number = 0): NDArray => {
    const v = asArray(x, "dynamicSliceInDim"),
      d = normalAxis(axis, v.ndim, "dynamicSliceInDim");
    return dynamicSlice(
      v,
      alongAxis(v, d, startIndex),
      v.shape.map((n, i) => (i === d ? given.integer("dynamicSliceInDim", "sliceSize", sliceSize, 0) : n)),
    );
  },
);
/**
 * The elements at an index of one axis that may be traced; the axis stays with extent 1 unless `keepdims` is false. Out of range the
 * nearest. Throws ShapeError and DTypeError.
 * @example
 * lax.dynamicIndexInDim([[1, 2], [3, 4]], 1, 0, false) // => [3 4]
 */
export const dynamicIndexInDim = named(
  "dynamicIndexInDim",
  ["axis", "keepdims"],
  [],
  (x: ArrayLike, index: ArrayLike, axis: number = 0, keepdims: boolean = true): NDArray => {
    const v = asArray(x, "dynamicIndexInDim"),
      d = normalAxis(axis, v.ndim, "dynamicIndexInDim"),
      one = dynamicSliceInDim(v, index, 1, d);
    return keepdims ? one : settle(movement.squeeze(one, [d]), "dynamicIndexInDim");
  },
);
/**
 * `x` with `update` written along one axis from `startIndex` on, as `dynamicUpdateSlice`. Throws ShapeError and DTypeError.
 * @example
 * lax.dynamicUpdateSliceInDim([1, 2, 3], [9], 2, 0) // => [1 2 9]
 */
export const dynamicUpdateSliceInDim = (
  x: ArrayLike,
  update: ArrayLike,
  startIndex: ArrayLike,
  axis: number,
): NDArray => {
  const v = asArray(x, "dynamicUpdateSliceInDim");
  return dynamicUpdateSlice(v, update, alongAxis(v, normalAxis(axis, v.ndim, "dynamicUpdateSliceInDim"), startIndex));
};
/**
 * `x` with `update` written at one index of an axis; `update` may lack that axis. Throws ShapeError and DTypeError.
 * @example
 * lax.dynamicUpdateIndexInDim([[1, 2], [3, 4]], [8, 9], 1, 0) // => [[1 2] [8 9]]
 */
export const dynamicUpdateIndexInDim = (x: ArrayLike, update: ArrayLike, index: ArrayLike, axis: number): NDArray => {
  const op = "dynamicUpdateIndexInDim",
    v = asArray(x, op),
    d = normalAxis(axis, v.ndim, op),
    u = update instanceof Value ? update : asArray(update, op, v.dtype);
  return dynamicUpdateSliceInDim(v, u.ndim === v.ndim ? u : movement.expandDims(u, [d]), index, d);
};
