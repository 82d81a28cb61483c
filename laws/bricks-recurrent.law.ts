// Cells through sequences: the laws of bricks over a table, recurrent against the loop written out, masks, repeat against serial, and
// programs that do not grow with the length.
import { describe, expect, it } from "vitest";
import * as bricks from "../src/bricks/index.ts";
import { explain, grad, jacrev, jit, type Key, makeJaxpr, type NDArray, np, random, tree, vmap } from "../src/index.ts";
import { brickLaws, type Call, close, gradient, numbers, type Subject, subject } from "./brick-laws.ts";

type Net = bricks.Brick<unknown, NDArray, NDArray>;
type Cell = bricks.Cell<unknown, unknown, NDArray, NDArray>;
const draw = (seed: number, shape: readonly number[]): NDArray => random.normal(random.key(seed), shape);

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

const first = (name: string): Cell => (cells[name] as readonly [Cell, number])[0];
const subjects: Readonly<Record<string, Subject>> = {
  ...Object.fromEntries(
    named.map(({ name, cell, count }) => [
      `recurrent ${name}`,
      subject(recurrent(cell), [3, 3], count, { order: name === "lstm" ? 2 : 1, rounding: 1e-6 }),
    ]),
  ),
  "recurrent, reversed": subject(recurrent(first("gru"), { reverse: true }), [3, 3], 96, { order: 1, rounding: 1e-6 }),
  bidirectional: subject(bidirectional(first("rnn")), [2, 3], 2 * 32, { order: 1, rounding: 1e-6 }),
  each: subject(each(dense(3, 2)), [2, 3], 8, { rounding: 1e-6 }),
  lastStep: subject(lastStep(), [3, 2], 0),
  repeat: subject(repeat(serial(dense(3, 3), bricks.tanh), 3), [3], 36),
  "repeat of bricks without parameters": subject(repeat(bricks.tanh, 2), [2], 0),
};

describe.each(Object.entries(subjects))("%s", (_, s) => brickLaws(s));

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
