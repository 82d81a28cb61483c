// Updates divided by their own size: of each element over time, of each leaf, of each row.
import { np, type NDArray } from "../numpy/index.ts";
import { fullLike, mapLeaves, nextStep, noSteps, overRoot, safeNorm, safeRms, stateless, zerosLike } from "./leaves.ts";
import { average, corrected, firstMoment, secondMoment } from "./moments.ts";
import { needParams } from "./scaling.ts";
import type { EmptyState, GradientTransformation, Scalar, Tree } from "./types.ts";

/** Options of root mean squares over time. */
export interface RmsOptions {
  /** Decay of the average of squares. */
  readonly decay?: Scalar;
  readonly eps?: Scalar;
  /** What the averages of squares start at. */
  readonly initialScale?: Scalar;
  /** `eps` is added under the root (so by default) or to the root. */
  readonly epsInSqrt?: boolean;
  /** Divide the averages by `1 - decay^step`. */
  readonly biasCorrection?: boolean;
}
/** Steps taken, and running averages of squares. */
export interface RmsState {
  readonly count: NDArray;
  readonly nu: Tree;
}
const byRoot = (g: NDArray, v: NDArray, eps: Scalar, inside: boolean): NDArray =>
  np.divide(g, inside ? np.sqrt(np.add(v, eps)) : np.add(np.sqrt(v), eps));

/**
 * `g / sqrt(v + eps)` with the average `v` of squares (Hinton's lecture 6).
 * @example
 * const t = optim.scaleByRms({ decay: 0.75, eps: 0 });
 * t.update(np.array([4, -0.5]), t.init(np.zeros([2])))[0] // => [2 -2]
 */
export const scaleByRms = ({
  decay = 0.9,
  eps = 1e-8,
  initialScale = 0,
  epsInSqrt = true,
  biasCorrection = false,
}: RmsOptions = {}): GradientTransformation<RmsState> => ({
  init: (params) => ({ count: noSteps(), nu: fullLike(params, initialScale) }),
  update: (updates, state) => {
    const nu = secondMoment(updates, state.nu, decay),
      count = nextStep(state.count);
    const step = (g: NDArray, v: NDArray): NDArray =>
      byRoot(g, biasCorrection ? corrected(v, decay, count) : v, eps, epsInSqrt);
    return [mapLeaves(step, updates, nu), { count, nu }];
  },
});

/** As `RmsState`, with running averages of gradients. */
export interface StddevState extends RmsState {
  readonly mu: Tree;
}
/**
 * `g / sqrt(v - m^2 + eps)` with the averages `m` of gradients and `v` of squares (Graves 2013, arXiv:1308.0850).
 * @example
 * const t = optim.scaleByStddev({ decay: 0.5, eps: 0 });
 * t.update(np.array([4, -0.5]), t.init(np.zeros([2])))[0] // => [2 -2]
 */
export const scaleByStddev = ({
  decay = 0.9,
  eps = 1e-8,
  initialScale = 0,
  epsInSqrt = true,
  biasCorrection = false,
}: RmsOptions = {}): GradientTransformation<StddevState> => ({
  init: (params) => ({ count: noSteps(), mu: zerosLike(params), nu: fullLike(params, initialScale) }),
  update: (updates, state) => {
    const mu = firstMoment(updates, state.mu, decay),
      nu = secondMoment(updates, state.nu, decay),
      count = nextStep(state.count);
    const debias = (x: NDArray): NDArray => (biasCorrection ? corrected(x, decay, count) : x);
    const step = (g: NDArray, m: NDArray, v: NDArray): NDArray =>
      byRoot(g, np.subtract(debias(v), np.square(debias(m))), eps, epsInSqrt);
    return [mapLeaves(step, updates, mu, nu), { count, mu, nu }];
  },
});

/** Sums of squares of all past updates. */
export interface RssState {
  readonly sumOfSquares: Tree;
}
/** Options of sums of squares. */
export interface RssOptions {
  readonly initialAccumulatorValue?: Scalar;
  readonly eps?: Scalar;
}
/**
 * `g / sqrt(s + eps)` with the sum `s` of all squares so far, 0 where that is 0 (Duchi et al. 2011, JMLR 12).
 * @example
 * const t = optim.scaleByRss({ initialAccumulatorValue: 0, eps: 0 });
 * t.update(np.array([4, 0]), t.init(np.zeros([2])))[0] // => [1 0]
 */
export const scaleByRss = ({
  initialAccumulatorValue = 0.1,
  eps = 1e-7,
}: RssOptions = {}): GradientTransformation<RssState> => ({
  init: (params) => ({ sumOfSquares: fullLike(params, initialAccumulatorValue) }),
  update: (updates, state) => {
    const sumOfSquares = mapLeaves((g, s) => np.add(np.square(g), s), updates, state.sumOfSquares);
    return [mapLeaves((g, s) => overRoot(g, s, eps), updates, sumOfSquares), { sumOfSquares }];
  },
});
/** Running averages of squares of gradients and of updates. */
export interface AdadeltaState {
  readonly eG: Tree;
  readonly eX: Tree;
}
/** Options of Adadelta. */
export interface AdadeltaOptions {
  /** Decay of both averages. */
  readonly rho?: Scalar;
  readonly eps?: Scalar;
}
/**
 * `g sqrt(x + eps) / sqrt(v + eps)` with the averages `v` of squared gradients and `x` of squared updates
 * (Zeiler 2012, arXiv:1212.5701).
 * @example
 * const t = optim.scaleByAdadelta({ rho: 0.75, eps: 1 });
 * t.update(np.array([0]), t.init(np.zeros([1])))[0] // => [0]
 */
export const scaleByAdadelta = ({
  rho = 0.9,
  eps = 1e-6,
}: AdadeltaOptions = {}): GradientTransformation<AdadeltaState> => ({
  init: (params) => ({ eG: zerosLike(params), eX: zerosLike(params) }),
  update: (updates, state) => {
    const eG = secondMoment(updates, state.eG, rho);
    const moves = mapLeaves(
      (g, v, x) => np.divide(np.multiply(g, np.sqrt(np.add(x, eps))), np.sqrt(np.add(v, eps))),
      updates,
      eG,
      state.eX,
    );
    return [moves, { eG, eX: secondMoment(moves, state.eX, rho) }];
  },
});

/** Options of trust ratios. */
export interface TrustOptions {
  readonly minNorm?: Scalar;
  readonly trustCoefficient?: Scalar;
  readonly eps?: Scalar;
}
/**
 * Each leaf times `trustCoefficient |p| / (|g| + eps)`, or 1 where a norm is 0; norms are at least `minNorm`
 * (You et al. 2020, arXiv:1904.00962). Throws ArgumentError if `update` is called without parameters.
 * @example
 * optim.scaleByTrustRatio().update(np.array([0, 2]), {}, np.array([3, 4]))[0] // => [0 5]
 */
export const scaleByTrustRatio = ({
  minNorm = 0,
  trustCoefficient = 1,
  eps = 0,
}: TrustOptions = {}): GradientTransformation<EmptyState> =>
  stateless(
    <P>(updates: P, params: P | undefined): P =>
      mapLeaves(
        (g, p) => {
          const size = safeNorm(p, minNorm),
            step = safeNorm(g, minNorm);
          const none = np.logicalOr(np.equal(size, 0), np.equal(step, 0));
          const trust = np.divide(np.multiply(size, trustCoefficient), np.add(np.where(none, 1, step), eps));
          return np.multiply(g, np.where(none, 1, trust));
        },
        updates,
        needParams("scaleByTrustRatio", params) as Tree,
      ),
  );

/**
 * Each leaf times the root mean square of its parameters, at least `minScale`. Throws ArgumentError if `update` is called
 * without parameters.
 * @example
 * optim.scaleByParamBlockRms().update(np.array([1, 2]), {}, np.array([3, -3]))[0] // => [3 6]
 */
export const scaleByParamBlockRms = (minScale: Scalar = 1e-3): GradientTransformation<EmptyState> =>
  stateless(
    <P>(updates: P, params: P | undefined): P =>
      mapLeaves(
        (g, p) => np.multiply(g, safeRms(p, minScale)),
        updates,
        needParams("scaleByParamBlockRms", params) as Tree,
      ),
  );

/** Options of NovoGrad. */
export interface NovogradOptions {
  readonly b1?: Scalar;
  readonly b2?: Scalar;
  readonly eps?: Scalar;
  readonly epsRoot?: Scalar;
  readonly weightDecay?: Scalar;
}
/** Steps taken, momentum, and a running average of the squared norm of each leaf. */
export interface NovogradState {
  readonly count: NDArray;
  readonly mu: Tree;
  readonly nu: Tree;
}
/**
 * NovoGrad: momentum of `g / (sqrt(v + epsRoot) + eps) + weightDecay p` with the average `v` of the squared norm of a leaf, which
 * starts at the first one (Ginsburg et al. 2019, arXiv:1905.11286). Throws ArgumentError if `update` is called without parameters.
 * @example
 * const t = optim.scaleByNovograd({ eps: 0 });
 * t.update(np.array([3, 4]), t.init(np.zeros([2])), np.zeros([2]))[0] // => [0.6 0.8]
 */
export const scaleByNovograd = ({
  b1 = 0.9,
  b2 = 0.25,
  eps = 1e-8,
  epsRoot = 0,
  weightDecay = 0,
}: NovogradOptions = {}): GradientTransformation<NovogradState> => ({
  init: (params) => ({
    count: noSteps(),
    mu: zerosLike(params),
    nu: mapLeaves((p) => np.zeros([], { dtype: p.dtype }), params),
  }),
  update: (updates, state, params) => {
    const count = nextStep(state.count),
      first = np.equal(count, 1);
    const nu = mapLeaves(
      (g, v) => {
        const size = np.sum(np.square(g));
        return np.where(first, size, average(size, v, b2));
      },
      updates,
      state.nu,
    );
    const mu = mapLeaves(
      (g, v, m, p) => {
        const unit = np.divide(g, np.add(np.sqrt(np.add(v, epsRoot)), eps));
        const step = np.add(unit, np.multiply(p, weightDecay));
        return np.where(first, step, np.add(np.multiply(m, b1), step));
      },
      updates,
      nu,
      state.mu,
      needParams("scaleByNovograd", params) as Tree,
    );
    return [mu, { count, mu, nu }];
  },
});

/** Whether this is the first step, and the gradient before. */
export interface OptimisticState {
  readonly isInitialStep: NDArray;
  readonly previousGradient: Tree;
}
/**
 * Optimistic gradients: `(alpha + beta) g - beta g'` with the gradient `g'` of the step before, which at first is `g`
 * (Mokhtari et al. 2019, arXiv:1901.08511).
 * @example
 * const t = optim.scaleByOptimisticGradient();
 * const [, state] = t.update(np.array([1]), t.init(np.zeros([1])));
 * t.update(np.array([3]), state)[0] // => [5]
 */
export const scaleByOptimisticGradient = ({
  alpha = 1,
  beta = 1,
}: {
  readonly alpha?: number;
  readonly beta?: number;
} = {}): GradientTransformation<OptimisticState> => ({
  init: (params) => ({ isInitialStep: np.array(true), previousGradient: zerosLike(params) }),
  update: (updates, { isInitialStep, previousGradient }) => [
    mapLeaves(
      (g, before) => np.subtract(np.multiply(g, alpha + beta), np.multiply(np.where(isInitialStep, g, before), beta)),
      updates,
      previousGradient,
    ),
    { isInitialStep: np.array(false), previousGradient: updates },
  ],
});
