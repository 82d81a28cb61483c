// The WebAssembly backend: one growing memory that all modules share.
import { hostsOf } from "../../kernel/print.ts";
import type { Backend, Executable, Plan, Program } from "../../kernel/program.ts";
import { disassemble } from "./disassembler.ts";
import { emitProgram } from "./emit.ts";
import { compileModule, relaxedSimd } from "./features.ts";
import { type Start, workerStart } from "./workerHandle.ts";
import { maxThreads } from "./layout.ts";
import { ThreadPool, type Unit } from "./threads.ts";

const page = 65536;
const maxPages = 65536;
// The table of addresses lies in the guard zone at the start of memory, which no array occupies.
const tableAt = 1024,
  tableSize = 1 << 16;

/** Memory that workers can share, if there can be any; its address range may be refused. */
const memoryFor = (start: Start | null): WebAssembly.Memory => {
  const size = { initial: 32, maximum: maxPages };
  if (start !== null)
    try {
      return new WebAssembly.Memory({ ...size, shared: true });
    } catch {
      // One thread then.
    }
  return new WebAssembly.Memory(size);
};
let units = 0;

// Workers know neither backends nor executables; when these are collected, the workers need not go on.
const pools = new FinalizationRegistry<() => ThreadPool | null>((pool) => pool()?.end());
const forgotten = new FinalizationRegistry<readonly [ThreadPool, number]>(([pool, id]) => pool.drop(id));

/** A backend with a memory of its own, which grows up to 4 GiB; `start` starts its workers. */
export const wasmBackend = (start: Start | null = workerStart()): Backend => {
  const memory = memoryFor(start),
    shared = !(memory.buffer instanceof ArrayBuffer);
  let buffer: ArrayBufferLike = memory.buffer,
    pool: ThreadPool | null = null;
  let table: Int32Array = new Int32Array(buffer, tableAt, tableSize);
  // Where the addresses of the next run go: a program that calls JavaScript may be running already.
  let top = 0;
  const poolNow = (): ThreadPool => (pool ??= new ThreadPool(memory, start as Start));
  const compile = (program: Program, plan: Plan): Executable => {
    const bytes = emitProgram(program, plan, { relaxed: relaxedSimd(), maxPages, shared });
    const hosts = hostsOf(program.steps).map(({ call }, i) => [
      `host${i}`,
      (...addresses: readonly number[]): void => call(() => buffer, addresses),
    ]);
    const module = compileModule(bytes),
      sharing = WebAssembly.Module.imports(module).some((i) => i.name === "publish"),
      unit: Unit = { id: ++units, module },
      threads = plan.threads ?? 1;
    const instance = new WebAssembly.Instance(module, {
      env: { memory, ...Object.fromEntries(hosts), ...(sharing ? poolNow().sharing(unit.id) : {}) },
    });
    const { main } = instance.exports as { readonly main: (table: number, arena: number) => void },
      n = program.inputs.length;
    const executable: Executable = {
      run: (inputs, outputs, arena) => {
        if (table.buffer !== buffer) table = new Int32Array(buffer, tableAt, tableSize);
        const at = top;
        top += n + outputs.length;
        if (top > tableSize) throw new RangeError("programs are nested too deeply");
        try {
          for (let i = 0; i < n; i++) table[at + i] = inputs[i] as number;
          for (let i = 0; i < outputs.length; i++) table[at + n + i] = outputs[i] as number;
          if (sharing) pool?.ready(threads, unit);
          main(tableAt + at * 4, arena);
        } catch (e) {
          if (sharing) pool?.settle();
          throw e;
        } finally {
          top = at;
        }
      },
      text: () => disassemble(bytes),
      codeBytes: bytes.length,
    };
    if (sharing) forgotten.register(executable, [poolNow(), unit.id]);
    return executable;
  };
  const backend: Backend = {
    name: "wasm",
    maxBytes: maxPages * page,
    maxThreads: shared ? maxThreads : 1,
    endThreads: () => pool?.end(),
    compile,
    memory: () => buffer,
    grow: (bytes) => {
      const missing = Math.ceil((bytes - buffer.byteLength) / page);
      if (missing <= 0) return true;
      try {
        memory.grow(missing);
        ({ buffer } = memory);
        return true;
      } catch {
        return false;
      }
    },
  };
  if (shared) pools.register(backend, () => pool);
  return backend;
};
