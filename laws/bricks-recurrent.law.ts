// Cells and sequences: G1 to G10 of the laws of bricks over a table, cells against plain JavaScript, recurrent against the loop written
// out, repeat against serial, masks, batch normalization, and programs that do not grow with the length.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as bricks from "../src/bricks/index.ts";
import { orthogonal } from "../src/bricks/orthogonal.ts";
import {
  type DType,
  type Key,
  explain,
  grad,
  jacrev,
  jit,
  makeJaxpr,
  type NDArray,
  np,
  random,
  tree,
  vmap,
} from "../src/index.ts";
import { adjointProperty, checkGrads, jitProperty } from "../src/laws/index.ts";

type Net = bricks.Brick<unknown, NDArray, NDArray>;
type Cell = bricks.Cell<unknown, unknown, NDArray, NDArray>;
type Call = (p: unknown, x: NDArray) => NDArray;
const gradient = grad as unknown as (f: Call) => Call;
const mapped = vmap as unknown as (f: Call, axes: readonly (0 | null)[]) => Call;
const compiled = jit as unknown as (f: Call) => Call;

const numbers = (x: unknown): number[] => tree.leaves(x).flatMap((leaf) => Array.from(np.asarray(leaf).dataSync()));
const close = (a: unknown, b: unknown, to: number): void => {
  const [xs, ys] = [numbers(a), numbers(b)];
  expect(ys.length).toBe(xs.length);
  expect(Math.max(0, ...xs.map((x, i) => Math.abs(x - (ys[i] as number)) / (1 + Math.abs(x))))).toBeLessThanOrEqual(to);
};
const draw = (seed: number, shape: readonly number[], dtype: DType = "float32"): NDArray =>
  random.normal(random.key(seed), shape, { dtype: dtype as "float32" });

const { bidirectional, dense, each, gru, lastStep, lstm, masked, recurrent, repeat, rnn, serial, stackCells } = bricks;
/** Cells from 3 inputs, with how many parameters they have by the closed form. */
const cells: Readonly<Record<string, readonly [cell: Cell, count: number]>> = Object.fromEntries(
  Object.entries({
    rnn: [rnn(3, 4), 4 * (3 + 4 + 1)],
    "rnn of another activation": [rnn(3, 4, { activation: (x) => np.sin(x) }), 4 * (3 + 4 + 1)],
    gru: [gru(3, 4), 3 * 4 * (3 + 4 + 1)],
    "gru, reset after": [gru(3, 4, { resetAfter: true }), 3 * 4 * (3 + 4 + 1) + 4],
    lstm: [lstm(3, 4), 4 * 4 * (3 + 4 + 1)],
    "stack of cells and bricks": [
      stackCells(dense(3, 2), lstm(2, 3), bricks.tanh, gru(3, 4)),
      3 * 2 + 2 + 4 * 3 * (2 + 3 + 1) + 3 * 4 * (3 + 4 + 1),
    ],
  } as const).map(([name, [cell, count]]) => [name, [cell as unknown as Cell, count] as const]),
);
const named = Object.entries(cells).map(([name, [cell, count]]) => ({ name, cell, count }));

interface Subject {
  readonly brick: Net;
  readonly input: readonly number[];
  readonly count: number;
}
const subjects: Readonly<Record<string, Subject>> = {
  ...Object.fromEntries(
    named.map(({ name, cell, count }) => [
      `recurrent ${name}`,
      { brick: recurrent(cell) as unknown as Net, input: [3, 3], count },
    ]),
  ),
  "recurrent, reversed": {
    brick: recurrent(cells.gru?.[0] as Cell, { reverse: true }) as unknown as Net,
    input: [3, 3],
    count: 96,
  },
  bidirectional: { brick: bidirectional(cells.rnn?.[0] as Cell) as unknown as Net, input: [2, 3], count: 2 * 32 },
  each: { brick: each(dense(3, 2)) as unknown as Net, input: [2, 3], count: 8 },
  lastStep: { brick: lastStep() as unknown as Net, input: [3, 2], count: 0 },
  repeat: { brick: repeat(serial(dense(3, 3), bricks.tanh), 3) as unknown as Net, input: [3], count: 36 },
  "repeat of bricks without parameters": { brick: repeat(bricks.tanh, 2) as unknown as Net, input: [2], count: 0 },
};
const paramsOf = ({ brick }: Subject): unknown => brick.init(random.key(1));
const call =
  ({ brick }: Subject): Call =>
  (p, x) =>
    brick.apply(p, x);
const loss =
  (s: Subject): Call =>
  (p, x) =>
    np.sum(np.square(call(s)(p, x)));

describe.each(Object.entries(subjects))("%s", (_, s) => {
  const p = paramsOf(s),
    x = draw(2, s.input);
  it("G1 gradient, every leaf", () => checkGrads(call(s) as never, [p, x], { order: 1 }));
  it("G2 vmap is the stack of examples, nested too; G6 they do not see each other", () => {
    const xs = draw(3, [2, 2, ...s.input]);
    const once = mapped(call(s), [null, 0]);
    const all = mapped(once, [null, 0])(p, xs);
    for (let i = 0; i < 2; i++) for (let j = 0; j < 2; j++) close(call(s)(p, xs.slice(i, j)), all.slice(i, j), 1e-5);
    const other = np.stack([xs.slice(0, 0), draw(9, s.input)]);
    close(once(p, xs.slice(0)).slice(0), once(p, other).slice(0), 0);
  });
  it("G3 jit", () => {
    fc.assert(jitProperty(((v: NDArray) => call(s)(p, v)) as never, [fc.constant(draw(4, s.input))]), { numRuns: 1 });
  });
  it("G4 jit and grad commute; the gradient of a mean is the mean of gradients", () => {
    close(compiled(gradient(loss(s)))(p, x), gradient(compiled(loss(s)))(p, x), 1e-5);
    const xs = draw(5, [3, ...s.input]);
    const mean: Call = (q, v) => np.mean(mapped(loss(s), [null, 0])(q, v));
    const single = mapped(gradient(loss(s)), [null, 0])(p, xs);
    close(
      gradient(mean)(p, xs),
      tree.map((g: NDArray) => np.mean(g, 0), single as unknown),
      1e-5,
    );
  });
  it("G5 purity: same key, same bits; gradients look like parameters", () => {
    const key = random.key(7),
      twice = [0, 1].map(() => numbers(s.brick.apply(p, x, key)));
    expect(twice[0]).toEqual(twice[1]);
    const g = gradient(loss(s))(p, x);
    expect(String(tree.structure(g))).toBe(String(tree.structure(p)));
    expect(tree.leaves(g).map((v) => v.shape)).toEqual(tree.leaves(p).map((v) => v.shape));
  });
  it("G8 finite at large, zero and equal inputs", () => {
    for (const size of [1e4, -1e4, 0])
      for (const y of [call(s), gradient(loss(s))])
        expect(numbers(y(p, np.full(x.shape, size))).every(Number.isFinite)).toBe(true);
  });
  it("G9 number of parameters", () => {
    expect(numbers(p).length).toBe(s.count);
  });
  it("G10 forward and reverse mode agree", () =>
    fc.assert(adjointProperty(call(s) as never, [fc.constant(p), fc.constant(x)] as never), { numRuns: 1 }));
});

/** The loop that recurrent stands for, written out. */
const unrolled = (
  cell: Cell,
  params: unknown,
  xs: NDArray,
  { reverse = false, state: first = cell.initialState(params), keys = [] as readonly Key[] } = {},
): { readonly state: unknown; readonly outputs: NDArray } => {
  const steps = xs.shape[0] as number,
    outputs = new Array<NDArray>(steps);
  let state = first;
  for (let k = 0; k < steps; k++) {
    const t = reverse ? steps - 1 - k : k,
      [next, output] = cell.apply(params, state, xs.slice(t), keys[t]);
    state = next;
    outputs[t] = output;
  }
  return { state, outputs: np.stack(outputs) };
};

describe.each(named)("$name in time", ({ cell }) => {
  const p = cell.init(random.key(3)),
    xs = draw(8, [5, 3]);
  it.each([false, true])("recurrent is the loop written out, values, state and gradients (reverse: %s)", (reverse) => {
    const whole = recurrent(cell, { reverse, returnState: true }) as bricks.Brick<
      unknown,
      NDArray,
      readonly [unknown, NDArray]
    >;
    const [state, outputs] = whole.apply(p, xs),
      loop = unrolled(cell, p, xs, { reverse });
    close(loop.outputs, outputs, 1e-6);
    close(loop.state, state, 1e-6);
    const both = [
      (q: unknown, v: NDArray) => np.sum(np.square(whole.apply(q, v)[1])),
      (q: unknown, v: NDArray) => np.sum(np.square(unrolled(cell, q, v, { reverse }).outputs)),
    ].map((f) => (grad as unknown as (g: Call, o: object) => Call)(f, { argnums: [0, 1] })(p, xs));
    close(both[1], both[0], 1e-5);
  });
  it("a sequence in two pieces is the whole one; outputs do not depend on what comes later", () => {
    const [state, head] = bricks.runCell(cell, p, cell.initialState(p), xs.slice([0, 2])),
      [last, tail] = bricks.runCell(cell, p, state, xs.slice([2])),
      whole = bricks.runCell(cell, p, cell.initialState(p), xs);
    close(whole[1], np.concatenate([head, tail] as NDArray[], 0), 1e-6);
    close(whole[0], last, 1e-6);
    const by = jacrev((v: NDArray) => recurrent(cell).apply(p, v) as NDArray)(xs).js() as number[][][][];
    by.forEach((row, t) => {
      for (const later of (row as number[][][]).flatMap((unit) => unit.slice(t + 1)))
        expect(later.every((d) => d === 0)).toBe(true);
    });
  });
  it("sequences of no steps", () => {
    const [state, outputs] = bricks.runCell(cell, p, cell.initialState(p), np.zeros([0, 3]));
    expect((outputs as NDArray).shape[0]).toBe(0);
    close(cell.initialState(p), state, 0);
  });
  it("G7 masked: padding changes no output and no gradient, in both directions", () => {
    const layer = bidirectional(masked(cell)) as bricks.Brick<unknown, readonly [NDArray, NDArray], NDArray>,
      bare = bidirectional(cell) as Net,
      q = bare.init(random.key(4));
    const padded = np.concatenate([xs, np.zeros([3, 3])], 0),
      valid = np.less(np.arange(8), 5);
    const score = (y: NDArray): NDArray => np.sum(np.multiply(np.square(y), np.arange(1, 9)));
    close(bare.apply(q, xs), layer.apply(q, [padded, valid]).slice([0, 5]), 1e-6);
    const gradients = [
      gradient((r) => score(bare.apply(r, xs)))(q, xs),
      gradient((r) => score(layer.apply(r, [padded, valid])))(q, xs),
    ];
    close(gradients[0], gradients[1], 1e-5);
  });
  it("bidirectional: reversing the sequence is the same as exchanging the directions", () => {
    const layer = bidirectional(cell) as bricks.Brick<bricks.BothWays<unknown>, NDArray, NDArray>,
      q = layer.init(random.key(5)),
      [there, back] = [layer.apply(q, np.flip(xs, 0)), layer.apply({ forward: q.backward, backward: q.forward }, xs)];
    const [a, b] = np.split(back, 2, 1) as unknown as readonly [NDArray, NDArray];
    close(np.flip(there, 0), np.concatenate([b, a], 1), 1e-6);
  });
});

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

describe("keys", () => {
  const noisy = stackCells(bricks.dropout(0.5), rnn(3, 4), bricks.dropout(0.5)) as unknown as Cell;
  it("a stack goes layer by layer and gives each step the key that it has step by step", () => {
    const p = noisy.init(random.key(0)),
      xs = draw(1, [4, 3]),
      key = random.key(9);
    const [, outputs] = bricks.runCell(noisy, p, noisy.initialState(p), xs, { key });
    close(unrolled(noisy, p, xs, { keys: [...random.split(key, 4)] }).outputs, outputs, 1e-6);
  });
  it("steps, layers and directions get different ones", () => {
    const zeros = (x: NDArray): number[] => numbers(np.equal(x, 0));
    const ys = each(bricks.dropout(0.5)).apply({}, np.ones([2, 64]), random.key(3));
    expect(zeros(ys.slice(0))).not.toEqual(zeros(ys.slice(1)));
    const left = numbers(repeat(bricks.dropout(0.5), 3).apply({} as never, np.ones([4000]), random.key(1)));
    expect(Math.abs(left.filter((v) => v !== 0).length - 500)).toBeLessThan(100);
  });
});

describe("repeat", () => {
  const layer = bricks.residual(serial(dense(3, 3), bricks.tanh)),
    deep = repeat(layer, 4),
    p = deep.init(random.key(2)),
    x = draw(3, [3]) as bricks.Vec<3>;
  const one = (i: number): typeof p => tree.map((v: NDArray) => v.slice(i), p);
  const written = (q: typeof p, v: bricks.Vec<3>): bricks.Vec<3> =>
    [0, 1, 2, 3].reduce(
      (y, i) =>
        layer.apply(
          tree.map((w: NDArray) => w.slice(i), q),
          y,
        ),
      v,
    );
  it("is the bricks in series, values and gradients", () => {
    const series = serial(layer, layer, layer, layer);
    close(series.apply([one(0), one(1), one(2), one(3)], x), deep.apply(p, x), 1e-6);
    const gradients = [deep.apply, written].map((f) => grad((q: typeof p) => np.sum(np.square(f(q, x))))(p));
    close(gradients[1], gradients[0], 1e-5);
  });
  it("begins every layer by itself, as the brick begins", () => {
    const keys = random.split(random.key(2), 4);
    for (let i = 0; i < 4; i++) close(layer.init(keys.at(i)), one(i), 1e-6);
  });
});

describe("programs do not grow with the length", () => {
  const size = (text: string): number => text.split("\n").length;
  it("jaxprs and kernels of an lstm and its gradient for 10 and 1000 steps", () => {
    const layer = recurrent(lstm(4, 8)),
      p = layer.init(random.key(0));
    const step = jit((q: typeof p, xs: NDArray) => grad((r: typeof p) => np.sum(layer.apply(r, xs as never)))(q));
    const [short, long] = [10, 1000].map((steps) => {
      const xs = np.zeros([steps, 4]),
        { kernels } = explain(step, p, xs);
      return [size(String(makeJaxpr((v: NDArray) => step(p, v))(xs))), kernels.length];
    });
    expect(long).toEqual(short);
  });
  it("jaxprs of 2 and 64 layers", () => {
    const [few, many] = [2, 64].map((count) => {
      const deep = repeat(bricks.residual(dense(4, 4)), count),
        p = deep.init(random.key(0));
      return size(String(makeJaxpr((q: typeof p) => grad((r: typeof p) => np.sum(deep.apply(r, np.ones([4]))))(q))(p)));
    });
    expect(many).toBe(few);
  });
  it("gradients through many steps over large arrays stay within memory", () => {
    const layer = recurrent(lstm(16, 32)),
      p = layer.init(random.key(0)),
      xs = draw(1, [4, 800, 16]);
    const total = (q: typeof p): NDArray => np.mean(vmap((v: NDArray) => layer.apply(q, v as never))(xs));
    expect(numbers(jit(grad(total))(p)).every(Number.isFinite)).toBe(true);
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
