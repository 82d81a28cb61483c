// Elements where a condition holds, of an extent that data give (outside jit) or that the caller gives.
import { showAval } from "../core/aval.ts";
import { ArgumentError, ShapeError } from "../core/errors.ts";
import { settle } from "../core/lift.ts";
import { Literal, type Value } from "../core/value.ts";
import { cumsum } from "../primitives/cumulative.ts";
import { convertElementType, ne, rem, select, selectN, sub } from "../primitives/elementwise.ts";
import { full, reshape } from "../primitives/linear.ts";
import { iota } from "../primitives/movement.ts";
import { fullLike } from "../primitives/pointwise.ts";
import { scatter } from "../primitives/scatter.ts";
import { type ArrayLike, asArray, type NDArray, promote } from "./array.ts";
import { normalAxis } from "./axes.ts";
import { broadcastTogether, expandTo } from "./broadcasting.ts";
import { positionsOf } from "./indexingMask.ts";
import { positionArray, wrapped } from "./indexingPositions.ts";
import { take } from "./take.ts";
import { named } from "./named.ts";
import * as given from "./given.ts";

/** The extent of a result that data would give. */
export interface SizeOptions {
  /** The extent of the result, which under jit has to be given: what is more is left out, what lacks is filled. */
  readonly size?: number;
  /** Default 0. */
  readonly fillValue?: number;
}
const truth = (op: string, x: ArrayLike): Value => {
  const v = asArray(x, op);
  return v.dtype === "bool" ? v : ne(v, fullLike(v, 0));
};
// The k-th true element writes its own number to place k; false ones write beyond the end, where they are dropped.
const firstPositions = (mask: Value, size: number): Value => {
  const n = mask.shape[0] as number,
    count = convertElementType(mask, "int32");
  const place = n === 0 ? count : select(mask, sub(cumsum(count, 0), fullLike(count, 1)), fullLike(count, size));
  return scatter(full([size], n, "int32"), reshape(place, [n, 1]), iota([n], 0), {
    dimensionNumbers: { updateWindowDims: [], insertedWindowDims: [0], scatterDimsToOperandDims: [0] },
    uniqueIndices: true,
  });
};
/** Positions of the true elements of a vector; with a size, positions beyond the end stand where there are too few. */
const truePositions = (op: string, mask: Value, size: number | undefined): Value => {
  if (size === undefined) return positionsOf(mask, op)[0] as Value;
  if (!Number.isInteger(size) || size < 0)
    throw new ArgumentError({ op, expected: "a size of at least 0", got: String(size) });
  return firstPositions(mask, size);
};

/**
 * The slices of `x` along an axis where the vector `condition` is true; without an axis `x` is flat. Throws ShapeError, and TraceError
 * for a traced condition without a `size`.
 * @example
 * compress([true, false, true], [[1, 2], [3, 4], [5, 6]], 0) // => [[1 2] [5 6]]
 * compress([false, true], [7, 8], 0, { size: 3 }) // => [8 0 0]
 */
export const compress = named(
  "compress",
  ["axis"],
  ["size", "fillValue"],
  (
    condition: ArrayLike,
    x: ArrayLike,
    axis: number | null = null,
    { size, fillValue = 0 }: SizeOptions = {},
  ): NDArray => {
    const op = "compress",
      given = asArray(x, op),
      v = axis === null ? reshape(given, [given.size]) : given,
      d = normalAxis(axis ?? 0, v.ndim, op),
      mask = truth(op, condition),
      n = v.shape[d] as number;
    if (mask.ndim !== 1 || mask.size > n)
      throw new ShapeError({ op, expected: `a vector of at most ${n} conditions`, got: showAval(mask.aval) });
    const found = truePositions(op, mask, size),
      beyond = select(
        convertElementType(ne(found, fullLike(found, mask.size)), "bool"),
        found,
        fullLike(found, n), // "too few" is a position beyond the end of x too
      );
    return take(v, beyond, d, { fillValue, mode: "fill" });
  },
);
/**
 * The elements of `x` where `condition`, of the same size, is not 0. Throws ShapeError, and TraceError for a traced condition without a
 * `size`.
 * @example
 * extract([[true, false], [false, true]], [[1, 2], [3, 4]]) // => [1 4]
 */
export const extract = named(
  "extract",
  [],
  ["size", "fillValue"],
  (condition: ArrayLike, x: ArrayLike, options: SizeOptions = {}): NDArray => {
    const mask = truth("extract", condition);
    return compress(reshape(mask, [mask.size]), x, null, options);
  },
);

/**
 * `choices[which]`, elementwise; all broadcast. Out of range the nearest choice, or for mode "wrap" the remainder. Throws ShapeError,
 * DTypeError, and ArgumentError without choices.
 * @example
 * choose([0, 1, 1], [[1, 2, 3], [10, 20, 30]]) // => [1 20 30]
 */
export const choose = named(
  "choose",
  [],
  ["mode"],
  (
    which: ArrayLike,
    choices: readonly ArrayLike[],
    { mode = "clip" }: { readonly mode?: "clip" | "wrap" } = {},
  ): NDArray => {
    const op = "choose",
      n = given.list(op, "choices", choices).length;
    if (n === 0) throw new ArgumentError({ op, expected: "at least one choice", got: "none" });
    const index = convertElementType(positionArray(op, which), "int32"),
      wrap = expandTo(op, new Literal(n, "int32"), index.shape);
    const chosen = mode === "wrap" ? wrapped(rem(index, wrap), n) : index,
      [i, ...values] = broadcastTogether(op, [chosen, ...promote(op, ...choices)]);
    return settle(selectN(i as Value, ...values), op);
  },
);
