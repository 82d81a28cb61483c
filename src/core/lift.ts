// From what a user may write at a leaf to a value. The runtime, which owns concrete arrays, installs the conversion.
import { TraceError } from "./errors.ts";
import { isEager } from "./trace.ts";
import { Literal, Value } from "./value.ts";

/**
 * Makes a concrete array of a number (float32), boolean (bool), typed array (its own dtype), nested list of numbers, or
 * `Literal` (its dtype).
 */
export type Lift = (x: unknown, op: string) => Value;

let convert: Lift = () => {
  throw new TraceError({
    op: "lift",
    expected: "an installed runtime",
    got: "none",
    remedy: 'import from "brickbox", not from inner modules',
  });
};
/** Say how leaves become arrays; done once, by the runtime. */
export const installLift = (f: Lift): void => {
  convert = f;
};

/** The value that a leaf stands for; values are themselves, and inside a trace numbers and booleans are literals. */
export const lift = (x: unknown, op: string): Value => {
  if (x instanceof Value) return x;
  if (!isEager()) {
    if (typeof x === "number") return new Literal(x, "float32");
    if (typeof x === "boolean") return new Literal(Number(x), "bool");
  }
  return convert(x, op);
};
/** What users get to see: outside every trace a literal becomes an array. */
export const settle = (x: Value, op: string): Value => (x instanceof Literal && isEager() ? convert(x, op) : x);
