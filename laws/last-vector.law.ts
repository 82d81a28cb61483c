// Rows that are no multiple of a vector: the last vector overlaps the one before, also where results take the place of operands.
import { describe, expect, it } from "vitest";
import { type DType, jit, type NDArray, np } from "../src/index.ts";

const dtypes: readonly DType[] = ["float32", "float64", "int32", "uint32", "uint8", "bool"];
const rows = 900; // more than the bytes of a small array, so that donated memory is written in place
const filled = (dtype: DType, n: number, seed: number): NDArray => {
  const data = Float64Array.from(
    { length: rows * n },
    (_, i) => ((i * 7 + seed) % 23) - (dtype.startsWith("u") ? 0 : 9),
  );
  return np.reshape(np.array(data, { dtype: "float64" }).astype(dtype), [rows, n]);
};
const same = (x: NDArray, wanted: ArrayLike<number>): boolean => {
  const xs = x.dataSync();
  return xs.length === wanted.length && xs.every((v, i) => v === wanted[i]);
};
const column = (dtype: DType): NDArray => filled(dtype, 1, 5);

describe("the last vector of a row", () => {
  const f = (x: NDArray, c: NDArray): NDArray =>
    x.dtype === "bool" || x.dtype === "uint8" ? np.bitwiseXor(x, c) : np.add(x, np.multiply(c, 3));
  it.each(dtypes)("%s: in place or not, each element is computed once from what it was", (dtype) => {
    for (const n of [5, 7, 10, 19]) {
      const x = filled(dtype, n, 1),
        c = column(dtype),
        xs = x.dataSync(),
        cs = c.dataSync();
      const wanted = xs.map((v, i) => {
        const b = cs[Math.floor(i / n)] as number;
        return dtype === "bool" || dtype === "uint8" ? v ^ b : v + b * 3;
      });
      expect(same(jit(f)(x, c), wanted), `${n} apart`).toBe(true);
      expect(same(jit(f, { donate: [0] })(x, c), wanted), `${n} in place`).toBe(true);
    }
  });
});
