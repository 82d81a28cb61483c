// Calls that mean nothing but their body are replaced by it.
import type { Atom, Eqn, Jaxpr } from "../core/jaxpr.ts";
import { isCall, isVar, Var } from "../core/jaxpr.ts";

/** The same jaxpr without inlinable calls, at any depth. */
export const inlineCalls = (jaxpr: Jaxpr): Jaxpr => {
  if (!jaxpr.eqns.some((e) => isCall(e.prim) && e.prim.inline !== null)) return jaxpr;
  const eqns: Eqn[] = [];
  const expand = (j: Jaxpr, env: Map<Var, Atom>): void => {
    const get = (a: Atom): Atom => (isVar(a) ? (env.get(a) ?? a) : a);
    for (const e of j.eqns) {
      const ins = e.ins.map(get);
      if (isCall(e.prim) && e.prim.inline !== null) {
        const body = e.prim.inline(e.attrs);
        const inner = new Map<Var, Atom>(body.ins.map((v, i) => [v, ins[i] as Atom]));
        expand(body, inner);
        e.outs.forEach((v, i) => {
          const o = body.outs[i] as Atom;
          env.set(v, isVar(o) ? (inner.get(o) ?? o) : o);
        });
      } else {
        const outs = e.outs.map((v) => new Var(v.aval)); // a body may be called twice
        e.outs.forEach((v, i) => {
          env.set(v, outs[i] as Var);
        });
        eqns.push({ ...e, ins, outs });
      }
    }
  };
  const env = new Map<Var, Atom>();
  expand(jaxpr, env);
  return { ...jaxpr, eqns, outs: jaxpr.outs.map((a) => (isVar(a) ? (env.get(a) ?? a) : a)) };
};
