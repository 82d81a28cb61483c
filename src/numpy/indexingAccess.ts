// Reading and writing what an index names. Ranges are slices and pads, which fuse; arrays of positions are gather and scatter.
import type { Shape } from "../core/aval.ts";
import { sizeOf } from "../core/aval.ts";
import { ShapeError } from "../core/errors.ts";
import { isEager } from "../core/trace.ts";
import { Literal, type Value } from "../core/value.ts";
import { dynamicSlice } from "../primitives/dynamic.ts";
import { select } from "../primitives/elementwise.ts";
import { gather, type GatherDimensionNumbers, type ScatterDimensionNumbers } from "../primitives/indexing.ts";
import type { UniqueScatterOptions } from "../primitives/scatter.ts";
import { full, reshape } from "../primitives/linear.ts";
import { concatenate, pad, rev, slice } from "../primitives/movement.ts";
import { asArray } from "./array.ts";
import type { Plan, Range } from "./indexingPlan.ts";

const isWhole = (ranges: readonly Range[], shape: Shape): boolean =>
  ranges.every((r, d) => r.count === shape[d] && !r.reverse);
const reversed = (ranges: readonly Range[]): readonly number[] => ranges.flatMap((r, d) => (r.reverse ? [d] : []));
/** One more than the last element of a range. */
const limitOf = ({ start, count, stride }: Range): number => (count === 0 ? start : start + (count - 1) * stride + 1);

/** The elements of the ranges, all axes kept. */
export const readRanges = (op: string, x: Value, ranges: readonly Range[]): Value => {
  if (isWhole(ranges, x.shape)) return x;
  const starts = ranges.map((r) => r.start);
  // Eagerly a start is data, so that a loop over rows compiles one program.
  if (isEager() && ranges.every((r) => r.stride === 1 && !r.reverse))
    return dynamicSlice(
      x,
      starts.map((s) => asArray(s, op, "int32")),
      ranges.map((r) => r.count),
    );
  return rev(
    slice(
      x,
      starts,
      ranges.map(limitOf),
      ranges.map((r) => r.stride),
    ),
    reversed(ranges),
  );
};
/** `x` with `combine(x, v)` where the ranges are; `v` has the ranges' extents. */
export const writeRanges = (
  x: Value,
  v: Value,
  ranges: readonly Range[],
  combine: (x: Value, v: Value) => Value,
): Value => {
  if (v.size === 0) return x;
  if (isWhole(ranges, x.shape)) return combine(x, v);
  const place = (u: Value, filler: number): Value =>
    pad(
      u,
      new Literal(filler, u.dtype),
      ranges.map((r) => r.start),
      ranges.map((r, d) => (x.shape[d] as number) - limitOf(r)),
      ranges.map((r) => r.stride - 1),
    );
  // The filler is 1, so that dividing by it does no harm where the result is not used.
  return select(place(full(v.shape, 1, "bool"), 0), combine(x, place(rev(v, reversed(ranges)), 1)), x);
};

/** Axes of the operand that positions leave whole. */
const keptAxes = ({ ranges, arrays }: Plan): readonly number[] =>
  ranges.map((_, d) => d).filter((d) => !arrays.some(({ axis }) => axis === d));
/** The arrays of positions as rows `i32[...block, k]`. */
export const rowsOf = ({ arrays, block }: Plan): Value =>
  concatenate(
    arrays.map(({ index }) => reshape(index, [...block, 1])),
    block.length,
  );
/** Axes of gather's result that stem from the operand. */
const windowDims = (plan: Plan): readonly number[] => {
  const before = plan.layout.slice(0, plan.place).filter((d) => d !== null).length;
  return keptAxes(plan).map((_, i) => (i < before ? i : i + plan.block.length));
};
const gatherNumbers = (plan: Plan): GatherDimensionNumbers => {
  const axes = plan.arrays.map(({ axis }) => axis);
  return { offsetDims: windowDims(plan), collapsedSliceDims: axes, startIndexMap: axes };
};
/** Dimension numbers of a scatter of updates of shape `windowShape(plan)`. */
export const scatterNumbers = (plan: Plan): ScatterDimensionNumbers => {
  const { offsetDims, collapsedSliceDims, startIndexMap } = gatherNumbers(plan);
  return {
    updateWindowDims: offsetDims,
    insertedWindowDims: collapsedSliceDims,
    scatterDimsToOperandDims: startIndexMap,
  };
};
/** The result's shape without its new axes: that of gather's result and scatter's updates. */
export const windowShape = ({ layout, place, block, ranges }: Plan): Shape => {
  const extents = (part: readonly (number | null)[]): Shape =>
    part.flatMap((d) => (d === null ? [] : [(ranges[d] as Range).count]));
  return [...extents(layout.slice(0, place)), ...block, ...extents(layout.slice(place))];
};

const refuseEmpty = (op: string, x: Value, shape: Shape): void => {
  if (sizeOf(x.shape) === 0 && sizeOf(shape) > 0)
    throw new ShapeError({
      op,
      expected: "an array with elements to read",
      got: `shape [${x.shape}]`,
      remedy: 'use mode "fill"',
    });
};
/** What is read out of range: the nearest element, or `fillValue` (undefined: NaN, the least integer, ...). */
export interface Reading {
  readonly mode: "clip" | "fill";
  readonly fillValue?: number | undefined;
}
const fillWith = (fillValue: number | undefined): { readonly fillValue?: number } =>
  fillValue === undefined ? {} : { fillValue };

/** The elements that an index names. */
export const read = (op: string, x: Value, plan: Plan, { mode, fillValue }: Reading): Value => {
  const { ranges, arrays, shape } = plan;
  if (arrays.length === 0) return reshape(readRanges(op, x, ranges), shape);
  const from = readRanges(op, x, ranges);
  if (mode === "clip") refuseEmpty(op, from, shape);
  const axes = arrays.map(({ axis }) => axis);
  if (mode === "clip" && plan.block.length === 0) {
    const zero = asArray(0, op, "int32");
    return reshape(
      dynamicSlice(
        from,
        from.shape.map((_, d) => arrays[axes.indexOf(d)]?.index ?? zero),
        from.shape.map((n, d) => (axes.includes(d) ? 1 : n)),
      ),
      shape,
    );
  }
  const out = gather(from, rowsOf(plan), {
    dimensionNumbers: gatherNumbers(plan),
    sliceSizes: from.shape.map((n, d) => (axes.includes(d) ? Math.min(1, n) : n)),
    mode,
    ...fillWith(fillValue),
  });
  return reshape(out, shape);
};

/** What a write does with the element that is there and the new one, as ranges do it and as scatter does it. */
export interface Writing {
  readonly combine: (x: Value, v: Value) => Value;
  readonly scatter: (x: Value, rows: Value, v: Value, options: UniqueScatterOptions) => Value;
}
/** How an index out of range and equal positions are taken. */
export interface WriteOptions {
  readonly mode: "clip" | "drop";
  readonly uniqueIndices: boolean;
}
/** `x` with the elements that an index names written; `v` has the plan's shape and the dtype of `x`. */
export const write = (op: string, x: Value, plan: Plan, v: Value, how: Writing, options: WriteOptions): Value => {
  const { ranges, arrays, block } = plan;
  if (arrays.length === 0)
    return writeRanges(
      x,
      reshape(
        v,
        ranges.map((r) => r.count),
      ),
      ranges,
      how.combine,
    );
  const part = readRanges(op, x, ranges),
    window = windowShape(plan);
  if (options.mode === "clip") refuseEmpty(op, part, window);
  const written = how.scatter(part, rowsOf(plan), reshape(v, window), {
    dimensionNumbers: scatterNumbers(plan),
    mode: options.mode,
    uniqueIndices: options.uniqueIndices || sizeOf(block) === 1,
  });
  return writeRanges(x, written, ranges, (_, u) => u);
};
