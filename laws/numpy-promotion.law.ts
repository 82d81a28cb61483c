// Operands of np meet in one dtype and one shape, as in JAX.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type DType, DTypeError, type NDArray, np, ShapeError } from "../src/index.ts";
import { broadcastShape, build, plainOf, readBroadcast, shapeOf, toNumpy, toPlain, unsigned } from "./numpy-oracle.ts";

const dtypes = ["bool", "uint8", "uint32", "int32", "float32", "float64"] as const satisfies readonly DType[];
const ones = (dtype: DType): NDArray => np.ones([2], { dtype });
const short: Readonly<Record<DType, string>> = {
  bool: "b1",
  uint8: "u1",
  uint32: "u4",
  int32: "i4",
  float32: "f4",
  float64: "f8",
};

describe("promotion", () => {
  it("two dtypes meet as in this table", () => {
    const table = dtypes.map((a) => dtypes.map((b) => short[np.promoteTypes(a, b)]).join(" "));
    expect(table).toEqual([
      "b1 u1 u4 i4 f4 f8",
      "u1 u1 u4 i4 f4 f8",
      "u4 u4 u4 i4 f4 f8",
      "i4 i4 i4 i4 f4 f8",
      "f4 f4 f4 f4 f4 f8",
      "f8 f8 f8 f8 f8 f8",
    ]);
  });
  it("is commutative, associative and idempotent", () => {
    for (const a of dtypes)
      for (const b of dtypes) {
        expect(np.promoteTypes(a, b)).toBe(np.promoteTypes(b, a));
        expect(np.promoteTypes(a, a)).toBe(a);
        for (const c of dtypes)
          expect(np.promoteTypes(np.promoteTypes(a, b), c)).toBe(np.promoteTypes(a, np.promoteTypes(b, c)));
      }
  });
  // Per dtype of the array: with 2, with 0.5, with a list [2, 2], with [0.5, 2].
  const weak: Readonly<Record<DType, readonly [DType, DType]>> = {
    bool: ["int32", "float32"],
    uint8: ["uint8", "float32"],
    uint32: ["uint32", "float32"],
    int32: ["int32", "float32"],
    float32: ["float32", "float32"],
    float64: ["float64", "float64"],
  };
  it.each(dtypes)("numbers are weak beside %s", (dtype) => {
    const [integral, fractional] = weak[dtype];
    for (const two of [2, [2, 2]]) {
      expect(np.resultType(ones(dtype), two)).toBe(integral);
      expect(np.resultType(two, ones(dtype))).toBe(integral);
    }
    for (const half of [0.5, [0.5, 2], Number.NaN, Number.POSITIVE_INFINITY, 2 ** 40])
      expect(np.resultType(half, ones(dtype))).toBe(fractional);
  });
  it("weakness does not depend on the order of operands", () => {
    expect(np.resultType(1, np.array([true]), ones("float64"))).toBe("float64");
    expect(np.resultType(ones("float64"), 1, np.array([true]))).toBe("float64");
    expect(np.resultType(0.5, ones("int32"), np.array([true]))).toBe("float32");
    expect(np.resultType(1, 2)).toBe("float32");
    expect(np.resultType(true, 1)).toBe("int32");
  });
  it.each(dtypes)("arithmetic of %s", (dtype) => {
    const computed = dtype === "uint8" ? "int32" : dtype,
      real = dtype === "float64" ? "float64" : "float32";
    expect(np.add(ones(dtype), ones(dtype)).dtype).toBe(computed);
    expect(np.multiply(ones(dtype), ones(dtype)).dtype).toBe(computed);
    expect(np.maximum(ones(dtype), ones(dtype)).dtype).toBe(computed);
    expect(np.divide(ones(dtype), ones(dtype)).dtype).toBe(real);
    expect(np.exp(ones(dtype)).dtype).toBe(real);
    expect(np.sum(ones(dtype)).dtype).toBe(dtype === "bool" ? "int32" : computed);
    expect(np.mean(ones(dtype)).dtype).toBe(real);
    expect(np.where(true, ones(dtype), ones(dtype)).dtype).toBe(dtype);
    expect(np.concatenate([ones(dtype), ones(dtype)]).dtype).toBe(dtype);
    expect(np.less(ones(dtype), 2).dtype).toBe("bool");
  });
  it("float64 stays float64 where a number joins, to the last digit", () => {
    const x = np.array([1], { dtype: "float64" });
    expect(x.add(0.1).item()).toBe(1.1);
    expect(np.add([0.1], x).item()).toBe(1.1);
    expect(np.array([0.1], { dtype: "float64" }).item()).toBe(0.1);
    expect(np.full([1], 0.1, { dtype: "float64" }).item()).toBe(0.1);
  });
  it("bool adds as or, multiplies as and, does not subtract", () => {
    const x = np.array([true, true, false]),
      y = np.array([true, false, false]);
    expect(np.add(x, y).js()).toEqual([true, true, false]);
    expect(np.multiply(x, y).js()).toEqual([true, false, false]);
    expect(() => np.subtract(x, y)).toThrow(DTypeError);
    expect(np.subtract(x, 1).js()).toEqual([0, 0, -1]);
  });
});

describe("conversion", () => {
  it("of numbers agrees with conversion of arrays", () => {
    const numbers = [
      0,
      -0,
      0.5,
      -0.5,
      1.9,
      -1.9,
      255,
      256,
      -1,
      2 ** 31,
      -(2 ** 31),
      2 ** 32 + 8,
      1e20,
      -1e20,
      Number.NaN,
    ];
    for (const dtype of dtypes)
      for (const v of numbers) {
        const wraps = Number.isInteger(v) && v >= -(2 ** 31) && v < 2 ** 32 && dtype !== "uint8";
        const expected = wraps ? np.array(v, { dtype }) : np.array(v, { dtype: "float64" }).astype(dtype);
        expect([dtype, v, np.array([v], { dtype }).slice(0).item()]).toEqual([dtype, v, expected.item()]);
      }
  });
  it("integers of 32 bits wrap", () => {
    expect(np.array([2 ** 31, -1], { dtype: "int32" }).js()).toEqual([-(2 ** 31), -1]);
    expect(np.array([2 ** 31, -1], { dtype: "uint32" }).js()).toEqual([2 ** 31, 2 ** 32 - 1]);
  });
  it("lists of arrays are stacked", () => {
    const x = np.array([1, 2]);
    expect(np.array([x, [3, 4], x.mul(2)]).js()).toEqual([
      [1, 2],
      [3, 4],
      [2, 4],
    ]);
    expect(np.array([[x.slice(0), 7]]).shape).toEqual([1, 2]);
    expect(() => np.array([x, [1, 2, 3]])).toThrow(ShapeError);
  });
});

describe("broadcasting", () => {
  const pair = fc.tuple(plainOf(shapeOf()), plainOf(shapeOf()));
  it("agrees with plain loops, or throws", () => {
    let met = 0;
    fc.assert(
      fc.property(pair, ([x, y]) => {
        const shape = broadcastShape(x.shape, y.shape),
          f = () => np.subtract(toNumpy(x), toNumpy(y));
        if (shape === null) {
          expect(f).toThrow(ShapeError);
          return;
        }
        met++;
        expect(unsigned(toPlain(f()))).toEqual(
          unsigned(build(shape, (at) => readBroadcast(x, at) - readBroadcast(y, at))),
        );
      }),
      { numRuns: 200 },
    );
    expect(met).toBeGreaterThan(20);
  });
  it("broadcastTo repeats, and refuses to shrink", () => {
    fc.assert(
      fc.property(plainOf(shapeOf()), shapeOf(), (x, shape) => {
        const fits = broadcastShape(x.shape, shape);
        if (fits === null || fits.length !== shape.length || fits.some((d, i) => d !== shape[i]))
          expect(() => np.broadcastTo(toNumpy(x), shape)).toThrow(ShapeError);
        else expect(toPlain(np.broadcastTo(toNumpy(x), shape))).toEqual(build(shape, (at) => readBroadcast(x, at)));
      }),
      { numRuns: 200 },
    );
  });
  it("names the operation and both shapes", () => {
    expect(() => np.add(np.zeros([2, 3]), np.zeros([2]))).toThrow(
      /add: expected shapes that broadcast .*, got \[2,3\] and \[2\].*remedy/s,
    );
  });
});
