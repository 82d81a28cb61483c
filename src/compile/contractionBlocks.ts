// The block sizes and loop indices of a contraction.
import type { Buffer, Expr, Var } from "../kernel/expr.ts";
import { buffer, int, loopVar } from "../kernel/expr.ts";
import { iadd, iclamp, idiv, imod, imul, isub } from "../kernel/index.ts";
import type { For, Mark, Stmt } from "../kernel/program.ts";
import { loop } from "../kernel/statement.ts";
import { type Contraction, extentOf } from "./contraction.ts";
import { heightsOf, widthOf } from "./heights.ts";
import { at } from "./indices.ts";

const ceilTo = (x: number, by: number): number => Math.ceil(x / by) * by;
/** Row-major offset of an index. */
export const flat = (at: readonly Expr[], extents: readonly number[]): Expr =>
  at.reduce<Expr>((o, i, d) => iadd(imul(o, extents[d] as number), i), int(0));

/** Tiles p of one height, in a block of rows. */
export interface Course {
  readonly MR: number;
  readonly p: Var;
  /** Rows of the block above them. */
  readonly above: number;
  readonly limit: Partial<For>;
}
/** The row r of tile p, counted in the block. */
export const rowOf = ({ MR, p, above }: Course, r: Expr = int(0)): Expr => iadd(iadd(int(above), imul(p, MR)), r);
/** Block sizes and loop indices: a panel of k stays in the first cache, a block of packed operands in the second. */
export interface Blocks {
  /** Whether blocks of columns are what threads share. */
  readonly apart: boolean;
  readonly type: "f32" | "f64";
  readonly NR: number;
  readonly M: number;
  readonly N: number;
  /** Rows and columns of a block, indices of k in a block. */
  readonly MC: number;
  readonly NC: number;
  readonly KC: number;
  readonly KB: number;
  /** Of the first index of k, as many are in a block. */
  readonly kStep: number;
  readonly ib: Var;
  readonly jb: Var;
  /** Groups of blocks of k whose sums are apart, the block within its group, and its number among all. */
  readonly kg: Var;
  readonly kb: Var;
  readonly kbLimit: Partial<For>;
  readonly kAt: Expr;
  /** Register tiles of a block, from its first row on; the last of all begins at this row, and ends so many rows beyond the last one. */
  readonly courses: readonly Course[];
  readonly lastTile: number;
  readonly beyond: number;
  /** Columns q, the column v of a tile. */
  readonly q: Var;
  readonly v: Var;
  readonly qLimit: Partial<For>;
  /** The first column of tile q in its block. */
  readonly column: Expr;
  /** Loops over k in a block around a body, with the flat index, and the substitution of the indices of k. */
  readonly kLoops: (body: readonly Stmt[], innermost?: Mark) => Stmt;
  /** The last index of k, which the innermost of these loops is about. */
  readonly kLast: Var;
  readonly kFlat: Expr;
  readonly atK: (e: Expr) => Expr;
  /** Number of indices of k in this block, if it may be less than KC. */
  readonly kLimit: Partial<For>;
  /** Sums live in a tile of memory: of one block of rows, of all if k has several blocks around it, of all columns too if k is taken apart. */
  readonly row0: Expr;
  readonly tile: Buffer;
  /** The panel that holds the columns of tile q, and how many panels there are for one block of k. */
  readonly panel: Expr;
  readonly panels: number;
}
/** Indices of k and columns in a block at most; rows. */
const deepest = 512,
  widest = 384,
  tallest = 96;
/** Rows, and products, that are worth a block of their own. */
export const fewRows = 16;
const blockProducts = 5e5;
/** Rounds that are left for a block of `size` units of `unit` each. */
const remaining = (total: number, block: Var, size: number, unit: number): Partial<For> => {
  if (total % (size * unit) === 0) return {};
  const rest = isub(int(total + unit - 1), imul(block, size * unit));
  return { limit: unit === 1 ? rest : idiv(rest, unit) };
};
/** Blocks of equal size, multiples of `unit`, or about equal where no number of blocks up to twice as many divides the total. */
const evenly = (total: number, unit: number, most: number, least = 1): number => {
  const blocks = Math.max(1, Math.floor(least), Math.ceil(total / most));
  for (let n = blocks; n <= 2 * blocks; n++) if (total % (n * unit) === 0) return total / n;
  return ceilTo(Math.ceil(total / blocks), unit);
};
/** Tiles over columns: blocks are of so many columns at least, which have so many tiles. */
interface Tiling {
  readonly unit: number;
  readonly tiles: number;
  readonly column: (q: Expr) => Expr;
}
/** Tiles side by side, or, where the last index does not end with one, so that the last of its tiles does. */
const tilingOf = (NR: number, last: number): Tiling => {
  if (last % NR === 0) return { unit: NR, tiles: 1, column: (q) => imul(q, NR) };
  const tiles = Math.ceil(last / NR);
  return {
    unit: last,
    tiles,
    column: (q) => iadd(imul(idiv(q, tiles), last), iclamp(imul(imod(q, tiles), NR), 0, last - NR)),
  };
};
/**
 * How columns are had: panels packed for a block of columns at a time, or for all of them before anything else, or no panels at all.
 * Each block of rows is finished before the next in the last two. `deep`: groups of blocks of k are summed apart.
 */
export type Way = "packed" | "ahead" | "direct" | "deep";
/** Sums that are taken apart, so that threads can share them whatever the number of threads is: so many at most, over so many indices of k. */
const groups = 8,
  shallowest = 256;
/** How many sums `k` could be taken apart into. */
export const groupsOf = (k: readonly Var[]): number =>
  Math.min(groups, Math.floor(extentOf(k) / shallowest), k[0]?.extent ?? 1);
/** Indices of k in a block at most. */
const depthOf = (k: readonly Var[], way: Way): number => {
  const K = extentOf(k);
  if (way === "deep") return Math.min(deepest, Math.max(shallowest, Math.floor(K / groups)));
  return way !== "ahead" && K <= 2 * deepest ? 2 * deepest : deepest;
};
/** Blocks for `c`, whose loops are run `rounds` times. */
export const blocksOf = (c: Contraction, m: readonly Var[], n: readonly Var[], way: Way, rounds: number): Blocks => {
  const ahead = way === "ahead",
    type = c.sum.type as "f32" | "f64",
    M = extentOf(m),
    [[MR]] = heightsOf(M, false),
    NR = widthOf(type),
    N = extentOf(n);
  const [k0, ...kRest] = c.k as readonly [Var, ...Var[]],
    products = M * N * extentOf(c.k),
    kIn = extentOf(kRest),
    kMost = Math.max(1, Math.floor(depthOf(c.k, way) / kIn)),
    kStep = Math.ceil(k0.extent / Math.ceil(k0.extent / kMost));
  const KB = Math.ceil(k0.extent / kStep),
    KC = kStep * kIn,
    inPlace = c.columns !== null && (way === "direct" || way === "deep"),
    { unit, tiles, column } = tilingOf(NR, inPlace ? (n[n.length - 1] as Var).extent : NR),
    // Where rows are straight, blocks of columns are what threads share: each packs its own, or reads no others.
    apart =
      c.straight !== null &&
      rounds < groups &&
      (way === "packed" || (ahead && KB === 1 && M <= tallest && N >= fewRows * groups)),
    NC = evenly(
      N,
      unit,
      widest,
      apart
        ? Math.min(groups / rounds, N / (2 * NR))
        : way !== "deep" && M < 2 * fewRows
          ? Math.min(4, Math.floor(N / 64))
          : 1,
    ),
    // There is enough to share already where columns have blocks, or loops around them.
    shared = way === "direct" && rounds * Math.ceil(N / NC) > 3,
    cuts =
      shared || (ahead && apart)
        ? 1
        : ahead
          ? Math.floor(M / fewRows)
          : Math.min(M / fewRows, products / blockProducts),
    most = evenly(
      M,
      MR,
      (way === "packed" || way === "deep") && c.direct !== null ? 4 * tallest : tallest,
      Math.min(8, cuts),
    ),
    MB = Math.ceil(M / most),
    // Rows that are one block may have tiles of two heights.
    heights = MB === 1 ? heightsOf(M, true) : ([[MR, most / MR]] as const),
    MC = heights.reduce((rows, [height, count]) => rows + height * count, 0),
    lowest = heights[heights.length - 1]?.[0] ?? MR,
    beyond = MB === 1 ? MC - M : M % MR === 0 ? 0 : MR - (M % MR),
    perGroup = way === "deep" ? Math.ceil(KB / groups) : KB,
    KG = Math.ceil(KB / perGroup),
    whole = KB > 1 && (way === "packed" || way === "deep");
  const ib = loopVar("ib", MB),
    jb = loopVar("jb", Math.ceil(N / NC)),
    kg = loopVar("kg", KG),
    kb = loopVar("kb", perGroup),
    group = KG > 1 ? kg : int(0),
    // Sums that are taken apart are all there before the first of them is finished: each block of columns has its own.
    [across, acrossAll] = way === "deep" ? ([jb, jb.extent] as const) : ([int(0), 1] as const),
    kAt = iadd(imul(group, perGroup), kb),
    q = loopVar("q", (NC / unit) * tiles),
    qLimit = remaining(N, jb, NC / unit, unit),
    panels = ahead ? Math.ceil(N / NR) : NC / NR,
    kq = loopVar("kq", kStep),
    inner = kRest.map((x, i) => loopVar(`kr${i}`, x.extent));
  const courses = heights.map(
    ([height, count], i): Course => ({
      MR: height,
      p: loopVar(`p${i}`, count),
      above: heights.slice(0, i).reduce((rows, [h, t]) => rows + h * t, 0),
      limit: MB === 1 ? {} : remaining(M, ib, count, height),
    }),
  );
  const uneven = k0.extent % kStep !== 0;
  return {
    apart,
    type,
    NR,
    M,
    N,
    MC,
    NC,
    KC,
    KB,
    kStep,
    ib,
    jb,
    kg,
    kb,
    kbLimit: KG > 1 ? remaining(KB, kg, perGroup, 1) : {},
    kAt,
    q,
    v: loopVar("v", NR),
    courses,
    lastTile: M + beyond - lowest,
    beyond,
    qLimit: qLimit.limit === undefined ? {} : { limit: imul(qLimit.limit, tiles) },
    column: column(q),
    kLoops: (body, innermost = "serial") => {
      const vars = [kq, ...inner],
        limit = uneven ? { limit: isub(int(k0.extent), imul(kAt, kStep)) } : {};
      return vars.reduceRight<readonly Stmt[]>(
        (b, x, i) => [loop(x, b, { mark: i === inner.length ? innermost : "serial", ...(i === 0 ? limit : {}) })],
        body,
      )[0] as Stmt;
    },
    kLast: c.k[c.k.length - 1] as Var,
    kFlat: flat([kq, ...inner], [kStep, ...kRest.map((x) => x.extent)]),
    atK: (e) => at([e], c.k, [iadd(imul(kAt, kStep), kq), ...inner])[0] as Expr,
    kLimit: uneven ? { limit: isub(int(extentOf(c.k)), imul(kAt, KC)) } : {},
    row0: whole ? iadd(imul(iadd(imul(across, KG), group), MB * MC), imul(ib, MC)) : int(0),
    tile: buffer(type, [(whole ? acrossAll * KG * MB * MC : MC) * NC]),
    panel: ahead ? iadd(imul(kb, panels), iadd(imul(jb, NC / NR), q)) : q,
    panels,
  };
};
