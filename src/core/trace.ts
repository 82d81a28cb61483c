// Dispatch by context: `bind` asks the current interpreter. A rule runs under its interpreter's parent.
import { TraceError } from "./errors.ts";
import type { AnyCall, CallPrimitive } from "./jaxpr.ts";
import type { AnyPrimitive, MappedAxis, Per, Primitive } from "./primitive.ts";
import type { Life } from "./value.ts";
import { Tracer, type Value } from "./value.ts";

/** An interpreter of primitives. */
export interface Trace {
  readonly process: (prim: AnyPrimitive, ins: readonly Value[], attrs: unknown) => Value;
  readonly processCall: (prim: AnyCall, ins: readonly Value[], attrs: unknown) => readonly Value[];
  /** The interpreter around this one, none around the base. Collectives find their axes by walking up. */
  readonly parent?: Trace;
  /** The axis that this interpreter maps. */
  readonly axis?: MappedAxis;
}

const missing = (): never => {
  throw new TraceError({
    op: "bind",
    expected: "an installed base interpreter",
    got: "none",
    remedy: 'import from "brickbox", not from inner modules',
  });
};
let base: Trace = { process: missing, processCall: missing };
let current: Trace = base;

/** Make `t` the interpreter of eager code; done once, by the runtime. */
export const installBase = (t: Trace): void => {
  if (current === base) current = t;
  base = t;
};
export const currentTrace = (): Trace => current;
/** True outside every transformation: arrays are concrete. */
export const isEager = (): boolean => current === base;
/** Run `f` with `t` as the interpreter; the previous one always comes back. */
export const withTrace = <A>(t: Trace, f: () => A): A => {
  const saved = current;
  current = t;
  try {
    return f();
  } finally {
    current = saved;
  }
};

/** Apply a primitive under the current interpreter: the only way anything is ever computed. */
export const bind = <A, I extends readonly unknown[]>(prim: Primitive<A, I>, ins: Per<I, Value>, attrs: A): Value =>
  current.process(prim as unknown as AnyPrimitive, ins as unknown as readonly Value[], attrs);
/** Apply a higher-order primitive under the current interpreter. */
export const bindCall = <A>(prim: CallPrimitive<A>, ins: readonly Value[], attrs: A): readonly Value[] =>
  current.processCall(prim as unknown as AnyCall, ins, attrs);

/** Throw if `v` belongs to a trace that has ended. */
export const checkAlive = (v: Value, op: string): void => {
  if (v instanceof Tracer && !v.life.alive) leaked(v.life, op);
};
const leaked = (life: Life, op: string): never => {
  throw new TraceError({
    op,
    expected: "values that are alive",
    got: `a traced value that has leaked out of ${life.name}`,
    remedy: "return it from the transformed function instead of storing it in a variable outside",
  });
};
