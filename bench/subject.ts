// What is measured. A subject checks its results against plain JavaScript before anything is timed.
import type { NDArray } from "../src/index.ts";

/** Something that is run many times; the median time of one run counts. */
export interface Timed {
  readonly kind: "timed";
  readonly name: string;
  /** Make the data, check the result, and return what is to be timed. */
  readonly prepare: () => () => unknown;
  /** Floating-point operations of a run: the table then shows GFLOP/s too. */
  readonly flops?: number;
  /** Seconds that a run may take. */
  readonly limit?: number;
}
/** Something that is measured by itself, once. */
export interface Once {
  readonly kind: "once";
  readonly name: string;
  readonly unit: "s" | "MB";
  readonly measure: () => number;
  readonly limit?: number;
}
/** Subjects that answer one question. */
export interface Suite {
  readonly name: string;
  readonly question: string;
  readonly subjects: readonly (Timed | Once)[];
}

export const timed = (
  name: string,
  prepare: () => () => unknown,
  more: Pick<Timed, "flops" | "limit"> = {},
): Timed => ({
  kind: "timed",
  name,
  prepare,
  ...more,
});
export const once = (name: string, unit: Once["unit"], limit: number, measure: () => number): Once => ({
  kind: "once",
  name,
  unit,
  measure,
  limit,
});

/** Throw unless `got` is `expected` up to `tolerance`, relative to the larger of 1 and the expected magnitude. */
export const demandClose = (got: NDArray, expected: (i: number) => number, tolerance = 1e-5): void => {
  got.dataSync().forEach((x, i) => {
    const e = expected(i);
    if (!(Math.abs(x - e) <= tolerance * Math.max(1, Math.abs(e)))) throw new Error(`element ${i} is ${x}, not ${e}`);
  });
};

/** Numbers between -1 and 1, the same ones every time (a linear congruential generator, Numerical Recipes' constants). */
export const noise = (n: number, seed = 1): Float32Array => {
  let state = seed;
  return Float32Array.from({ length: n }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
};
