// Functions of np that make arrays or put elements around them, against plain loops.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ArgumentError, type NDArray, np, ShapeError } from "../src/index.ts";
import { build, plainOf, positive, read, same, shapeOf, toNumpy } from "./numpy-oracle.ts";

const array = plainOf(shapeOf());
const filled = plainOf(shapeOf(positive, 1));
const runs = { numRuns: 40 };

describe("padding", () => {
  const mod = (i: number, n: number): number => ((i % n) + n) % n;
  const bounce = (i: number, n: number): number => {
    if (n === 1) return 0;
    const j = mod(i, 2 * n - 2);
    return j < n ? j : 2 * n - 2 - j;
  };
  const mirror = (i: number, n: number): number => {
    const j = mod(i, 2 * n);
    return j < n ? j : 2 * n - 1 - j;
  };
  const modes = {
    edge: (i: number, n: number) => Math.min(Math.max(i, 0), n - 1),
    reflect: bounce,
    symmetric: mirror,
    wrap: mod,
  } as const;
  it("constant", () => {
    fc.assert(
      fc.property(array, fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 }), (x, lo, hi) => {
        const inside = (i: number, d: number): boolean => i >= lo && i < lo + d;
        const want = build(
          x.shape.map((d) => d + lo + hi),
          (at) =>
            at.every((i, k) => inside(i, x.shape[k] as number))
              ? read(
                  x,
                  at.map((i) => i - lo),
                )
              : 0.5,
        );
        same(np.pad(toNumpy(x), [lo, hi], { constantValues: 0.5 }), want);
      }),
      runs,
    );
  });
  for (const [mode, source] of Object.entries(modes) as [keyof typeof modes, (i: number, n: number) => number][])
    it(mode, () => {
      fc.assert(
        fc.property(filled, fc.integer({ min: 0, max: 7 }), fc.integer({ min: 0, max: 7 }), (x, lo, hi) => {
          const want = build(
            x.shape.map((d, k) => d + (k === 0 ? lo + hi : 0)),
            ([i, ...at]) => read(x, [source((i as number) - lo, x.shape[0] as number), ...at]),
          );
          same(
            np.pad(
              toNumpy(x),
              x.shape.map((_, k): readonly [number, number] => (k === 0 ? [lo, hi] : [0, 0])),
              { mode },
            ),
            want,
          );
        }),
        { numRuns: 40 },
      );
    });
  it("refuses what it cannot do", () => {
    expect(() => np.pad(np.zeros([0]), 1, { mode: "edge" })).toThrow(ShapeError);
    expect(() => np.pad(np.zeros([2]), -1)).toThrow(ShapeError);
    expect(() => np.pad(np.zeros([2]), 1, { mode: "median" as "edge" })).toThrow(ArgumentError);
  });
});

describe("creation", () => {
  it("arange counts as NumPy does", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -9, max: 9 }),
        fc.integer({ min: -9, max: 9 }),
        fc.constantFrom(1, 2, 3, -1, -2),
        (a, b, s) => {
          const want: number[] = [];
          for (let i = a; s > 0 ? i < b : i > b; i += s) want.push(i);
          expect(np.arange(a, b, s).js()).toEqual(want);
        },
      ),
    );
    expect([np.arange(3).dtype, np.arange(0, 1, 0.5).dtype]).toEqual(["int32", "float32"]);
    expect(np.arange(3, null, 1, { dtype: "float64" }).js()).toEqual([0, 1, 2]);
    expect(() => np.arange(0, 1, 0)).toThrow(ArgumentError);
  });
  it("linspace ends where it should, to the last bit", () => {
    for (const n of [0, 1, 2, 3, 10, 1000]) {
      const x = np.linspace(0.1, 0.7, n, { dtype: "float64" }).js() as readonly number[];
      expect(x.length).toBe(n);
      if (n > 0) expect(x[0]).toBe(0.1);
      if (n > 1) expect(x.at(-1)).toBe(0.7);
    }
    expect(np.linspace(0, 1, 4, { endpoint: false }).js()).toEqual([0, 0.25, 0.5, 0.75]);
    expect((np.arange(2 ** 24, 2 ** 24 + 4, 1, { dtype: "int32" }).js() as number[])[1]).toBe(2 ** 24 + 1);
  });
  it("triangles and diagonals", () => {
    fc.assert(
      fc.property(plainOf(shapeOf(positive, 2)), fc.integer({ min: -3, max: 3 }), (x, k) => {
        const below = (at: readonly number[]): boolean => (at.at(-1) as number) - (at.at(-2) as number) <= k;
        same(
          np.tril(toNumpy(x), k),
          build(x.shape, (at) => (below(at) ? read(x, at) : 0)),
        );
        same(
          np.triu(toNumpy(x), k + 1),
          build(x.shape, (at) => (below(at) ? 0 : read(x, at))),
        );
        const [n, m] = x.shape as [number, number];
        same(
          np.eye(n, m, k),
          build([n, m], ([i, j]) => Number((j as number) - (i as number) === k)),
        );
        same(
          np.tri(n, m, k),
          build([n, m], (at) => Number(below(at))),
        );
      }),
      runs,
    );
    fc.assert(
      fc.property(plainOf(shapeOf(positive, 1, 1)), fc.integer({ min: -3, max: 3 }), (x, k) => {
        const d = np.diag(toNumpy(x), k),
          n = x.data.length + Math.abs(k);
        same(
          d,
          build([n, n], ([i, j]) =>
            (j as number) - (i as number) === k ? (x.data[(i as number) + Math.min(k, 0)] as number) : 0,
          ),
        );
        same(np.diag(d, k), x);
      }),
      runs,
    );
  });
  it("meshgrid and indices", () => {
    const [x, y] = np.meshgrid(
      [
        [1, 2, 3],
        [4, 5],
      ],
      { indexing: "ij" },
    ) as [NDArray, NDArray];
    expect([x.shape, y.js()]).toEqual([
      [3, 2],
      [
        [4, 5],
        [4, 5],
        [4, 5],
      ],
    ]);
    expect(
      np
        .meshgrid(
          [
            [1, 2, 3],
            [4, 5],
          ],
          { sparse: true },
        )
        .map((v) => v.shape),
    ).toEqual([
      [1, 3],
      [2, 1],
    ]);
    expect(np.indices([2, 2]).js()).toEqual([
      [
        [0, 0],
        [1, 1],
      ],
      [
        [0, 1],
        [0, 1],
      ],
    ]);
  });
  it("like another array", () => {
    const x = np.array(Int32Array.from([1, 2]));
    expect([np.zerosLike(x), np.onesLike(x), np.fullLike(x, 7)].map((v) => [v.dtype, v.js()])).toEqual([
      ["int32", [0, 0]],
      ["int32", [1, 1]],
      ["int32", [7, 7]],
    ]);
    expect(np.zerosLike(x, { shape: [1, 1], dtype: "bool" }).js()).toEqual([[false]]);
  });
});
