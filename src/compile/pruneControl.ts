// Dead results of control flow: what nobody reads is neither computed nor stored, and neither are operands that only it needs.
import { isEffect } from "../core/effects.ts";
import type { Atom, Eqn, Jaxpr, Role, Structure, Var, WhileRole } from "../core/jaxpr.ts";
import { isCall } from "../core/jaxpr.ts";

/** Equations that `needed` depends on, each without what of it is dead; grows `needed` by what they use. */
const live = (eqns: readonly Eqn[], needed: Set<Atom>): readonly Eqn[] => {
  const kept: Eqn[] = [];
  for (let i = eqns.length - 1; i >= 0; i--) {
    const e = eqns[i] as Eqn;
    const effect = isEffect(e);
    if (!effect && !e.outs.some((v) => needed.has(v))) continue;
    const slim = effect ? e : slimmed(e, needed);
    kept.push(slim);
    for (const a of slim.ins) needed.add(a);
  }
  return kept.reverse();
};
/** The jaxpr without dead results and equations, and which of its inputs are used. */
const pruned = (
  jaxpr: Jaxpr,
  outs: readonly Atom[],
): { readonly eqns: readonly Eqn[]; readonly used: ReadonlySet<Atom> } => {
  const used = new Set<Atom>(outs);
  return { eqns: live(jaxpr.eqns, used), used };
};
const flags = <T>(xs: readonly T[], keep: (x: T, i: number) => boolean): readonly boolean[] => xs.map(keep);
const choose = <T>(xs: readonly T[], keep: readonly boolean[]): readonly T[] => xs.filter((_, i) => keep[i]);
/** Numbers of those that are kept. */
const rank = (keep: readonly boolean[], k: number): number => keep.slice(0, k).filter((f) => f).length;
const renumber = <R extends Role | WhileRole>(
  roles: readonly R[],
  keep: readonly boolean[],
  carry: readonly boolean[],
): readonly R[] => choose(roles, keep).map((r) => (typeof r === "number" ? (rank(carry, r) as R) : r));

/** A structure with fewer results, and which operands it takes. */
interface Slim {
  readonly structure: Structure;
  readonly ins: readonly boolean[];
}
type Of<K extends Structure["kind"]> = Structure & { readonly kind: K };

const slimScan = (s: Of<"scan">, wanted: readonly boolean[]): Slim => {
  const { body, roles } = s,
    count = roles.filter((r) => typeof r === "number").length;
  let carry = wanted.slice(0, count);
  for (;;) {
    const keep = [...carry, ...wanted.slice(count)],
      { eqns, used } = pruned(body, choose(body.outs, keep));
    // A carry is needed by what it becomes, by others, or by results.
    const next = carry.map((c, k) => c || used.has(body.ins[roles.indexOf(k)] as Var));
    if (next.every((c, k) => c === carry[k])) {
      const ins = flags(roles, (r, i) =>
        typeof r === "number" ? (carry[r] as boolean) : used.has(body.ins[i] as Var),
      );
      return {
        structure: {
          ...s,
          roles: renumber(roles, ins, carry),
          body: { consts: 0, ins: choose(body.ins, ins), eqns, outs: choose(body.outs, keep) },
        },
        ins,
      };
    }
    carry = next;
  }
};
const slimWhile = (s: Of<"while">, wanted: readonly boolean[]): Slim => {
  const { cond, body, roles, results } = s;
  const at = (role: "cond" | "body"): readonly number[] => roles.flatMap((r, i) => (r === role ? [i] : []));
  const conds = at("cond"),
    bodies = at("body"),
    test = pruned(cond, cond.outs),
    asked = choose(results, wanted);
  let carry = body.outs.map((_, k) => asked.includes(k) || test.used.has(cond.ins[conds.length + k] as Var));
  for (;;) {
    const { eqns, used } = pruned(body, choose(body.outs, carry));
    const next = carry.map((c, k) => c || used.has(body.ins[bodies.length + k] as Var));
    if (next.every((c, k) => c === carry[k])) {
      const inCond = conds.map((_, i) => test.used.has(cond.ins[i] as Var)),
        inBody = bodies.map((_, i) => used.has(body.ins[i] as Var));
      const ins = flags(roles, (r, i) =>
        typeof r === "number"
          ? (carry[r] as boolean)
          : ((r === "cond" ? inCond[conds.indexOf(i)] : inBody[bodies.indexOf(i)]) as boolean),
      );
      return {
        structure: {
          ...s,
          roles: renumber(roles, ins, carry),
          results: asked.map((r) => rank(carry, r)),
          cond: { consts: 0, ins: choose(cond.ins, [...inCond, ...carry]), eqns: test.eqns, outs: cond.outs },
          body: { consts: 0, ins: choose(body.ins, [...inBody, ...carry]), eqns, outs: choose(body.outs, carry) },
        },
        ins,
      };
    }
    carry = next;
  }
};
const slimCond = (s: Of<"cond">, wanted: readonly boolean[]): Slim => {
  const { branches, chooser } = s,
    cut = branches.map((b) => pruned(b, choose(b.outs, wanted)));
  const operands = (branches[0] as Jaxpr).ins.map((_, i) =>
    cut.some(({ used }, k) => used.has((branches[k] as Jaxpr).ins[i] as Var)),
  );
  return {
    structure: {
      ...s,
      chooser: rank(operands, chooser),
      branches: branches.map((b, k) => ({
        consts: 0,
        ins: choose(b.ins, operands),
        eqns: (cut[k] as { readonly eqns: readonly Eqn[] }).eqns,
        outs: choose(b.outs, wanted),
      })),
    },
    ins: [...operands.slice(0, chooser), true, ...operands.slice(chooser)],
  };
};

const slimmed = (e: Eqn, needed: ReadonlySet<Atom>): Eqn => {
  if (!isCall(e.prim) || e.prim.structure === undefined) return e;
  const s = e.prim.structure(e.attrs);
  if (s.kind === "host") return e;
  const wanted = e.outs.map((v) => needed.has(v));
  const { structure, ins } =
    s.kind === "scan" ? slimScan(s, wanted) : s.kind === "while" ? slimWhile(s, wanted) : slimCond(s, wanted);
  // A scan keeps the carries that its results depend on.
  const keep = structure.kind === "scan" ? carriedOuts(e, s, ins, wanted) : wanted;
  if (ins.every((f) => f) && keep.every((f) => f)) return e;
  return {
    ...e,
    prim: { ...e.prim, structure: () => structure },
    ins: choose(e.ins, ins),
    outs: choose(e.outs, keep),
  };
};
const carriedOuts = (e: Eqn, s: Structure, ins: readonly boolean[], wanted: readonly boolean[]): readonly boolean[] =>
  e.outs.map((_, i) => (wanted[i] as boolean) || (s.kind === "scan" && ins[s.roles.indexOf(i)] === true));

/** The same jaxpr without dead results of control flow, at any depth. */
export const pruneControl = (jaxpr: Jaxpr): Jaxpr =>
  jaxpr.eqns.some((e) => isCall(e.prim)) ? { ...jaxpr, eqns: live(jaxpr.eqns, new Set(jaxpr.outs)) } : jaxpr;
