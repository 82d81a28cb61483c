// Reductions of np against plain loops: every axis, nothing to reduce, masks, NaN, integers.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ArgumentError, type NDArray, np, ShapeError } from "../src/index.ts";
import { build, type Plain, plainOf, read, shapeOf, toNumpy, toPlain, unsigned } from "./numpy-oracle.ts";

type Fold = (xs: readonly number[]) => number;
type Reduce = (
  x: NDArray,
  axis: number | readonly number[] | null,
  options: { readonly keepdims?: boolean },
) => NDArray;
const total: Fold = (xs) => xs.reduce((a, b) => a + b, 0);
const mean: Fold = (xs) => total(xs) / xs.length;
const variance: Fold = (xs) => total(xs.map((x) => (x - mean(xs)) ** 2)) / xs.length;
const product: Fold = (xs) => xs.reduce((a, b) => a * b, 1);
const isTrue = (x: number): boolean => x !== 0;
const nothing = Symbol("throws");
/** What a reduction makes of the elements, and of nothing. */
const table: Readonly<Record<string, readonly [f: Reduce, fold: Fold, ofNothing: number | typeof nothing]>> = {
  sum: [np.sum, total, 0],
  prod: [np.prod, product, 1],
  mean: [np.mean, mean, Number.NaN],
  var: [np.var, variance, Number.NaN],
  std: [np.std, (xs) => Math.sqrt(variance(xs)), Number.NaN],
  max: [np.max, (xs) => Math.max(...xs), nothing],
  min: [np.min, (xs) => Math.min(...xs), nothing],
  ptp: [np.ptp, (xs) => Math.max(...xs) - Math.min(...xs), nothing],
  all: [np.all, (xs) => Number(xs.every(isTrue)), 1],
  any: [np.any, (xs) => Number(xs.some(isTrue)), 0],
  countNonzero: [np.countNonzero, (xs) => xs.filter(isTrue).length, 0],
  nansum: [np.nansum, total, 0],
  nanprod: [np.nanprod, product, 1],
  nanmean: [np.nanmean, mean, Number.NaN],
  nanmax: [np.nanmax, (xs) => Math.max(...xs), nothing],
  nanmin: [np.nanmin, (xs) => Math.min(...xs), nothing],
};
/** The elements that end at one index of the result. */
const groups = (
  x: Plain,
  axes: readonly number[],
): { readonly shape: readonly number[]; readonly of: (at: readonly number[]) => readonly number[] } => {
  const shape = x.shape.filter((_, i) => !axes.includes(i));
  const of = (at: readonly number[]): readonly number[] => {
    const out: number[] = [];
    build(
      axes.map((a) => x.shape[a] as number),
      (inner) => {
        let k = 0;
        out.push(
          read(
            x,
            x.shape.map((_, i) => (axes.includes(i) ? (inner[axes.indexOf(i)] as number) : (at[k++] as number))),
          ),
        );
        return 0;
      },
    );
    return out;
  };
  return { shape, of };
};
const chosen = (x: Plain): fc.Arbitrary<readonly number[]> => fc.subarray(x.shape.map((_, i) => i));
const withAxes = plainOf(shapeOf()).chain((x) => chosen(x).map((axes) => [x, axes] as const));
const close = (got: Plain, want: Plain): void => {
  expect(got.shape).toEqual(want.shape);
  got.data.forEach((v, i) => {
    const w = want.data[i] as number;
    if (Number.isNaN(w)) expect(v).toBeNaN();
    else expect(Math.abs(v - w)).toBeLessThanOrEqual(2e-6 * Math.max(1, Math.abs(w)));
  });
};

describe("reductions agree with loops", () => {
  for (const [name, [f, fold, ofNothing]] of Object.entries(table))
    it(name, () => {
      fc.assert(
        fc.property(withAxes, ([x, axes]) => {
          const { shape, of } = groups(x, axes),
            empty = axes.some((a) => x.shape[a] === 0);
          if (empty && ofNothing === nothing) {
            expect(() => f(toNumpy(x), axes, {})).toThrow(ShapeError);
            return;
          }
          const want = build(shape, (at) => (empty ? (ofNothing as number) : fold(of(at))));
          close(toPlain(f(toNumpy(x), axes, {})), want);
          const kept = f(toNumpy(x), axes, { keepdims: true });
          expect(kept.shape).toEqual(x.shape.map((d, i) => (axes.includes(i) ? 1 : d)));
          close({ shape, data: toPlain(kept).data }, want);
        }),
        { numRuns: 25 },
      );
    });
  it("null means all axes, an empty list none, a negative axis counts from the end", () => {
    const x = np.array([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(np.sum(x).js()).toBe(21);
    expect(np.sum(x, []).js()).toEqual(x.js());
    expect(np.sum(x, -1).js()).toEqual([6, 15]);
    expect(np.sum(x, [0, 1], { keepdims: true }).js()).toEqual([[21]]);
    expect(np.max(3).item()).toBe(3);
  });
});

describe("options", () => {
  const x = np.array([
      [1, 2],
      [3, 4],
    ]),
    mask = np.array([
      [true, false],
      [true, true],
    ]);
  it("where leaves elements out", () => {
    expect(np.sum(x, 1, { where: mask }).js()).toEqual([1, 7]);
    expect(np.prod(x, 1, { where: mask }).js()).toEqual([1, 12]);
    expect(np.mean(x, 1, { where: mask }).js()).toEqual([1, 3.5]);
    expect(np.var(x, 1, { where: mask }).js()).toEqual([0, 0.25]);
    expect(np.max(x, 1, { where: mask, initial: -1 }).js()).toEqual([1, 4]);
    expect(np.min(x, 0, { where: mask, initial: 9 }).js()).toEqual([1, 4]);
    expect(np.all(x, null, { where: [false, true] }).item()).toBe(true);
    expect(() => np.max(x, 1, { where: mask })).toThrow(ArgumentError);
  });
  it("initial is where a reduction starts, even of nothing", () => {
    expect(np.sum(x, 1, { initial: 10 }).js()).toEqual([13, 17]);
    expect(np.max(np.zeros([0, 2]), 0, { initial: 5 }).js()).toEqual([5, 5]);
    expect(np.prod([], 0, { initial: 3 }).item()).toBe(3);
  });
  it("dtype says in which numbers to count", () => {
    expect(np.sum([1.5, 2.5], null, { dtype: "int32" }).item()).toBe(3);
    expect(np.sum([0.1, 0.2], null, { dtype: "float64" }).dtype).toBe("float64");
    expect(np.mean(np.array(Int32Array.from([1, 2]))).item()).toBe(1.5);
  });
  it("ddof and correction", () => {
    expect(np.var([1, 2, 3, 4], null, { ddof: 1 }).item()).toBeCloseTo(5 / 3, 6);
    expect(np.std([1, 3], null, { correction: 1 }).item()).toBeCloseTo(Math.SQRT2, 6);
  });
  it("average weighs", () => {
    expect(np.average(x, 0, { weights: [1, 3] }).js()).toEqual([2.5, 3.5]);
    expect(np.average(x, null, { weights: x }).item()).toBe(3);
    expect(np.average(x, 1).js()).toEqual([1.5, 3.5]);
    expect(() => np.average(x, null, { weights: [1, 2] })).toThrow(ShapeError);
  });
});

describe("positions of extremes", () => {
  const oracle = (xs: readonly number[], better: (a: number, b: number) => boolean): number => {
    let best = 0;
    for (let i = 1; i < xs.length; i++)
      if (!Number.isNaN(xs[best]) && (Number.isNaN(xs[i]) || better(xs[i] as number, xs[best] as number))) best = i;
    return best;
  };
  const element = fc.oneof(
    { weight: 5, arbitrary: fc.integer({ min: -3, max: 3 }) },
    fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
  );
  const some = plainOf(shapeOf(fc.constantFrom(1, 2, 3, 5), 1), element);
  it("the first of several, the first NaN before all", () => {
    fc.assert(
      fc.property(
        some.chain((x) => fc.nat(x.shape.length - 1).map((axis) => [x, axis] as const)),
        ([x, axis]) => {
          const { shape, of } = groups(x, [axis]);
          const rows = (better: (a: number, b: number) => boolean): Plain =>
            build(shape, (at) => oracle(of(at), better));
          expect(toPlain(np.argmax(toNumpy(x), axis))).toEqual(rows((a, b) => a > b));
          expect(toPlain(np.argmin(toNumpy(x), axis))).toEqual(rows((a, b) => a < b));
          expect(np.argmax(toNumpy(x)).item()).toBe(oracle(x.data, (a, b) => a > b));
          const rest = x.data.filter((v) => !Number.isNaN(v));
          const want = rest.length === 0 ? -1 : x.data.indexOf(Math.max(...rest));
          if (rest.length === 0 || Math.max(...rest) > Number.NEGATIVE_INFINITY)
            expect(np.nanargmax(toNumpy(x)).item()).toBe(want);
        },
      ),
      { numRuns: 60 },
    );
    expect(() => np.argmax(np.zeros([0]))).toThrow(ShapeError);
    expect(np.argmax([[1, 2]], 1, { keepdims: true }).shape).toEqual([1, 1]);
    expect(np.argmax(np.array([false, true])).item()).toBe(1);
  });
});

describe("NaN", () => {
  const x = np.array([
    [1, Number.NaN, 3],
    [Number.NaN, Number.NaN, Number.NaN],
  ]);
  it("spreads, unless the function leaves it out", () => {
    expect(np.sum(x, 1).js()).toEqual([Number.NaN, Number.NaN]);
    expect(np.max(x, 1).js()).toEqual([Number.NaN, Number.NaN]);
    expect(np.nansum(x, 1).js()).toEqual([4, 0]);
    expect(np.nanprod(x, 1).js()).toEqual([3, 1]);
    expect(np.nanmax(x, 1).js()).toEqual([3, Number.NaN]);
    expect(np.nanmin(x, 1).js()).toEqual([1, Number.NaN]);
    expect(np.nanmean(x, 1).js()).toEqual([2, Number.NaN]);
    expect(np.nanvar(x, 1).js()).toEqual([1, Number.NaN]);
    expect(np.nanstd(x, 0).js()).toEqual([0, Number.NaN, 0]);
    expect(np.nanargmin(x, 1).js()).toEqual([0, -1]);
    expect(np.nancumsum(x, 1).js()).toEqual([
      [1, 1, 4],
      [0, 0, 0],
    ]);
  });
});

describe("running reductions", () => {
  it("agree with loops", () => {
    fc.assert(
      fc.property(
        plainOf(shapeOf(undefined, 1)).chain((x) => fc.nat(x.shape.length - 1).map((a) => [x, a] as const)),
        ([x, axis]) => {
          const run = (f: (a: number, b: number) => number): Plain =>
            build(x.shape, (at) =>
              Array.from({ length: (at[axis] as number) + 1 }, (_, i) => read(x, at.with(axis, i))).reduce(f),
            );
          expect(unsigned(toPlain(np.cumsum(toNumpy(x), axis)))).toEqual(unsigned(run((a, b) => a + b)));
          close(
            toPlain(np.cumprod(toNumpy(x), axis)),
            run((a, b) => a * b),
          );
          const n = x.shape[axis] as number;
          expect(np.cumulativeSum(toNumpy(x), { axis, includeInitial: true }).shape).toEqual(x.shape.with(axis, n + 1));
        },
      ),
      { numRuns: 40 },
    );
    expect(
      np
        .cumsum([
          [1, 2],
          [3, 4],
        ])
        .js(),
    ).toEqual([1, 3, 6, 10]);
    expect(np.cumsum(np.array([true, true])).dtype).toBe("int32");
    expect(() => np.cumulativeSum([[1]])).toThrow(ArgumentError);
  });
});

describe("vectors as signals", () => {
  const vector = plainOf(shapeOf(fc.constantFrom(1, 2, 3, 5, 8), 1, 1));
  const full = (x: readonly number[], y: readonly number[]): readonly number[] =>
    Array.from({ length: x.length + y.length - 1 }, (_, k) => x.reduce((s, v, i) => s + v * (y[k - i] ?? 0), 0));
  it("convolve and correlate", () => {
    fc.assert(
      fc.property(vector, vector, (x, y) => {
        const all = full(x.data, y.data),
          n = x.data.length,
          m = y.data.length,
          [big, small] = [Math.max(n, m), Math.min(n, m)];
        const cut = (from: number, length: number): Plain =>
          unsigned({ shape: [length], data: all.slice(from, from + length) });
        expect(unsigned(toPlain(np.convolve(toNumpy(x), toNumpy(y))))).toEqual(cut(0, n + m - 1));
        expect(unsigned(toPlain(np.convolve(toNumpy(x), toNumpy(y), "valid")))).toEqual(
          cut(small - 1, big - small + 1),
        );
        expect(unsigned(toPlain(np.convolve(toNumpy(x), toNumpy(y), "same")))).toEqual(
          cut(Math.floor((small - 1) / 2), big),
        );
        const back = full(x.data, [...y.data].reverse());
        expect(unsigned(toPlain(np.correlate(toNumpy(x), toNumpy(y), "full")))).toEqual(
          unsigned({ shape: [n + m - 1], data: back }),
        );
      }),
      { numRuns: 40 },
    );
  });
  it("trapezoid and gradient are exact on lines", () => {
    expect(np.trapezoid([0, 1, 2, 3], { dx: 0.5 }).item()).toBe(2.25);
    expect(np.trapezoid([1, 1, 1], { x: [0, 1, 4] }).item()).toBe(4);
    expect(
      np
        .trapezoid(
          [
            [0, 2],
            [0, 4],
          ],
          { axis: 1 },
        )
        .js(),
    ).toEqual([1, 2]);
    expect((np.gradient([1, 3, 5, 7], 0.5) as NDArray).js()).toEqual([4, 4, 4, 4]);
    expect(
      (
        np.gradient([
          [1, 2],
          [3, 4],
        ]) as readonly NDArray[]
      ).map((g) => g.js()),
    ).toEqual([
      [
        [2, 2],
        [2, 2],
      ],
      [
        [1, 1],
        [1, 1],
      ],
    ]);
  });
});
