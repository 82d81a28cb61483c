// Gather and scatterAdd, each other's transpose: reading and accumulating windows at places that data give.
import { aval, sameShape, showAval, sizeOf } from "../core/aval.ts";
import type { Aval } from "../core/aval.ts";
import type { DType } from "../core/dtype.ts";
import { scalarOf } from "../core/dtype.ts";
import { DTypeError, ShapeError } from "../core/errors.ts";
import type { Binary, Primitive, Ternary } from "../core/primitive.ts";
import { bind } from "../core/trace.ts";
import type { Value } from "../core/value.ts";
import type { Buffer, Expr, ReduceOp } from "../kernel/expr.ts";
import { constant, select } from "../kernel/expr.ts";
import type { Stmt } from "../kernel/program.ts";
import { reshape, without, zerosOf } from "./linear.ts";
import { checkDType, numeric } from "./pointwise.ts";
import { scatterStatements } from "./scatterLoops.ts";
import {
  batchedWindows,
  checkWindows,
  clamped,
  fits,
  inFront,
  operandIndex,
  showWindows,
  sliceSizesOf,
  startsOf,
  windowedShape,
  type Windows,
} from "./windows.ts";

/** What happens to windows that do not fit: moved to where they do (`clip`), or all of them `fillValue` (`fill`). */
export interface GatherAttrs {
  readonly windows: Windows;
  readonly sliceSizes: readonly number[];
  readonly mode: "clip" | "fill";
  readonly fillValue: number;
}
/** `out[batch, offset] = x[start(indices[batch]) + offset]`. */
export const gatherP: Primitive<GatherAttrs, Binary> = {
  name: "gather",
  abstractEval: ([x, indices], { windows, sliceSizes, mode }) => {
    checkWindows("gather", x, indices, sliceSizes, windows);
    const shape = windowedShape(indices.shape, sliceSizes, windows);
    if (mode === "clip" && sizeOf(x.shape) === 0 && sizeOf(shape) > 0)
      throw new ShapeError({
        op: "gather",
        expected: "an operand with elements to clip to",
        got: `${showAval(x)} and indices ${showAval(indices)}`,
        remedy: 'use mode "fill"',
      });
    return aval(shape, x.dtype);
  },
  jvp: [(dx, _out, [, indices], attrs) => bind(gatherP, [dx, indices], { ...attrs, fillValue: 0 }), null],
  transpose: [
    (ct, [, indices], { windows, mode }, [x]) =>
      bind(scatterAddP, [zerosOf(x), indices as Value, ct], { windows, mode: mode === "clip" ? "clip" : "drop" }),
    null,
  ],
  batch: (size, [x, indices], [b, c], attrs) => {
    const operand = b === null ? x : inFront(size, x, b),
      rows = c === null ? indices : inFront(size, indices, c);
    const window = b === null ? [] : [c === null ? size : Math.min(1, size)];
    const windows = batchedWindows(attrs.windows, b !== null, c !== null);
    return [bind(gatherP, [operand, rows], { ...attrs, windows, sliceSizes: [...window, ...attrs.sliceSizes] }), 0];
  },
  lower: ([x, indices], at, { windows, sliceSizes, mode, fillValue }, [a], out) => {
    const nothing = constant(scalarOf(out.dtype), fillValue);
    if (sizeOf(a.shape) === 0) return nothing;
    const rows = without(at, windows.offsetDims),
      offset = windows.offsetDims.map((d) => at[d] as Expr);
    const starts = startsOf(indices, rows, a.shape, sliceSizes, windows);
    const element = x(
      operandIndex(a.shape.length, windows, rows, offset, new Map(starts.map((s) => [s.d, clamped(s)]))),
    );
    return mode === "clip" ? element : select(fits(starts), element, nothing);
  },
  show: ({ windows, sliceSizes, mode, fillValue }) =>
    `${showWindows(windows)} sizes=[${sliceSizes}] mode=${mode}${mode === "fill" ? `(${fillValue})` : ""}`,
};

/** What happens to updates whose window does not fit: moved to where it does (`clip`), or left out (`drop`). */
export interface ScatterAttrs {
  readonly windows: Windows;
  readonly mode: "clip" | "drop";
}
/** Shape rule of every scatter. */
export const scatterEval = (
  op: string,
  [x, indices, updates]: readonly [Aval, Aval, Aval],
  { windows, mode }: ScatterAttrs,
): Aval => {
  const sliceSizes = sliceSizesOf(x.shape, updates.shape, windows),
    got = `${showAval(x)}, indices ${showAval(indices)} and updates ${showAval(updates)}`;
  checkWindows(op, x, indices, sliceSizes, windows);
  if (x.dtype !== updates.dtype)
    throw new DTypeError({
      op,
      expected: "operand and updates of equal dtype",
      got,
      remedy: "convert one with astype",
    });
  const shape = windowedShape(indices.shape, sliceSizes, windows);
  if (!sameShape(shape, updates.shape)) throw new ShapeError({ op, expected: `updates of shape [${shape}]`, got });
  if (mode === "clip" && sizeOf(x.shape) === 0 && sizeOf(shape) > 0)
    throw new ShapeError({ op, expected: "an operand with elements to clip to", got, remedy: 'use mode "drop"' });
  return x;
};
/** Batch rule of every scatter: operand and updates are batched together; batched indices pair their batch axis with the operand's. */
export const scatterBatch =
  <A extends ScatterAttrs>(scatterOf: (x: Value, indices: Value, updates: Value, attrs: A) => Value) =>
  (
    size: number,
    [x, indices, updates]: readonly [Value, Value, Value],
    [b, c, d]: readonly [number | null, number | null, number | null],
    attrs: A,
  ): readonly [Value, number] => {
    const rows = c === null ? indices : inFront(size, indices, c);
    return [
      scatterOf(inFront(size, x, b), rows, inFront(size, updates, d), {
        ...attrs,
        windows: batchedWindows(attrs.windows, true, c !== null),
      }),
      0,
    ];
  };
/** Code of every scatter; null overwrites. */
export const scatterRoutine =
  (combine: ReduceOp | null) =>
  (
    [x, indices, updates]: readonly [Buffer, Buffer, Buffer],
    out: Buffer,
    { windows, mode }: ScatterAttrs,
  ): readonly Stmt[] =>
    scatterStatements(x, indices, updates, out, windows, mode === "clip", combine);
/** The elements of `x` at the places where a scatter of updates of shape `updates` writes; 0 for dropped updates. */
export const gatherWritten = (x: Value, indices: Value, updates: Aval, { windows, mode }: ScatterAttrs): Value =>
  bind(gatherP, [x, indices], {
    windows,
    sliceSizes: sliceSizesOf(x.shape, updates.shape, windows),
    mode: mode === "clip" ? "clip" : "fill",
    fillValue: 0,
  });
export const showScatter = ({ windows, mode }: ScatterAttrs): string => `${showWindows(windows)} mode=${mode}`;

/** `out = x`, then `out[start(indices[batch]) + offset] += updates[batch, offset]`, in row-major order of the batch. */
export const scatterAddP: Primitive<ScatterAttrs, Ternary> = {
  name: "scatterAdd",
  abstractEval: (ins, attrs) => {
    checkDType("scatterAdd", ins[0], numeric);
    return scatterEval("scatterAdd", ins, attrs);
  },
  jvp: [(dx) => dx, null, (du, _out, [x, indices], attrs) => bind(scatterAddP, [zerosOf(x.aval), indices, du], attrs)],
  transpose: [
    (ct) => ct,
    null,
    (ct, [, indices], attrs, [, , updates]) => gatherWritten(ct, indices as Value, updates, attrs),
  ],
  batch: scatterBatch((x, indices, updates, attrs) => bind(scatterAddP, [x, indices, updates], attrs)),
  routine: scatterRoutine("add"),
  show: showScatter,
};

/** JAX's GatherDimensionNumbers. */
export interface GatherDimensionNumbers {
  readonly offsetDims: readonly number[];
  readonly collapsedSliceDims: readonly number[];
  readonly startIndexMap: readonly number[];
  readonly operandBatchingDims?: readonly number[];
  readonly startIndicesBatchingDims?: readonly number[];
}
/** JAX's ScatterDimensionNumbers. */
export interface ScatterDimensionNumbers {
  readonly updateWindowDims: readonly number[];
  readonly insertedWindowDims: readonly number[];
  readonly scatterDimsToOperandDims: readonly number[];
  readonly operandBatchingDims?: readonly number[];
  readonly scatterIndicesBatchingDims?: readonly number[];
}
/** `promiseInBounds` is `clip`: a promise that is not kept reads something else, never foreign memory. */
export type GatherMode = "clip" | "fill" | "promiseInBounds";
export type ScatterMode = "clip" | "drop" | "promiseInBounds";
export interface GatherOptions {
  readonly dimensionNumbers: GatherDimensionNumbers;
  readonly sliceSizes: readonly number[];
  readonly mode?: GatherMode;
  readonly fillValue?: number;
}
export interface ScatterOptions {
  readonly dimensionNumbers: ScatterDimensionNumbers;
  readonly mode?: ScatterMode;
}

const fillOf: { readonly [K in DType]: number } = {
  float32: NaN,
  float64: NaN,
  int32: -0x80000000,
  uint32: 0xffffffff,
  uint8: 255,
  bool: 1,
};
/**
 * Windows of `operand` of extents `sliceSizes` at the starts in the last axis of `indices`, as `lax.gather`. Windows that do not fit
 * are `fillValue` (NaN, the least int32, the largest uint32 or uint8, true), or are moved to the nearest that does for mode "clip".
 * Throws ShapeError and DTypeError.
 */
export const gather = (
  operand: Value,
  indices: Value,
  { dimensionNumbers: n, sliceSizes, mode = "fill", fillValue = fillOf[operand.dtype] }: GatherOptions,
): Value => {
  const windows: Windows = {
    offsetDims: n.offsetDims,
    collapsedSliceDims: n.collapsedSliceDims,
    startIndexMap: n.startIndexMap,
    operandBatchingDims: n.operandBatchingDims ?? [],
    startIndicesBatchingDims: n.startIndicesBatchingDims ?? [],
  };
  return bind(
    gatherP,
    [operand, indices],
    mode === "fill" ? { windows, sliceSizes, mode, fillValue } : { windows, sliceSizes, mode: "clip", fillValue: 0 },
  );
};
/** Attributes of a scatter from JAX's. */
export const scatterAttrs = ({ dimensionNumbers: n, mode = "drop" }: ScatterOptions): ScatterAttrs => ({
  windows: {
    offsetDims: n.updateWindowDims,
    collapsedSliceDims: n.insertedWindowDims,
    startIndexMap: n.scatterDimsToOperandDims,
    operandBatchingDims: n.operandBatchingDims ?? [],
    startIndicesBatchingDims: n.scatterIndicesBatchingDims ?? [],
  },
  mode: mode === "drop" ? "drop" : "clip",
});
/** `operand` with every window of `updates` added at the start that `indices` gives, as `lax.scatter_add`; windows that do not fit are dropped, or moved for mode "clip". */
export const scatterAdd = (operand: Value, indices: Value, updates: Value, options: ScatterOptions): Value =>
  bind(scatterAddP, [operand, indices, updates], scatterAttrs(options));

/**
 * Rows along one axis, `out[a, i, b] = x[a, indices[i], b]`: the axes of `indices` take the place of `axis`. Throws ShapeError and
 * DTypeError.
 */
export const take = (x: Value, indices: Value, axis: number, mode: GatherMode = "fill"): Value => {
  const r = indices.ndim,
    others = x.shape.map((_, d) => d).filter((d) => d !== axis);
  return gather(x, reshape(indices, [...indices.shape, 1]), {
    dimensionNumbers: {
      offsetDims: others.map((d) => (d < axis ? d : d + r - 1)),
      collapsedSliceDims: [axis],
      startIndexMap: [axis],
    },
    sliceSizes: x.shape.map((n, d) => (d === axis ? Math.min(1, n) : n)),
    mode,
  });
};
/** Elements along one axis, `out[a, i, b] = x[a, indices[a, i, b], b]`: `x` and `indices` agree but for that axis. Throws ShapeError and DTypeError. */
export const takeAlong = (x: Value, indices: Value, axis: number, mode: GatherMode = "fill"): Value => {
  const others = x.shape.map((_, d) => d).filter((d) => d !== axis);
  return gather(x, reshape(indices, [...indices.shape, 1]), {
    dimensionNumbers: {
      offsetDims: [],
      collapsedSliceDims: [axis],
      startIndexMap: [axis],
      operandBatchingDims: others,
      startIndicesBatchingDims: others,
    },
    sliceSizes: x.shape.map((n) => Math.min(1, n)),
    mode,
  });
};
