// The namespace `ops`: reductions of segments, groups of rows that share a number.
import { showAval } from "../core/aval.ts";
import type { DType } from "../core/dtype.ts";
import { isFloating } from "../core/dtype.ts";
import { ArgumentError, ShapeError } from "../core/errors.ts";
import { settle } from "../core/lift.ts";
import type { Value } from "../core/value.ts";
import { scatterAdd } from "../primitives/indexing.ts";
import { full, reshape } from "../primitives/linear.ts";
import { scatterMax, scatterMin, scatterMul, type UniqueScatterOptions } from "../primitives/scatter.ts";
import { type ArrayLike, asArray, type NDArray } from "./array.ts";
import { hostData } from "./indexingMask.ts";
import { asInt32, positionArray } from "./indexingPositions.ts";
import { named } from "./named.ts";

/** How many segments there are, and what happens to rows of none of them. */
export interface SegmentOptions {
  /** The extent of the result; default one more than the largest number, which has to be known (outside jit). */
  readonly numSegments?: number;
  /** Numbers out of range: leave the rows out (default), or count them to the nearest segment. */
  readonly mode?: "drop" | "clip";
  /** A promise that no number comes twice. */
  readonly uniqueIndices?: boolean;
}
type Scatter = (x: Value, rows: Value, v: Value, options: UniqueScatterOptions) => Value;

const lowest = (dtype: DType): number => (isFloating(dtype) ? -Infinity : dtype === "int32" ? -(2 ** 31) : 0);
const highest = (dtype: DType): number =>
  isFloating(dtype) ? Infinity : dtype === "int32" ? 2 ** 31 - 1 : 2 ** 32 - 1;

const countOf = (op: string, ids: Value, given: number | undefined): number => {
  if (given === undefined)
    return Array.from(hostData(ids, `${op} without numSegments`)).reduce((most, id) => Math.max(most, id + 1), 0);
  if (!Number.isInteger(given) || given < 0)
    throw new ArgumentError({ op, expected: "numSegments of at least 0", got: String(given) });
  return given;
};
const segments = (op: string, initial: (dtype: DType) => number, scatter: Scatter) =>
  named(
    op,
    [],
    ["numSegments", "mode", "uniqueIndices"],
    (data: ArrayLike, segmentIds: ArrayLike, options: SegmentOptions = {}): NDArray => {
      const x = asArray(data, op),
        ids = asInt32(positionArray(op, segmentIds));
      if (ids.ndim !== 1 || ids.shape[0] !== x.shape[0])
        throw new ShapeError({
          op,
          expected: `a segment number per row of ${showAval(x.aval)}`,
          got: showAval(ids.aval),
        });
      const out = full([countOf(op, ids, options.numSegments), ...x.shape.slice(1)], initial(x.dtype), x.dtype);
      const window = x.shape.slice(1).map((_, d) => d + 1);
      return settle(
        scatter(out, reshape(ids, [...ids.shape, 1]), x, {
          dimensionNumbers: { updateWindowDims: window, insertedWindowDims: [0], scatterDimsToOperandDims: [0] },
          mode: options.mode ?? "drop",
          uniqueIndices: options.uniqueIndices ?? false,
        }),
        op,
      );
    },
  );

/**
 * Sums of rows by segment, `out[s] = sum of data[i] over i with segmentIds[i] = s`; 0 for empty segments. Throws ShapeError, DTypeError,
 * and TraceError if `numSegments` is missing under jit.
 * @example
 * ops.segmentSum(np.array([1, 2, 3]), [0, 1, 0]) // => [4 2]
 */
export const segmentSum = segments("segmentSum", () => 0, scatterAdd);
/**
 * Products of rows by segment; 1 for empty segments. Throws as `segmentSum` does.
 * @example
 * ops.segmentProd(np.array([2, 5, 3]), [0, 1, 0], { numSegments: 3 }) // => [6 5 1]
 */
export const segmentProd = segments("segmentProd", () => 1, scatterMul);
/**
 * The greatest of rows by segment; -inf (or the least integer) for empty segments. Throws as `segmentSum` does.
 * @example
 * ops.segmentMax(np.array([2, 5, 3]), [0, 1, 0]) // => [3 5]
 */
export const segmentMax = segments("segmentMax", lowest, scatterMax);
/**
 * The least of rows by segment; inf (or the largest integer) for empty segments. Throws as `segmentSum` does.
 * @example
 * ops.segmentMin(np.array([2, 5, 3]), [0, 1, 0]) // => [2 5]
 */
export const segmentMin = segments("segmentMin", highest, scatterMin);
