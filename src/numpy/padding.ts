// Padding, and changes of length along an axis.
import { ArgumentError, ShapeError } from "../core/errors.ts";
import { settle } from "../core/lift.ts";
import type { Value } from "../core/value.ts";
import { full, reshape } from "../primitives/linear.ts";
import { take } from "../primitives/indexing.ts";
import * as m from "../primitives/movement.ts";
import { fromTyped } from "../runtime/array.ts";
import { type ArrayLike, asArray, type NDArray } from "./array.ts";
import { normalAxis } from "./axes.ts";
import { expandTo } from "./broadcasting.ts";
import { named } from "./named.ts";
import * as given from "./given.ts";

/** What stands outside of the array. */
export type PadMode = "constant" | "edge" | "reflect" | "symmetric" | "wrap";
/** For all axes, for all axes alike before and behind, or for each axis before and behind. */
export type PadWidth = number | readonly [number, number] | readonly (readonly [number, number])[];
/** Options of `pad`. */
export interface PadOptions {
  /** "constant" by default; "edge" repeats the last element, "reflect" mirrors about it, "symmetric" beyond it, "wrap" goes round. */
  readonly mode?: PadMode;
  /** What constant padding is made of; 0 by default. */
  readonly constantValues?: ArrayLike;
}
const positive = (i: number, n: number): number => ((i % n) + n) % n;
const mirror = (i: number, period: number, n: number): number => {
  const at = positive(i, period);
  return at < n ? at : period - at - (period === 2 * n ? 1 : 0);
};
/** Which element of an axis of extent n stands at position i, which may lie outside. */
const sources: { readonly [M in Exclude<PadMode, "constant">]: (i: number, n: number) => number } = {
  edge: (i, n) => Math.min(Math.max(i, 0), n - 1),
  reflect: (i, n) => (n === 1 ? 0 : mirror(i, 2 * n - 2, n)),
  symmetric: (i, n) => mirror(i, 2 * n, n),
  wrap: positive,
};
const widths = (width: PadWidth, ndim: number): readonly (readonly [number, number])[] => {
  const pairs: readonly (readonly number[])[] =
    typeof width === "number"
      ? [[width, width]]
      : given.list("pad", "widths", width).length > 0 && typeof width[0] === "number"
        ? [width as readonly number[]]
        : (width as readonly (readonly number[])[]);
  const all = pairs.length === 1 ? Array.from({ length: ndim }, () => pairs[0] as readonly number[]) : pairs;
  if (
    all.length !== ndim ||
    !all.every((p) => Array.isArray(p) && p.length === 2 && p.every((w) => Number.isInteger(w) && w >= 0))
  )
    throw new ShapeError({
      op: "pad",
      expected: `a width from 0 on, a pair [before, behind], or a pair for each of ${ndim} axes`,
      got: given.show(width),
    });
  return all as readonly (readonly [number, number])[];
};
/**
 * x with more elements around it: constants, or elements of x as `mode` says.
 * @example
 * np.pad([1, 2], 1) // => [0 1 2 0]
 * np.pad([1, 2, 3], [2, 1], { mode: "reflect" }) // => [3 2 1 2 3 2]
 */
export const pad = named(
  "pad",
  [],
  ["mode", "constantValues"],
  (x: ArrayLike, width: PadWidth, { mode = "constant", constantValues = 0 }: PadOptions = {}): NDArray => {
    const v = asArray(x, "pad"),
      pairs = widths(width, v.ndim);
    if (mode === "constant") {
      const value = expandTo("pad", asArray(constantValues, "pad", v.dtype), []);
      return settle(
        m.pad(
          v,
          value,
          pairs.map(([lo]) => lo),
          pairs.map(([, hi]) => hi),
        ),
        "pad",
      );
    }
    if (!Object.hasOwn(sources, mode))
      throw new ArgumentError({
        op: "pad",
        expected: `a mode among constant, ${Object.keys(sources).join(", ")}`,
        got: JSON.stringify(mode),
      });
    const source = sources[mode];
    const out = pairs.reduce<Value>((y, [lo, hi], axis) => {
      const n = y.shape[axis] as number;
      if (lo + hi === 0) return y;
      if (n === 0)
        throw new ShapeError({
          op: "pad",
          expected: `elements along axis ${axis} to pad with`,
          got: `shape [${v.shape}]`,
        });
      const at = Int32Array.from({ length: lo + n + hi }, (_, i) => source(i - lo, n));
      return take(y, fromTyped("int32", [at.length], at), axis);
    }, v);
    return settle(out, "pad");
  },
);

/** x (flattened without an axis), the axis counted from the start, and its extent. */
const along = (op: string, x: ArrayLike, axis: number | null): readonly [Value, number, number] => {
  const v = asArray(x, op),
    flat = axis === null ? reshape(v, [v.size]) : v,
    at = axis === null ? 0 : normalAxis(axis, v.ndim, op);
  return [flat, at, flat.shape[at] as number];
};
const place = (op: string, i: number, last: number, n: number): number => {
  const at = i < 0 ? i + n : i;
  if (!Number.isInteger(i) || at < 0 || at > last)
    throw new ArgumentError({ op, expected: `positions from ${-n} to ${last}`, got: String(i) });
  return at;
};
/**
 * x without the elements at given positions along an axis (of the flattened array without one).
 * @example
 * np.delete([1, 2, 3], 1) // => [1 3]
 */
const remove = named(
  "delete",
  ["axis"],
  [],
  (x: ArrayLike, positions: number | readonly number[], axis: number | null = null): NDArray => {
    const [v, at, n] = along("delete", x, axis);
    const gone = new Set(
      given.integersOrOne("delete", "positions", positions).map((i) => place("delete", i, n - 1, n)),
    );
    const kept = Int32Array.from(Array.from({ length: n }, (_, i) => i).filter((i) => !gone.has(i)));
    return settle(gone.size === 0 ? v : take(v, fromTyped("int32", [kept.length], kept), at), "delete");
  },
);
/**
 * x with values put in before given positions along an axis (of the flattened array without one).
 * @example
 * np.insert([1, 2, 3], 1, 9) // => [1 9 2 3]
 */
export const insert = named(
  "insert",
  ["axis"],
  [],
  (x: ArrayLike, positions: number | readonly number[], values: ArrayLike, axis: number | null = null): NDArray => {
    const [v, at, n] = along("insert", x, axis),
      spots = given.integersOrOne("insert", "positions", positions).map((i) => place("insert", i, n, n));
    const news = asArray(values, "insert", v.dtype),
      rows =
        typeof positions === "number"
          ? news.ndim < v.ndim || axis === null
            ? 1
            : (news.shape[at] ?? 1)
          : spots.length;
    const count = axis === null ? Math.max(rows, news.size) : rows,
      shape = v.shape.map((d, i) => (i === at ? count : d));
    const flat = typeof positions === "number" && news.ndim === v.ndim - 1 ? m.expandDims(news, [at]) : news;
    const added = expandTo("insert", flat, shape),
      order = Array.from({ length: count }, (_, k) => [spots[spots.length === 1 ? 0 : k] as number, k] as const).sort(
        (a, b) => a[0] - b[0] || a[1] - b[1],
      );
    const pieces: Value[] = [];
    let from = 0;
    for (const [spot, k] of order) {
      if (spot > from) pieces.push(m.sliceAxis(v, at, from, spot));
      pieces.push(m.sliceAxis(added, at, k, k + 1));
      from = spot;
    }
    if (from < n) pieces.push(m.sliceAxis(v, at, from, n));
    return settle(pieces.length === 0 ? v : m.concatenate(pieces, at), "insert");
  },
);
/**
 * The elements of x in another shape, repeated or cut off as needed.
 * @example
 * np.resize([1, 2, 3], [2, 2]) // => [[1 2] [3 1]]
 */
export const resize = (x: ArrayLike, shape: number | readonly number[]): NDArray => {
  const v = asArray(x, "resize"),
    to = given.shape("resize", shape),
    n = to.reduce((a, b) => a * b, 1);
  if (v.size === 0) return full(to, 0, v.dtype);
  const copies = Math.max(1, Math.ceil(n / v.size)),
    flat = m.concatenate(new Array<Value>(copies).fill(reshape(v, [v.size])), 0);
  return settle(reshape(m.sliceAxis(flat, 0, 0, n), to), "resize");
};
export { remove as delete };
