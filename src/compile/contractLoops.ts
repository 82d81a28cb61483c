// The loops of a contraction: operands packed in blocks that fit the caches, a register tile of sums, and what follows element
// by element done where the sums are stored.
import type { Buffer, Expr, ScalarType, Var } from "../kernel/expr.ts";
import {
  binary,
  buffer,
  compare,
  constant,
  int,
  localVar,
  loopVar,
  read,
  select,
  substitute,
  topological,
} from "../kernel/expr.ts";
import { fromLinear, iadd, imul, isub, linear, rangeOf, unravel } from "../kernel/index.ts";
import type { For, Stmt } from "../kernel/program.ts";
import { mergeLoops } from "./canonical.ts";
import { type Contraction, type Direct, extentOf } from "./contraction.ts";
import { type Blocks, blocksOf, fewRows, flat, loop } from "./contractionBlocks.ts";
import { at } from "./indices.ts";
import { strideOf } from "./vectorize.ts";
import { withoutUnitLoops } from "./unitLoops.ts";

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
  return { index, value: at([value], vars, parts)[0] as Expr, plain: vars.length <= 1 };
};
/** Values to store once the sum is known: `roots` use `sum`, `offsets` are where they go. */
export interface Epilogue {
  readonly roots: readonly Expr[];
  readonly offsets: readonly Expr[];
  readonly buffers: readonly Buffer[];
}

/** A way to get at the rows of the left operand: what to do before everything, before a block, before a tile; the operand itself. */
interface Rows {
  readonly scratch: readonly Buffer[];
  readonly first: readonly Stmt[];
  readonly block: readonly Stmt[];
  readonly tile: readonly Stmt[];
  /** Before each step along k, and the element of row r at this step. */
  readonly step: readonly Stmt[];
  readonly element: (r: number, kk: Expr) => Expr;
}
/** Rows copied side by side, so that a step along k reads them in one place. */
const packedRows = (b: Blocks, m: readonly Var[], left: Expr): Rows => {
  const { MR, MC, KC, M, p, ib, type } = b,
    side = asOne(m, "m", left),
    packed = buffer(type, [MC * KC]);
  const i = loopVar("i", MR),
    row = iadd(iadd(imul(ib, MC), imul(p, MR)), i),
    place = (kk: Expr, r: Expr): Expr => iadd(imul(iadd(imul(p, KC), kk), MR), r);
  const store: Stmt = {
    op: "store",
    buffer: packed,
    at: [place(b.kFlat, i)],
    value: within(row, M, at([b.atK(side.value)], [side.index], [row])[0] as Expr, type),
  };
  const along = topological([side.value]).some((e) => e.op === "read" && strideOf(e.args[0] as Expr, side.index) === 1);
  const pack = along ? b.kLoops([loop(i, [store], { mark: "unrolled" })]) : loop(i, [b.kLoops([store])]);
  return {
    scratch: [packed],
    first: [],
    block: [loop(p, [pack], b.pLimit)],
    tile: [],
    step: [],
    element: (r, kk) => read(packed, [place(kk, int(r))]),
  };
};
/** Rows where they are: tables hold where each begins and how far each step along k is. */
const directRows = (b: Blocks, m: readonly Var[], k: readonly Var[], d: Direct): Rows => {
  const { MR, MC, KC, KB, p, ib, kb } = b,
    starts = buffer("i32", [b.ib.extent * MC]),
    steps = buffer("i32", [KB * KC]);
  const [lowest, highest] = rangeOf(d.rows),
    [, rest] = rangeOf(d.rest),
    [nearest, farthest] = rangeOf(d.steps);
  const fill = (to: Buffer, vars: readonly Var[], value: Expr): Stmt => {
    const store: Stmt = {
      op: "store",
      buffer: to,
      at: [
        flat(
          vars,
          vars.map((x) => x.extent),
        ),
      ],
      value,
    };
    return vars.reduceRight<Stmt>((body, x) => loop(x, [body]), store);
  };
  // Rows beyond the last one begin at 0: what they give is never stored.
  const beyond = loopVar("beyond", b.ib.extent * MC - b.M);
  const zeros = loop(beyond, [{ op: "store", buffer: starts, at: [iadd(int(b.M), beyond)], value: int(0) }]);
  const begins = Array.from({ length: MR }, (_, r) => loopVar(`begin${r}`, highest - lowest + rest + 1)),
    walked = loopVar("walked", farthest - nearest + 1);
  const rowAt = (r: number): Expr => iadd(iadd(imul(ib, MC), imul(p, MR)), int(r)),
    kk = loopVar("kk", KC);
  return {
    scratch: [starts, steps],
    first: [
      fill(starts, m, isub(d.rows, int(lowest))),
      ...(beyond.extent > 0 ? [zeros] : []),
      fill(steps, k, isub(d.steps, int(nearest))),
    ],
    block: [],
    tile: begins.map((name, r): Stmt => ({ op: "let", name, value: iadd(read(starts, [rowAt(r)]), d.rest) })),
    step: [{ op: "let", name: walked, value: read(steps, [iadd(imul(kb, KC), kk)]) }],
    element: (r) => read(d.buffer, [iadd(iadd(begins[r] as Expr, walked), int(lowest + nearest))]),
  };
};

/** Columns from `first` on copied to a panel as wide as a tile, zeros where there are none. */
const packPanel = (b: Blocks, n: readonly Var[], right: Expr, packed: Buffer, panel: Expr, first: Expr): Stmt => {
  const { NR, KC, N, v, type } = b,
    side = asOne(n, "n", right),
    column = iadd(first, v);
  const store: Stmt = {
    op: "store",
    buffer: packed,
    at: [iadd(imul(iadd(imul(panel, KC), b.kFlat), NR), v)],
    value: within(column, N, at([b.atK(side.value)], [side.index], [column])[0] as Expr, type),
  };
  const unit =
    side.plain &&
    topological([side.value]).every((e) => e.op !== "read" || [0, 1].includes(strideOf(e.args[0] as Expr, side.index)));
  return unit ? b.kLoops([loop(v, [store], { mark: "vector" })]) : loop(v, [b.kLoops([store])]);
};
/** The panels of a block. */
const packColumns = (b: Blocks, n: readonly Var[], right: Expr, packed: Buffer): Stmt =>
  loop(b.q, [packPanel(b, n, right, packed, b.panel, iadd(imul(b.jb, b.NC), imul(b.q, b.NR)))], b.qLimit);
/** All panels, with the longer loop outside. */
const packAll = (b: Blocks, n: readonly Var[], right: Expr, packed: Buffer): Stmt => {
  const g = loopVar("g", b.panels),
    panel = packPanel(b, n, right, packed, iadd(imul(b.kb, b.panels), g), imul(g, b.NR)),
    [outer, inner] = b.panels < b.KB ? [b.kb, g] : [g, b.kb];
  return loop(outer, [loop(inner, [panel])], { mark: "parallel" });
};

/** All register tiles of a block. */
const tiles = (b: Blocks, rows: Rows, packed: Buffer): Stmt => {
  const { MR, NR, NC, KC, KB, kb, p, q, v, tile, type } = b,
    kk = loopVar("kk", KC);
  const accs = Array.from({ length: MR }, (_, r) => ({
    name: localVar(`a${r}`, type),
    combine: "add" as const,
    value: binary("mul", rows.element(r, kk), read(packed, [iadd(imul(iadd(imul(b.panel, KC), kk), NR), v)])),
  }));
  const sums = accs.map(({ name }, r): Stmt => {
    const where = iadd(imul(iadd(iadd(b.row0, imul(p, MR)), int(r)), NC), iadd(imul(q, NR), v));
    const before = select(compare("gt", kb, int(0)), read(tile, [where]), constant(type, 0));
    return { op: "store", buffer: tile, at: [where], value: KB > 1 ? binary("add", name, before) : name };
  });
  const micro = loop(v, [loop(kk, rows.step, { accs, ...(KB > 1 ? b.kLimit : {}) }), ...sums], { mark: "vector" });
  return loop(q, [loop(p, [...rows.tile, micro], b.pLimit)], b.qLimit);
};

/** The loop over a finished block: along whichever index the results are contiguous. */
const finishing = (
  b: Blocks,
  c: Contraction,
  m: readonly Var[],
  n: readonly Var[],
  { roots, offsets, buffers }: Epilogue,
): Stmt => {
  const { M, N, MC, NC, ib, jb, tile, type } = b,
    acc = localVar("acc", type),
    em = loopVar("em", MC),
    en = loopVar("en", NC);
  const rows = joined(m, iadd(imul(ib, MC), em), substitute(roots, new Map<Expr, Expr>([[c.sum, acc]])), offsets),
    done = joined(n, iadd(imul(jb, NC), en), rows.roots, rows.offsets);
  const sum = read(tile, [iadd(imul(iadd(b.row0, em), NC), en)]),
    values = substitute(done.roots, new Map<Expr, Expr>([[acc, sum]]));
  const stores = buffers.map(
    (to, s): Stmt => ({ op: "store", buffer: to, at: [done.offsets[s] as Expr], value: values[s] as Expr }),
  );
  const contiguous = (v: Var): boolean => done.offsets.every((o) => strideOf(o, v) === 1);
  const limitM: Partial<For> = M % MC === 0 ? {} : { limit: isub(int(M), imul(ib, MC)) },
    limitN: Partial<For> = N % NC === 0 ? {} : { limit: isub(int(N), imul(jb, NC)) };
  if (!contiguous(en) && contiguous(em)) return loop(en, [loop(em, stores, { mark: "vector", ...limitM })], limitN);
  return loop(em, [loop(en, stores, { mark: contiguous(en) ? "vector" : "serial", ...limitN })], limitM);
};
// Roots and offsets with one index in the place of several.
const joined = (
  vars: readonly Var[],
  whole: Expr,
  roots: readonly Expr[],
  offsets: readonly Expr[],
): { readonly roots: readonly Expr[]; readonly offsets: readonly Expr[] } => {
  const merged = mergeLoops(vars, roots, offsets),
    flatly = (xs: readonly Expr[]): readonly Expr[] => xs.map((o) => fromLinear(linear(o)));
  if (merged.vars.length > 1) {
    const parts = unravel(
      whole,
      vars.map((x) => x.extent),
    );
    return { roots: at(roots, vars, parts), offsets: flatly(at(offsets, vars, parts)) };
  }
  const [one] = merged.vars;
  if (one === undefined) return { roots: merged.roots, offsets: merged.stores };
  return { roots: at(merged.roots, [one], [whole]), offsets: flatly(at(merged.stores, [one], [whole])) };
};

// Leading indices of a side that are worth loops of their own: the rest still fills a block, and the other side does not move.
const split = (
  vars: readonly Var[],
  other: Expr,
  least: number,
): readonly [outer: readonly Var[], inner: readonly Var[]] => {
  const moving = new Set(topological([other]));
  let i = 0;
  while (vars.length - i > 1 && extentOf(vars.slice(i + 1)) >= least && !moving.has(vars[i] as Var)) i++;
  return [vars.slice(0, i), vars.slice(i)];
};

/** What a kernel does, and the memory that it does it in. */
export interface Loops {
  readonly body: readonly Stmt[];
  readonly scratch: readonly Buffer[];
}
/** Sums of so many products are worth two kernels: one packs all columns, so that blocks of rows are independent in the other. */
const manyProducts = 3e6;
/** The same where the columns do not change in the loop around, so that they are packed once for all rounds. */
const fewProducts = 3e4;

/** Loops for a contraction with its epilogue, and those of a kernel that must run before, if there is one. */
export const contract = (c: Contraction, epilogue: Epilogue): Loops & { readonly before: Loops | null } => {
  const [outerN, n] = split(c.n, c.left, 64),
    [outerM, m] = c.direct === null ? [[], c.m] : split(c.m, c.right, 48);
  const outer = [...c.batch, ...outerM, ...outerN],
    products = extentOf(m) * extentOf(n) * extentOf(c.k),
    worthwhile = c.steady ? products >= fewProducts : extentOf(m) >= 2 * fewRows && products >= manyProducts,
    ahead = extentOf(outer) === 1 && worthwhile;
  const b = blocksOf(c, m, n, ahead),
    packed = buffer(b.type, [(ahead ? b.KB * b.panels * b.NR : b.NC) * b.KC]);
  const rows = c.direct === null ? packedRows(b, m, c.left) : directRows(b, m, c.k, outside(c.direct, outerM));
  const finish = finishing(b, c, m, n, epilogue);
  const last: Stmt =
    b.KB > 1 ? { op: "if", cond: compare("eq", b.kb, int(b.KB - 1)), then: [finish], else: [] } : finish;
  const sums = [tiles(b, rows, packed), last],
    scratch = [...rows.scratch, b.tile];
  if (ahead) {
    // Rows are packed once for all blocks of columns if k is not cut.
    const block =
      b.KB > 1 ? loop(b.jb, [loop(b.kb, [...rows.block, ...sums])]) : loop(b.kb, [...rows.block, loop(b.jb, sums)]);
    return {
      body: withoutUnitLoops([...rows.first, loop(b.ib, [block], { mark: "parallel" })]),
      scratch,
      before: { body: withoutUnitLoops([packAll(b, n, c.right, packed)]), scratch: [] },
    };
  }
  const blocks = loop(b.ib, [...rows.block, ...sums], { mark: "parallel" }),
    columns = loop(b.kb, [packColumns(b, n, c.right, packed), blocks]);
  const nest = [...outer, b.jb].reduceRight<Stmt>((inner, o) => loop(o, [inner], { mark: "parallel" }), columns);
  return { body: withoutUnitLoops([...rows.first, nest]), scratch: [...scratch, packed], before: null };
};
/** The same rows, where some of their indices have loops of their own. */
const outside = (d: Direct, vars: readonly Var[]): Direct => {
  const { c, terms } = linear(d.rows),
    own = new Map<Expr, number>(),
    rest = linear(d.rest),
    all = new Map(rest.terms);
  for (const [t, factor] of terms) {
    if (topological([t]).some((x) => vars.includes(x as Var))) all.set(t, (all.get(t) ?? 0) + factor);
    else own.set(t, factor);
  }
  return { ...d, rows: fromLinear({ c, terms: own }), rest: fromLinear({ c: rest.c, terms: all }) };
};
