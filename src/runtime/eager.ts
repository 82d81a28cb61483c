// The base interpreter: a primitive applied to arrays is the compilation of one equation, a call that of its body.
import { compile } from "../compile/compile.ts";
import { type Aval, sameShape } from "../core/aval.ts";
import type { AnyCall, Jaxpr } from "../core/jaxpr.ts";
import { Var } from "../core/jaxpr.ts";
import { modes } from "../core/modes.ts";
import type { AnyPrimitive } from "../core/primitive.ts";
import { checkAlive, installBase } from "../core/trace.ts";
import { Tracer, type Value } from "../core/value.ts";
import { ConcreteArray, demandRoom, donate, freezeAval, type Repeats } from "./array.ts";
import { currentDevice, threadsOf } from "./backend.ts";
import { EquationCache } from "./cache.ts";
import { checkEager, checkProgram } from "./checking.ts";
import { settings } from "./configure.ts";
import type { Device } from "./device.ts";
import { run, signature } from "./executable.ts";
import { type Loaded, load } from "./load.ts";
import { callDirectly } from "./host.ts";
import { isRepetition, numberOf, repeatedArray, type Repetition, repeatsOf, withNumbers } from "./repeats.ts";
import { loadRow, type Rows, rows } from "./rows.ts";

/** Compiled programs of one device for one number of threads. */
interface Shelf {
  readonly equations: EquationCache<Loaded | Repetition>;
  /** Those where numbers stand for operands that are one number, repeated. */
  readonly mixed: EquationCache<Loaded | null>;
  /** Bodies of calls, by identity: without donation, and by the pattern of donation. */
  readonly bodies: WeakMap<Jaxpr, Loaded>;
  readonly donating: WeakMap<Jaxpr, Map<string, Loaded>>;
  readonly rows: Rows;
}
const equationLimit = 4096;
const shelves = new WeakMap<Device, Map<number, Shelf>>();
const shelfOf = (device: Device): Shelf => {
  const threads = threadsOf(device),
    known = shelves.get(device)?.get(threads);
  if (known !== undefined) return known;
  const fresh: Shelf = {
    equations: new EquationCache(equationLimit),
    mixed: new EquationCache(equationLimit),
    bodies: new WeakMap(),
    donating: new WeakMap(),
    rows: rows(),
  };
  shelves.set(device, (shelves.get(device) ?? new Map<number, Shelf>()).set(threads, fresh));
  return fresh;
};
/** Programs compiled so far, and equations kept now. */
export const compilations = { count: 0 };
export const equationsKept = (): number => {
  const { equations, mixed } = shelfOf(currentDevice());
  return equations.size + mixed.size;
};

const build = (jaxpr: Jaxpr, name: string, donated: readonly boolean[] | null): Loaded => {
  const device = currentDevice(),
    start = performance.now();
  for (const a of jaxpr.outs) demandRoom(a.aval, name);
  const compiled = compile(jaxpr, {
    donated: donated ?? jaxpr.ins.map(() => false),
    threads: threadsOf(device),
  });
  const middle = performance.now(),
    loaded = load(compiled, device, name, donated);
  compilations.count++;
  if (settings().debug) {
    const what = signature(
      name,
      jaxpr.ins.map((v) => v.aval),
    );
    settings().log(
      `compiled ${what}: ${(middle - start).toFixed(2)} ms, ${loaded.executable.codeBytes} bytes of code in ${(performance.now() - middle).toFixed(2)} ms`,
    );
  }
  return loaded;
};

const refuseLeaked = (ins: readonly Value[], op: string): void => {
  for (const x of ins) if (x instanceof Tracer) checkAlive(x, op);
};
/** `lambda ins. prim[attrs] ins`. */
const equation = (
  prim: AnyPrimitive | AnyCall,
  ins: readonly Value[],
  attrs: unknown,
  outs: readonly Aval[],
): Jaxpr => {
  const vars = ins.map((x) => new Var(x.aval)),
    results = outs.map((a) => new Var(a));
  return { consts: 0, ins: vars, eqns: [{ prim, ins: vars, attrs, outs: results }], outs: results };
};

/** A loop that serves other shapes too, if there is one, or a program of its own. */
const rowOrWhole = (whole: Jaxpr, name: string): Loaded => {
  const device = currentDevice();
  const row = loadRow(shelfOf(device).rows, device, whole, () => {
    compilations.count++;
  });
  return row ?? build(whole, name, null);
};

const applyPlain = (prim: AnyPrimitive, ins: readonly Value[], attrs: unknown): Value => {
  const ready = shelfOf(currentDevice()).equations.get(prim, ins, attrs, (): Loaded | Repetition => {
    refuseLeaked(ins, prim.name);
    const out = prim.abstractEval(
      ins.map((x) => x.aval),
      attrs,
    );
    if (!isRepetition(prim, ins, out)) return rowOrWhole(equation(prim, ins, attrs, [out]), prim.name);
    demandRoom(out, prim.name);
    return { of: freezeAval(out) };
  });
  if (!("of" in ready)) return run(ready, ins)[0] as Value;
  return repeatedArray(ready.of, { prim, attrs, value: numberOf(ins[0] as Value, prim.name) });
};

/** An elementwise primitive of operands some of which are full of one number, which need no memory for that; null if it is another case. */
const applyToNumbers = (prim: AnyPrimitive, ins: readonly Value[], attrs: unknown): Value | null => {
  if (prim.inRow === undefined) return null;
  let some: Repeats | null = null,
    all = true;
  for (let i = 0; i < ins.length; i++) {
    const repeats = repeatsOf(ins[i] as Value);
    if (repeats === null) all = false;
    else some = repeats;
  }
  if (some === null) return null;
  const { shape } = ins[0] as Value;
  for (let i = 1; i < ins.length; i++) if (!sameShape((ins[i] as Value).shape, shape)) return null;
  const numbers = ins.map((x) => repeatsOf(x)?.value ?? x);
  if (all) {
    const own = prim.inRow(
      ins.map((x) => x.aval),
      attrs,
      1,
    );
    if (own == null) return null;
    const value = numberOf(applyPlain(prim, numbers, own), prim.name);
    return repeatedArray(freezeAval({ dtype: value.dtype, shape }), { ...some, value });
  }
  const ready = shelfOf(currentDevice()).mixed.get(prim, numbers, attrs, () => {
    refuseLeaked(ins, prim.name);
    const whole = withNumbers(prim, ins, attrs);
    return whole === null ? null : rowOrWhole(whole, prim.name);
  });
  return ready === null ? null : (run(ready, numbers)[0] as Value);
};

const process = (prim: AnyPrimitive, ins: readonly Value[], attrs: unknown): Value => {
  const out = applyToNumbers(prim, ins, attrs) ?? applyPlain(prim, ins, attrs);
  if (modes.check) checkEager(prim.name, ins, [out]);
  return out;
};

/** Attributes that a call may have besides its body. */
interface CallNotes {
  readonly name?: string;
  readonly donated?: readonly boolean[] | null;
}
const loadBody = (jaxpr: Jaxpr, name: string, donated: readonly boolean[] | null): Loaded => {
  const shelf = shelfOf(currentDevice());
  if (donated === null) {
    const known = shelf.bodies.get(jaxpr);
    if (known !== undefined) return known;
    const fresh = build(jaxpr, name, null);
    shelf.bodies.set(jaxpr, fresh);
    return fresh;
  }
  const patterns = shelf.donating.get(jaxpr) ?? new Map<string, Loaded>(),
    key = donated.map(Number).join("");
  const known = patterns.get(key);
  if (known !== undefined) return known;
  const fresh = build(jaxpr, name, donated);
  patterns.set(key, fresh);
  shelf.donating.set(jaxpr, patterns);
  return fresh;
};

/** Run a program whose results are looked at; what it was given must not be overwritten before. */
const runChecked = (
  body: Jaxpr,
  name: string,
  donated: readonly boolean[] | null,
  ins: readonly Value[],
): readonly Value[] => {
  const outs = run(loadBody(body, name, null), ins);
  checkProgram(name, body, outs, (probed) => run(build(probed, name, null), ins));
  ins.forEach((x, i) => {
    if (donated?.[i] === true && x instanceof ConcreteArray && x.donation === null)
      donate(x, { name, at: new Error("donated") });
  });
  return outs;
};

const processCall = (prim: AnyCall, ins: readonly Value[], attrs: unknown): readonly Value[] => {
  if (prim.inline !== null) {
    const { name, donated } = attrs as CallNotes;
    const body = prim.inline(attrs);
    return modes.check
      ? runChecked(body, name ?? prim.name, donated ?? null, ins)
      : run(loadBody(body, name ?? prim.name, donated ?? null), ins);
  }
  const structure = prim.structure?.(attrs);
  if (structure?.kind === "host") return callDirectly(structure.call, ins, structure.name);
  const whole = (): Jaxpr =>
    equation(
      prim,
      ins,
      attrs,
      prim.abstractEval(
        ins.map((x) => x.aval),
        attrs,
      ),
    );
  const loaded = shelfOf(currentDevice()).equations.get(prim, ins, attrs, () => {
    refuseLeaked(ins, prim.name);
    return build(whole(), prim.name, null);
  }) as Loaded;
  const outs = run(loaded, ins);
  if (modes.check) checkProgram(prim.name, whole(), outs, (probed) => run(build(probed, prim.name, null), ins));
  return outs;
};

/** Make this the interpreter of eager code; to be called once, by the entry point. */
export const install = (): void => installBase({ process, processCall });
