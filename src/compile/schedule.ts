// From groups to kernels: loops around the expressions of a group, each computation at its place.
import { scalarOf, storageOf } from "../core/dtype.ts";
import type { Eqn, Var } from "../core/jaxpr.ts";
import { isVar } from "../core/jaxpr.ts";
import type { AnyPrimitive } from "../core/primitive.ts";
import type { Buffer, Var as Index, Expr, Reduce } from "../kernel/expr.ts";
import { buffer, constant, loopVar, read, registerType, topological } from "../kernel/expr.ts";
import { ravel } from "../kernel/index.ts";
import { expandMath } from "../kernel/math.ts";
import type { Kernel, Stmt } from "../kernel/program.ts";
import { nest, store, storeEach } from "../kernel/statement.ts";
import { simplifyExprs } from "./algebra.ts";
import { canonical, mergeLoops, mergeReductions } from "./canonical.ts";
import { type Contraction, contractionOf, type Steady } from "./contraction.ts";
import { contract } from "./contractLoops.ts";
import { flattenStmts } from "./flatten.ts";
import { type Group, readsOf, resolve } from "./group.ts";
import { writtenBy } from "./bound.ts";
import { inBoxes } from "./boxes.ts";
import { hoist } from "./hoist.ts";
import { inPieces } from "./pieces.ts";
import { remembering } from "./remember.ts";
import { rowLoop } from "./shortRows.ts";
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

const pull = (g: Group, bufferOf: (v: Var) => Buffer, views: Views, steady: Steady): Body => {
  const used = new Map<Index, Buffer>(),
    offset = ravel(g.vars, g.shape);
  const places = [...g.roots.keys()].map((v) => storeThrough(bufferOf(v), offset, views, used)),
    buffers = places.map(([b]) => b);
  const flat = canonical(simplifyExprs(expandMath(resolve([...g.roots.values()], g.defs))));
  const exprs = mergeReductions(throughViews(flat, views, used));
  const { vars, roots, stores } = mergeLoops(
    g.vars,
    exprs,
    places.map(([, at]) => at),
  );
  const main = g.main === null ? null : mainOf(roots, vars, steady),
    bound = bindRounds(used),
    // A group reads what was there before it, and its results are new: the slot of a round and the next one may be of one buffer.
    operands = new Set(exprs.flatMap(readsOf).map((r) => r.buffer)),
    placed = (b: Body): Body => ({ ...b, body: hoist([...usedBy(b.body, bound), ...b.body], operands) });
  if (main !== null) {
    const { before, ...own } = contract(main, { roots, offsets: stores, buffers });
    return before === null ? placed(own) : { ...placed(own), before: [placed(before)] };
  }
  const long = inStages(vars, roots);
  if (long === null) return placed(loopsOf(vars, roots, stores, buffers));
  const before = long.stages.map((s) => placed(stageLoops(s)));
  return { ...placed(loopsOf(vars, long.roots, stores, buffers)), before };
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

/** Every expression of the statements, once for each place where it stands. */
const eachExpr = (body: readonly Stmt[], look: (e: Expr) => void): void => {
  const go = (stmts: readonly Stmt[]): void => {
    for (const s of stmts) {
      if (s.op === "store") {
        s.at.forEach(look);
        look(s.value);
      } else if (s.op === "let" || s.op === "set") look(s.value);
      else if (s.op === "if") {
        look(s.cond);
        go(s.then);
        go(s.else);
      } else if (s.op === "while") {
        look(s.cond);
        go(s.body);
      } else {
        if (s.limit !== undefined) look(s.limit);
        for (const a of s.accs) look(a.value);
        go(s.body);
      }
    }
  };
  go(body);
};
const buffersIn = (body: readonly Stmt[]): ReadonlySet<Buffer> => {
  const found = new Set<Buffer>(writtenBy(body));
  eachExpr(body, (e) => {
    for (const x of topological([e])) if (x.op === "read") found.add(x.buffer);
  });
  return found;
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

/** The kernels of a group, the last of which gives its results. `steady` buffers do not change in the loop around. */
export const schedule = (
  g: Group,
  n: number,
  bufferOf: (v: Var) => Buffer,
  views: Views,
  steady: Steady,
): readonly [...Kernel[], Kernel] => {
  const body = g.routine === null ? pull(g, bufferOf, views, steady) : push(g.routine, bufferOf, views),
    main = kernelOf(nameOf(g.eqns, n), body);
  const before = (body.before ?? []).map((b, i) => kernelOf(i === 0 ? `pack_${n}` : `pack_${n}_${i}`, b));
  return [...before, main] as readonly Kernel[] as readonly [...Kernel[], Kernel];
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
