// Vectors as signals: convolution, differences, quadrature.
import { ArgumentError, ShapeError } from "../core/errors.ts";
import { Literal, type Value } from "../core/value.ts";
import { conv } from "../primitives/conv.ts";
import { reshape } from "../primitives/linear.ts";
import * as m from "../primitives/movement.ts";
import { type ArrayLike, asArray, type NDArray } from "./array.ts";
import { normalAxis } from "./axes.ts";
import { counting, operand, operands, real } from "./kinds.ts";
import { diff } from "./running.ts";
import { named } from "./named.ts";

/** How much of a convolution is kept. */
export type ConvolveMode = "full" | "same" | "valid";
const vectors = (op: string, x: ArrayLike, y: ArrayLike): readonly [Value, Value] => {
  const a = asArray(x, op),
    b = asArray(y, op);
  for (const v of [a, b])
    if (v.ndim !== 1 || v.size === 0)
      throw new ShapeError({
        op,
        expected: "two vectors that are not empty",
        got: `shapes [${a.shape}] and [${b.shape}]`,
      });
  const common = operand(counting, op, a),
    other = operand(counting, op, b);
  const [u] = operands(counting, op, new Literal(0, common.dtype), new Literal(0, other.dtype)) as readonly [Value];
  return [common.astype(u.dtype), other.astype(u.dtype)];
};
const ends: { readonly [M in ConvolveMode]: (k: number) => readonly [number, number] } = {
  full: (k) => [k - 1, k - 1],
  same: (k) => [Math.floor(k / 2), k - 1 - Math.floor(k / 2)],
  valid: () => [0, 0],
};
const slide = (op: string, x: Value, w: Value, mode: ConvolveMode): Value => {
  if (!Object.hasOwn(ends, mode))
    throw new ArgumentError({ op, expected: "a mode among full, same, valid", got: JSON.stringify(mode) });
  const out = conv(reshape(x, [1, 1, x.size]), reshape(w, [1, 1, w.size]), {
    strides: [1],
    padding: [ends[mode](w.size)],
    lhsDilation: [1],
    rhsDilation: [1],
    featureGroupCount: 1,
    batchGroupCount: 1,
  });
  return reshape(out, [out.size]);
};
/**
 * The convolution `out[k] = sum_i x[i] y[k - i]` of two vectors.
 * @example
 * np.convolve([1, 2, 3], [1, 1]) // => [1 3 5 3]
 */
export const convolve = named(
  "convolve",
  ["mode"],
  [],
  (x: ArrayLike, y: ArrayLike, mode: ConvolveMode = "full"): NDArray => {
    const [a, b] = vectors("convolve", x, y),
      [long, short] = a.size >= b.size ? [a, b] : [b, a];
    return slide("convolve", long, m.rev(short, [0]), mode);
  },
);
/**
 * The correlation `out[k] = sum_i x[i + k] y[i]` of two vectors.
 * @example
 * np.correlate([1, 2, 3], [0, 1]) // => [2 3]
 */
export const correlate = named(
  "correlate",
  ["mode"],
  [],
  (x: ArrayLike, y: ArrayLike, mode: ConvolveMode = "valid"): NDArray => {
    const [a, b] = vectors("correlate", x, y);
    if (a.size >= b.size) return slide("correlate", a, b, mode);
    return m.rev(slide("correlate", b, a, mode), [0]);
  },
);

/** Options of `trapezoid`. */
export interface TrapezoidOptions {
  /** The points at which y was taken; overrides dx. */
  readonly x?: ArrayLike;
  /** The distance of the points; 1 by default. */
  readonly dx?: number;
  /** -1 by default. */
  readonly axis?: number;
}
/**
 * The integral of y along an axis (the last by default) by the trapezoidal rule.
 * @example
 * np.trapezoid([1, 2, 3]) // => 4
 */
export const trapezoid = named(
  "trapezoid",
  [],
  ["x", "dx", "axis"],
  (y: ArrayLike, { x, dx = 1, axis = -1 }: TrapezoidOptions = {}): NDArray => {
    const v = operand(real, "trapezoid", y).mul(0.5),
      along = normalAxis(axis, v.ndim, "trapezoid"),
      size = v.shape[along] as number;
    const pairs = m.sliceAxis(v, along, Math.min(1, size), size).add(m.sliceAxis(v, along, 0, Math.max(0, size - 1)));
    if (x === undefined) return pairs.mul(dx).sum(along);
    const points = asArray(x, "trapezoid"),
      width = diff(points, 1, points.ndim === 1 ? -1 : along);
    const aligned =
      width.ndim === 1 && v.ndim > 1
        ? reshape(
            width,
            v.shape.map((_d: number, i: number) => (i === along ? width.size : 1)),
          )
        : width;
    return pairs.mul(aligned).sum(along);
  },
);
/**
 * Differences of neighbours of the flattened array.
 * @example
 * np.ediff1d([1, 4, 9]) // => [3 5]
 */
export const ediff1d = (x: ArrayLike): NDArray => diff(asArray(x, "ediff1d").ravel());
const gradientAlong = (v: Value, h: number, axis: number): Value => {
  const n = v.shape[axis] as number;
  if (n < 2)
    throw new ShapeError({
      op: "gradient",
      expected: "at least two elements along every axis",
      got: `shape [${v.shape}]`,
    });
  const cut = (from: number, to: number): Value => m.sliceAxis(v, axis, from, to);
  const first = cut(1, 2).sub(cut(0, 1)).div(h),
    last = cut(n - 1, n)
      .sub(cut(n - 2, n - 1))
      .div(h);
  if (n === 2) return m.concatenate([first, last], axis);
  return m.concatenate(
    [
      first,
      cut(2, n)
        .sub(cut(0, n - 2))
        .div(2 * h),
      last,
    ],
    axis,
  );
};
/**
 * Central differences (one-sided at the ends) along each axis, for points at distance h: one array per axis, the array itself
 * for a vector.
 * @example
 * np.gradient([1, 4, 9]) // => [3 4 5]
 */
export const gradient = named(
  "gradient",
  ["h", "axis"],
  [],
  (x: ArrayLike, h: number = 1, axis: number | null = null): NDArray | readonly NDArray[] => {
    const v = operand(real, "gradient", x);
    if (axis !== null) return gradientAlong(v, h, normalAxis(axis, v.ndim, "gradient"));
    return v.ndim === 1 ? gradientAlong(v, h, 0) : v.shape.map((_d: number, i: number) => gradientAlong(v, h, i));
  },
);
