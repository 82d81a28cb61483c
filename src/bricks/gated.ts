// Recurrent cells: Elman's, and those with gates.
import { ShapeError } from "../numpy/errors.ts";
import { type Initializer, type Key, type NDArray, nn, np, random } from "../numpy/index.ts";
import { vmap } from "../numpy/transforms.ts";
import { type AnyCell, type Cell, stepByStep } from "./cell.ts";
import { orthogonal } from "./orthogonal.ts";
import { size } from "./sizes.ts";
import type { Vec } from "./types.ts";

/** Options of recurrent cells. */
export interface RecurrentOptions {
  /** How weights on inputs begin; Glorot's uniform distribution by default. */
  readonly init?: Initializer;
  /** How weights on the state begin, each gate's `f32[hidden, hidden]` by itself; random orthogonal matrices by default. */
  readonly recurrentInit?: Initializer;
}
/** Parameters of a recurrent cell with k gates: `wx: f32[in, k hidden]`, `wh: f32[hidden, k hidden]`, `b: f32[k hidden]`. */
export interface RecurrentParams {
  readonly wx: NDArray;
  readonly wh: NDArray;
  readonly b: NDArray;
}

/**
 * A cell whose step begins with `x wx + b`. That does not need the state, so for a whole sequence it is one product of matrices
 * before the loop.
 */
const projecting = <P extends RecurrentParams, S, I extends number, N extends number>(
  op: string,
  inputs: I,
  rest: Pick<Cell<P, S>, "init" | "initialState"> & {
    readonly step: (params: P, state: S, projected: NDArray) => readonly [S, NDArray];
  },
): Cell<P, S, Vec<I>, Vec<N>> => {
  const { init, initialState, step } = rest;
  const project = ({ wx, b }: P, x: NDArray): NDArray => {
    if (x.ndim !== 1 || x.shape[0] !== inputs)
      throw new ShapeError({
        op,
        expected: `one input of size ${inputs}`,
        got: `shape [${x.shape}]`,
        remedy: "go through a sequence with recurrent, and map over a batch with vmap",
      });
    return np.add(np.matmul(x, wx), b);
  };
  return {
    init,
    initialState,
    apply: (params, state, x) => step(params, state, project(params, x)) as readonly [S, Vec<N>],
    run: (params, state, xs, { reverse }) =>
      stepByStep(
        { apply: (p, s, projected) => step(p as P, s as S, projected as NDArray) } as Pick<AnyCell, "apply">,
        params,
        state,
        vmap((x: NDArray) => project(params, x))(xs as NDArray),
        { reverse },
      ) as never,
  };
};
const zeroState = ({ wh }: RecurrentParams): NDArray => np.zeros([wh.shape[0] as number], { dtype: wh.dtype });
/** Parameters of `gates` gates. */
const gateParams = (
  key: Key,
  inputs: number,
  hidden: number,
  gates: number,
  { init = nn.initializers.glorotUniform(), recurrentInit = orthogonal }: RecurrentOptions,
): RecurrentParams => {
  const [forInputs, ...forGates] = random.split(key, 1 + gates);
  // Each gate is a layer of its own, and begins as one.
  const blocks = (keys: readonly Key[], first: Initializer, rows: number): NDArray =>
    np.concatenate(
      keys.map((k) => first(k, [rows, hidden])),
      1,
    );
  return {
    wx: blocks([...random.split(forInputs as Key, gates)], init, inputs),
    wh: blocks(forGates, recurrentInit, hidden),
    b: np.zeros([gates * hidden]),
  };
};
const checkSizes = (op: string, inputs: number, hidden: number): void => {
  size(op, "the number of inputs", inputs);
  size(op, "the number of hidden units", hidden);
};
/** The i-th of blocks of `n` on the last axis. */
const gate = (x: NDArray, i: number, n: number): NDArray => x.slice([i * n, (i + 1) * n]);

/** Options of `rnn`. */
export interface RnnOptions extends RecurrentOptions {
  /** tanh by default. */
  readonly activation?: (x: NDArray) => NDArray;
}
/**
 * Elman's cell (1990): `h = tanh(x wx + h wh + b)`, which is state and output. `hidden (in + hidden + 1)` parameters. Throws
 * ArgumentError for sizes that are no positive integers; a step throws ShapeError for inputs of another size.
 * @example
 * const cell = bricks.rnn(3, 5);
 * const params = cell.init(random.key(0));
 * cell.apply(params, cell.initialState(params), np.ones([3]))[1].shape // => [5]
 */
export const rnn = <const I extends number, const N extends number>(
  inputs: I,
  hidden: N,
  { activation = (x) => nn.tanh(x), ...options }: RnnOptions = {},
): Cell<RecurrentParams, NDArray, Vec<I>, Vec<N>> => {
  checkSizes("rnn", inputs, hidden);
  return projecting("rnn", inputs, {
    init: (key) => gateParams(key, inputs, hidden, 1, options),
    initialState: zeroState,
    step: ({ wh }, before, projected) => {
      const h = activation(np.add(projected, np.matmul(before, wh)));
      return [h, h];
    },
  });
};

/** Parameters of `gru`: those of three gates, in the order z, r, candidate; `bh: f32[hidden]` only with `resetAfter`. */
export interface GruParams extends RecurrentParams {
  readonly bh: NDArray | null;
}
/** Options of `gru`. */
export interface GruOptions extends RecurrentOptions {
  /** Reset what the state gives to the candidate, instead of the state; false by default. Another cell, with `hidden` more parameters. */
  readonly resetAfter?: boolean;
}
/**
 * The gated recurrent unit (Cho et al. 2014, arXiv:1406.1078): `h = z h' + (1 - z) tanh(x w + (r h') u + b)` with the state h' before, an
 * update gate z and a reset gate r, both `sigmoid(x w + h' u + b)`; z keeps the state (some write 1 - z for z). With `resetAfter` the candidate
 * is `tanh(x w + b + r (h' u + bh))`. `3 hidden (in + hidden + 1)` parameters. Throws as `rnn` does.
 * @example
 * const cell = bricks.gru(3, 5);
 * const params = cell.init(random.key(0));
 * cell.apply(params, cell.initialState(params), np.ones([3]))[1].shape // => [5]
 */
export const gru = <const I extends number, const N extends number>(
  inputs: I,
  hidden: N,
  { resetAfter = false, ...options }: GruOptions = {},
): Cell<GruParams, NDArray, Vec<I>, Vec<N>> => {
  checkSizes("gru", inputs, hidden);
  return projecting<GruParams, NDArray, I, N>("gru", inputs, {
    init: (key) => ({ ...gateParams(key, inputs, hidden, 3, options), bh: resetAfter ? np.zeros([hidden]) : null }),
    initialState: zeroState,
    step: ({ wh, bh }, before, projected) => {
      const onState = (from: number, to: number, h: NDArray): NDArray =>
        np.matmul(h, wh.slice([], [from * hidden, to * hidden]));
      const fromState = onState(0, bh === null ? 2 : 3, before);
      const [z, r] = [0, 1].map((i) => nn.sigmoid(np.add(gate(projected, i, hidden), gate(fromState, i, hidden))));
      const recalled =
        bh === null
          ? onState(2, 3, np.multiply(r as NDArray, before))
          : np.multiply(r as NDArray, np.add(gate(fromState, 2, hidden), bh));
      const candidate = nn.tanh(np.add(gate(projected, 2, hidden), recalled));
      // With z = 1 exactly what was there before.
      const h = np.add(np.multiply(z as NDArray, before), np.multiply(np.subtract(1, z as NDArray), candidate));
      return [h, h];
    },
  });
};

/** State of `lstm`, both `f32[hidden]`: what the cell holds, and what it showed last. */
export interface LstmState {
  readonly c: NDArray;
  readonly h: NDArray;
}
/** Options of `lstm`. */
export interface LstmOptions extends RecurrentOptions {
  /** Bias of the forget gate at first; 1 by default, so that a new cell remembers. */
  readonly forgetBias?: number;
}
/**
 * Long short-term memory (Hochreiter and Schmidhuber 1997; forget gate by Gers et al. 2000): `c = f c' + i g` and `h = o tanh(c)`, with gates
 * i, f, o of the form `sigmoid(x wx + h' wh + b)` and `g = tanh(x wx + h' wh + b)`, side by side in the weights in the order i, f, g, o. The
 * state is `{ c, h }`, the output h. `4 hidden (in + hidden + 1)` parameters. Throws as `rnn` does.
 * @example
 * const cell = bricks.lstm(3, 5);
 * const params = cell.init(random.key(0));
 * cell.apply(params, cell.initialState(params), np.ones([3]))[1].shape // => [5]
 */
export const lstm = <const I extends number, const N extends number>(
  inputs: I,
  hidden: N,
  { forgetBias = 1, ...options }: LstmOptions = {},
): Cell<RecurrentParams, LstmState, Vec<I>, Vec<N>> => {
  checkSizes("lstm", inputs, hidden);
  return projecting("lstm", inputs, {
    init: (key) => ({
      ...gateParams(key, inputs, hidden, 4, options),
      b: np.repeat(np.array([0, forgetBias, 0, 0]), hidden),
    }),
    initialState: (params) => ({ c: zeroState(params), h: zeroState(params) }),
    step: ({ wh }, { c: before, h: shown }, projected) => {
      const all = np.add(projected, np.matmul(shown, wh));
      const [i, f, o] = [0, 1, 3].map((at) => nn.sigmoid(gate(all, at, hidden))) as [NDArray, NDArray, NDArray];
      const c = np.add(np.multiply(f, before), np.multiply(i, nn.tanh(gate(all, 2, hidden))));
      const h = np.multiply(o, nn.tanh(c));
      return [{ c, h }, h];
    },
  });
};
