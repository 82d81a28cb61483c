// The loops of scatters. Updates may meet, so they come in order; but what belongs to one position along a batch axis, or along an
// axis of the window that no start moves, meets nothing else. Each thread owns some of these positions and goes through all indices:
// nothing is written by two, and every element is combined in the same order, whoever does it.
import { sizeOf } from "../core/aval.ts";
import type { Buffer, Expr, ReduceOp, Var } from "../kernel/expr.ts";
import { cast, constant, freshVar, int, localVar, read } from "../kernel/expr.ts";
import { iadd, imul, isub } from "../kernel/index.ts";
import type { Mark, Stmt } from "../kernel/program.ts";
import { loop, store } from "../kernel/statement.ts";
import { clamped, fits, operandIndex, sliceSizesOf, startsOf, windowAxes, type Windows } from "./windows.ts";

/** Most owners, and the least elements of a window that are worth going through the indices for: two cache lines of float32. */
const mostOwners = 8,
  leastOwned = 32;
/** Whole rounds of a vector loop. */
const vectorRound = 16;

/** One loop of a nest. */
interface Level {
  readonly index: Var;
  readonly mark: Mark;
  readonly limit?: Expr;
}
const nest = (levels: readonly Level[], body: readonly Stmt[]): readonly Stmt[] =>
  levels.reduceRight<readonly Stmt[]>((inner, { index, ...more }) => [loop(index, inner, more)], body);
const vars = (shape: readonly number[], prefix: string): readonly Var[] => shape.map((n) => freshVar(n, prefix));
const levelsOf = (indices: readonly Var[], inner: Mark, outer: Mark): readonly Level[] =>
  indices.map((index, i) => ({ index, mark: i === indices.length - 1 ? inner : outer }));

/** Loops over the window, with the position along each of its axes: one axis may be cut in pieces that have owners. */
interface Window {
  readonly owners: readonly Level[];
  readonly levels: readonly Level[];
  readonly at: readonly Expr[];
}
const whole = (extents: readonly number[]): Window => {
  const at = vars(extents, "w");
  return { owners: [], levels: levelsOf(at, "vector", "serial"), at };
};
/** The first of the axes in `fixed` that is long enough is cut. */
const owned = (extents: readonly number[], fixed: readonly number[]): Window => {
  const { levels, at } = whole(extents);
  for (const k of fixed) {
    const extent = extents[k] as number,
      last = k === extents.length - 1,
      most = Math.min(mostOwners, extent, Math.floor(sizeOf(extents.slice(k)) / leastOwned));
    if (most < 2) continue;
    const unit = last ? vectorRound : 1,
      piece = Math.ceil(extent / most / unit) * unit,
      owner = freshVar(Math.ceil(extent / piece), "o"),
      first = imul(owner, piece),
      index = freshVar(piece, "w");
    const limit = extent % piece === 0 ? {} : { limit: isub(int(extent), first) };
    return {
      owners: [{ index: owner, mark: "parallel" }],
      levels: levels.with(k, { ...(levels[k] as Level), index, ...limit }),
      at: at.with(k, iadd(first, index)),
    };
  }
  return whole(extents);
};

/**
 * `out = operand`, then for every update in row-major order of the batch `out[start + offset] = combine(out[...], update)`, the last
 * one winning if there is no `combine`. Updates whose window does not fit are dropped unless `clip`.
 */
export const scatterStatements = (
  operand: Buffer,
  indices: Buffer,
  updates: Buffer,
  out: Buffer,
  w: Windows,
  clip: boolean,
  combine: ReduceOp | null,
): readonly Stmt[] => {
  if (sizeOf(out.shape) === 0) return [];
  const copy = vars(out.shape, "c"),
    copied = nest(levelsOf(copy, "vector", "parallel"), [store(out, copy, read(operand, copy))]);
  if (sizeOf(updates.shape) === 0) return copied;
  const rank = out.shape.length,
    sliceSizes = sliceSizesOf(out.shape, updates.shape, w),
    s = vars(indices.shape.slice(0, -1), "s");
  const raw = startsOf((at) => read(indices, at), s, out.shape, sliceSizes, w),
    unique = freshVar(1, "").name;
  const named = raw.map(({ d }) => localVar(`start${d}${unique}`, "i32"));
  const lets = raw.map(
    (start, i): Stmt => ({ op: "let", name: named[i] as Var, value: clip ? clamped(start) : cast("i32", start.raw) }),
  );
  // A start that moves the window, and batch axes that pick a part of the operand of their own.
  const moves = new Set(raw.flatMap(({ d, last }) => (last > 0 ? [d] : []))),
    apart = s.filter((_, d) => w.startIndicesBatchingDims.includes(d));
  const extents = w.offsetDims.map((d) => updates.shape[d] as number),
    fixed = windowAxes(rank, w).flatMap((d, k) => (moves.has(d) ? [] : [k]));
  const window = apart.some((v) => v.extent > 1) ? whole(extents) : owned(extents, fixed);
  const place = operandIndex(rank, w, s, window.at, new Map(raw.map(({ d }, i) => [d, named[i] as Var])));
  let b = 0,
    o = 0;
  const from = updates.shape.map((_, d) => (w.offsetDims.includes(d) ? (window.at[o++] as Expr) : (s[b++] as Expr)));
  // The elements of one window are distinct; two windows may overlap.
  const write = nest(window.levels, [
    { op: "store", buffer: out, at: place, value: read(updates, from), ...(combine === null ? {} : { combine }) },
  ]);
  const guard = clip ? constant("bool", 1) : fits(raw);
  const body =
    guard.op === "const"
      ? guard.value
        ? [...lets, ...write]
        : []
      : [{ op: "if", cond: guard, then: [...lets, ...write], else: [] } as const];
  const rounds = [
    ...window.owners,
    ...apart.map((index): Level => ({ index, mark: "parallel" })),
    ...s.filter((v) => !apart.includes(v)).map((index): Level => ({ index, mark: "serial" })),
  ];
  return [...copied, ...nest(rounds, body)];
};
