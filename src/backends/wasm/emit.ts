// A program as one WebAssembly module: a function per kernel, and `main`, which sequences them.
import type { Buffer } from "../../kernel/expr.ts";
import { hostsOf } from "../../kernel/print.ts";
import type { HostStep, Kernel, Plan, Program, Step } from "../../kernel/program.ts";
import type { ModuleBuilder } from "./assembler.ts";
import { moduleBuilder } from "./assembler.ts";
import type { Context } from "./context.ts";
import { emitSteps } from "./steps.ts";
import { emitStmts } from "./statement.ts";

/** How a module is to be built. */
export interface EmitOptions {
  readonly relaxed: boolean;
  readonly maxPages: number;
  readonly shared: boolean;
}

const kernelsOf = (steps: readonly Step[]): readonly Kernel[] =>
  steps.flatMap((s): readonly Kernel[] => {
    switch (s.op) {
      case "call":
        return [s.kernel];
      case "loop":
        return kernelsOf(s.body);
      case "while":
        return [...kernelsOf(s.cond), ...kernelsOf(s.body)];
      case "branch":
        return s.branches.flatMap(kernelsOf);
      case "copy":
      case "host":
        return [];
      default:
        return s satisfies never;
    }
  });

const emitKernel = (m: ModuleBuilder, k: Kernel, relaxed: boolean): number => {
  const buffers = [...k.params, ...k.scratch];
  return m.func({
    name: k.name,
    params: buffers.map(() => "i32" as const),
    body: (code) => {
      let temp = -1;
      const x: Context = {
        code,
        relaxed,
        vector: null,
        copy: null,
        slots: new Map(),
        bases: new Map(buffers.map((b, i) => [b, i])),
        temp: () => {
          if (temp < 0) temp = code.local("v128");
          return temp;
        },
      };
      emitStmts(x, k.body);
    },
  });
};

/** Encode `program` under `plan`. `main(table, arena)` finds the addresses of inputs, then outputs, as i32 at `table`; it calls `env.host0`, ... */
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
  const functions = new Map<Kernel, number>();
  for (const k of kernelsOf(program.steps)) if (!functions.has(k)) functions.set(k, emitKernel(m, k, options.relaxed));
  const offsets = new Map(plan.placements.map((p) => [p.buffer, p.offset]));
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
      emitSteps({ code, functions, hosts, place, shared: plan.shared ?? new Map(), moving: new Map() }, program.steps);
    },
  });
  return m.finish();
};
