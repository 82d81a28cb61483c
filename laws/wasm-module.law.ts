// The module builder: declarations, imports, globals, locals, and sizes far from small.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Code, moduleBuilder, type ValType } from "../src/backends/wasm/assembler.ts";
import { decodeModule } from "../src/backends/wasm/decoder.ts";
import { countInstructions, disassemble } from "../src/backends/wasm/disassembler.ts";
import type { Op } from "../src/backends/wasm/opcodes.ts";
import { bytesOf, type Exports, instantiate, runAll, withMemory } from "./wasm-harness.ts";

describe("module builder", () => {
  it("functions declared first call each other; a body may define another", () => {
    const module = moduleBuilder();
    const odd = module.declare("odd", ["i32"], ["i32"], true);
    const even = module.declare("even", ["i32"], ["i32"], true);
    const parity = (whenZero: number, other: number, before: () => void) => (code: Code) => {
      const { local, emit, blockTyped } = code;
      const less = local("i32");
      emit("local.get", 0);
      emit("i32.const", 1);
      before();
      emit("i32.sub");
      emit("local.set", less);
      emit("local.get", 0);
      blockTyped("if", "i32");
      emit("local.get", less);
      emit("call", other);
      emit("else");
      emit("i32.const", whenZero);
      emit("end");
    };
    module.define(
      odd,
      parity(0, even, () =>
        module.define(
          even,
          parity(1, odd, () => {}),
        ),
      ),
    );
    const exports = instantiate(module.finish());
    expect([0, 1, 2, 7, 100].map((n) => [exports.odd!(n), exports.even!(n)])).toEqual([
      [0, 1],
      [1, 0],
      [0, 1],
      [1, 0],
      [0, 1],
    ]);
  });
  it("locals follow the parameters, whatever the order of their types", () => {
    const types = fc.constantFrom<ValType>("i32", "i64", "f32", "f64", "v128");
    fc.assert(
      fc.property(fc.array(types, { maxLength: 5 }), fc.array(types, { maxLength: 300 }), (params, locals) => {
        const module = moduleBuilder();
        module.func({
          name: "f",
          params,
          body: ({ local }) => expect(locals.map(local)).toEqual(locals.map((_, i) => params.length + i)),
        });
        const bytes = module.finish();
        expect(WebAssembly.validate(bytes)).toBe(true);
        expect(decodeModule(bytes).funcs[0]!.locals).toEqual(locals);
      }),
    );
  });
  it("imports, globals and several results", () => {
    const module = withMemory();
    const seen: number[] = [];
    const log = module.importFunc("e", "log", ["f64"], []);
    const counter = module.global("i32", true, 40);
    const half = module.global("f64", false, 0.5);
    const big = module.global("i64", false, -3);
    module.func({
      name: "f",
      params: [],
      results: ["i32", "i64"],
      exported: true,
      body: ({ emit }) => {
        emit("global.get", half);
        emit("call", log);
        emit("global.get", counter);
        emit("i32.const", 2);
        emit("i32.add");
        emit("global.set", counter);
        emit("global.get", counter);
        emit("global.get", big);
      },
    });
    const exports = instantiate(module.finish(), { log: (x: number) => seen.push(x) });
    expect([exports.f!(), exports.f!(), seen]).toEqual([
      [42, -3n],
      [44, -3n],
      [0.5, 0.5],
    ]);
  });
  it("a function body of more than 128 KiB", () => {
    const count = 50_000;
    const [sum] = runAll("i32", [
      ({ emit }) => {
        emit("i32.const", 0);
        for (let i = 0; i < count; i++) {
          emit("i32.const", 8192 + (i & 1));
          emit("i32.add");
        }
      },
    ]);
    expect(sum).toBe(count * 8192 + count / 2);
  });
  it("thousands of functions, each calling the one before", () => {
    const module = moduleBuilder();
    const count = 3000;
    for (let i = 0; i < count; i++)
      module.func({
        name: `f${i}`,
        params: ["i32"],
        results: ["i32"],
        exported: i === count - 1,
        body: ({ emit }) => {
          emit("local.get", 0);
          if (i > 0) emit("call", i - 1);
          emit("i32.const", 1);
          emit("i32.add");
        },
      });
    const bytes = module.finish();
    const lazily = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as Exports;
    expect(lazily[`f${count - 1}`]!(5)).toBe(count + 5);
    expect(Object.keys(countInstructions(bytes)).length).toBe(count);
  });
  it("an empty module", () => {
    expect(WebAssembly.validate(moduleBuilder().finish())).toBe(true);
    expect(disassemble(moduleBuilder().finish())).toBe("(module\n)\n");
  });
  it("misuse is told at once", () => {
    const forgotten: readonly (readonly [Op, readonly number[]])[] = [
      ["local.get", []],
      ["f32.load", [2]],
      ["v128.load32_lane", [2, 0]],
      ["i32.const", []],
      ["f64.const", []],
      ["i64.const", []],
      ["i8x16.shuffle", [1, 2, 3]],
      ["v128.const", []],
      ["br_table", []],
    ];
    for (const [op, immediates] of forgotten)
      expect(() => bytesOf(({ emit }) => emit(op, ...immediates)), op).toThrow(`wasm assembler: ${op} needs`);
    expect(() => bytesOf(({ v128const }) => v128const(new Uint8Array(4)))).toThrow("v128.const needs 16 bytes");
    const module = moduleBuilder();
    const f = module.declare("late", []);
    expect(() => module.finish()).toThrow("function late has no body");
    expect(() => module.importFunc("e", "g", [], [])).toThrow("import e.g before the first function");
    expect(() => module.define(7, () => {})).toThrow("function 7 is not declared");
    module.define(f, () => {});
    expect(() => module.define(f, () => {})).toThrow("function 0 is defined twice");
    expect(() => module.global("v128", false, 1)).toThrow("starts as 0");
    expect(() => decodeModule(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 10, 4, 1, 2, 0, 0xd5))).toThrow(RangeError);
  });
});
