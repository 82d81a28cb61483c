// Quantiles along axes: two elements of the sorted rows and how much the upper one weighs.
import { sizeOf } from "../core/aval.ts";
import { isFloating } from "../core/dtype.ts";
import { ArgumentError } from "../core/errors.ts";
import { settle } from "../core/lift.ts";
import type { Value } from "../core/value.ts";
import * as p from "../primitives/elementwise.ts";
import { takeAlong } from "../primitives/indexing.ts";
import { broadcast, full, reshape, sum, transpose, without } from "../primitives/linear.ts";
import { fullLike } from "../primitives/pointwise.ts";
import { reduceOr } from "../primitives/reductions.ts";
import { argsort } from "../primitives/sort.ts";
import { type ArrayLike, asArray, type NDArray } from "./array.ts";
import { type Axes, normalAxes } from "./axes.ts";
import { oneOf, show } from "./given.ts";
import { operand, real } from "./kinds.ts";
import { named } from "./named.ts";
import type { KeepOptions } from "./reductions.ts";

const isAbove = (x: Value, bound: number): Value =>
  p.select(p.gt(x, fullLike(x, bound)), fullLike(x, 1), fullLike(x, 0));
/** The weight of the upper neighbour from how far a quantile is beyond the lower one; both are the same element at 0. */
const weights = {
  linear: (beyond: Value): Value => beyond,
  lower: (beyond: Value): Value => fullLike(beyond, 0),
  higher: (beyond: Value): Value => fullLike(beyond, 1),
  midpoint: (beyond: Value): Value => fullLike(beyond, 0.5),
  nearest: (beyond: Value): Value => isAbove(beyond, 0.5), // halves go down
} as const;
/** What a quantile between two elements is: interpolated, one of them, their mean, or the nearer one (the lower one of two). */
export type QuantileMethod = keyof typeof weights;
/** Options of quantiles. */
export interface QuantileOptions extends KeepOptions {
  /** "linear" by default. */
  readonly method?: QuantileMethod;
}

/** Plain numbers are checked and computed in double precision; arrays of floats as they are. */
const fractions = (op: string, q: ArrayLike, whole: number): Value => {
  const wrong = ([q] as readonly unknown[])
    .flat(Number.POSITIVE_INFINITY)
    .find((x) => typeof x === "number" && !(x >= 0 && x <= whole));
  if (wrong !== undefined)
    throw new ArgumentError({
      op,
      expected: `numbers from 0 to ${whole}`,
      got: show(wrong),
      remedy: whole === 1 ? "percentiles count to 100" : "quantiles count to 1",
    });
  const v = asArray(q, op);
  return q === v && isFloating(v.dtype) ? v : asArray(q, op, "float64");
};

interface Rule {
  /** What q counts to. */
  readonly whole: number;
  /** Whether NaN does not count; otherwise a row with NaN has no quantile. */
  readonly skipsNaN: boolean;
}
const quantilesOf = (op: string, x: ArrayLike, given: ArrayLike, axis: Axes, o: QuantileOptions, rule: Rule): Value => {
  const weigh = weights[oneOf(op, "a method", Object.keys(weights) as QuantileMethod[], o.method ?? "linear")];
  const v = operand(real, op, x),
    q = fractions(op, given, rule.whole),
    axes = normalAxes(axis, v.ndim, op),
    others = without(
      v.shape.map((_, i) => i),
      axes,
    );
  const lead = others.map((a) => v.shape[a] as number),
    n = sizeOf(axes.map((a) => v.shape[a] as number)),
    d = lead.length,
    shape = [...lead, q.size];
  const rows = reshape(transpose(v, [...others, ...axes]), [...lead, n]),
    order = argsort(rows, d),
    known = p.eq(rows, rows);
  // Where between the elements: q (count - 1) / whole, from 0 to count - 1.
  const last = rule.skipsNaN
    ? p.sub(sum(p.convertElementType(known, q.dtype), [d]), full(lead, 1, q.dtype))
    : full(lead, n - 1, q.dtype);
  const end = broadcast(last, shape, [d]),
    wanted = broadcast(
      reshape(q, [q.size]),
      shape,
      lead.map((_, i) => i),
    ),
    exact = p.div(p.mul(wanted, end), fullLike(wanted, rule.whole)),
    place = p.max(p.min(exact, end), fullLike(exact, 0)),
    low = p.floor(place);
  const at = (i: Value): Value => {
    const mode = n === 0 ? "fill" : "clip"; // a quantile of nothing is NaN
    return takeAlong(rows, takeAlong(order, p.convertElementType(i, "int32"), d, mode), d, mode);
  };
  const upper = weigh(p.convertElementType(p.sub(place, low), v.dtype)),
    lower = p.sub(fullLike(upper, 1), upper);
  // An element that weighs nothing does not count, even if it is infinite.
  const between = p.add(p.mulNoNan(lower, at(low)), p.mulNoNan(upper, at(p.ceil(place))));
  const result = rule.skipsNaN
    ? between
    : p.select(broadcast(reduceOr(p.not(known), [d]), shape, [d]), fullLike(between, Number.NaN), between);
  const kept = o.keepdims === true ? v.shape.map((e, i) => (axes.includes(i) ? 1 : e)) : lead;
  return settle(reshape(transpose(result, [d, ...lead.map((_, i) => i)]), [...q.shape, ...kept]), op);
};

const quantileBy = (op: string, rule: Rule) =>
  named(
    op,
    ["axis"],
    ["keepdims", "method"],
    (x: ArrayLike, q: ArrayLike, axis: Axes = null, options: QuantileOptions = {}): NDArray =>
      quantilesOf(op, x, q, axis, options, rule),
  );
/**
 * The q-th quantiles over axes (all by default), `0 <= q <= 1`: with the n elements in order, what stands at place `q (n - 1)`. The axes
 * of q come first in the result. NaN where an element is NaN, or where there is none. Throws ShapeError, and ArgumentError for numbers q
 * out of range (traced ones count as the nearest).
 * @example
 * np.quantile([4, 1, 2, 3], 0.5) // => 2.5
 * np.quantile([[1, 3], [2, 5]], [0, 1], 1) // => [[1 2] [3 5]]
 * np.quantile([4, 1, 2, 3], 0.5, { method: "lower" }) // => 2
 */
export const quantile = quantileBy("quantile", { whole: 1, skipsNaN: false });
/**
 * The q-th percentiles over axes (all by default), `0 <= q <= 100`; see `quantile`.
 * @example
 * np.percentile([1, 2, 3, 4, 5], [25, 50]) // => [2 3]
 */
export const percentile = quantileBy("percentile", { whole: 100, skipsNaN: false });
/**
 * The q-th quantiles over axes (all by default) of what is no NaN; NaN where there is nothing else. See `quantile`.
 * @example
 * np.nanquantile([4, NaN, 2, 3], 0.5) // => 3
 */
export const nanquantile = quantileBy("nanquantile", { whole: 1, skipsNaN: true });
/**
 * The q-th percentiles over axes (all by default) of what is no NaN; NaN where there is nothing else. See `quantile`.
 * @example
 * np.nanpercentile([1, NaN, 3], 50) // => 2
 */
export const nanpercentile = quantileBy("nanpercentile", { whole: 100, skipsNaN: true });

const medianBy = (op: string, rule: Rule) =>
  named(
    op,
    ["axis"],
    ["keepdims"],
    (x: ArrayLike, axis: Axes = null, options: KeepOptions = {}): NDArray =>
      quantilesOf(op, x, 0.5, axis, options, rule),
  );
/**
 * The median over axes (all by default): the element in the middle, or the mean of the two there. NaN where an element is NaN, or where
 * there is none. Throws ShapeError.
 * @example
 * np.median([[5, 1, 3], [2, 8, 4]], 1) // => [3 4]
 */
export const median = medianBy("median", { whole: 1, skipsNaN: false });
/**
 * The median over axes (all by default) of what is no NaN; NaN where there is nothing else. Throws ShapeError.
 * @example
 * np.nanmedian([1, NaN, 3]) // => 2
 */
export const nanmedian = medianBy("nanmedian", { whole: 1, skipsNaN: true });
