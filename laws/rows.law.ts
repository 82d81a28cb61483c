// Eager code whose shapes keep changing compiles each elementwise operation once, and computes what a program of its own would.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DonatedError, jit, np, type NDArray, ShapeError } from "../src/index.ts";
import { compilations } from "../src/runtime/eager.ts";
import { longest } from "../src/runtime/rows.ts";
import { stats } from "../src/runtime/stats.ts";

const compiling = (f: () => void): number => {
  const before = compilations.count;
  f();
  return compilations.count - before;
};
const bits = (x: NDArray): Uint8Array => {
  const data = x.dataSync();
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
};
/** Where two arrays differ, all NaN being one and zeros having signs. */
const differs = (x: NDArray, y: NDArray): number => {
  const [a, b] = [x.dataSync(), y.dataSync()];
  return a.length === b.length ? a.findIndex((v, i) => !Object.is(v, b[i])) : 0;
};
const operations: Readonly<Record<string, (x: NDArray, y: NDArray) => NDArray>> = {
  add: (x, y) => np.add(x, y),
  less: (x, y) => np.less(x, y),
  where: (x, y) => np.where(np.less(x, y), x, y),
  exp: (x) => np.exp(x),
  tanh: (x) => np.tanh(x),
  int: (x) => x.astype("int32"),
  double: (x) => x.astype("float64"),
  full: (x) => np.full(x.shape, 3),
  number: (x) => np.add(x, x.size),
  between: (x) => np.clip(x, 0.25, np.array(0.5)),
};

describe("rows", () => {
  for (const [name, f] of Object.entries(operations))
    it(`${name}: one loop for all shapes`, () => {
      const of = (shape: readonly number[]): NDArray => np.ones(shape);
      f(of([7]), of([7]));
      expect(
        compiling(() => {
          for (let n = 1; n < 40; n++) f(of([n]), of([n]));
          for (const shape of [[2, 3], [1], [5, 1, 4], [longest], [64, 32]]) f(of(shape), of(shape));
        }),
      ).toBe(0);
    });
  it("the same bits as in a program of its own", () => {
    const lengths = fc.oneof(
      fc.integer({ min: 1, max: 70 }),
      fc.constantFrom(1023, 4096, longest - 1, longest, longest + 1),
    );
    fc.assert(
      fc.property(
        lengths,
        fc.constantFrom(...Object.keys(operations)),
        fc.integer({ min: -3, max: 3 }),
        (n, name, start) => {
          const f = operations[name] as (x: NDArray, y: NDArray) => NDArray,
            x = np.linspace(start, 4, n).astype("float32"),
            y = np.linspace(2, -start, n).astype("float32"),
            eager = f(x, y);
          expect(eager.shape).toEqual([n]);
          expect(Buffer.compare(bits(eager), bits(jit(f)(x, y)))).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });
  const dtypes = ["float32", "float64", "int32", "uint32", "uint8", "bool"] as const;
  it("numbers in operations on arrays give what they give in a program", () => {
    const withNumber: Readonly<Record<string, (x: NDArray, s: NDArray | number) => NDArray>> = {
      add: (x, s) => np.add(x, s),
      fromLeft: (x, s) => np.divide(s, np.add(x, 3)),
      maximum: (x, s) => np.maximum(x, s),
      equal: (x, s) => np.equal(x, s),
      where: (x, s) => np.where(np.less(x, s), x, s),
      clip: (x, s) => np.clip(x, s, 2),
      both: (x, s) => np.add(np.multiply(np.full(x.shape, 3), s), np.multiply(np.ones(x.shape), x)),
      product: (x, s) => np.matmul(np.reshape(x, [1, -1]), np.add(np.zeros([x.size, 2]), s)),
    };
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.keys(withNumber)),
        fc.constantFrom(...dtypes),
        fc.constantFrom(1, 5, 2000, longest + 1),
        fc.constantFrom(0, 1, -0, 2.5, -3, Number.NaN),
        (name, dtype, n, s) => {
          const f = withNumber[name] as (x: NDArray, s: NDArray | number) => NDArray,
            x = np.linspace(0, 4, n).astype(dtype),
            eager = f(x, s),
            program = jit((a: NDArray, b: NDArray) => f(a, b));
          expect(differs(eager, jit((a: NDArray) => f(a, s))(x))).toBe(-1);
          // An array without axes is not weak: of the dtype of the result it says the same.
          if (eager.dtype !== dtype || name === "product") return;
          const same = np.array(s).astype(dtype);
          expect(differs(f(x, same), program(x, same))).toBe(-1);
        },
      ),
      { numRuns: 80 },
    );
  });
  it("an array full of one number takes memory when somebody needs it, and is like any other", () => {
    const before = stats(),
      x = np.full([1000, 1000], 7);
    expect(np.add(x, np.ones([1000, 1000])).shape).toEqual([1000, 1000]);
    expect(stats().liveBytes).toBe(before.liveBytes);
    expect(np.sum(np.add(x, 1)).item()).toBe(8e6);
    const step = jit((a: NDArray) => np.add(a, 1), { donate: [0] });
    expect(step(step(x)).slice(999, 999).item()).toBe(9);
    expect(() => np.add(x, 1)).toThrow(DonatedError);
    expect(() => np.add(np.ones([2, 3]), np.ones([2, 4]))).toThrow(ShapeError);
    expect(jit((a: NDArray) => [a, a])(np.full([2000], 3)).map((a) => np.sum(a).item())).toEqual([6000, 6000]);
    const s = np.array(5),
      y = np.add(np.zeros([3]), s);
    jit((a: NDArray) => np.add(a, 1), { donate: [0] })(s);
    expect(y.js()).toEqual([5, 5, 5]);
  });
  it("nothing is written behind the end", () => {
    const x = np.arange(5).astype("float32");
    const made = Array.from({ length: 20 }, (_, i) => np.add(np.ones([i + 1]), i));
    expect(x.js()).toEqual([0, 1, 2, 3, 4]);
    for (const [i, a] of made.entries()) expect(a.js()).toEqual(Array.from({ length: i + 1 }, () => i + 1));
  });
});
