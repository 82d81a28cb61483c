// A program as one WebAssembly module: a function per kernel, and `main`, which sequences them.
import type { Buffer } from "../../kernel/expr.ts";
import { carriesOf, copiesOf, hostsOf, kernelsOf } from "../../kernel/print.ts";
import type { HostStep, Kernel, Plan, Program } from "../../kernel/program.ts";
import type { Code, ModuleBuilder } from "./assembler.ts";
import { moduleBuilder } from "./assembler.ts";
import type { Context } from "./context.ts";
import { canShare, canShareCopy, emitCopyJob, emitJob, emitOffer, importOffices, type Job } from "./job.ts";
import { bytesOf, emitSteps } from "./steps.ts";
import { emitStmts } from "./statement.ts";

/** How a module is to be built. */
export interface EmitOptions {
  readonly relaxed: boolean;
  readonly maxPages: number;
  readonly shared: boolean;
}

const contextOf = (code: Code, bases: ReadonlyMap<Buffer, number>, relaxed: boolean): Context => {
  let temp = -1;
  return {
    code,
    relaxed,
    vector: null,
    copy: null,
    masks: null,
    addresses: null,
    slots: new Map(),
    bases,
    temp: () => {
      if (temp < 0) temp = code.local("v128");
      return temp;
    },
  };
};
const emitKernel = (m: ModuleBuilder, k: Kernel, relaxed: boolean): number => {
  const buffers = [...k.params, ...k.scratch];
  return m.func({
    name: k.name,
    params: buffers.map(() => "i32" as const),
    body: (code) => emitStmts(contextOf(code, new Map(buffers.map((b, i) => [b, i])), relaxed), k.body),
  });
};

/**
 * Encode `program` under `plan`. `main(table, arena)` finds the addresses of inputs, then outputs, as i32 at `table`; it calls `env.host0`, ...
 * Under a plan for several threads, kernels that are split are exported as functions of a job and a thread: see `job.ts`.
 */
export const emitProgram = (program: Program, plan: Plan, options: EmitOptions): Uint8Array<ArrayBuffer> => {
  const m = moduleBuilder();
  m.importMemory({ module: "env", name: "memory", min: 1, max: options.maxPages, shared: options.shared });
  const hosts = new Map(
    hostsOf(program.steps).map((h, i): [HostStep, number] => [
      h,
      m.importFunc(
        "env",
        `host${i}`,
        [...h.ins, ...h.outs].map(() => "i32" as const),
        [],
      ),
    ]),
  );
  const kernels = kernelsOf(program.steps),
    copied = [...copiesOf(program.steps).map((c) => c.from), ...carriesOf(program.steps).map((c) => c.now)].map(
      bytesOf,
    ),
    threads = options.shared ? (plan.threads ?? 1) : 1,
    offices = threads > 1 && (kernels.some(canShare) || copied.some(canShareCopy)) ? importOffices(m) : null;
  const offsets = new Map(plan.placements.map((p) => [p.buffer, p.offset])),
    strides = new Map(plan.placements.map((p) => [p.buffer, p.bytes / (p.copies ?? 1)]));
  const functions = new Map<Kernel, number>(),
    jobs = new Map<Kernel, Job>();
  for (const k of kernels)
    if (offices !== null && canShare(k))
      jobs.set(
        k,
        emitJob(
          m,
          k,
          jobs.size,
          (b) => strides.get(b) ?? 0,
          (code, bases) => contextOf(code, bases, options.relaxed),
        ),
      );
    else functions.set(k, emitKernel(m, k, options.relaxed));
  const copies = new Map<number, Job>();
  if (offices !== null)
    for (const bytes of new Set(copied.filter(canShareCopy)))
      copies.set(bytes, emitCopyJob(m, bytes, jobs.size + copies.size));
  const slots = new Map<Buffer, number>([...program.inputs, ...program.outputs].map((b, i) => [b, i]));
  m.func({
    name: "main",
    params: ["i32", "i32"],
    exported: true,
    body: (code) => {
      const place = (b: Buffer): void => {
        const offset = offsets.get(b),
          slot = slots.get(b);
        if (offset !== undefined) {
          code.emit("local.get", 1);
          if (offset > 0) {
            code.emit("i32.const", offset);
            code.emit("i32.add");
          }
        } else if (slot !== undefined) {
          code.emit("local.get", 0);
          code.emit("i32.load", 2, slot * 4);
        } else throw new Error("a kernel uses a buffer that has no place in the plan");
      };
      const call = (k: Kernel, address: (b: Buffer) => void): void => {
        const shared = jobs.get(k),
          buffers = [...k.params, ...k.scratch];
        if (shared !== undefined && offices !== null) {
          const addresses = buffers.map((b) => (): void => address(b));
          emitOffer(code, shared, offices, threads, addresses);
          return;
        }
        buffers.forEach(address);
        code.emit("call", functions.get(k) as number);
      };
      const copy = (bytes: number, to: () => void, from: () => void): void => {
        const shared = copies.get(bytes);
        if (shared !== undefined && offices !== null) {
          emitOffer(code, shared, offices, threads, [to, from]);
          return;
        }
        to();
        from();
        code.emit("i32.const", bytes);
        code.emit("memory.copy");
      };
      emitSteps({ code, call, copy, hosts, place, shared: plan.shared ?? new Map(), moving: new Map() }, program.steps);
    },
  });
  return m.finish();
};
