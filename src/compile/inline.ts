// Calls that mean nothing but their body are replaced by it, and primitives by their expansion where they have one.
import type { Atom, Eqn, Jaxpr } from "../core/jaxpr.ts";
import { isCall, isVar, Var } from "../core/jaxpr.ts";
import { type Origin, originIn } from "../core/origin.ts";
import type { ExpandStep } from "../core/primitive.ts";

const expansionOf = ({ prim, ins, attrs }: Eqn): readonly ExpandStep[] | null =>
  isCall(prim)
    ? null
    : (prim.expand?.(
        ins.map((a) => a.aval),
        attrs,
      ) ?? null);

/** The same jaxpr without inlinable calls, at any depth, and with expansions in the place of primitives. */
export const inlineCalls = (jaxpr: Jaxpr): Jaxpr => {
  const plain = (e: Eqn): boolean => (isCall(e.prim) ? e.prim.inline === null : e.prim.expand === undefined);
  if (jaxpr.eqns.every(plain)) return jaxpr;
  const eqns: Eqn[] = [];
  /** Append the steps of an expansion and give its last result. */
  const expand = (steps: readonly ExpandStep[], operands: readonly Atom[], origin: Origin): Atom => {
    const values: Atom[] = [...operands];
    for (const { prim, attrs, ins } of steps) {
      const atoms = ins.map((i) => (typeof i === "number" ? (values[i] as Atom) : i)),
        out = new Var(
          prim.abstractEval(
            atoms.map((a) => a.aval),
            attrs,
          ),
        );
      eqns.push({ prim, ins: atoms, attrs, outs: [out], ...origin });
      values.push(out);
    }
    return values[values.length - 1] as Atom;
  };
  const append = (j: Jaxpr, env: Map<Var, Atom>, outer: Origin): void => {
    const get = (a: Atom): Atom => (isVar(a) ? (env.get(a) ?? a) : a);
    for (const e of j.eqns) {
      const ins = e.ins.map(get),
        steps = expansionOf(e);
      if (steps !== null) env.set(e.outs[0] as Var, expand(steps, ins, originIn(outer, e)));
      else if (isCall(e.prim) && e.prim.inline !== null) {
        const body = e.prim.inline(e.attrs);
        const inner = new Map<Var, Atom>(body.ins.map((v, i) => [v, ins[i] as Atom]));
        append(body, inner, originIn(outer, e));
        e.outs.forEach((v, i) => {
          const o = body.outs[i] as Atom;
          env.set(v, isVar(o) ? (inner.get(o) ?? o) : o);
        });
      } else {
        const outs = e.outs.map((v) => new Var(v.aval)); // a body may be called twice
        e.outs.forEach((v, i) => {
          env.set(v, outs[i] as Var);
        });
        eqns.push({ ...e, ...originIn(outer, e), ins, outs });
      }
    }
  };
  const env = new Map<Var, Atom>();
  append(jaxpr, env, {});
  return { ...jaxpr, eqns, outs: jaxpr.outs.map((a) => (isVar(a) ? (env.get(a) ?? a) : a)) };
};
