// Cells one by one: against plain JavaScript, how their weights begin, batch normalization, and what bricks of sequences say
// when they are misused.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as bricks from "../src/bricks/index.ts";
import { orthogonal } from "../src/bricks/orthogonal.ts";
import { jacrev, type Key, type NDArray, np, random, vmap } from "../src/index.ts";
import { checkGrads } from "../src/laws/index.ts";
import { close, numbers } from "./brick-laws.ts";

type Cell = bricks.Cell<unknown, unknown, NDArray, NDArray>;
const draw = (seed: number, shape: readonly number[]): NDArray => random.normal(random.key(seed), shape);
const { dense, each, gru, lstm, recurrent, repeat, rnn, stackCells } = bricks;

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
describe("cells are their formulas", () => {
  type Rows = readonly (readonly number[])[];
  const sum = (terms: readonly number[]): number => terms.reduce((a, b) => a + b, 0);
  /** `x wx + h wh + b` at one column. */
  const weigh = (x: readonly number[], w: Rows, column: number): number =>
    sum(x.map((v, i) => v * (w[i]?.[column] as number)));
  const n = 4,
    x = [0.5, -1, 2],
    h = [0.25, -0.5, 1, 0.75],
    c = [1, -2, 0.5, 0.25];
  const each4 = (f: (j: number) => number): number[] => Array.from({ length: n }, (_, j) => f(j));
  const js = (p: bricks.RecurrentParams): { wx: Rows; wh: Rows; b: readonly number[] } => ({
    wx: p.wx.js() as unknown as Rows,
    wh: p.wh.js() as unknown as Rows,
    b: p.b.js() as unknown as readonly number[],
  });
  const start = <P extends bricks.RecurrentParams>(cell: { init(key: Key): P }): P => {
    const p = cell.init(random.key(6));
    return { ...p, b: draw(9, p.b.shape) };
  };
  it("rnn", () => {
    const cell = rnn(3, n),
      p = start(cell),
      { wx, wh, b } = js(p);
    const want = each4((j) => Math.tanh(weigh(x, wx, j) + weigh(h, wh, j) + (b[j] as number)));
    close(np.array(want), cell.apply(p, np.array(h), np.array(x) as never)[1], 1e-6);
  });
  it.each([false, true])("gru (resetAfter: %s)", (resetAfter) => {
    const cell = gru(3, n, { resetAfter }),
      p = { ...start(cell), bh: resetAfter ? draw(10, [n]) : null },
      { wx, wh, b } = js(p),
      bh = (p.bh?.js() ?? [0, 0, 0, 0]) as readonly number[];
    const at = (gate: number, j: number, state: readonly number[]): readonly [number, number] => [
      weigh(x, wx, gate * n + j) + (b[gate * n + j] as number),
      weigh(state, wh, gate * n + j),
    ];
    const [z, r] = [0, 1].map((gate) => each4((j) => sigmoid(sum(at(gate, j, h))))) as [number[], number[]];
    const reset = h.map((v, j) => v * (r[j] as number));
    const want = each4((j) => {
      const [fromInput, fromState] = at(2, j, resetAfter ? h : reset);
      const g = Math.tanh(fromInput + (resetAfter ? (r[j] as number) * (fromState + (bh[j] as number)) : fromState));
      return (z[j] as number) * (h[j] as number) + (1 - (z[j] as number)) * g;
    });
    close(np.array(want), cell.apply(p, np.array(h), np.array(x) as never)[1], 1e-6);
  });
  it("lstm", () => {
    const cell = lstm(3, n),
      p = start(cell),
      { wx, wh, b } = js(p);
    const at = (gate: number, j: number): number =>
      weigh(x, wx, gate * n + j) + weigh(h, wh, gate * n + j) + (b[gate * n + j] as number);
    const held = each4((j) => sigmoid(at(1, j)) * (c[j] as number) + sigmoid(at(0, j)) * Math.tanh(at(2, j)));
    const shown = held.map((v, j) => sigmoid(at(3, j)) * Math.tanh(v));
    const [state, output] = cell.apply(p, { c: np.array(c), h: np.array(h) }, np.array(x) as never);
    close(np.array(held), state.c, 1e-6);
    close(np.array(shown), state.h, 1e-6);
    close(state.h, output, 0);
  });
  it("the lstm's carousel: with f = 1 and i = 0 the cell holds what it holds, and so does its derivative", () => {
    const cell = lstm(1, 2),
      still = { wx: np.zeros([1, 8]), wh: np.zeros([2, 8]), b: np.repeat(np.array([-200, 200, 0, 0]), 2) };
    const after = (first: NDArray): NDArray =>
      bricks.runCell(cell, still, { c: first, h: np.zeros([2]) }, draw(1, [50, 1]) as never)[0].c;
    expect(after(np.array([3, -7])).js()).toEqual([3, -7]);
    expect(jacrev(after)(np.array([3, -7])).js()).toEqual([
      [1, 0],
      [0, 1],
    ]);
  });
  it("the gru keeps its state with z = 1", () => {
    const cell = gru(1, 2),
      still = { wx: np.zeros([1, 6]), wh: np.zeros([2, 6]), b: np.repeat(np.array([200, 0, 3]), 2), bh: null };
    expect(bricks.runCell(cell, still, np.array([0.5, -0.25]), draw(1, [50, 1]) as never)[0].js()).toEqual([
      0.5, -0.25,
    ]);
  });
  it("the forget gate of a new lstm is open", () => {
    const bias = (options: bricks.LstmOptions): unknown => lstm(1, 2, options).init(random.key(0)).b.js();
    expect(bias({})).toEqual([0, 0, 1, 1, 0, 0, 0, 0]);
    expect(bias({ forgetBias: -2 })).toEqual([0, 0, -2, -2, 0, 0, 0, 0]);
  });
  it("gradients of Elman's cell vanish for weights on the state of norm below 1", () => {
    const cell = rnn(1, 4),
      p = cell.init(random.key(2)),
      small = { ...p, wh: np.multiply(p.wh, 0.5) };
    const norm = (steps: number): number =>
      Math.hypot(
        ...numbers(
          jacrev((h: NDArray) => bricks.runCell(cell, small, h, np.zeros([steps, 1]) as never)[0])(np.full([4], 0.1)),
        ),
      );
    expect(norm(20)).toBeLessThan(2 * 0.5 ** 20 * 1.01);
    expect(norm(20)).toBeGreaterThan(0);
  });
});

describe("orthogonal weights", () => {
  it("have orthonormal columns, or rows if there are fewer", () => {
    const extents = fc.integer({ min: 1, max: 9 });
    fc.assert(
      fc.property(extents, extents, fc.integer({ min: 0, max: 99 }), (m, n, seed) => {
        const w = orthogonal(random.key(seed), [m, n]),
          gram = m < n ? np.matmul(w, w.T) : np.matmul(w.T, w);
        expect(w.shape).toEqual([m, n]);
        close(np.identity(Math.min(m, n)), gram, 1e-6);
      }),
      { numRuns: 12 },
    );
    const big = orthogonal(random.key(1), [128, 128], { dtype: "float64" });
    close(np.identity(128), np.matmul(big.T, big), 1e-14);
  });
  it("favour no direction: every entry has mean 0 and variance 1 / n", () => {
    const draws = vmap((key: Key) => orthogonal(key, [3, 3]))(random.split(random.key(5), 2000));
    close(np.zeros([3, 3]), np.mean(draws, 0), 0.05);
    close(np.full([3, 3], 1 / 3), np.mean(np.square(draws), 0), 0.03);
  });
});

describe("batchNorm", () => {
  const norm = bricks.batchNorm(2),
    p = norm.init(random.key(0)),
    x = np.add(np.multiply(draw(1, [5, 2, 3]), 3), 7),
    key = random.key(1);
  const stats = (v: NDArray, ddof: number): { mean: NDArray; variance: NDArray } => ({
    mean: np.mean(v, [0, 2]),
    variance: np.var(v, [0, 2], { ddof }),
  });
  it("while training normalizes every channel by the batch", () => {
    const [, y] = norm.apply(p, norm.initialState(p), x, key),
      { mean, variance } = stats(y, 0);
    close(np.zeros([2]), mean, 1e-5);
    close(np.ones([2]), variance, 1e-4);
  });
  it("its running statistics move towards those of the batch, a tenth of the way", () => {
    const [state] = norm.apply(p, norm.initialState(p), x, key),
      { mean, variance } = stats(x, 1);
    close(np.multiply(mean, 0.1), state.mean, 1e-6);
    close(np.add(0.9, np.multiply(variance, 0.1)), state.variance, 1e-6);
  });
  it("otherwise normalizes by the running ones, and keeps them: examples do not see each other", () => {
    const state = { mean: np.array([1, 2]), variance: np.array([4, 9]) },
      [same, y] = norm.apply(p, state, x);
    expect(same).toBe(state);
    close(np.divide(np.subtract(x, np.reshape(state.mean, [2, 1])), np.array([[2], [3]])), y, 1e-5);
    close(norm.apply(p, state, x.slice([2, 3]))[1], y.slice([2, 3]), 0);
  });
  it("gradient while training, and number of parameters", () => {
    checkGrads(((q: typeof p, v: NDArray) => norm.apply(q, norm.initialState(q), v, key)[1]) as never, [
      p,
      draw(2, [4, 2]),
    ]);
    expect(numbers(p).length).toBe(4);
    expect(numbers(bricks.batchNorm(3, { scale: false, bias: false }).init(random.key(0)))).toEqual([]);
  });
  it("stands in a stack among bricks of images", () => {
    const net = stackCells(each(bricks.conv(1, 2, 3)), bricks.batchNorm(2), bricks.relu) as unknown as Cell,
      q = net.init(random.key(0));
    const [state, y] = net.apply(q, net.initialState(q), draw(4, [3, 1, 4, 4]), key);
    expect(y.shape).toEqual([3, 2, 2, 2]);
    expect(numbers(state).length).toBe(4);
  });
});

describe("errors name the brick and the remedy", () => {
  const p = rnn(3, 4).init(random.key(0));
  it.each<[string, () => unknown, RegExp]>([
    ["sizes", () => lstm(0, 2), /lstm: expected the number of inputs to be a positive integer, got 0/],
    ["units", () => gru(1, 2.5), /gru: expected the number of hidden units to be a positive integer, got 2.5/],
    ["an input", () => rnn(3, 4).apply(p, np.zeros([4]), np.ones([2]) as never), /rnn: expected one input of size 3/],
    ["a batch", () => recurrent(rnn(3, 4)).apply(p, np.ones([2, 5, 3]) as never), /map over a batch with vmap/],
    ["no sequence", () => each(bricks.relu).apply({}, np.array(1)), /each: expected a sequence/],
    ["layers", () => repeat(bricks.relu, 0), /repeat: expected the number of layers to be a positive integer/],
    [
      "a shape that changes",
      () => repeat(dense(2, 3) as never, 2).apply({ w: np.ones([2, 2, 3]), b: null } as never, np.ones([2]) as never),
      /scan/,
    ],
    ["channels", () => bricks.batchNorm(3).apply({ scale: null, bias: null }, {} as never, np.ones([2])), /a batch of/],
  ])("%s", (_, f, message) => expect(f).toThrow(message));
});
