// Dead code.
import { isEffect } from "../core/effects.ts";
import type { Atom, ClosedJaxpr, Eqn } from "../core/jaxpr.ts";

/** The equations that `needed` depends on and those with effects, in order; grows `needed` by everything that they use. */
export const liveEqns = (eqns: readonly Eqn[], needed: Set<Atom>): readonly Eqn[] => {
  const live: Eqn[] = [];
  for (let i = eqns.length - 1; i >= 0; i--) {
    const e = eqns[i] as Eqn;
    if (!e.outs.some((v) => needed.has(v)) && !isEffect(e)) continue;
    live.push(e);
    for (const a of e.ins) needed.add(a);
  }
  return live.reverse();
};

/** The same function without equations and constants that do not matter. */
export const prune = ({ jaxpr, consts }: ClosedJaxpr): ClosedJaxpr => {
  const needed = new Set<Atom>(jaxpr.outs),
    eqns = liveEqns(jaxpr.eqns, needed);
  const keep = consts.map((_, i) => needed.has(jaxpr.ins[i] as Atom)),
    kept = consts.filter((_, i) => keep[i]);
  return {
    jaxpr: { consts: kept.length, ins: jaxpr.ins.filter((_, i) => keep[i] ?? true), eqns, outs: jaxpr.outs },
    consts: kept,
  };
};
