// Functions that change the shape of an array, or the order of its axes and elements.
import { type Shape, sizeOf } from "../core/aval.ts";
import { ShapeError } from "../core/errors.ts";
import { settle } from "../core/lift.ts";
import type { Value } from "../core/value.ts";
import * as linear from "../primitives/linear.ts";
import * as m from "../primitives/movement.ts";
import { type ArrayLike, asArray, type NDArray } from "./array.ts";
import { type Axes, normalAxes, normalAxis, orderedAxes } from "./axes.ts";
import { named } from "./named.ts";
import * as given from "./given.ts";

const range = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);

/** Options of `reshape` and `ravel`. */
export interface OrderOptions {
  /** "C" (the default: the last axis runs fastest) or "F" (the first does). */
  readonly order?: "C" | "F";
}
/** `shape` with -1 replaced by what is left. */
const solved = (op: string, size: number, shape: Shape): Shape => {
  const open = shape.indexOf(-1),
    rest = sizeOf(shape.filter((d) => d !== -1));
  const given = open < 0 ? shape : shape.toSpliced(open, 1, rest === 0 ? 0 : size / rest);
  if (!given.every((d) => Number.isInteger(d) && d >= 0) || sizeOf(given) !== size)
    throw new ShapeError({
      op,
      expected: `a shape of ${size} elements, with at most one -1`,
      got: `[${shape}]`,
    });
  return given;
};
const reversed = (x: Value): Value => linear.transpose(x, range(x.ndim).toReversed());
/** Same elements, another shape; one extent may be -1, which stands for what is left. */
export const reshaped = (op: string, x: Value, shape: number | Shape, order: "C" | "F" = "C"): Value => {
  // Numbers that are no extents are the shape's fault; anything else is no shape at all.
  const numbers = Array.isArray(shape) && shape.every((d) => typeof d === "number"),
    to = solved(op, x.size, numbers ? shape : given.integersOrOne(op, "extents", shape));
  return order === "C" ? linear.reshape(x, to) : reversed(linear.reshape(reversed(x), to.toReversed()));
};
/**
 * The elements of x in another shape; one extent may be -1, which stands for what is left. Throws ShapeError if the number of
 * elements differs.
 * @example
 * np.reshape([1, 2, 3, 4], [2, -1]) // => [[1 2] [3 4]]
 */
export const reshape = named(
  "reshape",
  [],
  ["order"],
  (x: ArrayLike, shape: number | Shape, { order = "C" }: OrderOptions = {}): NDArray =>
    settle(reshaped("reshape", asArray(x, "reshape"), shape, order), "reshape"),
);
/**
 * The elements of x in a vector.
 * @example
 * np.ravel([[1, 2], [3, 4]]) // => [1 2 3 4]
 */
export const ravel = named(
  "ravel",
  [],
  ["order"],
  (x: ArrayLike, { order = "C" }: OrderOptions = {}): NDArray => reshaped("ravel", asArray(x, "ravel"), -1, order),
);
/**
 * x with its axes in another order (reversed by default): axis i of the result is axis `axes[i]` of x.
 * @example
 * np.transpose([[1, 2], [3, 4]]) // => [[1 3] [2 4]]
 */
export const transpose = named(
  "transpose",
  ["axes"],
  [],
  (x: ArrayLike, axes: readonly number[] | null = null): NDArray => {
    const v = asArray(x, "transpose");
    if (axes === null) return settle(reversed(v), "transpose");
    if (axes.length !== v.ndim)
      throw new ShapeError({ op: "transpose", expected: `${v.ndim} axes for shape [${v.shape}]`, got: `[${axes}]` });
    return settle(linear.transpose(v, orderedAxes(axes, v.ndim, "transpose")), "transpose");
  },
);
/**
 * x with its last two axes exchanged. Throws ShapeError for fewer than two.
 * @example
 * np.matrixTranspose([[1, 2], [3, 4]]) // => [[1 3] [2 4]]
 */
export const matrixTranspose = (x: ArrayLike): NDArray => {
  const v = asArray(x, "matrixTranspose");
  if (v.ndim < 2)
    throw new ShapeError({ op: "matrixTranspose", expected: "at least two axes", got: `shape [${v.shape}]` });
  return swapaxes(v, -1, -2);
};
/**
 * x with two axes exchanged.
 * @example
 * np.swapaxes(np.zeros([2, 3, 4]), 0, 2).shape // => [4, 3, 2]
 */
export const swapaxes = (x: ArrayLike, axis1: number, axis2: number): NDArray => {
  const v = asArray(x, "swapaxes"),
    a = normalAxis(axis1, v.ndim, "swapaxes"),
    b = normalAxis(axis2, v.ndim, "swapaxes");
  return linear.transpose(
    v,
    range(v.ndim).map((i) => (i === a ? b : i === b ? a : i)),
  );
};
/**
 * x with axes moved from `source` to `destination`; the others keep their order.
 * @example
 * np.moveaxis(np.zeros([2, 3, 4]), 0, -1).shape // => [3, 4, 2]
 */
export const moveaxis = (
  x: ArrayLike,
  source: number | readonly number[],
  destination: number | readonly number[],
): NDArray => {
  const v = asArray(x, "moveaxis"),
    list = (a: number | readonly number[]): readonly number[] =>
      orderedAxes(typeof a === "number" ? [a] : a, v.ndim, "moveaxis");
  const from = list(source),
    to = list(destination);
  if (from.length !== to.length)
    throw new ShapeError({
      op: "moveaxis",
      expected: "as many destinations as sources",
      got: `${from.length} sources, ${to.length} destinations`,
    });
  const rest = range(v.ndim).filter((a) => !from.includes(a));
  return linear.transpose(
    v,
    range(v.ndim).map((i) => (to.includes(i) ? (from[to.indexOf(i)] as number) : (rest.shift() as number))),
  );
};
/**
 * x with `axis` moved in front of `start`.
 * @example
 * np.rollaxis(np.zeros([2, 3, 4]), 2).shape // => [4, 2, 3]
 */
export const rollaxis = named("rollaxis", ["start"], [], (x: ArrayLike, axis: number, start: number = 0): NDArray => {
  const v = asArray(x, "rollaxis"),
    from = normalAxis(axis, v.ndim, "rollaxis"),
    before = start === v.ndim ? start : normalAxis(start, v.ndim, "rollaxis");
  return moveaxis(v, from, before > from ? before - 1 : before);
});
/**
 * x with new axes of extent 1 at `axis`, positions in the result.
 * @example
 * np.expandDims([1, 2], 1) // => [[1] [2]]
 */
export const expandDims = (x: ArrayLike, axis: number | readonly number[]): NDArray => {
  const v = asArray(x, "expandDims"),
    list = given.integersOrOne("expandDims", "axes", axis);
  return settle(m.expandDims(v, normalAxes(list, v.ndim + list.length, "expandDims")), "expandDims");
};
/**
 * x without axes of extent 1: all of them, or those given. Throws ShapeError if a given one is longer.
 * @example
 * np.squeeze([[[1], [2]]]).shape // => [2]
 */
export const squeeze = named("squeeze", ["axis"], [], (x: ArrayLike, axis: Axes = null): NDArray => {
  const v = asArray(x, "squeeze"),
    axes = axis === null ? range(v.ndim).filter((a) => v.shape[a] === 1) : normalAxes(axis, v.ndim, "squeeze");
  return settle(m.squeeze(v, axes), "squeeze");
});
/** At least `n` axes; new ones where `place` says, given the number of axes there are. */
const atLeast =
  (op: string, n: number, place: (ndim: number) => readonly number[]) =>
  (x: ArrayLike): NDArray => {
    const v = asArray(x, op);
    return settle(v.ndim >= n ? v : m.expandDims(v, place(v.ndim)), op);
  };
/**
 * x with at least one axis.
 * @example
 * np.atleast1d(3) // => [3]
 */
export const atleast1d = atLeast("atleast1d", 1, () => [0]);
/**
 * x with at least two axes; a vector becomes a row.
 * @example
 * np.atleast2d([1, 2]) // => [[1 2]]
 */
export const atleast2d = atLeast("atleast2d", 2, (ndim) => range(2 - ndim));
/**
 * x with at least three axes; a vector of n becomes `[1, n, 1]`, a matrix `[m, n, 1]`.
 * @example
 * np.atleast3d([1, 2]).shape // => [1, 2, 1]
 */
export const atleast3d = atLeast("atleast3d", 3, (ndim) => [[0, 1, 2], [0, 2], [2]][ndim] ?? []);

/**
 * x in reverse along axes (all by default).
 * @example
 * np.flip([[1, 2], [3, 4]], 1) // => [[2 1] [4 3]]
 */
export const flip = named("flip", ["axis"], [], (x: ArrayLike, axis: Axes = null): NDArray => {
  const v = asArray(x, "flip");
  return settle(m.rev(v, normalAxes(axis, v.ndim, "flip")), "flip");
});
/**
 * x in reverse along axis 1.
 * @example
 * np.fliplr([[1, 2], [3, 4]]) // => [[2 1] [4 3]]
 */
export const fliplr = (x: ArrayLike): NDArray => flip(x, 1);
/**
 * x in reverse along axis 0.
 * @example
 * np.flipud([[1, 2], [3, 4]]) // => [[3 4] [1 2]]
 */
export const flipud = (x: ArrayLike): NDArray => flip(x, 0);
/**
 * x turned k times by 90 degrees, from the first of two axes to the second.
 * @example
 * np.rot90([[1, 2], [3, 4]]) // => [[2 4] [1 3]]
 */
export const rot90 = named(
  "rot90",
  ["k", "axes"],
  [],
  (x: ArrayLike, k: number = 1, axes: readonly [number, number] = [0, 1]): NDArray => {
    const v = asArray(x, "rot90"),
      [a, b] = orderedAxes(axes, v.ndim, "rot90") as readonly [number, number];
    const turns = ((given.integer("rot90", "k", k) % 4) + 4) % 4;
    if (turns === 0) return settle(v, "rot90");
    if (turns === 2) return flip(v, [a, b]);
    return turns === 1 ? swapaxes(flip(v, b), a, b) : flip(swapaxes(v, a, b), b);
  },
);
/**
 * x shifted by `shift` places along an axis (or flattened); what leaves at one end comes in at the other.
 * @example
 * np.roll([1, 2, 3, 4], 1) // => [4 1 2 3]
 */
export const roll = named(
  "roll",
  ["axis"],
  [],
  (x: ArrayLike, shift: number | readonly number[], axis: Axes = null): NDArray => {
    const v = asArray(x, "roll"),
      by = given.integersOrOne("roll", "shifts", shift);
    if (axis === null) {
      const total = by.reduce((a, b) => a + b, 0);
      return linear.reshape(rolled(linear.reshape(v, [v.size]), total, 0), v.shape);
    }
    const axes = given.integersOrOne("roll", "axes", axis),
      shifts = typeof shift === "number" ? axes.map(() => shift) : by;
    if (shifts.length !== axes.length)
      throw new ShapeError({ op: "roll", expected: `${axes.length} shifts`, got: `[${shifts}]` });
    const out = axes.reduce<Value>((y, a, i) => rolled(y, shifts[i] as number, normalAxis(a, v.ndim, "roll")), v);
    return settle(out, "roll");
  },
);
const rolled = (x: Value, by: number, axis: number): Value => {
  const n = x.shape[axis] as number,
    at = n === 0 ? 0 : ((-by % n) + n) % n;
  return at === 0 ? x : m.concatenate([m.sliceAxis(x, axis, at, n), m.sliceAxis(x, axis, 0, at)], axis);
};

/**
 * The shape of x.
 * @example
 * np.shape([[1, 2], [3, 4]]) // => [2, 2]
 */
export const shape = (x: ArrayLike): Shape => asArray(x, "shape").shape;
/**
 * The number of axes of x.
 * @example
 * np.ndim([[1, 2], [3, 4]]) // => 2
 */
export const ndim = (x: ArrayLike): number => asArray(x, "ndim").ndim;
/**
 * The number of elements of x, or its extent along an axis.
 * @example
 * np.size([[1, 2], [3, 4]]) // => 4
 */
export const size = named("size", ["axis"], [], (x: ArrayLike, axis: number | null = null): number => {
  const v = asArray(x, "size");
  return axis === null ? v.size : (v.shape[normalAxis(axis, v.ndim, "size")] as number);
});

export { ravel as flatten, transpose as permuteDims };
