// The operations on arrays that are measured, as users of brickbox write them.
import { grad, jit, lax, type NDArray, nn, np } from "../../src/index.ts";
import type { Contestant, Given, Prepared } from "../serve.ts";

export type Ops = Contestant["ops"];
export const array = ({ data, shape }: Given): NDArray => np.reshape(np.array(data), [...shape]);

/** A pure function of the inputs in the order of `names`, jitted. */
const pure =
  (
    names: readonly string[],
    f: (args: Parameters<Ops[string]>[1]) => (...xs: NDArray[]) => NDArray | readonly NDArray[],
  ): Ops[string] =>
  (given, args): Prepared => {
    const jitted = jit(f(args)),
      inputs = names.map((name) => array(given[name] as Given));
    return {
      check: () => [jitted(...inputs)].flat().map((x) => x.dataSync() as Float32Array),
      run: () => jitted(...inputs),
    };
  };

const unary: Readonly<Record<string, (x: NDArray) => NDArray>> = {
  exp: np.exp,
  log: np.log,
  sin: np.sin,
  tanh: np.tanh,
  gelu: (x) => nn.gelu(x, { approximate: false }),
  chain: (x) => np.add(np.multiply(np.tanh(np.add(np.multiply(x, 2), 1)), np.exp(np.negative(x))), 3),
};
const rows: Readonly<Record<string, (x: NDArray) => NDArray>> = {
  softmax: (x) => nn.softmax(x),
  logsumexp: (x) => nn.logsumexp(x, -1),
  layernorm: (x) => nn.standardize(x, -1, { epsilon: 1e-5 }),
};
const weighted = (y: NDArray, ct: NDArray): NDArray => np.sum(np.multiply(y, ct));
export const maxPool = (x: NDArray): NDArray =>
  lax.reduceWindow(x, Number.NEGATIVE_INFINITY, np.maximum, [1, 1, 2, 2], [1, 1, 2, 2], "VALID");

const conv: Ops[string] = (given, args) => {
  const groups = { featureGroupCount: args.groups as number };
  const f = (x: NDArray, w: NDArray): NDArray => lax.convGeneralDilated(x, w, [1, 1], "SAME", groups);
  const loss = (x: NDArray, w: NDArray, ct: NDArray): NDArray => weighted(f(x, w), ct);
  if (args.by === null) return pure(["x", "w"], () => f)(given, args);
  return pure(["x", "w", "ct"], () => grad(loss, { argnums: args.by === "weights" ? 1 : 0 }))(given, args);
};

/** `f32[b, t, d]` to `f32[b, t, heads, d / heads]` and through attention. */
export const attend = (q: NDArray, k: NDArray, v: NDArray, heads: number, isCausal: boolean): NDArray => {
  const [b, t, d] = q.shape as readonly [number, number, number];
  const split = (x: NDArray): NDArray => np.reshape(x, [b, t, heads, d / heads]);
  return np.reshape(nn.dotProductAttention(split(q), split(k), split(v), null, null, { isCausal }), [b, t, d]);
};
const attention: Ops[string] = (given, args) => {
  const block = (x: NDArray, wq: NDArray, wk: NDArray, wv: NDArray, wo: NDArray): NDArray =>
    np.matmul(attend(np.matmul(x, wq), np.matmul(x, wk), np.matmul(x, wv), args.heads as number, false), wo);
  const names = ["x", "wq", "wk", "wv", "wo"];
  if (args.gradients !== true) return pure(names, () => block as (...xs: NDArray[]) => NDArray)(given, args);
  const loss = (...[x, wq, wk, wv, wo, ct]: NDArray[]): NDArray =>
    weighted(block(x as NDArray, wq as NDArray, wk as NDArray, wv as NDArray, wo as NDArray), ct as NDArray);
  return pure([...names, "ct"], () => grad(loss, { argnums: [0, 1, 2, 3, 4] }) as never)(given, args);
};

/** The mean square of an LSTM's states, `xs: f32[steps, batch, inputs]`. */
export const lstm = (xs: NDArray, wx: NDArray, wh: NDArray, b: NDArray): NDArray => {
  const hidden = wh.shape[0] as number,
    zero = np.zeros([xs.shape[1] as number, hidden]);
  const projected = np.add(np.matmul(xs, wx), b);
  const step = ([h, c]: readonly [NDArray, NDArray], x: NDArray): [readonly [NDArray, NDArray], NDArray] => {
    const [i, f, g, o] = np.split(np.add(x, np.matmul(h, wh)), 4, 1) as [NDArray, NDArray, NDArray, NDArray];
    const cell = np.add(np.multiply(nn.sigmoid(f), c), np.multiply(nn.sigmoid(i), np.tanh(g))),
      out = np.multiply(nn.sigmoid(o), np.tanh(cell));
    return [[out, cell], out];
  };
  const [, states] = lax.scan(step, [zero, zero] as const, projected);
  return np.mean(np.square(states));
};

export const arrayOps: Ops = {
  unary: pure(["x"], ({ f }) => unary[f as string] as (x: NDArray) => NDArray),
  transposePlusOne: pure(["x"], () => (x) => np.add(np.transpose(x as NDArray), 1)),
  concatenate: pure(["a", "b"], () => (a, b) => np.concatenate([a as NDArray, b as NDArray], 1)),
  gatherRows: pure(["table", "at"], () => (table, at) => np.take(table as NDArray, at as NDArray, 0)),
  scatterAdd: pure(
    ["table", "at", "rows"],
    () => (table, at, x) => (table as NDArray).at(at as NDArray).add(x as NDArray),
  ),
  sum: pure(
    ["x"],
    ({ axis }) =>
      (x) =>
        np.sum(x as NDArray, axis as number | null),
  ),
  rows: pure(["x"], ({ f }) => rows[f as string] as (x: NDArray) => NDArray),
  rowsGradient: pure(
    ["x", "ct"],
    ({ f }) =>
      grad((x: NDArray, ct: NDArray) => weighted((rows[f as string] as (x: NDArray) => NDArray)(x), ct)) as never,
  ),
  sort: pure(["x"], () => (x) => np.sort(x as NDArray)),
  cumsum: pure(["x"], () => (x) => np.cumsum(x as NDArray)),
  matmul: pure(["a", "b"], () => (a, b) => np.matmul(a as NDArray, b as NDArray)),
  queryKey: pure(["q", "k"], () => (q, k) => np.matmul(q as NDArray, np.swapaxes(k as NDArray, -1, -2))),
  denseGelu: pure(
    ["x", "w", "b"],
    () => (x, w, b) => nn.gelu(np.add(np.matmul(x as NDArray, w as NDArray), b as NDArray), { approximate: false }),
  ),
  conv,
  maxPool: pure(["x"], () => (x) => maxPool(x as NDArray)),
  maxPoolGradient: pure(["x", "ct"], () => grad((x: NDArray, ct: NDArray) => weighted(maxPool(x), ct)) as never),
  attention,
  lstm: pure(["xs", "wx", "wh", "b"], () => grad(lstm, { argnums: [1, 2, 3] }) as never),
};
