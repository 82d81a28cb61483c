// Transformations around a transformation: skipped steps, several gradients for one step, slow weights, changing settings.
import { ArgumentError } from "../numpy/errors.ts";
import { np, type NDArray } from "../numpy/index.ts";
import { choose, leavesOf, mapLeaves, nextStep, noSteps, zerosLike } from "./leaves.ts";
import type { GradientTransformation, Scalar, Scheduled, Tree } from "./types.ts";

/** Counts of gradients that are not finite, and the state of the transformation inside. */
export interface FiniteState<S> {
  readonly notfiniteCount: NDArray;
  readonly lastFinite: NDArray;
  readonly totalNotfinite: NDArray;
  readonly innerState: S;
}
/**
 * `inner`, but a step whose gradients are not all finite changes nothing, unless more than `maxConsecutiveErrors` come one after
 * the other.
 * @example
 * const t = optim.applyIfFinite(optim.sgd(1), 5);
 * t.update(np.array([1, NaN]), t.init(np.zeros([2])))[0] // => [0 0]
 */
export const applyIfFinite = <S>(
  inner: GradientTransformation<S>,
  maxConsecutiveErrors: number,
): GradientTransformation<FiniteState<S>> => ({
  init: (params) => ({
    notfiniteCount: noSteps(),
    lastFinite: np.array(true),
    totalNotfinite: noSteps(),
    innerState: inner.init(params),
  }),
  update: (updates, state, params) => {
    const finite = leavesOf(updates)
      .map((g) => np.all(np.isfinite(g)))
      .reduce((a, b) => np.logicalAnd(a, b), np.array(true));
    const streak = np.where(finite, 0, nextStep(state.notfiniteCount));
    const go = np.logicalOr(finite, np.greater(streak, maxConsecutiveErrors));
    const [out, next] = inner.update(updates, state.innerState, params);
    return [
      choose(go, out, zerosLike(out)),
      {
        notfiniteCount: streak,
        lastFinite: finite,
        totalNotfinite: np.where(finite, state.totalNotfinite, nextStep(state.totalNotfinite)),
        innerState: choose(go, next, state.innerState),
      },
    ];
  },
});

/** Where a run of gradients stands, their average so far, and the state of the transformation inside. */
export interface MultiStepsState<S> {
  readonly miniStep: NDArray;
  readonly gradientStep: NDArray;
  readonly innerOptState: S;
  readonly accGrads: Tree;
}
/**
 * One step of `inner` for the average of each `everyK` gradients; zero updates between. `everyK` is a number, or a function of
 * the number of steps of `inner` so far.
 * @example
 * const t = optim.multiSteps(optim.sgd(1), 2);
 * const [first, state] = t.update(np.array([1]), t.init(np.zeros([1])));
 * first // => [0]
 * t.update(np.array([3]), state)[0] // => [-2]
 */
export const multiSteps = <S>(
  inner: GradientTransformation<S>,
  everyK: number | ((gradientStep: NDArray) => Scalar),
): GradientTransformation<MultiStepsState<S>> => ({
  init: (params) => ({
    miniStep: noSteps(),
    gradientStep: noSteps(),
    innerOptState: inner.init(params),
    accGrads: zerosLike(params),
  }),
  update: (updates, state, params) => {
    const { miniStep, gradientStep } = state;
    const most = typeof everyK === "number" ? everyK : everyK(gradientStep);
    const last = np.equal(np.add(miniStep, 1), most);
    const mean = mapLeaves(
      (g, sum) => np.add(sum, np.divide(np.subtract(g, sum), np.add(miniStep, 1).astype(g.dtype))),
      updates,
      state.accGrads,
    );
    const [out, next] = inner.update(mean, state.innerOptState, params);
    return [
      choose(last, out, zerosLike(out)),
      {
        miniStep: np.where(last, 0, np.add(miniStep, 1)),
        gradientStep: np.where(last, nextStep(gradientStep), gradientStep),
        innerOptState: choose(last, next, state.innerOptState),
        accGrads: choose(last, zerosLike(mean), mean),
      },
    ];
  },
});

/** The weights that are trained, and the slow ones that follow. */
export interface LookaheadParams<P> {
  readonly fast: P;
  readonly slow: P;
}
/**
 * Parameters for `lookahead`, fast and slow ones alike.
 * @example
 * optim.lookaheadParams({ w: np.array([1]) }) // => { fast: { w: [1] }, slow: { w: [1] } }
 */
export const lookaheadParams = <P>(params: P): LookaheadParams<P> => ({
  fast: params,
  slow: params,
});
/** The state of the fast optimizer, and the steps since the slow weights moved. */
export interface LookaheadState<S> {
  readonly fastState: S;
  readonly stepsSinceSync: NDArray;
}
/** Options of `lookahead`. */
export interface LookaheadOptions {
  /** Start the fast optimizer anew whenever the slow weights move. */
  readonly resetState?: boolean;
}
/**
 * Lookahead: every `syncPeriod` steps the slow weights go `slowStepSize` of the way to the fast ones, which start again from
 * there (Zhang et al. 2019, arXiv:1907.08610). Parameters are `lookaheadParams`; gradients are those of the fast ones. Throws
 * ArgumentError if `update` is called without parameters or `syncPeriod` is not positive.
 * @example
 * const t = optim.lookahead(optim.sgd(1), 1, 0.5);
 * const params = optim.lookaheadParams(np.array([4]));
 * const [updates] = t.update({ fast: np.array([2]), slow: np.array([0]) }, t.init(params), params);
 * optim.applyUpdates(params, updates) // => { fast: [3], slow: [3] }
 */
export const lookahead = <S>(
  fastOptimizer: GradientTransformation<S>,
  syncPeriod: number,
  slowStepSize: Scalar,
  { resetState = false }: LookaheadOptions = {},
): GradientTransformation<LookaheadState<S>> => {
  const op = "lookahead";
  if (!(syncPeriod >= 1))
    throw new ArgumentError({ op, expected: "a syncPeriod of at least 1", got: String(syncPeriod) });
  const pair = (x: Tree): LookaheadParams<Tree> => {
    if (typeof x === "object" && x !== null && "fast" in x && "slow" in x) return x as LookaheadParams<Tree>;
    throw new ArgumentError({
      op,
      expected: "a pair { fast, slow }",
      got: x === undefined ? "nothing" : "something else",
      remedy: "make the parameters with lookaheadParams, and pass them to update",
    });
  };
  return {
    init: (params) => ({ fastState: fastOptimizer.init(pair(params).fast), stepsSinceSync: noSteps() }),
    update: (updates, state, params) => {
      const { fast, slow } = pair(params);
      const [steps, stepped] = fastOptimizer.update(pair(updates).fast, state.fastState, fast);
      const sync = np.equal(state.stepsSinceSync, syncPeriod - 1);
      // How far the fast weights will be from the slow ones, if the two meet now.
      const apart = mapLeaves((f, u, s) => np.where(sync, np.subtract(np.add(f, u), s), 0), fast, steps, slow);
      const slowSteps = mapLeaves((d) => np.multiply(d, slowStepSize), apart);
      const fastSteps = mapLeaves((u, d, s) => np.subtract(u, np.subtract(d, s)), steps, apart, slowSteps);
      const fastState = resetState ? choose(sync, fastOptimizer.init(fast), stepped) : stepped;
      const stepsSinceSync = np.where(sync, 0, np.add(state.stepsSinceSync, 1));
      return [{ fast: fastSteps, slow: slowSteps } as never, { fastState, stepsSinceSync }];
    },
  };
};

/** Steps taken, the current settings, and the state of the transformation inside. */
export interface InjectState<H> {
  readonly count: NDArray;
  readonly hyperparams: { readonly [K in keyof H]: NDArray };
  readonly innerState: unknown;
}
/**
 * A transformation whose settings stand in its state, where they can be read and changed between steps; those given as schedules
 * follow them. `factory` makes the transformation from settings.
 * @example
 * const t = optim.injectHyperparams(({ rate }: { rate: number }) => optim.sgd(rate))({ rate: optim.linearSchedule(1, 0, 4) });
 * const [, state] = t.update(np.array([1]), t.init(np.zeros([1])));
 * t.update(np.array([1]), state)[0] // => [-0.75]
 */
export const injectHyperparams =
  <S extends { readonly [N in keyof S]: Scalar }>(factory: (settings: S) => GradientTransformation) =>
  <H extends { readonly [N in keyof S]: Scheduled }>(settings: H): GradientTransformation<InjectState<H>> => {
    type Current = { readonly [N in keyof H]: NDArray };
    const entries = Object.entries(settings) as readonly (readonly [string, Scheduled])[];
    const at = (count: NDArray, before: Readonly<Record<string, NDArray>> | null): Current =>
      Object.fromEntries(
        entries.map(([name, x]) => [
          name,
          typeof x === "function" ? x(count) : (before?.[name] ?? np.asarray(x, { dtype: "float32" })),
        ]),
      ) as Current;
    const made = (current: Current): GradientTransformation => factory(current as unknown as S);
    return {
      init: (params) => {
        const count = noSteps(),
          hyperparams = at(count, null);
        return { count, hyperparams, innerState: made(hyperparams).init(params) };
      },
      update: (updates, { count, hyperparams, innerState }, params) => {
        const current = at(count, hyperparams);
        const [out, next] = made(current).update(updates, innerState, params);
        return [out, { count: nextStep(count), hyperparams: current, innerState: next }];
      },
    };
  };
