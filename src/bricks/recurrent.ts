// Cells through sequences, as bricks.
import { type Key, type NDArray, np, random } from "../numpy/index.ts";
import { vmap } from "../numpy/transforms.ts";
import { type Cell, runCell, stepsOf } from "./cell.ts";
import type { Brick, NoParams, Over, Sequence, Vec } from "./types.ts";

/** Options of `recurrent`. */
export interface RecurrentBrickOptions {
  /** From the last step to the first; outputs stay in their places. False by default. */
  readonly reverse?: boolean;
  /** Give `[state, outputs]`, with the state after the last step. False by default. */
  readonly returnState?: boolean;
}
/** Both forms of `recurrent`: with the outputs, and with the last state too. */
export interface Recurrent {
  <P, S, A, B>(
    cell: Cell<P, S, A, B>,
    options: RecurrentBrickOptions & { readonly returnState: true },
  ): Brick<P, Over<A>, readonly [state: S, outputs: Over<B>]>;
  <P, S, A, B>(cell: Cell<P, S, A, B>, options?: RecurrentBrickOptions): Brick<P, Over<A>, Over<B>>;
}
/**
 * A cell through a sequence, from its initial state: `f32[T, in] -> f32[T, out]`. It is one loop in the program, whatever the length.
 * Parameters are those of the cell. For sequences that come in pieces there is `runCell`.
 * @example
 * const layer = bricks.recurrent(bricks.lstm(3, 5));
 * layer.apply(layer.init(random.key(0)), np.ones([10, 3])).shape // => [10, 5]
 */
export const recurrent: Recurrent = (<P, S, A, B>(
  cell: Cell<P, S, A, B>,
  { reverse = false, returnState = false }: RecurrentBrickOptions = {},
): Brick<P, Over<A>, unknown> => ({
  init: (key) => cell.init(key),
  apply: (params, inputs, key) => {
    const [state, outputs] = runCell(cell, params, cell.initialState(params), inputs, { key, reverse });
    return returnState ? [state, outputs] : outputs;
  },
})) as Recurrent;

/** Parameters of the two directions of `bidirectional`. */
export interface BothWays<P, Q = P> {
  readonly forward: P;
  readonly backward: Q;
}
/**
 * One cell from the first step to the last and another from the last to the first, their outputs side by side (Schuster and Paliwal 1997):
 * `f32[T, in] -> f32[T, out + out]`. The second cell is like the first unless another is given; both have parameters of their own.
 * @example
 * const layer = bricks.bidirectional(bricks.gru(3, 5));
 * layer.apply(layer.init(random.key(0)), np.ones([10, 3])).shape // => [10, 10]
 */
export const bidirectional = <P, A, Q = P>(
  forward: Cell<P, unknown, A, NDArray>,
  backward: Cell<Q, unknown, A, NDArray> = forward as unknown as Cell<Q, unknown, A, NDArray>,
): Brick<BothWays<P, Q>, Over<A>, NDArray> => {
  const ways = [recurrent(forward), recurrent(backward, { reverse: true })] as const;
  return {
    init: (key) => {
      const [first, second] = random.split(key) as unknown as readonly [Key, Key];
      return { forward: ways[0].init(first), backward: ways[1].init(second) };
    },
    apply: (params, inputs, key) => {
      const [first, second] = key === undefined ? [] : random.split(key);
      return np.concatenate(
        [ways[0].apply(params.forward, inputs, first), ways[1].apply(params.backward, inputs, second)] as NDArray[],
        -1,
      );
    },
  };
};

/**
 * A brick for each step of a sequence (or each example of a batch), with the same parameters: `f32[T, in] -> f32[T, out]`. A key is split
 * among the steps.
 * @example
 * const scores = bricks.each(bricks.dense(5, 2));
 * scores.apply(scores.init(random.key(0)), np.ones([10, 5])).shape // => [10, 2]
 */
export const each = <P, A, B>(inner: Brick<P, A, B>): Brick<P, Over<A>, Over<B>> => ({
  init: (key) => inner.init(key),
  apply: (params, inputs, key) => {
    const steps = stepsOf("each", inputs),
      keys = key === undefined ? undefined : random.split(key, steps);
    return vmap(([input, k]: readonly [A, Key | undefined]) => inner.apply(params, input, k))([
      inputs,
      keys,
    ] as never) as Over<B>;
  },
});

/**
 * The last step of a sequence: `f32[T, n] -> f32[n]`. No parameters.
 * @example
 * bricks.lastStep().apply({}, np.array([[1, 2], [3, 4]])) // => [3 4]
 */
export const lastStep = <const N extends number = number>(): Brick<NoParams, Sequence<N>, Vec<N>> => ({
  init: () => ({}),
  apply: (_, xs) => xs.slice(-1) as Vec<N>,
});
