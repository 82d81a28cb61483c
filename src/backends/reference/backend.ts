// The reference backend: the kernel IR run as its grammar says, one scalar at a time, without generated code.
//
// float32 operations round after every operation, as hardware does; accumulators are float64. Reads outside of a buffer give
// a value that spoils what depends on it, stores outside of one throw: a kernel that passes here keeps its promises.
import type { Buffer } from "../../kernel/expr.ts";
import { showProgram } from "../../kernel/print.ts";
import type { Backend, Executable, Plan, Program } from "../../kernel/program.ts";
import { type Site, steps } from "./steps.ts";
import { viewsOf } from "./tape.ts";

const maxBytes = 2 ** 31;

/** A backend with a plain memory of its own, which grows by moving. */
export const referenceBackend = (): Backend => {
  let memory = new ArrayBuffer(1 << 16),
    views = viewsOf(memory);
  const compile = (program: Program, plan: Plan): Executable => {
    const addresses = new Map<Buffer, number>(),
      shared = plan.shared ?? new Map<Buffer, Buffer>();
    const addressOf = (b: Buffer): number => {
      const other = shared.get(b),
        address = addresses.get(b);
      if (other !== undefined) return addressOf(other);
      if (address === undefined) throw new Error("a step uses a buffer that has no place in the plan");
      return address;
    };
    const site: Site = { addressOf, views: () => views, kernels: new Map() },
      act = steps(site, program.steps);
    return {
      run: (inputs, outputs, arena) => {
        const before = [...addresses]; // of a run that has called back
        program.inputs.forEach((b, i) => {
          addresses.set(b, inputs[i] as number);
        });
        program.outputs.forEach((b, i) => {
          addresses.set(b, outputs[i] as number);
        });
        for (const p of plan.placements) addresses.set(p.buffer, arena + p.offset);
        try {
          act();
        } finally {
          for (const [b, at] of before) addresses.set(b, at);
        }
      },
      text: () => showProgram(program),
      codeBytes: 0,
    };
  };
  return {
    name: "reference",
    maxBytes,
    compile,
    memory: () => memory,
    grow: (bytes) => {
      if (bytes <= memory.byteLength) return true;
      if (bytes > maxBytes) return false;
      try {
        const larger = new ArrayBuffer(Math.ceil(bytes / 16) * 16);
        new Uint8Array(larger).set(views.u8);
        memory = larger;
        views = viewsOf(memory);
        return true;
      } catch {
        return false;
      }
    },
  };
};
