// Reductions that leave out NaN.
import { isFloating } from "../core/dtype.ts";
import type { Value } from "../core/value.ts";
import * as p from "../primitives/elementwise.ts";
import { fullLike } from "../primitives/pointwise.ts";
import { type ArrayLike, type NDArray, asArray } from "./array.ts";
import type { Axes } from "./axes.ts";
import { operand, real } from "./kinds.ts";
import * as reduce from "./reductions.ts";
import type { KeepOptions, VarOptions } from "./reductions.ts";
import { named } from "./named.ts";

/** True where x is no NaN. */
const present = (x: Value): Value => p.eq(x, x);
/** `x` with `value` in the place of NaN. */
const filled = (x: Value, value: number): Value =>
  isFloating(x.dtype) ? p.select(present(x), x, fullLike(x, value)) : x;

/**
 * The sum over axes (all by default), NaN counting as 0.
 * @example
 * np.nansum([1, NaN, 2]) // => 3
 */
export const nansum = named(
  "nansum",
  ["axis"],
  ["keepdims"],
  (x: ArrayLike, axis: Axes = null, options: KeepOptions = {}): NDArray =>
    reduce.sum(filled(asArray(x, "nansum"), 0), axis, options),
);
/**
 * The product over axes (all by default), NaN counting as 1.
 * @example
 * np.nanprod([2, NaN, 3]) // => 6
 */
export const nanprod = named(
  "nanprod",
  ["axis"],
  ["keepdims"],
  (x: ArrayLike, axis: Axes = null, options: KeepOptions = {}): NDArray =>
    reduce.prod(filled(asArray(x, "nanprod"), 1), axis, options),
);

type Reduce = (x: ArrayLike, axis: Axes, options: KeepOptions) => NDArray;
/** An extreme; NaN where there is nothing else. */
const extreme = (op: string, f: Reduce, never: number) => {
  return named(op, ["axis"], ["keepdims"], (x: ArrayLike, axis: Axes = null, options: KeepOptions = {}): NDArray => {
    const v = asArray(x, op);
    if (!isFloating(v.dtype)) return f(v, axis, options);
    const y = f(filled(v, never), axis, options);
    return p.select(reduce.any(present(v), axis, options), y, fullLike(y, Number.NaN));
  });
};
/**
 * The maximum over axes (all by default) of what is no NaN; NaN where there is nothing else.
 * @example
 * np.nanmax([1, NaN, 2]) // => 2
 */
export const nanmax = extreme("nanmax", reduce.max, Number.NEGATIVE_INFINITY);
/**
 * The minimum over axes (all by default) of what is no NaN; NaN where there is nothing else.
 * @example
 * np.nanmin([1, NaN, 2]) // => 1
 */
export const nanmin = extreme("nanmin", reduce.min, Number.POSITIVE_INFINITY);
/**
 * The mean over axes (all by default) of what is no NaN.
 * @example
 * np.nanmean([1, NaN, 2]) // => 1.5
 */
export const nanmean = named(
  "nanmean",
  ["axis"],
  ["keepdims"],
  (x: ArrayLike, axis: Axes = null, options: KeepOptions = {}): NDArray => {
    const v = operand(real, "nanmean", x);
    return reduce.mean(v, axis, { ...options, where: present(v) });
  },
);
/**
 * The variance over axes (all by default) of what is no NaN.
 * @example
 * np.nanvar([1, NaN, 3]) // => 1
 */
export const nanvar = named(
  "nanvar",
  ["axis"],
  ["keepdims", "where", "ddof", "correction"],
  (x: ArrayLike, axis: Axes = null, options: VarOptions = {}): NDArray => {
    const v = operand(real, "nanvar", x);
    return reduce.var(v, axis, { ...options, where: present(v) });
  },
);
/**
 * The standard deviation over axes (all by default) of what is no NaN.
 * @example
 * np.nanstd([1, NaN, 3]) // => 1
 */
export const nanstd = named(
  "nanstd",
  ["axis"],
  ["keepdims", "where", "ddof", "correction"],
  (x: ArrayLike, axis: Axes = null, options: VarOptions = {}): NDArray => {
    const v = operand(real, "nanstd", x);
    return reduce.std(v, axis, { ...options, where: present(v) });
  },
);

/** A position among what is no NaN; -1 where there is nothing else. */
const position = (
  op: string,
  f: (x: ArrayLike, axis: number | null, options: KeepOptions) => NDArray,
  never: number,
) => {
  return named(
    op,
    ["axis"],
    ["keepdims"],
    (x: ArrayLike, axis: number | null = null, options: KeepOptions = {}): NDArray => {
      const v = asArray(x, op);
      if (!isFloating(v.dtype)) return f(v, axis, options);
      const y = f(filled(v, never), axis, options);
      return p.select(reduce.any(present(v), axis, options), y, fullLike(y, -1));
    },
  );
};
/**
 * The index of the first maximum along an axis (or in the flattened array), NaN left out; -1 where there is nothing else.
 * @example
 * np.nanargmax([1, NaN, 2]) // => 2
 */
export const nanargmax = position("nanargmax", reduce.argmax, Number.NEGATIVE_INFINITY);
/**
 * The index of the first minimum along an axis (or in the flattened array), NaN left out; -1 where there is nothing else.
 * @example
 * np.nanargmin([NaN, 3, 2]) // => 2
 */
export const nanargmin = position("nanargmin", reduce.argmin, Number.POSITIVE_INFINITY);
