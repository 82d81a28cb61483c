// Shapes and dtypes: broadcast, reshape, transpose, join, pad; arrays full of one number or of indices.
import type { Shape } from "../../core/aval.ts";
import { showAval, sizeOf } from "../../core/aval.ts";
import { type DType, dtypes } from "../../core/dtype.ts";
import { ShapeError } from "../../core/errors.ts";
import { settle } from "../../core/lift.ts";
import { Literal, type Value } from "../../core/value.ts";
import * as p from "../../primitives/elementwise.ts";
import * as linear from "../../primitives/linear.ts";
import * as movement from "../../primitives/movement.ts";
import { type ArrayLike, asArray, elementOf, type NDArray } from "../array.ts";
import { normalAxis, orderedAxes } from "../axes.ts";
import { named } from "../named.ts";
import * as given from "../given.ts";

/**
 * Repeat `x` along new leading axes: `[...sizes, ...x.shape]`.
 * @example
 * lax.broadcast([1, 2], [2]) // => [[1 2] [1 2]]
 */
export const broadcast = (x: ArrayLike, sizes: Shape): NDArray => {
  const v = asArray(x, "broadcast");
  return settle(
    linear.broadcast(
      v,
      [...given.shape("broadcast", given.list("broadcast", "extents", sizes)), ...v.shape],
      sizes.map((_, i) => i),
    ),
    "broadcast",
  );
};
/**
 * Repeat `x` to `shape`, its axis i being axis `broadcastDimensions[i]` of the result; axes of extent 1 repeat. Throws ShapeError.
 * @example
 * lax.broadcastInDim([1, 2], [2, 3], [0]) // => [[1 1 1] [2 2 2]]
 */
export const broadcastInDim = (x: ArrayLike, shape: Shape, broadcastDimensions: readonly number[]): NDArray => {
  const op = "broadcastInDim",
    v = asArray(x, op);
  given.shape(op, given.list(op, "extents", shape));
  const ascending = given
    .integers(op, "axes", broadcastDimensions)
    .every((d, i) => d > (broadcastDimensions[i - 1] ?? -1) && d < shape.length);
  if (
    !ascending ||
    broadcastDimensions.length !== v.ndim ||
    !v.shape.every((n, i) => n === 1 || n === shape[broadcastDimensions[i] as number])
  )
    throw new ShapeError({
      op,
      expected: `ascending axes of [${shape}], one per axis of ${showAval(v.aval)}, of its extents or 1`,
      got: `[${broadcastDimensions}]`,
    });
  const old = broadcastDimensions.filter((d, i) => v.shape[i] === shape[d]);
  return settle(
    linear.broadcast(
      linear.reshape(
        v,
        old.map((d) => shape[d] as number),
      ),
      shape,
      shape.map((_, d) => d).filter((d) => !old.includes(d)),
    ),
    op,
  );
};
/**
 * The same elements in row-major order under another shape, after a transposition by `dimensions` if that is given. Throws ShapeError.
 * @example
 * lax.reshape([[1, 2], [3, 4]], [4]) // => [1 2 3 4]
 */
export const reshape = named(
  "reshape",
  ["dimensions"],
  [],
  (x: ArrayLike, newSizes: Shape, dimensions: readonly number[] | null = null): NDArray => {
    const v = asArray(x, "reshape");
    return settle(
      linear.reshape(
        dimensions === null ? v : permuted("reshape", v, dimensions),
        given.shape("reshape", given.list("reshape", "extents", newSizes)),
      ),
      "reshape",
    );
  },
);
const permuted = (op: string, x: Value, permutation: readonly number[]): Value => {
  const axes = orderedAxes(permutation, x.ndim, op);
  if (axes.length !== x.ndim)
    throw new ShapeError({
      op,
      expected: `a permutation of the ${x.ndim} axes of ${showAval(x.aval)}`,
      got: `[${permutation}]`,
    });
  return linear.transpose(x, axes);
};
/**
 * Axis i of the result is axis `permutation[i]` of `x`. Throws ShapeError.
 * @example
 * lax.transpose([[1, 2], [3, 4]], [1, 0]) // => [[1 3] [2 4]]
 */
export const transpose = (x: ArrayLike, permutation: readonly number[]): NDArray =>
  settle(permuted("transpose", asArray(x, "transpose"), permutation), "transpose");
/**
 * The axes from `start` up to `stop` (default the end) as one. Throws ShapeError.
 * @example
 * lax.collapse([[[1, 2], [3, 4]]], 1) // => [[1 2 3 4]]
 */
export const collapse = named(
  "collapse",
  ["stop"],
  [],
  (x: ArrayLike, start: number, stop: number | null = null): NDArray => {
    const op = "collapse",
      v = asArray(x, op),
      from = normalAxis(start, v.ndim, op),
      to = stop === null || stop === v.ndim ? v.ndim : normalAxis(stop, v.ndim, op);
    if (to < from) throw new ShapeError({ op, expected: `a stop of at least ${from}`, got: String(stop) });
    return settle(
      linear.reshape(v, [...v.shape.slice(0, from), sizeOf(v.shape.slice(from, to)), ...v.shape.slice(to)]),
      op,
    );
  },
);
/**
 * New axes of extent 1 at `dimensions`, positions in the result. Throws ShapeError.
 * @example
 * lax.expandDims([1, 2], [0, 2]) // => [[[1] [2]]]
 */
export const expandDims = (x: ArrayLike, dimensions: readonly number[]): NDArray => {
  const v = asArray(x, "expandDims"),
    axes = orderedAxes(dimensions, v.ndim + given.list("expandDims", "axes", dimensions).length, "expandDims");
  return settle(
    movement.expandDims(
      v,
      [...axes].sort((a, b) => a - b),
    ),
    "expandDims",
  );
};
/**
 * Drop the axes `dimensions`, which have extent 1. Throws ShapeError.
 * @example
 * lax.squeeze([[1, 2]], [0]) // => [1 2]
 */
export const squeeze = (x: ArrayLike, dimensions: readonly number[]): NDArray => {
  const v = asArray(x, "squeeze");
  return settle(movement.squeeze(v, orderedAxes(dimensions, v.ndim, "squeeze")), "squeeze");
};
/**
 * The order along `dimensions` reversed. Throws ShapeError.
 * @example
 * lax.rev([1, 2, 3], [0]) // => [3 2 1]
 */
export const rev = (x: ArrayLike, dimensions: readonly number[]): NDArray => {
  const v = asArray(x, "rev");
  return settle(
    movement.rev(
      v,
      [...orderedAxes(dimensions, v.ndim, "rev")].sort((a, b) => a - b),
    ),
    "rev",
  );
};
/**
 * The arrays behind one another along `dimension`. Throws ShapeError and DTypeError where they differ, ArgumentError without arrays.
 * @example
 * lax.concatenate([[1], [2, 3]], 0) // => [1 2 3]
 */
export const concatenate = (xs: readonly ArrayLike[], dimension: number): NDArray => {
  const values = given.list("concatenate", "arrays", xs).map((x) => asArray(x, "concatenate"));
  return settle(movement.concatenate(values, given.integer("concatenate", "the axis", dimension)), "concatenate");
};
/**
 * Elements of `x` with `paddingValue` around and between them: per axis `[lo, hi, interior]`; negative `lo` and `hi` crop. Throws
 * ShapeError and DTypeError.
 * @example
 * lax.pad([1, 2], 0, [[1, 0, 1]]) // => [0 1 0 2]
 */
export const pad = (
  x: ArrayLike,
  paddingValue: ArrayLike,
  paddingConfig: readonly (readonly [lo: number, hi: number, interior: number])[],
): NDArray => {
  const v = asArray(x, "pad"),
    filler =
      typeof paddingValue === "number"
        ? new Literal(elementOf(paddingValue, v.dtype), v.dtype)
        : asArray(paddingValue, "pad");
  const part = (k: 0 | 1 | 2): readonly number[] => paddingConfig.map((c) => c[k]);
  if (
    given.list("pad", "paddings", paddingConfig).length !== v.ndim ||
    !paddingConfig.every((c) => Array.isArray(c) && c.length === 3 && c.every(Number.isInteger))
  )
    throw new ShapeError({
      op: "pad",
      expected: `[lo, hi, interior] per axis of ${showAval(v.aval)}`,
      got: given.show(paddingConfig),
    });
  return settle(movement.pad(v, filler, part(0), part(1), part(2)), "pad");
};

/**
 * An array of `shape` full of one number. Throws ShapeError.
 * @example
 * lax.full([2], 7) // => [7 7]
 */
export const full = named(
  "full",
  [],
  ["dtype"],
  (shape: Shape, fillValue: ArrayLike, { dtype }: { readonly dtype?: DType } = {}): NDArray => {
    const v = asArray(fillValue, "full", dtype);
    given.shape("full", given.list("full", "extents", shape));
    if (v.ndim !== 0) throw new ShapeError({ op: "full", expected: "a scalar", got: showAval(v.aval) });
    return settle(
      linear.broadcast(
        v,
        shape,
        shape.map((_, i) => i),
      ),
      "full",
    );
  },
);
/**
 * An array full of one number, of the shape and dtype of `x` unless others are given. Throws ShapeError.
 * @example
 * lax.fullLike([1, 2, 3], 7) // => [7 7 7]
 */
export const fullLike = named(
  "fullLike",
  [],
  ["dtype", "shape"],
  (
    x: ArrayLike,
    fillValue: ArrayLike,
    { dtype, shape }: { readonly dtype?: DType; readonly shape?: Shape } = {},
  ): NDArray => {
    const like = asArray(x, "fullLike");
    return full(shape ?? like.shape, fillValue, { dtype: dtype ?? like.dtype });
  },
);
/**
 * The numbers 0, 1, ... below `size`. Throws ArgumentError for negative sizes.
 * @example
 * lax.iota("int32", 3) // => [0 1 2]
 */
export const iota = (dtype: DType, size: number): NDArray => broadcastedIota(dtype, [size], 0);
/**
 * The index along `dimension` at every position of `shape`. Throws ArgumentError for a bad shape, ShapeError for a bad axis.
 * @example
 * lax.broadcastedIota("int32", [2, 2], 0) // => [[0 0] [1 1]]
 */
export const broadcastedIota = (dtype: DType, shape: Shape, dimension: number): NDArray => {
  const op = "broadcastedIota";
  given.shape(op, given.list(op, "extents", shape));
  given.oneOf(op, "a dtype", dtypes, dtype);
  return movement.iota(shape, normalAxis(dimension, shape.length, op), dtype);
};
/**
 * The elements as another dtype: floats truncate and saturate as integers, integers wrap, anything to bool is `!= 0`.
 * @example
 * lax.convertElementType([1.5, -1.5], "int32") // => [1 -1]
 */
export const convertElementType = (x: ArrayLike, newDtype: DType): NDArray =>
  settle(
    p.convertElementType(
      asArray(x, "convertElementType"),
      given.oneOf("convertElementType", "a dtype", dtypes, newDtype),
    ),
    "convertElementType",
  );
/**
 * The same bits as another dtype of 32 bits. Throws DTypeError for other widths.
 * @example
 * lax.bitcastConvertType([1], "int32") // => [1065353216]
 */
export const bitcastConvertType = (x: ArrayLike, newDtype: DType): NDArray =>
  settle(
    p.bitcastConvertType(
      asArray(x, "bitcastConvertType"),
      given.oneOf("bitcastConvertType", "a dtype", dtypes, newDtype),
    ),
    "bitcastConvertType",
  );
