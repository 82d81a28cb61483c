// The WebAssembly backend: one growing memory that all modules share.
import { hostsOf } from "../../kernel/print.ts";
import type { Backend, Executable, Plan, Program } from "../../kernel/program.ts";
import { disassemble } from "./disassembler.ts";
import { emitProgram } from "./emit.ts";
import { compileModule, relaxedSimd } from "./features.ts";

const page = 65536;
const maxPages = 65536;
// The table of addresses lies in the guard zone at the start of memory, which no array occupies.
const tableAt = 1024,
  tableSize = 1 << 16;

/** A backend with a memory of its own; it grows up to 4 GiB. */
export const wasmBackend = (): Backend => {
  const memory = new WebAssembly.Memory({ initial: 32, maximum: maxPages });
  let table = new Int32Array(memory.buffer, tableAt, tableSize);
  // Where the addresses of the next run go: a program that calls JavaScript may be running already.
  let top = 0;
  const compile = (program: Program, plan: Plan): Executable => {
    const bytes = emitProgram(program, plan, { relaxed: relaxedSimd(), maxPages, shared: false });
    const hosts = hostsOf(program.steps).map(({ call }, i) => [
      `host${i}`,
      (...addresses: readonly number[]): void => call(() => memory.buffer, addresses),
    ]);
    const instance = new WebAssembly.Instance(compileModule(bytes), { env: { memory, ...Object.fromEntries(hosts) } });
    const { main } = instance.exports as { readonly main: (table: number, arena: number) => void },
      n = program.inputs.length;
    return {
      run: (inputs, outputs, arena) => {
        if (table.buffer !== memory.buffer) table = new Int32Array(memory.buffer, tableAt, tableSize);
        const at = top;
        top += n + outputs.length;
        if (top > tableSize) throw new RangeError("programs are nested too deeply");
        try {
          for (let i = 0; i < n; i++) table[at + i] = inputs[i] as number;
          for (let i = 0; i < outputs.length; i++) table[at + n + i] = outputs[i] as number;
          main(tableAt + at * 4, arena);
        } finally {
          top = at;
        }
      },
      text: () => disassemble(bytes),
      codeBytes: bytes.length,
    };
  };
  return {
    name: "wasm",
    maxBytes: maxPages * page,
    compile,
    memory: () => memory.buffer,
    grow: (bytes) => {
      const missing = Math.ceil((bytes - memory.buffer.byteLength) / page);
      if (missing <= 0) return true;
      try {
        memory.grow(missing);
        return true;
      } catch {
        return false;
      }
    },
  };
};
