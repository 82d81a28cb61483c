// Initial values of parameters: functions of a key, a shape and a dtype.
import type { Shape } from "../core/aval.ts";
import { sizeOf } from "../core/aval.ts";
import { type DType, dtypes } from "../core/dtype.ts";
import { ArgumentError, ShapeError } from "../core/errors.ts";
import { settle } from "../core/lift.ts";
import { full } from "../primitives/linear.ts";
import { multiply } from "./arithmetic.ts";
import { type ArrayLike, asArray, type NDArray } from "./array.ts";
import { normalAxis } from "./axes.ts";
import { expandTo } from "./broadcasting.ts";
import type { Key } from "./random/key.ts";
import { normal as drawNormal, truncatedNormal as drawTruncated } from "./random/normal.ts";
import { checkShape } from "./random/sampler.ts";
import { uniform as drawUniform } from "./random/uniform.ts";
import { named } from "./named.ts";
import * as given from "./given.ts";

/** Options of initial values. */
export interface InitOptions {
  /** The dtype of the parameters (float32). */
  readonly dtype?: DType;
}
/** Draws initial parameters of a shape from a key, which it consumes. */
export type Initializer = (key: Key, shape: Shape, options?: InitOptions) => NDArray;

const filled = (op: string, value: number): Initializer => {
  return (_key, shape, { dtype = "float32" } = {}) =>
    settle(full(checkShape(op, shape), value, given.oneOf(op, "a dtype", dtypes, dtype)), op);
};
/**
 * Zeros. The key is not used.
 * @example
 * nn.initializers.zeros(random.key(0), [2]) // => [0 0]
 */
export const zeros: Initializer = filled("initializers.zeros", 0);
/**
 * Ones. The key is not used.
 * @example
 * nn.initializers.ones(random.key(0), [2]) // => [1 1]
 */
export const ones: Initializer = filled("initializers.ones", 1);
/**
 * Arrays full of one value, which broadcasts to the shape. The key is not used.
 * @example
 * nn.initializers.constant(7)(random.key(0), [2]) // => [7 7]
 */
export const constant = named(
  "constant",
  [],
  ["dtype"],
  (value: ArrayLike, defaults: InitOptions = {}): Initializer =>
    (_key, shape, { dtype = defaults.dtype ?? "float32" } = {}) =>
      settle(
        expandTo(
          "initializers.constant",
          asArray(value, "initializers.constant", dtype),
          checkShape("initializers.constant", shape),
        ),
        "initializers.constant",
      ),
);
/**
 * Uniform numbers in `[0, scale)`; the scale is 0.01 if it is left out.
 * @example
 * nn.initializers.uniform(2)(random.key(0), [2]) // => [1.895334  1.9571598]
 */
export const uniform = named(
  "uniform",
  ["scale"],
  ["dtype"],
  (scale: ArrayLike = 1e-2, defaults: InitOptions = {}): Initializer =>
    (key, shape, options = {}) =>
      multiply(drawUniform(key, shape, { ...defaults, ...options }), scale),
);
/**
 * Normal numbers of mean 0 and a standard deviation, 0.01 if it is left out.
 * @example
 * nn.initializers.normal(0.5)(random.key(0), [3]).shape // => [3]
 */
export const normal = named(
  "normal",
  ["stddev"],
  ["dtype"],
  (stddev: ArrayLike = 1e-2, defaults: InitOptions = {}): Initializer =>
    (key, shape, options = {}) =>
      multiply(drawNormal(key, shape, { ...defaults, ...options }), stddev),
);
/** Options of `truncatedNormal`. */
export interface TruncatedOptions extends InitOptions {
  /** Bounds before the multiplication (-2 and 2). */
  readonly lower?: number;
  readonly upper?: number;
}
/**
 * Normal numbers between two bounds, times `stddev` (0.01 if it is left out).
 * @example
 * nn.initializers.truncatedNormal(0.5)(random.key(0), [3]).shape // => [3]
 */
export const truncatedNormal = named(
  "truncatedNormal",
  ["stddev"],
  ["dtype", "lower", "upper"],
  (stddev: ArrayLike = 1e-2, { lower = -2, upper = 2, ...defaults }: TruncatedOptions = {}): Initializer =>
    (key, shape, options = {}) =>
      multiply(drawTruncated(key, lower, upper, shape, { ...defaults, ...options }), stddev),
);

/** Which axes of a weight are inputs, outputs, or neither; the others are a receptive field. */
export interface FanOptions extends InitOptions {
  /** Axes of inputs (-2). */
  readonly inAxis?: number | readonly number[];
  /** Axes of outputs (-1). */
  readonly outAxis?: number | readonly number[];
  /** Axes over which weights are stacked (none). */
  readonly batchAxis?: number | readonly number[];
}
const fans = { fanIn: 0, fanOut: 0, fanAvg: 0 } as const;
/** What the variance is divided by: the number of inputs, of outputs, or their mean. */
export type FanMode = keyof typeof fans;
const fanOf = (op: string, mode: FanMode, shape: Shape, options: FanOptions): number => {
  const { inAxis = -2, outAxis = -1, batchAxis = [] } = options;
  if (shape.length < 2)
    throw new ShapeError({
      op,
      expected: "a weight with at least 2 axes",
      got: `the shape [${shape}]`,
      remedy: "use initializers.normal or initializers.uniform for vectors",
    });
  const extent = (axes: number | readonly number[]): number =>
    sizeOf((typeof axes === "number" ? [axes] : axes).map((a) => shape[normalAxis(a, shape.length, op)] as number));
  const ins = extent(inAxis),
    outs = extent(outAxis),
    field = sizeOf(shape) / ins / outs / extent(batchAxis);
  return { fanIn: ins * field, fanOut: outs * field, fanAvg: ((ins + outs) * field) / 2 }[mode];
};
/** Standard deviation of a standard normal number between -2 and 2. */
const truncatedDeviation = 0.8796256610342398;
const scaled = {
  truncatedNormal: (key: Key, shape: Shape, variance: number, options: InitOptions): NDArray =>
    multiply(drawTruncated(key, -2, 2, shape, options), Math.sqrt(variance) / truncatedDeviation),
  normal: (key: Key, shape: Shape, variance: number, options: InitOptions): NDArray =>
    multiply(drawNormal(key, shape, options), Math.sqrt(variance)),
  uniform: (key: Key, shape: Shape, variance: number, options: InitOptions): NDArray =>
    multiply(drawUniform(key, shape, { ...options, minval: -1 }), Math.sqrt(3 * variance)),
} as const;
/** The distribution of initial weights. */
export type InitDistribution = keyof typeof scaled;

/**
 * Weights of mean 0 and variance `scale / n`, where n is the number of inputs of a unit (`"fanIn"`), of outputs (`"fanOut"`) or
 * their mean (`"fanAvg"`); `"truncatedNormal"` (within two deviations), `"normal"` or `"uniform"`. Throws ArgumentError, and
 * ShapeError for weights with fewer than two axes.
 * @example
 * const init = nn.initializers.varianceScaling(1, "fanIn", "uniform");
 * init(random.key(0), [3, 2]).shape // => [3, 2]
 */
export const varianceScaling = named(
  "varianceScaling",
  [],
  ["dtype", "inAxis", "outAxis", "batchAxis"],
  (
    scale: number,
    mode: FanMode,
    distribution: InitDistribution,
    { dtype = "float32", ...fan }: FanOptions = {},
  ): Initializer => {
    const op = "initializers.varianceScaling";
    if (!Object.hasOwn(fans, mode))
      throw new ArgumentError({ op, expected: `a mode among ${Object.keys(fans).join(", ")}`, got: String(mode) });
    if (!Object.hasOwn(scaled, distribution))
      throw new ArgumentError({
        op,
        expected: `a distribution among ${Object.keys(scaled).join(", ")}`,
        got: String(distribution),
      });
    return (key, shape, options = {}) =>
      scaled[distribution](
        key,
        shape,
        scale / Math.max(fanOf(op, mode, checkShape(op, shape), fan), Number.MIN_VALUE),
        {
          dtype,
          ...options,
        },
      );
  },
);
const family = (op: string, scale: number, mode: FanMode, distribution: InitDistribution) =>
  named(
    op,
    [],
    ["dtype", "inAxis", "outAxis", "batchAxis"],
    (options: FanOptions = {}): Initializer => varianceScaling(scale, mode, distribution, options),
  );
/**
 * Uniform weights of variance `1 / fanAvg` (Glorot and Bengio, 2010).
 * @example
 * nn.initializers.glorotUniform()(random.key(0), [3, 2]).shape // => [3, 2]
 */
export const glorotUniform = family("glorotUniform", 1, "fanAvg", "uniform");
/**
 * Truncated normal weights of variance `1 / fanAvg` (Glorot and Bengio, 2010).
 * @example
 * nn.initializers.glorotNormal()(random.key(0), [3, 2]).shape // => [3, 2]
 */
export const glorotNormal = family("glorotNormal", 1, "fanAvg", "truncatedNormal");
/**
 * Uniform weights of variance `1 / fanIn` (LeCun et al., 1998).
 * @example
 * nn.initializers.lecunUniform()(random.key(0), [3, 2]).shape // => [3, 2]
 */
export const lecunUniform = family("lecunUniform", 1, "fanIn", "uniform");
/**
 * Truncated normal weights of variance `1 / fanIn` (LeCun et al., 1998).
 * @example
 * nn.initializers.lecunNormal()(random.key(0), [3, 2]).shape // => [3, 2]
 */
export const lecunNormal = family("lecunNormal", 1, "fanIn", "truncatedNormal");
/**
 * Uniform weights of variance `2 / fanIn` (He et al., 2015).
 * @example
 * nn.initializers.heUniform()(random.key(0), [3, 2]).shape // => [3, 2]
 */
export const heUniform = family("heUniform", 2, "fanIn", "uniform");
/**
 * Truncated normal weights of variance `2 / fanIn` (He et al., 2015).
 * @example
 * nn.initializers.heNormal()(random.key(0), [3, 2]).shape // => [3, 2]
 */
export const heNormal = family("heNormal", 2, "fanIn", "truncatedNormal");
export {
  glorotNormal as xavierNormal,
  glorotUniform as xavierUniform,
  heNormal as kaimingNormal,
  heUniform as kaimingUniform,
};
