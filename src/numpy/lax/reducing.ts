// Reductions over axes, and running ones along an axis.
import type { DType } from "../../core/dtype.ts";
import { ArgumentError } from "../../core/errors.ts";
import { settle } from "../../core/lift.ts";
import type { Value } from "../../core/value.ts";
import * as cumulative from "../../primitives/cumulative.ts";
import { sum } from "../../primitives/linear.ts";
import { concatenate, sliceAxis, squeeze } from "../../primitives/movement.ts";
import * as reductions from "../../primitives/reductions.ts";
import { type ArrayLike, asArray, type NDArray } from "../array.ts";
import { normalAxes, normalAxis } from "../axes.ts";
import { add, and, max, min, mul, or } from "./binary.ts";
import { operands } from "./operands.ts";
import { named } from "../named.ts";
import * as given from "../given.ts";

type Axes = readonly number[];
const reduction =
  (op: string, f: (x: Value, axes: Axes) => Value) =>
  (x: ArrayLike, axes: Axes): NDArray => {
    const v = asArray(x, op);
    return settle(f(v, normalAxes(axes, v.ndim, op)), op);
  };
/**
 * The sum over `axes`. Throws ShapeError.
 * @example
 * lax.reduceSum([[1, 2], [3, 4]], [0]) // => [4 6]
 */
export const reduceSum = reduction("reduceSum", sum);
/**
 * The product over `axes`. Throws ShapeError and DTypeError.
 * @example
 * lax.reduceProd([[1, 2], [3, 4]], [1]) // => [2 12]
 */
export const reduceProd = reduction("reduceProd", reductions.reduceProd);
/**
 * The maximum over `axes`, NaN if there is one, -inf (or the least integer) of nothing. Throws ShapeError.
 * @example
 * lax.reduceMax([[1, 2], [3, 4]], [0, 1]) // => 4
 */
export const reduceMax = reduction("reduceMax", reductions.reduceMax);
/**
 * The minimum over `axes`, NaN if there is one, inf (or the largest integer) of nothing. Throws ShapeError.
 * @example
 * lax.reduceMin([[1, 2], [3, 4]], [0, 1]) // => 1
 */
export const reduceMin = reduction("reduceMin", reductions.reduceMin);
/**
 * And over `axes`: logical on bool, bitwise on integers. Throws ShapeError and DTypeError.
 * @example
 * lax.reduceAnd([[true, false], [true, true]], [0]) // => [True False]
 */
export const reduceAnd = reduction("reduceAnd", reductions.reduceAnd);
/**
 * Or over `axes`: logical on bool, bitwise on integers. Throws ShapeError and DTypeError.
 * @example
 * lax.reduceOr([[true, false], [false, false]], [0]) // => [True False]
 */
export const reduceOr = reduction("reduceOr", reductions.reduceOr);

/** An associative function of two arrays, elementwise. */
export type Combine = (x: NDArray, y: NDArray) => NDArray;
/** The same of two lists of arrays. */
export type CombineMany = (xs: readonly NDArray[], ys: readonly NDArray[]) => readonly NDArray[];
const known = new Map<unknown, (x: Value, axes: Axes) => Value>([
  [add, sum],
  [mul, reductions.reduceProd],
  [max, reductions.reduceMax],
  [min, reductions.reduceMin],
  [and, reductions.reduceAnd],
  [or, reductions.reduceOr],
]);
// Halves are combined until one element is left along the axis; an odd one waits.
const fold = (xs: readonly Value[], axis: number, f: CombineMany): readonly Value[] => {
  const n = (xs[0] as Value).shape[axis] as number,
    half = Math.floor(n / 2);
  if (n === 1) return xs.map((x) => squeeze(x, [axis]));
  const part = (from: number, to: number): readonly Value[] => xs.map((x) => sliceAxis(x, axis, from, to));
  const both = f(part(0, half), part(half, 2 * half));
  const next = n % 2 === 0 ? both : both.map((x, i) => concatenate([x, part(n - 1, n)[i] as Value], axis));
  return fold(next, axis, f);
};
/** Both forms of `reduce`: of one array, and of several together. */
export interface Reduce {
  (
    xs: readonly NDArray[],
    initValues: readonly ArrayLike[],
    computation: CombineMany,
    dimensions: Axes,
  ): readonly NDArray[];
  (x: ArrayLike, initValue: ArrayLike, computation: Combine, dimensions: Axes): NDArray;
}
/**
 * The elements over `dimensions` combined by an associative, elementwise function that has `initValue` for its identity; several arrays
 * are combined together by a function of two lists. Throws ShapeError, and ArgumentError for lists of different lengths.
 * @example
 * lax.reduce(np.array([1, 2, 3]), 0, lax.add, [0]) // => 6
 * lax.reduce(np.array([1, 2, 3]), 1, (x, y) => np.multiply(x, y), [0]) // => 6
 */
export const reduce: Reduce = ((
  x: ArrayLike | readonly NDArray[],
  init: ArrayLike | readonly ArrayLike[],
  computation: Combine | CombineMany,
  dimensions: Axes,
): NDArray | readonly NDArray[] => {
  const op = "reduce",
    several = Array.isArray(x) && Array.isArray(init);
  const xs = (several ? (x as readonly NDArray[]) : [asArray(x as ArrayLike, op)]).map((v) => asArray(v, op)),
    inits = several ? (init as readonly ArrayLike[]) : [init as ArrayLike];
  const f: CombineMany = several
    ? (computation as CombineMany)
    : ([a], [b]) => [(computation as Combine)(a as NDArray, b as NDArray)];
  if (inits.length !== xs.length || xs.length === 0)
    throw new ArgumentError({
      op,
      expected: "as many initial values as arrays",
      got: `${inits.length} for ${xs.length}`,
    });
  given.fn(op, computation);
  const axes = normalAxes(dimensions, (xs[0] as Value).ndim, op),
    quick = several ? undefined : known.get(computation);
  const folded =
    quick !== undefined
      ? [quick(xs[0] as Value, axes)]
      : axes.some((d) => (xs[0] as Value).shape[d] === 0)
        ? null
        : [...axes].reverse().reduce<readonly Value[]>((vs, d) => fold(vs, d, f), xs);
  const start = (like: Value, i: number): Value => {
    const [, v] = operands(op, [like, inits[i] as ArrayLike]);
    return v as Value;
  };
  const empty = (v: Value): Value => sum(sliceNothing(v, axes), axes);
  const out =
    folded === null
      ? xs.map((v, i) => start(empty(v), i))
      : f(
          folded.map((v, i) => start(v, i)),
          folded,
        );
  return several ? out.map((v) => settle(v, op)) : settle(out[0] as Value, op);
}) as Reduce;
/** A value of which only the shape without `axes` matters. */
const sliceNothing = (x: Value, axes: Axes): Value => axes.reduce((v, d) => sliceAxis(v, d, 0, 0), x);

const position = (op: string, f: (x: Value, axis: number, indexDtype: DType) => Value) =>
  named(op, ["indexDtype"], [], (x: ArrayLike, axis: number, indexDtype: DType = "int32"): NDArray => {
    const v = asArray(x, op);
    return settle(f(v, normalAxis(axis, v.ndim, op), indexDtype), op);
  });
/**
 * The index of the first maximum along an axis; the first NaN if there is one. Throws ShapeError if the axis is empty.
 * @example
 * lax.argmax([3, 5, 5], 0) // => 1
 */
export const argmax = position("argmax", reductions.argmax);
/**
 * The index of the first minimum along an axis; the first NaN if there is one. Throws ShapeError if the axis is empty.
 * @example
 * lax.argmin([3, 1, 1], 0) // => 1
 */
export const argmin = position("argmin", reductions.argmin);

const running = (op: string, f: (x: Value, axis: number, reverse?: boolean) => Value) =>
  named(
    op,
    ["axis"],
    ["reverse"],
    (x: ArrayLike, axis: number = 0, { reverse = false }: { readonly reverse?: boolean } = {}): NDArray => {
      const v = asArray(x, op);
      return settle(f(v, normalAxis(axis, v.ndim, op), reverse), op);
    },
  );
/**
 * The running sum along an axis, from the end with `reverse`. Throws ShapeError and DTypeError.
 * @example
 * lax.cumsum([1, 2, 3]) // => [1 3 6]
 * lax.cumsum([1, 2, 3], 0, { reverse: true }) // => [6 5 3]
 */
export const cumsum = running("cumsum", cumulative.cumsum);
/**
 * The running product along an axis, from the end with `reverse`. Throws ShapeError and DTypeError.
 * @example
 * lax.cumprod([1, 2, 3]) // => [1 2 6]
 */
export const cumprod = running("cumprod", cumulative.cumprod);
/**
 * The running maximum along an axis, from the end with `reverse`. Throws ShapeError and DTypeError.
 * @example
 * lax.cummax([1, 3, 2]) // => [1 3 3]
 */
export const cummax = running("cummax", cumulative.cummax);
/**
 * The running minimum along an axis, from the end with `reverse`. Throws ShapeError and DTypeError.
 * @example
 * lax.cummin([3, 1, 2]) // => [3 1 1]
 */
export const cummin = running("cummin", cumulative.cummin);
/**
 * The running `log(e^x_0 + ... + e^x_i)` along an axis, from the end with `reverse`. Throws ShapeError and DTypeError.
 * @example
 * lax.cumlogsumexp([0, -Infinity]) // => [0 0]
 */
export const cumlogsumexp = running("cumlogsumexp", cumulative.cumlogsumexp);
