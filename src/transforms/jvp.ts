// Forward mode: every value carries its tangent. null is the symbolic zero.
import { atFlags } from "./flags.ts";
import { isFloating } from "../core/dtype.ts";
import type { Jaxpr } from "../core/jaxpr.ts";
import type { AnyPrimitive } from "../core/primitive.ts";
import type { Trace } from "../core/trace.ts";
import { bind, checkAlive, currentTrace, withTrace } from "../core/trace.ts";
import type { Aval } from "../core/aval.ts";
import type { Life } from "../core/value.ts";
import { Tracer, type Value } from "../core/value.ts";
import { add } from "../primitives/elementwise.ts";
import { zerosOf } from "../primitives/linear.ts";
import { cached, type Derived } from "./derived.ts";
import { evalJaxpr, type Flat, traceJaxpr } from "./trace.ts";

/** A primal with a tangent that is not zero. Values without one are not wrapped. */
class Dual extends Tracer {
  readonly life: Life;
  readonly primal: Value;
  readonly tangent: Value;
  constructor(life: Life, primal: Value, tangent: Value) {
    super();
    this.life = life;
    this.primal = primal;
    this.tangent = tangent;
  }
  get aval(): Aval {
    return this.primal.aval;
  }
}

/** Tangent of the result of one equation. */
const pushforward = (
  prim: AnyPrimitive,
  ins: readonly Value[],
  tangents: readonly (Value | null)[],
  out: Value,
  attrs: unknown,
): Value | null => {
  const rules = prim.jvp;
  if (rules === "zero" || !isFloating(out.dtype)) return null;
  if (rules === "linear")
    return bind(
      prim,
      tangents.map((t, i) => t ?? zerosOf((ins[i] as Value).aval)),
      attrs,
    );
  let sum: Value | null = null;
  for (let i = 0; i < ins.length; i++) {
    const t = tangents[i],
      rule = rules[i];
    if (t === null || t === undefined || rule === null || rule === undefined) continue;
    const term = rule(t, out, ins, attrs);
    sum = sum === null ? term : add(sum, term);
  }
  return sum;
};

/** Values and tangents of `f` at `primals` along `tangents`; null is a zero tangent, and integers have no other. */
export const jvpFlat = (
  f: Flat,
  primals: readonly Value[],
  tangents: readonly (Value | null)[],
  name = "jvp",
): readonly [outs: readonly Value[], tangents: readonly (Value | null)[]] => {
  const parent = currentTrace(),
    life: Life = { name, alive: true };
  const owns = (v: Value): v is Dual => v instanceof Dual && v.life === life;
  const wrap = (v: Value, t: Value | null): Value => (t === null || !isFloating(v.dtype) ? v : new Dual(life, v, t));
  // Primals and tangents of arguments; null if no argument has a tangent.
  const split = (ins: readonly Value[], op: string): readonly [readonly Value[], readonly (Value | null)[]] | null => {
    let some = false;
    for (const v of ins) {
      if (owns(v)) some = true;
      else checkAlive(v, op);
    }
    return some ? [ins.map((v) => (owns(v) ? v.primal : v)), ins.map((v) => (owns(v) ? v.tangent : null))] : null;
  };
  const trace: Trace = {
    parent,
    process: (prim, ins, attrs) => {
      const parts = split(ins, prim.name);
      return withTrace(parent, () => {
        if (parts === null) return parent.process(prim, ins, attrs);
        const out = parent.process(prim, parts[0], attrs);
        return wrap(out, pushforward(prim, parts[0], parts[1], out, attrs));
      });
    },
    processCall: (prim, ins, attrs) => {
      const parts = split(ins, prim.name);
      return withTrace(parent, () => {
        if (parts === null) return parent.processCall(prim, ins, attrs);
        const [outs, ts] = prim.jvp(parts[0], parts[1], attrs);
        return outs.map((v, i) => wrap(v, ts[i] ?? null));
      });
    },
  };
  try {
    const outs = withTrace(trace, () => f(...primals.map((v, i) => wrap(v, tangents[i] ?? null))));
    for (const v of outs) if (!owns(v)) checkAlive(v, name);
    return [outs.map((v) => (owns(v) ? v.primal : v)), outs.map((v) => (owns(v) ? v.tangent : null))];
  } finally {
    life.alive = false;
  }
};

/** A derived jaxpr together with which results have tangents. */
export interface JvpJaxpr extends Derived {
  readonly nonzero: readonly boolean[];
}
/**
 * The jaxpr of values and tangents: `(ins, tangents of the inputs where nonzero) -> (outs, tangents of the outs where nonzero)`.
 * Its constants, if its rules made any, come first.
 */
export const jvpJaxpr = (jaxpr: Jaxpr, nonzero: readonly boolean[]): JvpJaxpr =>
  cached(jaxpr, `jvp ${nonzero.map(Number).join("")}`, () => {
    let outNonzero: readonly boolean[] = [];
    const n = jaxpr.ins.length;
    const closed = traceJaxpr(
      (...all) => {
        const [outs, ts] = jvpFlat((...ins) => evalJaxpr(jaxpr, ins), all.slice(0, n), atFlags(nonzero, all, n));
        outNonzero = ts.map((t) => t !== null);
        return [...outs, ...ts.filter((t) => t !== null)];
      },
      [...jaxpr.ins, ...jaxpr.ins.filter((_, i) => nonzero[i])].map((v) => v.aval),
      "jvp",
    );
    return { closed, nonzero: outNonzero };
  });
