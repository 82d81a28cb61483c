// Every instruction of the table: accepted by the engine with the operands its name says, and doing what its name says.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Code, type ModuleBuilder, moduleBuilder, type ValType } from "../src/backends/wasm/assembler.ts";
import { compileModule, relaxedSimd } from "../src/backends/wasm/features.ts";
import { type Op, opcodes } from "../src/backends/wasm/opcodes.ts";
import { loadModelOf, modelOf, signatureOf, storeModelOf } from "./wasm-model.ts";

const control = new Set<Op>(
  "unreachable nop else end return drop select i32.const i64.const f32.const f64.const v128.const".split(" ") as Op[],
);
const ops = (Object.keys(opcodes) as Op[]).filter(
  (op) => !control.has(op) && !["block", "index", "labels"].includes(opcodes[op].immediates),
);
const isRelaxed = (op: Op): boolean => op.includes("relaxed");
const lane = 1;
/** `i8x16.shuffle` takes one byte of each operand in turn. */
const lanes = Array.from({ length: 16 }, (_, i) => (i % 2) * 16 + ((5 * i) % 16));
const alignOf = (op: Op): number => (opcodes[op].prefix === 0xfe ? 2 : 0);
const immediatesOf = (op: Op): readonly number[] =>
  (
    ({ memory: [alignOf(op), 0], memoryLane: [0, 0, lane], lane: [lane], shuffle: lanes }) as Readonly<
      Record<string, readonly number[]>
    >
  )[opcodes[op].immediates] ?? [];

const shared = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
const bytes = new Uint8Array(shared.buffer);
const withShared = (): ModuleBuilder => {
  const module = moduleBuilder();
  module.importMemory({ module: "e", name: "memory", min: 1, max: 1, shared: true });
  return module;
};
type Exports = Readonly<Record<string, () => void>>;
const instantiate = (module: ModuleBuilder): Exports =>
  new WebAssembly.Instance(compileModule(module.finish()), { e: { memory: shared } }).exports as unknown as Exports;

const typed = (type: ValType, kind: "load" | "store"): Op => `${type}.${kind}`;
/** A function that applies `op` to the operands at 0, 16, 32 and leaves the result at 64. */
const addApplying = (module: ModuleBuilder, op: Op): void => {
  const { params, result } = signatureOf(op);
  const body = ({ emit }: Code): void => {
    if (result !== null) emit("i32.const", 64);
    params.forEach((type, i) => {
      emit("i32.const", 16 * i);
      emit(typed(type, "load"), 0, 0);
    });
    emit(op, ...immediatesOf(op));
    if (result !== null) emit(typed(result, "store"), 0, 0);
  };
  module.func({ name: op, params: [], exported: true, body });
};
/** Whole operands: a 64-bit one must not see what was there before. */
const words = (...values: readonly number[]): readonly Uint8Array[] =>
  values.map((value) => new Uint8Array(Int32Array.of(value, 0, 0, 0).buffer));
const apply = (exports: Exports, op: Op, operands: readonly Uint8Array[]): Uint8Array | "trap" => {
  bytes.fill(0, 64, 80);
  for (const [i, operand] of operands.entries()) bytes.set(operand, 16 * i);
  try {
    exports[op]!();
  } catch {
    return "trap";
  }
  return bytes.slice(64, 80);
};

describe("instructions: the engine accepts them", () => {
  it("the table has all of them", () => {
    expect([Object.keys(opcodes).length, ops.length]).toEqual([451, 427]);
  });
  it("with the operands that the name says", () => {
    const refused = ops.filter((op) => {
      if (isRelaxed(op) && !relaxedSimd()) return false;
      const module = withShared();
      addApplying(module, op);
      try {
        return compileModule(module.finish()) === null;
      } catch {
        return true;
      }
    });
    expect(refused).toEqual([]);
  });
});

const numeric = ops.filter(
  (op) => opcodes[op].prefix !== 0xfe && /^[fiv]\d/.test(op) && !/load|store|dot_\w+i7|q15mulr_s$/.test(op),
);
const specials = [
  0,
  -0,
  1,
  -1,
  0.5,
  1.5,
  2.5,
  -2.5,
  1e10,
  -1e10,
  2 ** 31,
  2 ** 63,
  1e39,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  -1e300,
];
const float32s = fc.array(fc.oneof(fc.float(), fc.constantFrom(...specials)), { minLength: 4, maxLength: 4 });
const float64s = fc.array(fc.oneof(fc.double(), fc.constantFrom(...specials)), { minLength: 2, maxLength: 2 });
const edge = fc.constantFrom(0, 1, 127, 128, 255);
const operand = fc.oneof(
  fc.uint8Array({ minLength: 16, maxLength: 16 }),
  fc.array(edge, { minLength: 16, maxLength: 16 }).map((list) => Uint8Array.from(list)),
  float32s.map((list) => new Uint8Array(Float32Array.from(list).buffer)),
  float64s.map((list) => new Uint8Array(Float64Array.from(list).buffer)),
);
/** Where the relaxed instructions leave no choice: small dyadic floats, full masks, indices in range. */
const tame = (op: Op): fc.Arbitrary<Uint8Array> => {
  const small = fc.integer({ min: 0, max: 64 });
  if (op.startsWith("f32x4") || op.includes("f32x4"))
    return fc
      .array(small, { minLength: 4, maxLength: 4 })
      .map((list) => new Uint8Array(Float32Array.from(list, (x) => x / 4).buffer));
  if (op.startsWith("f64x2") || op.includes("f64x2"))
    return fc
      .array(small, { minLength: 2, maxLength: 2 })
      .map((list) => new Uint8Array(Float64Array.from(list, (x) => x / 4).buffer));
  const masks = fc.array(fc.constantFrom(0n, -1n), { minLength: 2, maxLength: 2 });
  if (op.includes("laneselect")) return masks.map((list) => new Uint8Array(BigInt64Array.from(list).buffer));
  return fc.array(fc.nat(15), { minLength: 16, maxLength: 16 }).map((list) => Uint8Array.from(list));
};

/** Bytes as they may be compared: the bits of a NaN are the engine's choice. */
const comparable = (op: Op, result: Uint8Array | "trap"): unknown => {
  const signs = /\.(abs|neg|copysign|splat|\w+_lane|reinterpret_\w+|pmin|pmax)$/.test(op);
  if (result === "trap" || signs) return result;
  if (op.startsWith("f32")) return [...new Float32Array(result.buffer)];
  return op.startsWith("f64") ? [...new Float64Array(result.buffer)] : result;
};
const modelled = (op: Op, operands: readonly Uint8Array[]): Uint8Array | "trap" => {
  try {
    return modelOf(op, operands, lane);
  } catch (error) {
    if (error instanceof RangeError && error.message === "trap") return "trap";
    throw error;
  }
};

describe("instructions: each does what its name says", () => {
  const module = withShared();
  const runnable = numeric.filter((op) => !isRelaxed(op) || relaxedSimd());
  for (const op of runnable) addApplying(module, op);
  const exports = instantiate(module);
  it.each(runnable.filter((op) => op !== "i8x16.shuffle"))("%s", (op) => {
    const one = isRelaxed(op) ? tame(op) : operand;
    const count = signatureOf(op).params.length;
    fc.assert(
      fc.property(fc.array(one, { minLength: count, maxLength: count }), (operands) => {
        expect(comparable(op, apply(exports, op, operands))).toEqual(comparable(op, modelled(op, operands)));
      }),
      { numRuns: 100 },
    );
  });
  it("i8x16.shuffle", () => {
    const operands = [Uint8Array.from(lanes.keys()), Uint8Array.from(lanes.keys(), (i) => i + 16)];
    expect(apply(exports, "i8x16.shuffle", operands)).toEqual(Uint8Array.from(lanes));
  });
});

describe("instructions: memory", () => {
  const at = 200;
  const offset = 300;
  const access = ops.filter((op) => opcodes[op].immediates.startsWith("memory") && opcodes[op].prefix !== 0xfe);
  const loads = access.filter((op) => op.includes("load"));
  const stores = access.filter((op) => op.includes("store"));
  const immediates = (op: Op): readonly number[] => [0, offset, ...(op.endsWith("_lane") ? [lane] : [])];
  const module = withShared();
  for (const op of loads)
    module.func({
      name: op,
      params: [],
      exported: true,
      body: ({ emit }) => {
        emit("i32.const", 64);
        emit("i32.const", at);
        if (op.endsWith("_lane")) {
          emit("i32.const", 0);
          emit("v128.load", 0, 0);
        }
        emit(op, ...immediates(op));
        emit(typed(signatureOf(op).result!, "store"), 0, 0);
      },
    });
  for (const op of stores)
    module.func({
      name: op,
      params: [],
      exported: true,
      body: ({ emit }) => {
        emit("i32.const", at);
        emit("i32.const", 0);
        emit(typed(signatureOf(op).params[1]!, "load"), 0, 0);
        emit(op, ...immediates(op));
      },
    });
  const exports = instantiate(module);
  const sixteen = fc.uint8Array({ minLength: 16, maxLength: 16 });
  it("loads of every width and form", () => {
    expect(loads.length).toBe(31);
    fc.assert(
      fc.property(fc.constantFrom(...loads), sixteen, sixteen, (op, source, vector) => {
        bytes.set(source, at + offset);
        expect(apply(exports, op, [vector])).toEqual(loadModelOf(op, source, vector, lane));
      }),
      { numRuns: 1000 },
    );
  });
  it("stores of every width and form, and not a byte more", () => {
    expect(stores.length).toBe(14);
    fc.assert(
      fc.property(fc.constantFrom(...stores), sixteen, sixteen, (op, before, vector) => {
        bytes.set(before, at + offset);
        apply(exports, op, [vector]);
        const stored = storeModelOf(op, vector, lane);
        expect([...bytes.slice(at + offset, at + offset + 16)]).toEqual([...stored, ...before.slice(stored.length)]);
      }),
      { numRuns: 1000 },
    );
  });
  it("atomics", () => {
    const memory = new Int32Array(shared.buffer);
    const module = withShared();
    const atomics = ops.filter((op) => op.startsWith("i32.atomic"));
    for (const op of atomics) addApplying(module, op);
    for (const op of ["memory.atomic.notify", "memory.atomic.wait32"] as const) addApplying(module, op);
    const exports = instantiate(module);
    const start = 400;
    const left = (op: Op, ...operands: readonly number[]): readonly number[] => {
      memory[start / 4] = 10;
      apply(exports, op, words(start, ...operands));
      return [memory[start / 4]!, memory[16]!];
    };
    expect(left("i32.atomic.load")).toEqual([10, 10]);
    expect(left("i32.atomic.store", 7)).toEqual([7, 0]);
    expect(left("i32.atomic.rmw.add", 7)).toEqual([17, 10]);
    expect(left("i32.atomic.rmw.sub", 7)).toEqual([3, 10]);
    expect(left("i32.atomic.rmw.xchg", 7)).toEqual([7, 10]);
    expect(left("i32.atomic.rmw.cmpxchg", 10, 7)).toEqual([7, 10]);
    expect(left("i32.atomic.rmw.cmpxchg", 11, 7)).toEqual([10, 10]);
    expect(left("memory.atomic.notify", 1)).toEqual([10, 0]);
    expect(left("memory.atomic.wait32", 11, 0)).toEqual([10, 1]); // not equal
    expect(left("memory.atomic.wait32", 10, 0)).toEqual([10, 2]); // timed out
    expect(atomics.length).toBe(6);
  });
  it("whole memory", () => {
    const module = withShared();
    for (const op of ["memory.size", "memory.grow", "memory.copy", "memory.fill"] as const) addApplying(module, op);
    const exports = instantiate(module);
    expect(apply(exports, "memory.size", [])).toEqual(apply(exports, "memory.grow", words(0)));
    expect(bytes[64]).toBe(1);
    expect(apply(exports, "memory.grow", words(1)).slice(0, 4)).toEqual(Uint8Array.of(255, 255, 255, 255));
    apply(exports, "memory.fill", words(499, 0, 9));
    apply(exports, "memory.fill", words(500, 7, 3));
    apply(exports, "memory.copy", words(502, 499, 3));
    expect([...bytes.slice(499, 506)]).toEqual([0, 7, 7, 0, 7, 7, 0]);
  });
});
