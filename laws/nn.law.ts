// Functions of neural networks: their formulas in double precision, slopes at kinks, and finite slopes at extremes.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jit, type NDArray, nn, np, random } from "../src/index.ts";
import { mul } from "../src/primitives/elementwise.ts";
import { vmap } from "../src/transforms/batching.ts";
import { expectNear, logSum, numbers, slopes } from "./nn-checks.ts";

const { exp, log1p, tanh, sqrt, abs, max, min } = Math;
const softplus = (x: number): number => max(x, 0) + log1p(exp(-abs(x)));
const sigmoid = (x: number): number => (x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x)));
const relu6 = (x: number): number => min(max(x, 0), 6);
// erfc by its continued fraction (Lentz) for large x, by the series of erf for small x.
const erfc = (x: number): number => {
  if (x < 0) return 2 - erfc(-x);
  if (x < 2) {
    let term = x,
      s = x;
    for (let n = 1; n < 60; n++) {
      term *= (-x * x) / n;
      s += term / (2 * n + 1);
    }
    return 1 - (2 / sqrt(Math.PI)) * s;
  }
  let f = 0;
  for (let k = 80; k > 0; k--) f = k / 2 / (x + f);
  return exp(-x * x) / sqrt(Math.PI) / (x + f);
};

interface Subject {
  readonly f: (x: NDArray) => NDArray;
  readonly value: (x: number) => number;
  /** The slope at points where the formula has a kink. */
  readonly kinks?: Readonly<Record<number, number>>;
}
const scale = 1.0507009873554805,
  alpha = 1.6732632423543772;
const elu = (x: number, a: number): number => (x > 0 ? x : a * Math.expm1(x));
const subjects: Readonly<Record<string, Subject>> = {
  relu: { f: nn.relu, value: (x) => max(x, 0), kinks: { 0: 0 } },
  relu6: { f: nn.relu6, value: relu6, kinks: { 0: 0, 6: 0 } },
  sigmoid: { f: nn.sigmoid, value: sigmoid },
  softplus: { f: nn.softplus, value: softplus, kinks: { 0: 0.5 } },
  softSign: { f: nn.softSign, value: (x) => x / (1 + abs(x)), kinks: { 0: 1 } },
  silu: { f: nn.silu, value: (x) => x * sigmoid(x) },
  logSigmoid: { f: nn.logSigmoid, value: (x) => -softplus(-x), kinks: { 0: 0.5 } },
  leakyRelu: { f: (x) => nn.leakyRelu(x), value: (x) => (x < 0 ? 0.01 * x : x), kinks: { 0: 1 } },
  "leakyRelu 0.25": { f: (x) => nn.leakyRelu(x, 0.25), value: (x) => (x < 0 ? 0.25 * x : x), kinks: { 0: 1 } },
  hardTanh: { f: nn.hardTanh, value: (x) => min(max(x, -1), 1), kinks: { [-1]: 1, 1: 1 } },
  hardSigmoid: { f: nn.hardSigmoid, value: (x) => relu6(x + 3) / 6, kinks: { [-3]: 0, 3: 0 } },
  hardSilu: { f: nn.hardSilu, value: (x) => (x * relu6(x + 3)) / 6, kinks: { [-3]: 0, 3: 1 } },
  elu: { f: (x) => nn.elu(x), value: (x) => elu(x, 1), kinks: { 0: 1 } },
  "elu 2": { f: (x) => nn.elu(x, 2), value: (x) => elu(x, 2), kinks: { 0: 2 } },
  celu: { f: (x) => nn.celu(x, 0.5), value: (x) => (x > 0 ? x : 0.5 * Math.expm1(x / 0.5)), kinks: { 0: 1 } },
  selu: { f: nn.selu, value: (x) => scale * elu(x, alpha), kinks: { 0: scale * alpha } },
  gelu: {
    f: (x) => nn.gelu(x),
    value: (x) => (x / 2) * (1 + tanh(sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  },
  "gelu, exact": { f: (x) => nn.gelu(x, { approximate: false }), value: (x) => (x / 2) * erfc(-x / Math.SQRT2) },
  squareplus: { f: (x) => nn.squareplus(x), value: (x) => (x + sqrt(x * x + 4)) / 2 },
  mish: { f: nn.mish, value: (x) => x * tanh(softplus(x)), kinks: { 0: 0.6 } },
  tanh: { f: nn.tanh, value: tanh },
  identity: { f: nn.identity, value: (x) => x },
  sparsePlus: {
    f: nn.sparsePlus,
    value: (x) => (x <= -1 ? 0 : x >= 1 ? x : (x + 1) ** 2 / 4),
    kinks: { [-1]: 0, 1: 1 },
  },
  sparseSigmoid: {
    f: nn.sparseSigmoid,
    value: (x) => min(max((x + 1) / 2, 0), 1),
    kinks: { [-1]: 0.25, 1: 0.25 },
  },
};
const grid = [-16, -12, -9, -7, -5, -3, -2, -1, 0, 1, 2, 3, 5, 7, 9, 12, 16].flatMap((k) => [k / 2, k / 2 + 0.125]);
const f32 = (...xs: readonly number[]): NDArray => np.array(xs);
const f64 = (...xs: readonly number[]): NDArray => np.array(Float64Array.from(xs));

describe("nn: activations are their formulas", () => {
  it.each(Object.keys(subjects))("%s", (name) => {
    const { f, value, kinks = {} } = subjects[name] as Subject;
    expectNear(numbers(f(f32(...grid))), grid.map(value), 2e-6);
    expectNear(numbers(f(f64(...grid))), grid.map(value), 1e-12);
    const smooth = grid.filter((x) => !(x in kinks)),
      h = 2 ** -17;
    expectNear(
      slopes(f, f64(...smooth)),
      smooth.map((x) => (value(x + h) - value(x - h)) / (2 * h)),
      1e-8,
    );
    const at = Object.keys(kinks).map(Number);
    expectNear(slopes(f, f64(...at)), Object.values(kinks), 1e-12);
    expect(slopes(f, f32(-1e4, -100, 100, 1e4)).every(Number.isFinite)).toBe(true);
    expect(numbers(f(f32(-1e4, 1e4))).every(Number.isFinite)).toBe(true);
    expect(numbers(f(f32(Number.NaN)))).toEqual([Number.NaN]);
    expect(f(f32()).shape).toEqual([0]);
  });
  it("at infinity", () => {
    const ends = f32(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
    expect(numbers(nn.softplus(ends))).toEqual([0, Number.POSITIVE_INFINITY]);
    expect(numbers(nn.logSigmoid(ends)).map((x) => x + 0)).toEqual([Number.NEGATIVE_INFINITY, 0]);
    expect(numbers(nn.sigmoid(ends))).toEqual([0, 1]);
    expect(numbers(nn.relu(ends))).toEqual([0, Number.POSITIVE_INFINITY]);
    expect(numbers(nn.elu(ends))).toEqual([-1, Number.POSITIVE_INFINITY]);
  });
  it("log1mexp on both sides of log 2, and its slopes", () => {
    const xs = [1e-6, 0.01, 0.5, Math.LN2, 0.75, 2, 20, 80],
      want = xs.map((x) => (x < 0.1 ? Math.log(-Math.expm1(-x)) : log1p(-exp(-x))));
    expectNear(numbers(nn.log1mexp(f64(...xs))), want, 1e-12);
    expectNear(
      slopes(nn.log1mexp, f64(...xs)),
      xs.map((x) => 1 / Math.expm1(x)),
      1e-10,
    );
  });
  it("glu, and integers", () => {
    expectNear(
      numbers(
        nn.glu(
          [
            [1, 2],
            [3, 4],
          ],
          0,
        ),
      ),
      [sigmoid(3), 2 * sigmoid(4)],
      1e-6,
    );
    expect(() => nn.glu([1, 2, 3])).toThrow(/glu: expected an even number of elements along axis -1, got f32\[3\]/);
    expect(nn.relu(Int32Array.of(-2, 3)).dtype).toBe("int32");
    expect(nn.sigmoid(Int32Array.of(0)).dtype).toBe("float32");
  });
  it("a parameter may be an array", () => {
    expect(
      nn
        .leakyRelu(
          [
            [-1, 1],
            [-2, 2],
          ],
          [0.5, 1],
        )
        .js(),
    ).toEqual([
      [-0.5, 1],
      [-1, 2],
    ]);
    expect(slopes((a) => nn.elu(f32(-1e4, 1), a), f32(2, 2))).toEqual([-1, 0]);
  });
});

// Softmax and its relatives of one row, in double precision.
const kept = (x: readonly number[], mask?: readonly boolean[]): readonly number[] =>
  x.filter((_, i) => mask?.[i] ?? true);
describe("nn: rows", () => {
  const row = fc.array(
    fc.integer({ min: -64, max: 64 }).map((k) => k / 4),
    { minLength: 1, maxLength: 5 },
  );
  it("softmax, logSoftmax, logsumexp, logmeanexp, standardize, with masks", () => {
    fc.assert(
      fc.property(row, fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }), (x, all) => {
        const where = all.slice(0, x.length),
          sumAll = logSum(x),
          some = kept(x, where),
          sumSome = logSum(some);
        expectNear(
          numbers(nn.softmax(x)),
          x.map((v) => exp(v - sumAll)),
          2e-6,
        );
        expectNear(
          numbers(nn.logSoftmax(x)),
          x.map((v) => v - sumAll),
          2e-6,
        );
        expectNear(numbers(nn.logsumexp(x)), [sumAll], 2e-6);
        expectNear(
          numbers(nn.softmax(x, -1, { where })),
          x.map((v, i) => (where[i] === true ? exp(v - sumSome) : 0)),
          2e-6,
        );
        expectNear(
          numbers(nn.logSoftmax(x, -1, { where })),
          x.map((v, i) => (where[i] === true ? v - sumSome : Number.NEGATIVE_INFINITY)),
          2e-6,
        );
        expectNear(numbers(nn.logsumexp(x, null, { where })), [sumSome], 2e-6);
        if (some.length > 0)
          expectNear(numbers(nn.logmeanexp(x, null, { where })), [sumSome - Math.log(some.length)], 4e-6);
        const mean = x.reduce((a, b) => a + b) / x.length,
          variance = x.reduce((s, v) => s + v * v, 0) / x.length - mean ** 2;
        expectNear(
          numbers(nn.standardize(f64(...x))),
          x.map((v) => (v - mean) / sqrt(variance + 1e-5)),
          1e-7,
        );
      }),
      { numRuns: 60 },
    );
  });
  it("any axes", () => {
    const x = np.array([
      [
        [0, 1],
        [2, 3],
      ],
      [
        [4, 5],
        [6, 7],
      ],
    ]);
    for (const axis of [0, 1, -1, [0, 2], null]) {
      const sums = numbers(np.sum(nn.softmax(x, axis), axis));
      expectNear(
        sums,
        sums.map(() => 1),
        1e-6,
      );
      expectNear(
        numbers(np.sum(np.exp(nn.logSoftmax(x, axis)), axis)),
        sums.map(() => 1),
        1e-6,
      );
    }
    expect(nn.logsumexp(x, [0, 2], { keepdims: true }).shape).toEqual([1, 2, 1]);
    expect(nn.logmeanexp(x, 1, { keepdims: true }).shape).toEqual([2, 1, 2]);
  });
  it("weights and signs of logsumexp", () => {
    const [log, sign] = nn.logsumexp([1, 2, 500], null, { b: [2, -3, 0], returnSign: true });
    const s = 2 * exp(1) - 3 * exp(2);
    expectNear([...numbers(log), ...numbers(sign)], [Math.log(-s), -1], 1e-6);
    expect(numbers(nn.logsumexp([1e4, 0], null, { b: [0, 1] }))).toEqual([0]);
  });
  const cases: Readonly<Record<string, (x: NDArray) => NDArray>> = {
    softmax: (x) => nn.softmax(x),
    logSoftmax: (x) => nn.logSoftmax(x),
    logsumexp: (x) => nn.logsumexp(x, -1),
    standardize: (x) => nn.standardize(x),
    "softmax, all masked": (x) => nn.softmax(x, -1, { where: false }),
    "logSoftmax, masked": (x) => nn.logSoftmax(x, -1, { where: [true, false, true] }),
    "logsumexp, all masked": (x) => nn.logsumexp(x, -1, { where: false }),
  };
  it.each(Object.keys(cases))("finite slopes at extremes: %s", (name) => {
    const f = cases[name] as (x: NDArray) => NDArray;
    // Weighted, since the sum of a softmax is flat.
    const g = (x: NDArray): NDArray => {
      const y = f(x);
      return y.shape.length === 0 ? y : mul(y, np.array([1, 2, 4]));
    };
    const infinity = Number.NEGATIVE_INFINITY;
    const points = [
      [1e4, -1e4, 0],
      [2, 2, 2],
      [-1e4, -1e4, -1e4],
      ...(name.startsWith("logsumexp") ? [[infinity, infinity, infinity]] : []),
      ...(name.startsWith("log") || name.startsWith("softmax") ? [[infinity, 1, infinity]] : []),
    ];
    for (const x of points) expect([x, slopes(g, f32(...x)).every(Number.isFinite)]).toEqual([x, true]);
  });
  it("rows of -inf: softmax is NaN, logsumexp -inf with slope 0; a masked row gives 0", () => {
    const x = f32(Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY);
    expect(numbers(nn.softmax(x))).toEqual([Number.NaN, Number.NaN]);
    expect(numbers(nn.logsumexp(x))).toEqual([Number.NEGATIVE_INFINITY]);
    expect(slopes((v) => nn.logsumexp(v), x)).toEqual([0, 0]);
    expect(numbers(nn.softmax(x, -1, { where: false }))).toEqual([0, 0]);
    expect(numbers(nn.logsumexp(f32()))).toEqual([Number.NEGATIVE_INFINITY]);
  });
  it("eager, jit and vmap agree", () => {
    const x = random.normal(random.key(0), [3, 5]);
    for (const f of [nn.softmax, nn.logSoftmax, nn.standardize, nn.relu, (v: NDArray) => nn.gelu(v)]) {
      const want = numbers(f(x));
      expectNear(numbers(jit((v: NDArray) => f(v))(x)), want, 1e-6);
      expectNear(numbers(vmap((v: NDArray) => f(v))(x)), want, 1e-6);
    }
  });
  it("oneHot", () => {
    expect(nn.oneHot([1, 3, -1], 3).js()).toEqual([
      [0, 1, 0],
      [0, 0, 0],
      [0, 0, 0],
    ]);
    expect(nn.oneHot([[0], [1]], 2, { axis: 0, dtype: "int32" }).js()).toEqual([
      [[1], [0]],
      [[0], [1]],
    ]);
    expect(() => nn.oneHot(f32(1), 2)).toThrow(/oneHot: expected numbers of classes, integers, got f32\[1\]/);
  });
});
