// Rows that are no whole number of vectors: every width gives what plain loops give, also where memory of operands is given away.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { configure, explain, grad, jit, lax, type NDArray, np } from "../src/index.ts";

const pool = (x: NDArray, k: number): NDArray =>
  lax.reduceWindow(x, Number.NEGATIVE_INFINITY, np.maximum, [1, k, k], [1, k, k], "VALID");
const cells = (rows: number, height: number, width: number): number[] =>
  Array.from({ length: rows * height * width }, (_, i) => (i * 7919) % 1009);

describe("short rows", () => {
  it("pools and their gradients, of every width", () => {
    const of = fc.record({
      rows: fc.integer({ min: 1, max: 9 }),
      height: fc.integer({ min: 1, max: 5 }),
      width: fc.integer({ min: 1, max: 70 }),
      k: fc.constantFrom(2, 2, 3),
      dtype: fc.constantFrom("float32" as const, "float32" as const, "float64" as const, "int32" as const),
      threads: fc.constantFrom(1, 2),
    });
    fc.assert(
      fc.property(of, ({ rows, height, width, k, dtype, threads }) => {
        configure({ threads });
        const shape = [rows, height * k, width * k],
          xs = cells(rows, height * k, width * k),
          x = np.reshape(np.array(xs, { dtype }), shape);
        const peak = Array.from({ length: rows * height * width }, () => -1);
        xs.forEach((value, i) => {
          const column = Math.floor((i % (width * k)) / k),
            row = Math.floor(i / (width * k * k));
          const at = row * width + column;
          if (peak[at] === -1 || value > (xs[peak[at] as number] as number)) peak[at] = i;
        });
        expect(Array.from(jit((v: NDArray) => pool(v, k))(x).dataSync())).toEqual(peak.map((i) => xs[i]));
        if (dtype === "int32") return;
        const ct = np.reshape(np.arange(1, peak.length + 1).astype(dtype), [rows, height, width]),
          slope = jit(grad((v: NDArray) => np.sum(np.multiply(pool(v, k), ct))))(x).dataSync();
        const want = xs.map(() => 0);
        peak.forEach((i, n) => {
          want[i] = n + 1;
        });
        expect(Array.from(slope, (v) => v + 0)).toEqual(want);
      }),
      { numRuns: 16 },
    );
  });
  it("what is written where it is read is computed once", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 2, max: 6 }), (width, height) => {
        const shape = [height, 3, width],
          size = height * 3 * width;
        // The row and its neighbours by another stride: nothing merges.
        const f = jit((x: NDArray, y: NDArray) => np.add(np.multiply(x, 3), np.flip(y, 0)), { donate: [0] });
        const got = f(np.reshape(np.arange(size), shape), np.reshape(np.arange(size), shape)).dataSync();
        const want = Array.from({ length: size }, (_, i) => {
          const plane = Math.floor(i / (3 * width));
          return 3 * i + (i + (height - 1 - 2 * plane) * 3 * width);
        });
        expect(Array.from(got)).toEqual(want);
      }),
      { numRuns: 20 },
    );
  });
  it("end with a vector", () => {
    const x = np.ones([8, 12, 28]),
      forward = explain(
        jit((v: NDArray) => pool(v, 2)),
        x,
      ),
      slope = explain(jit(grad((v: NDArray) => np.sum(np.multiply(pool(v, 2), 3)))), x);
    expect(String(forward)).not.toMatch(/f32\.store/); // rows of 14 without single elements
    expect(String(slope.kernels[0])).toContain("0..4 vector"); // every second element: vectors by the schedule
  });
});
