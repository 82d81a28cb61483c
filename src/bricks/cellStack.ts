// How cells click together: one on top of the other, also with bricks in between; and steps that do not count.
import { type Key, type Keys, type NDArray, np, random, tree } from "../numpy/index.ts";
import { vmap } from "../numpy/transforms.ts";
import { type AnyCell, type Cell, type Pass, stepByStep } from "./cell.ts";
import type { AnyBrick, Brick, InputOf, OutputOf, OutputOfAll } from "./types.ts";

/** What `stackCells` takes: cells, and bricks, which have no state. */
export type AnyPart = AnyCell | AnyBrick;
type Parts = readonly Pick<AnyPart, "init">[];
/** The brick that a cell is at each step. */
type Step<C> = C extends {
  initialState(params: never): unknown;
  init(key: Key): infer P;
  apply(params: never, state: never, input: infer A, key?: Key): readonly [unknown, infer B];
}
  ? Brick<P, A, B>
  : C;
type Steps<C extends Parts> = { readonly [K in keyof C]: Step<C[K]> };
type First<C extends Parts> = C extends readonly [infer F, ...unknown[]] ? InputOf<Step<F>> : NDArray;
/** The parts, if each takes what the one before gives; else the one at fault is asked to take that. */
type Stacking<C extends readonly unknown[], A> = C extends readonly [infer F, ...infer Rest]
  ? [A] extends [InputOf<Step<F>>]
    ? readonly [F, ...Stacking<Rest, OutputOf<Step<F>, A>>]
    : readonly [Cell<unknown, unknown, A, OutputOf<Step<F>, A>>, ...Rest]
  : C;
/** Parameters of the parts, in a list. */
export type StackParams<C extends Parts> = {
  readonly [K in keyof C]: C[K] extends { init(key: Key): infer P } ? P : never;
};
/** States of the parts, in a list; null for bricks. */
export type StackState<C extends Parts> = {
  readonly [K in keyof C]: C[K] extends { initialState(params: never): infer S } ? S : null;
};

/** A brick as a cell that has no state. */
const stateless = (inner: AnyBrick): AnyCell => ({
  init: (key) => inner.init(key),
  initialState: () => null,
  apply: (params, _, input, key) => [null, inner.apply(params, input, key)],
  run: (params, _, inputs, { keys }) => [
    null,
    vmap(([input, key]: readonly [unknown, Key | undefined]) => inner.apply(params, input, key))([
      inputs,
      keys,
    ] as never),
  ],
});
const asCell = (part: Pick<AnyPart, "init">): AnyCell =>
  "initialState" in part ? (part as AnyCell) : stateless(part as AnyBrick);

/**
 * Cells on top of each other as one cell: each takes what the one below gives, and the compiler checks the sizes it knows. Bricks
 * may stand among them. Parameters and states are lists of theirs, null for the state of a brick; a key is split among them. Through
 * a sequence it goes layer by layer.
 * @example
 * const model = bricks.stackCells(bricks.embedding(10, 4), bricks.lstm(4, 8), bricks.gru(8, 8), bricks.dense(8, 10));
 * const params = model.init(random.key(0));
 * model.apply(params, model.initialState(params), np.array(3, { dtype: "int32" }))[1].shape // => [10]
 */
export const stackCells = <const C extends Parts>(
  ...parts: number extends C["length"] ? C : C & Stacking<C, First<C>>
): Cell<
  StackParams<C>,
  StackState<C>,
  First<C>,
  number extends C["length"] ? NDArray : OutputOfAll<Steps<C>, First<C>>
> => {
  const cells = (parts as Parts).map(asCell),
    count = cells.length;
  const split = (key: Key): Keys<number> => random.split(key, count);
  /** From the lowest to the highest: states after, and the output of the last. */
  const climb = (
    state: unknown,
    input: unknown,
    take: (cell: AnyCell, i: number, before: unknown, x: unknown) => readonly [unknown, unknown],
  ): readonly [unknown, unknown] => {
    let x = input;
    const after = cells.map((cell, i) => {
      const [next, y] = take(cell, i, (state as readonly unknown[])[i], x);
      x = y;
      return next;
    });
    return [after, x];
  };
  const stack: AnyCell = {
    init: (key) => {
      const keys = count === 0 ? [] : [...split(key)];
      return cells.map((cell, i) => cell.init(keys[i] as Key));
    },
    initialState: (params) => cells.map((cell, i) => cell.initialState((params as readonly unknown[])[i])),
    apply: (params, state, input, key) => {
      const keys = key === undefined || count === 0 ? [] : [...split(key)];
      return climb(state, input, (cell, i, before, x) =>
        cell.apply((params as readonly unknown[])[i], before, x, keys[i]),
      );
    },
    run: (params, state, inputs, { keys, reverse }) =>
      climb(state, inputs, (cell, i, before, xs) => {
        const own = (params as readonly unknown[])[i],
          // The same keys as step by step.
          pass: Pass = {
            keys: keys && (vmap((key: Key) => split(key).at(i))(keys as never) as unknown as Keys<number>),
            reverse,
          };
        return cell.run === undefined
          ? stepByStep(cell, own, before, xs, pass)
          : cell.run(own, before, xs as never, pass);
      }) as never,
  };
  return stack as never;
};

/**
 * A cell for sequences of several lengths: its input is `[x, valid]`, and where `valid` is false the state stays as it is and the output
 * is 0. Padding at the end then changes nothing, in both directions. Parameters and state are those of the cell.
 * @example
 * const layer = bricks.bidirectional(bricks.masked(bricks.rnn(2, 3)));
 * const valid = np.less(np.arange(5), 4); // four steps, and one of padding
 * layer.apply(layer.init(random.key(0)), [np.ones([5, 2]), valid]).slice(4) // => [0 0 0 0 0 0]
 */
export const masked = <P, S, A, B>(inner: Cell<P, S, A, B>): Cell<P, S, readonly [input: A, valid: NDArray], B> => {
  const where = (valid: NDArray, x: unknown, y: unknown): unknown =>
    tree.map((a: NDArray, b: NDArray) => np.where(valid, a, b), x as never, y as never);
  return {
    init: (key) => inner.init(key),
    initialState: (params) => inner.initialState(params),
    apply: (params, state, [input, valid], key) => {
      const [next, output] = inner.apply(params, state, input, key);
      const nothing = tree.map((y: NDArray) => np.zerosLike(y), output as never);
      return [where(valid, next, state) as S, where(valid, output, nothing) as B];
    },
  };
};
