// What the engine is asked to do with our modules, and that nothing of it remains afterwards.
import v8 from "node:v8";
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { moduleBuilder } from "../src/backends/wasm/assembler.ts";
import { compileModule, relaxedSimd, threadsSupported } from "../src/backends/wasm/features.ts";

let made = 0;
/** A new module each time (V8 remembers compiled ones by their bytes); `f(x)` is 3x, or x * x + x if fused. */
const fresh = (fused = false): Uint8Array<ArrayBuffer> => {
  const module = moduleBuilder();
  module.func({
    name: "f",
    params: ["f32"],
    results: ["f32"],
    exported: true,
    body: ({ emit }) => {
      emit("i32.const", made++);
      emit("drop");
      for (let i = 0; i < 3; i++) {
        emit("local.get", 0);
        emit("f32x4.splat");
      }
      if (fused) emit("f32x4.relaxed_madd");
      else {
        emit("f32x4.add");
        emit("f32x4.add");
      }
      emit("f32x4.extract_lane", 3);
    },
  });
  return module.finish();
};
type Unary = (x: number) => number;
const call = (module: WebAssembly.Module): Unary => new WebAssembly.Instance(module).exports.f as Unary;

v8.setFlagsFromString("--allow-natives-syntax");
const optimized = new Function("f", "return %IsTurboFanFunction(f)") as (f: Unary) => boolean;
v8.setFlagsFromString("--no-allow-natives-syntax");

/** Whether a module that is none of ours is optimized before and after its first call. */
const stranger = (): readonly boolean[] => {
  const f = call(new WebAssembly.Module(fresh()));
  const before = optimized(f);
  f(1);
  return [before, optimized(f)];
};

describe("compileModule", () => {
  it("optimizes before the first call, and leaves V8's flags as they were", () => {
    expect(stranger()).toEqual([false, false]);
    const f = call(compileModule(fresh()));
    expect([optimized(f), f(2)]).toEqual([true, 6]);
    expect(stranger()).toEqual([false, false]);
  });
  it("restores the flags when the module is invalid", () => {
    expect(() => compileModule(Uint8Array.of(1, 2, 3))).toThrow(WebAssembly.CompileError);
    expect(stranger()).toEqual([false, false]);
  });
  it("keeps the flags that the user gave", () => {
    process.execArgv.push("--no_liftoff");
    v8.setFlagsFromString("--no-liftoff");
    try {
      expect(optimized(call(compileModule(fresh())))).toBe(true);
      expect(stranger()).toEqual([false, true]);
    } finally {
      process.execArgv.pop();
      v8.setFlagsFromString("--liftoff");
    }
  });
  it("relaxed SIMD runs wherever it is promised, also in a worker, and needs no lasting flag", async () => {
    const validated = WebAssembly.validate(fresh(true));
    expect(relaxedSimd()).toBe(true); // every Node that we support has it
    const module = compileModule(fresh(true));
    expect(call(module)(3)).toBe(12);
    expect(WebAssembly.validate(fresh(true))).toBe(validated);
    const worker = new Worker(
      `const { parentPort, workerData } = require("node:worker_threads");
      parentPort.postMessage(new WebAssembly.Instance(workerData).exports.f(4));`,
      { eval: true, workerData: module },
    );
    expect(await new Promise((resolve) => worker.once("message", resolve))).toBe(20);
    await worker.terminate();
  });
  it("threads", () => {
    expect(threadsSupported()).toBe(true);
  });
});
