// What laws of `nn` share: closeness of lists, slopes of sums, the logarithm of a sum of powers in double precision.
import { expect } from "vitest";
import { grad, type NDArray } from "../src/index.ts";
import { sum } from "../src/primitives/linear.ts";

const { abs, exp, max } = Math;
/** The elements in row-major order. */
export const numbers = (x: NDArray): readonly number[] => Array.from(x.dataSync());
const near = (got: number, want: number, tolerance: number): boolean =>
  Object.is(got, want) || abs(got - want) <= tolerance * max(1, abs(want));
export const expectNear = (got: readonly number[], want: readonly number[], tolerance: number): void => {
  expect(got.length).toBe(want.length);
  got.forEach((v, i) => {
    expect([v, want[i], near(v, want[i] as number, tolerance)]).toEqual([v, want[i], true]);
  });
};
const total = (x: NDArray): NDArray =>
  sum(
    x,
    x.shape.map((_, i) => i),
  );
export const slopes = (f: (x: NDArray) => NDArray, x: NDArray): readonly number[] =>
  numbers(grad((v: NDArray) => total(f(v)))(x));
export const logSum = (x: readonly number[]): number => {
  const m = max(...x);
  return Number.isFinite(m) ? m + Math.log(x.reduce((s, v) => s + exp(v - m), 0)) : m;
};
