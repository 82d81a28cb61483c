// Arrays as sets: equal elements are neighbours once they are sorted, and the first of each group stands for it.
import { isFloating } from "../core/dtype.ts";
import { ArgumentError, TraceError } from "../core/errors.ts";
import { settle } from "../core/lift.ts";
import { Tracer, type Value } from "../core/value.ts";
import { cumsum } from "../primitives/cumulative.ts";
import * as p from "../primitives/elementwise.ts";
import { take } from "../primitives/indexing.ts";
import { broadcast, full, moveAxis, reshape, sum } from "../primitives/linear.ts";
import { concatenate, iota, sliceAxis } from "../primitives/movement.ts";
import { fullLike } from "../primitives/pointwise.ts";
import { reduceOr } from "../primitives/reductions.ts";
import { scatter } from "../primitives/scatter.ts";
import { argsort } from "../primitives/sort.ts";
import { type ArrayLike, asArray, type NDArray, promote } from "./array.ts";
import { normalAxis } from "./axes.ts";
import { expandTo } from "./broadcasting.ts";
import { integer } from "./given.ts";
import { bincount } from "./indexingSearch.ts";
import { named } from "./named.ts";
import { elements } from "./reading.ts";
import { orderBy } from "./sorting.ts";

const int = (x: Value): Value => p.convertElementType(x, "int32");
/** A scalar n times. */
const repeated = (x: Value, n: number): Value => broadcast(x, [n], [0]);
/** Rows of `x` at positions that are known to be there. */
const rowsAt = (x: Value, positions: Value): Value => take(x, positions, 0, x.shape[0] === 0 ? "fill" : "clip");

/** Equal rows together. Places are those of the sorted rows. */
interface Groups {
  /** Which row stands at a place; equal ones in the order in which they were. */
  readonly order: Value;
  /** Whether a group begins at a place. */
  readonly begins: Value;
  /** The number of the group at a place. */
  readonly group: Value;
}
/** When NaN equals NaN: always, never, or if both or none of them stand before row k. */
type SameNaN = boolean | number;
const groupsOf = (rows: Value, sameNaN: SameNaN): Groups => {
  const [n, m] = rows.shape as readonly [number, number];
  const columns = Array.from({ length: m }, (_, j) => reshape(sliceAxis(rows, 1, j, j + 1), [n]));
  const [first, ...others] = columns,
    order = first === undefined ? iota([n]) : orderBy([first, ...others], 0),
    sorted = rowsAt(rows, order);
  const pair = (x: Value): readonly [Value, Value] => [
    sliceAxis(x, 0, 0, Math.max(0, n - 1)),
    sliceAxis(x, 0, Math.min(1, n), n),
  ];
  const [a, b] = pair(sorted);
  const differ = (): Value => {
    const unequal = p.ne(a, b);
    if (!isFloating(rows.dtype) || sameNaN === false) return unequal;
    const known = p.or(p.eq(a, a), p.eq(b, b));
    if (sameNaN === true) return p.and(unequal, known);
    const [s, t] = pair(p.lt(order, fullLike(order, sameNaN)));
    return p.and(unequal, p.or(known, broadcast(p.ne(s, t), a.shape, [1])));
  };
  const begins = n === 0 ? full([0], 0, "bool") : concatenate([full([1], 1, "bool"), reduceOr(differ(), [1])], 0);
  return { order, begins, group: p.sub(cumsum(int(begins), 0), full([n], 1, "int32")) };
};

/** The extent of a result that data would give. */
export interface SetSizeOptions {
  /** The extent of the result, which under jit has to be given: what is more is left out, what lacks is filled. */
  readonly size?: number;
  /** What fills; the least element by default. */
  readonly fillValue?: ArrayLike;
}
/** Positions of what is true, padded with the first of them. */
interface Chosen {
  readonly positions: Value;
  /** Which of the positions are no padding. */
  readonly valid: Value;
  readonly total: Value;
  readonly extent: number;
}
/** The number of true elements, which only a concrete mask has. */
const known = (op: string, total: Value): number => {
  if (total instanceof Tracer)
    throw new TraceError({
      op,
      expected: "a size, since traced values do not say how many elements the result has",
      got: "none",
      remedy: `write ${op}(..., { size, fillValue }): what is more is left out, what lacks is filled`,
    });
  return Number(elements(total)[0]);
};
const choose = (op: string, mask: Value, size: number | undefined): Chosen => {
  const total = sum(int(mask), [0]),
    extent = size === undefined ? known(op, total) : integer(op, "the size", size, 0);
  const count = iota([extent]),
    valid = p.lt(count, repeated(total, extent)),
    trueFirst = argsort(mask, 0, true); // stable: true ones in their order
  return { positions: rowsAt(trueFirst, p.select(valid, count, fullLike(count, 0))), valid, total, extent };
};
/** Rows with `fill` where they are padding. */
const filled = (op: string, rows: Value, valid: Value, fill: ArrayLike): Value =>
  p.select(
    broadcast(
      valid,
      rows.shape,
      rows.shape.map((_, d) => d).filter((d) => d > 0),
    ),
    rows,
    expandTo(op, asArray(fill, op, rows.dtype), rows.shape),
  );

/** Options of `unique`. */
export interface UniqueOptions extends SetSizeOptions {
  /** Also return where each one comes first. */
  readonly returnIndex?: boolean;
  /** Also return which one each element is. */
  readonly returnInverse?: boolean;
  /** Also return how often each one comes. */
  readonly returnCounts?: boolean;
  /** Compare slices along this axis; without one the flat array's elements. */
  readonly axis?: number | null;
  /** Whether all NaN are one; true by default. */
  readonly equalNan?: boolean;
}
interface Parts {
  readonly values: Value;
  readonly indices: Value;
  readonly inverseIndices: Value;
  readonly counts: Value;
}
const partsOf = (op: string, x: ArrayLike, { axis = null, equalNan = true, size, fillValue }: UniqueOptions): Parts => {
  const given = asArray(x, op),
    v = axis === null ? reshape(given, [given.size]) : given,
    d = normalAxis(axis ?? 0, v.ndim, op),
    n = v.shape[d] as number;
  const moved = moveAxis(v, d, 0),
    { order, begins, group } = groupsOf(reshape(moved, [n, n === 0 ? 0 : v.size / n]), equalNan);
  const { positions, valid, extent } = choose(op, begins, size);
  if (n === 0 && extent > 0 && fillValue === undefined)
    throw new ArgumentError({ op, expected: "a fillValue, since there are no elements", got: `size ${extent}` });
  const indices = n === 0 ? full([extent], 0, "int32") : rowsAt(order, positions),
    values = rowsAt(moved, indices);
  const inverse = scatter(full([n], 0, "int32"), reshape(order, [n, 1]), group, {
    dimensionNumbers: { updateWindowDims: [], insertedWindowDims: [0], scatterDimsToOperandDims: [0] },
    uniqueIndices: true,
  });
  return {
    values: settle(moveAxis(fillValue === undefined ? values : filled(op, values, valid, fillValue), 0, d), op),
    indices: settle(indices, op),
    inverseIndices: settle(axis === null ? reshape(inverse, given.shape) : inverse, op),
    counts: bincount(group, { length: extent }),
  };
};

type If<V, T extends readonly NDArray[]> = V extends true ? T : readonly [];
/** What an option adds to the result. */
type Asked<O, K extends string, T extends readonly NDArray[]> = K extends keyof O ? If<O[K], T> : readonly [];
/** The values alone, or with what else was asked for behind them. */
type Result<More extends readonly NDArray[]> = More extends readonly [] ? NDArray : readonly [NDArray, ...More];
type UniqueResult<O> = Result<
  readonly [
    ...Asked<O, "returnIndex", [indices: NDArray]>,
    ...Asked<O, "returnInverse", [inverseIndices: NDArray]>,
    ...Asked<O, "returnCounts", [counts: NDArray]>,
  ]
>;
/** What `unique` returns depends on its options: an array, or a list if more than the values is asked for. */
export type Unique = <const O extends UniqueOptions = Record<never, never>>(
  x: ArrayLike,
  options?: O,
) => UniqueResult<O>;
/**
 * The different elements in order (NaN last), or the different slices along an axis in lexicographic order: a sort per column of them.
 * More is returned behind them if asked for, in this order: `i32` indices of the first of each, for every element the number of its value
 * (in the shape of the array, or one per slice), counts. Throws TraceError for a traced array without a `size`, ShapeError and
 * ArgumentError.
 * @example
 * np.unique([3, 1, 2, 1]) // => [1 2 3]
 * np.unique([3, 1, 2, 1], { returnCounts: true }) // => [[1 2 3], [2 1 1]]
 * np.unique([[1, 0], [0, 1], [1, 0]], { axis: 0 }) // => [[0 1] [1 0]]
 * jit((x) => np.unique(x, { size: 4, fillValue: 9 }))(np.array([3, 1, 1])) // => [1 3 9 9]
 */
export const unique: Unique = named(
  "unique",
  [],
  ["returnIndex", "returnInverse", "returnCounts", "axis", "equalNan", "size", "fillValue"],
  (x: ArrayLike, options: UniqueOptions = {}): unknown => {
    const { returnIndex = false, returnInverse = false, returnCounts = false } = options;
    const { values, indices, inverseIndices, counts } = partsOf("unique", x, options);
    if (!returnIndex && !returnInverse && !returnCounts) return values;
    return [
      values,
      ...(returnIndex ? [indices] : []),
      ...(returnInverse ? [inverseIndices] : []),
      ...(returnCounts ? [counts] : []),
    ];
  },
) as Unique;

const partly = <K extends keyof Parts>(op: string, ...names: readonly K[]) =>
  named(op, [], ["size", "fillValue"], (x: ArrayLike, options: SetSizeOptions = {}): Readonly<Record<K, NDArray>> => {
    const parts = partsOf(op, x, { ...options, equalNan: false });
    return Object.fromEntries(names.map((name) => [name, parts[name]])) as Record<K, Value>;
  });
/**
 * The different elements in order, every NaN for itself: `values`, the `indices` of the first of each, the `inverseIndices` in the shape
 * of x, and `counts`. Throws as `unique` does.
 * @example
 * np.uniqueAll([3, 1, 1]) // => {values: [1 3], indices: [1 0], inverseIndices: [1 0 0], counts: [2 1]}
 */
export const uniqueAll = partly("uniqueAll", "values", "indices", "inverseIndices", "counts");
/**
 * The different elements in order, every NaN for itself, and how often each comes: `values` and `counts`. Throws as `unique` does.
 * @example
 * np.uniqueCounts([3, 1, 1]) // => {values: [1 3], counts: [2 1]}
 */
export const uniqueCounts = partly("uniqueCounts", "values", "counts");
/**
 * The different elements in order, every NaN for itself, and which of them each element is: `values` and `inverseIndices`. Throws as
 * `unique` does.
 * @example
 * np.uniqueInverse([3, 1, 1]) // => {values: [1 3], inverseIndices: [1 0 0]}
 */
export const uniqueInverse = partly("uniqueInverse", "values", "inverseIndices");
/**
 * The different elements in order, every NaN for itself. Throws as `unique` does.
 * @example
 * np.uniqueValues([3, 1, 1]) // => [1 3]
 */
export const uniqueValues = named(
  "uniqueValues",
  [],
  ["size", "fillValue"],
  (x: ArrayLike, options: SetSizeOptions = {}): NDArray =>
    partsOf("uniqueValues", x, { ...options, equalNan: false }).values,
);

/** Options of functions of two sets. */
export interface SetOptions extends SetSizeOptions {
  /** Whether no element repeats; the result does not depend on it. */
  readonly assumeUnique?: boolean;
}
interface SetResult {
  readonly values: Value;
  /** Where the values come first in either operand, beyond its end for padding; they must be in both. */
  readonly indices: () => readonly [Value, Value];
}
/** Two flat arrays of one dtype. */
const together = (op: string, x: ArrayLike, y: ArrayLike): readonly [Value, Value] => {
  const [a, b] = promote(op, x, y) as readonly [Value, Value];
  return [reshape(a, [a.size]), reshape(b, [b.size])];
};
/** The values that are in the operands as `keep` says. NaN is one value for each operand. */
const combine = (
  op: string,
  x: ArrayLike,
  y: ArrayLike,
  keep: (inX: Value, inY: Value) => Value,
  { size, fillValue }: SetSizeOptions,
): SetResult => {
  const [a, b] = together(op, x, y),
    both = concatenate([a, b], 0),
    n = both.size;
  const { order, begins, group } = groupsOf(reshape(both, [n, 1]), a.size);
  // From here on there is an element for every group, and there may be as many of them as of elements.
  const fromA = p.lt(order, fullLike(order, a.size)),
    countOf = (from: Value): Value => bincount(group, { weights: int(from), length: n }),
    [inA, inB] = [countOf(fromA), countOf(p.not(fromA))],
    some = (count: Value): Value => p.gt(count, fullLike(count, 0));
  const starts = choose(op, begins, n).positions,
    { positions, valid, total, extent } = choose(op, keep(some(inA), some(inB)), size);
  const start = rowsAt(starts, positions),
    values = rowsAt(both, rowsAt(order, start));
  const nothing = p.eq(total, fullLike(total, 0)),
    padded =
      fillValue === undefined
        ? p.select(repeated(nothing, extent), fullLike(values, 0), values)
        : filled(op, values, valid, fillValue);
  const indices = (): readonly [Value, Value] => {
    // Equal elements are in their order: those of x, then those of y.
    const inY = p.sub(rowsAt(order, p.add(start, rowsAt(inA, positions))), full([extent], a.size, "int32"));
    return [filled(op, rowsAt(order, start), valid, a.size), filled(op, inY, valid, b.size)];
  };
  return { values: settle(padded, op), indices };
};
const setOf = (op: string, keep: (inX: Value, inY: Value) => Value, defaults: SetSizeOptions = {}) =>
  named(
    op,
    [],
    ["size", "fillValue", "assumeUnique"],
    (x: ArrayLike, y: ArrayLike, options: SetOptions = {}): NDArray =>
      combine(op, x, y, keep, { ...defaults, ...options }).values,
  );
/**
 * The different elements of both flat arrays, in order. Throws as `unique` does.
 * @example
 * np.union1d([3, 1], [2, 1]) // => [1 2 3]
 */
export const union1d = named(
  "union1d",
  [],
  ["size", "fillValue"],
  (x: ArrayLike, y: ArrayLike, options: SetSizeOptions = {}): NDArray =>
    partsOf("union1d", concatenate(together("union1d", x, y), 0), options).values,
);
/**
 * The different elements of the flat array x that are not in y, in order; what a `size` leaves empty is 0. NaN is in no array. Throws
 * TraceError for traced arrays without a `size`.
 * @example
 * np.setdiff1d([4, 3, 1, 3], [1, 2]) // => [3 4]
 */
export const setdiff1d = setOf("setdiff1d", (inX, inY) => p.and(inX, p.not(inY)), { fillValue: 0 });
/**
 * The different elements that are in one of two flat arrays but not in the other, in order. NaN is in no other array. Throws TraceError
 * for traced arrays without a `size`.
 * @example
 * np.setxor1d([1, 2, 3], [2, 5]) // => [1 3 5]
 */
export const setxor1d = setOf("setxor1d", p.ne);

/** Options of `intersect1d`. */
export interface IntersectOptions extends SetOptions {
  /** Also return where the values come first in either array. */
  readonly returnIndices?: boolean;
}
type IntersectResult<O> = Result<Asked<O, "returnIndices", readonly [inX: NDArray, inY: NDArray]>>;
/** What `intersect1d` returns depends on its options. */
export type Intersect = <const O extends IntersectOptions = Record<never, never>>(
  x: ArrayLike,
  y: ArrayLike,
  options?: O,
) => IntersectResult<O>;
/**
 * The different elements that are in both flat arrays, in order; with `returnIndices` also the indices `i32` of the first of each in
 * either array (beyond its end for what a `size` leaves empty). NaN is in no other array. Throws TraceError for traced arrays without
 * a `size`.
 * @example
 * np.intersect1d([3, 1, 2, 1], [1, 3, 3]) // => [1 3]
 * np.intersect1d([3, 1, 2, 1], [1, 3, 3], { returnIndices: true }) // => [[1 3], [1 0], [0 1]]
 */
export const intersect1d: Intersect = named(
  "intersect1d",
  [],
  ["size", "fillValue", "assumeUnique", "returnIndices"],
  (x: ArrayLike, y: ArrayLike, options: IntersectOptions = {}): unknown => {
    const { values, indices } = combine("intersect1d", x, y, p.and, options);
    return options.returnIndices === true ? [values, ...indices()] : values;
  },
) as Intersect;
