// Partial evaluation: what depends on unknown inputs is noted, all else is computed.
import type { Aval } from "../core/aval.ts";
import { hasEffects } from "../core/effects.ts";
import type { AnyCall, Atom, ClosedJaxpr, Eqn, Jaxpr, PartialCall } from "../core/jaxpr.ts";
import { isCall, isVar, Var } from "../core/jaxpr.ts";
import type { Trace } from "../core/trace.ts";
import { checkAlive, currentTrace, withTrace } from "../core/trace.ts";
import type { Value } from "../core/value.ts";
import { cached } from "./derived.ts";
import { liveEqns, prune } from "./prune.ts";
import { type Flat, recorder, type Staged } from "./trace.ts";

/**
 * Run `f` on unknown values of the given avals: equations that touch one are noted, the others run at once. Gives the jaxpr of
 * the noted part; known values that it needs are its constants.
 */
export const partialFlat = (f: Flat, avals: readonly Aval[], name: string): ClosedJaxpr => {
  const parent = currentTrace(),
    r = recorder(name);
  const touches = (ins: readonly Value[], op: string): boolean => {
    let some = false;
    for (const v of ins) {
      if (r.owns(v)) some = true;
      else checkAlive(v, op);
    }
    return some;
  };
  const trace: Trace = {
    parent,
    process: (prim, ins, attrs) =>
      touches(ins, prim.name) ? r.process(prim, ins, attrs) : withTrace(parent, () => parent.process(prim, ins, attrs)),
    processCall: (prim, ins, attrs) => {
      if (!touches(ins, prim.name)) return withTrace(parent, () => parent.processCall(prim, ins, attrs));
      const unknown = ins.map(r.owns),
        inAvals = ins.map((v) => v.aval);
      const p = prim.partial(unknown, inAvals, attrs),
        knownOuts = p.unknownOuts.filter((u) => !u).length;
      const known = idle(prim, p, knownOuts)
        ? []
        : withTrace(parent, () =>
            parent.processCall(
              prim,
              ins.filter((_, i) => p.knownIns?.[i] ?? !unknown[i]),
              p.known,
            ),
          );
      const unknownIns = p.uncut
        ? ins
        : [
            ...known.slice(knownOuts),
            ...(p.forwarded ?? []).map((i) => ins[i] as Value),
            ...ins.filter((_, i) => unknown[i]),
          ];
      const noted =
        p.unknownOuts.includes(true) || hasEffects(prim, p.unknown)
          ? r.note(
              prim,
              unknownIns,
              p.unknown,
              prim.abstractEval(
                unknownIns.map((v) => v.aval),
                p.unknown,
              ),
            )
          : [];
      let k = 0,
        u = 0;
      return p.unknownOuts.map((isUnknown) => (isUnknown ? (noted[u++] as Staged) : (known[k++] as Value)));
    },
  };
  try {
    const ins = avals.map(r.input);
    return prune(
      r.close(
        ins,
        withTrace(trace, () => f(...ins)),
      ),
    );
  } finally {
    r.life.alive = false;
  }
};

/** Whether the known part of a call has nothing to do. */
const idle = (prim: AnyCall, p: PartialCall<unknown>, knownOuts: number): boolean =>
  knownOuts + p.residuals === 0 && (p.uncut === true || !hasEffects(prim, p.known));

/** A jaxpr cut in two; see `PartialCall`. */
export type PartialJaxpr = PartialCall<Jaxpr>;
/**
 * Cut a jaxpr: `known` takes the known inputs and gives the known outputs and the residuals, `unknown` takes the residuals and
 * the unknown inputs and gives the unknown outputs. Neither has dead code. Literals and equations of literals alone are
 * repeated instead of stored.
 */
export const partialJaxpr = (jaxpr: Jaxpr, unknown: readonly boolean[]): PartialJaxpr =>
  cached(jaxpr, `partial ${unknown.map(Number).join("")}`, () => split(jaxpr, unknown));

const split = (jaxpr: Jaxpr, unknown: readonly boolean[]): PartialJaxpr => {
  const unknownVars = new Set<Atom>(jaxpr.ins.filter((_, i) => unknown[i]));
  const isUnknown = (a: Atom): boolean => unknownVars.has(a);
  const known: Eqn[] = [],
    later: Eqn[] = [],
    cheap = new Map<Atom, Eqn>();
  for (const e of jaxpr.eqns) {
    if (!e.ins.some(isUnknown)) {
      known.push(e);
      if (!isCall(e.prim) && !e.ins.some(isVar)) cheap.set(e.outs[0] as Var, e);
    } else if (isCall(e.prim)) {
      const [first, second] = splitCall(e, e.ins.map(isUnknown));
      if (first !== null) known.push(first);
      if (second !== null) {
        later.push(second);
        for (const v of second.outs) unknownVars.add(v);
      }
    } else {
      later.push(e);
      for (const v of e.outs) unknownVars.add(v);
    }
  }
  const unknownOuts = jaxpr.outs.map(isUnknown),
    outs = jaxpr.outs.filter((_, i) => unknownOuts[i]);
  const needed = new Set<Atom>(outs),
    live = liveEqns(later, needed);
  const given = [...needed].filter((a): a is Var => isVar(a) && !isUnknown(a));
  const residuals = given.filter((v) => !cheap.has(v)),
    repeated = given.flatMap((v) => cheap.get(v) ?? []);
  const knownOuts = [...jaxpr.outs.filter((_, i) => !unknownOuts[i]), ...residuals];
  return {
    known: {
      consts: 0,
      ins: jaxpr.ins.filter((_, i) => !unknown[i]),
      eqns: liveEqns(known, new Set<Atom>(knownOuts)),
      outs: knownOuts,
    },
    unknown: {
      consts: 0,
      ins: [...residuals, ...jaxpr.ins.filter((_, i) => unknown[i])],
      eqns: [...repeated, ...live],
      outs,
    },
    unknownOuts,
    residuals: residuals.length,
  };
};

/** The two calls that a call with unknown arguments becomes; null for one without results. */
export const splitCall = (e: Eqn, unknown: readonly boolean[]): readonly [Eqn | null, Eqn | null] => {
  const { prim, ins, attrs, outs } = e;
  if (!isCall(prim)) return [null, e];
  const p = prim.partial(
    unknown,
    ins.map((a) => a.aval),
    attrs,
  );
  const knownIns = ins.filter((_, i) => p.knownIns?.[i] ?? !unknown[i]),
    knownOuts = outs.filter((_, i) => !p.unknownOuts[i]);
  const nothing = idle(prim, p, knownOuts.length);
  const avals = nothing
    ? []
    : prim.abstractEval(
        knownIns.map((a) => a.aval),
        p.known,
      );
  const residuals = avals.slice(knownOuts.length).map((a) => new Var(a)),
    unknownOuts = outs.filter((_, i) => p.unknownOuts[i]);
  return [
    nothing ? null : { prim, ins: knownIns, attrs: p.known, outs: [...knownOuts, ...residuals] },
    unknownOuts.length === 0 && !hasEffects(prim, p.unknown)
      ? null
      : {
          prim,
          ins: p.uncut
            ? ins
            : [...residuals, ...(p.forwarded ?? []).map((i) => ins[i] as Atom), ...ins.filter((_, i) => unknown[i])],
          attrs: p.unknown,
          outs: unknownOuts,
        },
  ];
};
