// Running sums and products, differences.
import type { DType } from "../core/dtype.ts";
import { isFloating } from "../core/dtype.ts";
import { ArgumentError, ShapeError } from "../core/errors.ts";
import { settle } from "../core/lift.ts";
import type { Value } from "../core/value.ts";
import * as cumulative from "../primitives/cumulative.ts";
import * as p from "../primitives/elementwise.ts";
import { full, reshape } from "../primitives/linear.ts";
import { concatenate, sliceAxis } from "../primitives/movement.ts";
import { fullLike } from "../primitives/pointwise.ts";
import { type ArrayLike, asArray, type NDArray, promote } from "./array.ts";
import { normalAxis } from "./axes.ts";
import { expandTo } from "./broadcasting.ts";
import { counting, operand, operands } from "./kinds.ts";
import { named } from "./named.ts";

/** Options of running reductions. */
export interface RunningOptions {
  /** In which dtype to compute. */
  readonly dtype?: DType;
}
const run = (op: string, f: (x: Value, axis: number) => Value, missing: number | null = null) =>
  named(
    op,
    ["axis"],
    ["dtype"],
    (x: ArrayLike, axis: number | null = null, { dtype }: RunningOptions = {}): NDArray => {
      const v = operand(counting, op, dtype === undefined ? x : asArray(x, op, dtype));
      const known = missing === null || !isFloating(v.dtype) ? v : p.select(p.eq(v, v), v, fullLike(v, missing));
      return settle(
        axis === null ? f(reshape(known, [known.size]), 0) : f(known, normalAxis(axis, known.ndim, op)),
        op,
      );
    },
  );
/**
 * Running sums along an axis, or of the flattened array. float32 is carried in double precision.
 * @example
 * np.cumsum([1, 2, 3]) // => [1 3 6]
 */
export const cumsum = run("cumsum", (x, axis) => cumulative.cumsum(x, axis));
/**
 * Running products along an axis, or of the flattened array.
 * @example
 * np.cumprod([1, 2, 3]) // => [1 2 6]
 */
export const cumprod = run("cumprod", (x, axis) => cumulative.cumprod(x, axis));
/**
 * Running sums along an axis, or of the flattened array; NaN counts as 0.
 * @example
 * np.nancumsum([1, NaN, 3]) // => [1 1 4]
 */
export const nancumsum = run("nancumsum", (x, axis) => cumulative.cumsum(x, axis), 0);
/**
 * Running products along an axis, or of the flattened array; NaN counts as 1.
 * @example
 * np.nancumprod([2, NaN, 3]) // => [2 2 6]
 */
export const nancumprod = run("nancumprod", (x, axis) => cumulative.cumprod(x, axis), 1);

/** Options of `cumulativeSum` and `cumulativeProd`. */
export interface CumulativeOptions extends RunningOptions {
  /** Which axis; may be left out for a vector. */
  readonly axis?: number;
  /** Begin with the result of nothing; false by default. */
  readonly includeInitial?: boolean;
}
const cumulativeOf = (op: string, f: (x: ArrayLike, axis: number, options: RunningOptions) => NDArray, start: number) =>
  named(
    op,
    [],
    ["dtype", "axis", "includeInitial"],
    (x: ArrayLike, { axis, includeInitial = false, ...rest }: CumulativeOptions = {}): NDArray => {
      const v = asArray(x, op);
      if (v.ndim !== 1 && axis === undefined)
        throw new ArgumentError({ op, expected: "an axis for an array of several axes", got: "none" });
      const along = normalAxis(axis ?? 0, v.ndim, op),
        y = f(v, along, rest);
      const head = full(
        y.shape.map((d, i) => (i === along ? 1 : d)),
        start,
        y.dtype,
      );
      return includeInitial ? concatenate([head, y], along) : y;
    },
  );
/**
 * Running sums along an axis; with `includeInitial` they begin with 0.
 * @example
 * np.cumulativeSum([1, 2, 3], { includeInitial: true }) // => [0 1 3 6]
 */
export const cumulativeSum = cumulativeOf("cumulativeSum", cumsum, 0);
/**
 * Running products along an axis; with `includeInitial` they begin with 1.
 * @example
 * np.cumulativeProd([1, 2, 3]) // => [1 2 6]
 */
export const cumulativeProd = cumulativeOf("cumulativeProd", cumprod, 1);

/** Options of `diff`. */
export interface DiffOptions {
  /** Joined before the array, along the axis. */
  readonly prepend?: ArrayLike;
  /** Joined behind the array, along the axis. */
  readonly append?: ArrayLike;
}
/**
 * Differences `x[i + 1] - x[i]` along an axis (the last by default), n times.
 * @example
 * np.diff([1, 4, 9]) // => [3 5]
 * np.diff([1, 4, 9], 2) // => [2]
 */
export const diff = named(
  "diff",
  ["n", "axis"],
  ["prepend", "append"],
  (x: ArrayLike, n: number = 1, axis: number = -1, { prepend, append }: DiffOptions = {}): NDArray => {
    const v = asArray(x, "diff");
    if (!Number.isInteger(n) || n < 0)
      throw new ArgumentError({ op: "diff", expected: "a number of times from 0 on", got: String(n) });
    if (v.ndim === 0) throw new ShapeError({ op: "diff", expected: "at least one axis", got: "a scalar" });
    const along = normalAxis(axis, v.ndim, "diff");
    const row = (y: ArrayLike): Value => {
      const a = asArray(y, "diff");
      return a.ndim > 0
        ? a
        : expandTo(
            "diff",
            a,
            v.shape.map((d, i) => (i === along ? 1 : d)),
          );
    };
    const ends = [...(prepend === undefined ? [] : [row(prepend)]), v, ...(append === undefined ? [] : [row(append)])];
    let y = settle(concatenate(promote("diff", ...ends), along), "diff");
    for (let k = 0; k < n; k++) {
      const size = y.shape[along] as number,
        high = sliceAxis(y, along, Math.min(1, size), size),
        low = sliceAxis(y, along, 0, Math.max(0, size - 1));
      y = y.dtype === "bool" ? p.ne(high, low) : p.sub(...(operands(counting, "diff", high, low) as [Value, Value]));
    }
    return y;
  },
);
