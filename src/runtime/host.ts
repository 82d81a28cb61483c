// Functions of arrays called from a running program: operands are copied out of the backend's memory, results copied in. The
// function may run other programs, and memory may grow meanwhile.
import type { Aval } from "../core/aval.ts";
import { bytesOf, sizeOf } from "../core/aval.ts";
import { installHost, type HostFunction, type MakeHostCall } from "../core/host.ts";
import { checkAlive } from "../core/trace.ts";
import { Literal, type Value } from "../core/value.ts";
import { ConcreteArray, freezeAval, hostArray, literalArray, smallBytes } from "./array.ts";
import { Cell } from "./device.ts";
import { readOut, type Views, viewsOf, write } from "./views.ts";

/** A copy of what is at `address`; big ones stay outside of the heap, where they die by themselves. */
const copyOut = (v: Views, aval: Aval, address: number): ConcreteArray => {
  const bytes = bytesOf(aval);
  if (bytes <= smallBytes) return hostArray(aval, readOut(v, aval.dtype, address, sizeOf(aval.shape)));
  const cell = new Cell(bytes);
  cell.host = v.u8.slice(address, address + bytes);
  return new ConcreteArray(aval, null, cell);
};

const inMemory: MakeHostCall = (f, ins, outs) => {
  const avals = ins.map(freezeAval);
  return (memory, addresses) => {
    const v = viewsOf(memory()),
      results = f(avals.map((a, i) => copyOut(v, a, addresses[i] as number)));
    const now = viewsOf(memory());
    outs.forEach(({ dtype }, i) => {
      write(now, dtype, addresses[avals.length + i] as number, (results[i] as ConcreteArray).dataSync());
    });
  };
};
/** Call the function on arrays that are there already: eager code needs no program for it. */
export const callDirectly = (f: HostFunction, ins: readonly Value[], op: string): readonly Value[] => {
  for (const x of ins) checkAlive(x, op);
  return f(ins.map((x) => (x instanceof Literal ? literalArray(x) : x)));
};

/** Make this the way in which programs call JavaScript; to be called once, by the entry point. */
export const installHostCalls = (): void => installHost(inMemory);
