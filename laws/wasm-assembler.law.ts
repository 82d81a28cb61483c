// The assembler, the decoder and the disassembler: what is written reads back and runs.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Code, moduleBuilder } from "../src/backends/wasm/assembler.ts";
import { decodeModule } from "../src/backends/wasm/decoder.ts";
import { countInstructions, disassemble } from "../src/backends/wasm/disassembler.ts";
import { type Op, opcodes } from "../src/backends/wasm/opcodes.ts";
import { bytesOf, instantiate, memory, runAll, withMemory } from "./wasm-harness.ts";

const sizeOf = (body: (code: Code) => void): number => bytesOf(body).length - bytesOf(() => {}).length;

const i32 = fc.oneof(
  fc.integer(),
  fc.integer({ min: -130, max: 130 }),
  fc.constantFrom(-(2 ** 31), 2 ** 31 - 1, 2 ** 32 - 1),
);
const i64 = fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.bigInt({ min: -130n, max: 130n }));
const doubles = fc.oneof(fc.double(), fc.constantFrom(0, -0, Number.NaN, Number.POSITIVE_INFINITY, -1e-320));
const sixteen = fc.uint8Array({ minLength: 16, maxLength: 16 });
const lists = <T>(item: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(item, { minLength: 1, maxLength: 50 });

describe("assembler: constants come back by running", () => {
  it("i32, signed and unsigned, in the shortest LEB128", () => {
    fc.assert(
      fc.property(lists(i32), (values) => {
        expect(
          runAll(
            "i32",
            values.map(
              (value) =>
                ({ emit }) =>
                  emit("i32.const", value),
            ),
          ),
        ).toEqual(values.map((value) => value | 0));
      }),
      { numRuns: 30 },
    );
    const lengths = [0, 63, -64, 64, -65, 8191, 8192, 2 ** 31 - 1, -(2 ** 31)].map((value) =>
      sizeOf(({ emit }) => emit("i32.const", value)),
    );
    expect(lengths).toEqual([2, 2, 2, 3, 3, 3, 4, 6, 6]);
    expect([0, 127, 128].map((index) => sizeOf(({ emit }) => emit("local.get", index)))).toEqual([2, 2, 3]);
  });
  it("i64", () => {
    fc.assert(
      fc.property(lists(i64), (values) => {
        expect(
          runAll(
            "i64",
            values.map(
              (value) =>
                ({ i64const }) =>
                  i64const(value),
            ),
          ),
        ).toEqual(values);
        const numbers = values.map((value) => BigInt.asIntN(50, value));
        expect(
          runAll(
            "i64",
            numbers.map(
              (value) =>
                ({ emit }) =>
                  emit("i64.const", Number(value)),
            ),
          ),
        ).toEqual(numbers);
      }),
      { numRuns: 30 },
    );
  });
  it("f32 and f64, with -0, nan, infinities and subnormals", () => {
    fc.assert(
      fc.property(lists(doubles), (values) => {
        expect(
          runAll(
            "f64",
            values.map(
              (value) =>
                ({ emit }) =>
                  emit("f64.const", value),
            ),
          ),
        ).toEqual(values);
        expect(
          runAll(
            "f32",
            values.map(
              (value) =>
                ({ emit }) =>
                  emit("f32.const", value),
            ),
          ),
        ).toEqual(values.map(Math.fround));
      }),
      { numRuns: 30 },
    );
  });
  it("v128, both ways of writing it", () => {
    fc.assert(
      fc.property(sixteen, (bytes) => {
        const module = withMemory();
        const store = (name: string, constant: (code: Code) => void): void => {
          const body = (code: Code): void => {
            code.emit("i32.const", 32);
            constant(code);
            code.emit("v128.store", 4, 0);
          };
          module.func({ name, params: [], exported: true, body });
        };
        store("a", ({ v128const }) => v128const(bytes));
        store("b", ({ emit }) => emit("v128.const", ...bytes));
        const exports = instantiate(module.finish());
        for (const name of ["a", "b"]) {
          const view = new Uint8Array(memory.buffer, 32, 16).fill(0);
          exports[name]!();
          expect([...view]).toEqual([...bytes]);
        }
      }),
      { numRuns: 30 },
    );
  });
});

/** A random program: instructions with immediates, and blocks of them. */
interface Step {
  readonly op: Op;
  readonly immediates: readonly number[];
}
const plainOps = (Object.keys(opcodes) as Op[]).filter(
  (op) => opcodes[op].immediates !== "block" && op !== "else" && op !== "end",
);
const u32 = fc.oneof(fc.nat({ max: 300 }), fc.integer({ min: 0, max: 2 ** 32 - 1 }));
const immediatesOf = (op: Op): fc.Arbitrary<readonly number[]> => {
  switch (opcodes[op].immediates) {
    case "index":
      return fc.tuple(op === "call" ? fc.constant(0) : u32);
    case "labels":
      return fc.array(u32, { minLength: 1, maxLength: 20 });
    case "memory":
      return fc.tuple(fc.nat(4), u32);
    case "memoryLane":
      return fc.tuple(fc.nat(3), u32, fc.nat(15));
    case "lane":
      return fc.tuple(fc.nat(15));
    case "i32":
    case "i64":
      return fc.tuple(fc.integer());
    case "f32":
    case "f64":
      return fc.tuple(doubles);
    case "v128":
    case "shuffle":
      return sixteen.map((bytes) => [...bytes]);
    default:
      return fc.constant([]);
  }
};
const instruction: fc.Arbitrary<readonly Step[]> = fc
  .constantFrom(...plainOps)
  .chain((op) => immediatesOf(op).map((immediates) => [{ op, immediates }]));
const bare = (op: Op): Step => ({ op, immediates: [] });
const program = fc.letrec<{ block: readonly Step[]; item: readonly Step[] }>((tie) => ({
  item: fc.oneof({ depthSize: "small" }, { weight: 5, arbitrary: instruction }, tie("block")),
  block: fc
    .tuple(fc.constantFrom<Op>("block", "loop", "if"), fc.array(tie("item")), fc.option(fc.array(tie("item"))))
    .map(([op, first, second]) => [
      bare(op),
      ...first.flat(),
      ...(op === "if" && second !== null ? [bare("else"), ...second.flat()] : []),
      bare("end"),
    ]),
})).item;
const programs = fc.array(program, { maxLength: 40 }).map((steps) => steps.flat());

const bodyLines = (text: string): readonly string[] =>
  text.split("\n").filter((line) => /^ {4}/.test(line) && !/^ *\(/.test(line));
const floatBits = (op: Op, value: number): number | bigint => {
  const view = new DataView(new ArrayBuffer(8));
  if (op === "f32.const") view.setFloat32(0, value);
  else view.setFloat64(0, value);
  return op === "f32.const" ? view.getUint32(0) : view.getBigUint64(0);
};
const decoded = ({ op, immediates }: Step): readonly (number | bigint)[] => {
  if (op === "f32.const" || op === "f64.const") return [floatBits(op, immediates[0]!)];
  return op === "i64.const" ? immediates.map(BigInt) : immediates;
};

describe("disassembler: what can be written can be read", () => {
  const assembled = (steps: readonly Step[]): Uint8Array =>
    bytesOf(({ emit }) => {
      for (const { op, immediates } of steps) emit(op, ...immediates);
    });
  it("decoding gives the instructions and their immediates", () => {
    fc.assert(
      fc.property(programs, (steps) => {
        const [func] = decodeModule(assembled(steps)).funcs;
        expect(func!.code.map(({ op }) => op)).toEqual([...steps.map(({ op }) => op), "end"]);
        expect(func!.code.map(({ immediates }) => immediates)).toEqual([...steps.map(decoded), []]);
      }),
    );
  });
  it("the text mentions every instruction in order, a line each, indented by depth", () => {
    fc.assert(
      fc.property(programs, (steps) => {
        const lines = bodyLines(disassemble(assembled(steps)));
        expect(lines.map((line) => line.trim().split(" ")[0])).toEqual(steps.map(({ op }) => op));
        let depth = 2;
        steps.forEach(({ op }, i) => {
          if (op === "end" || op === "else") depth--;
          expect(lines[i]).toMatch(new RegExp(`^ {${2 * depth}}[a-z]`));
          if (op === "else" || opcodes[op].immediates === "block") depth++;
        });
        expect(countInstructions(assembled(steps))).toEqual({ f: steps.length });
      }),
    );
  });
  it("float constants are printed so that they read back", () => {
    fc.assert(
      fc.property(doubles, (value) => {
        const text = bodyLines(
          disassemble(
            bytesOf(({ emit }) => {
              emit("f32.const", value);
              emit("f64.const", value);
            }),
          ),
        ).map((line) => line.trim().split(" ")[1]!.replace("inf", "Infinity").replace("nan", "NaN"));
        expect([Math.fround(Number(text[0])), Number(text[1])]).toEqual([Math.fround(value), value]);
      }),
    );
  });
  it("a whole module", () => {
    const module = moduleBuilder();
    module.importMemory({ module: "env", name: "memory", min: 1, max: 65536, shared: true });
    const log = module.importFunc("env", "log", ["f64"], []);
    module.global("i32", true, -5);
    module.global("v128", false, 0);
    module.func({
      name: "axpy",
      params: ["i32", "f32"],
      results: ["f32"],
      exported: true,
      body: ({ local, emit, blockTyped, v128const }) => {
        const x = local("v128");
        local("v128");
        local("f64");
        emit("f64.const", -0);
        emit("call", log);
        v128const(Uint8Array.of(1, 0, 0, 0, 0, 0, 128, 63, 0, 0, 0, 0, 255, 255, 255, 255));
        emit("local.set", x);
        blockTyped("block", "f32");
        emit("loop");
        emit("local.get", 0);
        emit("v128.load", 4, 32);
        emit("local.get", 0);
        emit("v128.load32_lane", 2, 0, 3);
        emit("f32x4.extract_lane", 1);
        emit("local.get", 0);
        emit("if");
        emit("br", 2);
        emit("else");
        emit("br_table", 0, 1, 0);
        emit("end");
        emit("end");
        emit("f32.const", 0.1);
        emit("end");
      },
    });
    expect(disassemble(module.finish())).toBe(`(module
  (import "env" "memory" (memory 1 65536 shared))
  (import "env" "log" (func $env.log (param f64)))
  (global (mut i32) (i32.const -5))
  (global v128 (v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000))
  (func $axpy (export "axpy") (param i32 f32) (result f32)
    (local v128 v128 f64)
    f64.const -0
    call $env.log
    v128.const i32x4 0x00000001 0x3f800000 0x00000000 0xffffffff
    local.set 2
    block (result f32)
      loop
        local.get 0
        v128.load offset=32 align=16
        local.get 0
        v128.load32_lane align=4 3
        f32x4.extract_lane 1
        local.get 0
        if
          br 2
        else
          br_table 0 1 0
        end
      end
      f32.const 0.1
    end
  )
)
`);
  });
});
