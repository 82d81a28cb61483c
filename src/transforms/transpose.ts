// Reverse mode: cotangents flow backwards through equations that are linear.
import { atFlags } from "./flags.ts";
import type { Aval } from "../core/aval.ts";
import { sameAval, showAval } from "../core/aval.ts";
import { TraceError } from "../core/errors.ts";
import type { Atom, Eqn, Jaxpr } from "../core/jaxpr.ts";
import { isCall, isVar, type Var } from "../core/jaxpr.ts";
import { withOrigin } from "../core/origin.ts";
import type { AnyPrimitive } from "../core/primitive.ts";
import type { Value } from "../core/value.ts";
import { add } from "../primitives/elementwise.ts";
import { cached, type Derived } from "./derived.ts";
import { applyEqn, traceJaxpr } from "./trace.ts";

/** A value, or null for a zero. */
export type MaybeZero = Value | null;

const nonlinear = (prim: AnyPrimitive, what: string): never => {
  throw new TraceError({
    op: prim.name,
    expected: "a function that is linear in what is transposed",
    got: `${prim.name}, which is not linear in ${what}`,
    remedy: "differentiate with vjp or grad, which linearize first",
  });
};

// Cotangents of the linear arguments of one equation.
const pullback = (
  prim: AnyPrimitive,
  ct: Value,
  known: readonly MaybeZero[],
  linear: readonly boolean[],
  attrs: unknown,
  avals: readonly Aval[],
): readonly MaybeZero[] => {
  const rules = prim.transpose;
  if (rules === "nonlinear") return nonlinear(prim, "its argument");
  const several = prim.jvp !== "linear" && linear.filter((l) => l).length > 1;
  return linear.map((isLinear, i) => {
    if (!isLinear) return null;
    const rule = "each" in rules ? rules.each : rules[i];
    if (rule === null || rule === undefined) return nonlinear(prim, `argument ${i}`);
    try {
      return rule(ct, known, attrs, avals, i);
    } catch (e) {
      // A product reads its other factor, which is linear too.
      if (several && e instanceof TypeError) return nonlinear(prim, "several arguments at once");
      throw e;
    }
  });
};

const backward = (e: Eqn, cts: readonly MaybeZero[], ins: readonly MaybeZero[]): readonly MaybeZero[] => {
  const { prim, attrs } = e;
  if (isCall(prim))
    return prim.transpose(
      cts,
      ins.map((v, i) => v ?? (e.ins[i] as Atom).aval),
      attrs,
    );
  return pullback(
    prim,
    cts[0] as Value,
    ins,
    ins.map((v) => v === null),
    attrs,
    e.ins.map((a) => a.aval),
  );
};

/**
 * Cotangents of the inputs that are null in `ins`, given those of the outputs. What does not depend on these inputs is computed
 * first; all else has to be linear in them. Time and memory are linear in the number of equations.
 */
export const backwardPass = (
  jaxpr: Jaxpr,
  ins: readonly MaybeZero[],
  cts: readonly MaybeZero[],
): readonly MaybeZero[] => {
  const known = new Map<Atom, Value>(),
    linear: Eqn[] = [];
  const read = (a: Atom): MaybeZero => (isVar(a) ? (known.get(a) ?? null) : a);
  jaxpr.ins.forEach((v, i) => {
    const x = ins[i];
    if (x !== null && x !== undefined) known.set(v, x);
  });
  for (const e of jaxpr.eqns) {
    const values = e.ins.map(read);
    if (values.includes(null)) linear.push(e);
    else
      applyEqn(e, values as readonly Value[]).forEach((v, i) => {
        known.set(e.outs[i] as Var, v);
      });
  }
  const sums = new Map<Atom, Value>();
  const accumulate = (a: Atom, ct: Value, op: string): void => {
    if (!isVar(a) || known.has(a)) return;
    if (!sameAval(ct.aval, a.aval))
      throw new TraceError({ op, expected: `a cotangent ${showAval(a.aval)} from the rule`, got: showAval(ct.aval) });
    const sum = sums.get(a);
    sums.set(a, sum === undefined ? ct : add(sum, ct));
  };
  jaxpr.outs.forEach((a, i) => {
    const ct = cts[i];
    if (ct !== null && ct !== undefined) accumulate(a, ct, "transpose");
  });
  for (let k = linear.length - 1; k >= 0; k--) {
    const e = linear[k] as Eqn,
      outs = e.outs.map((v) => sums.get(v) ?? null);
    if (outs.every((c) => c === null)) continue;
    for (const v of e.outs) sums.delete(v);
    withOrigin(e, () => backward(e, outs, e.ins.map(read))).forEach((ct, i) => {
      if (ct !== null) accumulate(e.ins[i] as Atom, ct, e.prim.name);
    });
  }
  return jaxpr.ins.map((v, i) => (ins[i] === null ? (sums.get(v) ?? null) : null));
};

/** A derived jaxpr together with which linear inputs have cotangents. */
export interface TransposeJaxpr extends Derived {
  readonly nonzero: readonly boolean[];
}
/**
 * The backward pass as a jaxpr: `(inputs that are not linear, cotangents of the outputs where nonzero) -> cotangents of the
 * linear inputs where nonzero`; `nonzero` of the result has one entry for each input.
 */
export const transposeJaxpr = (jaxpr: Jaxpr, linear: readonly boolean[], nonzero: readonly boolean[]): TransposeJaxpr =>
  cached(jaxpr, `transpose ${linear.map(Number).join("")} ${nonzero.map(Number).join("")}`, () => {
    let inNonzero: readonly boolean[] = [];
    const closed = traceJaxpr(
      (...all) => {
        const known = linear.map((l) => !l),
          count = known.filter((f) => f).length;
        const cts = backwardPass(jaxpr, atFlags(known, all), atFlags(nonzero, all, count));
        inNonzero = cts.map((c) => c !== null);
        return cts.filter((c) => c !== null);
      },
      [...jaxpr.ins.filter((_, i) => !linear[i]), ...jaxpr.outs.filter((_, i) => nonzero[i])].map((a) => a.aval),
      "transpose",
    );
    return { closed, nonzero: inNonzero };
  });
