// The loops of a contraction: operands in blocks that fit the caches, a register tile of sums, and what follows element by element
// done where the sums are stored.
import type { Buffer, Expr, Var } from "../kernel/expr.ts";
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
import { fromLinear, iadd, imul, isub, linear, unravel } from "../kernel/index.ts";
import type { For, Stmt } from "../kernel/program.ts";
import { mergeLoops } from "./canonical.ts";
import { type Contraction, type Direct, extentOf } from "./contraction.ts";
import { type Blocks, blocksOf, fewRows, loop } from "./contractionBlocks.ts";
import {
  type Columns,
  directColumns,
  directRows,
  outside,
  packAll,
  packColumns,
  packedColumns,
  packedRows,
  type Rows,
} from "./contractionSides.ts";
import { at } from "./indices.ts";
import { strideOf } from "./vectorize.ts";
import { withoutUnitLoops } from "./unitLoops.ts";

/** Values to store once the sum is known: `roots` use `sum`, `offsets` are where they go. */
export interface Epilogue {
  readonly roots: readonly Expr[];
  readonly offsets: readonly Expr[];
  readonly buffers: readonly Buffer[];
}

/** All register tiles of a block. */
const tiles = (b: Blocks, rows: Rows, columns: Columns): Stmt => {
  const { MR, NR, NC, KC, KB, kb, p, q, v, tile, type } = b,
    kk = loopVar("kk", KC);
  const accs = Array.from({ length: MR }, (_, r) => ({
    name: localVar(`a${r}`, type),
    combine: "add" as const,
    value: binary("mul", rows.element(r, kk), columns.element(kk)),
  }));
  const sums = accs.map(({ name }, r): Stmt => {
    const where = iadd(imul(iadd(iadd(b.row0, imul(p, MR)), int(r)), NC), iadd(imul(q, NR), v));
    const before = select(compare("gt", kb, int(0)), read(tile, [where]), constant(type, 0));
    return {
      op: "store",
      buffer: tile,
      at: [where],
      value: KB > 1 ? binary("add", name, before) : name,
    };
  });
  const micro = loop(
    v,
    [
      loop(kk, [...rows.step, ...columns.step], {
        accs,
        ...(KB > 1 ? b.kLimit : {}),
      }),
      ...sums,
    ],
    { mark: "vector" },
  );
  return loop(q, [...columns.tile, loop(p, [...rows.tile, micro], b.pLimit)], b.qLimit);
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
    (to, s): Stmt => ({
      op: "store",
      buffer: to,
      at: [done.offsets[s] as Expr],
      value: values[s] as Expr,
    }),
  );
  const contiguous = (v: Var): boolean => done.offsets.every((o) => strideOf(o, v) === 1);
  const limitM: Partial<For> = M % MC === 0 ? {} : { limit: isub(int(M), imul(ib, MC)) },
    limitN: Partial<For> = N % NC === 0 ? {} : { limit: isub(int(N), imul(jb, NC)) };
  if (!contiguous(en) && contiguous(em)) return loop(en, [loop(em, stores, { mark: "vector", ...limitM })], limitN);
  return loop(
    em,
    [
      loop(en, stores, {
        mark: contiguous(en) ? "vector" : "serial",
        ...limitN,
      }),
    ],
    limitM,
  );
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
    return {
      roots: at(roots, vars, parts),
      offsets: flatly(at(offsets, vars, parts)),
    };
  }
  const [one] = merged.vars;
  if (one === undefined) return { roots: merged.roots, offsets: merged.stores };
  return {
    roots: at(merged.roots, [one], [whole]),
    offsets: flatly(at(merged.stores, [one], [whole])),
  };
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
    ahead = extentOf(outer) === 1 && worthwhile && (c.columns === null || c.steady);
  const whole = !ahead && c.columns !== null,
    b = blocksOf(c, m, n, ahead ? "ahead" : whole ? "direct" : "packed", extentOf(outer)),
    packed = buffer(b.type, [(ahead ? b.KB * b.panels * b.NR : b.NC) * b.KC]);
  const rows = c.direct === null ? packedRows(b, m, c.left) : directRows(b, m, c.k, outside(c.direct, outerM)),
    columns = whole ? directColumns(b, n, c.k, outside(c.columns as Direct, outerN)) : packedColumns(b, packed);
  const finish = finishing(b, c, m, n, epilogue);
  const last: Stmt =
    b.KB > 1
      ? {
          op: "if",
          cond: compare("eq", b.kb, int(b.KB - 1)),
          then: [finish],
          else: [],
        }
      : finish;
  const sums = [tiles(b, rows, columns), last],
    first = [...rows.first, ...columns.first],
    scratch = [...rows.scratch, ...columns.scratch, b.tile];
  if (ahead) {
    // Rows are packed once for all blocks of columns if k is not cut.
    const block =
      b.KB > 1 ? loop(b.jb, [loop(b.kb, [...rows.block, ...sums])]) : loop(b.kb, [...rows.block, loop(b.jb, sums)]);
    return {
      body: withoutUnitLoops([...first, loop(b.ib, [block], { mark: "parallel" })]),
      scratch,
      before: {
        body: withoutUnitLoops([packAll(b, n, c.right, packed)]),
        scratch: [],
      },
    };
  }
  if (whole) {
    const block = loop(b.kb, [...rows.block, ...sums]);
    const nest = [...outer, b.jb, b.ib].reduceRight<Stmt>((inner, o) => loop(o, [inner], { mark: "parallel" }), block);
    return { body: withoutUnitLoops([...first, nest]), scratch, before: null };
  }
  const blocks = loop(b.ib, [...rows.block, ...sums], { mark: "parallel" }),
    panels = loop(b.kb, [packColumns(b, n, c.right, packed), blocks]);
  const nest = [...outer, b.jb].reduceRight<Stmt>((inner, o) => loop(o, [inner], { mark: "parallel" }), panels);
  return {
    body: withoutUnitLoops([...first, nest]),
    scratch: [...scratch, packed],
    before: null,
  };
};
