// Where gather reads and scatter writes: windows of an operand, each at a start that a row of an index array gives.
import type { Aval, Shape } from "../core/aval.ts";
import { showAval } from "../core/aval.ts";
import { DTypeError, ShapeError } from "../core/errors.ts";
import type { Value } from "../core/value.ts";
import type { Expr } from "../kernel/expr.ts";
import { binary, cast, compare, constant, int } from "../kernel/expr.ts";
import { iadd, iclamp, inRange } from "../kernel/index.ts";
import { broadcast, moveAxis, without } from "./linear.ts";

/**
 * JAX's gather dimension numbers. The last axis of the indices `[...batch, k]` holds the starts along the operand axes
 * `startIndexMap`. The result (of gather; the updates of scatter) has the window's axes at `offsetDims` and the batch axes of the
 * indices at the others. Operand axes in `collapsedSliceDims` and `operandBatchingDims` have a window of 1 and are left out of it;
 * along the latter the start is the position along the paired batch axis, `startIndicesBatchingDims`.
 */
export interface Windows {
  readonly offsetDims: readonly number[];
  readonly collapsedSliceDims: readonly number[];
  readonly startIndexMap: readonly number[];
  readonly operandBatchingDims: readonly number[];
  readonly startIndicesBatchingDims: readonly number[];
}

const range = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);
/** Operand axes that the window keeps. */
export const windowAxes = (rank: number, w: Windows): readonly number[] =>
  without(range(rank), [...w.collapsedSliceDims, ...w.operandBatchingDims]);
/** Shape of gather's result and of scatter's updates. */
export const windowedShape = (indices: Shape, sliceSizes: Shape, w: Windows): Shape => {
  const batch = indices.slice(0, -1),
    kept = windowAxes(sliceSizes.length, w);
  let b = 0,
    o = 0;
  return range(batch.length + kept.length).map((d) =>
    w.offsetDims.includes(d) ? (sliceSizes[kept[o++] as number] as number) : (batch[b++] as number),
  );
};
/** Extents of the window along every operand axis, from the updates of a scatter. */
export const sliceSizesOf = (operand: Shape, updates: Shape, w: Windows): Shape => {
  const kept = windowAxes(operand.length, w);
  return operand.map((n, d) =>
    kept.includes(d) ? (updates[w.offsetDims[kept.indexOf(d)] as number] ?? 0) : Math.min(1, n),
  );
};

const distinct = (axes: readonly number[], rank: number): boolean =>
  new Set(axes).size === axes.length && axes.every((a) => Number.isInteger(a) && a >= 0 && a < rank);
const ascending = (axes: readonly number[]): boolean => axes.every((a, i) => i === 0 || a > (axes[i - 1] as number));
/** Throw unless indices, windows and dimension numbers fit the operand. */
export const checkWindows = (op: string, x: Aval, indices: Aval, sliceSizes: Shape, w: Windows): void => {
  const rank = x.shape.length,
    batch = indices.shape.length - 1,
    got = `${showAval(x)} and indices ${showAval(indices)}`;
  if (indices.dtype !== "int32" && indices.dtype !== "uint32")
    throw new DTypeError({
      op,
      expected: "indices of dtype int32 or uint32",
      got: showAval(indices),
      remedy: 'convert them with astype("int32")',
    });
  if (batch < 0 || indices.shape[batch] !== w.startIndexMap.length)
    throw new ShapeError({
      op,
      expected: `indices whose last axis has one start per axis of startIndexMap [${w.startIndexMap}]`,
      got,
    });
  const outRank = batch + w.offsetDims.length,
    paired = w.operandBatchingDims.length === w.startIndicesBatchingDims.length;
  const wrong = !distinct([...w.collapsedSliceDims, ...w.operandBatchingDims], rank)
    ? "collapsed and batching axes that are distinct axes of the operand"
    : !distinct([...w.startIndexMap, ...w.operandBatchingDims], rank)
      ? "a startIndexMap of distinct axes of the operand that are not batching axes"
      : !distinct(w.offsetDims, outRank) || !ascending(w.offsetDims)
        ? `ascending window axes below ${outRank}`
        : w.offsetDims.length !== windowAxes(rank, w).length
          ? `${windowAxes(rank, w).length} window axes, one per operand axis that is not collapsed or batching`
          : !paired || !distinct(w.startIndicesBatchingDims, batch)
            ? "one batch axis of the indices per batching axis of the operand"
            : w.operandBatchingDims.some(
                  (d, i) => x.shape[d] !== indices.shape[w.startIndicesBatchingDims[i] as number],
                )
              ? "batching axes of equal extents in operand and indices"
              : null;
  if (wrong !== null) throw new ShapeError({ op, expected: wrong, got: `${showWindows(w)} for ${got}` });
  const kept = windowAxes(rank, w);
  if (
    sliceSizes.length !== rank ||
    !sliceSizes.every(
      (s, d) =>
        Number.isInteger(s) &&
        (kept.includes(d) ? s >= 0 && s <= (x.shape[d] as number) : s === Math.min(1, x.shape[d] as number)),
    )
  )
    throw new ShapeError({
      op,
      expected: "a window within the operand, of 1 along collapsed and batching axes",
      got: `window [${sliceSizes}] for ${got}`,
    });
};

/** Start along operand axis `d` as the indices have it, and the last start at which the window still fits. */
export interface Start {
  readonly d: number;
  readonly raw: Expr;
  readonly last: number;
}
/** The starts that the indices give for the batch position `at`. */
export const startsOf = (
  indices: (at: readonly Expr[]) => Expr,
  at: readonly Expr[],
  operand: Shape,
  sliceSizes: Shape,
  w: Windows,
): readonly Start[] =>
  w.startIndexMap.map((d, i) => ({
    d,
    raw: indices([...at, int(i)]),
    last: (operand[d] as number) - (sliceSizes[d] as number),
  }));
/** A start moved to where the window fits, as i32. */
export const clamped = ({ raw, last }: Start): Expr =>
  iclamp(raw.type === "u32" ? cast("i32", binary("min", raw, constant("u32", last))) : raw, 0, last);
/** Whether the window fits at all its starts. */
export const fits = (starts: readonly Start[]): Expr =>
  starts
    .map(({ raw, last }) =>
      raw.type === "u32" ? compare("le", raw, constant("u32", last)) : inRange(raw, 0, last + 1),
    )
    .reduce(
      (p, q) => (p.op === "const" ? (p.value ? q : p) : q.op === "const" ? (q.value ? p : q) : binary("and", p, q)),
      constant("bool", 1),
    );
/** Index into the operand: the start (by operand axis) plus the position in the window. */
export const operandIndex = (
  rank: number,
  w: Windows,
  at: readonly Expr[],
  offset: readonly Expr[],
  start: ReadonlyMap<number, Expr>,
): readonly Expr[] => {
  const kept = windowAxes(rank, w);
  return range(rank).map((d) => {
    const b = w.operandBatchingDims.indexOf(d);
    if (b >= 0) return at[w.startIndicesBatchingDims[b] as number] as Expr;
    const from = start.get(d) ?? int(0);
    return kept.includes(d) ? iadd(from, offset[kept.indexOf(d)] as Expr) : from;
  });
};

/** Dimension numbers after a batch axis was put in front of the operand and of the indices, or of one of them only. */
export const batchedWindows = (w: Windows, operand: boolean, indices: boolean): Windows => {
  const one = (axes: readonly number[], by: boolean): readonly number[] => (by ? axes.map((a) => a + 1) : axes),
    paired = operand && indices;
  return {
    offsetDims: operand && !indices ? [0, ...one(w.offsetDims, true)] : one(w.offsetDims, true), // the operand's batch is the first axis of the window
    collapsedSliceDims: one(w.collapsedSliceDims, operand),
    startIndexMap: one(w.startIndexMap, operand),
    operandBatchingDims: [...(paired ? [0] : []), ...one(w.operandBatchingDims, operand)],
    startIndicesBatchingDims: [...(paired ? [0] : []), ...one(w.startIndicesBatchingDims, indices)],
  };
};
/** The value with its batch axis in front, repeated if it has none. */
export const inFront = (size: number, x: Value, b: number | null): Value =>
  b === null ? broadcast(x, [size, ...x.shape], [0]) : moveAxis(x, b, 0);

/** Dimension numbers as printers show them; empty lists are left out. */
export const showWindows = (w: Windows): string =>
  [
    ["offset", w.offsetDims],
    ["collapsed", w.collapsedSliceDims],
    ["starts", w.startIndexMap],
    ["batching", w.operandBatchingDims],
    ["indicesBatching", w.startIndicesBatchingDims],
  ]
    .filter(([, axes]) => axes !== undefined && axes.length > 0)
    .map(([name, axes]) => `${String(name)}=[${String(axes)}]`)
    .join(" ");
