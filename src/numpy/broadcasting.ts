// Broadcasting: shapes are aligned at their last axes, and axes of extent 1 repeat.
import type { Shape } from "../core/aval.ts";
import { sameShape } from "../core/aval.ts";
import { ShapeError } from "../core/errors.ts";
import { settle } from "../core/lift.ts";
import type { Value } from "../core/value.ts";
import { broadcast, reshape } from "../primitives/linear.ts";
import { type ArrayLike, asArray, type NDArray } from "./array.ts";
import * as given from "./given.ts";

const join = (op: string, shapes: readonly Shape[]): Shape => {
  const out = new Array<number>(Math.max(0, ...shapes.map((s) => s.length))).fill(1);
  for (const s of shapes)
    for (let i = 0; i < s.length; i++) {
      const at = out.length - s.length + i,
        d = s[i] as number;
      if (d === 1 || d === out[at]) continue;
      if (out[at] !== 1)
        throw new ShapeError({
          op,
          expected: "shapes that broadcast (equal or 1 from the last axis on)",
          got: shapes.map((t) => `[${t}]`).join(" and "),
          remedy: "give the operands axes of extent 1 where they should repeat: np.expandDims, np.reshape",
        });
      out[at] = d;
    }
  return out;
};
/**
 * The shape in which shapes meet: aligned at the last axis, 1 stretches. Throws ShapeError if they do not fit.
 * @example
 * np.broadcastShapes([3, 1], [4]) // => [3, 4]
 */
export const broadcastShapes = (...shapes: readonly Shape[]): Shape =>
  join(
    "broadcastShapes",
    shapes.map((s) => given.shape("broadcastShapes", s)),
  );

const known: (readonly number[])[] = [];
/** All axes of an array of that rank: the same list each time, which caches see at once. */
const axesOf = (rank: number): readonly number[] => (known[rank] ??= Array.from({ length: rank }, (_, i) => i));

/** `x` repeated to `shape`; the error names `op`. */
export const expandTo = (op: string, x: Value, shape: Shape): Value => {
  const from = x.aval.shape;
  if (sameShape(from, shape)) return x;
  if (from.length === 0) return broadcast(x, shape, axesOf(shape.length));
  const lead = shape.length - from.length;
  const axes: number[] = [],
    kept: number[] = [];
  for (let i = 0; i < shape.length; i++) {
    const d = i < lead ? null : (from[i - lead] as number);
    if (d === shape[i]) kept.push(d);
    else if (d === 1 || d === null) axes.push(i);
    else axes.push(-1);
  }
  if (lead < 0 || axes.includes(-1))
    throw new ShapeError({ op, expected: `a shape that broadcasts to [${shape}]`, got: `[${from}]` });
  return broadcast(reshape(x, kept), shape, axes);
};
/**
 * `x` repeated along new leading axes and along axes of extent 1, so that it has `shape`. Throws ShapeError if it does not fit.
 * @example
 * np.broadcastTo([1, 2], [2, 2]) // => [[1 2] [1 2]]
 */
export const broadcastTo = (x: ArrayLike, shape: number | Shape): NDArray =>
  settle(expandTo("broadcastTo", asArray(x, "broadcastTo"), given.shape("broadcastTo", shape)), "broadcastTo");

/** The operands in one shape; the error names `op`. */
export const broadcastTogether = (op: string, xs: readonly Value[]): readonly Value[] => {
  const shapes = xs.map((x) => x.aval.shape);
  let all: Shape = [];
  for (const s of shapes) if (s.length > all.length) all = s;
  // Arrays of one shape, and numbers beside them: what other shapes meet in has to be found out.
  if (!shapes.every((s) => s === all || s.length === 0 || sameShape(s, all))) all = join(op, shapes);
  return xs.map((x) => expandTo(op, x, all));
};
/**
 * The arrays in one shape, each with its own dtype. Throws ShapeError if they do not fit.
 * @example
 * np.broadcastArrays([[1], [2]], [3, 4]) // => [[[1 1] [2 2]], [[3 4] [3 4]]]
 */
export const broadcastArrays = (...xs: readonly ArrayLike[]): readonly NDArray[] =>
  broadcastTogether(
    "broadcastArrays",
    xs.map((x) => asArray(x, "broadcastArrays")),
  );
