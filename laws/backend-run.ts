// Runs programs on every backend over memory that is filled the same way, and compares all that it holds afterwards.
import { referenceBackend } from "../src/backends/reference/backend.ts";
import { wasmBackend } from "../src/backends/wasm/backend.ts";
import type { Buffer, StorageType } from "../src/kernel/expr.ts";
import { byteSize } from "../src/kernel/expr.ts";
import type { Backend, Kernel, Placement, Plan, Program, Step } from "../src/kernel/program.ts";

const guard = 1 << 20;
export const elements = (b: Buffer): number => b.shape.reduce((n, d) => n * d, 1);
const align = (n: number): number => Math.ceil(n / 16) * 16;
const total = 8 << 20;

const special = [Number.NaN, Infinity, -Infinity, -0, 1e30, -1e-30, 3.5, 2 ** 31, 3e9, -3e9];
/** What element `i` of input number `k` holds: mostly small dyadic numbers, at times something unusual. */
const content = (type: StorageType, k: number, i: number): number => {
  const h = Math.imul(Math.imul(i + 1, 0x9e3779b1) ^ Math.imul(k + 1, 0x85ebca6b), 0xc2b2ae35) >>> 8;
  switch (type) {
    case "f32":
    case "f64":
      return h % 13 === 0 ? (special[h % special.length] as number) : ((h % 33) - 16) / 8;
    case "i32":
      return h % 23 === 0 ? h * 257 - 2 ** 31 : (h % 17) - 8;
    case "u32":
      return h % 23 === 0 ? h * 257 : h % 17;
    case "bool":
      return h & 1;
    case "u8":
      return h & 255;
    default:
      return type satisfies never;
  }
};

type View = Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array;
const view = (memory: ArrayBufferLike, b: Buffer, at: number): View => {
  const n = elements(b);
  switch (b.type) {
    case "f32":
      return new Float32Array(memory, at, n);
    case "f64":
      return new Float64Array(memory, at, n);
    case "i32":
      return new Int32Array(memory, at, n);
    case "u32":
      return new Uint32Array(memory, at, n);
    default:
      return new Uint8Array(memory, at, n);
  }
};

/** A plan that gives every temporary and scratch buffer memory of its own. */
export const simplePlan = (program: Program, shared: ReadonlyMap<Buffer, Buffer> = new Map()): Plan => {
  let offset = 0;
  const placements: Placement[] = [],
    place = (b: Buffer): void => {
      if (shared.has(b) || placements.some((p) => p.buffer === b)) return;
      const bytes = elements(b) * byteSize[b.type];
      placements.push({ buffer: b, offset, bytes, from: 0, to: 0 });
      offset += align(Math.max(1, bytes));
    };
  program.temporaries.forEach(place);
  const visit = (s: Step): void => {
    if (s.op === "call") s.kernel.scratch.forEach(place);
    else if (s.op === "loop") s.body.forEach(visit);
    else if (s.op === "while") [...s.cond, ...s.body].forEach(visit);
    else if (s.op === "branch") s.branches.flat().forEach(visit);
  };
  program.steps.forEach(visit);
  return { placements, arenaBytes: offset, livenessBytes: offset, aliases: new Map(), shared };
};

/** The program that is one kernel; parameters that are no outputs are its inputs. */
export const programOf = (kernel: Kernel): Program => ({
  inputs: kernel.params.filter((b) => !kernel.outputs.includes(b)),
  outputs: kernel.outputs,
  temporaries: [],
  steps: [{ op: "call", kernel }],
});

const backends: { readonly reference: Backend; readonly wasm: Backend } = {
  reference: referenceBackend(),
  wasm: wasmBackend(),
};
for (const b of Object.values(backends)) b.grow(total + 2 * guard);

/** All outputs and then all inputs after one run. */
export const outcome = (
  name: keyof typeof backends,
  program: Program,
  plan: Plan = simplePlan(program),
): readonly (readonly number[])[] => {
  const backend = backends[name],
    executable = backend.compile(program, plan);
  let offset = guard;
  const at = new Map<Buffer, number>();
  [...program.inputs, ...program.outputs].forEach((b, k) => {
    at.set(b, offset);
    const v = view(backend.memory(), b, offset);
    for (let i = 0; i < v.length; i++) v[i] = content(b.type, k, i);
    offset += align(v.byteLength + 1);
  });
  const addresses = (list: readonly Buffer[]): readonly number[] => list.map((b) => at.get(b) as number);
  new Uint8Array(backend.memory(), offset, plan.arenaBytes).fill(0);
  executable.run(addresses(program.inputs), addresses(program.outputs), offset);
  return [...program.outputs, ...program.inputs].map((b) => Array.from(view(backend.memory(), b, at.get(b) as number)));
};
/** The program as text. */
export const textOf = (program: Program): string => backends.reference.compile(program, simplePlan(program)).text();
