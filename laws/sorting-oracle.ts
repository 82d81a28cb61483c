// Sorting in plain JavaScript: what the laws of sorting, quantiles and sets compare with.
import fc from "fast-check";
import { expect } from "vitest";
import type { DType, NDArray } from "../src/index.ts";
import { indicesOf, type Plain, read, sizeOf } from "./numpy-oracle.ts";

/** -1, 0 or 1: NaN is the largest, and zeros of both signs are equal. */
export const compare = (x: number, y: number): number => {
  if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
  return x < y ? -1 : x > y ? 1 : 0;
};
/** Indices that sort by several lists of keys, the first of which counts most; stable. */
export const orderOf = (keys: readonly (readonly number[])[], descending = false): readonly number[] =>
  [...(keys[0] as readonly number[]).keys()].sort((i, j) => {
    for (const key of keys) {
      const sign = compare(key[i] as number, key[j] as number);
      if (sign !== 0) return descending ? -sign : sign;
    }
    return 0;
  });
/** The elements in order. */
export const sorted = (xs: readonly number[]): readonly number[] => [...xs].sort(compare);

/** The array whose rows along an axis are `f(row)`, all of one length. */
export const mapRows = (
  x: Plain,
  axis: number,
  f: (row: readonly number[]) => readonly number[],
  length = x.shape[axis] as number,
): Plain => {
  const shape = x.shape.map((d, a) => (a === axis ? length : d)),
    rows = new Map<string, readonly number[]>();
  const data = indicesOf(shape).map((at) => {
    const others = at.filter((_, a) => a !== axis).join();
    const row =
      rows.get(others) ??
      f(
        Array.from({ length: x.shape[axis] as number }, (_, i) =>
          read(
            x,
            at.map((v, a) => (a === axis ? i : v)),
          ),
        ),
      );
    rows.set(others, row);
    return row[at[axis] as number] as number;
  });
  return { shape, data };
};

const tiny = fc.integer({ min: -2, max: 2 });
const strange = fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0);
/** Elements of a dtype: many ties, and the ends of the range. */
export const elementsOf: Readonly<Record<DType, fc.Arbitrary<number>>> = {
  bool: fc.constantFrom(0, 1),
  uint8: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 255 })),
  int32: fc.oneof(tiny, fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })),
  uint32: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 2 ** 32 - 1 })),
  float32: fc.oneof(tiny, strange, fc.float({ noNaN: true })),
  float64: fc.oneof(tiny, strange, fc.double({ noNaN: true })),
};
export const dtypes = Object.keys(elementsOf) as (keyof typeof elementsOf)[];
/** An array of a shape. */
export const plainWith = (shape: readonly number[], element: fc.Arbitrary<number>): fc.Arbitrary<Plain> =>
  fc
    .array(element, { minLength: sizeOf(shape), maxLength: sizeOf(shape) })
    .map((data) => ({ shape: [...shape], data }));

export const numbersOf = (x: NDArray): readonly number[] => Array.from(x.dataSync());
/** Expect numbers up to rounding; NaN and infinities exactly. */
export const near = (got: readonly number[], want: readonly number[], tolerance = 1e-6): void => {
  expect(got.length).toBe(want.length);
  got.forEach((v, i) => {
    const w = want[i] as number;
    const ok = Number.isFinite(w) ? Math.abs(v - w) <= tolerance * Math.max(1, Math.abs(w)) : Object.is(v, w);
    if (!ok) expect(got).toEqual(want);
  });
};
