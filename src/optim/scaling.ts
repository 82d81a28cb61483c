// Transformations without curvature: scaling, momentum, averages, weight decay, noise.
import { ArgumentError } from "../numpy/errors.ts";
import { np, type NDArray, random } from "../numpy/index.ts";
import { type Labels, masked } from "./combining.ts";
import { mapLeaves, nextStep, noSteps, stateless, times, zerosLike } from "./leaves.ts";
import { corrected, firstMoment } from "./moments.ts";
import type { EmptyState, GradientTransformation, Scalar, Schedule, Scheduled, Tree } from "./types.ts";

/**
 * Updates times a fixed number.
 * @example
 * optim.scale(-0.5).update(np.array([2, 4]), {})[0] // => [-1 -2]
 */
export const scale = (stepSize: Scalar): GradientTransformation<EmptyState> =>
  stateless((updates) => times(stepSize, updates));

/** How many steps have been taken. */
export interface CountState {
  readonly count: NDArray;
}
/**
 * Updates times `schedule(step)`, with the steps counted in the state from 0.
 * @example
 * const t = optim.scaleBySchedule((step) => np.add(step, 1));
 * const [, state] = t.update(np.array([1, 2]), t.init(null));
 * t.update(np.array([1, 2]), state)[0] // => [2 4]
 */
export const scaleBySchedule = (schedule: Schedule): GradientTransformation<CountState> => ({
  init: () => ({ count: noSteps() }),
  update: (updates, { count }) => {
    const size = schedule(count);
    return [mapLeaves((g) => np.multiply(g, size.astype(g.dtype)), updates), { count: nextStep(count) }];
  },
});

/**
 * Updates times minus the learning rate (plus, if `flipSign` is false), which is a number or a schedule.
 * @example
 * optim.scaleByLearningRate(0.5).update(np.array([2, 4]), {})[0] // => [-1 -2]
 */
export const scaleByLearningRate = (
  learningRate: Scheduled,
  { flipSign = true }: { readonly flipSign?: boolean } = {},
): GradientTransformation<EmptyState | CountState> => {
  const signed = (x: Scalar): Scalar => (!flipSign ? x : typeof x === "number" ? -x : np.negative(x));
  return typeof learningRate === "function"
    ? scaleBySchedule((step) => signed(learningRate(step)) as NDArray)
    : scale(signed(learningRate));
};

/** A decaying sum of past updates. */
export interface TraceState {
  readonly trace: Tree;
}
/**
 * Momentum: `t <- g + decay t`; the update is `t`, with `nesterov` `g + decay t`.
 * @example
 * const t = optim.trace(0.5);
 * const [, state] = t.update(np.array([4]), t.init(np.zeros([1])));
 * t.update(np.array([1]), state)[0] // => [3]
 */
export const trace = (
  decay: Scalar,
  { nesterov = false }: { readonly nesterov?: boolean } = {},
): GradientTransformation<TraceState> => ({
  init: (params) => ({ trace: zerosLike(params) }),
  update: (updates, state) => {
    const push = (g: NDArray, t: NDArray): NDArray => np.add(g, np.multiply(t, decay));
    const next = mapLeaves(push, updates, state.trace);
    return [nesterov ? mapLeaves(push, updates, next) : next, { trace: next }];
  },
});

/** An average of past updates. */
export interface EmaState {
  readonly count: NDArray;
  readonly ema: Tree;
}
/**
 * The running average of updates, `m <- decay m + (1 - decay) g`, divided by `1 - decay^step` if `debias` is true.
 * @example
 * const t = optim.ema(0.5);
 * t.update(np.array([4]), t.init(np.zeros([1])))[0] // => [4]
 */
export const ema = (
  decay: Scalar,
  { debias = true }: { readonly debias?: boolean } = {},
): GradientTransformation<EmaState> => ({
  init: (params) => ({ count: noSteps(), ema: zerosLike(params) }),
  update: (updates, state) => {
    const next = firstMoment(updates, state.ema, decay),
      count = nextStep(state.count);
    return [debias ? mapLeaves((m) => corrected(m, decay, count), next) : next, { count, ema: next }];
  },
});

/** Options of what may leave some leaves out. */
export interface MaskOptions {
  /** For which leaves: a tree of booleans like the parameters, or a function that gives it. */
  readonly mask?: Labels<boolean> | undefined;
}
/** The parameters; throws ArgumentError if `update` was called without them. */
export const needParams = <P>(op: string, params: P | undefined): P => {
  if (params !== undefined) return params;
  throw new ArgumentError({
    op,
    expected: "the parameters",
    got: "none",
    remedy: "call update(grads, state, params)",
  });
};
/**
 * Weight decay: `g + weightDecay p` for every parameter `p`. Throws ArgumentError if `update` is called without parameters.
 * @example
 * optim.addDecayedWeights(0.5).update(np.array([1, 1]), {}, np.array([2, 4]))[0] // => [2 3]
 */
export const addDecayedWeights = (
  weightDecay: Scalar = 0,
  { mask }: MaskOptions = {},
): GradientTransformation<EmptyState> => {
  const all = stateless(
    <P>(updates: P, params: P | undefined): P =>
      mapLeaves(
        (g, p) => np.add(g, np.multiply(p, weightDecay)),
        updates,
        needParams("addDecayedWeights", params) as Tree,
      ),
  );
  return mask === undefined ? all : masked(all, mask);
};

/** Steps taken, and the key of the next noise. */
export interface NoiseState {
  readonly count: NDArray;
  readonly key: ReturnType<typeof random.key>;
}
/**
 * Updates plus Gaussian noise of variance `eta / step^gamma` (Neelakantan et al. 2015, arXiv:1511.06807).
 * @example
 * const t = optim.addNoise(0, 0.5, 1);
 * t.update(np.array([1, 2]), t.init(null))[0] // => [1 2]
 */
export const addNoise = (eta: Scalar, gamma: Scalar, seed: number): GradientTransformation<NoiseState> => ({
  init: () => ({ count: noSteps(), key: random.key(seed) }),
  update: (updates, state) => {
    const count = nextStep(state.count);
    const deviation = np.sqrt(np.divide(eta, np.power(count.astype("float32"), gamma)));
    const [next, now] = random.split(state.key);
    let i = 0;
    const noisy = mapLeaves((g) => {
      const noise = random.normal(random.foldIn(now, i++), g.shape, { dtype: g.dtype });
      return np.add(g, np.multiply(noise, deviation.astype(g.dtype)));
    }, updates);
    return [noisy, { count, key: next }];
  },
});

/** Which leaves had NaN at the last step. */
export interface NanState {
  readonly foundNan: Tree;
}
/**
 * Updates with 0 in place of NaN; the state says in which leaves some were found.
 * @example
 * optim.zeroNans().update(np.array([1, NaN]), { foundNan: false })[0] // => [1 0]
 */
export const zeroNans = (): GradientTransformation<NanState> => ({
  init: (params) => ({ foundNan: mapLeaves(() => np.array(false), params) }),
  update: (updates) => [
    mapLeaves((g) => np.where(np.isnan(g), 0, g), updates),
    { foundNan: mapLeaves((g) => np.any(np.isnan(g)), updates) },
  ],
});
