// Array files: what is written is read back, files that NumPy wrote are understood, and no bytes whatever make a reader throw.
import * as E from "fp-ts/lib/Either.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type DType, type NDArray, np } from "../src/index.ts";
import { Cursor } from "../src/io/bytes.ts";
import * as io from "../src/io/index.ts";

const dtypes: readonly DType[] = ["float32", "float64", "int32", "uint32", "bool", "uint8"];
const integers: { readonly [K in DType]: fc.Arbitrary<number> } = {
  float32: fc.oneof(
    fc.integer({ min: -128, max: 128 }).map((n) => n / 8),
    fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 1e-45, 3.4028234663852886e38),
  ),
  float64: fc.double(),
  int32: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  uint32: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  bool: fc.integer({ min: 0, max: 1 }),
  uint8: fc.integer({ min: 0, max: 255 }),
};
const typed = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  uint32: Uint32Array,
  bool: Uint8Array,
  uint8: Uint8Array,
};
const shapes = fc.array(fc.constantFrom<number>(0, 1, 2, 3, 5), { maxLength: 3 });
const arrays = (kinds: readonly DType[]): fc.Arbitrary<NDArray> =>
  fc.tuple(fc.constantFrom(...kinds), shapes).chain(([dtype, shape]) => {
    const n = shape.reduce((a, b) => a * b, 1);
    return fc
      .array(integers[dtype], { minLength: n, maxLength: n })
      .map((values) => np.reshape(np.array(typed[dtype].from(values), { dtype }), shape));
  });
const look = (x: NDArray): unknown => ({ dtype: x.dtype, shape: [...x.shape], data: x.dataSync() });
const right = <A>(parsed: E.Either<io.FormatError, A>): A => {
  if (E.isLeft(parsed)) throw parsed.left;
  return parsed.right;
};
const left = (parsed: E.Either<io.FormatError, unknown>): string => {
  if (E.isRight(parsed)) throw new Error("it was understood");
  expect(parsed.left).toBeInstanceOf(io.FormatError);
  return parsed.left.message;
};
const base64 = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "base64"));

type Reader = (bytes: Uint8Array) => Promise<E.Either<io.FormatError, unknown>>;
const readers: { readonly [name: string]: readonly [read: Reader, sample: () => Uint8Array] } = {
  npy: [async (b) => io.parseNpy(b), () => io.writeNpy(np.array([[1, 2, 3]]))],
  npz: [(b) => io.parseNpz(b)(), () => io.writeNpz({ a: np.array([1, 2]), b: np.array(true) })],
  idx: [async (b) => io.parseIdx(b), () => io.writeIdx(np.array([[1, 2, 3]], { dtype: "uint8" }))],
  safetensors: [
    async (b) => io.parseSafetensors(b),
    () => io.writeSafetensors({ a: np.array([1, 2]), b: np.array([3], { dtype: "uint8" }) }, { k: "v" }),
  ],
};

describe("io: what is written is read back", () => {
  it("every byte as the character of its code, whatever the engine makes of latin1", () => {
    const codes = Uint8Array.from({ length: 256 }, (_, i) => i),
      text = new Cursor("npy", codes).ascii(256, "codes");
    expect(Array.from(text, (c) => c.charCodeAt(0))).toEqual([...codes]);
  });
  it("npy", () => {
    fc.assert(
      fc.property(arrays(dtypes), (x) => {
        expect(look(right(io.parseNpy(io.writeNpy(x))))).toEqual(look(x));
      }),
    );
  });
  it("idx", () => {
    fc.assert(
      fc.property(arrays(["float32", "float64", "int32", "uint8"]), (x) => {
        expect(look(right(io.parseIdx(io.writeIdx(x))))).toEqual(look(x));
      }),
    );
  });
  const named = fc.dictionary(fc.string({ minLength: 1, unit: "binary-ascii" }), arrays(dtypes), { maxKeys: 4 });
  it("npz", async () => {
    await fc.assert(
      fc.asyncProperty(named, async (xs) => {
        const back = right(await io.parseNpz(io.writeNpz(xs))());
        expect(Object.keys(back).sort()).toEqual(Object.keys(xs).sort());
        for (const [name, x] of Object.entries(xs)) expect(look(back[name] as NDArray)).toEqual(look(x));
      }),
      { numRuns: 40 },
    );
  });
  it("safetensors", () => {
    const notes = fc.dictionary(fc.string(), fc.string(), { maxKeys: 3 });
    fc.assert(
      fc.property(named, notes, (xs, metadata) => {
        fc.pre(!Object.hasOwn(xs, "__metadata__"));
        const back = right(io.parseSafetensors(io.writeSafetensors(xs, metadata)));
        expect(Object.entries(back.metadata).sort()).toEqual(Object.entries(metadata).sort());
        expect(Object.keys(back.tensors).sort()).toEqual(Object.keys(xs).sort());
        for (const [name, x] of Object.entries(xs)) expect(look(back.tensors[name] as NDArray)).toEqual(look(x));
      }),
      { numRuns: 60 },
    );
  });
  it("safetensors are aligned", () => {
    const bytes = io.writeSafetensors({ a: np.ones([3], { dtype: "uint8" }), b: np.ones([2], { dtype: "float64" }) });
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
    expect(header).toEqual({
      b: { dtype: "F64", shape: [2], data_offsets: [0, 16] },
      a: { dtype: "U8", shape: [3], data_offsets: [16, 19] },
    });
  });
});

// Bytes written by numpy.save, numpy.savez and numpy.savez_compressed of NumPy 2.4, and by gzip.
const header = (descr: string, fortran: string, shape: string): string =>
  `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }`.padEnd(117).concat("\n");
const npy = (descr: string, fortran: string, shape: string, ...data: readonly number[]): Uint8Array =>
  Uint8Array.of(0x93, ...Buffer.from("NUMPY"), 1, 0, 118, 0, ...Buffer.from(header(descr, fortran, shape)), ...data);

describe("io: known files", () => {
  it.each([
    [
      "float32",
      npy("<f4", "False", "(2, 2)", 0, 0, 128, 63, 0, 0, 0, 64, 0, 0, 64, 64, 0, 0, 128, 64),
      [
        [1, 2],
        [3, 4],
      ],
    ],
    ["bool", npy("|b1", "False", "(3,)", 1, 0, 1), [true, false, true]],
    ["a scalar", npy("<i4", "False", "()", 7, 0, 0, 0), 7],
    [
      "big endian in Fortran order",
      npy(">i2", "True", "(2, 3)", 0, 1, 0, 4, 0, 2, 0, 5, 0, 3, 255, 250),
      [
        [1, 2, 3],
        [4, 5, -6],
      ],
    ],
    [
      "float16",
      npy("<f2", "False", "(6,)", 0, 62, 0, 128, 1, 0, 255, 123, 0, 124, 0, 126),
      [1.5, -0, 2 ** -24, 65504, Number.POSITIVE_INFINITY, Number.NaN],
    ],
    ["int64", npy("<i8", "False", "(2,)", 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 128, 255, 255, 255, 255), [1, -(2 ** 31)]],
  ])("npy: %s", (_, bytes, values) => {
    expect(right(io.parseNpy(bytes)).js()).toEqual(values);
  });
  it("npy files are the bytes that numpy.save writes", () => {
    const x = np.array([
      [1, 2],
      [3, 4],
    ]);
    expect(io.writeNpy(x)).toEqual(
      npy("<f4", "False", "(2, 2)", 0, 0, 128, 63, 0, 0, 0, 64, 0, 0, 64, 64, 0, 0, 128, 64),
    );
    expect(io.writeNpy(np.array([true]))).toEqual(npy("|b1", "False", "(1,)", 1));
    expect(io.writeNpy(np.array(7, { dtype: "int32" }))).toEqual(npy("<i4", "False", "()", 7, 0, 0, 0));
  });
  it("npz: stored", async () => {
    const file = base64(
      "UEsDBC0AAAAAAAAAIQDzBVMh//////////8FABQAeC5ucHkBABAAiAAAAAAAAACIAAAAAAAAAJNOVU1QWQEAdgB7J2Rlc2NyJzogJzxmNCcsICdmb3J0cmFuX29yZGVyJzogRmFsc2UsICdzaGFwZSc6ICgyLCksIH0gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAKAAAAAAAAgD9QSwECLQMtAAAAAAAAACEA8wVTIYgAAACIAAAABQAAAAAAAAAAAAAAgAEAAAAAeC5ucHlQSwUGAAAAAAEAAQAzAAAAvwAAAAAA",
    );
    const { x } = right(await io.parseNpz(file)());
    expect(look(x as NDArray)).toEqual({ dtype: "float32", shape: [2], data: Float32Array.of(0, 1) });
    expect(left(await io.parseNpz(file.map((b, i) => (i === 190 ? b ^ 1 : b)))())).toContain("checksum");
  });
  it("npz: compressed", async () => {
    const file = base64(
      "UEsDBC0AAAAIAAAAIQBjJYpl//////////8KABQAaW1hZ2VzLm5weQEAEACQAAAAAAAAAEkAAAAAAAAAm+wX6hsQychQxlCtnpJanFykbqWgXlNqqK6joJ6WX1RSlJgXn1+UkgoSd0vMKU4FihdnJBakAvkaJjoKJpo6CrUKZAMudjQAAFBLAwQtAAAACAAAACEAAuy9qf//////////CgAUAGxhYmVscy5ucHkBABAAjAAAAAAAAABMAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6TaaKuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GsY6mjoKtQoUAC4GIGAEYiYgBgBQSwECLQMtAAAACAAAACEAYyWKZUkAAACQAAAACgAAAAAAAAAAAAAAgAEAAAAAaW1hZ2VzLm5weVBLAQItAy0AAAAIAAAAIQAC7L2pTAAAAIwAAAAKAAAAAAAAAAAAAACAAYUAAABsYWJlbHMubnB5UEsFBgAAAAACAAIAcAAAAA0BAAAAAA==",
    );
    const { images, labels } = right(await io.parseNpz(file)());
    expect(look(images as NDArray)).toEqual({ dtype: "uint8", shape: [4, 4], data: new Uint8Array(16).fill(7) });
    expect(look(labels as NDArray)).toEqual({ dtype: "int32", shape: [3], data: Int32Array.of(0, 1, 2) });
  });
  it("idx, gzipped", async () => {
    const file = right(await io.gunzip(base64("H4sIAAAAAAACA2Ng4GBkYGBgZmVgAQB2uuYPCwAAAA=="))());
    expect(look(right(io.parseIdx(file)))).toEqual({ dtype: "uint8", shape: [3], data: Uint8Array.of(5, 0, 4) });
    expect(left(await io.gunzip(file)())).toContain("gzip");
  });
  it("safetensors with bfloat16", () => {
    const text = '{"w":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}';
    const bytes = Uint8Array.of(text.length, 0, 0, 0, 0, 0, 0, 0, ...Buffer.from(text), 0xc0, 0x3f, 0x80, 0xff);
    const { w } = right(io.parseSafetensors(bytes)).tensors;
    expect((w as NDArray).js()).toEqual([1.5, Number.NEGATIVE_INFINITY]);
  });
});

const tensor = (text: string, data = 4): Uint8Array =>
  Uint8Array.of(text.length, 0, 0, 0, 0, 0, 0, 0, ...Buffer.from(text), ...new Uint8Array(data));

describe("io: bad input", () => {
  it.each(Object.keys(readers))("%s: no prefix of a file is a file", async (name) => {
    const [read, sample] = readers[name] as (typeof readers)[string];
    const whole = sample();
    expect(E.isRight(await read(whole))).toBe(true);
    for (let n = 0; n < whole.length; n++) left(await read(whole.subarray(0, n)));
  });
  it.each(Object.keys(readers))("%s: damaged files are understood or reported", async (name) => {
    const [read, sample] = readers[name] as (typeof readers)[string];
    const damage = fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(damage, async (changes) => {
        const bytes = sample();
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        const parsed = await read(bytes);
        if (E.isLeft(parsed)) expect(parsed.left).toBeInstanceOf(io.FormatError);
      }),
      { numRuns: 200 },
    );
  });
  it.each([
    [
      "a type",
      io.parseNpy(npy("<c16", "False", "(1,)")),
      "npy, byte 10: expected a type among b1, i1, i2, i4, i8, u1, u2, u4, u8, f2, f4, f8, got '<c16'",
    ],
    [
      "a version",
      io.parseNpy(Uint8Array.of(0x93, ...Buffer.from("NUMPY"), 9, 0)),
      "npy, byte 6: expected version 1, 2 or 3, got 9",
    ],
    [
      "a large integer",
      io.parseNpy(npy("<i8", "False", "(1,)", 0, 0, 0, 128, 0, 0, 0, 0)),
      "npy, byte 128: expected i64 values of 32 bits, got 2147483648",
    ],
    [
      "missing data",
      io.parseNpy(npy("<f4", "False", "(3,)", 0)),
      "npy, byte 128: expected f32[3], 12 bytes, got the end of the file after 1",
    ],
    [
      "an absurd shape",
      io.parseNpy(npy("<f4", "False", "(999999999, 999999999)")),
      "npy, byte 128: expected a shape of non-negative integers, got [999999999,999999999]",
    ],
    [
      "an idx type",
      io.parseIdx(Uint8Array.of(0, 0, 7, 0)),
      "idx, byte 2: expected a type code among 8, 9, 11, 12, 13, 14, got 7",
    ],
    [
      "a tensor that overlaps",
      io.parseSafetensors(
        tensor(
          '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
        ),
      ),
      'safetensors, byte 8: expected tensor "b" at offset 4, got offset 0',
    ],
    ["a hole", io.parseSafetensors(tensor("{}")), "safetensors, byte 10: expected 0 bytes of data, got 4"],
    [
      "a wrong size",
      io.parseSafetensors(tensor('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}')),
      'safetensors, byte 8: expected tensor "a" with 8 bytes, got offsets 0 to 4',
    ],
    [
      "an unknown dtype",
      io.parseSafetensors(tensor('{"a":{"dtype":"toString","shape":[2],"data_offsets":[0,4]}}')),
      'safetensors, byte 8: expected tensor "a" with a dtype among BOOL, U8, I8, I16, U16, F16, BF16, I32, U32, F32, F64, I64, U64, got "toString"',
    ],
    [
      "no JSON",
      io.parseSafetensors(tensor("[1]")),
      'safetensors, byte 8: expected a header that is a JSON object, got "[1]"',
    ],
  ])("%s", (_, parsed, message) => {
    expect(left(parsed)).toBe(message);
  });
  it("names that are not safe as object keys stay names", () => {
    const xs = Object.fromEntries([["__proto__", np.array([1])]]);
    expect(Object.keys(right(io.parseSafetensors(io.writeSafetensors(xs))).tensors)).toEqual(["__proto__"]);
  });
  it("what a format lacks is refused", () => {
    expect(() => io.writeIdx(np.array([true]))).toThrow(io.FormatError);
    expect(() => io.orThrow(io.parseIdx(new Uint8Array(0)))).toThrow("idx, byte 0");
  });
});

describe("io: trees", () => {
  it("come back as they were", () => {
    const trees = fc.record({
      w: arrays(dtypes),
      layers: fc.array(fc.record({ b: arrays(dtypes) }), { maxLength: 3 }),
    });
    fc.assert(
      fc.property(trees, (x) => {
        const back = right(io.parseTree(x, io.writeTree(x)));
        expect(back.layers.map(({ b }) => look(b))).toEqual(x.layers.map(({ b }) => look(b)));
        expect(look(back.w)).toEqual(look(x.w));
      }),
      { numRuns: 40 },
    );
  });
  const one = { w: np.zeros([2]) };
  it.each([
    ["another shape", { w: np.zeros([3]) }, "safetensors, byte 8: expected w: float32[3], got w: float32[2]"],
    [
      "another dtype",
      { w: np.zeros([2], { dtype: "float64" }) },
      "safetensors, byte 8: expected w: float64[2], got w: float32[2]",
    ],
    [
      "a missing array",
      { ...one, toString: np.array(1) },
      "safetensors, byte 8: expected toString: float32[], got nothing",
    ],
    ["one too many", {}, "safetensors, byte 8: expected no other names, got w"],
  ])("%s", (_, like, message) => {
    expect(left(io.parseTree(like, io.writeTree(one)))).toBe(message);
  });
  it("equal names are refused", () => {
    expect(() => io.writeTree({ "a.b": np.array(1), a: { b: np.array(2) } })).toThrow('two that are called "a.b"');
  });
});
