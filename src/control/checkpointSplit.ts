// A body cut in two for a checkpoint: the second part keeps what the policy allows and computes the rest again.
import type { Atom, Eqn, Jaxpr, Var } from "../core/jaxpr.ts";
import { isCall, isVar } from "../core/jaxpr.ts";
import { identityOf } from "../core/key.ts";
import { cached } from "../transforms/derived.ts";
import { splitCall } from "../transforms/partial.ts";
import { liveEqns } from "../transforms/prune.ts";
import { nameP, type Policy, saveableOf } from "./checkpointPolicies.ts";

/** A body cut in two, as `PartialCall` has it. */
export interface CheckpointSplit {
  readonly known: Jaxpr;
  readonly unknown: Jaxpr;
  readonly unknownOuts: readonly boolean[];
  readonly residuals: number;
  readonly forwarded: readonly number[];
  /** Whether the second part computes anything again. */
  readonly again: boolean;
}

/** Cut the equations: those without unknown operands, and the rest. */
const sortEqns = (jaxpr: Jaxpr, unknown: readonly boolean[]) => {
  const waits = new Set<Atom>(jaxpr.ins.filter((_, i) => unknown[i])),
    first: Eqn[] = [],
    second: Eqn[] = [];
  for (const e of jaxpr.eqns) {
    const flags = e.ins.map((a) => waits.has(a));
    const [now, later] = !flags.includes(true) ? [e, null] : isCall(e.prim) ? splitCall(e, flags) : [null, e];
    if (now !== null) first.push(now);
    if (later === null) continue;
    second.push(later);
    for (const v of later.outs) waits.add(v);
  }
  return { first, second, waits };
};

/** What the second part needs of the first: values to keep, and equations to repeat. */
const demand = (needed: ReadonlySet<Atom>, waits: ReadonlySet<Atom>, first: readonly Eqn[], policy: Policy) => {
  const makers = new Map<Atom, Eqn>(),
    named = new Map<Atom, Eqn>();
  for (const e of first) {
    for (const v of e.outs) makers.set(v, e);
    if (e.prim === (nameP as unknown) && policy(saveableOf(e))) named.set(e.ins[0] as Atom, e);
  }
  const kept = new Map<Var, Var>(),
    inputs = new Set<Var>(),
    repeated = new Set<Eqn>(),
    seen = new Set<Atom>(),
    stack = [...needed].filter((a) => !waits.has(a));
  while (stack.length > 0) {
    const a = stack.pop() as Atom;
    if (!isVar(a) || seen.has(a)) continue;
    seen.add(a);
    const e = makers.get(a),
      alias = named.get(a);
    if (e === undefined) inputs.add(a);
    else if (alias !== undefined)
      kept.set(a, alias.outs[0] as Var); // a name changes nothing: kept under it, found without
    else if (e.ins.some(isVar) && policy(saveableOf(e)) && named.get(e.ins[0] as Atom) !== e) kept.set(a, a);
    else {
      repeated.add(e);
      stack.push(...e.ins);
    }
  }
  return { kept, inputs, repeated };
};

/** Cut a body at its unknown inputs; see `PartialCall`. Known inputs that the second part needs are passed on. */
export const splitCheckpoint = (jaxpr: Jaxpr, unknown: readonly boolean[], policy: Policy): CheckpointSplit =>
  cached(jaxpr, `checkpoint ${unknown.map(Number).join("")} ${identityOf(policy)}`, () => {
    const { first, second, waits } = sortEqns(jaxpr, unknown);
    const unknownOuts = jaxpr.outs.map((a) => waits.has(a)),
      outs = jaxpr.outs.filter((_, i) => unknownOuts[i]),
      needed = new Set<Atom>(outs),
      live = liveEqns(second, needed);
    const { kept, inputs, repeated } = demand(needed, waits, first, policy);
    const forwarded = jaxpr.ins.flatMap((v, i) => (inputs.has(v) ? [i] : []));
    const knownOuts = [...jaxpr.outs.filter((_, i) => !unknownOuts[i]), ...kept.values()];
    return {
      known: {
        consts: 0,
        ins: jaxpr.ins.filter((_, i) => !unknown[i]),
        eqns: liveEqns(first, new Set<Atom>(knownOuts)),
        outs: knownOuts,
      },
      unknown: {
        consts: 0,
        ins: [...kept.keys(), ...forwarded.map((i) => jaxpr.ins[i] as Var), ...jaxpr.ins.filter((_, i) => unknown[i])],
        eqns: [...first.filter((e) => repeated.has(e)), ...live],
        outs,
      },
      unknownOuts,
      residuals: kept.size,
      forwarded,
      again: repeated.size > 0,
    };
  });
