// Bodies of loops and branches under the transforms: the same derivations as for calls, but the results that are carried around,
// or that other branches have, keep their places.
import { atFlags } from "../transforms/flags.ts";
import { isEffect } from "../core/effects.ts";
import type { Atom, ClosedJaxpr, Eqn, Jaxpr } from "../core/jaxpr.ts";
import { isVar, Var } from "../core/jaxpr.ts";
import type { Value } from "../core/value.ts";
import { zerosOf } from "../primitives/linear.ts";
import { cached } from "../transforms/derived.ts";
import { jvpFlat } from "../transforms/jvp.ts";
import { partialJaxpr } from "../transforms/partial.ts";
import { liveEqns } from "../transforms/prune.ts";
import { evalJaxpr, traceJaxpr } from "../transforms/trace.ts";

const bits = (flags: readonly boolean[]): string => flags.map(Number).join("");

/** Flags that grow until a round adds none: what is true of a carry in one round is true in all. */
export const fixpoint = (
  start: readonly boolean[],
  round: (now: readonly boolean[]) => readonly boolean[],
): readonly boolean[] => {
  let now = start;
  for (;;) {
    const next = round(now).map((flag, i) => flag || (now[i] as boolean));
    if (next.every((flag, i) => flag === now[i])) return now;
    now = next;
  }
};

/** A body that also computes tangents. */
export interface JvpBody {
  /** `(ins, tangents of the flagged ones) -> (outs, tangents of those that have one)`. */
  readonly closed: ClosedJaxpr;
  /** Per result, whether it has a tangent. */
  readonly nonzero: readonly boolean[];
}
/** Differentiate a body in its flagged inputs; results flagged by `force` get a tangent, be it zero. */
export const jvpBody = (jaxpr: Jaxpr, flags: readonly boolean[], force: readonly boolean[]): JvpBody =>
  cached(jaxpr, `jvp of body ${bits(flags)} ${bits(force)}`, () => {
    let nonzero: readonly boolean[] = [];
    const n = jaxpr.ins.length;
    const closed = traceJaxpr(
      (...all) => {
        const [outs, some] = jvpFlat((...ins) => evalJaxpr(jaxpr, ins), all.slice(0, n), atFlags(flags, all, n));
        const ts = some.map((t, i) => t ?? (force[i] === true ? zerosOf((outs[i] as Value).aval) : null));
        nonzero = ts.map((t) => t !== null);
        return [...outs, ...ts.filter((t) => t !== null)];
      },
      [...jaxpr.ins, ...jaxpr.ins.filter((_, i) => flags[i])].map((v) => v.aval),
      "jvp",
    );
    return { closed, nonzero };
  });

/** A body cut in two. */
export interface SplitBody {
  /** `known inputs -> (known results, residuals)`. */
  readonly known: Jaxpr;
  /** `(residuals, inputs at forwarded, unknown inputs) -> unknown results`. */
  readonly unknown: Jaxpr;
  readonly unknownOuts: readonly boolean[];
  readonly residuals: number;
  /** Known inputs that the second part needs as they are. */
  readonly forwarded: readonly number[];
}
/** What a cut may do with what the second part needs. */
export interface Passing {
  /** Inputs that are passed on to the second part instead of being stored. */
  readonly forwardable: readonly boolean[];
  /** Inputs that are the same in every round: what depends on nothing else is computed again instead of being stored for each. */
  readonly constant: readonly boolean[];
}
/** The equations that `wanted` depend on, if these depend on nothing but the inputs that are flagged; else null. */
const constantly = (jaxpr: Jaxpr, constant: readonly boolean[]): ((wanted: Atom) => readonly Eqn[] | null) => {
  const same = new Set<Atom>(jaxpr.ins.filter((_, i) => constant[i]));
  for (const e of jaxpr.eqns)
    if (!isEffect(e) && e.ins.every((a) => !isVar(a) || same.has(a))) for (const v of e.outs) same.add(v);
  const pure = jaxpr.eqns.filter((e) => !isEffect(e)); // effects must not happen again
  return (wanted) => (same.has(wanted) ? liveEqns(pure, new Set([wanted])) : null);
};
/** Cut a body; results flagged by `force` count as unknown. */
export const splitBody = (
  jaxpr: Jaxpr,
  flags: readonly boolean[],
  force: readonly boolean[],
  { forwardable, constant }: Passing,
): SplitBody =>
  cached(jaxpr, `split ${bits(flags)} ${bits(force)} ${bits(forwardable)} ${bits(constant)}`, () => {
    const p = partialJaxpr(jaxpr, flags),
      knownCount = p.unknownOuts.filter((u) => !u).length;
    const known = p.known.outs.slice(0, knownCount),
      later = [...p.unknown.outs],
      unknownOuts = p.unknownOuts.map((u, i) => u || force[i] === true);
    // What the second part needs, and the names that it has there. Every result that is known but must not be is needed too.
    const needed = p.known.outs.slice(knownCount),
      names: Var[] = p.unknown.ins.slice(0, p.residuals) as Var[];
    const nameOf = (a: Atom): Atom => {
      if (!isVar(a)) return a;
      const at = needed.indexOf(a);
      if (at >= 0) return names[at] as Var;
      const name = new Var(a.aval);
      needed.push(a);
      names.push(name);
      return name;
    };
    let k = 0,
      u = 0;
    const keptKnown: Atom[] = [],
      outs: Atom[] = [];
    p.unknownOuts.forEach((isUnknown, i) => {
      if (isUnknown) outs.push(later[u++] as Atom);
      else if (force[i] === true) outs.push(nameOf(known[k++] as Atom));
      else keptKnown.push(known[k++] as Atom);
    });
    const position = new Map<Atom, number>(jaxpr.ins.map((v, i) => [v, i])),
      again = constantly(
        p.known,
        constant.filter((_, i) => !flags[i]),
      );
    const forwarded: number[] = [],
      given: Var[] = [],
      residuals: Atom[] = [],
      stored: Var[] = [],
      repeated = new Set<Eqn>();
    // The loop goes on over inputs that repeated equations need.
    for (let i = 0; i < needed.length; i++) {
      const a = needed[i] as Atom,
        at = position.get(a);
      if (at !== undefined && forwardable[at] === true) {
        forwarded.push(at);
        given.push(names[i] as Var);
        continue;
      }
      const eqns = again(a);
      if (eqns === null) {
        residuals.push(a);
        stored.push(names[i] as Var);
        continue;
      }
      for (const e of eqns) {
        repeated.add(e);
        for (const x of e.ins) if (position.has(x)) nameOf(x);
      }
    }
    const head = p.known.eqns.filter((e) => repeated.has(e)),
      env = new Map<Atom, Atom>(needed.map((a, i) => [a, names[i] as Var]));
    const get = (a: Atom): Atom => env.get(a) ?? a;
    // A value that is computed again has in the second part the name under which it was to be stored.
    const copies = head.map((e): Eqn => {
      const fresh = e.outs.map((v) => (env.get(v) as Var | undefined) ?? new Var(v.aval));
      const copy = { ...e, ins: e.ins.map(get), outs: fresh };
      e.outs.forEach((v, i) => {
        env.set(v, fresh[i] as Var);
      });
      return copy;
    });
    return {
      known: {
        ...p.known,
        eqns: liveEqns(p.known.eqns, new Set<Atom>([...keptKnown, ...residuals])),
        outs: [...keptKnown, ...residuals],
      },
      unknown: {
        ...p.unknown,
        ins: [...stored, ...given, ...p.unknown.ins.slice(p.residuals)],
        eqns: [...copies, ...p.unknown.eqns],
        outs,
      },
      unknownOuts,
      residuals: residuals.length,
      forwarded,
    };
  });
