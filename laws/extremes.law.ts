// The greatest and the least float of a row: NaN wherever it stands is handed on, and -0 is less than 0.
import { describe, expect, it } from "vitest";
import { np } from "../src/index.ts";

const odd = [Number.NaN, -Number.NaN, 0, -0, 1, -1, Infinity, -Infinity, 1e-42, -1e-42, 3e38];
// Mostly the same few, so that rows of nothing but zeros, or without NaN, are there.
const drawn = (rows: number, n: number): readonly (readonly number[])[] => {
  let state = 12345;
  const next = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  return Array.from({ length: rows }, () => {
    const few = Array.from({ length: 1 + next(3) }, () => odd[next(odd.length)] as number);
    return Array.from({ length: n }, () => few[next(few.length)] as number);
  });
};

describe("the extreme of a row", () => {
  const cases = [4, 7, 24, 50, 210].flatMap((n) => (["float32", "float64"] as const).map((dtype) => ({ n, dtype })));
  it.each(cases)("of $n numbers in $dtype", ({ n, dtype }) => {
    const rows = drawn(600, n),
      x = np.array(rows.flat(), { dtype }).reshape(rows.length, n),
      of = (f: (...x: readonly number[]) => number) =>
        rows.map((row) => f(...(dtype === "float32" ? row.map(Math.fround) : row)));
    expect([...np.max(x, 1).dataSync()]).toEqual(of(Math.max));
    expect([...np.min(x, 1).dataSync()]).toEqual(of(Math.min));
  });
  it("the rows tell zeros and NaN apart", () => {
    const rows = drawn(600, 24),
      zeros = rows.filter((r) => r.every((v) => v === 0));
    for (const z of [0, -0]) expect(zeros.some((r) => Object.is(Math.max(...r), z))).toBe(true);
    expect(zeros.some((r) => !Object.is(Math.max(...r), Math.min(...r)))).toBe(true);
    expect(rows.some((r) => Number.isNaN(Math.max(...r)) && !Number.isNaN(r[23]))).toBe(true);
  });
});
