// What the entries of `x.slice(...)` and `x.at(...)` mean: one range per axis, arrays of positions, and the axes of the result.
import type { Aval, Shape } from "../core/aval.ts";
import { sameShape, showAval } from "../core/aval.ts";
import type { TypedArray } from "../core/dtype.ts";
import { ArgumentError, ShapeError } from "../core/errors.ts";
import { tracerMisuse } from "../core/misuse.ts";
import { Tracer, Value } from "../core/value.ts";
import { type ArrayLike, asArray } from "./array.ts";
import { broadcastTogether } from "./broadcasting.ts";
import { checkPosition, watches, watchPositions } from "./indexCheck.ts";
import { positionsOf } from "./indexingMask.ts";
import { positionArray, wrapped } from "./indexingPositions.ts";

/** Elements `start, start + step, ...` before `stop`, as Python's slices; what is missing or null runs to the end. */
export type Span = readonly [] | readonly [start: number | null, stop?: number | null, step?: number | null];
/**
 * One entry of an index: a position, a span, all axes that no other entry names ("..."), a new axis (null), an array of integer
 * positions, or a boolean mask.
 */
export type Index = number | Span | "..." | null | Value | TypedArray | readonly ArrayLike[];

/** The elements `start, start + stride, ...` of an axis, `count` of them, then in reverse if `reverse`. */
export interface Range {
  readonly start: number;
  readonly count: number;
  readonly stride: number;
  readonly reverse: boolean;
}
/** An axis and the array of its positions: int32, negative ones counted from the start. */
export interface Positions {
  readonly axis: number;
  readonly index: Value;
}
/** An index that has been understood. */
export interface Plan {
  /** One per axis of the operand; a position is a range of one element. */
  readonly ranges: readonly Range[];
  /** By ascending axis, of one shape. */
  readonly arrays: readonly Positions[];
  /** The shape of the arrays. */
  readonly block: Shape;
  /** Axes of the result that do not stem from arrays: axes of the operand, or null for new ones. */
  readonly layout: readonly (number | null)[];
  /** Where in `layout` the axes of the arrays stand. */
  readonly place: number;
  readonly shape: Shape;
}

const isSpan = (e: unknown): e is readonly (number | null | undefined)[] =>
  Array.isArray(e) && e.length <= 3 && e.every((x) => typeof x === "number" || x === null || x === undefined);
/** An entry that is an array (or stands for one). */
const isArrayEntry = (e: Index): e is Value | TypedArray | readonly ArrayLike[] =>
  e instanceof Value || ArrayBuffer.isView(e) || (Array.isArray(e) && !isSpan(e));

/** The elements of a Python slice of an axis of `n`. Throws ArgumentError for bounds that are no integers and a step of 0. */
const rangeOf = (op: string, span: readonly (number | null | undefined)[], n: number): Range => {
  const [start, stop, step] = span.map((x) => x ?? null),
    k = step ?? 1;
  if (k === 0 || ![start ?? 0, stop ?? 0, k].every(Number.isInteger))
    throw new ArgumentError({
      op,
      expected: "a span [start, stop, step] of integers or nulls, step not 0",
      got: JSON.stringify(span),
      remedy: 'an array of positions is np.array([...], { dtype: "int32" })',
    });
  const clamp = (i: number, lo: number, hi: number): number => Math.min(Math.max(i < 0 ? i + n : i, lo), hi);
  const [lo, hi] = k > 0 ? [0, n] : [-1, n - 1];
  const from = start === null || start === undefined ? (k > 0 ? lo : hi) : clamp(start, lo, hi),
    to = stop === null || stop === undefined ? (k > 0 ? hi : lo) : clamp(stop, lo, hi);
  const count = Math.max(0, Math.ceil((to - from) / k));
  if (count === 0) return { start: 0, count, stride: 1, reverse: false };
  return { start: k > 0 ? from : from + (count - 1) * k, count, stride: count === 1 ? 1 : Math.abs(k), reverse: k < 0 };
};
/** An entry after masks have become positions. */
type Step =
  | { readonly kind: "range"; readonly range: Range }
  | { readonly kind: "new" }
  | { readonly kind: "position"; readonly at: number; readonly near: number }
  | { readonly kind: "array"; readonly index: Value };

const arrayOf = (op: string, e: Value | TypedArray | readonly ArrayLike[]): Value => {
  if (Array.isArray(e) && e.length <= 3 && e.some((x) => x instanceof Tracer && x.ndim === 0))
    throw new ArgumentError({
      op,
      expected: "spans of numbers that are known while tracing",
      got: "a traced value in a span or list",
      remedy: "lax.dynamicSlice takes traced starts; an array of positions is np.stack([...])",
    });
  return positionArray(op, e as ArrayLike, true);
};
/** Number of axes that an entry takes. */
const axesTaken = (e: Index | Value): number =>
  e === null || e === "..." ? 0 : e instanceof Value && e.dtype === "bool" ? e.ndim : 1;

const checkMask = (op: string, mask: Value, x: Aval, axis: number): void => {
  if (mask.ndim === 0)
    throw new ArgumentError({
      op,
      expected: "a mask with axes",
      got: showAval(mask.aval),
      remedy: "choose with np.where",
    });
  if (!sameShape(mask.shape, x.shape.slice(axis, axis + mask.ndim)))
    throw new ShapeError({
      op,
      expected: `a mask of the shape of the axes that it stands for, [${x.shape.slice(axis, axis + mask.ndim)}] of ${showAval(x)}`,
      got: showAval(mask.aval),
    });
};
/** A static position and the nearest one that exists (-1 if none does). */
const positionStep = (op: string, given: number, n: number): Step => {
  if (!Number.isInteger(given)) throw new ArgumentError({ op, expected: "integer positions", got: String(given) });
  const at = given < 0 ? given + n : given;
  return { kind: "position", at, near: Math.min(Math.max(at, 0), n - 1) };
};
const whole = (n: number): Step => ({ kind: "range", range: { start: 0, count: n, stride: 1, reverse: false } });

/** One step per axis, new axis, or array. Throws ShapeError for too many entries, TraceError for a traced mask. */
const stepsOf = (op: string, x: Aval, index: readonly Index[], mode: unknown): readonly Step[] => {
  const entries = index.map((e) => (isArrayEntry(e) ? arrayOf(op, e) : e)),
    rank = x.shape.length;
  const taken = entries.reduce<number>((n, e) => n + axesTaken(e), 0),
    dots = entries.filter((e) => e === "...").length;
  if (dots > 1) throw new ShapeError({ op, expected: 'at most one "..." in an index', got: `${dots}` });
  if (taken > rank)
    throw new ShapeError({
      op,
      expected: `at most ${rank} entries for ${showAval(x)}`,
      got: `entries for ${taken} axes`,
    });
  const steps: Step[] = [];
  let axis = 0;
  for (const e of dots === 1 ? entries : [...entries, "..." as const]) {
    const n = x.shape[axis] as number;
    if (e === null) steps.push({ kind: "new" });
    else if (e === "...") for (let k = taken; k < rank; k++) steps.push(whole(x.shape[axis++] as number));
    else if (typeof e === "number") {
      if (watches(mode) && Number.isInteger(e)) checkPosition(op, x, axis, e);
      steps.push(positionStep(op, e, n));
    } else if (!(e instanceof Value)) {
      if (!isSpan(e))
        throw new ArgumentError({ op, expected: 'a position, span, array, null or "..."', got: String(e) });
      steps.push({ kind: "range", range: rangeOf(op, e, n) });
    } else if (e.dtype !== "bool")
      steps.push({ kind: "array", index: wrapped(watchPositions(op, x, axis, e, mode), n) });
    else {
      checkMask(op, e, x, axis);
      if (e instanceof Tracer) tracerMisuse(e, "mask");
      for (const p of positionsOf(e, op)) steps.push({ kind: "array", index: p });
    }
    if (e !== "...") axis += axesTaken(e);
  }
  return steps;
};

/**
 * Understand an index into an operand of aval `x`. With `clip` static positions out of range are the nearest ones; `mode` is
 * what the user said about them. Throws
 * ShapeError, DTypeError, ArgumentError, and TraceError for a traced mask.
 */
export const planOf = (op: string, x: Aval, index: readonly Index[], clip: boolean, mode: unknown): Plan => {
  const given = stepsOf(op, x, index, mode);
  // NumPy counts positions as arrays as soon as there is an array; one that does not exist is left to gather and scatter too.
  const advanced = given.some((s) => s.kind === "array" || (s.kind === "position" && !clip && s.at !== s.near));
  const steps = given.map(
    (s): Step => (advanced && s.kind === "position" ? { kind: "array", index: asArray(s.at, op, "int32") } : s),
  );
  const ranges: Range[] = [],
    axes: number[] = [],
    layout: (number | null)[] = [],
    seen: number[] = [];
  let place = 0;
  steps.forEach((s, i) => {
    const axis = ranges.length;
    if (s.kind === "new") {
      layout.push(null);
      return;
    }
    if (s.kind === "array") {
      if (seen.length === 0) place = layout.length;
      seen.push(i);
      axes.push(axis);
      ranges.push({ start: 0, count: x.shape[axis] as number, stride: 1, reverse: false });
      return;
    }
    if (s.kind === "range") {
      layout.push(axis);
      ranges.push(s.range);
      return;
    }
    if (s.near < 0)
      throw new ShapeError({
        op,
        expected: `an axis ${axis} with elements`,
        got: showAval(x),
        remedy: 'use mode "fill"',
      });
    ranges.push({ start: s.near, count: 1, stride: 1, reverse: false });
  });
  const together = seen.every((i, k) => i === (seen[0] as number) + k); // else the arrays' axes come first
  if (!together) place = 0;
  const arrays = broadcastTogether(
      op,
      steps.flatMap((s) => (s.kind === "array" ? [s.index] : [])),
    ).map((v, k): Positions => ({ axis: axes[k] as number, index: v })),
    block = arrays[0]?.index.shape ?? [];
  const extents = layout.map((d) => (d === null ? 1 : (ranges[d] as Range).count));
  return {
    ranges,
    arrays,
    block,
    layout,
    place,
    shape: [...extents.slice(0, place), ...block, ...extents.slice(place)],
  };
};
