// Padding in kernels: arrays of any size with numbers around them, alone and with what is fused into them, against plain loops.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { configure, explain, jit, lax, type NDArray, np } from "../src/index.ts";

const padded = (n: number, [lo, hi]: readonly [number, number]): number => n + lo + hi;
const sides = fc.tuple(fc.constantFrom(-2, 0, 0, 1, 2, 5), fc.constantFrom(-1, 0, 1, 1, 3));
const shape: fc.Arbitrary<readonly [number, number, number]> = fc.oneof(
  fc.tuple(fc.constantFrom(1, 2, 3), fc.constantFrom(1, 3, 7, 16), fc.constantFrom(3, 4, 9, 34)),
  fc.constantFrom<[number, number, number]>([2, 90, 80], [3, 3, 5000], [40, 12, 12]),
);

describe("boxes", () => {
  it("are what the index says, around them is what they are padded with", () => {
    const of = fc.record({
      shape,
      by: fc.tuple(sides, sides, sides),
      turned: fc.boolean(),
      fused: fc.boolean(),
      threads: fc.constantFrom(1, 2),
    });
    fc.assert(
      fc.property(of, ({ shape, by, turned, fused, threads }) => {
        const out = shape.map((n, d) => padded(n, by[d] as readonly [number, number]));
        if (out.some((n) => n < 1)) return;
        configure({ threads });
        const f = jit((x: NDArray) => {
          const y = lax.pad(
            fused ? np.maximum(x, 0) : x,
            np.array(7),
            by.map(([lo, hi]) => [lo, hi, 0] as const),
          );
          return turned ? np.transpose(y, [1, 0, 2]) : y;
        });
        const xs = Array.from({ length: shape.reduce((p, n) => p * n, 1) }, (_, i) => ((i * 31) % 97) - 40),
          got = f(np.reshape(np.array(xs), shape)),
          flat = (turned ? np.transpose(got, [1, 0, 2]) : got).dataSync();
        let wrong = 0,
          at = 0;
        const [a, b, c] = shape as readonly [number, number, number];
        for (let i = -by[0][0]; i < a + by[0][1]; i++)
          for (let j = -by[1][0]; j < b + by[1][1]; j++)
            for (let k = -by[2][0]; k < c + by[2][1]; k++) {
              const inside = i >= 0 && i < a && j >= 0 && j < b && k >= 0 && k < c,
                x = inside ? (xs[(i * b + j) * c + k] as number) : 7;
              if (flat[at++] !== (inside && fused ? Math.max(0, x) : x)) wrong++;
            }
        expect([wrong, at]).toEqual([0, flat.length]);
      }),
      { numRuns: 40 },
    );
  });
  it("do not choose for every element", () => {
    const text = explain(
      jit((x: NDArray) =>
        np.pad(x, [
          [0, 0],
          [1, 1],
          [1, 1],
        ]),
      ),
      np.ones([8, 20, 20]),
    )
      .kernels.map(String)
      .join("\n");
    expect(text).not.toContain("?");
  });
});
