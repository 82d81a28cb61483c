// Arrays as plain data, and NumPy's rules on them in a few lines of JavaScript: what the laws of np compare with.
import fc from "fast-check";
import { expect } from "vitest";
import type { DType, NDArray } from "../src/index.ts";
import { np } from "../src/index.ts";

/** Row-major elements and a shape. */
export interface Plain {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
/** Every index of a shape, in row-major order. */
export const indicesOf = (shape: readonly number[]): readonly (readonly number[])[] =>
  shape.reduce<readonly (readonly number[])[]>(
    (all, d) => all.flatMap((at) => Array.from({ length: d }, (_, i) => [...at, i])),
    [[]],
  );
/** The element at an index. */
export const read = ({ shape, data }: Plain, at: readonly number[]): number =>
  data[at.reduce((flat, i, d) => flat * (shape[d] as number) + i, 0)] as number;
/** The array with `f(index)` at every index. */
export const build = (shape: readonly number[], f: (at: readonly number[]) => number): Plain => ({
  shape,
  data: indicesOf(shape).map(f),
});
/** The array of np with these elements. */
export const toNumpy = ({ shape, data }: Plain, dtype: DType = "float32"): NDArray =>
  np
    .array(Float64Array.from(data))
    .astype(dtype)
    .reshape([...shape]);
/** The elements of an array of np. */
export const toPlain = (x: NDArray): Plain => ({ shape: [...x.shape], data: Array.from(x.dataSync()) });

/** The shape in which shapes meet, or null. */
export const broadcastShape = (a: readonly number[], b: readonly number[]): readonly number[] | null => {
  const rank = Math.max(a.length, b.length),
    out: number[] = [];
  for (let i = 0; i < rank; i++) {
    const x = a[a.length - rank + i] ?? 1,
      y = b[b.length - rank + i] ?? 1;
    if (x !== y && x !== 1 && y !== 1) return null;
    out.push(x === 1 ? y : x);
  }
  return out;
};
/** The element of a broadcast array at an index of the result. */
export const readBroadcast = (x: Plain, at: readonly number[]): number =>
  read(
    x,
    x.shape.map((d, i) => (d === 1 ? 0 : (at[at.length - x.shape.length + i] as number))),
  );

/** Extents that have shown bugs: nothing, one, and no multiples of 4. */
export const extent: fc.Arbitrary<number> = fc.constantFrom(0, 1, 2, 3, 5);
/** Extents of which none is 0. */
export const positive: fc.Arbitrary<number> = fc.constantFrom(1, 2, 3, 5);
export const shapeOf = (of: fc.Arbitrary<number> = extent, least = 0, most = 3): fc.Arbitrary<readonly number[]> =>
  fc.array(of, { minLength: least, maxLength: most });
/** Multiples of 1/8: sums and products of a few are exact. */
export const dyadic: fc.Arbitrary<number> = fc.integer({ min: -16, max: 16 }).map((n) => n / 8);
/** An array of a shape. */
export const plainOf = (
  shape: fc.Arbitrary<readonly number[]>,
  element: fc.Arbitrary<number> = dyadic,
): fc.Arbitrary<Plain> =>
  shape.chain((s) =>
    fc.array(element, { minLength: sizeOf(s), maxLength: sizeOf(s) }).map((data) => ({ shape: s, data })),
  );
/** -0 counts as 0. */
export const unsigned = ({ shape, data }: Plain): Plain => ({ shape, data: data.map((v) => (v === 0 ? 0 : v)) });
/** Expect an array of np to be these elements. */
export const same = (got: NDArray, want: Plain): void => {
  expect(toPlain(got)).toEqual(want);
};
