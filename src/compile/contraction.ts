// Sums of products, recognized in the expression and not by primitive: matrix products, convolutions and their gradients all
// have the form out[b, m, n] = sum_k left[b, m, k] * right[b, n, k].
import type { Buffer, Expr, Reduce, Var } from "../kernel/expr.ts";
import { topological } from "../kernel/expr.ts";
import type { Linear, Range } from "../kernel/index.ts";
import { fromLinear, linear, rangeOf } from "../kernel/index.ts";
import { mergeLoops } from "./canonical.ts";
import { costOf } from "./cost.ts";
import { heightsOf, widthOf } from "./heights.ts";
import { strideOf } from "./vectorize.ts";

/**
 * A left side that needs no packing: a read whose offset is a sum of a part that moves with m, one that moves with k, and a rest,
 * so that every tile can walk over the operand where it is.
 */
export interface Direct {
  readonly buffer: Buffer;
  readonly rows: Expr;
  readonly steps: Expr;
  readonly rest: Expr;
}
/** Rows that lie at one distance from each other, each of them side by side along k: a tile reads all of them from one address. */
export interface Straight extends Direct {
  readonly distance: number;
}
/** A recognized sum of products; loops in output order. */
export interface Contraction {
  readonly sum: Reduce;
  readonly batch: readonly Var[];
  readonly m: readonly Var[];
  readonly n: readonly Var[];
  readonly k: readonly Var[];
  readonly left: Expr;
  readonly right: Expr;
  readonly direct: Direct | null;
  /** The left side, if its rows are straight. */
  readonly straight: Straight | null;
  /** The right side, if every tile can load its columns where they are. */
  readonly columns: Direct | null;
  /** The right side is the same in every round of a loop around: packed before it, it costs nothing. */
  readonly steady: boolean;
}

/** Number of index tuples. */
export const extentOf = (vars: readonly Var[]): number => vars.reduce((p, v) => p * v.extent, 1);
const finite = ([lo, hi]: Range): boolean => Number.isFinite(lo) && Number.isFinite(hi);
/** Numbers in a cache line and on a page; steps that are few; uses that are few. */
const line = 16,
  page = 1024,
  fewSteps = 256,
  fewAgain = 16;
/** Whether a walk of so many steps is too long for the first cache: each touches a line of its own, and pages apart they share its sets. */
const strays = (stride: number, steps: number): boolean =>
  Math.abs(stride) >= page || (Math.abs(stride) >= line && steps > fewSteps);
/** `left` where it is, for so many `uses` of each row. */
const directOf = (left: Expr, m: readonly Var[], k: readonly Var[], uses: number): Direct | null => {
  if (left.op !== "read" || (left.buffer.type !== "f32" && left.buffer.type !== "f64")) return null;
  const { c, terms } = linear(left.args[0] as Expr);
  const rows = new Map<Expr, number>(),
    steps = new Map<Expr, number>(),
    rest = new Map<Expr, number>();
  for (const [t, factor] of terms) {
    const inside = topological([t]),
      ofM = inside.some((x) => m.includes(x as Var)),
      ofK = inside.some((x) => k.includes(x as Var));
    if (ofM && ofK) return null;
    (ofM ? rows : ofK ? steps : rest).set(t, factor);
  }
  const part = (ts: Linear["terms"], constant = 0): Expr => fromLinear({ c: constant, terms: ts });
  const direct = {
    buffer: left.buffer,
    rows: part(rows),
    steps: part(steps),
    rest: part(rest, c),
  };
  if (uses > fewAgain && k.length === 1 && strays(strideOf(direct.steps, k[0] as Var), extentOf(k))) return null;
  return finite(rangeOf(direct.rows)) && finite(rangeOf(direct.steps)) && finite(rangeOf(direct.rest)) ? direct : null;
};

const straightOf = (d: Direct | null, m: readonly Var[], k: readonly Var[]): Straight | null => {
  const [step] = k;
  if (d === null || step === undefined || k.length > 1 || strideOf(d.steps, step) !== 1) return null;
  const { vars, roots } = mergeLoops(m, [d.rows], []),
    distance = vars.length === 1 ? strideOf(roots[0] as Expr, vars[0] as Var) : 0;
  return distance > 0 ? { ...d, distance } : null;
};

/** Which side may be read where it is: packing pays where many columns use a packed row. */
const fewColumns = 64;
const isUnit = (e: Expr, v: Var | undefined): boolean =>
  v !== undefined && topological([e]).every((x) => x.op !== "read" || [0, 1].includes(strideOf(x.args[0] as Expr, v)));

/** Buffers that do not change in the loop around. */
export type Steady = ReadonlySet<Buffer>;
const isSteady = (e: Expr, steady: Steady): boolean =>
  steady.size > 0 && topological([e]).every((x) => x.op !== "read" || steady.has(x.buffer));

type Sides = Pick<Contraction, "m" | "n" | "left" | "right" | "direct" | "straight" | "columns" | "steady">;
const sides = (
  left: Expr,
  right: Expr,
  m: readonly Var[],
  n: readonly Var[],
  k: readonly Var[],
  steady: Steady,
): Sides => {
  const found = directOf(left, m, k, extentOf(n)),
    straight = straightOf(found, m, k);
  return {
    left,
    right,
    m,
    n,
    direct: extentOf(n) <= fewColumns ? found : straight,
    straight,
    columns: columnsOf(right, m, n, k),
    steady: isSteady(right, steady),
  };
};
/** Rows up to which columns are loaded where they are: each use of a packed panel is a little faster. */
const fewUses = 96;
/** What it costs to pack a number of the right side. */
const costOfPacking = (right: Expr, n: readonly Var[]): number =>
  (isUnit(right, n[n.length - 1]) ? 0.5 : 1.5) + 0.3 * costOf(right);
/** The longest rows of columns that end with a tile moved up. */
export const longestRagged = 192;
/** Columns that tiles compute for each of those there are, if no tile crosses the end of the last index: the last one is moved up. */
const overlap = (last: Var, NR: number): number => (Math.ceil(last.extent / NR) * NR) / last.extent;
/** The columns of a tile lie side by side if tiles do not cross the end of the last index. */
const columnsOf = (right: Expr, m: readonly Var[], n: readonly Var[], k: readonly Var[]): Direct | null => {
  const last = n[n.length - 1],
    M = extentOf(m),
    NR = widthOf(right.type as "f32" | "f64");
  if (last === undefined || last.extent < NR || M > fewUses) return null;
  const twice = overlap(last, NR) - 1;
  if (twice > 0 && (last.extent > longestRagged || (M * twice) / NR > costOfPacking(right, n))) return null;
  const found = directOf(right, n, k, M);
  return found !== null && strideOf(found.rows, last) === 1 ? found : null;
};
/** What it costs to run the sum this way, in steps of one register tile column: padding, packing, storing. */
const costOfSides = ({ left, right, m, n, direct, columns, steady }: Sides, k: readonly Var[], last: Var): number => {
  const M = extentOf(m),
    [[MR, tiles]] = heightsOf(M, false),
    NR = widthOf(left.type as "f32" | "f64"),
    N = extentOf(n),
    K = extentOf(k);
  const wide = columns === null ? Math.ceil(N / NR) * NR : N * overlap(n[n.length - 1] as Var, NR),
    products = (MR * tiles * wide * K) / NR;
  const packRight = steady || columns !== null ? 0 : N * K * costOfPacking(right, n),
    packLeft = M * K * (direct === null ? 1 + 0.3 * costOf(left) : 0.1);
  return products + packRight + packLeft + M * N * (n.includes(last) ? 0.4 : 2.5);
};

const nothing: Steady = new Set();
/** See `e`, a value at the output indices `vars`, as a contraction that is worth its loops; null if it is not. */
export const contractionOf = (e: Expr, vars: readonly Var[], steady = nothing): Contraction | null => {
  if (e.op !== "reduce" || (e.type !== "f32" && e.type !== "f64")) return null;
  const k: Var[] = [];
  let body: Expr = e;
  while (body.op === "reduce" && body.combine === "add") {
    k.push(body.index);
    body = body.args[0] as Expr;
  }
  if (body.op !== "mul") return null;
  const [a, b] = body.args as readonly [Expr, Expr],
    inA = new Set(topological([a])),
    inB = new Set(topological([b]));
  if ([...inA, ...inB].some((x) => x.op === "reduce") || !k.every((v) => inA.has(v) && inB.has(v))) return null;
  const batch = vars.filter((v) => inA.has(v) && inB.has(v)),
    onlyA = vars.filter((v) => inA.has(v) && !inB.has(v)),
    onlyB = vars.filter((v) => inB.has(v) && !inA.has(v));
  if (batch.length + onlyA.length + onlyB.length !== vars.length) return null;
  if (
    extentOf(onlyA) < 4 ||
    extentOf(onlyB) < 4 ||
    extentOf(k) < 8 ||
    extentOf(onlyA) * extentOf(onlyB) * extentOf(k) < 4096
  )
    return null;
  const last = vars[vars.length - 1] as Var,
    ways = [sides(a, b, onlyA, onlyB, k, steady), sides(b, a, onlyB, onlyA, k, steady)] as const;
  const [one, other] = ways.map((w) => costOfSides(w, k, last)) as [number, number];
  const pick = ways[0].steady !== ways[1].steady ? (ways[0].steady ? 0 : 1) : one <= other ? 0 : 1;
  return { sum: e, batch, k, ...ways[pick] };
};
