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
import { fromLinear, iadd, idiv, imul, isub, linear, rangeOf, unravel } from "../kernel/index.ts";
import type { For, Stmt } from "../kernel/program.ts";
import { mergeLoops } from "./canonical.ts";
import { type Contraction, type Direct, extentOf, tileOf } from "./contraction.ts";
import { at } from "./indices.ts";
import { strideOf } from "./vectorize.ts";
import { withoutUnitLoops } from "./unitLoops.ts";

const ceilTo = (x: number, by: number): number => Math.ceil(x / by) * by;
const loop = (index: Var, body: readonly Stmt[], more: Partial<For> = {}): For => ({
  op: "for",
  index,
  mark: "serial",
  body,
  accs: [],
  ...more,
});
const within = (a: Expr, bound: number, value: Expr, type: ScalarType): Expr =>
  select(compare("lt", a, int(bound)), value, constant(type, 0));
const flat = (at: readonly Expr[], extents: readonly number[]): Expr =>
  at.reduce<Expr>((o, i, d) => iadd(imul(o, extents[d] as number), i), int(0));

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

/** Block sizes and loop indices: a panel of k stays in the first cache, a block of packed operands in the second. */
interface Blocks {
  readonly type: "f32" | "f64";
  readonly MR: number;
  readonly NR: number;
  readonly M: number;
  readonly N: number;
  /** Rows and columns of a block, indices of k in a block. */
  readonly MC: number;
  readonly NC: number;
  readonly KC: number;
  readonly KB: number;
  readonly ib: Var;
  readonly jb: Var;
  readonly kb: Var;
  /** Register tiles of a block: rows p, columns q, the column v of a tile. */
  readonly p: Var;
  readonly q: Var;
  readonly v: Var;
  readonly pLimit: Partial<For>;
  readonly qLimit: Partial<For>;
  /** Loops over k in a block around a body, with the flat index, and the substitution of the indices of k. */
  readonly kLoops: (body: readonly Stmt[]) => Stmt;
  readonly kFlat: Expr;
  readonly atK: (e: Expr) => Expr;
  /** Number of indices of k in this block, if it may be less than KC. */
  readonly kLimit: Partial<For>;
  /** Sums live in a tile of memory: of one block of rows, or of all if k has several blocks. */
  readonly row0: Expr;
  readonly tile: Buffer;
}
const deepest = 512,
  widest = 384,
  tallest = 96;
/** Rounds that are left for a block of `size` units of `unit` each. */
const remaining = (total: number, block: Var, size: number, unit: number): Partial<For> => {
  if (total % (size * unit) === 0) return {};
  const rest = isub(int(total + unit - 1), imul(block, size * unit));
  return { limit: unit === 1 ? rest : idiv(rest, unit) };
};
const blocksOf = (c: Contraction, m: readonly Var[], n: readonly Var[]): Blocks => {
  const type = c.sum.type as "f32" | "f64",
    [MR, NR] = tileOf(type),
    M = extentOf(m),
    N = extentOf(n);
  const [k0, ...kRest] = c.k as readonly [Var, ...Var[]],
    kIn = extentOf(kRest),
    kStep = Math.min(k0.extent, Math.max(1, Math.floor(deepest / kIn)));
  const KB = Math.ceil(k0.extent / kStep),
    KC = kStep * kIn,
    NC = Math.min(ceilTo(N, NR), widest),
    MC = Math.min(ceilTo(M, MR), c.direct === null ? tallest : 4 * tallest),
    MB = Math.ceil(M / MC);
  const ib = loopVar("ib", MB),
    jb = loopVar("jb", Math.ceil(N / NC)),
    kb = loopVar("kb", KB),
    kq = loopVar("kq", kStep),
    inner = kRest.map((x, i) => loopVar(`kr${i}`, x.extent));
  const uneven = k0.extent % kStep !== 0;
  return {
    type,
    MR,
    NR,
    M,
    N,
    MC,
    NC,
    KC,
    KB,
    ib,
    jb,
    kb,
    p: loopVar("p", MC / MR),
    q: loopVar("q", NC / NR),
    v: loopVar("v", NR),
    pLimit: remaining(M, ib, MC / MR, MR),
    qLimit: remaining(N, jb, NC / NR, NR),
    kLoops: (body) =>
      loop(
        kq,
        inner.reduceRight<readonly Stmt[]>((b, x) => [loop(x, b)], body),
        uneven ? remaining(k0.extent, kb, kStep, 1) : {},
      ),
    kFlat: flat([kq, ...inner], [kStep, ...kRest.map((x) => x.extent)]),
    atK: (e) => at([e], c.k, [iadd(imul(kb, kStep), kq), ...inner])[0] as Expr,
    kLimit: uneven ? { limit: isub(int(extentOf(c.k)), imul(kb, KC)) } : {},
    row0: KB > 1 ? imul(ib, MC) : int(0),
    tile: buffer(type, [(KB > 1 ? MB * MC : MC) * NC]),
  };
};

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

/** Columns copied in panels as wide as a tile, zeros where there are none. */
const packColumns = (b: Blocks, n: readonly Var[], right: Expr, packed: Buffer): Stmt => {
  const { NR, NC, KC, N, jb, q, v, type } = b,
    side = asOne(n, "n", right),
    column = iadd(iadd(imul(jb, NC), imul(q, NR)), v);
  const store: Stmt = {
    op: "store",
    buffer: packed,
    at: [iadd(imul(iadd(imul(q, KC), b.kFlat), NR), v)],
    value: within(column, N, at([b.atK(side.value)], [side.index], [column])[0] as Expr, type),
  };
  const unit =
    side.plain &&
    topological([side.value]).every((e) => e.op !== "read" || [0, 1].includes(strideOf(e.args[0] as Expr, side.index)));
  const panel = unit ? b.kLoops([loop(v, [store], { mark: "vector" })]) : loop(v, [b.kLoops([store])]);
  return loop(q, [panel], b.qLimit);
};

/** All register tiles of a block. */
const tiles = (b: Blocks, rows: Rows, packed: Buffer): Stmt => {
  const { MR, NR, NC, KC, KB, kb, p, q, v, tile, type } = b,
    kk = loopVar("kk", KC);
  const accs = Array.from({ length: MR }, (_, r) => ({
    name: localVar(`a${r}`, type),
    combine: "add" as const,
    value: binary("mul", rows.element(r, kk), read(packed, [iadd(imul(iadd(imul(q, KC), kk), NR), v)])),
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

/** Loops for a contraction with its epilogue, and the scratch memory they need. */
export const contract = (
  c: Contraction,
  epilogue: Epilogue,
): { readonly body: readonly Stmt[]; readonly scratch: readonly Buffer[] } => {
  const [outerN, n] = split(c.n, c.left, 64),
    [outerM, m] = c.direct === null ? [[], c.m] : split(c.m, c.right, 48);
  const b = blocksOf(c, m, n),
    packed = buffer(b.type, [b.NC * b.KC]);
  const rows = c.direct === null ? packedRows(b, m, c.left) : directRows(b, m, c.k, outside(c.direct, outerM));
  const finish = finishing(b, c, m, n, epilogue);
  const last: Stmt =
    b.KB > 1 ? { op: "if", cond: compare("eq", b.kb, int(b.KB - 1)), then: [finish], else: [] } : finish;
  const block = [...rows.block, tiles(b, rows, packed), last],
    columns = loop(b.kb, [packColumns(b, n, c.right, packed), loop(b.ib, block, { mark: "parallel" })]),
    nest = loop(b.jb, [columns], { mark: "parallel" });
  const outer = [...c.batch, ...outerM, ...outerN].reduceRight<Stmt>(
    (inner, o) => loop(o, [inner], { mark: "parallel" }),
    nest,
  );
  return { body: withoutUnitLoops([...rows.first, outer]), scratch: [...rows.scratch, packed, b.tile] };
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
