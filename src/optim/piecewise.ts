// Schedules given by their values at a few steps.
import { ArgumentError } from "../numpy/errors.ts";
import { np, type NDArray } from "../numpy/index.ts";
import type { Schedule } from "./types.ts";

/** Factors by the step at which they come in. */
export type BoundariesAndScales = Readonly<Record<number, number>>;
const sorted = (op: string, scales: BoundariesAndScales): readonly (readonly [step: number, scale: number])[] => {
  const entries = Object.entries(scales).map(([step, scale]) => [Number(step), scale] as const);
  const negative = entries.find(([, scale]) => !(scale >= 0));
  if (negative !== undefined)
    throw new ArgumentError({ op, expected: "scales that are not negative", got: String(negative[1]) });
  return entries.sort(([a], [b]) => a - b);
};

/**
 * `initValue` times all factors whose step lies before the current one or is the current one.
 * @example
 * optim.piecewiseConstantSchedule(1, { 10: 0.5, 20: 0.1 })(15) // => 0.5
 */
export const piecewiseConstantSchedule = (
  initValue: number,
  boundariesAndScales: BoundariesAndScales = {},
): Schedule => {
  const jumps = sorted("piecewiseConstantSchedule", boundariesAndScales);
  return (step) =>
    jumps.reduce<NDArray>(
      (value, [at, factor]) => np.where(np.less(step, at), value, np.multiply(value, factor)),
      np.array(initValue),
    );
};

/** How values go from one boundary to the next: `done` runs from 0 to 1. */
const between: { readonly [kind: string]: (from: number, to: number, done: NDArray) => NDArray } = {
  linear: (from, to, done) => np.add(np.multiply(done, to - from), from),
  cosine: (from, to, done) => np.add(np.multiply(np.add(np.cos(np.multiply(done, Math.PI)), 1), (from - to) / 2), to),
};
/**
 * `initValue` times all factors whose step has come, and on the way to the next one a straight line or half a cosine.
 * @example
 * optim.piecewiseInterpolateSchedule("linear", 1, { 4: 0.5 })(2) // => 0.75
 */
export const piecewiseInterpolateSchedule = (
  interpolateType: "linear" | "cosine",
  initValue: number,
  boundariesAndScales: BoundariesAndScales = {},
): Schedule => {
  const jumps = sorted("piecewiseInterpolateSchedule", boundariesAndScales);
  const move = between[interpolateType] as (from: number, to: number, done: NDArray) => NDArray;
  return (step) => {
    const now = np.asarray(step, { dtype: "float32" });
    let value = np.array(initValue),
      [from, begin] = [initValue, 0];
    for (const [end, factor] of jumps) {
      const to = from * factor;
      const done = np.divide(np.subtract(now, begin), Math.max(end - begin, 1));
      value = np.where(np.less(now, begin), value, np.where(np.less(now, end), move(from, to, done), to));
      [from, begin] = [to, end];
    }
    return value;
  };
};

/** Options of one-cycle schedules. */
export interface OnecycleOptions {
  /** The part of the steps that rises. */
  readonly pctStart?: number;
  /** The peak over the first value. */
  readonly divFactor?: number;
  /** The first value over the last. */
  readonly finalDivFactor?: number;
}
const positive = (op: string, steps: number): void => {
  if (!(steps > 0)) throw new ArgumentError({ op, expected: "transitionSteps to be positive", got: String(steps) });
};
/**
 * In straight lines up to `peakValue`, down to where it began, and down to the end (Smith and Topin 2017, arXiv:1708.07120).
 * @example
 * optim.linearOnecycleSchedule(100, 1)(30) // => 1
 */
export const linearOnecycleSchedule = (
  transitionSteps: number,
  peakValue: number,
  {
    pctStart = 0.3,
    pctFinal = 0.85,
    divFactor = 25,
    finalDivFactor = 1e4,
  }: OnecycleOptions & { readonly pctFinal?: number } = {},
): Schedule => {
  positive("linearOnecycleSchedule", transitionSteps);
  return piecewiseInterpolateSchedule("linear", peakValue / divFactor, {
    [Math.trunc(pctStart * transitionSteps)]: divFactor,
    [Math.trunc(pctFinal * transitionSteps)]: 1 / divFactor,
    [transitionSteps]: 1 / finalDivFactor,
  });
};
/**
 * Half a cosine up to `peakValue`, and one down to the end (Smith and Topin 2017, arXiv:1708.07120).
 * @example
 * optim.cosineOnecycleSchedule(100, 1)(30) // => 1
 */
export const cosineOnecycleSchedule = (
  transitionSteps: number,
  peakValue: number,
  { pctStart = 0.3, divFactor = 25, finalDivFactor = 1e4 }: OnecycleOptions = {},
): Schedule => {
  positive("cosineOnecycleSchedule", transitionSteps);
  return piecewiseInterpolateSchedule("cosine", peakValue / divFactor, {
    [Math.trunc(pctStart * transitionSteps)]: divFactor,
    [transitionSteps]: 1 / (divFactor * finalDivFactor),
  });
};
