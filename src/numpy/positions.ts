// Where elements are: positions of what is not 0, which only a concrete array can say, and index arithmetic.
import { type Shape, sizeOf, stridesOf } from "../core/aval.ts";
import type { TypedArray } from "../core/dtype.ts";
import { tracerMisuse } from "../core/misuse.ts";
import { Tracer } from "../core/value.ts";
import { fromTyped } from "../runtime/array.ts";
import { type ArrayLike, asArray, type NDArray } from "./array.ts";
import { elements } from "./reading.ts";
import * as given from "./given.ts";

/** Shape and elements of a concrete array; a traced one throws. */
const known = (op: string, x: ArrayLike): readonly [Shape, TypedArray] => {
  const v = asArray(x, op);
  if (v instanceof Tracer) tracerMisuse(v, "mask");
  return [v.shape, elements(v)];
};
/** Row-major positions of what is not 0. */
const flatPositions = (flat: TypedArray): Int32Array => {
  let n = 0;
  for (let i = 0; i < flat.length; i++) if (flat[i] !== 0) n++;
  const out = new Int32Array(n);
  let k = 0;
  for (let i = 0; i < flat.length; i++) if (flat[i] !== 0) out[k++] = i;
  return out;
};
/** Position along one axis of each row-major position. */
const along = (places: Int32Array, shape: Shape, axis: number): Int32Array => {
  const stride = stridesOf(shape)[axis] as number,
    extent = shape[axis] as number;
  return places.map((p) => Math.floor(p / stride) % extent);
};
const vector = (op: string, data: Int32Array): NDArray => fromTyped("int32", [data.length], data, op);

/**
 * Positions of the elements that are not 0: one vector per axis. Throws TraceError under a transformation, where the number of
 * positions is not known.
 * @example
 * np.nonzero([[1, 0], [0, 2]]) // => [[0 1], [0 1]]
 */
export const nonzero = (x: ArrayLike): readonly NDArray[] => {
  const [shape, flat] = known("nonzero", x),
    places = flatPositions(flat);
  return shape.map((_, a) => vector("nonzero", along(places, shape, a)));
};
/**
 * Positions of the elements that are not 0: one row per element. Throws TraceError under a transformation.
 * @example
 * np.argwhere([[1, 0], [0, 2]]) // => [[0 0] [1 1]]
 */
export const argwhere = (x: ArrayLike): NDArray => {
  const [shape, flat] = known("argwhere", x),
    places = flatPositions(flat),
    columns = shape.map((_, a) => along(places, shape, a));
  const out = new Int32Array(places.length * shape.length);
  columns.forEach((column, a) => {
    for (let i = 0; i < column.length; i++) out[i * shape.length + a] = column[i] as number;
  });
  return fromTyped("int32", [places.length, shape.length], out, "argwhere");
};
/**
 * Positions in the flattened array of the elements that are not 0. Throws TraceError under a transformation.
 * @example
 * np.flatnonzero([[1, 0], [0, 2]]) // => [0 3]
 */
export const flatnonzero = (x: ArrayLike): NDArray => vector("flatnonzero", flatPositions(known("flatnonzero", x)[1]));

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
