// Gather and the scatters in their general form: windows at starts that an array of indices gives.
import type { Shape } from "../../core/aval.ts";
import { settle } from "../../core/lift.ts";
import { Value } from "../../core/value.ts";
import type {
  GatherDimensionNumbers,
  GatherMode,
  ScatterDimensionNumbers,
  ScatterMode,
} from "../../primitives/indexing.ts";
import * as indexing from "../../primitives/indexing.ts";
import * as scatters from "../../primitives/scatter.ts";
import { type ArrayLike, asArray, type NDArray } from "../array.ts";
import { watchWindows } from "../indexCheck.ts";
import { named } from "../named.ts";
import * as given from "../given.ts";

export type { GatherDimensionNumbers, ScatterDimensionNumbers };
/** What `gather` does with windows that do not fit: fill them (default), or move them to where they do. */
export interface GatherOptions {
  readonly mode?: GatherMode;
  /** Default NaN, the least int32, the largest uint32 or uint8, true. */
  readonly fillValue?: number;
}
/** What a scatter does with windows that do not fit: drop them (default), or move them to where they do. */
export interface ScatterOptions {
  readonly mode?: ScatterMode;
  /** A promise that no two updates meet: cheaper gradients, and `scatterMul` has one by its updates. */
  readonly uniqueIndices?: boolean;
}

/**
 * Windows of `operand` of extents `sliceSizes`, one per row of `startIndices`: the last axis of the rows holds the starts along the
 * axes `startIndexMap`; `collapsedSliceDims` are left out of the result, the window's other axes stand at `offsetDims`. Throws
 * ShapeError and DTypeError.
 * @example
 * const rows = np.array([[2], [0]], { dtype: "int32" });
 * const dimensionNumbers = { offsetDims: [], collapsedSliceDims: [0], startIndexMap: [0] };
 * lax.gather(np.array([1, 2, 3]), rows, dimensionNumbers, [1]) // => [3 1]
 */
export const gather = named(
  "gather",
  [],
  ["mode", "fillValue"],
  (
    operand: ArrayLike,
    startIndices: ArrayLike,
    dimensionNumbers: GatherDimensionNumbers,
    sliceSizes: Shape,
    options: GatherOptions = {},
  ): NDArray => {
    given.axisLists("gather", "dimension numbers", dimensionNumbers, [
      "offsetDims",
      "collapsedSliceDims",
      "startIndexMap",
    ]);
    given.shape("gather", given.list("gather", "extents", sliceSizes));
    const op = "gather",
      x = asArray(operand, op),
      rows = asArray(startIndices, op),
      axes = dimensionNumbers.startIndexMap,
      sizes = axes.map((d) => sliceSizes[d] as number);
    watchWindows(op, x.aval, axes, sizes, rows, options.mode);
    return settle(indexing.gather(x, rows, { ...options, dimensionNumbers, sliceSizes }), op);
  },
);

type Scatter = (x: Value, indices: Value, updates: Value, options: scatters.UniqueScatterOptions) => Value;
const scattering = (op: string, f: Scatter) =>
  named(
    op,
    [],
    ["mode", "uniqueIndices"],
    (
      operand: ArrayLike,
      scatterIndices: ArrayLike,
      updates: ArrayLike,
      dimensionNumbers: ScatterDimensionNumbers,
      options: ScatterOptions = {},
    ): NDArray => {
      given.axisLists(op, "dimension numbers", dimensionNumbers, [
        "updateWindowDims",
        "insertedWindowDims",
        "scatterDimsToOperandDims",
      ]);
      const x = asArray(operand, op),
        u = updates instanceof Value ? updates : asArray(updates, op, x.dtype);
      return settle(f(x, asArray(scatterIndices, op), u, { ...options, dimensionNumbers }), op);
    },
  );
/**
 * `operand` with windows of `updates` written at the starts in `scatterIndices`; where two meet, the last one stays. Throws ShapeError
 * and DTypeError.
 * @example
 * const rows = np.array([[2], [0]], { dtype: "int32" });
 * const dimensionNumbers = { updateWindowDims: [], insertedWindowDims: [0], scatterDimsToOperandDims: [0] };
 * lax.scatter(np.array([1, 2, 3]), rows, [8, 9], dimensionNumbers) // => [9 2 8]
 */
export const scatter = scattering("scatter", scatters.scatter);
/**
 * `operand` with windows of `updates` added at the starts in `scatterIndices`. Throws ShapeError and DTypeError.
 * @example
 * const rows = np.array([[0], [0]], { dtype: "int32" });
 * const dimensionNumbers = { updateWindowDims: [], insertedWindowDims: [0], scatterDimsToOperandDims: [0] };
 * lax.scatterAdd(np.array([1, 2, 3]), rows, [10, 20], dimensionNumbers) // => [31 2 3]
 */
export const scatterAdd = scattering("scatterAdd", indexing.scatterAdd);
/**
 * `operand` with windows of `updates` multiplied in at the starts in `scatterIndices`. Throws ShapeError and DTypeError.
 * @example
 * const rows = np.array([[0], [0]], { dtype: "int32" });
 * const dimensionNumbers = { updateWindowDims: [], insertedWindowDims: [0], scatterDimsToOperandDims: [0] };
 * lax.scatterMul(np.array([1, 2, 3]), rows, [10, 20], dimensionNumbers) // => [200 2 3]
 */
export const scatterMul = scattering("scatterMul", scatters.scatterMul);
/**
 * The lesser of `operand` and the windows of `updates` at the starts in `scatterIndices`; NaN wins. Throws ShapeError and DTypeError.
 * @example
 * const rows = np.array([[0], [2]], { dtype: "int32" });
 * const dimensionNumbers = { updateWindowDims: [], insertedWindowDims: [0], scatterDimsToOperandDims: [0] };
 * lax.scatterMin(np.array([1, 2, 3]), rows, [0, 5], dimensionNumbers) // => [0 2 3]
 */
export const scatterMin = scattering("scatterMin", scatters.scatterMin);
/**
 * The greater of `operand` and the windows of `updates` at the starts in `scatterIndices`; NaN wins. Throws ShapeError and DTypeError.
 * @example
 * const rows = np.array([[0], [2]], { dtype: "int32" });
 * const dimensionNumbers = { updateWindowDims: [], insertedWindowDims: [0], scatterDimsToOperandDims: [0] };
 * lax.scatterMax(np.array([1, 2, 3]), rows, [0, 5], dimensionNumbers) // => [1 2 5]
 */
export const scatterMax = scattering("scatterMax", scatters.scatterMax);
