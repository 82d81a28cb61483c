// The loops of a contraction: operands in blocks that fit the caches, a register tile of sums, and what follows element by element
// done where the sums are stored.
import { sizeOf } from "../core/aval.ts";
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
import { fromLinear, iadd, iclamp, imul, isub, linear, unravel } from "../kernel/index.ts";
import type { For, Stmt } from "../kernel/program.ts";
import { loop, store, storeEach } from "../kernel/statement.ts";
import { mergeLoops } from "./canonical.ts";
import { costOf } from "./cost.ts";
import { type Contraction, type Direct, extentOf } from "./contraction.ts";
import { type Blocks, blocksOf, type Course, fewRows, groupsOf, rowOf, type Way } from "./contractionBlocks.ts";
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
  straightRows,
} from "./contractionSides.ts";
import { at, substituteIn } from "./indices.ts";
import { withoutUnitLoops } from "./unitLoops.ts";
import { strideOf } from "./vectorize.ts";

/** Values to store once the sum is known: `roots` use `sum`, `offsets` are where they go. */
export interface Epilogue {
  readonly roots: readonly Expr[];
  readonly offsets: readonly Expr[];
  readonly buffers: readonly Buffer[];
}

/** What is stored for the sum in row r of a tile, at column v of tile q. */
type Finish = (course: Course, r: number, sum: Expr) => readonly Stmt[];
/** All register tiles of a block; sums go to the block's memory, if they are not finished where they are. */
const tiles = (b: Blocks, rows: Rows, columns: Columns, finish: Finish | null): Stmt => {
  const { NC, KC, KB, kb, q, v, tile, type } = b,
    several = kb.extent > 1,
    kk = loopVar("kk", KC);
  const ofCourse = (course: Course): Stmt => {
    const { before, element } = rows.tile(course);
    const accs = Array.from({ length: course.MR }, (_, r) => ({
      name: localVar(`a${r}`, type),
      combine: "add" as const,
      value: binary("mul", element(r, kk), columns.element(kk)),
    }));
    const sums = accs.flatMap(({ name }, r): readonly Stmt[] => {
      if (finish !== null) return finish(course, r, name);
      const where = iadd(imul(iadd(b.row0, rowOf(course, int(r))), NC), iadd(b.column, v));
      const sum = select(compare("gt", kb, int(0)), read(tile, [where]), constant(type, 0));
      return [store(tile, [where], several ? binary("add", name, sum) : name)];
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
    return loop(course.p, [...before, micro], course.limit);
  };
  return loop(q, [...columns.tile, ...b.courses.map(ofCourse)], b.qLimit);
};

/** What follows the sums of a contraction: free indices of both sides, and whether rows are straight. */
interface Ending {
  readonly b: Blocks;
  readonly c: Contraction;
  readonly m: readonly Var[];
  readonly n: readonly Var[];
  readonly epilogue: Epilogue;
  readonly straight: boolean;
}
/** What is stored if `acc` is the sum. */
const valuesOf = ({ c, epilogue }: Ending, acc: Var): readonly Expr[] =>
  substitute(epilogue.roots, new Map<Expr, Expr>([[c.sum, acc]]));
/** Values with their offsets in a row, at a column of the block. */
const placed = ({ b, m, n, epilogue }: Ending, values: readonly Expr[], row: Expr, column: Expr): Joined => {
  const rows = joined(m, row, values, epilogue.offsets);
  return joined(n, iadd(imul(b.jb, b.NC), column), rows.roots, rows.offsets);
};

/** What follows a sum may cost so much, and have so many results, to be repeated for each row of a tile. */
const cheap = 4,
  fewOutputs = 2;
/**
 * Sums that are finished in registers: all of them are there at once, no tile has rows or columns that do not exist (but `straight`
 * ones are moved up), results lie side by side along the columns, and none of them could take the place of an operand.
 */
const finishingAtOnce = (e: Ending): Finish | null => {
  const { b, straight } = e,
    { buffers } = e.epilogue;
  const whole = straight || (b.beyond === 0 && b.M % b.MC === 0);
  if (b.KB > 1 || !whole || b.N % b.NC !== 0 || buffers.length > fewOutputs) return null;
  const acc = localVar("acc", b.type),
    row = loopVar("row", b.M),
    values = valuesOf(e, acc),
    least = Math.min(...buffers.map((to) => sizeOf(to.shape)));
  const fits = (e: Expr): boolean => e.op !== "reduce" && (e.op !== "read" || sizeOf(e.buffer.shape) < least);
  if (!topological(values).every(fits) || values.some((e) => costOf(e) > cheap)) return null;
  const done = placed(e, values, row, iadd(b.column, b.v));
  if (!done.offsets.every((o) => strideOf(o, b.v) === 1)) return null;
  return (course, r, sum) => {
    const first = iadd(imul(b.ib, b.MC), rowOf(course)),
      to = new Map<Expr, Expr>([
        [row, iadd(straight ? iclamp(first, 0, b.M - course.MR) : first, int(r))],
        [acc, sum],
      ]),
      where = substituteIn(done.offsets, to).map((o) => fromLinear(linear(o)));
    return storeEach(buffers, where, substituteIn(done.roots, to));
  };
};

/** The loop over a finished block: along whichever index the results are contiguous. */
const finishing = (e: Ending): Stmt => {
  const { b, straight } = e,
    { buffers } = e.epilogue;
  const { M, N, MC, NC, ib, jb, tile, type, lastTile, beyond } = b,
    acc = localVar("acc", type),
    em = loopVar("em", MC),
    en = loopVar("en", NC);
  const done = placed(e, valuesOf(e, acc), iadd(imul(ib, MC), em), en);
  // Where rows are straight, the last tile of all has been moved up, and its rows are further down in it.
  const moved =
    straight && beyond > 0 ? select(compare("ge", iadd(imul(ib, MC), em), int(lastTile)), int(beyond), int(0)) : int(0);
  const sumAt = (row: Expr): Expr => read(tile, [iadd(imul(iadd(row, iadd(em, moved)), NC), en)]),
    apart = b.kg.extent > 1,
    total = localVar("total", type),
    adding = loop(b.kg, [], {
      accs: [{ name: total, combine: "add", value: sumAt(b.row0) }],
    }),
    values = substitute(done.roots, new Map<Expr, Expr>([[acc, apart ? total : sumAt(b.row0)]]));
  const stores: readonly Stmt[] = [...(apart ? [adding] : []), ...storeEach(buffers, done.offsets, values)];
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
interface Joined {
  readonly roots: readonly Expr[];
  readonly offsets: readonly Expr[];
}
// Roots and offsets with one index in the place of several.
const joined = (vars: readonly Var[], whole: Expr, roots: readonly Expr[], offsets: readonly Expr[]): Joined => {
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

/** Sums over so many products are taken apart if there are so many parts, and the partial sums are less than half of the operands. */
const fewGroups = 4,
  deepProducts = 4e6;
const wayOf = (c: Contraction, m: readonly Var[], n: readonly Var[], rounds: number): Way => {
  const [M, N, K] = [extentOf(m), extentOf(n), extentOf(c.k)],
    products = M * N * K;
  if (rounds === 1) {
    if (c.steady) return products >= fewProducts ? "ahead" : c.columns === null ? "packed" : "direct";
    const groups = groupsOf(c.k);
    if (groups >= fewGroups && 2 * groups * M * N <= K * (M + N) && products >= deepProducts) return "deep";
    if (c.columns === null && c.straight === null && M >= 2 * fewRows && products >= manyProducts) return "ahead";
  }
  return c.columns === null ? "packed" : "direct";
};

/** Rounds of a shared loop that let threads end at about the same time, if one of them begins late. */
const manyRounds = 16;
/** Loops with independent rounds around a body. Threads share the outermost one: it takes in those below it until it has many rounds. */
const around = (vars: readonly Var[], body: Stmt): Stmt => {
  const long = vars.filter((v) => v.extent > 1);
  let count = 0;
  while (count < long.length && extentOf(long.slice(0, count)) < manyRounds) count++;
  const taken = count > 1 ? long.slice(0, count) : [],
    inner = vars
      .filter((v) => !taken.includes(v))
      .reduceRight<Stmt>((b, v) => loop(v, [b], { mark: "parallel" }), body);
  if (taken.length === 0) return inner;
  const one = loopVar("round", extentOf(taken)),
    extents = taken.map((v) => v.extent),
    parts = unravel(one, extents);
  const names = taken.map((name, i): Stmt => ({ op: "let", name, value: parts[i] as Expr }));
  return loop(one, [...names, inner], { mark: "parallel" });
};

/** Loops for a contraction with its epilogue, and those of a kernel that must run before, if there is one. */
export const contract = (c: Contraction, epilogue: Epilogue): Loops & { readonly before: Loops | null } => {
  const [outerN, n] = split(c.n, c.left, 64),
    [outerM, m] = c.direct === null ? [[], c.m] : split(c.m, c.right, 48),
    outer = [...c.batch, ...outerM, ...outerN],
    way = wayOf(c, m, n, extentOf(outer)),
    b = blocksOf(c, m, n, way, extentOf(outer));
  const panels =
      way === "direct" || (way === "deep" && c.columns !== null)
        ? null
        : buffer(b.type, [(way === "ahead" ? b.KB * b.panels * b.NR : b.NC) * b.KC]),
    // The last tile of straight rows is moved up, which only results that are stored row by row can tell apart.
    straight =
      c.straight !== null &&
      outerM.length === 0 &&
      (b.beyond === 0 || epilogue.offsets.every((o) => strideOf(o, n[n.length - 1] as Var) === 1)),
    rows = straight
      ? straightRows(b, m, c.k, c.straight)
      : c.direct === null
        ? packedRows(b, m, c.left)
        : directRows(b, m, c.k, outside(c.direct, outerM)),
    columns =
      panels === null ? directColumns(b, n, c.k, outside(c.columns as Direct, outerN)) : packedColumns(b, panels),
    pack = panels === null ? [] : [packColumns(b, n, c.right, panels)];
  const ending: Ending = { b, c, m, n, epilogue, straight },
    atOnce = way === "deep" ? null : finishingAtOnce(ending),
    finish = finishing(ending),
    some = tiles(b, rows, columns, atOnce),
    first = [...rows.first, ...columns.first],
    own = [...rows.scratch, ...columns.scratch];
  if (way === "deep") {
    const block = loop(b.kb, [...pack, loop(b.ib, [...rows.block, some])], b.kbLimit);
    return {
      body: withoutUnitLoops([around([b.ib, b.jb], finish)]),
      scratch: [],
      before: {
        body: withoutUnitLoops([...first, around([b.kg, b.jb], block)]),
        scratch: panels === null ? own : [...own, panels],
      },
    };
  }
  const last: Stmt =
      b.KB > 1
        ? {
            op: "if",
            cond: compare("eq", b.kb, int(b.KB - 1)),
            then: [finish],
            else: [],
          }
        : finish,
    sums = atOnce === null ? [some, last] : [some],
    scratch = atOnce === null ? [...own, b.tile] : own;
  if (way === "ahead") {
    // Rows are packed once for all blocks of columns if k is not cut.
    const block =
      b.KB > 1 ? loop(b.jb, [loop(b.kb, [...rows.block, ...sums])]) : loop(b.kb, [...rows.block, loop(b.jb, sums)]);
    return {
      body: withoutUnitLoops([
        ...first,
        b.apart ? around([b.jb, b.ib], loop(b.kb, [...rows.block, ...sums])) : around([b.ib], block),
      ]),
      scratch,
      before: {
        body: withoutUnitLoops([packAll(b, n, c.right, panels as Buffer)]),
        scratch: [],
      },
    };
  }
  // What is packed alike in every round is packed before all of them.
  const [packing, block, moving] = panels === null ? [rows.block, b.ib, outerM] : [pack, b.jb, outerN],
    once = c.batch.length === 0 && moving.length === 0 && b.KB === 1 && block.extent === 1,
    before = once && packing.length > 0 ? [around([block], loop(b.kb, packing))] : [],
    again = once ? [] : packing;
  const blocks =
    panels === null
      ? around([...outer, b.jb, b.ib], loop(b.kb, [...again, ...sums]))
      : around([...outer, b.jb], loop(b.kb, [...again, loop(b.ib, [...rows.block, ...sums], { mark: "parallel" })]));
  return {
    body: withoutUnitLoops([...first, ...before, blocks]),
    scratch: panels === null ? scratch : [...scratch, panels],
    before: null,
  };
};
