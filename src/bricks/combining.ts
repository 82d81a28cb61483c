// How bricks click together: one after the other, side by side, around a shortcut.
import { ArgumentError, ShapeError } from "../numpy/errors.ts";
import { type Key, np, type NDArray, random } from "../numpy/index.ts";
import type { AnyBrick, Brick, Clicking, InputOf, OutputOf, OutputOfAll, ParamsOf } from "./types.ts";

/** Parameters of bricks, in a list. */
export type ParamsOfAll<B extends readonly unknown[]> = { readonly [K in keyof B]: ParamsOf<B[K]> };
type First<B extends readonly unknown[]> = B extends readonly [infer F, ...unknown[]] ? InputOf<F> : NDArray;

const keysFor = (count: number, key: Key): readonly Key[] => (count === 0 ? [] : [...random.split(key, count)]);
const initAll = (all: readonly AnyBrick[], key: Key): readonly unknown[] => {
  const keys = keysFor(all.length, key);
  return all.map((b, i) => b.init(keys[i] as Key));
};
/** Apply the i-th brick with its parameters and its part of the key. */
const applier = (
  all: readonly AnyBrick[],
  params: readonly unknown[],
  key: Key | undefined,
): ((i: number, x: unknown) => unknown) => {
  const keys = key === undefined ? [] : keysFor(all.length, key);
  return (i, x) => (all[i] as AnyBrick).apply(params[i], x, keys[i]);
};

/**
 * Bricks one after the other: each takes what the one before gives, and the compiler checks the sizes it knows. Parameters are
 * the list of theirs; a key is split among them.
 * @example
 * const net = bricks.serial(bricks.dense(4, 8), bricks.relu, bricks.dense(8, 3));
 * net.apply(net.init(random.key(0)), np.ones([4])).shape // => [3]
 */
export const serial = <const B extends readonly AnyBrick[]>(
  ...parts: number extends B["length"] ? B : B & Clicking<B, First<B>>
): Brick<ParamsOfAll<B>, First<B>, number extends B["length"] ? NDArray : OutputOfAll<B, First<B>>> => {
  const all: readonly AnyBrick[] = parts;
  return {
    init: (key) => initAll(all, key) as ParamsOfAll<B>,
    apply: (params, input, key) => {
      const apply = applier(all, params, key);
      return all.reduce<unknown>((x, _, i) => apply(i, x), input) as never;
    },
  };
};

/**
 * Bricks side by side: the i-th takes the i-th input and gives the i-th output. Parameters are the list of theirs. `apply` throws
 * ArgumentError unless there are as many inputs as bricks.
 * @example
 * const both = bricks.parallel(bricks.relu, bricks.tanh);
 * both.apply(both.init(random.key(0)), [np.array([-1]), np.array([0])]) // => [[0], [0]]
 */
export const parallel = <const B extends readonly AnyBrick[]>(
  ...all: B
): Brick<
  ParamsOfAll<B>,
  { readonly [K in keyof B]: InputOf<B[K]> },
  { readonly [K in keyof B]: OutputOf<B[K], InputOf<B[K]>> }
> => ({
  init: (key) => initAll(all, key) as ParamsOfAll<B>,
  apply: (params, inputs, key) => {
    if (inputs.length !== all.length)
      throw new ArgumentError({
        op: "parallel",
        expected: `${all.length} inputs, one for each brick`,
        got: String(inputs.length),
      });
    const apply = applier(all, params, key);
    return all.map((_, i) => apply(i, inputs[i])) as never;
  },
});

/** Options of `concat`. */
export interface ConcatOptions {
  /** The axis along which outputs are joined; 0 by default, which for images is that of the channels. */
  readonly axis?: number;
}
/**
 * Bricks on one input, their outputs joined along an axis. Parameters are the list of theirs. `concat([identity, b])` is a dense
 * skip.
 * @example
 * const wide = bricks.concat([bricks.identity, bricks.relu]);
 * wide.apply(wide.init(random.key(0)), np.array([-1, 2])) // => [-1 2 0 2]
 */
export const concat = <const B extends readonly Brick<unknown, never, NDArray>[]>(
  all: B,
  { axis = 0 }: ConcatOptions = {},
): Brick<ParamsOfAll<B>, First<B>> => ({
  init: (key) => initAll(all as readonly AnyBrick[], key) as ParamsOfAll<B>,
  apply: (params, x, key) => {
    const apply = applier(all as readonly AnyBrick[], params, key);
    return np.concatenate(
      all.map((_, i) => apply(i, x) as NDArray),
      axis,
    );
  },
});

/**
 * A shortcut around a brick: `x + b(x)` (He et al. 2015, arXiv:1512.03385). Parameters are those of the brick. `apply` throws
 * ShapeError if the output has another shape than the input.
 * @example
 * const block = bricks.residual(bricks.relu);
 * block.apply(block.init(random.key(0)), np.array([-1, 2])) // => [-1 4]
 */
export const residual = <P, A extends NDArray>(inner: Brick<P, A, A>): Brick<P, A, A> => ({
  init: (key) => inner.init(key),
  apply: (params, x, key) => {
    const y = inner.apply(params, x, key);
    if (y.shape.length !== x.shape.length || y.shape.some((d, i) => d !== x.shape[i]))
      throw new ShapeError({
        op: "residual",
        expected: `a brick that keeps the shape [${x.shape}]`,
        got: `an output of shape [${y.shape}]`,
        remedy: "give the strided or widening part a projection of its own",
      });
    return np.add(x, y) as unknown as A;
  },
});
