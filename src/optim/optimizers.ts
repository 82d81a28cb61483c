// Optimizers by name: chains of the transformations of the other files, with optax's defaults.
import {
  type AdamOptions,
  type RpropOptions,
  scaleByAdam,
  scaleByAdamax,
  scaleByAmsgrad,
  scaleByBelief,
  scaleByLion,
  scaleByRadam,
  scaleByRprop,
  scaleByYogi,
} from "./adaptive.ts";
import { clipByBlockRms } from "./clipping.ts";
import { chain, identity, type Labels, masked } from "./combining.ts";
import { type FactoredOptions, scaleByFactoredRms, scaleBySm3 } from "./factored.ts";
import {
  type AdadeltaOptions,
  type NovogradOptions,
  type RmsOptions,
  type RssOptions,
  scaleByAdadelta,
  scaleByNovograd,
  scaleByOptimisticGradient,
  scaleByParamBlockRms,
  scaleByRms,
  scaleByRss,
  scaleByStddev,
  scaleByTrustRatio,
} from "./normalizing.ts";
import { addDecayedWeights, addNoise, ema, type MaskOptions, scale, scaleByLearningRate, trace } from "./scaling.ts";
import type { GradientTransformation, Scalar, Scheduled } from "./types.ts";

/** Options of momentum. */
export interface MomentumOptions {
  /** Decay of the sum of past updates; without it there is no momentum. */
  readonly momentum?: Scalar | undefined;
  readonly nesterov?: boolean;
}
/** An optimizer whose state is nobody's business. */
export type Optimizer = GradientTransformation<OptimizerState>;
/** The state of an optimizer: a tree of arrays. */
export type OptimizerState = readonly unknown[];
const optimizer = (...parts: readonly GradientTransformation[]): Optimizer => chain(...parts);
const momentumOf = ({ momentum, nesterov = false }: MomentumOptions): GradientTransformation =>
  momentum === undefined ? identity() : trace(momentum, { nesterov });

/**
 * Gradient descent: `-learningRate g`, with momentum of `trace` if asked for.
 * @example
 * const t = optim.sgd(0.1, { momentum: 0.9 });
 * const params = { w: np.array([1, 2]) };
 * const [updates] = t.update({ w: np.array([10, -10]) }, t.init(params));
 * optim.applyUpdates(params, updates) // => { w: [0 3] }
 */
export const sgd = (learningRate: Scheduled, options: MomentumOptions = {}): Optimizer =>
  optimizer(momentumOf(options), scaleByLearningRate(learningRate));

/**
 * Adam: `scaleByAdam` times minus the learning rate.
 * @example
 * const t = optim.adam(0.5);
 * t.update(np.array([4, -0.25]), t.init(np.zeros([2])))[0] // => [-0.5 0.5]
 */
export const adam = (learningRate: Scheduled, options: AdamOptions = {}): Optimizer =>
  optimizer(scaleByAdam(options), scaleByLearningRate(learningRate));

/**
 * Adam with Nesterov's momentum (Dozat 2016).
 * @example
 * const t = optim.nadam(0.5, { b1: 0 });
 * t.update(np.array([4, -0.25]), t.init(np.zeros([2])))[0] // => [-0.5 0.5]
 */
export const nadam = (learningRate: Scheduled, options: Omit<AdamOptions, "nesterov"> = {}): Optimizer =>
  adam(learningRate, { ...options, nesterov: true });

/** Options of optimizers with weight decay. */
export interface DecayOptions extends MaskOptions {
  /** What times the parameters is added to the scaled gradients. */
  readonly weightDecay?: Scalar;
}
/**
 * Adam with decoupled weight decay: `-learningRate (adam(g) + weightDecay p)` (Loshchilov and Hutter 2019, arXiv:1711.05101).
 * @example
 * const t = optim.adamw(0.5, { weightDecay: 0.25 });
 * t.update(np.array([4, -0.25]), t.init(np.zeros([2])), np.array([4, 0]))[0] // => [-1 0.5]
 */
export const adamw = (
  learningRate: Scheduled,
  { weightDecay = 1e-4, mask, ...options }: AdamOptions & DecayOptions = {},
): Optimizer =>
  optimizer(scaleByAdam(options), addDecayedWeights(weightDecay, { mask }), scaleByLearningRate(learningRate));

/**
 * `adamw` with Nesterov's momentum.
 * @example
 * const t = optim.nadamw(0.5, { b1: 0, weightDecay: 0.25 });
 * t.update(np.array([4, -0.25]), t.init(np.zeros([2])), np.array([4, 0]))[0] // => [-1 0.5]
 */
export const nadamw = (
  learningRate: Scheduled,
  options: Omit<AdamOptions, "nesterov"> & DecayOptions = {},
): Optimizer => adamw(learningRate, { ...options, nesterov: true });

/**
 * Adam with the decaying maximum in place of the second moment.
 * @example
 * const t = optim.adamax(0.5);
 * t.update(np.array([4, -0.25]), t.init(np.zeros([2])))[0] // => [-0.5 0.5]
 */
export const adamax = (learningRate: Scheduled, options: Pick<AdamOptions, "b1" | "b2" | "eps"> = {}): Optimizer =>
  optimizer(scaleByAdamax(options), scaleByLearningRate(learningRate));

/**
 * Adam with the largest second moment so far.
 * @example
 * const t = optim.amsgrad(0.5);
 * t.update(np.array([4, -0.25]), t.init(np.zeros([2])))[0] // => [-0.5 0.5]
 */
export const amsgrad = (learningRate: Scheduled, options: Omit<AdamOptions, "nesterov"> = {}): Optimizer =>
  optimizer(scaleByAmsgrad(options), scaleByLearningRate(learningRate));

/**
 * Adam with the second moment of the surprise.
 * @example
 * const t = optim.adabelief(0.5);
 * t.update(np.array([4, -0.25]), t.init(np.zeros([2])))[0] // => [-0.5 0.5]
 */
export const adabelief = (learningRate: Scheduled, options: AdamOptions = {}): Optimizer =>
  optimizer(scaleByBelief(options), scaleByLearningRate(learningRate));

/**
 * Adam whose second moment grows slowly.
 * @example
 * const t = optim.yogi(0.5, { eps: 0 });
 * t.update(np.array([0]), t.init(np.zeros([1])))[0].shape // => [1]
 */
export const yogi = (learningRate: Scheduled, options: Omit<AdamOptions, "nesterov"> = {}): Optimizer =>
  optimizer(scaleByYogi(options), scaleByLearningRate(learningRate));

/**
 * Rectified Adam.
 * @example
 * const t = optim.radam(0.5);
 * t.update(np.array([4, -0.5]), t.init(np.zeros([2])))[0] // => [-2 0.25]
 */
export const radam = (
  learningRate: Scheduled,
  options: Omit<AdamOptions, "b2"> & { readonly b2?: number; readonly threshold?: Scalar } = {},
): Optimizer => optimizer(scaleByRadam(options), scaleByLearningRate(learningRate));

/**
 * Lion with weight decay.
 * @example
 * const t = optim.lion(0.5, { weightDecay: 0 });
 * t.update(np.array([4, -0.25]), t.init(np.zeros([2])), np.zeros([2]))[0] // => [-0.5 0.5]
 */
export const lion = (
  learningRate: Scheduled,
  { weightDecay = 1e-3, mask, ...options }: Pick<AdamOptions, "b1" | "b2"> & DecayOptions = {},
): Optimizer =>
  optimizer(scaleByLion(options), addDecayedWeights(weightDecay, { mask }), scaleByLearningRate(learningRate));

/**
 * LAMB: Adam with weight decay, each leaf times its trust ratio (You et al. 2020, arXiv:1904.00962).
 * @example
 * const t = optim.lamb(1);
 * t.update(np.array([4, 0]), t.init(np.zeros([2])), np.array([3, 4]))[0] // => [-5 0]
 */
export const lamb = (
  learningRate: Scheduled,
  { weightDecay = 0, mask, eps = 1e-6, ...options }: Omit<AdamOptions, "nesterov"> & DecayOptions = {},
): Optimizer =>
  optimizer(
    scaleByAdam({ ...options, eps }),
    addDecayedWeights(weightDecay, { mask }),
    scaleByTrustRatio(),
    scaleByLearningRate(learningRate),
  );

/** Options of LARS. */
export interface LarsOptions {
  readonly weightDecay?: Scalar;
  /** Which leaves decay. */
  readonly weightDecayMask?: Labels<boolean>;
  readonly trustCoefficient?: Scalar;
  readonly eps?: Scalar;
  /** Which leaves are scaled by their trust ratio. */
  readonly trustRatioMask?: Labels<boolean>;
  readonly momentum?: Scalar;
  readonly nesterov?: boolean;
}
/**
 * LARS: gradient descent with momentum, each leaf times its trust ratio (You et al. 2017, arXiv:1708.03888).
 * @example
 * const t = optim.lars(1, { trustCoefficient: 0.5 });
 * t.update(np.array([0, 2]), t.init(np.zeros([2])), np.array([3, 4]))[0] // => [0 -2.5]
 */
export const lars = (
  learningRate: Scheduled,
  {
    weightDecay = 0,
    weightDecayMask = true,
    trustCoefficient = 1e-3,
    eps = 0,
    trustRatioMask = true,
    momentum = 0.9,
    nesterov = false,
  }: LarsOptions = {},
): Optimizer =>
  optimizer(
    addDecayedWeights(weightDecay, { mask: weightDecayMask }),
    masked(scaleByTrustRatio({ trustCoefficient, eps }), trustRatioMask),
    scaleByLearningRate(learningRate),
    trace(momentum, { nesterov }),
  );

/**
 * Fromage: steps relative to the size of each leaf, and parameters shrunk by `1 / sqrt(1 + learningRate^2)`
 * (Bernstein et al. 2020, arXiv:2002.03432).
 * @example
 * const t = optim.fromage(0.75);
 * t.update(np.array([0, 2]), t.init(np.zeros([2])), np.array([3, 4]))[0] // => [-0.6 -3.8]
 */
export const fromage = (learningRate: number, { minNorm = 1e-6 }: { readonly minNorm?: Scalar } = {}): Optimizer => {
  const shrink = 1 / Math.sqrt(1 + learningRate ** 2);
  return optimizer(
    scaleByTrustRatio({ minNorm }),
    scaleByLearningRate(learningRate * shrink),
    addDecayedWeights(shrink - 1),
  );
};

/**
 * RMSProp: `scaleByRms`, with `centered` `scaleByStddev`, times minus the learning rate, then momentum (Hinton's lecture 6;
 * Graves 2013, arXiv:1308.0850).
 * @example
 * const t = optim.rmsprop(0.5, { decay: 0.75, eps: 0 });
 * t.update(np.array([4, -0.5]), t.init(np.zeros([2])))[0] // => [-1 1]
 */
export const rmsprop = (
  learningRate: Scheduled,
  {
    centered = false,
    momentum,
    nesterov = false,
    ...options
  }: RmsOptions & MomentumOptions & { readonly centered?: boolean } = {},
): Optimizer =>
  optimizer(
    centered ? scaleByStddev(options) : scaleByRms(options),
    scaleByLearningRate(learningRate),
    momentumOf({ momentum, nesterov }),
  );

/**
 * AdaGrad: `scaleByRss` times minus the learning rate.
 * @example
 * const t = optim.adagrad(0.5, { initialAccumulatorValue: 0, eps: 0 });
 * t.update(np.array([4, -0.25]), t.init(np.zeros([2])))[0] // => [-0.5 0.5]
 */
export const adagrad = (learningRate: Scheduled, options: RssOptions = {}): Optimizer =>
  optimizer(scaleByRss(options), scaleByLearningRate(learningRate));

/**
 * AdaDelta with weight decay, times minus the learning rate.
 * @example
 * const t = optim.adadelta(1, { rho: 0.75, eps: 1e-16 });
 * t.update(np.array([0]), t.init(np.zeros([1])), np.zeros([1]))[0].shape // => [1]
 */
export const adadelta = (
  learningRate: Scheduled = 1,
  { weightDecay = 0, mask, ...options }: AdadeltaOptions & DecayOptions = {},
): Optimizer =>
  optimizer(addDecayedWeights(weightDecay, { mask }), scaleByAdadelta(options), scaleByLearningRate(learningRate));

/** Options of Adafactor. */
export interface AdafactorOptions extends Omit<FactoredOptions, "stepOffset" | "epsilon"> {
  readonly decayOffset?: number;
  /** Times the root mean square of the parameters. */
  readonly multiplyByParameterScale?: boolean;
  /** Largest root mean square of the update of a leaf; null for none. */
  readonly clippingThreshold?: Scalar | null;
  /** Decay of an average of updates. */
  readonly momentum?: Scalar;
  readonly weightDecayRate?: Scalar;
  readonly weightDecayMask?: Labels<boolean>;
  readonly eps?: Scalar;
}
/**
 * Adafactor: `scaleByFactoredRms`, clipped, times the learning rate (1 if there is none) and the scale of the parameters
 * (Shazeer and Stern 2018, arXiv:1804.04235).
 * @example
 * const t = optim.adafactor(0.5);
 * t.update(np.array([4, -0.25]), t.init(np.zeros([2])), np.array([2, 2]))[0] // => [-1 1]
 */
export const adafactor = (
  learningRate: Scheduled | null = null,
  {
    decayOffset = 0,
    multiplyByParameterScale = true,
    clippingThreshold = 1,
    momentum,
    weightDecayRate,
    weightDecayMask,
    eps = 1e-30,
    ...options
  }: AdafactorOptions = {},
): Optimizer => {
  const parts: readonly (GradientTransformation | null)[] = [
    scaleByFactoredRms({ ...options, stepOffset: decayOffset, epsilon: eps }),
    clippingThreshold === null ? null : clipByBlockRms(clippingThreshold),
    learningRate === null ? null : scaleByLearningRate(learningRate, { flipSign: false }),
    multiplyByParameterScale ? scaleByParamBlockRms() : null,
    momentum === undefined ? null : ema(momentum, { debias: false }),
    weightDecayRate === undefined ? null : addDecayedWeights(weightDecayRate, { mask: weightDecayMask }),
    scale(-1),
  ];
  return optimizer(...parts.filter((t) => t !== null));
};

/**
 * SM3 with momentum, times minus the learning rate.
 * @example
 * const t = optim.sm3(0.5, { momentum: 0 });
 * t.update(np.array([4, 0]), t.init(np.zeros([2])))[0] // => [-0.5 0]
 */
export const sm3 = (learningRate: number, { momentum = 0.9 }: { readonly momentum?: Scalar } = {}): Optimizer =>
  optimizer(scaleBySm3({ b1: momentum }), scale(-learningRate));

/**
 * NovoGrad, times minus the learning rate.
 * @example
 * const t = optim.novograd(0.5, { eps: 0 });
 * t.update(np.array([3, 4]), t.init(np.zeros([2])), np.zeros([2]))[0] // => [-0.3 -0.4]
 */
export const novograd = (learningRate: Scheduled, { eps = 1e-6, ...options }: NovogradOptions = {}): Optimizer =>
  optimizer(scaleByNovograd({ ...options, eps }), scaleByLearningRate(learningRate));

/**
 * Rprop, with the first step size for learning rate.
 * @example
 * const t = optim.rprop(0.5);
 * t.update(np.array([4, -0.25]), t.init(np.zeros([2])))[0] // => [-0.5 0.5]
 */
export const rprop = (learningRate: Scalar, options: RpropOptions = {}): Optimizer =>
  optimizer(scaleByRprop(learningRate, options), scale(-1));

/**
 * Optimistic gradient descent, for games.
 * @example
 * const t = optim.optimisticGradientDescent(0.5);
 * t.update(np.array([4]), t.init(np.zeros([1])))[0] // => [-2]
 */
export const optimisticGradientDescent = (
  learningRate: Scheduled,
  options: { readonly alpha?: number; readonly beta?: number } = {},
): Optimizer => optimizer(scaleByOptimisticGradient(options), scaleByLearningRate(learningRate));

/**
 * Gradient descent with `addNoise`.
 * @example
 * const t = optim.noisySgd(0.5, { eta: 0 });
 * t.update(np.array([4]), t.init(np.zeros([1])))[0] // => [-2]
 */
export const noisySgd = (
  learningRate: Scheduled,
  {
    eta = 0.01,
    gamma = 0.55,
    seed = 0,
  }: { readonly eta?: Scalar; readonly gamma?: Scalar; readonly seed?: number } = {},
): Optimizer => optimizer(addNoise(eta, gamma, seed), scaleByLearningRate(learningRate));
