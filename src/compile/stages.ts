// Long reductions in two stages: the numbers are cut into pieces of a fixed length, whose results are stored and then reduced
// themselves. Threads share the pieces. Where columns are reduced, a piece takes a few rows at a time, so that each of them is a
// stream of its own to the memory instead of a jump to another page for every number, and collects them in its own row.
import type { Buffer, Expr, Reduce, Var } from "../kernel/expr.ts";
import { binary, buffer, int, loopVar, read, reduceOver, substitute, topological } from "../kernel/expr.ts";
import { iadd, imul, ravel } from "../kernel/index.ts";
import { indicesOf } from "./cost.ts";
import { at } from "./indices.ts";
import { strideOf, vectorizes } from "./vectorize.ts";

/** Numbers below which one stage is as fast; laws lower it. */
export const longReduction = { numbers: 1 << 18 };
/** Pieces of a reduction that leaves (almost) nothing to share otherwise, and the multiple that their lengths are of. */
const pieces = 64,
  round = 64;
/** Rows of columns that are read side by side, and the most of a piece; rows nearer than this share pages. */
const rows = 8,
  pieceRows = 128,
  farRows = 256;
/** A loop with fewer rounds gives threads nothing to share. */
const fewRounds = 4,
  fewVectors = 96;

const product = (vars: readonly Var[]): number => vars.reduce((n, v) => n * v.extent, 1);

/** How a reduction is cut: in pieces, which are done in rounds of `side` numbers. */
interface Cut {
  readonly length: number;
  readonly side: number;
}
/** The pieces of a reduction under `vars`, or null if it is to stay whole. */
const cutOf = (r: Reduce, vars: readonly Var[]): Cut | null => {
  const n = r.index.extent,
    last = vars[vars.length - 1],
    nodes = topological(r.args),
    inner = nodes.reduce((m, e) => (e.op === "reduce" ? Math.max(m, e.index.extent) : m), 1);
  if (r.type === "i64" || product(vars) * n * inner < longReduction.numbers) return null;
  const inVectors = last !== undefined && vectorizes([r], last),
    reads = nodes.filter((e) => e.op === "read").map((e) => e.args[0] as Expr);
  if (inVectors && n >= 4 * rows && inner === 1 && reads.some((o) => strideOf(o, last) === 1)) {
    if (reads.some((o) => Math.abs(strideOf(o, r.index)) >= farRows))
      return { length: Math.min(pieceRows, Math.floor(n / 4 / rows) * rows), side: rows };
  }
  const first = vars[0],
    few = first === undefined || first.extent < (inVectors && vars.length === 1 ? fewVectors : fewRounds);
  if (!few || n < 2 * pieces) return null;
  const length = n < pieces * round ? Math.floor(n / pieces) : Math.floor(n / pieces / round) * round;
  return { length, side: length };
};

/** The first stage of some reductions: values over `vars`, and the buffers that they are stored in, at `stores`. */
export interface Stage {
  readonly vars: readonly Var[];
  readonly roots: readonly Expr[];
  readonly stores: readonly Expr[];
  readonly buffers: readonly Buffer[];
  /** Further rounds, whose values are collected in what is stored. */
  readonly further: { readonly index: Var; readonly roots: readonly Expr[] } | null;
}

/** The first stages of the long reductions in `roots`, in order, and the roots that read their results; null if none is long. */
export const inStages = (
  vars: readonly Var[],
  roots: readonly Expr[],
): { readonly stages: readonly Stage[]; readonly roots: readonly Expr[] } | null => {
  const stages: Stage[] = [];
  let now = roots;
  for (let next = stageOf(vars, now, stages); next !== null; next = stageOf(vars, now, stages)) {
    stages.push(next.stage);
    now = next.roots;
  }
  return stages.length === 0 ? null : { stages, roots: now };
};

const stageOf = (
  vars: readonly Var[],
  roots: readonly Expr[],
  before: readonly Stage[],
): { readonly stage: Stage; readonly roots: readonly Expr[] } | null => {
  const made = new Set(before.flatMap((s) => s.buffers)),
    second = ([body]: readonly Expr[]): boolean => body?.op === "read" && made.has(body.buffer);
  // A reduction is done once for every index of the kernel, or it is none of ours; those within it come first.
  const whole = topological(roots).filter((e): e is Reduce => {
    if (e.op !== "reduce" || second(e.args)) return false;
    const free = indicesOf([e]);
    return free.size === vars.length && vars.every((v) => free.has(v));
  });
  const others = new Set<Expr>(whole),
    first = whole.filter((r) => !topological(r.args).some((e) => others.has(e))),
    cuts = new Map(first.map((r) => [r, cutOf(r, vars)])),
    long = first.find((r) => cuts.get(r) !== null);
  if (long === undefined) return null;
  const { length, side } = cuts.get(long) as Cut,
    alike = (c: Cut | null | undefined): boolean => c?.length === length && c.side === side,
    together = first.filter((r) => r.index === long.index && alike(cuts.get(r)));
  const { index } = long,
    count = Math.floor(index.extent / length),
    piece = loopVar(`${index.name}p`, count),
    within = loopVar(index.name, side),
    next = loopVar(`${index.name}r`, length / side - 1),
    over = [piece, ...vars],
    shape = over.map((v) => v.extent);
  const part = (r: Reduce, to: Expr): Expr => at(r.args, [r.index], [to])[0] as Expr;
  const buffers = together.map((r) => buffer(r.type as Buffer["type"], shape)),
    again = loopVar(index.name, count),
    rest = index.extent - count * length,
    left = loopVar(index.name, rest);
  const results = together.map((r, i): [Expr, Expr] => {
    const main = reduceOver(r.combine, again, read(buffers[i] as Buffer, [ravel([again, ...vars], shape)]));
    if (rest === 0) return [r, main];
    const tail =
      rest === 1 ? part(r, int(count * length)) : reduceOver(r.combine, left, part(r, iadd(left, int(count * length))));
    return [r, binary(r.combine, main, tail)];
  });
  const from = (start: Expr): readonly Expr[] =>
    together.map((r) => reduceOver(r.combine, within, part(r, iadd(start, within))));
  return {
    stage: {
      vars: over,
      roots: from(imul(piece, length)),
      further:
        length === side
          ? null
          : { index: next, roots: from(iadd(imul(piece, length), iadd(imul(next, side), int(side)))) },
      stores: together.map(() => ravel(over, shape)),
      buffers,
    },
    roots: substitute(roots, new Map(results)),
  };
};
