// Calls from a program back into JavaScript. The runtime, which owns concrete arrays, installs how it is done.
import type { Aval } from "./aval.ts";
import { TraceError } from "./errors.ts";
import type { Value } from "./value.ts";

/** A function of concrete arrays that gives values of known kinds. */
export type HostFunction = (ins: readonly Value[]) => readonly Value[];
/** The same in a backend's memory: the addresses of the operands, then of the results. */
export type HostCall = (memory: () => ArrayBufferLike, addresses: readonly number[]) => void;
/** Makes the call in memory of a function of arrays. */
export type MakeHostCall = (f: HostFunction, ins: readonly Aval[], outs: readonly Aval[]) => HostCall;

let make: MakeHostCall = () => {
  throw new TraceError({
    op: "callback",
    expected: "an installed runtime",
    got: "none",
    remedy: 'import from "brickbox", not from inner modules',
  });
};
/** Say how functions are called from programs; done once, by the runtime. */
export const installHost = (f: MakeHostCall): void => {
  make = f;
};
export const hostCall: MakeHostCall = (f, ins, outs) => make(f, ins, outs);
