// dynamicSlice and dynamicUpdateSlice, each other's transpose: one window at a start that data give, moved to where it fits.
import { aval, showAval } from "../core/aval.ts";
import type { Aval, Shape } from "../core/aval.ts";
import { DTypeError, ShapeError } from "../core/errors.ts";
import type { Primitive, Read, Variadic } from "../core/primitive.ts";
import { bind } from "../core/trace.ts";
import { Literal, type Value } from "../core/value.ts";
import type { Expr } from "../kernel/expr.ts";
import { select } from "../kernel/expr.ts";
import { iadd, isub } from "../kernel/index.ts";
import { gather } from "./indexing.ts";
import { broadcast, reshape, zerosOf } from "./linear.ts";
import { concatenate } from "./movement.ts";
import { scatter } from "./scatter.ts";
import { clamped, fits, inFront } from "./windows.ts";

const checkStarts = (op: string, x: Aval, sizes: Shape, starts: readonly Aval[]): void => {
  const got = `${showAval(x)}, window [${sizes}] and starts ${starts.map(showAval).join(", ")}`;
  if (starts.length !== x.shape.length || starts.some((s) => s.shape.length !== 0))
    throw new ShapeError({ op, expected: `a scalar start per axis of ${showAval(x)}`, got });
  if (starts.some((s) => (s.dtype !== "int32" && s.dtype !== "uint32") || s.dtype !== starts[0]?.dtype))
    throw new DTypeError({
      op,
      expected: "starts all of dtype int32 or all of uint32",
      got,
      remedy: 'convert them with astype("int32")',
    });
  if (
    sizes.length !== x.shape.length ||
    !sizes.every((s, d) => Number.isInteger(s) && s >= 0 && s <= (x.shape[d] as number))
  )
    throw new ShapeError({ op, expected: "a window within the operand", got });
};
const startsAt = (reads: readonly Read[], shape: Shape, sizes: Shape): readonly Expr[] =>
  reads.map((read, d) => clamped({ d, raw: read([]), last: (shape[d] as number) - (sizes[d] as number) }));
// Starts of a batch as the rows of an index array [size, rank].
const rowsOf = (size: number, starts: readonly Value[], axes: readonly (number | null)[]): Value =>
  concatenate(
    starts.map((s, d) => reshape(axes[d] === null || axes[d] === undefined ? broadcast(s, [size], [0]) : s, [size, 1])),
    1,
  );
const zeroLike = (starts: readonly Value[]): Value => new Literal(0, starts[0]?.dtype ?? "int32");

/** `out[at] = x[start + at]`; operands are x and a scalar start per axis, clamped to where the window fits. */
export const dynamicSliceP: Primitive<{ readonly sizes: Shape }, Variadic> = {
  name: "dynamicSlice",
  abstractEval: ([x, ...starts], { sizes }) => {
    checkStarts("dynamicSlice", x as Aval, sizes, starts);
    return aval(sizes, (x as Aval).dtype);
  },
  jvp: [(dx, _out, [, ...starts], { sizes }) => dynamicSlice(dx, starts, sizes)],
  transpose: [
    (ct, [, ...starts], _attrs, [x]) => dynamicUpdateSlice(zerosOf(x as Aval), ct, starts as readonly Value[]),
  ],
  batch: (size, [x, ...starts], [b, ...axes], { sizes }) => {
    const operand = x as Value,
      all = sizes.map((_, d) => d),
      batched = b ?? null;
    if (axes.every((a) => a === null))
      return [dynamicSlice(inFront(size, operand, batched), [zeroLike(starts), ...starts], [size, ...sizes]), 0];
    const rows = rowsOf(size, starts, axes),
      window = all.map((d) => d + 1);
    if (batched === null)
      return [
        gather(operand, rows, {
          dimensionNumbers: { offsetDims: window, collapsedSliceDims: [], startIndexMap: all },
          sliceSizes: sizes,
          mode: "clip",
        }),
        0,
      ];
    return [
      gather(inFront(size, operand, batched), rows, {
        dimensionNumbers: {
          offsetDims: window,
          collapsedSliceDims: [],
          startIndexMap: window,
          operandBatchingDims: [0],
          startIndicesBatchingDims: [0],
        },
        sliceSizes: [Math.min(1, size), ...sizes],
        mode: "clip",
      }),
      0,
    ];
  },
  lower: (reads, at, { sizes }, [x]) => {
    const starts = startsAt(reads.slice(1), (x as Aval).shape, sizes);
    return (reads[0] as Read)(at.map((e, d) => iadd(starts[d] as Expr, e)));
  },
  show: ({ sizes }) => `sizes=[${sizes}]`,
};
/** The window of extents `sizes` of `x` at `starts`, scalars of dtype int32 or uint32 that are clamped to where it fits. Throws ShapeError and DTypeError. */
export const dynamicSlice = (x: Value, starts: readonly Value[], sizes: Shape): Value =>
  bind(dynamicSliceP, [x, ...starts], { sizes });

/** `out = x` but for `out[start + at] = update[at]`; operands are x, the update and a scalar start per axis, clamped to where it fits. */
export const dynamicUpdateSliceP: Primitive<Readonly<Record<never, never>>, Variadic> = {
  name: "dynamicUpdateSlice",
  abstractEval: ([x, update, ...starts]) => {
    const operand = x as Aval,
      patch = update as Aval;
    checkStarts("dynamicUpdateSlice", operand, patch.shape, starts);
    if (operand.dtype !== patch.dtype)
      throw new DTypeError({
        op: "dynamicUpdateSlice",
        expected: "operand and update of equal dtype",
        got: `${showAval(operand)} and ${showAval(patch)}`,
        remedy: "convert one with astype",
      });
    return operand;
  },
  jvp: [
    (dx, _out, [, update, ...starts]) => dynamicUpdateSlice(dx, zerosOf((update as Value).aval), starts),
    (du, _out, [x, , ...starts]) => dynamicUpdateSlice(zerosOf((x as Value).aval), du, starts),
  ],
  transpose: [
    (ct, [, , ...starts], _attrs, [, update]) =>
      dynamicUpdateSlice(ct, zerosOf(update as Aval), starts as readonly Value[]),
    (ct, [, , ...starts], _attrs, [, update]) => dynamicSlice(ct, starts as readonly Value[], (update as Aval).shape),
  ],
  batch: (size, [x, update, ...starts], [b, c, ...axes]) => {
    const operand = inFront(size, x as Value, b ?? null),
      patch = inFront(size, update as Value, c ?? null),
      window = starts.map((_, d) => d + 1);
    if (axes.every((a) => a === null)) return [dynamicUpdateSlice(operand, patch, [zeroLike(starts), ...starts]), 0];
    return [
      scatter(operand, rowsOf(size, starts, axes), patch, {
        dimensionNumbers: {
          updateWindowDims: window,
          insertedWindowDims: [],
          scatterDimsToOperandDims: window,
          operandBatchingDims: [0],
          scatterIndicesBatchingDims: [0],
        },
        mode: "clip",
        uniqueIndices: true,
      }),
      0,
    ];
  },
  lower: (reads, at, _attrs, [x, update]) => {
    const { shape } = x as Aval,
      sizes = (update as Aval).shape;
    if (sizes.includes(0)) return (reads[0] as Read)(at);
    const starts = startsAt(reads.slice(2), shape, sizes);
    const from = at.map((e, d) => isub(e, starts[d] as Expr));
    const inside = fits(from.map((raw, d) => ({ d, raw, last: (sizes[d] as number) - 1 })));
    return select(inside, (reads[1] as Read)(from), (reads[0] as Read)(at));
  },
};
/** `x` with `update` written at `starts`, scalars of dtype int32 or uint32 that are clamped to where it fits. Throws ShapeError and DTypeError. */
export const dynamicUpdateSlice = (x: Value, update: Value, starts: readonly Value[]): Value =>
  bind(dynamicUpdateSliceP, [x, update, ...starts], {});
