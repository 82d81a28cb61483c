// What the runtime holds now: for laws of memory and of caches.
import { tally } from "../core/staged.ts";
import { devices } from "./backend.ts";
import { compilations, equationsKept } from "./eager.ts";

/** Counters of the runtime. */
export interface Stats {
  /** Bytes of arrays in heaps: neither small arrays nor spilled ones. */
  readonly liveBytes: number;
  /** Arrays in heaps. */
  readonly arrays: number;
  /** Bytes taken in heaps: arrays and scratch memory. */
  readonly usedBytes: number;
  /** Memory of the backends. */
  readonly heapBytes: number;
  /** Arrays that were moved out of heaps so far. */
  readonly spills: number;
  /** Arrays that were let go so far, because they can be computed again. */
  readonly forgotten: number;
  /** Programs compiled so far. */
  readonly compiled: number;
  /** Compiled equations kept for eager use. */
  readonly equations: number;
  /** Traces made by `jit` so far. */
  readonly traces: number;
}

/** Counters of the runtime now. */
export const stats = (): Stats => {
  const all = devices(),
    sum = (f: (d: (typeof all)[number]) => number): number => all.reduce((n, d) => n + f(d), 0);
  return {
    liveBytes: sum((d) => d.cellBytes),
    arrays: sum((d) => d.cells),
    usedBytes: sum((d) => d.heap.used),
    heapBytes: sum((d) => d.backend.memory().byteLength),
    spills: sum((d) => d.spills),
    forgotten: sum((d) => d.forgotten),
    compiled: compilations.count,
    equations: equationsKept(),
    traces: tally.traces,
  };
};
