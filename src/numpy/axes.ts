// Axes as users give them: negative ones count from the end, null means all.
import { ShapeError } from "../core/errors.ts";
import { refuseTraced, show } from "./given.ts";

/** One axis, several, or null for all. */
export type Axes = number | readonly number[] | null;

/** `axis` counted from the start; throws a ShapeError that names `op` unless `-ndim <= axis < ndim`. */
export const normalAxis = (axis: number, ndim: number, op: string): number => {
  if (!Number.isInteger(axis) || axis < -ndim || axis >= ndim) {
    refuseTraced(axis);
    throw new ShapeError({
      op,
      expected: ndim === 0 ? "no axis (the array has none)" : `an axis from ${-ndim} to ${ndim - 1}`,
      got: show(axis),
    });
  }
  return axis < 0 ? axis + ndim : axis;
};

/** Axes counted from the start, in the order given; throws a ShapeError that names `op` for repeated ones. */
export const orderedAxes = (axes: readonly number[], ndim: number, op: string): readonly number[] => {
  refuseTraced(axes);
  if (!Array.isArray(axes)) throw new ShapeError({ op, expected: "an axis or a list of axes", got: show(axes) });
  const out = (axes as readonly number[]).map((a) => normalAxis(a, ndim, op));
  if (new Set(out).size < out.length)
    throw new ShapeError({ op, expected: "distinct axes", got: `[${axes}]${ndim > 0 ? ` of ${ndim} axes` : ""}` });
  return out;
};

/** Axes counted from the start, ascending and distinct; null and undefined mean all. */
export const normalAxes = (axis: Axes | undefined, ndim: number, op: string): readonly number[] =>
  axis === null || axis === undefined
    ? Array.from({ length: ndim }, (_, i) => i)
    : typeof axis === "number"
      ? [normalAxis(axis, ndim, op)]
      : [...orderedAxes(axis, ndim, op)].sort((a, b) => a - b);
