// Sums of products as packed, blocked loops. Recognized in the expression, not by primitive: matrix products, convolutions
// and their gradients all have the form out[b, m, n] = sum_k left[b, m, k] * right[b, n, k].
import type { Buffer, Expr, Reduce, ScalarType, Var } from "../kernel/expr.ts";
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
import { fromLinear, iadd, idiv, imul, isub, linear, unravel } from "../kernel/index.ts";
import type { For, Stmt } from "../kernel/program.ts";
import { mergeLoops } from "./canonical.ts";
import { strideOf } from "./vectorize.ts";

/** A recognized sum of products; loops in output order. */
export interface Contraction {
  readonly sum: Reduce;
  readonly batch: readonly Var[];
  readonly m: readonly Var[];
  readonly n: readonly Var[];
  readonly k: readonly Var[];
  readonly left: Expr;
  readonly right: Expr;
}

const extentOf = (vars: readonly Var[]): number => vars.reduce((p, v) => p * v.extent, 1);

/** See `e`, a value at the output indices `vars`, as a contraction that is worth packing; null if it is not. */
export const contractionOf = (e: Expr, vars: readonly Var[]): Contraction | null => {
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
  // The side that holds the last output index is the vector side.
  const last = vars[vars.length - 1] as Var,
    swap = onlyA.includes(last);
  const [left, right, m, n] = swap ? [b, a, onlyB, onlyA] : [a, b, onlyA, onlyB];
  if (extentOf(m) < 4 || extentOf(n) < 4 || extentOf(k) < 8 || extentOf(m) * extentOf(n) * extentOf(k) < 4096)
    return null;
  return { sum: e, batch, m, n, k, left, right };
};

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
// Substitution that keeps offsets in linear form.
const at = (roots: readonly Expr[], vars: readonly Var[], to: readonly Expr[]): readonly Expr[] => {
  const map = new Map<Expr, Expr>(vars.map((v, i) => [v, to[i] as Expr])),
    done = new Map<Expr, Expr>();
  const replaced = substitute(roots, map);
  for (const e of topological(replaced)) {
    const args = e.args.map((a) => done.get(a) as Expr);
    done.set(
      e,
      e.op === "read"
        ? read(e.buffer, [fromLinear(linear(args[0] as Expr))])
        : e.args.every((a, i) => a === args[i])
          ? e
          : (substitute([e], new Map(e.args.map((a, i) => [a, args[i] as Expr])))[0] as Expr),
    );
  }
  return replaced.map((r) => done.get(r) as Expr);
};

/** Values to store once the sum is known: `roots` use `sum`, `offsets` are where they go. */
export interface Epilogue {
  readonly roots: readonly Expr[];
  readonly offsets: readonly Expr[];
  readonly buffers: readonly Buffer[];
}

/** Loops for a contraction with its epilogue, and the scratch memory they need. */
export const contract = (
  c: Contraction,
  epilogue: Epilogue,
): { readonly body: readonly Stmt[]; readonly scratch: readonly Buffer[] } => {
  const type = c.sum.type as "f32" | "f64",
    MR = 6,
    NR = type === "f32" ? 8 : 4;
  // Outer output indices whose rest still fills the vectors run as separate, smaller products (images of a batch).
  const outer = [...c.batch];
  let n = c.n;
  while (n.length > 1 && extentOf(n.slice(1)) >= 64 && !topological([c.left]).includes(n[0] as Var)) {
    outer.push(n[0] as Var);
    n = n.slice(1);
  }
  const M = extentOf(c.m),
    N = extentOf(n),
    left = asOne(c.m, "m", c.left),
    right = asOne(n, "n", c.right);
  // Block sizes: a panel of k stays in the first cache, a block of packed operands in the second.
  const [k0, ...kRest] = c.k as readonly [Var, ...Var[]],
    kIn = extentOf(kRest),
    kStep = Math.min(k0.extent, Math.max(1, Math.floor(512 / kIn)));
  const KB = Math.ceil(k0.extent / kStep),
    KC = kStep * kIn,
    NC = Math.min(ceilTo(N, NR), 384),
    NB = Math.ceil(N / NC),
    MC = Math.min(ceilTo(M, MR), 96),
    MB = Math.ceil(M / MC);
  const tileRows = KB > 1 ? MB * MC : MC;
  const packedLeft = buffer(type, [MC * KC]),
    packedRight = buffer(type, [NC * KC]),
    tile = buffer(type, [tileRows * NC]);
  const jb = loopVar("jb", NB),
    kb = loopVar("kb", KB),
    ib = loopVar("ib", MB),
    kk0 = loopVar("kq", kStep);
  const remaining = (total: number, block: Var, size: number, unit: number): Partial<For> =>
    total % (size * unit) === 0
      ? {}
      : {
          limit:
            unit === 1
              ? isub(int(total), imul(block, size))
              : idiv(isub(int(total + unit - 1), imul(block, size * unit)), unit),
        };
  const kLimit: Partial<For> = k0.extent % kStep === 0 ? {} : remaining(k0.extent, kb, kStep, 1);
  const kInner = kRest.map((v, i) => loopVar(`kr${i}`, v.extent)),
    kFlat = flat([kk0, ...kInner], [kStep, ...kRest.map((v) => v.extent)]);
  const kLoops = (body: readonly Stmt[]): Stmt =>
    loop(
      kk0,
      kInner.reduceRight<readonly Stmt[]>((b, v) => [loop(v, b)], body),
      kLimit,
    );
  const atK = (e: Expr): Expr => at([e], c.k, [iadd(imul(kb, kStep), kk0), ...kInner])[0] as Expr;

  const q = loopVar("q", NC / NR),
    v = loopVar("v", NR),
    nAt = iadd(iadd(imul(jb, NC), imul(q, NR)), v);
  const packRight: Stmt = {
    op: "store",
    buffer: packedRight,
    at: [iadd(imul(iadd(imul(q, KC), kFlat), NR), v)],
    value: within(nAt, N, at([atK(right.value)], [right.index], [nAt])[0] as Expr, type),
  };
  const unit =
    right.plain &&
    topological([right.value]).every(
      (e) => e.op !== "read" || [0, 1].includes(strideOf(e.args[0] as Expr, right.index)),
    );
  const qLimit = remaining(N, jb, NC / NR, NR);
  const packRights = loop(
    q,
    unit ? [kLoops([loop(v, [packRight], { mark: "vector" })])] : [loop(v, [kLoops([packRight])])],
    qLimit,
  );

  const p = loopVar("p", MC / MR),
    i = loopVar("i", MR),
    mAt = iadd(iadd(imul(ib, MC), imul(p, MR)), i);
  const packLeft: Stmt = {
    op: "store",
    buffer: packedLeft,
    at: [iadd(imul(iadd(imul(p, KC), kFlat), MR), i)],
    value: within(mAt, M, at([atK(left.value)], [left.index], [mAt])[0] as Expr, type),
  };
  const along = topological([left.value]).some((e) => e.op === "read" && strideOf(e.args[0] as Expr, left.index) === 1);
  const pLimit = remaining(M, ib, MC / MR, MR);
  const packLefts = loop(
    p,
    along ? [kLoops([loop(i, [packLeft], { mark: "unrolled" })])] : [loop(i, [kLoops([packLeft])])],
    pLimit,
  );

  // The tile: MR x NR sums in registers.
  const kk = loopVar("kk", KC),
    rows = Array.from({ length: MR }, (_, r) => r);
  const accs = rows.map((r) => ({
    name: localVar(`a${r}`, type),
    combine: "add" as const,
    value: binary(
      "mul",
      read(packedLeft, [iadd(imul(iadd(imul(p, KC), kk), MR), int(r))]),
      read(packedRight, [iadd(imul(iadd(imul(q, KC), kk), NR), v)]),
    ),
  }));
  const row0 = KB > 1 ? imul(ib, MC) : int(0);
  const tileAt = (row: Expr, column: Expr): Expr => iadd(imul(row, NC), column);
  const micro = loop(
    v,
    [
      loop(kk, [], {
        accs,
        ...(KB > 1 && k0.extent % kStep !== 0 ? { limit: isub(int(extentOf(c.k)), imul(kb, KC)) } : {}),
      }),
      ...rows.map((r): Stmt => {
        const where = tileAt(iadd(iadd(row0, imul(p, MR)), int(r)), iadd(imul(q, NR), v)),
          a = (accs[r] as (typeof accs)[number]).name;
        return {
          op: "store",
          buffer: tile,
          at: [where],
          value:
            KB > 1 ? binary("add", a, select(compare("gt", kb, int(0)), read(tile, [where]), constant(type, 0))) : a,
        };
      }),
    ],
    { mark: "vector" },
  );
  const tiles = loop(q, [loop(p, [micro], pLimit)], qLimit);

  // The epilogue walks over the finished block, in vectors where the output's indices allow it.
  const acc = localVar("acc", type),
    em = loopVar("em", MC),
    en = loopVar("en", NC);
  const withAcc = substitute(epilogue.roots, new Map<Expr, Expr>([[c.sum, acc]]));
  const mAll = iadd(imul(ib, MC), em),
    nAll = iadd(imul(jb, NC), en);
  const merge = (
    vars: readonly Var[],
    whole: Expr,
    roots: readonly Expr[],
    offsets: readonly Expr[],
  ): { readonly roots: readonly Expr[]; readonly offsets: readonly Expr[] } => {
    const merged = mergeLoops(vars, roots, offsets);
    if (merged.vars.length > 1) {
      const parts = unravel(
        whole,
        vars.map((x) => x.extent),
      );
      return { roots: at(roots, vars, parts), offsets: at(offsets, vars, parts).map((o) => fromLinear(linear(o))) };
    }
    const [one] = merged.vars;
    return one === undefined
      ? { roots: merged.roots, offsets: merged.stores }
      : {
          roots: at(merged.roots, [one], [whole]),
          offsets: at(merged.stores, [one], [whole]).map((o) => fromLinear(linear(o))),
        };
  };
  const rowsDone = merge(c.m, mAll, withAcc, epilogue.offsets),
    done = merge(n, nAll, rowsDone.roots, rowsDone.offsets);
  const final = substitute(done.roots, new Map<Expr, Expr>([[acc, read(tile, [tileAt(iadd(row0, em), en)])]]));
  const stores = epilogue.buffers.map(
    (b, s): Stmt => ({ op: "store", buffer: b, at: [done.offsets[s] as Expr], value: final[s] as Expr }),
  );
  const vectors = done.offsets.every((o) => strideOf(o, en) === 1);
  const finish: Stmt = loop(
    em,
    [
      loop(en, stores, {
        mark: vectors ? "vector" : "serial",
        ...(N % NC === 0 ? {} : { limit: isub(int(N), imul(jb, NC)) }),
      }),
    ],
    M % MC === 0 ? {} : { limit: isub(int(M), imul(ib, MC)) },
  );
  const block: Stmt[] = [
    packLefts,
    tiles,
    ...(KB > 1 ? [{ op: "if", cond: compare("eq", kb, int(KB - 1)), then: [finish], else: [] } as const] : [finish]),
  ];
  const nest = loop(jb, [loop(kb, [packRights, loop(ib, block)])]);
  const body = outer.reduceRight<Stmt>((b, o) => loop(o, [b], { mark: "parallel" }), nest);
  return { body: [body], scratch: [packedLeft, packedRight, tile] };
};
