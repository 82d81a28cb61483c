// Batch normalization: a cell whose steps are those of training.
import { ShapeError } from "../numpy/errors.ts";
import { type NDArray, np } from "../numpy/index.ts";
import type { Cell } from "./cell.ts";
import type { LayerNormParams } from "./layers.ts";
import { size } from "./sizes.ts";

/** State of a batch normalization: running mean and variance of each channel, `f32[channels]`. */
export interface BatchNormState {
  readonly mean: NDArray;
  readonly variance: NDArray;
}
/** Options of a batch normalization. */
export interface BatchNormOptions {
  /** Added to the variance; 1e-5 by default. */
  readonly epsilon?: number;
  /** The share of the running statistics that stays at each step; 0.9 by default. */
  readonly momentum?: number;
  /** Whether to multiply by a parameter, 1 at first; true by default. */
  readonly scale?: boolean;
  /** Whether to add a parameter, 0 at first; true by default. */
  readonly bias?: boolean;
}
/**
 * `(x - mean) / sqrt(variance + epsilon) scale + bias` for each channel of a batch, `f32[batch, channels, ...]` (Ioffe and Szegedy
 * 2015, arXiv:1502.03167). With a key (training) mean and variance are those of the batch, and the running ones, which are the state, move
 * towards them (the variance without bias); without one the running ones count, and stay. The key is not used otherwise. Examples see each
 * other, so this cell takes whole batches: `stackCells(each(conv(1, 6, 5)), batchNorm(6), relu)`. `2 channels` parameters. Throws
 * ArgumentError unless the number of channels is a positive integer; a step throws ShapeError for inputs of another number.
 * @example
 * const norm = bricks.batchNorm(1, { epsilon: 0, momentum: 0 });
 * const params = norm.init(random.key(0));
 * norm.apply(params, norm.initialState(params), np.array([[1], [3]]), random.key(1)) // => [{ mean: [2], variance: [2] }, [[-1] [1]]]
 */
export const batchNorm = (
  channels: number,
  { epsilon = 1e-5, momentum = 0.9, scale = true, bias = true }: BatchNormOptions = {},
): Cell<LayerNormParams, BatchNormState> => {
  size("batchNorm", "the number of channels", channels);
  return {
    init: () => ({ scale: scale ? np.ones([channels]) : null, bias: bias ? np.zeros([channels]) : null }),
    initialState: () => ({ mean: np.zeros([channels]), variance: np.ones([channels]) }),
    apply: (params, running, x, key) => {
      if (x.ndim < 2 || x.shape[1] !== channels)
        throw new ShapeError({
          op: "batchNorm",
          expected: `a batch of examples with ${channels} channels, f32[batch, ${channels}, ...]`,
          got: `shape [${x.shape}]`,
        });
      const axes = x.shape.map((_, i) => i).filter((i) => i !== 1),
        count = x.size / channels;
      const now = key === undefined ? running : { mean: np.mean(x, axes), variance: np.var(x, axes) };
      const along = (v: NDArray): NDArray => np.reshape(v, [channels, ...x.shape.slice(2).map(() => 1)]);
      const unit = np.multiply(
        np.subtract(x, along(now.mean)),
        along(np.divide(1, np.sqrt(np.add(now.variance, epsilon)))),
      );
      const scaled = params.scale === null ? unit : np.multiply(unit, along(params.scale));
      const y = params.bias === null ? scaled : np.add(scaled, along(params.bias));
      if (key === undefined) return [running, y];
      const move = (before: NDArray, after: NDArray): NDArray =>
        np.add(np.multiply(before, momentum), np.multiply(after, 1 - momentum));
      const unbiased = np.multiply(now.variance, count / Math.max(count - 1, 1));
      return [{ mean: move(running.mean, now.mean), variance: move(running.variance, unbiased) }, y];
    },
  };
};
