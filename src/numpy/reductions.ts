// Reductions over axes: sums, products, extremes, moments, logic, positions.
import { sizeOf } from "../core/aval.ts";
import type { DType } from "../core/dtype.ts";
import { isFloating } from "../core/dtype.ts";
import { ArgumentError, ShapeError } from "../core/errors.ts";
import { settle } from "../core/lift.ts";
import type { Value } from "../core/value.ts";
import * as p from "../primitives/elementwise.ts";
import * as linear from "../primitives/linear.ts";
import { fullLike } from "../primitives/pointwise.ts";
import * as r from "../primitives/reductions.ts";
import { type ArrayLike, asArray, type NDArray, promote } from "./array.ts";
import { type Axes, normalAxes, normalAxis } from "./axes.ts";
import { expandTo } from "./broadcasting.ts";
import { keep, rooted } from "./keeping.ts";
import { arithmetic, counting, type Kind, operand, real, truth } from "./kinds.ts";
import { named } from "./named.ts";

/** What reductions leave of the axes they reduce. */
export interface KeepOptions {
  /** Leave reduced axes at extent 1; false by default. */
  readonly keepdims?: boolean;
}
/** Options of `min` and `max`. */
export interface ReduceOptions extends KeepOptions {
  /** Where the reduction starts: the result of nothing. */
  readonly initial?: ArrayLike;
  /** Which elements count: a mask that broadcasts to the array. */
  readonly where?: ArrayLike;
}
/** Options of `sum` and `prod`. */
export interface SumOptions extends ReduceOptions {
  /** In which dtype to compute; integers stay integers, bool and uint8 count as int32. */
  readonly dtype?: DType;
}

/** `x` where the mask is true, `otherwise` elsewhere. */
const masked = (op: string, x: Value, mask: ArrayLike | undefined, otherwise: number): Value =>
  mask === undefined ? x : p.select(expandTo(op, operand(truth, op, mask), x.shape), x, fullLike(x, otherwise));
/** Fold `initial` into a result. */
const withInitial = (op: string, y: Value, initial: ArrayLike | undefined, f: (a: Value, b: Value) => Value): Value =>
  initial === undefined ? y : f(y, expandTo(op, asArray(initial, op, y.dtype), y.shape));

interface Reduction {
  readonly kind: Kind;
  readonly reduce: (x: Value, axes: readonly number[]) => Value;
  readonly combine: (x: Value, y: Value) => Value;
  /** The result of nothing; null if there is none. */
  readonly unit: number | null;
  /** The number that never wins, by dtype. */
  readonly ignore: (dtype: DType) => number;
}
const reduction =
  (op: string, { kind, reduce, combine, unit, ignore }: Reduction) =>
  (x: ArrayLike, axis: Axes = null, options: SumOptions = {}): NDArray => {
    const { keepdims = false, initial, where, dtype } = options;
    const v = dtype === undefined ? operand(kind, op, x) : asArray(x, op, dtype),
      axes = normalAxes(axis, v.ndim, op);
    if (unit === null && initial === undefined) {
      const extent = axes.find((a) => v.shape[a] === 0);
      if (extent !== undefined)
        throw new ShapeError({
          op,
          expected: "at least one element along every reduced axis",
          got: `shape [${v.shape}], reduced over axis ${extent}`,
          remedy: "give the result of nothing as initial",
        });
      if (where !== undefined)
        throw new ArgumentError({
          op,
          expected: "initial beside where",
          got: "none",
          remedy: "give the result for rows where nothing counts as initial",
        });
    }
    const y = withInitial(op, reduce(masked(op, v, where, ignore(v.dtype)), axes), initial, combine);
    return settle(keep(y, v.shape, axes, keepdims), op);
  };
const lowest = (dtype: DType): number =>
  isFloating(dtype) ? Number.NEGATIVE_INFINITY : dtype === "int32" ? -(2 ** 31) : 0;
const highest = (dtype: DType): number =>
  isFloating(dtype) ? Number.POSITIVE_INFINITY : dtype === "int32" ? 2 ** 31 - 1 : dtype === "bool" ? 1 : 2 ** 32 - 1;

const sumOf = reduction("sum", { kind: counting, reduce: linear.sum, combine: p.add, unit: 0, ignore: () => 0 });
const prodOf = reduction("prod", { kind: counting, reduce: r.reduceProd, combine: p.mul, unit: 1, ignore: () => 1 });
const maxOf = reduction("max", { kind: arithmetic, reduce: r.reduceMax, combine: p.max, unit: null, ignore: lowest });
const minOf = reduction("min", { kind: arithmetic, reduce: r.reduceMin, combine: p.min, unit: null, ignore: highest });

/**
 * The sum over axes (all by default); 0 of nothing. Sums of float32 are blocked, so errors do not pile up.
 * @example
 * np.sum([[1, 2], [3, 4]]) // => 10
 * np.sum([[1, 2], [3, 4]], 0) // => [4 6]
 */
export const sum = named(
  "sum",
  ["axis"],
  ["keepdims", "initial", "where", "dtype"],
  (x: ArrayLike, axis: Axes = null, options: SumOptions = {}): NDArray => sumOf(x, axis, options),
);
/**
 * The product over axes (all by default); 1 of nothing. Its gradient is right where elements are 0.
 * @example
 * np.prod([[1, 2], [3, 4]], 1) // => [2 12]
 */
export const prod = named(
  "prod",
  ["axis"],
  ["keepdims", "initial", "where", "dtype"],
  (x: ArrayLike, axis: Axes = null, options: SumOptions = {}): NDArray => prodOf(x, axis, options),
);
/**
 * The maximum over axes (all by default); NaN if there is one. Throws ShapeError for nothing without `initial`.
 * @example
 * np.max([[1, 5], [3, 4]], 1) // => [5 4]
 */
export const max = named(
  "max",
  ["axis"],
  ["keepdims", "initial", "where"],
  (x: ArrayLike, axis: Axes = null, options: ReduceOptions = {}): NDArray => maxOf(x, axis, options),
);
/**
 * The minimum over axes (all by default); NaN if there is one. Throws ShapeError for nothing without `initial`.
 * @example
 * np.min([[1, 5], [3, 4]], 1) // => [1 3]
 */
export const min = named(
  "min",
  ["axis"],
  ["keepdims", "initial", "where"],
  (x: ArrayLike, axis: Axes = null, options: ReduceOptions = {}): NDArray => minOf(x, axis, options),
);

/** Options of `all` and `any`. */
export interface WhereOptions extends KeepOptions {
  /** Which elements count: a mask that broadcasts to the array. */
  readonly where?: ArrayLike;
}
/** Options of `mean`. */
export interface MeanOptions extends WhereOptions {
  /** In which dtype to compute; floating point by default. */
  readonly dtype?: DType;
}
const allOf = reduction("all", { kind: truth, reduce: r.reduceAnd, combine: p.and, unit: 1, ignore: () => 1 });
const anyOf = reduction("any", { kind: truth, reduce: r.reduceOr, combine: p.or, unit: 0, ignore: () => 0 });
/**
 * Whether all elements are true (not 0) over axes (all by default); true of nothing.
 * @example
 * np.all([[1, 0], [1, 1]], 1) // => [False True]
 */
export const all = named(
  "all",
  ["axis"],
  ["keepdims", "where"],
  (x: ArrayLike, axis: Axes = null, options: WhereOptions = {}): NDArray => allOf(x, axis, options),
);
/**
 * Whether any element is true (not 0) over axes (all by default); false of nothing.
 * @example
 * np.any([[0, 0], [1, 0]], 1) // => [False True]
 */
export const any = named(
  "any",
  ["axis"],
  ["keepdims", "where"],
  (x: ArrayLike, axis: Axes = null, options: WhereOptions = {}): NDArray => anyOf(x, axis, options),
);

/** How many elements each result comes from: a number, or an array if a mask says so. */
const countOf = (op: string, v: Value, axes: readonly number[], where: ArrayLike | undefined): Value => {
  const counts = where === undefined ? null : expandTo(op, operand(truth, op, where), v.shape);
  const shape = linear.without(v.shape, axes);
  return counts === null
    ? linear.full(shape, sizeOf(axes.map((a) => v.shape[a] as number)), v.dtype)
    : linear.sum(p.convertElementType(counts, v.dtype), axes);
};
/**
 * The mean over axes (all by default), in floating point; NaN of nothing.
 * @example
 * np.mean([[1, 2], [3, 4]], 0) // => [2 3]
 */
export const mean = named(
  "mean",
  ["axis"],
  ["keepdims", "where", "dtype"],
  (x: ArrayLike, axis: Axes = null, { keepdims = false, where, dtype }: MeanOptions = {}): NDArray => {
    const v = operand(real, "mean", dtype === undefined ? x : asArray(x, "mean", dtype)),
      axes = normalAxes(axis, v.ndim, "mean");
    const y = p.div(linear.sum(masked("mean", v, where, 0), axes), countOf("mean", v, axes, where));
    return keep(y, v.shape, axes, keepdims);
  },
);

/** Options of `var` and `std`. */
export interface VarOptions extends WhereOptions {
  /** What is taken off the count in the denominator: 0 by default, 1 for an unbiased estimate. */
  readonly ddof?: number;
  /** Another name of `ddof`. */
  readonly correction?: number;
}
const varianceOf = (
  op: string,
  x: ArrayLike,
  axis: Axes,
  o: VarOptions,
): readonly [Value, Value, readonly number[]] => {
  const v = operand(real, op, x),
    axes = normalAxes(axis, v.ndim, op),
    { where } = o;
  const n = countOf(op, v, axes, where),
    center = p.div(linear.sum(masked(op, v, where, 0), axes), n);
  const off = masked(op, p.sub(v, linear.broadcast(center, v.shape, axes)), where, 0);
  return [p.div(linear.sum(p.square(off), axes), p.sub(n, fullLike(n, o.ddof ?? o.correction ?? 0))), v, axes];
};
/**
 * The variance over axes (all by default): the mean of the squared distance from the mean.
 * @example
 * np.var([1, 2, 3, 4]) // => 1.25
 */
const variance = named(
  "var",
  ["axis"],
  ["keepdims", "where", "ddof", "correction"],
  (x: ArrayLike, axis: Axes = null, options: VarOptions = {}): NDArray => {
    const [y, v, axes] = varianceOf("var", x, axis, options);
    return keep(y, v.shape, axes, options.keepdims ?? false);
  },
);
/**
 * The standard deviation over axes (all by default); its gradient at 0 is 0.
 * @example
 * np.std([1, 1, 3, 3]) // => 1
 */
export const std = named(
  "std",
  ["axis"],
  ["keepdims", "where", "ddof", "correction"],
  (x: ArrayLike, axis: Axes = null, options: VarOptions = {}): NDArray => {
    const [y, v, axes] = varianceOf("std", x, axis, options);
    return keep(rooted(y, p.sqrt), v.shape, axes, options.keepdims ?? false);
  },
);
/**
 * Maximum minus minimum over axes (all by default).
 * @example
 * np.ptp([[1, 5], [3, 4]], 1) // => [4 1]
 */
export const ptp = named(
  "ptp",
  ["axis"],
  ["keepdims"],
  (x: ArrayLike, axis: Axes = null, { keepdims = false }: KeepOptions = {}): NDArray =>
    p.sub(maxOf(x, axis, { keepdims }), minOf(x, axis, { keepdims })),
);
/**
 * How many elements are not 0 over axes (all by default).
 * @example
 * np.countNonzero([[1, 0], [2, 3]], 1) // => [1 2]
 */
export const countNonzero = named(
  "countNonzero",
  ["axis"],
  ["keepdims"],
  (x: ArrayLike, axis: Axes = null, options: KeepOptions = {}): NDArray =>
    sumOf(operand(truth, "countNonzero", x), axis, options),
);

/** Options of `average`. */
export interface AverageOptions extends KeepOptions {
  /** In the shape of the array, or one per element along a single axis. */
  readonly weights?: ArrayLike;
}
/**
 * The weighted mean `sum(w x) / sum(w)` over axes (all by default).
 * @example
 * np.average([1, 2, 4], null, { weights: [1, 1, 2] }) // => 2.75
 */
export const average = named(
  "average",
  ["axis"],
  ["keepdims", "weights"],
  (x: ArrayLike, axis: Axes = null, { weights, keepdims = false }: AverageOptions = {}): NDArray => {
    if (weights === undefined) return mean(x, axis, { keepdims });
    const [v, w] = promote("average", operand(real, "average", x), weights) as readonly [Value, Value],
      axes = normalAxes(axis, v.ndim, "average");
    const along = axes[0];
    if (w.ndim < v.ndim && (w.ndim !== 1 || axes.length !== 1 || along === undefined))
      throw new ShapeError({
        op: "average",
        expected: `weights of shape [${v.shape}], or a vector and one axis`,
        got: `weights of shape [${w.shape}] over ${axes.length} axes`,
      });
    const aligned =
      w.ndim === v.ndim
        ? w
        : linear.reshape(
            w,
            v.shape.map((_, i) => (i === along ? w.size : 1)),
          );
    const full = expandTo("average", aligned, v.shape);
    return keep(p.div(linear.sum(p.mul(v, full), axes), linear.sum(full, axes)), v.shape, axes, keepdims);
  },
);

const position = (op: string, f: (x: Value, axis: number) => Value) =>
  named(
    op,
    ["axis"],
    ["keepdims"],
    (x: ArrayLike, axis: number | null = null, { keepdims = false }: KeepOptions = {}): NDArray => {
      const v = operand(arithmetic, op, x);
      const one = axis === null ? 0 : normalAxis(axis, v.ndim, op);
      const y = f(axis === null ? linear.reshape(v, [v.size]) : v, one);
      return keep(y, v.shape, axis === null ? v.shape.map((_, i) => i) : [one], keepdims);
    },
  );
/**
 * The index of the first maximum along an axis, or in the flattened array; of the first NaN if there is one. Throws ShapeError for
 * an empty axis.
 * @example
 * np.argmax([[1, 9, 3], [7, 5, 2]], 1) // => [1 0]
 */
export const argmax = position("argmax", (x, axis) => r.argmax(x, axis));
/**
 * The index of the first minimum along an axis, or in the flattened array; of the first NaN if there is one. Throws ShapeError for
 * an empty axis.
 * @example
 * np.argmin([[1, 9, 3], [7, 5, 2]], 1) // => [0 2]
 */
export const argmin = position("argmin", (x, axis) => r.argmin(x, axis));

export { max as amax, min as amin, variance as var };
