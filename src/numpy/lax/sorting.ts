// Sorting several operands by some of them, and the k largest elements.
import { showAval, sameShape } from "../../core/aval.ts";
import { ArgumentError, ShapeError } from "../../core/errors.ts";
import { settle } from "../../core/lift.ts";
import { Value } from "../../core/value.ts";
import { sliceAxis } from "../../primitives/movement.ts";
import { argsort } from "../../primitives/sort.ts";
import { type ArrayLike, asArray, type NDArray } from "../array.ts";
import { normalAxis } from "../axes.ts";
import { show } from "../given.ts";
import { named } from "../named.ts";
import { inOrder, orderBy } from "../sorting.ts";

/** Options of `sort`. */
export interface SortOperandsOptions {
  /** Whether equal elements have to keep their order; they always do. */
  readonly isStable?: boolean;
  /** By how many of the operands to sort: by the first, among equals by the second, and so on. 1 by default. */
  readonly numKeys?: number;
}
const together = (op: string, xs: readonly Value[], dimension: number, numKeys: number): readonly Value[] => {
  const [first] = xs;
  if (first === undefined) throw new ArgumentError({ op, expected: "at least one operand", got: "none" });
  const other = xs.find((x) => !sameShape(x.shape, first.shape));
  if (other !== undefined)
    throw new ShapeError({ op, expected: `operands of shape [${first.shape}]`, got: showAval(other.aval) });
  if (!Number.isInteger(numKeys) || numKeys < 1 || numKeys > xs.length)
    throw new ArgumentError({ op, expected: `numKeys from 1 to ${xs.length}`, got: show(numKeys) });
  const d = normalAxis(dimension, first.ndim, op),
    order = orderBy([first, ...xs.slice(1, numKeys)], d);
  return xs.map((x) => inOrder(x, order, d));
};
const isArray = (x: unknown): boolean => x instanceof Value || ArrayBuffer.isView(x);

/** Both forms of `sort`: of one array, and of several together. */
export interface SortOperands {
  (xs: readonly NDArray[], dimension?: number, options?: SortOperandsOptions): readonly NDArray[];
  (xs: readonly NDArray[], options: SortOperandsOptions & { readonly dimension?: number }): readonly NDArray[];
  (x: ArrayLike, dimension?: number, options?: SortOperandsOptions): NDArray;
  (x: ArrayLike, options: SortOperandsOptions & { readonly dimension?: number }): NDArray;
}
/**
 * The elements in order along an axis: NaN is the largest, zeros of both signs are equal, equal elements keep their order. A list of
 * arrays is sorted together, by its first `numKeys`. Throws ShapeError for operands that differ in shape, and ArgumentError.
 * @example
 * lax.sort(np.array([3, 1, 2])) // => [1 2 3]
 * lax.sort([np.array([1, 0, 1]), np.array([7, 8, 6])], { numKeys: 2 }) // => [[0 1 1], [8 6 7]]
 */
export const sort: SortOperands = named(
  "sort",
  ["dimension"],
  ["isStable", "numKeys"],
  (x: ArrayLike, dimension: number = -1, { numKeys = 1 }: SortOperandsOptions = {}): unknown => {
    const op = "sort",
      several = Array.isArray(x) && (x.length === 0 || x.some(isArray));
    const xs = several ? (x as readonly ArrayLike[]) : [x];
    const out = together(
      op,
      xs.map((v) => asArray(v, op)),
      dimension,
      numKeys,
    ).map((v) => settle(v, op));
    return several ? out : out[0];
  },
) as SortOperands;

/** Options of `sortKeyVal`. */
export interface SortKeyValOptions {
  /** Whether equal keys have to keep their order; they always do. */
  readonly isStable?: boolean;
}
/**
 * Keys in order along an axis (the last by default), and the values in the order of their keys. Throws ShapeError.
 * @example
 * lax.sortKeyVal([3, 1, 2], [30, 10, 20]) // => [[1 2 3], [10 20 30]]
 */
export const sortKeyVal = named(
  "sortKeyVal",
  ["dimension"],
  ["isStable"],
  (
    keys: ArrayLike,
    values: ArrayLike,
    dimension: number = -1,
    _options: SortKeyValOptions = {},
  ): readonly [keys: NDArray, values: NDArray] => {
    const op = "sortKeyVal",
      [k, v] = together(op, [asArray(keys, op), asArray(values, op)], dimension, 1);
    return [settle(k as Value, op), settle(v as Value, op)];
  },
);

type Extremes = readonly [values: NDArray, indices: NDArray];
const extremes = (op: string, x: ArrayLike, k: number, axis: number, descending: boolean): Extremes => {
  const v = asArray(x, op),
    d = normalAxis(axis, v.ndim, op),
    n = v.shape[d] as number;
  if (!Number.isInteger(k) || k < 0 || k > n)
    throw new ArgumentError({ op, expected: `k from 0 to ${n}, the extent of the axis`, got: show(k) });
  const indices = sliceAxis(argsort(v, d, descending), d, 0, k);
  return [settle(inOrder(v, indices, d), op), settle(indices, op)];
};
/** Options of `topK`. */
export interface TopKOptions {
  /** Along which axis; the last by default. */
  readonly axis?: number;
}
/**
 * The k largest elements along an axis, the largest first, and their indices `i32`; of equal elements the one with the lower index comes
 * first, and NaN is the largest. Throws ShapeError, and ArgumentError for more than there are.
 * @example
 * lax.topK([1, 5, 3, 5], 3) // => [[5 5 3], [1 3 2]]
 */
export const topK = named(
  "topK",
  [],
  ["axis"],
  (x: ArrayLike, k: number, { axis = -1 }: TopKOptions = {}): Extremes => extremes("topK", x, k, axis, true),
);

/** Options of `approxMaxK` and `approxMinK`. All but the axis are about the approximation, and there is none. */
export interface ApproxOptions {
  /** Along which axis; the last by default. */
  readonly reductionDimension?: number;
  readonly recallTarget?: number;
  readonly reductionInputSizeOverride?: number;
  readonly aggregateToTopk?: boolean;
}
const approximate = (op: string, descending: boolean) =>
  named(
    op,
    [],
    ["reductionDimension", "recallTarget", "reductionInputSizeOverride", "aggregateToTopk"],
    (x: ArrayLike, k: number, { reductionDimension = -1 }: ApproxOptions = {}): Extremes =>
      extremes(op, x, k, reductionDimension, descending),
  );
/**
 * The k largest elements along an axis, the largest first, and their indices `i32`. The result is exact whatever recall is asked for: it
 * is that of `topK`. Throws ShapeError and ArgumentError.
 * @example
 * lax.approxMaxK([1, 5, 3], 2) // => [[5 3], [1 2]]
 */
export const approxMaxK = approximate("approxMaxK", true);
/**
 * The k least elements along an axis, the least first, and their indices `i32`; NaN is the largest. The result is exact whatever recall
 * is asked for. Throws ShapeError and ArgumentError.
 * @example
 * lax.approxMinK([1, 5, 3], 2) // => [[1 3], [0 2]]
 */
export const approxMinK = approximate("approxMinK", false);
