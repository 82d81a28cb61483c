// Dense layers: every output sees every input.
import { ShapeError } from "../numpy/errors.ts";
import { type Initializer, type NDArray, nn, np } from "../numpy/index.ts";
import { size } from "./sizes.ts";
import type { Brick, Vec } from "./types.ts";

/** Parameters of a dense layer: `w: f32[in, out]`, `b: f32[out]` (null if it has none). */
export interface DenseParams {
  readonly w: NDArray;
  readonly b: NDArray | null;
}
/** Options of a dense layer. */
export interface DenseOptions {
  /** Whether to add a bias; true by default. */
  readonly bias?: boolean;
  /** How `w` begins; Glorot's uniform distribution by default. */
  readonly init?: Initializer;
}
/**
 * `x w + b`: `f32[in] -> f32[out]`, on the last axis if there are more. `in out + out` parameters. Throws ArgumentError for sizes
 * that are no positive integers; `apply` throws ShapeError for inputs of another size.
 * @example
 * const layer = bricks.dense(3, 2);
 * const params = layer.init(random.key(0));
 * [params.w.shape, params.b.shape, layer.apply(params, np.ones([3])).shape] // => [[3, 2], [2], [2]]
 */
export const dense = <const I extends number, const O extends number>(
  inputs: I,
  outputs: O,
  { bias = true, init = nn.initializers.glorotUniform() }: DenseOptions = {},
): Brick<DenseParams, Vec<I>, Vec<O>> => {
  size("dense", "the number of inputs", inputs);
  size("dense", "the number of outputs", outputs);
  return {
    init: (key) => ({ w: init(key, [inputs, outputs]), b: bias ? np.zeros([outputs]) : null }),
    apply: ({ w, b }, x) => {
      if (x.shape.at(-1) !== inputs)
        throw new ShapeError({
          op: "dense",
          expected: `an input of size ${inputs} on its last axis`,
          got: `shape [${x.shape}]`,
        });
      const y = np.matmul(x, w);
      return (b === null ? y : np.add(y, b)) as Vec<O>;
    },
  };
};
