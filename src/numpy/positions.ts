// Where elements are: positions of what is not 0, which only a concrete array can say, and index arithmetic.
import { type Shape, sizeOf, stridesOf } from "../core/aval.ts";
import { fromTyped } from "../runtime/array.ts";
import { type ArrayLike, asArray, type NDArray } from "./array.ts";
import * as given from "./given.ts";
import { along, hostData, positionsOf, trueOffsets } from "./indexingMask.ts";

/**
 * Positions of the elements that are not 0: one vector per axis. Throws TraceError under a transformation, where the number of
 * positions is not known.
 * @example
 * np.nonzero([[1, 0], [0, 2]]) // => [[0 1], [0 1]]
 */
export const nonzero = (x: ArrayLike): readonly NDArray[] => positionsOf(asArray(x, "nonzero"), "nonzero");
/**
 * Positions of the elements that are not 0: one row per element. Throws TraceError under a transformation.
 * @example
 * np.argwhere([[1, 0], [0, 2]]) // => [[0 0] [1 1]]
 */
export const argwhere = (x: ArrayLike): NDArray => {
  const v = asArray(x, "argwhere"),
    offsets = trueOffsets(hostData(v, "mask")),
    columns = along(v.shape, offsets),
    out = new Int32Array(offsets.length * v.ndim);
  columns.forEach((column, a) => {
    for (let i = 0; i < column.length; i++) out[i * v.ndim + a] = column[i] as number;
  });
  return fromTyped("int32", [offsets.length, v.ndim], out, "argwhere");
};
/**
 * Positions in the flattened array of the elements that are not 0. Throws TraceError under a transformation.
 * @example
 * np.flatnonzero([[1, 0], [0, 2]]) // => [0 3]
 */
export const flatnonzero = (x: ArrayLike): NDArray => {
  const offsets = trueOffsets(hostData(asArray(x, "flatnonzero"), "mask"));
  return fromTyped("int32", [offsets.length], offsets, "flatnonzero");
};

/**
 * The position along each axis of positions in the flattened array of shape `shape`.
 * @example
 * np.unravelIndex(5, [2, 3]) // => [1, 2]
 */
export const unravelIndex = (positions: ArrayLike, shape: Shape): readonly NDArray[] => {
  const at = asArray(positions, "unravelIndex", "int32"),
    n = sizeOf(given.shape("unravelIndex", given.list("unravelIndex", "extents", shape))),
    strides = stridesOf(shape);
  const inside = at.mod(n);
  return shape.map((d, a) => inside.floorDivide(strides[a] as number).mod(d));
};
