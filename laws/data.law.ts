// Data sets: batches and splits are permutations that a key decides, scaling centers, judgements agree with their definitions.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as data from "../src/data/index.ts";
import { np, random } from "../src/index.ts";

const counts = fc.integer({ min: 1, max: 23 });
const seeds = fc.integer({ min: 0, max: 1000 });
const flat = (xs: Iterable<{ js(): unknown }>): readonly number[] => [...xs].flatMap((x) => x.js() as number[]);
const sorted = (xs: readonly number[]): readonly number[] => [...xs].sort((a, b) => a - b);
const upTo = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);
const ints = (xs: readonly number[]): ReturnType<typeof np.array> => np.array(xs, { dtype: "int32" });

describe("data: batches", () => {
  it("visit every example once, in the order of the key", () => {
    fc.assert(
      fc.property(counts, counts, seeds, (n, size, seed) => {
        const positions = (): readonly number[] => flat(data.batchPositions(random.key(seed), n, { size }));
        expect(sorted(positions())).toEqual(upTo(n));
        expect(positions()).toEqual(positions());
        expect(flat(data.batchPositions(null, n, { size }))).toEqual(upTo(n));
      }),
      { numRuns: 30 },
    );
  });
  it("have their size; only the last may be smaller, and it can be left out", () => {
    fc.assert(
      fc.property(counts, counts, (n, size) => {
        const sizes = [...data.batchPositions(null, n, { size })].map((b) => b.size);
        expect(sizes.slice(0, -1).every((s) => s === size)).toBe(true);
        expect(sizes.at(-1)).toBe(n % size === 0 ? size : n % size);
        const full = [...data.batchPositions(null, n, { size, dropLast: true })];
        expect(full.length).toBe(Math.floor(n / size));
      }),
    );
  });
  it("keep rows of all arrays together", () => {
    fc.assert(
      fc.property(counts, counts, seeds, (n, size, seed) => {
        const set = { x: np.reshape(np.arange(2 * n), [n, 2]), deep: [ints(upTo(n))] as const };
        for (const { x, deep } of data.batches(random.key(seed), set, { size })) {
          expect(x.shape[1]).toBe(2);
          expect(x.js()).toEqual((deep[0].js() as number[]).map((i) => [2 * i, 2 * i + 1]));
        }
      }),
      { numRuns: 20 },
    );
  });
  it("another key gives another order", () => {
    const order = (seed: number): string => String(flat(data.batchPositions(random.key(seed), 50, { size: 50 })));
    expect(new Set([0, 1, 2, 3].map(order)).size).toBe(4);
  });
  it("refuse what is no data set and no size", () => {
    expect(() => [...data.batchPositions(null, 5, { size: 0 })]).toThrow("a batch size, an integer from 1");
    expect(() => [...data.batches(null, { x: np.zeros([3]), y: np.zeros([4]) }, { size: 2 })]).toThrow(
      "arrays of 3 rows",
    );
    expect(() => data.rowCount({ x: np.array(1) })).toThrow("at least one axis");
    expect(() => data.rowCount({})).toThrow("at least one array");
  });
});

describe("data: splits", () => {
  const labelled = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 2, maxLength: 40 });
  it("part the examples in two", () => {
    fc.assert(
      fc.property(counts, seeds, (n, seed) => {
        const held = Math.floor(n / 3);
        const { train, test } = data.splitPositions(random.key(seed), n, { test: held });
        expect(test.size).toBe(held);
        expect(sorted(flat([train, test]))).toEqual(upTo(n));
      }),
      { numRuns: 30 },
    );
  });
  it("by classes: each has its share, up to one", () => {
    fc.assert(
      fc.property(labelled, fc.constantFrom(0.2, 0.25, 0.5), seeds, (labels, test, seed) => {
        const split = data.splitPositions(random.key(seed), labels.length, { test, stratify: ints(labels) });
        const held = flat([split.test]);
        expect(held.length).toBe(Math.round(test * labels.length));
        expect(sorted(flat([split.train, split.test]))).toEqual(upTo(labels.length));
        for (const label of new Set(labels)) {
          const all = labels.filter((l) => l === label).length,
            got = held.filter((i) => labels[i] === label).length;
          expect(Math.abs(got - (all * held.length) / labels.length)).toBeLessThan(1);
        }
      }),
      { numRuns: 50 },
    );
  });
  it("carry all arrays", () => {
    const x = np.arange(10),
      { train, test } = data.trainTestSplit(random.key(3), { x, y: np.multiply(x, 2) }, { test: 0.3 });
    expect([train.x.shape, test.x.shape]).toEqual([[7], [3]]);
    expect(np.arrayEqual(np.multiply(test.x, 2), test.y).item()).toBe(true);
  });
  it("refuse empty parts and wrong labels", () => {
    expect(() => data.trainTestSplit(random.key(0), np.arange(4), { test: 4 })).toThrow("at least one example in each");
    expect(() => data.splitPositions(random.key(0), 4, { test: 1.5 })).toThrow("a number of examples");
    expect(() => data.splitPositions(random.key(0), 4, { test: 1, stratify: ints([1]) })).toThrow(
      "labels of shape [4]",
    );
  });
});

describe("data: scaling", () => {
  const eighths = fc.integer({ min: -16, max: 16 }).map((n) => n / 8);
  it("leaves mean 0 and deviation 1, and zeros of constants", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(eighths, eighths), { minLength: 1, maxLength: 12 }), (rows) => {
        const x = np.array(
          rows.map(([a, b]) => [a, b, 3]),
          { dtype: "float64" },
        );
        const z = data.standardize(data.fitScaling(x), x);
        const spread = (np.std(x, 0).js() as number[]).map((s) => Number(s > 0));
        expect(np.allclose(np.mean(z, 0), 0, { atol: 1e-12 }).item()).toBe(true);
        expect(np.allclose(np.std(z, 0), spread, { atol: 1e-12 }).item()).toBe(true);
      }),
      { numRuns: 40 },
    );
  });
});

describe("data: judging", () => {
  const pairs = fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 })), {
    minLength: 1,
    maxLength: 30,
  });
  it("the confusion matrix counts pairs, and its trace is the accuracy", () => {
    fc.assert(
      fc.property(pairs, (ps) => {
        const truth = ints(ps.map(([t]) => t)),
          guess = ints(ps.map(([, g]) => g));
        const matrix = data.confusionMatrix(truth, guess, 4).js() as number[][];
        for (const i of upTo(4))
          for (const j of upTo(4)) expect(matrix[i]?.[j]).toBe(ps.filter(([t, g]) => t === i && g === j).length);
        const trace = upTo(4).reduce((sum, i) => sum + (matrix[i]?.[i] as number), 0);
        expect(data.accuracy(truth, guess)).toBe(trace / ps.length);
      }),
    );
  });
  it("the area under the curve is the share of pairs in order", () => {
    const scored = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 5 })), { minLength: 2, maxLength: 20 });
    fc.assert(
      fc.property(scored, (ps) => {
        const good = ps.filter(([t]) => t).map(([, s]) => s),
          bad = ps.filter(([t]) => !t).map(([, s]) => s);
        const wins = good.flatMap((g) => bad.map((b): number => (g > b ? 1 : g === b ? 0.5 : 0)));
        const area = data.areaUnderRoc(np.array(ps.map(([t]) => Number(t))), np.array(ps.map(([, s]) => s)));
        if (wins.length === 0) expect(area).toBeNaN();
        else expect(area).toBeCloseTo(wins.reduce((a, b) => a + b, 0) / wins.length, 12);
      }),
    );
  });
  it("scores that are NaN have no rank", () => {
    expect(data.areaUnderRoc(np.array([0, 1]), np.array([0.5, Number.NaN]))).toBeNaN();
  });
  it("refuse labels out of range and arrays that do not fit", () => {
    expect(() => data.confusionMatrix(ints([4]), ints([0]), 4)).toThrow("labels from 0 to 3");
    expect(() => data.accuracy(ints([0, 1]), ints([0]))).toThrow("[2] and [1]");
  });
});
