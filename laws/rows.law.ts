// Eager code whose shapes keep changing compiles each elementwise operation once, and computes what a program of its own would.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jit, np, type NDArray } from "../src/index.ts";
import { compilations } from "../src/runtime/eager.ts";
import { longest } from "../src/runtime/rows.ts";

const compiling = (f: () => void): number => {
  const before = compilations.count;
  f();
  return compilations.count - before;
};
const bits = (x: NDArray): Uint8Array => {
  const data = x.dataSync();
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
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
  it("nothing is written behind the end", () => {
    const x = np.arange(5).astype("float32");
    const made = Array.from({ length: 20 }, (_, i) => np.add(np.ones([i + 1]), i));
    expect(x.js()).toEqual([0, 1, 2, 3, 4]);
    for (const [i, a] of made.entries()) expect(a.js()).toEqual(Array.from({ length: i + 1 }, () => i + 1));
  });
});
