// The namespace `np.linalg`: norms, and the functions of np that belong here too. Decompositions are not there yet.
import { ArgumentError } from "../core/errors.ts";
import type { Value } from "../core/value.ts";
import * as p from "../primitives/elementwise.ts";
import { sum as sumOf } from "../primitives/linear.ts";
import { fullLike } from "../primitives/pointwise.ts";
import { reduceMax, reduceMin } from "../primitives/reductions.ts";
import type { ArrayLike, NDArray } from "./array.ts";
import { type Axes, normalAxes } from "./axes.ts";
import { show } from "./given.ts";
import { keep, rooted } from "./keeping.ts";
import { operand, real } from "./kinds.ts";
import { named } from "./named.ts";
import type { KeepOptions } from "./reductions.ts";

export { diagonal, trace } from "./diagonals.ts";
export { matmul, outer, tensordot, vecdot } from "./matmul.ts";
export { matrixTranspose } from "./shapes.ts";
export { cross } from "./statistics.ts";

/** Orders of vector norms: a power p, or `Infinity`, `-Infinity`, 0. */
export type VectorOrder = number;
/** Orders of matrix norms. */
export type MatrixOrder = "fro" | 1 | -1 | typeof Infinity;
/** Options of `vectorNorm`. */
export interface VectorNormOptions extends KeepOptions {
  /** The axes of the vectors; all by default, as one long vector. */
  readonly axis?: Axes;
  /** 2 by default. */
  readonly ord?: VectorOrder;
}
/** Options of `matrixNorm`. */
export interface MatrixNormOptions extends KeepOptions {
  /** "fro" by default. */
  readonly ord?: MatrixOrder;
}

const vectorNormOf = (x: Value, ord: number, axes: readonly number[]): Value => {
  const size = p.abs(x),
    counts = p.convertElementType(p.ne(x, fullLike(x, 0)), x.dtype);
  switch (ord) {
    case 2:
      return rooted(sumOf(p.square(x), axes), p.sqrt);
    case 1:
      return sumOf(size, axes);
    case 0:
      return sumOf(counts, axes);
    case Number.POSITIVE_INFINITY:
      return reduceMax(size, axes);
    case Number.NEGATIVE_INFINITY:
      return reduceMin(size, axes);
    default: {
      const powers = rooted(size, (y) => p.pow(y, fullLike(y, ord)));
      return rooted(sumOf(ord > 0 ? powers : p.pow(size, fullLike(size, ord)), axes), (s) =>
        p.pow(s, fullLike(s, 1 / ord)),
      );
    }
  }
};
const matrixNormOf = (op: string, x: Value, ord: MatrixOrder, [rows, columns]: readonly [number, number]): Value => {
  const size = p.abs(x),
    // Sums over one axis, extremes over the other, which has moved if it came later.
    of = (summed: number, other: number, extreme: (y: Value, axes: readonly number[]) => Value): Value =>
      extreme(sumOf(size, [summed]), [other > summed ? other - 1 : other]);
  switch (ord) {
    case "fro":
      return rooted(sumOf(p.square(x), [Math.min(rows, columns), Math.max(rows, columns)]), p.sqrt);
    case 1:
      return of(rows, columns, reduceMax);
    case -1:
      return of(rows, columns, reduceMin);
    case Number.POSITIVE_INFINITY:
      return of(columns, rows, reduceMax);
    case Number.NEGATIVE_INFINITY:
      return of(columns, rows, reduceMin);
    default:
      throw new ArgumentError({
        op,
        expected: '"fro", 1, -1, Infinity or -Infinity as the order of a matrix norm',
        got: show(ord),
        remedy: "norms by singular values are not there yet",
      });
  }
};
const vectorOrder = (op: string, ord: unknown): number => {
  if (typeof ord !== "number" || Number.isNaN(ord))
    throw new ArgumentError({ op, expected: "a number as the order of a vector norm", got: show(ord) });
  return ord;
};
const lastTwo = (op: string, x: Value): readonly [number, number] => {
  if (x.ndim < 2) throw new ArgumentError({ op, expected: "matrices", got: `an array with ${x.ndim} axes` });
  return [x.ndim - 2, x.ndim - 1];
};

/**
 * `(sum_i |x_i|^ord)^(1/ord)` over axes (all by default); `Infinity` gives the largest |x|, `-Infinity` the smallest, 0 how many are not 0.
 * Its gradient at 0 is 0. Throws ArgumentError and ShapeError.
 * @example
 * np.linalg.vectorNorm([3, -4]) // => 5
 */
export const vectorNorm = named(
  "vectorNorm",
  [],
  ["axis", "keepdims", "ord"],
  (x: ArrayLike, { axis = null, keepdims = false, ord = 2 }: VectorNormOptions = {}): NDArray => {
    const v = operand(real, "vectorNorm", x),
      axes = normalAxes(axis, v.ndim, "vectorNorm");
    return keep(vectorNormOf(v, vectorOrder("vectorNorm", ord), axes), v.shape, axes, keepdims);
  },
);
/**
 * The norm of the matrices in the last two axes: "fro" is `sqrt(sum x^2)`, 1 and -1 the largest and the least sum of a column of |x|,
 * `Infinity` and `-Infinity` those of a row. Throws ArgumentError.
 * @example
 * np.linalg.matrixNorm([[1, -2], [3, 4]], { ord: 1 }) // => 6
 */
export const matrixNorm = named(
  "matrixNorm",
  [],
  ["keepdims", "ord"],
  (x: ArrayLike, { keepdims = false, ord = "fro" }: MatrixNormOptions = {}): NDArray => {
    const v = operand(real, "matrixNorm", x),
      axes = lastTwo("matrixNorm", v);
    return keep(matrixNormOf("matrixNorm", v, ord, axes), v.shape, axes, keepdims);
  },
);
/**
 * A norm: without an order `sqrt(sum x^2)` over the axes (all by default); with one, that of vectors (one axis) or of matrices (two).
 * Its gradient at 0 is 0. Throws ArgumentError and ShapeError.
 * @example
 * np.linalg.norm([[3, 4], [0, 5]], null, 1) // => [5 5]
 */
export const norm = named(
  "norm",
  ["ord", "axis"],
  ["keepdims"],
  (
    x: ArrayLike,
    ord: VectorOrder | MatrixOrder | null = null,
    axis: number | readonly [number, number] | null = null,
    { keepdims = false }: KeepOptions = {},
  ): NDArray => {
    const v = operand(real, "norm", x),
      axes = normalAxes(axis, v.ndim, "norm");
    if (ord === null) return keep(vectorNormOf(v, 2, axes), v.shape, axes, keepdims);
    if (axes.length === 1) return keep(vectorNormOf(v, vectorOrder("norm", ord), axes), v.shape, axes, keepdims);
    if (axes.length !== 2)
      throw new ArgumentError({
        op: "norm",
        expected: "vectors or matrices where an order is given",
        got: `${axes.length} axes`,
        remedy: "name the one or two axes",
      });
    const pair = (axis === null
      ? axes
      : (axis as readonly number[]).map((a) => (a < 0 ? a + v.ndim : a))) as unknown as readonly [number, number];
    return keep(matrixNormOf("norm", v, ord as MatrixOrder, pair), v.shape, axes, keepdims);
  },
);
