// The laws that every brick must pass, over a table of bricks: gradient, vmap, jit, composition, purity, independence of the
// batch, finiteness, number of parameters, agreement of forward and reverse mode.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as bricks from "../src/bricks/index.ts";
import { grad, type NDArray, np, random } from "../src/index.ts";
import { checkGrads } from "../src/laws/index.ts";
import {
  brickLaws,
  call,
  close,
  draw,
  gradient,
  loss,
  numbers,
  paramsOf,
  type Subject,
  subject,
} from "./brick-laws.ts";

const { conv, dense } = bricks;
const activations = [
  "relu relu6 tanh sigmoid logSigmoid softplus softSign silu swish mish gelu elu selu celu leakyRelu hardTanh",
  "hardSigmoid hardSilu softmax logSoftmax identity",
]
  .join(" ")
  .split(" ")
  .map((name) => [name, subject(new Map(Object.entries(bricks)).get(name), [5], 0)] as const);
const subjects: Readonly<Record<string, Subject>> = {
  dense: subject(dense(3, 5), [3], 3 * 5 + 5),
  "dense without bias": subject(dense(3, 1, { bias: false }), [3], 3),
  conv: subject(conv(2, 3, 3), [2, 5, 5], 3 * 2 * 9 + 3),
  "conv, strided and padded": subject(conv(1, 2, [3, 2], { strides: 2, padding: "SAME" }), [1, 5, 4], 2 * 6 + 2),
  "conv, dilated groups": subject(conv(2, 4, 2, { groups: 2, dilation: 2, padding: 1 }), [2, 3, 3], 4 * 4 + 4),
  "conv in 1-d": subject(conv(2, 3, [3], { bias: false }), [2, 7], 3 * 2 * 3),
  maxPool: subject(bricks.maxPool(2), [2, 4, 6], 0),
  "maxPool, overlapping": subject(bricks.maxPool(3, { strides: 1, padding: "SAME" }), [1, 4, 4], 0),
  avgPool: subject(bricks.avgPool(2), [2, 4, 4], 0),
  "avgPool, padded": subject(bricks.avgPool([3, 2], { strides: 2, padding: 1 }), [1, 5, 4], 0),
  globalAvgPool: subject(bricks.globalAvgPool(), [3, 2, 2], 0),
  flatten: subject(bricks.flatten(12), [3, 2, 2], 0),
  dropout: subject(bricks.dropout(0.5), [5], 0),
  layerNorm: subject(bricks.layerNorm(5), [5], 10),
  embedding: subject(bricks.embedding(7, 3), [4], 21, { below: 7 }),
  residual: subject(bricks.residual(dense(3, 3)), [3], 12),
  concat: subject(bricks.concat([bricks.identity, dense(3, 2)]), [3], 8),
  serial: subject(bricks.serial(dense(3, 4), bricks.tanh, bricks.dropout(0.5), dense(4, 2)), [3], 16 + 10),
  "LeNet-5": subject(
    bricks.serial(
      conv(1, 6, 5),
      bricks.tanh,
      bricks.avgPool(2),
      conv(6, 16, 5),
      bricks.tanh,
      bricks.avgPool(2),
      bricks.flatten(400),
      dense(400, 120),
      bricks.tanh,
      dense(120, 84),
      bricks.tanh,
      dense(84, 10),
    ),
    [1, 32, 32],
    61_706,
  ),
};
const small = Object.entries(subjects).filter(([name]) => name !== "LeNet-5");

describe.each(small)("%s", (_, s) => brickLaws(s));

describe.each(activations)("%s", (_, s) => {
  it("G1 gradient, G8 finite, G9 no parameters, keeps the shape", () => {
    const x = draw(s, 2);
    expect(call(s)({}, x).shape).toEqual(x.shape);
    expect(numbers(paramsOf(s))).toEqual([]);
    checkGrads((v: NDArray) => call(s)({}, v), [x]);
    for (const size of [1e4, -1e4, 0])
      expect(numbers(gradient(loss(s))({}, np.full([5], size))).every(Number.isFinite)).toBe(true);
  });
});

describe("numbers of parameters", () => {
  it.each(Object.entries(subjects))("%s", (_, s) => {
    expect(numbers(paramsOf(s)).length).toBe(s.count);
  });
});

/** Windows of an image in plain JavaScript: for each output the elements it sees (null for padding). */
const windows = (
  x: readonly (readonly number[])[],
  [kh, kw]: readonly [number, number],
  stride: number,
  dilation: number,
  pad: number,
): (number | null)[][][] => {
  const [h, w] = [x.length, (x[0] as readonly number[]).length];
  const count = (n: number, k: number): number => Math.floor((n + 2 * pad - dilation * (k - 1) - 1) / stride) + 1;
  return Array.from({ length: count(h, kh) }, (_, i) =>
    Array.from({ length: count(w, kw) }, (_, j) =>
      Array.from({ length: kh * kw }, (_, t) => {
        const r = i * stride + Math.floor(t / kw) * dilation - pad,
          c = j * stride + (t % kw) * dilation - pad;
        return x[r]?.[c] ?? null;
      }),
    ),
  );
};
const geometry = fc.record({
  h: fc.integer({ min: 3, max: 6 }),
  w: fc.integer({ min: 3, max: 6 }),
  kh: fc.integer({ min: 1, max: 3 }),
  kw: fc.integer({ min: 1, max: 3 }),
  stride: fc.integer({ min: 1, max: 3 }),
  pad: fc.integer({ min: 0, max: 1 }),
  seed: fc.integer({ min: 0, max: 9 }),
});

describe("windows", () => {
  it("conv is the sum over windows", () => {
    fc.assert(
      fc.property(geometry, fc.integer({ min: 1, max: 2 }), ({ h, w, kh, kw, stride, pad, seed }, dilation) => {
        fc.pre(dilation * (Math.max(kh, kw) - 1) < 3);
        const brick = conv(2, 2, [kh, kw], { strides: stride, padding: pad, dilation });
        const p = brick.init(random.key(seed)),
          x = random.normal(random.key(seed + 1), [2, h, w]);
        const kernel = p.w.js() as number[][][][];
        const seen = (x.js() as number[][][]).map((channel) => windows(channel, [kh, kw], stride, dilation, pad));
        const want = kernel.map((filters) =>
          (seen[0] as (number | null)[][][]).map((row, i) =>
            row.map((_, j) =>
              filters
                .flatMap((f, c) => f.flat().map((k, t) => k * (seen[c]?.[i]?.[j]?.[t] ?? 0)))
                .reduce((a, b) => a + b, 0),
            ),
          ),
        );
        const got = brick.apply(p, x);
        expect(got.shape).toEqual([2, want[0]?.length, want[0]?.[0]?.length]);
        close(np.array(want), got, 1e-5);
      }),
      { numRuns: 12 },
    );
  });
  it.each([
    ["maxPool", bricks.maxPool, (xs: readonly number[]) => Math.max(...xs)],
    ["avgPool", bricks.avgPool, (xs: readonly number[]) => xs.reduce((a, b) => a + b, 0) / xs.length],
  ] as const)("%s takes its windows without padding", (_, pool, reduce) => {
    fc.assert(
      fc.property(geometry, ({ h, w, kh, kw, stride, pad, seed }) => {
        fc.pre(pad < Math.min(kh, kw));
        const x = random.normal(random.key(seed), [1, h, w]);
        const want = windows((x.js() as number[][][])[0] as number[][], [kh, kw], stride, 1, pad).map((row) =>
          row.map((xs) => reduce(xs.filter((v) => v !== null))),
        );
        close(np.array([want]), pool([kh, kw], { strides: stride, padding: pad }).apply({}, x), 1e-6);
      }),
      { numRuns: 10 },
    );
  });
  it("SAME keeps ceil(extent / stride), as JAX pads: the odd one after", () => {
    const x = np.array([[[1, 2, 3, 4]]]);
    expect(bricks.maxPool([1, 2], { strides: 1, padding: "SAME" }).apply({}, x).js()).toEqual([[[2, 3, 4, 4]]]);
    expect(bricks.avgPool([1, 3], { strides: 2, padding: "SAME" }).apply({}, x).js()).toEqual([[[2, 3.5]]]);
  });
  it("at ties the first element of a window gets the whole gradient", () => {
    const f = (x: NDArray): NDArray => np.sum(bricks.maxPool(2).apply({}, x));
    expect(grad(f)(np.ones([1, 2, 4])).js()).toEqual([
      [
        [1, 0, 1, 0],
        [0, 0, 0, 0],
      ],
    ]);
  });
  it("NaN wins a window", () => {
    for (const row of [
      [Number.NaN, 1],
      [1, Number.NaN],
    ])
      expect(
        bricks
          .maxPool([1, 2])
          .apply({}, np.array([[row]]))
          .item(),
      ).toBeNaN();
  });
});

describe("dropout", () => {
  it("drops the fraction it says, scales the rest, and only with a key", () => {
    const x = np.ones([10_000]),
      y = bricks.dropout(0.25).apply({}, x, random.key(3));
    const kept = Array.from(y.dataSync()).filter((v) => v !== 0);
    expect(Math.abs(kept.length - 7500)).toBeLessThan(200);
    expect(kept.every((v) => v === Math.fround(1 / 0.75))).toBe(true);
    expect(bricks.dropout(0.25).apply({}, x)).toBe(x);
  });
  it("bricks in series get different keys", () => {
    const net = bricks.serial(bricks.dropout(0.5), bricks.dropout(0.5));
    const zeros = numbers(net.apply(net.init(random.key(0)), np.ones([4000]), random.key(1))).filter((v) => v === 0);
    expect(Math.abs(zeros.length - 3000)).toBeLessThan(150);
  });
});

describe("errors name the brick and the remedy", () => {
  it.each<[string, () => unknown, RegExp]>([
    [
      "dense",
      () => dense(3, 2).apply({ w: np.ones([3, 2]), b: null }, np.ones([4])),
      /dense: expected an input of size 3/,
    ],
    ["sizes", () => dense(0, 2), /dense: expected the number of inputs to be a positive integer, got 0/],
    ["a batch", () => bricks.maxPool(2).apply({}, np.ones([2, 1, 4, 4])), /map over a batch with vmap/],
    ["groups", () => conv(3, 4, 3, { groups: 2 }), /channels that 2 groups divide, got 3/],
    ["rate", () => bricks.dropout(2), /a rate from 0 to 1, got 2/],
    [
      "residual",
      () =>
        bricks.residual(dense(2, 3) as never).apply(dense(2, 3).init(random.key(0)) as never, np.ones([2]) as never),
      /keeps the shape \[2\]/,
    ],
    ["flatten", () => bricks.flatten(3).apply({}, np.ones([2, 2])), /3 elements/],
    ["layerNorm", () => bricks.layerNorm(3).apply({ scale: null, bias: null }, np.ones([2])), /size 3/],
  ])("%s", (_, f, message) => expect(f).toThrow(message));
});
