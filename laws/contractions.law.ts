// Sums of products of every size against plain loops: blocks, edges, packed and direct operands, what is fused into them.
// All numbers are small integers, so that sums are exact in whatever order they are taken.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { configure, explain, grad, jit, lax, type NDArray, np } from "../src/index.ts";

type Type = "float32" | "float64";
/** Small integers that do not repeat in step with anything. */
const numbers = (n: number, salt: number): number[] =>
  Array.from({ length: n }, (_, i) => (((((i + salt) * 2654435761) % 1013) >> 3) % 7) - 3);
const arrayOf = (
  shape: readonly number[],
  salt: number,
  dtype: Type,
): { readonly array: NDArray; readonly xs: number[] } => {
  const xs = numbers(
    shape.reduce((p, n) => p * n, 1),
    salt,
  );
  return { xs, array: np.reshape(np.array(xs, { dtype }), shape) };
};

/** Extents around the sizes of tiles and blocks, at most `most`. */
const extent = (...some: readonly number[]): fc.Arbitrary<number> => fc.constantFrom(...some);
const configuration = fc.record({
  batch: extent(1, 1, 1, 2, 3),
  m: extent(1, 4, 5, 6, 7, 10, 13, 16, 20, 31, 32, 49, 64, 97, 150),
  k: extent(1, 3, 8, 9, 32, 64, 100, 144),
  n: extent(1, 4, 7, 8, 10, 16, 24, 33, 64, 72, 100, 264),
  turnedA: fc.boolean(),
  turnedB: fc.boolean(),
  turnedC: fc.boolean(),
  fused: fc.boolean(),
  dtype: fc.constantFrom<Type>("float32", "float32", "float64"),
});
type Configuration = typeof configuration extends fc.Arbitrary<infer T> ? T : never;
const long: readonly Partial<Configuration>[] = [
  { m: 16, k: 784, n: 10 },
  { m: 10, k: 784, n: 16, turnedB: true },
  { m: 8, k: 1031, n: 8 },
  { m: 6, k: 2500, n: 16, turnedA: true },
  { m: 200, k: 520, n: 40 },
  { m: 48, k: 5200, n: 17, turnedA: true },
  { m: 7, k: 18_000, n: 33, turnedB: true },
  { m: 103, k: 1100, n: 72 },
  { m: 8, k: 2100, n: 400, turnedA: true },
  { m: 400, k: 2100, n: 9, turnedB: true },
  { batch: 2, m: 101, k: 1030, n: 136, turnedC: true },
];

const turned = (x: NDArray): NDArray => np.swapaxes(x, -1, -2);
const product = ({ batch, m, k, n, turnedA, turnedB, turnedC, fused, dtype }: Configuration): void => {
  const a = arrayOf([batch, ...(turnedA ? [k, m] : [m, k])], 1, dtype),
    b = arrayOf([batch, ...(turnedB ? [n, k] : [k, n])], 5, dtype),
    bias = arrayOf([n], 9, dtype);
  const f = jit((x: NDArray, y: NDArray, z: NDArray) => {
    const p = np.matmul(turnedA ? turned(x) : x, turnedB ? turned(y) : y);
    const out = fused ? np.maximum(np.add(p, z), 0) : p;
    return turnedC ? turned(out) : out;
  });
  const got = f(a.array, b.array, bias.array).dataSync(),
    want: number[] = [];
  for (let s = 0; s < batch; s++)
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let l = 0; l < k; l++)
          sum +=
            (a.xs[s * m * k + (turnedA ? l * m + i : i * k + l)] as number) *
            (b.xs[s * k * n + (turnedB ? j * k + l : l * n + j)] as number);
        want.push(fused ? Math.max(0, sum + (bias.xs[j] as number)) : sum);
      }
  if (turnedC) {
    const rows = [...want];
    for (let s = 0; s < batch; s++)
      for (let i = 0; i < m; i++)
        for (let j = 0; j < n; j++) want[(s * n + j) * m + i] = rows[(s * m + i) * n + j] as number;
  }
  // -0 and 0 are the same sum.
  expect(Array.from(got as Float64Array, (x) => x + 0)).toEqual(want.map((x) => x + 0));
};

describe("contractions", () => {
  it("products of matrices of any size", () => {
    fc.assert(fc.property(configuration, product), { numRuns: 40 });
    const usual: Configuration = {
      batch: 1,
      m: 8,
      k: 8,
      n: 8,
      turnedA: false,
      turnedB: false,
      turnedC: false,
      fused: true,
      dtype: "float32",
    };
    for (const c of long) product({ ...usual, ...c });
  });
  it("gradients by weights, whose long sums are taken apart, for any number of threads", () => {
    const [count, from, to, side, size] = [15, 8, 16, 18, 3],
      width = side - size + 1;
    const x = arrayOf([count, from, side, side], 3, "float32"),
      w = arrayOf([to, from, size, size], 7, "float32"),
      slope = arrayOf([count, to, width, width], 11, "float32");
    const loss = (g: NDArray): NDArray => np.sum(np.multiply(lax.conv(x.array, g, [1, 1], "VALID"), slope.array));
    const want: number[] = [];
    for (let o = 0; o < to; o++)
      for (let c = 0; c < from; c++)
        for (let u = 0; u < size; u++)
          for (let v = 0; v < size; v++) {
            let sum = 0;
            for (let s = 0; s < count; s++)
              for (let i = 0; i < width; i++)
                for (let j = 0; j < width; j++)
                  sum +=
                    (x.xs[((s * from + c) * side + i + u) * side + j + v] as number) *
                    (slope.xs[((s * to + o) * width + i) * width + j] as number);
            want.push(sum + 0);
          }
    for (const threads of [1, 2, 3]) {
      configure({ threads });
      expect(Array.from(jit(grad(loss))(w.array).dataSync() as Float32Array, (g) => g + 0)).toEqual(want);
    }
  });
  it("convolutions, whose pixels are loaded where they are if a row of them fills tiles", () => {
    const images = fc.record({
      count: extent(1, 2),
      from: extent(1, 3, 8),
      to: extent(4, 5, 12, 16),
      width: extent(7, 8, 10, 14, 16, 24, 28),
      size: extent(1, 3, 5),
      stride: extent(1, 1, 2),
      threads: extent(1, 2),
    });
    fc.assert(
      fc.property(images, ({ count, from, to, width, size, stride, threads }) => {
        configure({ threads });
        const side = (width - 1) * stride + size,
          x = arrayOf([count, from, side, side], 3, "float32"),
          w = arrayOf([to, from, size, size], 7, "float32");
        const f = jit((i: NDArray, g: NDArray) => lax.conv(i, g, [stride, stride], "VALID")),
          got = Array.from(f(x.array, w.array).dataSync() as Float32Array, (v) => v + 0);
        const want: number[] = [];
        for (let s = 0; s < count; s++)
          for (let o = 0; o < to; o++)
            for (let i = 0; i < width; i++)
              for (let j = 0; j < width; j++) {
                let sum = 0;
                for (let c = 0; c < from; c++)
                  for (let u = 0; u < size; u++)
                    for (let v = 0; v < size; v++)
                      sum +=
                        (x.xs[((s * from + c) * side + i * stride + u) * side + j * stride + v] as number) *
                        (w.xs[((o * from + c) * size + u) * size + v] as number);
                want.push(sum + 0);
              }
        expect(got).toEqual(want);
      }),
      { numRuns: 20 },
    );
  });
  it("several results where a sum is stored, which share what they have in common", () => {
    const [a, b] = [np.ones([32, 16]), np.ones([16, 24])];
    const flops = (f: (x: NDArray) => readonly NDArray[]): number =>
      explain(
        jit((x: NDArray, y: NDArray) => f(np.matmul(x, y))),
        a,
        b,
      ).flops;
    const one = flops((x) => [np.tanh(x)]),
      two = flops((x) => [np.tanh(x), np.multiply(x, np.tanh(x))]);
    expect(two - one).toBe(32 * 24);
  });
});
