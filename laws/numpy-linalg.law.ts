// Norms against their formulas, over every axis and order, with slopes.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ArgumentError, checkGrads, jit, type NDArray, np } from "../src/index.ts";

const vectorOrders = [2, 1, 0, 3, 0.5, -1, Infinity, -Infinity];
const normOf = (xs: readonly number[], ord: number): number => {
  const sizes = xs.map(Math.abs);
  if (ord === Infinity) return Math.max(...sizes);
  if (ord === -Infinity) return Math.min(...sizes);
  if (ord === 0) return sizes.filter((x) => x !== 0).length;
  return sizes.reduce((s, x) => s + x ** ord, 0) ** (1 / ord);
};
const sums = (rows: readonly (readonly number[])[]): readonly number[] =>
  rows.map((r) => r.reduce((s, x) => s + Math.abs(x), 0));
const transposed = (m: readonly (readonly number[])[]): readonly (readonly number[])[] =>
  (m[0] as readonly number[]).map((_, j) => m.map((r) => r[j] as number));
const matrixNorms: Readonly<Record<string, (m: readonly (readonly number[])[]) => number>> = {
  fro: (m) => normOf(m.flat(), 2),
  "1": (m) => Math.max(...sums(transposed(m))),
  "-1": (m) => Math.min(...sums(transposed(m))),
  Infinity: (m) => Math.max(...sums(m)),
  "-Infinity": (m) => Math.min(...sums(m)),
};
const orderOf = (name: string): "fro" | 1 | -1 => (name === "fro" ? "fro" : (Number(name) as 1 | -1));
const matrix = fc.tuple(fc.constantFrom(1, 2, 3, 5), fc.constantFrom(1, 2, 4)).chain(([m, n]) =>
  fc.array(
    fc.array(
      fc.integer({ min: -8, max: 8 }).map((x) => (x === 0 ? 0.5 : x / 4)),
      { minLength: n, maxLength: n },
    ),
    {
      minLength: m,
      maxLength: m,
    },
  ),
);
const near = (x: NDArray, want: unknown): void =>
  expect(np.allclose(x, want as number[], { rtol: 1e-5, atol: 1e-6 }).item(), `${x} is not ${String(want)}`).toBe(true);

describe("norms", () => {
  it.each(vectorOrders)("of vectors, order %s", (ord) => {
    fc.assert(
      fc.property(matrix, (m) => {
        near(np.linalg.vectorNorm(m, { ord }), normOf(m.flat(), ord));
        near(
          np.linalg.norm(m, ord, 1),
          m.map((r) => normOf(r, ord)),
        );
        near(np.linalg.norm(m, ord, -2, { keepdims: true }), [transposed(m).map((r) => normOf(r, ord))]);
      }),
      { numRuns: 15 },
    );
  });
  it.each(Object.keys(matrixNorms))("of matrices, order %s", (name) => {
    const want = matrixNorms[name] as (m: readonly (readonly number[])[]) => number,
      ord = orderOf(name);
    fc.assert(
      fc.property(matrix, (m) => {
        near(np.linalg.matrixNorm(m, { ord }), want(m));
        near(np.linalg.norm(m, ord), want(m));
        near(np.linalg.norm(m, ord, [1, 0], { keepdims: true }), [[want(transposed(m))]]);
        near(jit((x: NDArray) => np.linalg.matrixNorm(np.stack([x, x]), { ord }))(np.array(m)), [want(m), want(m)]);
      }),
      { numRuns: 10 },
    );
  });
  it("without an order: the root of the sum of squares", () => {
    near(np.linalg.norm(np.ones([2, 3, 4])), Math.sqrt(24));
    near(np.linalg.norm([3, -4]), 5);
    near(np.linalg.norm([]), 0);
  });
  it("slopes", () => {
    const x = np.array(
      [
        [0.5, -2],
        [3, 1.25],
      ],
      { dtype: "float64" },
    );
    for (const ord of [2, 1, 3, 0.5]) checkGrads((y: NDArray) => np.linalg.vectorNorm(y, { ord }), [x], { order: 2 });
    checkGrads((y: NDArray) => np.linalg.norm(y, 1), [x], { order: 1 });
  });
  it("mistakes", () => {
    expect(() => np.linalg.norm([[1]], 2 as never)).toThrow(ArgumentError);
    expect(() => np.linalg.norm([[1]], "nuc" as never)).toThrow(/singular values/);
    expect(() => np.linalg.norm(np.ones([2, 2, 2]), 1)).toThrow(
      /vectors or matrices where an order is given, got 3 axes/,
    );
    expect(() => np.linalg.matrixNorm([1])).toThrow(/expected matrices/);
    expect(() => np.linalg.vectorNorm([1], { ord: "fro" as never })).toThrow(/a number as the order/);
  });
});
