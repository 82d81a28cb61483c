// How a contraction gets at its operands: copied side by side in blocks, or where they are.
import type { Buffer, Expr, ScalarType, Var } from "../kernel/expr.ts";
import { buffer, compare, constant, int, loopVar, read, select, substitute, topological } from "../kernel/expr.ts";
import { fromLinear, iadd, iclamp, imul, isub, linear, rangeOf, unravel } from "../kernel/index.ts";
import type { Mark, Stmt } from "../kernel/program.ts";
import { loop, nest, store } from "../kernel/statement.ts";
import { mergeLoops } from "./canonical.ts";
import { type Direct, extentOf, type Straight } from "./contraction.ts";
import { type Blocks, type Course, flat, rowOf } from "./contractionBlocks.ts";
import { at } from "./indices.ts";
import { strideOf } from "./vectorize.ts";

const within = (a: Expr, bound: number, value: Expr, type: ScalarType): Expr =>
  rangeOf(a)[1] < bound ? value : select(compare("lt", a, int(bound)), value, constant(type, 0));
// A side's free indices as one: the index itself where memory allows it, else by division.
const asOne = (
  vars: readonly Var[],
  name: string,
  value: Expr,
): { readonly index: Var; readonly value: Expr; readonly plain: boolean } => {
  const index = loopVar(name, extentOf(vars)),
    merged = mergeLoops(vars, [value], []);
  if (merged.vars.length === 1)
    return {
      index,
      value: substitute(merged.roots, new Map([[merged.vars[0] as Var, index]]))[0] as Expr,
      plain: true,
    };
  const parts = unravel(
    index,
    vars.map((v) => v.extent),
  );
  return {
    index,
    value: at([value], vars, parts)[0] as Expr,
    plain: vars.length <= 1,
  };
};
/** A way to get at the rows of the left operand: what to do before everything, before a block; the operand itself. */
export interface Rows {
  readonly scratch: readonly Buffer[];
  readonly first: readonly Stmt[];
  readonly block: readonly Stmt[];
  /** Before each step along k. */
  readonly step: readonly Stmt[];
  readonly tile: (course: Course) => RowsOfTile;
}
/** The rows of a tile: what to do before it, and the element of row r at a step along k. */
export interface RowsOfTile {
  readonly before: readonly Stmt[];
  readonly element: (r: number, kk: Expr) => Expr;
}
/** Rows copied side by side, so that a step along k reads them in one place. */
export const packedRows = (b: Blocks, m: readonly Var[], left: Expr): Rows => {
  const { MC, KC, M, ib, type } = b,
    side = asOne(m, "m", left),
    packed = buffer(type, [MC * KC]);
  const place = ({ MR, p, above }: Course, kk: Expr, r: Expr): Expr =>
    iadd(int(above * KC), iadd(imul(iadd(imul(p, KC), kk), MR), r));
  const copy = (course: Course, i: Var): Stmt => {
    const row = iadd(imul(ib, MC), rowOf(course, i));
    return store(
      packed,
      [place(course, b.kFlat, i)],
      within(row, M, at([b.atK(side.value)], [side.index], [row])[0] as Expr, type),
    );
  };
  const along = topological([side.value]).some((e) => e.op === "read" && strideOf(e.args[0] as Expr, side.index) === 1);
  // What is contiguous along the rows is read as it lies: all rows of a block at a time.
  const rows = (inner: (copied: Stmt) => Stmt, mark: Mark): readonly Stmt[] =>
    b.courses.map((course) => {
      const i = loopVar("i", course.MR);
      return loop(course.p, [loop(i, [inner(copy(course, i))], { mark })], course.limit);
    });
  return {
    scratch: [packed],
    first: [],
    block: along
      ? [b.kLoops(rows((copied) => copied, "vector"))]
      : rows((copied) => b.kLoops([copied], alongK(b, side.value)), "serial"),
    step: [],
    tile: (course) => ({ before: [], element: (r, kk) => read(packed, [place(course, kk, int(r))]) }),
  };
};
/** What is contiguous along k is read in vectors, and stored lane by lane. */
const alongK = ({ kLast }: Blocks, value: Expr): Mark =>
  kLast.extent >= 8 &&
  topological([value]).every((e) => e.op !== "read" || [0, 1].includes(strideOf(e.args[0] as Expr, kLast)))
    ? "vector"
    : "serial";

/** Where a side lies that is not copied: what its tables hold, and its offset along k from the place where a row begins. */
interface Walk {
  readonly scratch: readonly Buffer[];
  readonly first: readonly Stmt[];
  /** Where the row (or column) with this flat index begins; the index may be beyond the last one. */
  readonly begin: (index: Expr) => Expr;
  readonly span: number;
  /** Before each step along k, and the offset of the step. */
  readonly step: readonly Stmt[];
  readonly offset: (kk: Expr) => Expr;
}
const walk = (b: Blocks, vars: readonly Var[], k: readonly Var[], d: Direct, name: string, beyond: number): Walk => {
  const { KC, KB, kAt, kStep } = b,
    [lowest, highest] = rangeOf(d.rows),
    [, rest] = rangeOf(d.rest),
    [nearest, farthest] = rangeOf(d.steps),
    [outer, ...inner] = k as readonly [Var, ...Var[]],
    stride = strideOf(d.steps, outer),
    // Where blocks of k lie at equal distances, a block begins further on, and one table of steps is good for all.
    alike = stride >= 0,
    distance = alike ? (KB - 1) * kStep * stride : 0;
  const count = extentOf(vars),
    kept = isub(d.rows, int(lowest)),
    merged = mergeLoops(vars, [kept], []),
    [one] = merged.vars;
  // Indices beyond the last one stand for it: what they give is never stored.
  const plain = (index: Expr): Expr =>
    one === undefined ? (merged.roots[0] as Expr) : (at(merged.roots, [one], [iclamp(index, 0, count - 1)])[0] as Expr);
  const tabled = merged.vars.length > 1,
    starts = buffer("i32", [count + beyond]),
    after = loopVar("after", beyond);
  const zeros = loop(after, [store(starts, [iadd(int(count), after)], int(0))]);
  const rows: Pick<Walk, "scratch" | "first" | "begin"> = tabled
    ? {
        scratch: [starts],
        first: [...fill(starts, vars, kept), ...(beyond > 0 ? [zeros] : [])],
        begin: (index) => read(starts, [index]),
      }
    : { scratch: [], first: [], begin: plain };
  const begin = (index: Expr): Expr =>
      iadd(iadd(rows.begin(index), d.rest), alike ? imul(kAt, kStep * stride) : int(0)),
    span = highest - lowest + rest + distance + 1;
  if (stride > 0 && inner.length === 0)
    return {
      ...rows,
      begin,
      span,
      step: [],
      offset: (kk) => iadd(imul(kk, stride), int(lowest + nearest)),
    };
  const within = loopVar("within", kStep),
    away = isub(d.steps, int(nearest)),
    steps = buffer("i32", [(alike ? 1 : KB) * KC]),
    walked = loopVar(name, farthest - nearest + 1),
    kk = loopVar("kk", KC);
  return {
    scratch: [...rows.scratch, steps],
    first: [
      ...rows.first,
      ...(alike ? fill(steps, [within, ...inner], at([away], [outer], [within])[0] as Expr) : fill(steps, k, away)),
    ],
    begin,
    span,
    step: [
      {
        op: "let",
        name: walked,
        value: read(steps, [alike ? kk : iadd(imul(kAt, KC), kk)]),
      },
    ],
    offset: () => iadd(walked, int(lowest + nearest)),
  };
};
const fill = (to: Buffer, vars: readonly Var[], value: Expr): readonly Stmt[] => {
  const shape = vars.map((x) => x.extent);
  return nest(vars, [store(to, [flat(vars, shape)], value)]);
};
/** Rows where they are, at one distance: the last tile is moved up so that it ends with the last row. */
export const straightRows = (b: Blocks, m: readonly Var[], k: readonly Var[], d: Straight): Rows => {
  const w = walk(b, m, k, d, "walked", 0);
  return {
    scratch: w.scratch,
    first: w.first,
    block: [],
    step: w.step,
    tile: (course) => {
      const begin = loopVar("begin", w.span),
        first = iclamp(iadd(imul(b.ib, b.MC), rowOf(course)), 0, b.M - course.MR);
      return {
        before: [{ op: "let", name: begin, value: w.begin(first) }],
        element: (r, kk) => read(d.buffer, [iadd(begin, iadd(w.offset(kk), int(r * d.distance)))]),
      };
    },
  };
};
/** Rows where they are. */
export const directRows = (b: Blocks, m: readonly Var[], k: readonly Var[], d: Direct): Rows => {
  const w = walk(b, m, k, d, "walked", b.ib.extent * b.MC - b.M);
  return {
    scratch: w.scratch,
    first: w.first,
    block: [],
    step: w.step,
    tile: (course) => {
      const begins = Array.from({ length: course.MR }, (_, r) => loopVar(`begin${r}`, w.span)),
        rowAt = (r: number): Expr => iadd(imul(b.ib, b.MC), rowOf(course, int(r)));
      return {
        before: begins.map((name, r): Stmt => ({ op: "let", name, value: w.begin(rowAt(r)) })),
        element: (r, kk) => read(d.buffer, [iadd(begins[r] as Expr, w.offset(kk))]),
      };
    },
  };
};

/** A way to get at the columns of the right operand: panels that are packed, or the operand itself. */
export interface Columns {
  readonly scratch: readonly Buffer[];
  readonly first: readonly Stmt[];
  /** Before the tiles of a column of tiles, before each step along k, and the element of column v at this step. */
  readonly tile: readonly Stmt[];
  readonly step: readonly Stmt[];
  readonly element: (kk: Expr) => Expr;
}
export const packedColumns = (b: Blocks, packed: Buffer): Columns => ({
  scratch: [],
  first: [],
  tile: [],
  step: [],
  element: (kk) => read(packed, [iadd(imul(iadd(imul(b.panel, b.KC), kk), b.NR), b.v)]),
});
export const directColumns = (b: Blocks, n: readonly Var[], k: readonly Var[], d: Direct): Columns => {
  const { NC, jb, v } = b,
    w = walk(b, n, k, d, "along", 0),
    column = loopVar("column", w.span);
  return {
    scratch: w.scratch,
    first: w.first,
    tile: [
      {
        op: "let",
        name: column,
        value: w.begin(iadd(imul(jb, NC), b.column)),
      },
    ],
    step: w.step,
    element: (kk) => read(d.buffer, [iadd(iadd(column, w.offset(kk)), v)]),
  };
};

/** Columns from `first` on copied to a panel as wide as a tile, zeros where there are none. */
const packPanel = (b: Blocks, n: readonly Var[], right: Expr, packed: Buffer, panel: Expr, first: Expr): Stmt => {
  const { NR, KC, N, v, type } = b,
    side = asOne(n, "n", right),
    column = iadd(first, v);
  const copied = store(
    packed,
    [iadd(imul(iadd(imul(panel, KC), b.kFlat), NR), v)],
    within(column, N, at([b.atK(side.value)], [side.index], [column])[0] as Expr, type),
  );
  const unit =
    side.plain &&
    topological([side.value]).every((e) => e.op !== "read" || [0, 1].includes(strideOf(e.args[0] as Expr, side.index)));
  return unit
    ? b.kLoops([loop(v, [copied], { mark: "vector" })])
    : loop(v, [b.kLoops([copied], alongK(b, side.value))]);
};
/** The panels of a block. */
export const packColumns = (b: Blocks, n: readonly Var[], right: Expr, packed: Buffer): Stmt =>
  loop(b.q, [packPanel(b, n, right, packed, b.panel, iadd(imul(b.jb, b.NC), imul(b.q, b.NR)))], b.qLimit);
/** All panels, with the longer loop outside. */
export const packAll = (b: Blocks, n: readonly Var[], right: Expr, packed: Buffer): Stmt => {
  const g = loopVar("g", b.panels),
    panel = packPanel(b, n, right, packed, iadd(imul(b.kb, b.panels), g), imul(g, b.NR)),
    [outer, inner] = b.panels < b.KB ? [b.kb, g] : [g, b.kb];
  return loop(outer, [loop(inner, [panel])], { mark: "parallel" });
};

/** The same rows, where some of their indices have loops of their own. */
export const outside = (d: Direct, vars: readonly Var[]): Direct => {
  const { c, terms } = linear(d.rows),
    own = new Map<Expr, number>(),
    rest = linear(d.rest),
    all = new Map(rest.terms);
  for (const [t, factor] of terms) {
    if (topological([t]).some((x) => vars.includes(x as Var))) all.set(t, (all.get(t) ?? 0) + factor);
    else own.set(t, factor);
  }
  return {
    ...d,
    rows: fromLinear({ c, terms: own }),
    rest: fromLinear({ c: rest.c, terms: all }),
  };
};
