// Layers that are all alike: one loop over stacked parameters.
import { type Key, lax, type NDArray, random } from "../numpy/index.ts";
import { vmap } from "../numpy/transforms.ts";
import { size } from "./sizes.ts";
import type { Brick } from "./types.ts";

/**
 * A brick `count` times in series, with parameters of its own each time: `serial(b, b, ..., b)` as one loop, so that the program and
 * its compilation are those of a single layer. Parameters are those of the brick, stacked on a new first axis; a key is split among
 * the layers. Throws ArgumentError unless the count is a positive integer; `apply` throws ShapeError if the shape changes.
 * @example
 * const deep = bricks.repeat(bricks.residual(bricks.dense(4, 4)), 64);
 * const params = deep.init(random.key(0));
 * [params.w.shape, deep.apply(params, np.ones([4])).shape] // => [[64, 4, 4], [4]]
 */
export const repeat = <P, A extends NDArray>(inner: Brick<P, A, A>, count: number): Brick<P, A, A> => {
  size("repeat", "the number of layers", count);
  return {
    init: (key) => vmap((k: Key) => inner.init(k))(random.split(key, count) as never) as P,
    apply: (params, input, key) => {
      const layer = (x: A, [own, k]: readonly [P, Key | undefined]): readonly [A, null] => [
        inner.apply(own, x, k),
        null,
      ];
      const keys = key === undefined ? undefined : random.split(key, count);
      return lax.scan(layer as never, input as NDArray, [params, keys], { length: count })[0] as unknown as A;
    },
  };
};
