// Hyperparameters as functions of the number of steps taken; plain array code, so they run inside and outside `jit`.
import { ArgumentError } from "../numpy/errors.ts";
import { np, type NDArray } from "../numpy/index.ts";
import type { Scalar, Schedule } from "./types.ts";

const clock = (step: Scalar): NDArray => np.asarray(step, { dtype: "float32" });
const atLeastOne = (op: string, what: string, steps: number): void => {
  if (!(steps > 0)) throw new ArgumentError({ op, expected: `${what} to be positive`, got: String(steps) });
};

/**
 * The same value at every step.
 * @example
 * optim.constantSchedule(0.5)(100) // => 0.5
 */
export const constantSchedule =
  (value: number): Schedule =>
  () =>
    np.array(value);

/** Options of schedules that begin late. */
export interface TransitionOptions {
  /** Steps before anything changes. */
  readonly transitionBegin?: number;
}
/**
 * From `initValue` to `endValue` in `transitionSteps` steps: `(init - end) (1 - step / steps)^power + end`; constant if there
 * are no steps.
 * @example
 * optim.polynomialSchedule(1, 0, 2, 10)(5) // => 0.25
 */
export const polynomialSchedule = (
  initValue: number,
  endValue: number,
  power: number,
  transitionSteps: number,
  { transitionBegin = 0 }: TransitionOptions = {},
): Schedule => {
  if (transitionSteps <= 0) return constantSchedule(initValue);
  const begin = Math.max(transitionBegin, 0);
  return (step) => {
    const done = np.clip(np.subtract(clock(step), begin), 0, transitionSteps);
    const left = np.subtract(1, np.divide(done, transitionSteps));
    return np.add(np.multiply(power === 1 ? left : np.power(left, power), initValue - endValue), endValue);
  };
};

/**
 * In a straight line from `initValue` to `endValue` in `transitionSteps` steps.
 * @example
 * optim.linearSchedule(1, 0, 4)(1) // => 0.75
 */
export const linearSchedule = (
  initValue: number,
  endValue: number,
  transitionSteps: number,
  options: TransitionOptions = {},
): Schedule => polynomialSchedule(initValue, endValue, 1, transitionSteps, options);

/** Options of exponential decay. */
export interface DecayScheduleOptions extends TransitionOptions {
  /** Decay in jumps, once in `transitionSteps` steps. */
  readonly staircase?: boolean;
  /** Where the decay ends: the least value for rates below 1, the largest for others. */
  readonly endValue?: number;
}
/**
 * `initValue decayRate^(step / transitionSteps)`; constant if there are no steps or the rate is 0.
 * @example
 * optim.exponentialDecay(1, 2, 0.25)(1) // => 0.5
 * optim.exponentialDecay(1, 2, 0.25, { staircase: true })(3) // => 0.25
 */
export const exponentialDecay = (
  initValue: number,
  transitionSteps: number,
  decayRate: number,
  { transitionBegin = 0, staircase = false, endValue }: DecayScheduleOptions = {},
): Schedule => {
  if (transitionSteps <= 0 || decayRate === 0) return constantSchedule(initValue);
  const begin = Math.max(transitionBegin, 0);
  return (step) => {
    const since = np.subtract(clock(step), begin),
      periods = np.divide(since, transitionSteps);
    const decayed = np.multiply(np.power(decayRate, staircase ? np.floor(periods) : periods), initValue);
    const value = np.where(np.lessEqual(since, 0), initValue, decayed);
    return endValue === undefined ? value : (decayRate < 1 ? np.maximum : np.minimum)(value, endValue);
  };
};

/** Options of cosine decay. */
export interface CosineOptions {
  /** What is left at the end, as a fraction of the first value. */
  readonly alpha?: number;
  /** Power of the cosine. */
  readonly exponent?: number;
}
/**
 * `initValue ((1 - alpha) c^exponent + alpha)` with `c = (1 + cos(pi step / decaySteps)) / 2` (Loshchilov and Hutter 2017,
 * arXiv:1608.03983). Throws ArgumentError unless `decaySteps` is positive.
 * @example
 * optim.cosineDecaySchedule(1, 10)(10) // => 0
 */
export const cosineDecaySchedule = (
  initValue: number,
  decaySteps: number,
  { alpha = 0, exponent = 1 }: CosineOptions = {},
): Schedule => {
  atLeastOne("cosineDecaySchedule", "decaySteps", decaySteps);
  return (step) => {
    const done = np.divide(np.minimum(clock(step), decaySteps), decaySteps);
    const c = np.multiply(np.add(np.cos(np.multiply(done, Math.PI)), 1), 0.5);
    return np.multiply(np.add(np.multiply(exponent === 1 ? c : np.power(c, exponent), 1 - alpha), alpha), initValue);
  };
};

/**
 * Schedules one after the other: the k-th begins at the step `boundaries[k - 1]`, and counts from there. Throws ArgumentError
 * unless there is one boundary less than schedules.
 * @example
 * optim.joinSchedules([optim.constantSchedule(1), optim.linearSchedule(0, 8, 8)], [10])(13) // => 3
 */
export const joinSchedules = (schedules: readonly Schedule[], boundaries: readonly number[]): Schedule => {
  if (boundaries.length + 1 !== schedules.length)
    throw new ArgumentError({
      op: "joinSchedules",
      expected: "a boundary between each two schedules",
      got: `${schedules.length} schedules and ${boundaries.length} boundaries`,
    });
  return (step) => {
    const [first, ...rest] = schedules as readonly [Schedule, ...Schedule[]];
    return rest.reduce((value, schedule, i) => {
      const begin = boundaries[i] as number;
      return np.where(np.less(step, begin), value, schedule(np.subtract(step, begin)));
    }, first(step));
  };
};

/** Options of a warm-up before a cosine decay. */
export interface WarmupCosineOptions {
  /** The value at the end. */
  readonly endValue?: number;
  /** Power of the cosine. */
  readonly exponent?: number;
}
/**
 * A straight line from `initValue` to `peakValue` in `warmupSteps`, then cosine decay that ends at step `decaySteps`.
 * @example
 * optim.warmupCosineDecaySchedule(0, 1, 10, 110)(5) // => 0.5
 * optim.warmupCosineDecaySchedule(0, 1, 10, 110)(110) // => 0
 */
export const warmupCosineDecaySchedule = (
  initValue: number,
  peakValue: number,
  warmupSteps: number,
  decaySteps: number,
  { endValue = 0, exponent = 1 }: WarmupCosineOptions = {},
): Schedule =>
  joinSchedules(
    [
      linearSchedule(initValue, peakValue, warmupSteps),
      cosineDecaySchedule(peakValue, decaySteps - warmupSteps, {
        alpha: peakValue === 0 ? 0 : endValue / peakValue,
        exponent,
      }),
    ],
    [warmupSteps],
  );

/**
 * A straight line from `initValue` to `peakValue` in `warmupSteps`, then it stays.
 * @example
 * optim.warmupConstantSchedule(0, 1, 10)(5) // => 0.5
 */
export const warmupConstantSchedule = (initValue: number, peakValue: number, warmupSteps: number): Schedule =>
  linearSchedule(initValue, peakValue, warmupSteps);

/**
 * A straight line from `initValue` to `peakValue` in `warmupSteps`, then exponential decay.
 * @example
 * optim.warmupExponentialDecaySchedule(0, 1, 10, 2, 0.25)(11) // => 0.5
 */
export const warmupExponentialDecaySchedule = (
  initValue: number,
  peakValue: number,
  warmupSteps: number,
  transitionSteps: number,
  decayRate: number,
  options: DecayScheduleOptions = {},
): Schedule =>
  joinSchedules(
    [
      linearSchedule(initValue, peakValue, warmupSteps),
      exponentialDecay(peakValue, transitionSteps, decayRate, options),
    ],
    [warmupSteps],
  );

/** One cycle of `sgdrSchedule`. */
export interface CosineCycle extends WarmupCosineOptions {
  readonly initValue: number;
  readonly peakValue: number;
  readonly warmupSteps: number;
  /** Steps of the whole cycle. */
  readonly decaySteps: number;
}
/**
 * Warm restarts: one warm-up and cosine decay after the other (Loshchilov and Hutter 2017, arXiv:1608.03983).
 * @example
 * const cycle = { initValue: 0, peakValue: 1, warmupSteps: 2, decaySteps: 10 };
 * optim.sgdrSchedule([cycle, cycle])(11) // => 0.5
 */
export const sgdrSchedule = (cycles: readonly CosineCycle[]): Schedule => {
  const ends = cycles.map((_, i) => cycles.slice(0, i + 1).reduce((n, { decaySteps }) => n + decaySteps, 0));
  return joinSchedules(
    cycles.map(({ initValue, peakValue, warmupSteps, decaySteps, ...options }) =>
      warmupCosineDecaySchedule(initValue, peakValue, warmupSteps, decaySteps, options),
    ),
    ends.slice(0, -1),
  );
};
