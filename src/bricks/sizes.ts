// Checks of the sizes that bricks are made with.
import { ArgumentError, ShapeError } from "../numpy/errors.ts";
import type { NDArray } from "../numpy/index.ts";

/** `n`; throws ArgumentError unless it is a positive integer. */
export const size = (op: string, what: string, n: number): number => {
  if (!Number.isInteger(n) || n < 1)
    throw new ArgumentError({ op, expected: `${what} to be a positive integer`, got: String(n) });
  return n;
};
/** A size for each of `count` axes, from one for all or a list; throws ArgumentError. */
export const sizes = (op: string, what: string, n: number | readonly number[], count: number): readonly number[] => {
  const all = typeof n === "number" ? new Array<number>(count).fill(n) : n;
  if (all.length !== count) throw new ArgumentError({ op, expected: `${count} numbers for ${what}`, got: `[${all}]` });
  return all.map((k) => size(op, what, k));
};
/** `x`; throws ShapeError unless it has a channel axis and `spatial` others. */
export const image = (op: string, x: NDArray, spatial: number, channels?: number): NDArray => {
  if (x.ndim !== spatial + 1 || (channels !== undefined && x.shape[0] !== channels))
    throw new ShapeError({
      op,
      expected: `one example: ${channels ?? "any number of"} channels and ${spatial} spatial ${spatial === 1 ? "axis" : "axes"}`,
      got: `shape [${x.shape}]`,
      remedy: "map over a batch with vmap, and put the channels first",
    });
  return x;
};
/** Padding by name, or before and after each axis; a number is for both sides. */
export type Padding = "SAME" | "VALID" | number | readonly (readonly [before: number, after: number])[];
/**
 * Padding before and after each spatial axis. "SAME" makes `ceil(extent / stride)` outputs, with the odd one after, as JAX does;
 * `reach` is the extent of the windows.
 */
export const pads = (
  op: string,
  padding: Padding,
  extents: readonly number[],
  reach: readonly number[],
  strides: readonly number[],
): readonly (readonly [number, number])[] => {
  if (typeof padding === "object") {
    if (padding.length !== extents.length)
      throw new ArgumentError({ op, expected: `${extents.length} pairs of padding`, got: `${padding.length}` });
    return padding;
  }
  return extents.map((n, i) => {
    if (typeof padding === "number") return [padding, padding];
    if (padding === "VALID") return [0, 0];
    const stride = strides[i] as number;
    const total = Math.max((Math.ceil(n / stride) - 1) * stride + (reach[i] as number) - n, 0);
    return [Math.floor(total / 2), total - Math.floor(total / 2)];
  });
};
