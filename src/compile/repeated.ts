// Rounds of a loop written out one after the other.
import type { Atom, Eqn, Jaxpr, Role } from "../core/jaxpr.ts";
import { isVar, Var } from "../core/jaxpr.ts";

/** Rounds of a scan: `count` loops over bodies that hold `each` rounds, from round `first` on. */
export interface Rounds {
  readonly count: number;
  readonly each: number;
  readonly first: number;
}
/** How a scan is cut: whole loops over `unroll` rounds, then what is left. */
export const roundsOf = ({
  length,
  unroll = 1,
}: {
  readonly length: number;
  readonly unroll?: number;
}): readonly Rounds[] => {
  const count = Math.floor(length / unroll),
    rest = length % unroll;
  return [
    { count, each: unroll, first: 0 },
    { count: rest === 0 ? 0 : 1, each: rest, first: count * unroll },
  ].filter((r) => r.count > 0);
};

/**
 * The body of `times` rounds: it takes as many slices, one after the other, where `body` takes one, and gives the last carry, then as
 * many of each result of a round.
 */
export const repeated = (body: Jaxpr, roles: readonly Role[], times: number): Jaxpr => {
  if (times === 1) return body;
  const carries = roles.filter((r) => typeof r === "number").length;
  const ins = body.ins.map((v, i) =>
    roles[i] === "slice" ? Array.from({ length: times }, () => new Var(v.aval)) : [v],
  );
  const eqns: Eqn[] = [],
    ys: Atom[][] = body.outs.slice(carries).map(() => []);
  let carry: readonly Atom[] = Array.from({ length: carries }, (_, k) => body.ins[roles.indexOf(k)] as Var);
  for (let round = 0; round < times; round++) {
    const env = new Map<Var, Atom>();
    body.ins.forEach((v, i) => {
      const role = roles[i];
      env.set(
        v,
        typeof role === "number" ? (carry[role] as Atom) : ((ins[i] as Var[])[role === "slice" ? round : 0] as Var),
      );
    });
    const get = (a: Atom): Atom => (isVar(a) ? (env.get(a) ?? a) : a);
    for (const e of body.eqns) {
      const outs = e.outs.map((v) => new Var(v.aval));
      eqns.push({ ...e, ins: e.ins.map(get), outs });
      e.outs.forEach((v, i) => {
        env.set(v, outs[i] as Var);
      });
    }
    const results = body.outs.map(get);
    carry = results.slice(0, carries);
    results.slice(carries).forEach((y, i) => {
      (ys[i] as Atom[]).push(y);
    });
  }
  return { consts: 0, ins: ins.flat(), eqns, outs: [...carry, ...ys.flat()] };
};
