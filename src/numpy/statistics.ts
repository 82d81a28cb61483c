// Covariance and correlation of variables, interpolation between samples.
import { ShapeError } from "../core/errors.ts";
import type { Value } from "../core/value.ts";
import * as p from "../primitives/elementwise.ts";
import { broadcast, reshape, sum, transpose } from "../primitives/linear.ts";
import { concatenate, sliceAxis } from "../primitives/movement.ts";
import { fullLike } from "../primitives/pointwise.ts";
import { type ArrayLike, asArray, type NDArray, promote } from "./array.ts";
import { normalAxis } from "./axes.ts";
import { where } from "./choice.ts";
import { diagonal } from "./diagonals.ts";
import { searchsorted } from "./indexingSearch.ts";
import { counting, operand, operands, real } from "./kinds.ts";
import { matmul } from "./matmul.ts";
import { cumsum, diff } from "./running.ts";
import { take } from "./take.ts";
import { named } from "./named.ts";

/** Options of `cov`. */
export interface CovOptions {
  /** Whether variables are rows (the default) or columns. */
  readonly rowvar?: boolean;
  /** Divide by n instead of n - 1; false by default. */
  readonly bias?: boolean;
  /** What is taken off n; overrides `bias`. */
  readonly ddof?: number;
}
/** One variable per row. */
const variables = (op: string, x: ArrayLike, rowvar: boolean): Value => {
  const v = operand(real, op, x);
  if (v.ndim > 2) throw new ShapeError({ op, expected: "a vector or a matrix", got: `shape [${v.shape}]` });
  if (v.ndim < 2) return reshape(v, [1, v.size]);
  return rowvar ? v : transpose(v, [1, 0]);
};
/**
 * The covariance of variables, which are the rows of x (and of y): `f32[n, m] -> f32[n, n]`, a scalar for one variable.
 * @example
 * np.cov([[1, 2, 3], [6, 4, 2]]) // => [[1 -2] [-2 4]]
 */
export const cov = named(
  "cov",
  ["y"],
  ["rowvar", "bias", "ddof"],
  (x: ArrayLike, y: ArrayLike | null = null, { rowvar = true, bias = false, ddof }: CovOptions = {}): NDArray => {
    const parts = [x, ...(y === null ? [] : [y])].map((v) => variables("cov", v, rowvar)),
      all = concatenate(promote("cov", ...parts), 0),
      n = all.shape[1] as number;
    const off = p.sub(all, broadcast(p.div(sum(all, [1]), fullLike(sum(all, [1]), n)), all.shape, [1])),
      c = matmul(off, transpose(off, [1, 0])).div(n - (ddof ?? (bias ? 0 : 1)));
    return c.size === 1 ? reshape(c, []) : c;
  },
);
/**
 * The correlation coefficients of variables, which are the rows of x (and of y), within [-1, 1].
 * @example
 * np.corrcoef([[1, 2, 3], [6, 4, 2]]) // => [[1 -1] [-1 1]]
 */
export const corrcoef = named(
  "corrcoef",
  ["y"],
  ["rowvar", "bias", "ddof"],
  (x: ArrayLike, y: ArrayLike | null = null, { rowvar = true }: CovOptions = {}): NDArray => {
    const c = cov(x, y, { rowvar });
    if (c.ndim === 0) return c.div(c);
    const scale = diagonal(c).sqrt();
    return c
      .div(reshape(scale, [scale.size, 1]))
      .div(scale)
      .clip(-1, 1);
  },
);

/** Options of `interp`. */
export interface InterpOptions {
  /** The result before the first point; its value by default. */
  readonly left?: number;
  /** The result behind the last point; its value by default. */
  readonly right?: number;
}
/**
 * The line through the points (xp, fp), xp ascending, at x: piecewise linear, constant outside.
 * @example
 * np.interp([0.5, 9], [0, 1, 2], [10, 20, 40]) // => [15 40]
 */
export const interp = named(
  "interp",
  [],
  ["left", "right"],
  (x: ArrayLike, xp: ArrayLike, fp: ArrayLike, { left, right }: InterpOptions = {}): NDArray => {
    const [points, at] = promote("interp", operand(real, "interp", xp), operand(real, "interp", x)) as readonly [
        Value,
        Value,
      ],
      values = operand(real, "interp", fp),
      n = points.size;
    if (points.ndim !== 1 || values.ndim !== 1 || values.size !== n || n === 0)
      throw new ShapeError({
        op: "interp",
        expected: "xp and fp to be vectors of one length, at least 1",
        got: `shapes [${points.shape}] and [${values.shape}]`,
      });
    const last = take(values, n - 1),
      first = take(values, 0);
    const i = searchsorted(points, at, { side: "right" }).clip(1, Math.max(1, n - 1));
    const before = take(points, i.sub(1)),
      low = take(values, i.sub(1)),
      width = n > 1 ? take(points, i).sub(before) : fullLike(at, 0),
      rise = n > 1 ? take(values, i).sub(low) : fullLike(low, 0);
    const flat = width.equal(0),
      inside = low.add(where(flat, 0, at.sub(before).div(where(flat, 1, width))).mul(rise));
    const lower = where(at.less(take(points, 0)), left ?? first, inside);
    return where(at.greater(take(points, n - 1)), right ?? last, lower);
  },
);
/** Options of `unwrap`. */
export interface UnwrapOptions {
  /** The size of a jump that counts as one; half the period by default. */
  readonly discont?: number;
  /** -1 by default. */
  readonly axis?: number;
  /** 2 pi by default. */
  readonly period?: number;
}
/**
 * x with multiples of the period added along an axis, so that neighbours differ by less than half of it.
 * @example
 * np.unwrap([0, 2, 5, 1], { period: 4 }) // => [0 2 1 1]
 */
export const unwrap = named(
  "unwrap",
  [],
  ["discont", "axis", "period"],
  (x: ArrayLike, { discont, axis = -1, period = 2 * Math.PI }: UnwrapOptions = {}): NDArray => {
    const v = operand(real, "unwrap", x),
      along = normalAxis(axis, v.ndim, "unwrap"),
      n = v.shape[along] as number,
      half = period / 2;
    if (n < 2) return v;
    const jumps = diff(v, 1, along),
      wrapped = jumps.add(half).mod(period).sub(half),
      // A jump of exactly half a period keeps its direction.
      within = where(wrapped.equal(-half).mul(jumps.greater(0)), half, wrapped);
    const turns = where(jumps.abs().less(discont ?? half), 0, within.sub(jumps));
    const head = sliceAxis(v, along, 0, 1),
      rest = sliceAxis(v, along, 1, n).add(cumsum(turns, along));
    return concatenate([head, rest], along);
  },
);
/** Which axes hold the components of vectors. */
export interface CrossOptions {
  /** -1 by default. */
  readonly axis?: number;
}
/**
 * The cross product of vectors of 3 components along an axis: `f32[..., 3]`.
 * @example
 * np.cross([1, 0, 0], [0, 1, 0]) // => [0 0 1]
 */
export const cross = named(
  "cross",
  [],
  ["axis"],
  (x: ArrayLike, y: ArrayLike, { axis = -1 }: CrossOptions = {}): NDArray => {
    const [a, b] = operands(counting, "cross", asArray(x, "cross"), asArray(y, "cross")) as readonly [Value, Value],
      along = normalAxis(axis, a.ndim, "cross");
    if (a.shape[along] !== 3)
      throw new ShapeError({ op: "cross", expected: `extent 3 along axis ${axis}`, got: `shape [${a.shape}]` });
    // Component i of the result is a[i + 1] b[i + 2] - a[i + 2] b[i + 1].
    const turned = (v: Value, by: number): Value =>
      concatenate([sliceAxis(v, along, by, 3), sliceAxis(v, along, 0, by)], along);
    return p.sub(p.mul(turned(a, 1), turned(b, 2)), p.mul(turned(a, 2), turned(b, 1)));
  },
);
