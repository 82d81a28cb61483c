// Small modules for the laws of the assembler.
import { type Code, type ModuleBuilder, moduleBuilder, type ValType } from "../src/backends/wasm/assembler.ts";
import { compileModule } from "../src/backends/wasm/features.ts";

/** Exported functions. */
export type Exports = Readonly<Record<string, (...args: readonly (number | bigint)[]) => number | bigint | undefined>>;

/** The memory of all modules here, imported as `e.memory`. */
export const memory = new WebAssembly.Memory({ initial: 1 });
/** Compile, instantiate with imports of the namespace `e`, and give the exports. */
export const instantiate = (bytes: Uint8Array<ArrayBuffer>, imports: WebAssembly.ModuleImports = {}): Exports =>
  new WebAssembly.Instance(compileModule(bytes), { e: { memory, ...imports } }).exports as Exports;
/** A module that imports the memory. */
export const withMemory = (): ModuleBuilder => {
  const module = moduleBuilder();
  module.importMemory({ module: "e", name: "memory", min: 1 });
  return module;
};
/** The results of functions without parameters, all in one module. */
export const runAll = (
  result: ValType,
  bodies: readonly ((code: Code) => void)[],
): readonly (number | bigint | undefined)[] => {
  const module = withMemory();
  for (const [i, body] of bodies.entries())
    module.func({ name: `f${i}`, params: [], results: [result], exported: true, body });
  const exports = instantiate(module.finish());
  return bodies.map((_, i) => exports[`f${i}`]!());
};
/** A module of one function `f` without parameters. */
export const bytesOf = (body: (code: Code) => void): Uint8Array => {
  const module = moduleBuilder();
  module.func({ name: "f", params: [], body });
  return module.finish();
};
