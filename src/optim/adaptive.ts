// Adam and its relatives: updates divided by the root of an average of their squares.
import { np, type NDArray } from "../numpy/index.ts";
import { fullLike, mapLeaves, mapSeveral, nextStep, noSteps, oneMinus, zerosLike } from "./leaves.ts";
import { average, corrected, firstMoment, secondMoment } from "./moments.ts";
import type { GradientTransformation, Scalar, Tree } from "./types.ts";

/** Options that Adam and its relatives share. */
export interface AdamOptions {
  /** Decay of the average of gradients. */
  readonly b1?: Scalar;
  /** Decay of the average of squared gradients. */
  readonly b2?: Scalar;
  /** Added to the root in the denominator. */
  readonly eps?: Scalar;
  /** Added under the root. */
  readonly epsRoot?: Scalar;
  /** Look ahead one step (Dozat 2016). */
  readonly nesterov?: boolean;
}
/** Steps taken, and running averages of gradients and of their squares. */
export interface AdamState {
  readonly count: NDArray;
  readonly mu: Tree;
  readonly nu: Tree;
}

/** `m / (sqrt(v + epsRoot) + eps)`. */
const ratio = (m: NDArray, v: NDArray, eps: Scalar, epsRoot: Scalar): NDArray =>
  np.divide(m, np.add(np.sqrt(epsRoot === 0 ? v : np.add(v, epsRoot)), eps));
/** The average of gradients, corrected; with `nesterov` the one expected after the next step. */
const lead = (g: NDArray, m: NDArray, b1: Scalar, count: NDArray, nesterov: boolean): NDArray =>
  nesterov ? average(corrected(g, b1, count), corrected(m, b1, nextStep(count)), b1) : corrected(m, b1, count);
const atZero = (params: Tree): AdamState => ({ count: noSteps(), mu: zerosLike(params), nu: zerosLike(params) });

/**
 * Adam: `m^ / (sqrt(v^ + epsRoot) + eps)` with the corrected averages `m^` of gradients and `v^` of their squares
 * (Kingma and Ba 2015, arXiv:1412.6980).
 * @example
 * const t = optim.scaleByAdam();
 * t.update(np.array([4, -0.5]), t.init(np.zeros([2])))[0] // => [1 -1]
 */
export const scaleByAdam = ({
  b1 = 0.9,
  b2 = 0.999,
  eps = 1e-8,
  epsRoot = 0,
  nesterov = false,
}: AdamOptions = {}): GradientTransformation<AdamState> => ({
  init: atZero,
  update: (updates, state) => {
    const mu = firstMoment(updates, state.mu, b1),
      nu = secondMoment(updates, state.nu, b2),
      count = nextStep(state.count);
    const step = (g: NDArray, m: NDArray, v: NDArray): NDArray =>
      ratio(lead(g, m, b1, count, nesterov), corrected(v, b2, count), eps, epsRoot);
    return [mapLeaves(step, updates, mu, nu), { count, mu, nu }];
  },
});

/** As `AdamState`, with the largest second moments so far. */
export interface AmsgradState extends AdamState {
  readonly nuMax: Tree;
}
/**
 * AMSGrad: Adam with the largest corrected second moment so far (Reddi et al. 2018, openreview ryQu7f-RZ).
 * @example
 * const t = optim.scaleByAmsgrad();
 * t.update(np.array([4, -0.5]), t.init(np.zeros([2])))[0] // => [1 -1]
 */
export const scaleByAmsgrad = ({
  b1 = 0.9,
  b2 = 0.999,
  eps = 1e-8,
  epsRoot = 0,
}: Omit<AdamOptions, "nesterov"> = {}): GradientTransformation<AmsgradState> => ({
  init: (params) => ({ ...atZero(params), nuMax: zerosLike(params) }),
  update: (updates, state) => {
    const mu = firstMoment(updates, state.mu, b1),
      nu = secondMoment(updates, state.nu, b2),
      count = nextStep(state.count);
    const nuMax = mapLeaves((v, most) => np.maximum(most, corrected(v, b2, count)), nu, state.nuMax);
    const step = (_: NDArray, m: NDArray, v: NDArray): NDArray => ratio(corrected(m, b1, count), v, eps, epsRoot);
    return [mapLeaves(step, updates, mu, nuMax), { count, mu, nu, nuMax }];
  },
});

/**
 * Adamax: Adam with a decaying maximum in place of the second moment, `m^ / max(b2 n, |g| + eps)` (arXiv:1412.6980, section 7.1).
 * @example
 * const t = optim.scaleByAdamax({ eps: 0 });
 * t.update(np.array([4, -0.5]), t.init(np.zeros([2])))[0] // => [1 -1]
 */
export const scaleByAdamax = ({
  b1 = 0.9,
  b2 = 0.999,
  eps = 1e-8,
}: Pick<AdamOptions, "b1" | "b2" | "eps"> = {}): GradientTransformation<AdamState> => ({
  init: atZero,
  update: (updates, state) => {
    const count = nextStep(state.count),
      mu = firstMoment(updates, state.mu, b1);
    const nu = mapLeaves((g, n) => np.maximum(np.add(np.abs(g), eps), np.multiply(n, b2)), updates, state.nu);
    const step = (_: NDArray, m: NDArray, n: NDArray): NDArray => np.divide(corrected(m, b1, count), n);
    return [mapLeaves(step, updates, mu, nu), { count, mu, nu }];
  },
});

/**
 * AdaBelief: Adam with the second moment of the surprise `g - m` (Zhuang et al. 2020, arXiv:2010.07468).
 * @example
 * const t = optim.scaleByBelief();
 * t.update(np.array([4, -0.5]), t.init(np.zeros([2])))[0] // => [1 -1]
 */
export const scaleByBelief = ({
  b1 = 0.9,
  b2 = 0.999,
  eps = 1e-16,
  epsRoot = 1e-16,
  nesterov = false,
}: AdamOptions = {}): GradientTransformation<AdamState> => ({
  init: atZero,
  update: (updates, state) => {
    const mu = firstMoment(updates, state.mu, b1),
      count = nextStep(state.count);
    const surprise = (g: NDArray, m: NDArray, v: NDArray): NDArray =>
      np.add(average(np.square(np.subtract(g, m)), v, b2), epsRoot);
    const nu = mapLeaves(surprise, updates, state.mu, state.nu);
    const step = (g: NDArray, m: NDArray, v: NDArray): NDArray =>
      ratio(lead(g, m, b1, count, nesterov), corrected(v, b2, count), eps, 0);
    return [mapLeaves(step, updates, mu, nu), { count, mu, nu }];
  },
});

/**
 * Yogi: Adam whose second moment changes by `(1 - b2) sign(v - g^2) g^2`, so that it grows slowly (Zaheer et al. 2018, NeurIPS).
 * @example
 * const t = optim.scaleByYogi({ eps: 0, initialAccumulatorValue: 0 });
 * t.update(np.array([4, -0.5]), t.init(np.zeros([2])))[0] // => [1 -1]
 */
export const scaleByYogi = ({
  b1 = 0.9,
  b2 = 0.999,
  eps = 1e-3,
  epsRoot = 0,
  initialAccumulatorValue = 1e-6,
}: Omit<AdamOptions, "nesterov"> & {
  readonly initialAccumulatorValue?: Scalar;
} = {}): GradientTransformation<AdamState> => ({
  init: (params) => ({
    count: noSteps(),
    mu: fullLike(params, initialAccumulatorValue),
    nu: fullLike(params, initialAccumulatorValue),
  }),
  update: (updates, state) => {
    const mu = firstMoment(updates, state.mu, b1),
      count = nextStep(state.count);
    const nu = mapLeaves(
      (g, v) => {
        const square = np.square(g);
        return np.subtract(v, np.multiply(np.multiply(np.sign(np.subtract(v, square)), square), oneMinus(b2)));
      },
      updates,
      state.nu,
    );
    const step = (_: NDArray, m: NDArray, v: NDArray): NDArray =>
      ratio(corrected(m, b1, count), corrected(v, b2, count), eps, epsRoot);
    return [mapLeaves(step, updates, mu, nu), { count, mu, nu }];
  },
});

/**
 * RAdam: Adam times a factor for the variance of its step, and plain momentum while that variance cannot be told
 * (Liu et al. 2020, arXiv:1908.03265).
 * @example
 * const t = optim.scaleByRadam();
 * t.update(np.array([4, -0.5]), t.init(np.zeros([2])))[0] // => [4 -0.5]
 */
export const scaleByRadam = ({
  b1 = 0.9,
  b2 = 0.999,
  eps = 1e-8,
  epsRoot = 0,
  threshold = 5,
  nesterov = false,
}: Omit<AdamOptions, "b2"> & {
  readonly b2?: number;
  readonly threshold?: Scalar;
} = {}): GradientTransformation<AdamState> => ({
  init: atZero,
  update: (updates, state) => {
    const mu = firstMoment(updates, state.mu, b1),
      nu = secondMoment(updates, state.nu, b2),
      count = nextStep(state.count);
    const most = 2 / (1 - b2) - 1;
    const step = (g: NDArray, m: NDArray, v: NDArray): NDArray => {
      // rho is `most` minus a nearly equal number at first: in float32 it needs the accurate 1 - b2^t.
      const t = count.astype(m.dtype),
        exponent = np.multiply(t, Math.log(b2));
      const rho = np.add(np.divide(np.multiply(np.multiply(t, 2), np.exp(exponent)), np.expm1(exponent)), most);
      const enough = np.greaterEqual(rho, threshold),
        r = np.where(enough, rho, 5);
      const variance = np.divide(
        np.multiply(np.multiply(np.subtract(r, 4), np.subtract(r, 2)), most),
        np.multiply(r, (most - 4) * (most - 2)),
      );
      const momentum = lead(g, m, b1, count, nesterov);
      const rectified = np.multiply(ratio(momentum, corrected(v, b2, count), eps, epsRoot), np.sqrt(variance));
      return np.where(enough, rectified, momentum);
    };
    return [mapLeaves(step, updates, mu, nu), { count, mu, nu }];
  },
});

/** An average of past updates. */
export interface LionState {
  readonly mu: Tree;
}
/**
 * Lion: `sign(b1 m + (1 - b1) g)`, then `m <- b2 m + (1 - b2) g` (Chen et al. 2023, arXiv:2302.06675).
 * @example
 * const t = optim.scaleByLion();
 * t.update(np.array([4, -0.5]), t.init(np.zeros([2])))[0] // => [1 -1]
 */
export const scaleByLion = ({
  b1 = 0.9,
  b2 = 0.99,
}: Pick<AdamOptions, "b1" | "b2"> = {}): GradientTransformation<LionState> => ({
  init: (params) => ({ mu: zerosLike(params) }),
  update: (updates, { mu }) => [
    mapLeaves((g, m) => np.sign(average(g, m, b1)), updates, mu),
    { mu: firstMoment(updates, mu, b2) },
  ],
});

/** Sizes of the next steps, and the last updates. */
export interface RpropState {
  readonly stepSizes: Tree;
  readonly prevUpdates: Tree;
}
/** Options of Rprop. */
export interface RpropOptions {
  /** Factor of the step size after a change of sign. */
  readonly etaMinus?: Scalar;
  /** Factor of the step size while the sign stays. */
  readonly etaPlus?: Scalar;
  readonly minStepSize?: Scalar;
  readonly maxStepSize?: Scalar;
}
/**
 * Rprop: the sign of the gradient times a step size of its own for every element, which grows while the sign stays and shrinks
 * when it changes (Riedmiller and Braun 1993).
 * @example
 * const t = optim.scaleByRprop(0.1);
 * t.update(np.array([4, -0.5]), t.init(np.zeros([2])))[0] // => [0.1 -0.1]
 */
export const scaleByRprop = (
  learningRate: Scalar,
  { etaMinus = 0.5, etaPlus = 1.2, minStepSize = 1e-6, maxStepSize = 50 }: RpropOptions = {},
): GradientTransformation<RpropState> => ({
  init: (params) => ({ stepSizes: fullLike(params, learningRate), prevUpdates: zerosLike(params) }),
  update: <P>(updates: P, state: RpropState) => {
    const [sizes, moves] = mapSeveral(
      2,
      (g, size, before) => {
        const agree = np.multiply(g, before);
        const changed = np.where(np.greater(agree, 0), np.multiply(size, etaPlus), np.multiply(size, etaMinus));
        const next = np.where(np.equal(agree, 0), size, np.clip(changed, minStepSize, maxStepSize));
        return [next, np.where(np.less(agree, 0), 0, np.multiply(next, np.sign(g)))];
      },
      updates,
      state.stepSizes,
      state.prevUpdates,
    ) as readonly [P, P];
    return [moves, { stepSizes: sizes, prevUpdates: moves }];
  },
});
