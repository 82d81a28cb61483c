// From groups to kernels: loops around the expressions of a group, each computation at its place.
import { scalarOf, storageOf } from "../core/dtype.ts";
import type { Eqn, Var } from "../core/jaxpr.ts";
import { isVar } from "../core/jaxpr.ts";
import type { AnyPrimitive } from "../core/primitive.ts";
import type { Buffer, Var as Index, Expr, Reduce } from "../kernel/expr.ts";
import { buffer, constant, loopVar, read, registerType, substitute, topological } from "../kernel/expr.ts";
import { ravel, unravel } from "../kernel/index.ts";
import { expandMath } from "../kernel/math.ts";
import type { Kernel, Stmt } from "../kernel/program.ts";
import { nest, store, storeEach } from "../kernel/statement.ts";
import { simplifyExprs } from "./algebra.ts";
import { canonical, mergeLoops, mergeReductions } from "./canonical.ts";
import { type Contraction, contractionOf, type Steady } from "./contraction.ts";
import { contract, type Loops } from "./contractLoops.ts";
import { flattenStmts } from "./flatten.ts";
import { type Group, readsOf, resolve } from "./group.ts";
import { buffersIn, eachExpr, writtenBy } from "./bound.ts";
import { inBoxes } from "./boxes.ts";
import { hoist } from "./hoist.ts";
import { at } from "./indices.ts";
import { inPieces } from "./pieces.ts";
import { remembering } from "./remember.ts";
import { rowLoop } from "./shortRows.ts";
import { contractionFromSlice, filledInRounds, fromSlice, type Slice, sliceOf } from "./slices.ts";
import { withSplit } from "./split.ts";
import { inStages, type Stage } from "./stages.ts";
import { tiled } from "./tiling.ts";
import { bindRounds, storeThrough, throughViews, type Views, viewStmts } from "./views.ts";
import { vectorizes } from "./vectorize.ts";

const nameOf = (eqns: readonly Eqn[], n: number): string => {
  const names = [...new Set(eqns.map((e) => e.prim.name))].filter(
    (x) => !["broadcast", "reshape", "convertElementType"].includes(x),
  );
  return `${(names.length === 0 ? [eqns[0]?.prim.name ?? "empty"] : names).slice(-3).reverse().join("_")}_${n}`;
};

/** The sum of products among `roots` that the kernel is built around. */
const mainOf = (roots: readonly Expr[], vars: readonly Index[], steady: Steady): Contraction | null => {
  const sums = topological(roots)
    .filter((e) => e.op === "reduce")
    .reverse();
  const found = sums.map((e) => contractionOf(e, vars, steady)).filter((c) => c !== null);
  return found[0] ?? null;
};

/** Indices of loops that nothing stands around. */
const outermost = (body: readonly Stmt[]): readonly Index[] => body.flatMap((s) => (s.op === "for" ? [s.index] : []));

/** What a kernel does, before its buffers are collected. */
interface Body {
  readonly body: readonly Stmt[];
  readonly scratch: readonly Buffer[];
  /** Loops whose rounds are independent of each other. */
  readonly rounds?: readonly Index[];
  /** What must be done before, by kernels of their own. */
  readonly before?: readonly Body[];
}

/** Loops around stores of `roots`: rows that remember, tiles, boxes, pieces, or just one in the other. */
const loopsOf = (
  vars: readonly Index[],
  roots: readonly Expr[],
  stores: readonly Expr[],
  buffers: readonly Buffer[],
): Body => {
  const row = remembering(vars, roots, stores, buffers);
  if (row !== null) return { ...row, rounds: vars };
  const tiles = tiled(vars, roots, stores, buffers);
  if (tiles !== null) return { ...tiles, rounds: outermost(tiles.body) };
  const pieces = inBoxes(vars, roots, stores, buffers) ?? inPieces(vars, roots, stores, buffers);
  if (pieces !== null) return { body: pieces, scratch: [], rounds: outermost(pieces) };
  const body = storeEach(buffers, stores, roots),
    last = vars[vars.length - 1],
    mark = last !== undefined && vectorizes(roots, last) ? "vector" : "serial";
  const loops =
    last === undefined || vars.length === 1
      ? nest(vars, body, mark)
      : nest(vars.slice(0, -1), [rowLoop(last, body, mark)]);
  return { body: loops, scratch: [], rounds: vars };
};

/** The loops of a first stage: its pieces, and in each of them one round after the other. */
const stageLoops = ({ vars, roots, stores, buffers, further }: Stage): Body => {
  if (further === null) return loopsOf(vars, roots, stores, buffers);
  const [piece, ...rest] = vars as readonly [Index, ...Index[]];
  const round = (values: readonly Expr[], combined: boolean): readonly Stmt[] =>
    nest(
      rest,
      storeEach(buffers, stores, values).map((s, i) =>
        combined ? { ...s, combine: (roots[i] as Reduce).combine } : s,
      ),
      "vector",
    );
  const body = [...round(roots, false), ...nest([further.index], round(further.roots, true))];
  return { body: nest([piece], body), scratch: [], rounds: [piece] };
};

/** What a group computes and where it is stored, over the loops that are left; the rounds of loops around that it uses. */
interface Formulas {
  readonly vars: readonly Index[];
  readonly roots: readonly Expr[];
  readonly stores: readonly Expr[];
  readonly buffers: readonly Buffer[];
  readonly used: Map<Index, Buffer>;
  /** A group reads what was there before it, and its results are new: the slot of a round and the next one may be of one buffer. */
  readonly operands: ReadonlySet<Buffer>;
  readonly main: Contraction | null;
}
/** The expressions of a group, with flat offsets. */
const flatRoots = (g: Group): readonly Expr[] =>
  canonical(simplifyExprs(expandMath(resolve([...g.roots.values()], g.defs))));
const formulasOf = (g: Group, bufferOf: (v: Var) => Buffer, views: Views, steady: Steady): Formulas => {
  const used = new Map<Index, Buffer>(),
    offset = ravel(g.vars, g.shape);
  const places = [...g.roots.keys()].map((v) => storeThrough(bufferOf(v), offset, views, used));
  const exprs = mergeReductions(throughViews(flatRoots(g), views, used)),
    merged = mergeLoops(
      g.vars,
      exprs,
      places.map(([, at]) => at),
    );
  const main = g.main === null ? null : mainOf(merged.roots, merged.vars, steady),
    operands = new Set(exprs.flatMap(readsOf).map((r) => r.buffer));
  return { ...merged, buffers: places.map(([b]) => b), used, operands, main };
};
/** Everything at its place, under the rounds that it uses. */
const placing =
  ({ used, operands }: Pick<Formulas, "used" | "operands">) =>
  (b: Body): Body => ({ ...b, body: hoist([...usedBy(b.body, bindRounds(used)), ...b.body], operands) });

const pull = (f: Formulas): Body => {
  const { vars, roots, stores, buffers, main } = f,
    placed = placing(f);
  if (main !== null) {
    const { before, ...own } = contract(main, { roots, offsets: stores, buffers });
    return before === null ? placed(own) : { ...placed(own), before: [placed(before)] };
  }
  const long = inStages(vars, roots);
  if (long === null) return placed(loopsOf(vars, roots, stores, buffers));
  const before = long.stages.map((s) => placed(stageLoops(s)));
  return { ...placed(loopsOf(vars, long.roots, stores, buffers)), before };
};

/** Loops that fill a slice with `made`, what `maker` makes, in the round of the slice. */
const fillOf = (maker: Group, made: readonly Expr[], { from, to, round, depth }: Slice): Body => {
  const inner = maker.vars.slice(depth).map((v, i) => loopVar(`f${i}`, v.extent)),
    outer = unravel(round, from.shape.slice(0, depth)),
    roots = at(made, maker.vars, [...outer, ...inner]),
    merged = mergeLoops(inner, roots, [ravel(inner, to.shape)]);
  return loopsOf(merged.vars, merged.roots, merged.stores, [to]);
};
/** The same, where the rounds also make what they read of `from`, as `maker` does; null if they cannot. */
const pullWith = (f: Formulas, maker: Group, from: Buffer, views: Views): Body | null => {
  const { vars, roots, stores, buffers, used, main } = f;
  if (views.has(from)) return null;
  const whole = (own: Loops, s: Slice): Body | null => {
    const made = throughViews(flatRoots(maker), views, used),
      operands = new Set([...f.operands, ...made.flatMap(readsOf).map((r) => r.buffer)]),
      filled = filledInRounds(own, s, fillOf(maker, made, s));
    return filled === null ? null : placing({ used, operands })({ ...filled, rounds: [s.round] });
  };
  if (main === null) {
    const s = sliceOf(from, roots, vars.slice(0, 1));
    return s === null || inStages(vars, roots) !== null
      ? null
      : whole(loopsOf(vars, fromSlice(roots, s), stores, buffers), s);
  }
  const after = substitute(roots, new Map<Expr, Expr>([[main.sum, constant(main.sum.type, 0)]])),
    s = sliceOf(from, [main.left, main.right], [...main.batch, ...main.m, ...main.n]);
  if (s === null || topological(after).some((e) => e.op === "read" && e.buffer === from)) return null;
  const { before, ...own } = contract(contractionFromSlice(main, s), { roots, offsets: stores, buffers });
  return before === null ? whole(own, s) : null;
};

const push = (e: Eqn, bufferOf: (v: Var) => Buffer, views: Views): Body => {
  const fills: Stmt[] = [],
    p = e.prim as AnyPrimitive,
    out = bufferOf(e.outs[0] as Var);
  const ins = e.ins.map((a) => {
    if (isVar(a)) return bufferOf(a);
    const own = buffer(storageOf[a.aval.dtype], []);
    fills.push(store(own, [], constant(scalarOf(a.aval.dtype), a.value)));
    return own;
  });
  if (!("routine" in p)) throw new Error(`${p.name} has no routine`);
  const avals = e.ins.map((a) => a.aval),
    body = flattenStmts([...fills, ...p.routine(ins, out, e.attrs, avals)]);
  const used = new Map<Index, Buffer>(),
    seen = viewStmts(body, views, used);
  // What is neither an operand nor the result is memory of the routine's own.
  const given = new Set<Buffer>([out, ...e.ins.filter(isVar).map(bufferOf)]),
    scratch = [...buffersIn(body)].filter((b) => !given.has(b));
  return { body: hoist([...bindRounds(used), ...seen]), scratch };
};

/** The bindings that the statements use. */
const usedBy = (body: readonly Stmt[], bindings: readonly Stmt[]): readonly Stmt[] => {
  const names = new Set<Expr>();
  eachExpr(body, (e) => {
    for (const x of topological([e])) if (x.op === "var") names.add(x);
  });
  return bindings.filter((s) => s.op === "let" && names.has(s.name));
};

/** The kernel of statements. */
export const kernelOf = (name: string, { body, scratch, rounds = [] }: Body): Kernel => {
  const written = writtenBy(body),
    own = new Set(scratch),
    used = [...buffersIn(body)];
  const outputs = used.filter((b) => written.has(b) && !own.has(b)),
    reads = used.filter((b) => !written.has(b) && !own.has(b));
  const kernel: Kernel = {
    name,
    params: [...reads, ...outputs],
    outputs,
    scratch: scratch.filter((b) => used.includes(b)),
    body,
  };
  return withSplit(kernel, new Set(rounds));
};

/** Groups, and the kernels that do what they say, the last of which gives the results. */
interface Scheduled {
  readonly groups: readonly [Group, ...Group[]];
  readonly kernels: readonly [...Kernel[], Kernel];
}
/** What all groups of a program share: buffers and what they are part of, those that do not change in the loop around, numbers. */
interface Surroundings {
  readonly bufferOf: (v: Var) => Buffer;
  readonly views: Views;
  readonly steady: Steady;
  readonly number: () => number;
}
/** The kernels of a group. If it has a `maker`, a group whose only value nobody else reads, theirs, or one that does both. */
export const schedule = (g: Group, maker: Group | null, around: Surroundings): readonly Scheduled[] => {
  const { bufferOf, views, steady, number } = around;
  const named = (group: Group, body: Body): Scheduled => {
    const n = number(),
      before = (body.before ?? []).map((b, i) => kernelOf(i === 0 ? `pack_${n}` : `pack_${n}_${i}`, b));
    return {
      groups: [group],
      kernels: [...before, kernelOf(nameOf(group.eqns, n), body)] as readonly Kernel[] as Scheduled["kernels"],
    };
  };
  if (g.routine !== null) return [named(g, push(g.routine, bufferOf, views))];
  const formulas = formulasOf(g, bufferOf, views, steady);
  if (maker === null) return [named(g, pull(formulas))];
  const both = pullWith(formulas, maker, bufferOf([...maker.roots.keys()][0] as Var), views);
  if (both !== null)
    return [{ groups: [g, maker], kernels: [kernelOf(nameOf([...g.eqns, ...maker.eqns], number()), both)] }];
  return [...schedule(maker, null, around), named(g, pull(formulas))];
};

/** A kernel that copies a buffer, or fills it with a number. */
export const copyKernel = (from: Buffer | number, to: Buffer, n: number, views: Views): Kernel => {
  const size = to.shape.reduce((a, b) => a * b, 1),
    i = loopVar("i", size),
    used = new Map<Index, Buffer>();
  const value =
    typeof from === "number"
      ? constant(registerType(to.type), from)
      : (throughViews([read(from, [i])], views, used)[0] as Expr);
  const [b, at] = storeThrough(to, i, views, used);
  const body = hoist([...bindRounds(used), ...nest([i], [store(b, [at], value)], "vector")]);
  return kernelOf(typeof from === "number" ? `fill_${n}` : `copy_${n}`, { body, scratch: [], rounds: [i] });
};
