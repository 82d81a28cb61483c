// What a cell is: a brick with a state; and how it is carried through a sequence.
import { ShapeError } from "../numpy/errors.ts";
import { type Key, type Keys, lax, type NDArray, random, tree } from "../numpy/index.ts";
import type { Over } from "./types.ts";

/** How a cell goes through a sequence. */
export interface Pass {
  /** A key for each step, while training. */
  readonly keys?: Keys<number> | undefined;
  /** From the last step to the first; outputs stay in their places. */
  readonly reverse: boolean;
}
/**
 * Three pure functions: `init` makes parameters, `initialState` the state before the first step, and `apply` takes a step: from a
 * state and an input to the next state and an output. Parameters and state are pytrees. A cell is written for one example:
 * `vmap` maps it over a batch. A key means training.
 */
export interface Cell<P = unknown, S = unknown, A = NDArray, B = NDArray> {
  init(key: Key): P;
  initialState(params: P): S;
  apply(params: P, state: S, input: A, key?: Key): readonly [state: S, output: B];
  /** A quicker way through a whole sequence than `apply` step by step, with the same results, if there is one. */
  run?(params: P, state: S, inputs: Over<A>, pass: Pass): readonly [state: S, outputs: Over<B>];
}
/** Any cell. */
export type AnyCell = Cell<unknown, unknown, unknown, unknown>;

/** The number of steps: the first extent that all arrays of `inputs` must have; throws ShapeError. */
export const stepsOf = (op: string, inputs: unknown): number => {
  const shapes = tree.leaves(inputs).map((x) => (x as NDArray).shape),
    steps = shapes[0]?.[0];
  if (steps === undefined || shapes.some((shape) => shape[0] !== steps))
    throw new ShapeError({
      op,
      expected: "a sequence: arrays with one number of steps on their first axis",
      got: shapes.length === 0 ? "no arrays" : `${shapes.length === 1 ? "shape" : "shapes"} [${shapes.join("], [")}]`,
    });
  return steps;
};
/** A cell applied step by step, the state going from each to the next: a single loop in the program. */
export const stepByStep = (
  cell: Pick<AnyCell, "apply">,
  params: unknown,
  state: unknown,
  inputs: unknown,
  { keys, reverse }: Pass,
): readonly [unknown, unknown] =>
  lax.scan(
    ((before: unknown, [input, key]: readonly [unknown, Key | undefined]) =>
      cell.apply(params, before, input, key)) as never,
    state,
    [inputs, keys],
    { reverse },
  ) as readonly [unknown, unknown];

/** What `runCell` can be told. */
export interface RunOptions {
  /** Means training; each step gets a key of its own. */
  readonly key?: Key | undefined;
  /** From the last step to the first; outputs stay in their places. */
  readonly reverse?: boolean;
}
/**
 * A cell through a whole sequence, `[state, outputs]` from a state before it: for a sequence that comes in pieces (truncated
 * backpropagation, an endless stream). Throws ShapeError for inputs of several lengths.
 * @example
 * const sum = { init: () => null, initialState: () => np.zeros([]), apply: (_, s, x) => [s.add(x), s] };
 * bricks.runCell(sum, null, np.array(10), np.array([1, 2, 3])) // => [16, [10 11 13]]
 */
export const runCell = <P, S, A, B>(
  cell: Cell<P, S, A, B>,
  params: P,
  state: S,
  inputs: Over<A>,
  { key, reverse = false }: RunOptions = {},
): readonly [state: S, outputs: Over<B>] => {
  const steps = stepsOf("runCell", inputs),
    pass: Pass = { keys: key === undefined ? undefined : random.split(key, steps), reverse };
  return cell.run === undefined
    ? (stepByStep(cell as unknown as AnyCell, params, state, inputs, pass) as readonly [S, Over<B>])
    : cell.run(params, state, inputs, pass);
};
