// Tracing: a function of values becomes a jaxpr. `Recorder` notes equations; partial evaluation uses it too.
import type { Aval } from "../core/aval.ts";
import type { AnyCall, Atom, ClosedJaxpr, Eqn, Jaxpr } from "../core/jaxpr.ts";
import { isCall, isVar, Var } from "../core/jaxpr.ts";
import { originNow, outsideScopes, withOrigin } from "../core/origin.ts";
import type { AnyPrimitive } from "../core/primitive.ts";
import type { Trace } from "../core/trace.ts";
import { bind, bindCall, checkAlive, currentTrace, withTrace } from "../core/trace.ts";
import type { Life } from "../core/value.ts";
import { Literal, Tracer, type Value } from "../core/value.ts";

/** A function on flat lists of values: what every transform works on. */
export type Flat = (...ins: Value[]) => readonly Value[];

/** A value that is a name in the jaxpr being recorded. */
export class Staged extends Tracer {
  readonly life: Life;
  readonly atom: Var;
  readonly aval: Aval;
  constructor(life: Life, atom: Var) {
    super();
    this.life = life;
    this.atom = atom;
    this.aval = atom.aval;
  }
}

/** Notes equations. Values of other traces and arrays that equations use become constants: inputs of the jaxpr. */
export interface Recorder {
  readonly life: Life;
  readonly owns: (v: Value) => v is Staged;
  /** A new name with its tracer. */
  readonly input: (aval: Aval) => Staged;
  readonly process: Trace["process"];
  readonly processCall: Trace["processCall"];
  /** Note an equation with known results. */
  readonly note: (
    prim: AnyPrimitive | AnyCall,
    ins: readonly Value[],
    attrs: unknown,
    outs: readonly Aval[],
  ) => readonly Staged[];
  /** End of the trace: the jaxpr of `ins` that gives `outs`. */
  readonly close: (ins: readonly Staged[], outs: readonly Value[]) => ClosedJaxpr;
}
/** A recorder whose errors call it `name`. */
export const recorder = (name: string): Recorder => {
  const life: Life = { name, alive: true };
  const eqns: Eqn[] = [],
    constVars = new Map<Value, Var>();
  const owns = (v: Value): v is Staged => v instanceof Staged && v.life === life;
  const input = (aval: Aval): Staged => new Staged(life, new Var(aval));
  const atom = (v: Value, op: string): Atom => {
    if (v instanceof Literal) return v;
    if (owns(v)) return v.atom;
    checkAlive(v, op);
    const c = constVars.get(v) ?? new Var(v.aval);
    constVars.set(v, c);
    return c;
  };
  const note: Recorder["note"] = (prim, ins, attrs, outs) => {
    const staged = outs.map(input);
    eqns.push({
      prim,
      ins: ins.map((v) => atom(v, prim.name)),
      attrs,
      outs: staged.map((s) => s.atom),
      ...originNow(),
    });
    return staged;
  };
  const avalsOf = (ins: readonly Value[]): readonly Aval[] => ins.map((v) => v.aval);
  return {
    life,
    owns,
    input,
    note,
    process: (prim, ins, attrs) => note(prim, ins, attrs, [prim.abstractEval(avalsOf(ins), attrs)])[0] as Staged,
    processCall: (prim, ins, attrs) => note(prim, ins, attrs, prim.abstractEval(avalsOf(ins), attrs)),
    close: (ins, outs) => {
      const atoms = outs.map((v) => atom(v, name));
      const jaxpr: Jaxpr = {
        consts: constVars.size,
        ins: [...constVars.values(), ...ins.map((s) => s.atom)],
        eqns,
        outs: atoms,
      };
      return { jaxpr, consts: [...constVars.keys()] };
    },
  };
};

/**
 * The jaxpr of `f` at arguments of the given avals. Arrays and tracers of outer traces that `f` closes over become constants,
 * the first inputs of the jaxpr. Throws TraceError where a traced value is used as a concrete one or outlives its trace.
 */
export const traceJaxpr = (f: Flat, avals: readonly Aval[], name: string): ClosedJaxpr => {
  const r = recorder(name);
  try {
    const ins = avals.map(r.input);
    return r.close(
      ins,
      withTrace({ process: r.process, processCall: r.processCall, parent: currentTrace() }, () =>
        outsideScopes(() => f(...ins)),
      ),
    );
  } finally {
    r.life.alive = false;
  }
};

/** Apply the primitive of an equation to values under the current interpreter. */
export const applyEqn = (e: Eqn, ins: readonly Value[]): readonly Value[] => {
  const { prim, attrs } = e;
  return withOrigin(e, () => (isCall(prim) ? bindCall(prim, ins, attrs) : [bind(prim, ins, attrs)]));
};

/** Run a jaxpr under the current interpreter; `ins` begins with the constants. */
export const evalJaxpr = (jaxpr: Jaxpr, ins: readonly Value[]): readonly Value[] => {
  const env = new Map<Var, Value>();
  const read = (a: Atom): Value => (isVar(a) ? (env.get(a) as Value) : a);
  jaxpr.ins.forEach((v, i) => {
    env.set(v, ins[i] as Value);
  });
  for (const e of jaxpr.eqns) {
    const outs = applyEqn(e, e.ins.map(read));
    e.outs.forEach((v, i) => {
      env.set(v, outs[i] as Value);
    });
  }
  return jaxpr.outs.map(read);
};
