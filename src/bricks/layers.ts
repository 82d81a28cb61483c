// Bricks that change shapes, normalize, or look things up.
import { ShapeError } from "../numpy/errors.ts";
import { type Initializer, type NDArray, nn, np } from "../numpy/index.ts";
import { size, sizes } from "./sizes.ts";
import type { Brick, NoParams, Vec } from "./types.ts";

/**
 * All elements in one vector, in row-major order; say the size to have it checked: `flatten(400)`. No parameters. `apply` throws
 * ShapeError for inputs of another size.
 * @example
 * bricks.flatten().apply({}, np.array([[1, 2], [3, 4]])) // => [1 2 3 4]
 */
export const flatten = <const N extends number = number>(length?: N): Brick<NoParams, NDArray, Vec<N>> => ({
  init: () => ({}),
  apply: (_, x) => {
    if (length !== undefined && x.size !== length)
      throw new ShapeError({ op: "flatten", expected: `${length} elements`, got: `shape [${x.shape}]` });
    return np.reshape(x, [-1]) as Vec<N>;
  },
});

/** Parameters of a layer normalization, of the normalized shape; null for those it does not have. */
export interface LayerNormParams {
  readonly scale: NDArray | null;
  readonly bias: NDArray | null;
}
/** Options of a layer normalization. */
export interface LayerNormOptions {
  /** Added to the variance; 1e-5 by default. */
  readonly epsilon?: number;
  /** Whether to multiply by a parameter, 1 at first; true by default. */
  readonly scale?: boolean;
  /** Whether to add a parameter, 0 at first; true by default. */
  readonly bias?: boolean;
}
/**
 * `(x - mean) / sqrt(variance + epsilon) scale + bias` over the last axis (Ba et al. 2016, arXiv:1607.06450). `2 size` parameters.
 * Throws ArgumentError unless the size is a positive integer; `apply` throws ShapeError for inputs of another size.
 * @example
 * const norm = bricks.layerNorm(2, { epsilon: 0 });
 * norm.apply(norm.init(random.key(0)), np.array([1, 3])) // => [-1 1]
 */
export const layerNorm = <const N extends number>(
  length: N,
  { epsilon = 1e-5, scale = true, bias = true }: LayerNormOptions = {},
): Brick<LayerNormParams, Vec<N>, Vec<N>> => {
  size("layerNorm", "the size", length);
  return {
    init: () => ({ scale: scale ? np.ones([length]) : null, bias: bias ? np.zeros([length]) : null }),
    apply: (params, x) => {
      if (x.shape.at(-1) !== length)
        throw new ShapeError({
          op: "layerNorm",
          expected: `an input of size ${length} on its last axis`,
          got: `shape [${x.shape}]`,
        });
      const unit = nn.standardize(x, -1, { epsilon });
      const scaled = params.scale === null ? unit : np.multiply(unit, params.scale);
      return (params.bias === null ? scaled : np.add(scaled, params.bias)) as Vec<N>;
    },
  };
};

/** Parameters of an embedding: `table: f32[count, size]`. */
export interface EmbeddingParams {
  readonly table: NDArray;
}
/** Options of an embedding. */
export interface EmbeddingOptions {
  /** How the table begins; a normal distribution with variance `1 / size` by default. */
  readonly init?: Initializer;
}
/**
 * A vector for each of `count` integers: `i32[...] -> f32[..., size]`. `count size` parameters. Throws ArgumentError for sizes
 * that are no positive integers.
 * @example
 * const table = bricks.embedding(5, 2, { init: (_, shape) => np.reshape(np.arange(10), shape) });
 * table.apply(table.init(random.key(0)), np.array([3, 0], { dtype: "int32" })) // => [[6 7] [0 1]]
 */
export const embedding = (
  count: number,
  length: number,
  { init = nn.initializers.normal(1 / Math.sqrt(length)) }: EmbeddingOptions = {},
): Brick<EmbeddingParams> => {
  const shape = sizes("embedding", "the table", [count, length], 2);
  return {
    init: (key) => ({ table: init(key, shape) }),
    apply: ({ table }, ids) => np.take(table, ids, 0),
  };
};
