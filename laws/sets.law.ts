// Unique elements and set operations against lists in plain JavaScript, eager, jitted with a size, and mapped.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ArgumentError, jit, type NDArray, np, TraceError, vmap } from "../src/index.ts";
import { type Plain, same, toNumpy, toPlain } from "./numpy-oracle.ts";
import { compare, dtypes, elementsOf, numbersOf, orderOf, plainWith, sorted } from "./sorting-oracle.ts";

const vectors = (element: fc.Arbitrary<number>): fc.Arbitrary<Plain> =>
  fc.constantFrom(0, 1, 2, 5, 40).chain((n) => plainWith([n], element));
const vector = (data: readonly number[]): Plain => ({ shape: [data.length], data });
const few = fc.oneof(fc.integer({ min: -2, max: 3 }), fc.constantFrom(Number.NaN, -0, Number.POSITIVE_INFINITY));

interface Distinct {
  readonly values: readonly number[];
  readonly index: readonly number[];
  readonly inverse: readonly number[];
  readonly counts: readonly number[];
}
/** The different ones of a list of rows, the first of each standing for it. */
const distinct = (rows: readonly (readonly number[])[], equalNan = true): Omit<Distinct, "values"> => {
  const width = rows[0]?.length ?? 0;
  const keys = Array.from({ length: width }, (_, j) => rows.map((row) => row[j] as number)),
    order = width === 0 ? [...rows.keys()] : orderOf(keys);
  const equal = (a: readonly number[], b: readonly number[]): boolean =>
    a.every((x, j) => compare(x, b[j] as number) === 0 && (equalNan || !Number.isNaN(x)));
  const index: number[] = [],
    counts: number[] = [],
    inverse = rows.map(() => 0);
  for (const i of order) {
    const last = index.at(-1);
    if (last === undefined || !equal(rows[last] as readonly number[], rows[i] as readonly number[])) {
      index.push(i);
      counts.push(0);
    }
    inverse[i] = index.length - 1;
    counts[index.length - 1] = (counts[index.length - 1] as number) + 1;
  }
  return { index, inverse, counts };
};
const ofVector = ({ data }: Plain, equalNan = true): Distinct => {
  const found = distinct(
    data.map((x) => [x]),
    equalNan,
  );
  return { ...found, values: found.index.map((i) => data[i] as number) };
};
const all = { returnIndex: true, returnInverse: true, returnCounts: true } as const;

describe.each(dtypes)("unique of %s", (dtype) => {
  it("is the sorted list of the different elements, with where, which and how many", () => {
    fc.assert(
      fc.property(vectors(elementsOf[dtype]), fc.boolean(), (x, equalNan) => {
        const v = toNumpy(x, dtype),
          want = ofVector(toPlain(v), equalNan);
        const [values, index, inverse, counts] = np.unique(v, { ...all, equalNan });
        expect([values.dtype, index.dtype, inverse.dtype, counts.dtype]).toEqual([dtype, "int32", "int32", "int32"]);
        same(values, vector(want.values));
        same(index, vector(want.index));
        same(inverse, vector(want.inverse));
        same(counts, vector(want.counts));
      }),
      { numRuns: 15 },
    );
  });
});

describe("unique", () => {
  it("with a size: what is more is left out, what lacks is filled; eager, jitted and mapped agree", () => {
    const subject = fc.tuple(
      fc.constantFrom(1, 3, 40).chain((n) => plainWith([n], few)),
      fc.constantFrom(0, 1, 4, 50),
      fc.constantFrom(undefined, 9),
    );
    fc.assert(
      fc.property(subject, ([x, size, fillValue]) => {
        const v = toNumpy(x),
          want = ofVector(x);
        const pad = (list: readonly number[], fill: number): Plain =>
          vector(Array.from({ length: size }, (_, i) => list[i] ?? fill));
        const f = (a: NDArray) => np.unique(a, { ...all, size, ...(fillValue === undefined ? {} : { fillValue }) });
        const wants = [
          pad(want.values, fillValue ?? (want.values[0] as number)),
          pad(want.index, want.index[0] as number),
          vector(want.inverse),
          pad(want.counts, 0),
        ];
        for (const [i, out] of f(v).entries()) same(out, wants[i] as Plain);
        for (const [i, out] of jit(f)(v).entries()) same(out, wants[i] as Plain);
        for (const [i, out] of vmap(f)(np.stack([np.zerosLike(v), v])).entries()) same(out.slice(1), wants[i] as Plain);
      }),
      { numRuns: 15 },
    );
  });
  it("along an axis: different slices in lexicographic order; the inverse gives the array back", () => {
    const matrices = fc
      .tuple(fc.constantFrom(0, 1, 5), fc.constantFrom(0, 1, 2, 3))
      .chain((s) => plainWith(s, fc.integer({ min: 0, max: 2 })));
    fc.assert(
      fc.property(matrices, fc.constantFrom("int32", "float32", "bool"), (x, dtype) => {
        const v = toNumpy(x, dtype),
          [n, m] = x.shape as [number, number],
          data = numbersOf(v);
        const rows = Array.from({ length: n }, (_, i) => data.slice(i * m, (i + 1) * m)),
          want = distinct(rows);
        for (const axis of [0, -1]) {
          const turned = axis === 0 ? v : v.T;
          const [values, index, inverse, counts] = np.unique(turned, { ...all, axis });
          same(axis === 0 ? values : values.T, {
            shape: [want.index.length, m],
            data: want.index.flatMap((i) => rows[i] as readonly number[]),
          });
          same(index, vector(want.index));
          same(inverse, vector(want.inverse));
          same(counts, vector(want.counts));
          if (n > 0) same(np.take(values, inverse, axis), toPlain(turned));
        }
      }),
      { numRuns: 20 },
    );
  });
  it("the inverse has the shape of the array", () => {
    const x = np.array([3, 1, 1, 2]).reshape(2, 2);
    const [values, inverse] = np.unique(x, { returnInverse: true });
    expect(inverse.js()).toEqual(np.array([2, 0, 0, 1]).reshape(2, 2).js());
    expect(np.take(values, inverse).js()).toEqual(x.js());
  });
  it("uniqueAll and its parts are unique, every NaN for itself", () => {
    fc.assert(
      fc.property(vectors(few), (x) => {
        const v = toNumpy(x),
          want = ofVector(x, false),
          parts = np.uniqueAll(v);
        same(parts.values, vector(want.values));
        same(parts.indices, vector(want.index));
        same(parts.inverseIndices, vector(want.inverse));
        same(parts.counts, vector(want.counts));
        same(np.uniqueValues(v), vector(want.values));
        same(np.uniqueCounts(v).counts, vector(want.counts));
        same(np.uniqueInverse(v).inverseIndices, vector(want.inverse));
      }),
      { numRuns: 10 },
    );
    expect(jit((x: NDArray) => np.uniqueCounts(x, { size: 2 }))(np.array([5, 5])).counts.js()).toEqual([2, 0]);
  });
  it("wants a size where values are not known, and a fill where there are none", () => {
    expect(() => jit((x: NDArray) => np.unique(x))(np.ones(3))).toThrow(TraceError);
    expect(() => vmap((x: NDArray) => np.setdiff1d(x, [1]))(np.ones([2, 3]))).toThrow("size");
    expect(() => np.unique([], { size: 2 })).toThrow(ArgumentError);
    expect(() => np.unique([1], { size: -1 })).toThrow(ArgumentError);
    expect(np.unique([], { size: 2, fillValue: 7 }).js()).toEqual([7, 7]);
    expect(np.unique([]).shape).toEqual([0]);
  });
});

type Two = (x: NDArray, y: NDArray, options?: { readonly size: number; readonly fillValue?: number }) => NDArray;
/** What each operation keeps, what it does with NaN of both operands, and what it fills with. */
const operations: Readonly<
  Record<
    string,
    {
      readonly f: Two;
      readonly keeps: (inX: boolean, inY: boolean) => boolean;
      readonly oneNaN: boolean;
      readonly fill: "least" | "zero";
    }
  >
> = {
  union1d: { f: np.union1d, keeps: (x, y) => x || y, oneNaN: true, fill: "least" },
  intersect1d: {
    f: (x, y, o) => np.intersect1d(x, y, { ...o }),
    keeps: (x, y) => x && y,
    oneNaN: false,
    fill: "least",
  },
  setdiff1d: { f: np.setdiff1d, keeps: (x, y) => x && !y, oneNaN: false, fill: "zero" },
  setxor1d: { f: np.setxor1d, keeps: (x, y) => x !== y, oneNaN: false, fill: "least" },
};
describe.each(Object.entries(operations))("%s", (_name, { f, keeps, oneNaN, fill }) => {
  const wanted = (x: readonly number[], y: readonly number[]): readonly number[] => {
    const has = (xs: readonly number[], v: number): boolean => xs.some((u) => u === v || Object.is(u, v));
    const candidates = ofVector(vector([...x, ...y].filter((v) => !Number.isNaN(v)))).values;
    const kept = candidates.filter((v) => keeps(has(x, v), has(y, v)));
    // NaN is in no other array: each operand's is judged alone, unless both are one.
    const nans = [has(x, Number.NaN) && keeps(true, false), has(y, Number.NaN) && keeps(false, true)].filter(Boolean);
    return [...kept, ...nans.slice(0, oneNaN ? 1 : 2).map(() => Number.NaN)];
  };
  it("is that of sets, eager and jitted with a size, and mapped", () => {
    const pairs = fc.tuple(vectors(few), vectors(few), fc.constantFrom(0, 2, 9, 60), fc.constantFrom(undefined, -7));
    fc.assert(
      fc.property(pairs, ([x, y, size, fillValue]) => {
        const [a, b] = [toNumpy(x), toNumpy(y)],
          want = wanted(x.data, y.data);
        same(f(a, b), vector(want));
        const filler = fillValue ?? (fill === "zero" ? 0 : (want[0] ?? 0));
        if (x.data.length + y.data.length === 0 && oneNaN && fillValue === undefined) return; // refused, as by unique
        const padded = vector(Array.from({ length: size }, (_, i) => want[i] ?? filler));
        const g = (u: NDArray, v: NDArray): NDArray =>
          f(u, v, { size, ...(fillValue === undefined ? {} : { fillValue }) });
        same(jit(g)(a, b), padded);
        same(vmap(g, { inAxes: [0, null] })(np.stack([a, np.zerosLike(a)]), b).slice(0), padded);
      }),
      { numRuns: 15 },
    );
  });
  it("promotes, and flattens", () => {
    const x = np.array([2, 1, 2, 4], { dtype: "int32" }).reshape(2, 2),
      y = np.array([1.5, 2], { dtype: "float64" });
    const out = f(x, y);
    expect(out.dtype).toBe("float64");
    expect(out.js()).toEqual(wanted([2, 1, 2, 4], [1.5, 2]));
  });
});

describe("intersect1d", () => {
  it("says where the values come first in either array", () => {
    fc.assert(
      fc.property(vectors(few), vectors(few), (x, y) => {
        const [values, inX, inY] = np.intersect1d(toNumpy(x), toNumpy(y), { returnIndices: true });
        const place = (xs: readonly number[]): readonly number[] => numbersOf(values).map((v) => xs.indexOf(v));
        expect([numbersOf(inX), numbersOf(inY)]).toEqual([place(x.data), place(y.data)]);
      }),
      { numRuns: 15 },
    );
    const padded = jit((x: NDArray) => np.intersect1d(x, [5, 7], { size: 2, returnIndices: true }))(
      np.array([1, 2, 5]),
    );
    expect(padded.map((v) => v.js())).toEqual([
      [5, 5],
      [2, 3],
      [0, 2],
    ]); // beyond the ends
  });
});

it("the oracle has teeth", () => {
  expect(sorted([2, Number.NaN, -0, 0])).toEqual([-0, 0, 2, Number.NaN]);
  expect(ofVector(vector([3, Number.NaN, 3, Number.NaN])).counts).toEqual([2, 2]);
  expect(ofVector(vector([3, Number.NaN, 3, Number.NaN]), false).counts).toEqual([2, 1, 1]);
});
