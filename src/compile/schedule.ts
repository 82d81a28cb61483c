// From groups to kernels: loops around the expressions of a group, each computation at its place.
import { scalarOf, storageOf } from "../core/dtype.ts";
import type { Eqn, Var } from "../core/jaxpr.ts";
import { isVar } from "../core/jaxpr.ts";
import type { AnyPrimitive } from "../core/primitive.ts";
import type { Buffer, Var as Index, Expr } from "../kernel/expr.ts";
import { buffer, constant, topological } from "../kernel/expr.ts";
import { ravel } from "../kernel/index.ts";
import { expandMath } from "../kernel/math.ts";
import type { Kernel, Stmt } from "../kernel/program.ts";
import { simplifyExprs } from "./algebra.ts";
import { canonical, mergeLoops, mergeReductions } from "./canonical.ts";
import { type Contraction, contract, contractionOf } from "./contraction.ts";
import { flattenStmts } from "./flatten.ts";
import { type Group, resolve } from "./group.ts";
import { hoist } from "./hoist.ts";
import { vectorizes } from "./vectorize.ts";

/** A kernel and the values that it computes. */
export interface Scheduled {
  readonly kernel: Kernel;
  readonly group: Group;
}

const nameOf = (eqns: readonly Eqn[], n: number): string => {
  const names = [...new Set(eqns.map((e) => e.prim.name))].filter(
    (x) => !["broadcast", "reshape", "convertElementType"].includes(x),
  );
  return `${(names.length === 0 ? [eqns[0]?.prim.name ?? "empty"] : names).slice(-3).reverse().join("_")}_${n}`;
};

const nest = (vars: readonly Index[], body: readonly Stmt[], mark: "vector" | "serial"): readonly Stmt[] =>
  vars.reduceRight<readonly Stmt[]>(
    (inner, index, i) => [{ op: "for", index, mark: i === vars.length - 1 ? mark : "serial", body: inner, accs: [] }],
    body,
  );

/** The sum of products among `roots` that the kernel is built around. */
const mainOf = (roots: readonly Expr[], vars: readonly Index[]): Contraction | null => {
  const sums = topological(roots)
    .filter((e) => e.op === "reduce")
    .reverse();
  const found = sums.map((e) => contractionOf(e, vars)).filter((c) => c !== null);
  return found[0] ?? null;
};

const pull = (
  g: Group,
  bufferOf: (v: Var) => Buffer,
): { readonly body: readonly Stmt[]; readonly scratch: readonly Buffer[] } => {
  const outs = [...g.roots.keys()].map(bufferOf);
  const exprs = mergeReductions(canonical(simplifyExprs(expandMath(resolve([...g.roots.values()], g.defs)))));
  const at = ravel(g.vars, g.shape),
    { vars, roots, stores } = mergeLoops(
      g.vars,
      exprs,
      outs.map(() => at),
    );
  const main = g.main === null ? null : mainOf(roots, vars);
  if (main !== null) {
    const { body, scratch } = contract(main, { roots, offsets: stores, buffers: outs });
    return { body: hoist(body), scratch };
  }
  const body = outs.map((b, i): Stmt => ({ op: "store", buffer: b, at: [stores[i] as Expr], value: roots[i] as Expr }));
  const last = vars[vars.length - 1];
  return {
    body: hoist(nest(vars, body, last !== undefined && vectorizes(roots, last) ? "vector" : "serial")),
    scratch: [],
  };
};

const push = (
  e: Eqn,
  bufferOf: (v: Var) => Buffer,
): { readonly body: readonly Stmt[]; readonly scratch: readonly Buffer[] } => {
  const scratch: Buffer[] = [],
    fills: Stmt[] = [],
    p = e.prim as AnyPrimitive;
  const ins = e.ins.map((a) => {
    if (isVar(a)) return bufferOf(a);
    const own = buffer(storageOf[a.aval.dtype], []);
    scratch.push(own);
    fills.push({ op: "store", buffer: own, at: [], value: constant(scalarOf(a.aval.dtype), a.value) });
    return own;
  });
  if (!("routine" in p)) throw new Error(`${p.name} has no routine`);
  const body = p.routine(
    ins,
    bufferOf(e.outs[0] as Var),
    e.attrs,
    e.ins.map((a) => a.aval),
  );
  return { body: hoist(flattenStmts([...fills, ...body])), scratch };
};

const buffersIn = (body: readonly Stmt[]): ReadonlySet<Buffer> => {
  const found = new Set<Buffer>();
  const look = (e: Expr | undefined): void => {
    if (e !== undefined) for (const x of topological([e])) if (x.op === "read") found.add(x.buffer);
  };
  const go = (stmts: readonly Stmt[]): void => {
    for (const s of stmts) {
      if (s.op === "store") {
        found.add(s.buffer);
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
        look(s.limit);
        for (const a of s.accs) look(a.value);
        go(s.body);
      }
    }
  };
  go(body);
  return found;
};

/** The kernel of a group. */
export const schedule = (g: Group, n: number, bufferOf: (v: Var) => Buffer): Scheduled => {
  const outputs = g.routine === null ? [...g.roots.keys()].map(bufferOf) : [bufferOf(g.routine.outs[0] as Var)];
  const { body, scratch } = g.routine === null ? pull(g, bufferOf) : push(g.routine, bufferOf);
  const used = buffersIn(body),
    private_ = new Set(scratch);
  const reads = [...used].filter((b) => !private_.has(b) && !outputs.includes(b));
  return {
    group: g,
    kernel: {
      name: nameOf(g.eqns, n),
      params: [...reads, ...outputs],
      outputs,
      scratch: scratch.filter((b) => used.has(b)),
      body,
    },
  };
};
