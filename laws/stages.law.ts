// Reductions in two stages, loops in pieces and running sums in blocks give what plain loops give.
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { longReduction } from "../src/compile/stages.ts";
import { configure, grad, jit, lax, type NDArray, np } from "../src/index.ts";

const usual = { ...longReduction },
  settings = configure({ threads: 2 });
longReduction.numbers = 0;
afterAll(() => {
  Object.assign(longReduction, usual);
  configure(settings);
});

type Shape3 = readonly [number, number, number];
const extent = fc.constantFrom(1, 2, 3, 5, 17, 64, 67, 130),
  shape3: fc.Arbitrary<Shape3> = fc.tuple(extent, extent, extent).filter(([a, b, c]) => a * b * c <= 40_000);
/** Small whole numbers: sums of them are exact in every type, in any order. */
const numbers = ([a, b, c]: Shape3): readonly number[] =>
  Array.from({ length: a * b * c }, (_, i) => ((i * 7919 + (i >> 3)) % 17) - 8);
const along = (xs: readonly number[], [a, b, c]: Shape3, axis: number | null): readonly (readonly number[])[] => {
  if (axis === null) return [xs];
  const strides = [b * c, c, 1],
    n = [a, b, c][axis] as number,
    stride = strides[axis] as number;
  return xs.flatMap((_, i) =>
    Math.floor(i / stride) % n === 0 ? [Array.from({ length: n }, (_, k) => xs[i + k * stride] as number)] : [],
  );
};
const axes = fc.constantFrom<number | null>(null, 0, 1, 2),
  dtypes = fc.constantFrom<"float32" | "float64" | "int32">("float32", "float64", "int32");
const add = (xs: readonly number[]): number => xs.reduce((p, q) => p + q, 0);
const values = (x: NDArray): readonly number[] => Array.from(x.dataSync() as ArrayLike<number>);

describe("reductions in two stages", () => {
  it("sum, maximum and variance are those of plain loops", () => {
    fc.assert(
      fc.property(shape3, axes, dtypes, (shape, axis, dtype) => {
        const data = numbers(shape),
          x = np.reshape(np.array([...data]).astype(dtype), [...shape]),
          rows = along(data, shape, axis);
        const f = jit((y: NDArray) => [np.sum(y, axis), np.max(y, axis), np.sum(np.multiply(y, y), axis)] as const);
        const [sum, most, squares] = f(x);
        expect(values(sum)).toEqual(rows.map(add));
        expect(values(most)).toEqual(rows.map((r) => Math.max(...r)));
        expect(values(squares)).toEqual(rows.map((r) => add(r.map((v) => v * v))));
      }),
      { numRuns: 60 },
    );
  });
  it("a reduction that waits for another comes after it", () => {
    const n = 5000,
      x = np.arange(n).astype("float64"),
      mean = (n - 1) / 2;
    const f = jit((y: NDArray) => np.sum(np.square(np.subtract(y, np.sum(np.divide(y, n))))));
    expect(f(x).item()).toBeCloseTo(add(Array.from({ length: n }, (_, i) => (i - mean) ** 2)), 0);
  });
});

describe("running reductions of long rows", () => {
  it("are those of a loop, in both directions", () => {
    const lengths = fc.constantFrom(4095, 4096, 4097, 5003, 8191);
    fc.assert(
      fc.property(lengths, fc.constantFrom(1, 3), dtypes, fc.boolean(), (n, rows, dtype, reverse) => {
        const data = numbers([1, rows, n]),
          x = np.reshape(np.array([...data]).astype(dtype), [rows, n]);
        const run = (next: (p: number, q: number) => number): readonly number[] =>
          along(data, [1, rows, n], 2).flatMap((row) => {
            const there = reverse ? [...row].reverse() : row,
              out: number[] = [];
            for (const v of there) out.push(out.length === 0 ? v : next(out[out.length - 1] as number, v));
            return reverse ? out.reverse() : out;
          });
        const [sum, most] = jit(
          (y: NDArray) => [lax.cumsum(y, 1, { reverse }), lax.cummax(y, 1, { reverse })] as const,
        )(x);
        expect(values(sum)).toEqual(run((p, q) => p + q));
        expect(values(most)).toEqual(run(Math.max));
      }),
      { numRuns: 20 },
    );
  });
});

describe("loops in pieces", () => {
  const sizes = fc.constantFrom(1, 2, 3, 5, 8, 9, 17, 32);
  it("joined and padded arrays are those of plain loops", () => {
    fc.assert(
      fc.property(sizes, sizes, sizes, fc.constantFrom(0, 1, 2), fc.constantFrom(0, 1, 9), (n, p, q, gap, edge) => {
        const width = p + Math.max(0, p - 1) * gap + 2 * edge;
        const a = np.reshape(np.array([...numbers([1, n, p])]), [n, p]),
          b = np.reshape(np.array([...numbers([1, n, q])]), [n, q]);
        const f = jit((x: NDArray, y: NDArray) =>
          np.concatenate(
            [
              lax.pad(x, 5, [
                [0, 0, 0],
                [edge, edge, gap],
              ]),
              y,
            ],
            1,
          ),
        );
        const expected = Array.from({ length: n }, (_, i) => [
          ...Array.from({ length: width }, (_, j) =>
            j >= edge && j < width - edge && (j - edge) % (gap + 1) === 0
              ? (numbers([1, n, p])[i * p + (j - edge) / (gap + 1)] as number)
              : 5,
          ),
          ...numbers([1, n, q]).slice(i * q, i * q + q),
        ]).flat();
        expect(values(f(a, b))).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  });
  it("the gradient of pooling goes to the largest of each window", () => {
    const even = fc.constantFrom(2, 4, 6, 16, 34);
    fc.assert(
      fc.property(fc.constantFrom(1, 3), even, even, (n, h, w) => {
        // All different, so that every window has one largest element.
        const data = Array.from({ length: n * h * w }, (_, i) => (i * 7919) % 8191);
        const pool = (x: NDArray): NDArray =>
          lax.reduceWindow(x, Number.NEGATIVE_INFINITY, np.maximum, [1, 2, 2], [1, 2, 2], "VALID");
        const slope = jit(grad((x: NDArray) => np.sum(np.multiply(pool(x), 3))))(
          np.reshape(np.array(data), [n, h, w]).astype("float32"),
        );
        const most = (i: number): number => {
          const top = i - (Math.floor((i / w) % h) % 2) * w - ((i % w) % 2);
          return Math.max(...[top, top + 1, top + w, top + w + 1].map((k) => data[k] as number));
        };
        expect(values(slope)).toEqual(data.map((v, i) => (v === most(i) ? 3 : 0)));
      }),
      { numRuns: 25 },
    );
  });
});
