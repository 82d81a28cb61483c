// What the engine can do, and how we make it compile our modules.
import { moduleBuilder } from "./assembler.ts";

/** `node:v8` where there is one (Node, Deno); asked for without an import, so that bundlers and browsers see none. */
const v8 = () => (typeof process === "undefined" ? undefined : process.getBuiltinModule?.("node:v8"));

const opposite = (flag: string): string => (flag.startsWith("no-") ? flag.slice(3) : `no-${flag}`);

/** The flags that the user has not set on the command line: those we may put back to V8's default. */
const ours = (flags: readonly string[]): readonly string[] => {
  const said = process.execArgv.map((argument) => argument.replaceAll("_", "-"));
  return flags.filter((flag) => !said.includes(`--${flag}`));
};

/** Run with V8 flags set, then restore them. They hold for the whole process, but only modules compiled meanwhile see them. */
const withFlags = <T>(flags: readonly string[], action: () => T): T => {
  const engine = v8();
  if (engine === undefined) return action();
  const changed = ours(flags);
  const set = (names: readonly string[]): void => {
    try {
      if (names.length > 0) engine.setFlagsFromString(names.map((name) => `--${name}`).join(" "));
    } catch {
      // Not V8 after all (Bun): it decides alone.
    }
  };
  set(changed);
  try {
    return action();
  } finally {
    set(changed.map(opposite));
  }
};

const relaxedFlag = "experimental-wasm-relaxed-simd";

/** How to get relaxed SIMD: V8 11.3 (Node 20) has it behind a flag that newer ones no longer know, so ask without it first. */
let relaxed: "plain" | "flag" | "absent" | null = null;
const relaxedMode = (): "plain" | "flag" | "absent" => {
  if (relaxed !== null) return relaxed;
  const module = moduleBuilder();
  module.func({
    name: "",
    params: ["v128"],
    results: ["v128"],
    body: ({ emit }) => {
      for (let i = 0; i < 3; i++) emit("local.get", 0);
      emit("f32x4.relaxed_madd");
    },
  });
  const probe = module.finish();
  const accepted = (): boolean => WebAssembly.validate(probe);
  relaxed = accepted() ? "plain" : withFlags([relaxedFlag], accepted) ? "flag" : "absent";
  return relaxed;
};

/** Whether `compileModule` accepts relaxed SIMD; in Node 20 it does, although `WebAssembly.validate` does not. */
export const relaxedSimd = (): boolean => relaxedMode() !== "absent";

const acceptsThreads = (): boolean => {
  const module = moduleBuilder();
  module.importMemory({ module: "", name: "", min: 1, max: 1, shared: true });
  module.func({
    name: "",
    params: [],
    results: ["i32"],
    body: ({ emit }) => {
      emit("i32.const", 0);
      emit("i32.atomic.load", 2, 0);
    },
  });
  return WebAssembly.validate(module.finish());
};

let threads: boolean | null = null;
/** Whether there are shared memories that can be sent to workers, and atomic instructions. */
export const threadsSupported = (): boolean => {
  threads ??= typeof SharedArrayBuffer === "function" && acceptsThreads();
  return threads;
};

// V8 never replaces a running function: what is entered in the baseline tier stays there (13 instead of 33 GFLOP/s).
// Lazily compiled functions would be compiled after the flags are restored, hence eager. Without the baseline tier V8 gives
// up dynamic tiering by itself, but does not come back to it by itself: named here, it is restored too.
const optimizing = ["no-liftoff", "no-wasm-lazy-compilation", "no-wasm-dynamic-tiering"];

/**
 * Compile a module now and, in Node, wholly in the optimizing tier: the first call runs at full speed, and a worker that
 * receives the module does too. About 0.25 ms and 0.2 ms a KB. Throws WebAssembly.CompileError on an invalid module.
 */
export const compileModule = (bytes: Uint8Array<ArrayBuffer>): WebAssembly.Module =>
  withFlags(relaxedMode() === "flag" ? [...optimizing, relaxedFlag] : optimizing, () => new WebAssembly.Module(bytes));
