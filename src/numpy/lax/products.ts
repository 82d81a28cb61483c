// Products of matrices and the general dot product.
import { showAval } from "../../core/aval.ts";
import type { DType } from "../../core/dtype.ts";
import { ShapeError } from "../../core/errors.ts";
import { settle } from "../../core/lift.ts";
import type { Value } from "../../core/value.ts";
import type { AxisPairs } from "../../primitives/dot.ts";
import * as dots from "../../primitives/dot.ts";
import { convertElementType } from "../../primitives/elementwise.ts";
import { type ArrayLike, asArray, type NDArray } from "../array.ts";
import { named } from "../named.ts";
import * as given from "../given.ts";

/** Which axes are summed over, and which run along in both operands: pairs of lists, left and right. */
export type DotDimensionNumbers = readonly [contract: AxisPairs, batch: AxisPairs];
/** The dtype of a product. */
export interface DotGeneralOptions {
  /** The dtype to compute in and to return. */
  readonly preferredElementType?: DType;
}
const general = (
  op: string,
  x: ArrayLike,
  y: ArrayLike,
  axes: { readonly contract: AxisPairs; readonly batch?: AxisPairs },
  { preferredElementType: dtype }: DotGeneralOptions,
): NDArray => {
  const as = (v: ArrayLike): Value =>
    dtype === undefined ? asArray(v, op) : convertElementType(asArray(v, op), dtype);
  return settle(dots.dotGeneral(as(x), as(y), axes), op);
};

/**
 * `out[b, m, n] = sum_k x[b, m, k] y[b, n, k]` with the axes in any order: `[[contract left, right], [batch left, right]]`. The result has
 * the batch axes, then the other axes of x, then those of y. Throws ShapeError and DTypeError.
 * @example
 * lax.dotGeneral([[1, 2], [3, 4]], [[1, 0], [0, 1]], [[[1], [0]], [[], []]]) // => [[1 2] [3 4]]
 */
export const dotGeneral = named(
  "dotGeneral",
  [],
  ["preferredElementType"],
  (x: ArrayLike, y: ArrayLike, dimensionNumbers: DotDimensionNumbers, options: DotGeneralOptions = {}): NDArray => {
    const op = "dotGeneral",
      [contract, batch] = given.list(op, "axes to contract and axes of the batch", dimensionNumbers);
    return general(op, x, y, { contract, batch }, options);
  },
);
/**
 * The product of two vectors, of a matrix and a vector, or of two matrices. Throws ShapeError for other ranks, DTypeError.
 * @example
 * lax.dot([[1, 2], [3, 4]], [1, 1]) // => [3 7]
 */
export const dot = named(
  "dot",
  [],
  ["preferredElementType"],
  (x: ArrayLike, y: ArrayLike, options: DotGeneralOptions = {}): NDArray => {
    const [a, b] = [asArray(x, "dot"), asArray(y, "dot")];
    if (![1, 2].includes(a.ndim) || ![1, 2].includes(b.ndim))
      throw new ShapeError({
        op: "dot",
        expected: "vectors or matrices",
        got: `${showAval(a.aval)} and ${showAval(b.aval)}`,
        remedy: "use lax.dotGeneral or np.dot",
      });
    return general("dot", a, b, { contract: [[a.ndim - 1], [0]] }, options);
  },
);
/**
 * Products of matrices in the last two axes, `out[..., m, n] = sum_k x[..., m, k] y[..., k, n]`; the axes before are equal. Throws
 * ShapeError and DTypeError.
 * @example
 * lax.batchMatmul([[[1, 2]]], [[[3], [4]]]) // => [[[11]]]
 */
export const batchMatmul = named(
  "batchMatmul",
  [],
  ["preferredElementType"],
  (x: ArrayLike, y: ArrayLike, options: DotGeneralOptions = {}): NDArray => {
    const [a, b] = [asArray(x, "batchMatmul"), asArray(y, "batchMatmul")],
      n = a.ndim;
    if (n < 2 || b.ndim !== n)
      throw new ShapeError({
        op: "batchMatmul",
        expected: "operands of equal rank, at least 2",
        got: `${showAval(a.aval)} and ${showAval(b.aval)}`,
      });
    const batch = Array.from({ length: n - 2 }, (_, d) => d);
    return general("batchMatmul", a, b, { contract: [[n - 1], [n - 2]], batch: [batch, batch] }, options);
  },
);
