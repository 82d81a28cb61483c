// Where values belong among sorted ones, and how many fall where. Counting comparisons needs no sort and fuses into one loop.
import type { Shape } from "../core/aval.ts";
import { showAval } from "../core/aval.ts";
import { ArgumentError, ShapeError } from "../core/errors.ts";
import { settle } from "../core/lift.ts";
import { Literal, type Value } from "../core/value.ts";
import {
  add,
  and,
  convertElementType,
  div,
  eq,
  le,
  lt,
  max,
  mul,
  ne,
  not,
  or,
  select,
  sub,
} from "../primitives/elementwise.ts";
import { scatterAdd } from "../primitives/indexing.ts";
import { broadcast, full, reshape, sum } from "../primitives/linear.ts";
import { iota, rev, sliceAxis, squeeze } from "../primitives/movement.ts";
import { fullLike } from "../primitives/pointwise.ts";
import { reduceMax, reduceMin, reduceOr } from "../primitives/reductions.ts";
import { type ArrayLike, asArray, type NDArray, promote } from "./array.ts";
import { hostData } from "./indexingMask.ts";
import { asInt32, positionArray } from "./indexingPositions.ts";
import { take } from "./take.ts";
import { named } from "./named.ts";

type Side = "left" | "right";
/** Every element of `v` beside every element of the vector `a`: two arrays `[...v.shape, n]`. */
const beside = (a: Value, v: Value): readonly [Value, Value] => {
  const shape: Shape = [...v.shape, a.size];
  return [
    broadcast(
      a,
      shape,
      v.shape.map((_, d) => d),
    ),
    broadcast(v, shape, [v.ndim]),
  ];
};
const vector = (op: string, x: Value): Value => {
  if (x.ndim !== 1) throw new ShapeError({ op, expected: "a vector", got: showAval(x.aval) });
  return x;
};
/** Whether x comes before y: NaN comes last. */
const before = (x: Value, y: Value, side: Side): Value => {
  const nan = (z: Value): Value => ne(z, z);
  return side === "left" ? or(lt(x, y), and(not(nan(x)), nan(y))) : or(le(x, y), nan(y)); // NaN is at most NaN
};
const insertion = (a: Value, v: Value, side: Side): Value => {
  const [x, y] = beside(a, v);
  return sum(convertElementType(before(x, y, side), "int32"), [v.ndim]);
};

/**
 * Where the values of `v` would go in the sorted vector `a`: before (`left`) or behind (`right`) equal elements; NaN is the largest. Throws
 * ShapeError unless `a` is a vector.
 * @example
 * searchsorted([1, 2, 2, 3], [2, 0, 9]) // => [1 0 4]
 * searchsorted([1, 2, 2, 3], 2, { side: "right" }) // => 3
 */
export const searchsorted = named(
  "searchsorted",
  [],
  ["side", "sorter"],
  (
    a: ArrayLike,
    v: ArrayLike,
    { side = "left", sorter }: { readonly side?: Side; readonly sorter?: ArrayLike } = {},
  ): NDArray => {
    const op = "searchsorted",
      [sorted, values] = promote(op, sorter === undefined ? a : take(a, sorter), v) as readonly [Value, Value];
    return settle(insertion(vector(op, sorted), values, side), op);
  },
);
/**
 * The number of the bin that each value falls in: `bins[i - 1] <= x < bins[i]`, or with `right` `bins[i - 1] < x <= bins[i]`; bins may also
 * fall. Throws ShapeError unless `bins` is a vector.
 * @example
 * digitize([0.5, 1, 9], [0, 1, 2]) // => [1 2 3]
 */
export const digitize = named(
  "digitize",
  [],
  ["right"],
  (x: ArrayLike, bins: ArrayLike, { right = false }: { readonly right?: boolean } = {}): NDArray => {
    const op = "digitize",
      [values, edges] = promote(op, x, bins) as readonly [Value, Value],
      side = right ? "left" : "right",
      n = vector(op, edges).size;
    const rising = insertion(edges, values, side);
    if (n < 2) return settle(rising, op);
    const end = (i: number): Value => squeeze(sliceAxis(edges, 0, i, i + 1), [0]);
    const falling = sub(fullLike(rising, n), insertion(rev(edges, [0]), values, side)),
      falls = lt(end(n - 1), end(0));
    return settle(
      select(
        broadcast(
          falls,
          rising.shape,
          rising.shape.map((_, d) => d),
        ),
        falling,
        rising,
      ),
      op,
    );
  },
);

/** Sums of `weights` by place; places out of range do not count. */
const tally = (places: Value, weights: Value, length: number): Value => {
  const n = places.size;
  return scatterAdd(full([length], 0, weights.dtype), reshape(places, [n, 1]), reshape(weights, [n]), {
    dimensionNumbers: { updateWindowDims: [], insertedWindowDims: [0], scatterDimsToOperandDims: [0] },
  });
};
/** What is counted, and how long the result is. */
export interface BincountOptions {
  /** What an element counts; default 1. */
  readonly weights?: ArrayLike;
  /** The least extent of the result. */
  readonly minlength?: number;
  /** The extent of the result, which under jit has to be given; larger numbers do not count. */
  readonly length?: number;
}
/**
 * How often each number 0, 1, ... comes in a vector of integers; negative ones count as 0. Throws ShapeError, DTypeError, and TraceError
 * for a traced vector without a `length`.
 * @example
 * bincount([0, 2, 2]) // => [1 0 2]
 */
export const bincount = named(
  "bincount",
  [],
  ["weights", "minlength", "length"],
  (x: ArrayLike, { weights, minlength = 0, length }: BincountOptions = {}): NDArray => {
    const op = "bincount",
      given = vector(op, asInt32(positionArray(op, x))),
      places = max(given, fullLike(given, 0));
    const largest = (): number =>
      Array.from(hostData(given, "bincount without a length")).reduce((most, v) => Math.max(most, v + 1), 0);
    const counts = weights === undefined ? full(places.shape, 1, "int32") : asArray(weights, op);
    if (counts.size !== places.size)
      throw new ShapeError({
        op,
        expected: `a weight per element of ${showAval(given.aval)}`,
        got: showAval(counts.aval),
      });
    return settle(tally(places, counts, length ?? Math.max(minlength, largest())), op);
  },
);

/** Where the bins are, and what an element counts. */
export interface HistogramOptions {
  /** The lower and upper end of all bins; default the least and the greatest element. */
  readonly range?: readonly [ArrayLike, ArrayLike];
  readonly weights?: ArrayLike;
}
const floats = (op: string, x: ArrayLike): Value => {
  const v = asArray(x, op);
  return v.dtype === "float64" ? v : convertElementType(v, "float32");
};
/**
 * The edges of bins: `bins` of them between the ends of the range, or the given ones. A range without extent is widened by 1/2 on both
 * sides. Throws ArgumentError for a number of bins below 1, ShapeError for edges that are no vector.
 * @example
 * histogramBinEdges([0, 4], 4) // => [0 1 2 3 4]
 */
export const histogramBinEdges = named(
  "histogramBinEdges",
  ["bins"],
  ["range", "weights"],
  (x: ArrayLike, bins: number | ArrayLike = 10, { range }: HistogramOptions = {}): NDArray =>
    edgesOf("histogramBinEdges", floats("histogramBinEdges", x), bins, range),
);
const edgesOf = (op: string, v: Value, bins: number | ArrayLike, range: HistogramOptions["range"]): Value => {
  if (typeof bins !== "number") return vector(op, asArray(bins, op, v.dtype));
  if (!Number.isInteger(bins) || bins < 1)
    throw new ArgumentError({ op, expected: "at least one bin", got: String(bins) });
  const all = v.shape.map((_, d) => d),
    empty = v.size === 0,
    c = (x: number): Value => new Literal(x, v.dtype);
  const [lo, hi] =
    range === undefined
      ? ([empty ? c(0) : reduceMin(v, all), empty ? c(1) : reduceMax(v, all)] as const)
      : ([asArray(range[0], op, v.dtype), asArray(range[1], op, v.dtype)] as const);
  const same = eq(lo, hi),
    from = select(same, sub(lo, c(0.5)), lo),
    to = select(same, add(hi, c(0.5)), hi);
  // from (1 - t) + to t is exact at both ends.
  const t = div(iota([bins + 1], 0, v.dtype), full([bins + 1], bins, v.dtype)),
    each = (x: Value): Value => broadcast(x, [bins + 1], [0]);
  return add(mul(each(from), sub(full([bins + 1], 1, v.dtype), t)), mul(each(to), t));
};
/**
 * How many elements fall in each bin, and the edges of the bins (see `histogramBinEdges`); the last bin holds its upper edge. With `density`
 * the counts are divided so that the integral is 1. Throws as `histogramBinEdges` does, and ShapeError for weights that do not fit.
 * @example
 * histogram([0, 1, 1, 4], 4) // => [[1 2 0 1], [0 1 2 3 4]]
 */
export const histogram = named(
  "histogram",
  ["bins"],
  ["range", "weights", "density"],
  (
    x: ArrayLike,
    bins: number | ArrayLike = 10,
    { range, weights, density = false }: HistogramOptions & { readonly density?: boolean } = {},
  ): readonly [counts: NDArray, edges: NDArray] => {
    const op = "histogram",
      v = floats(op, x),
      flat = reshape(v, [v.size]),
      edges = edgesOf(op, v, bins, range),
      n = edges.size - 1;
    const w = weights === undefined ? full(flat.shape, 1, "float32") : floats(op, weights);
    if (w.size !== flat.size)
      throw new ShapeError({ op, expected: `a weight per element of ${showAval(v.aval)}`, got: showAval(w.aval) });
    const bin = insertion(edges, flat, "right"),
      last = broadcast(squeeze(sliceAxis(edges, 0, n, n + 1), [0]), flat.shape, [0]);
    const place = sub(select(eq(flat, last), fullLike(bin, n), bin), fullLike(bin, 1)),
      counts = tally(select(lt(place, fullLike(place, 0)), fullLike(place, n), place), w, n);
    if (!density) return [settle(counts, op), settle(edges, op)];
    const widths = convertElementType(sub(sliceAxis(edges, 0, 1, n + 1), sliceAxis(edges, 0, 0, n)), counts.dtype);
    const total = broadcast(sum(counts, [0]), [n], [0]);
    return [settle(div(counts, mul(widths, total)), op), settle(edges, op)];
  },
);

/**
 * Whether each element of `x` is among the elements of `among`. NaN is not.
 * @example
 * isin([1, 2, 3], [3, 1]) // => [ True False  True]
 */
export const isin = named(
  "isin",
  [],
  ["invert"],
  (x: ArrayLike, among: ArrayLike, { invert = false }: { readonly invert?: boolean } = {}): NDArray => {
    const [values, others] = promote("isin", x, among) as readonly [Value, Value],
      [a, v] = beside(reshape(others, [others.size]), values),
      found = reduceOr(eq(a, v), [values.ndim]);
    return settle(invert ? not(found) : found, "isin");
  },
);
