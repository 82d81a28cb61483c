// The parts of optimizers: schedules and losses against plain JavaScript, wrappers against what they promise.
import { describe, expect, it } from "vitest";
import { grad, jit, type NDArray, np, random, tree, vmap } from "../src/index.ts";
import { checkGrads } from "../src/laws/index.ts";
import * as optim from "../src/optim/index.ts";

const numbers = (x: unknown): number[] => tree.leaves(x).flatMap((leaf) => Array.from(np.asarray(leaf).dataSync()));
const close = (got: unknown, want: readonly number[], to = 1e-6): void => {
  const xs = numbers(got);
  expect(xs.length).toBe(want.length);
  xs.forEach((x, i) => {
    expect(Math.abs(x - (want[i] as number)), `${x} is not ${want[i]}`).toBeLessThanOrEqual(
      to * (1 + Math.abs(want[i] as number)),
    );
  });
};
const sum = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0);

describe("schedules", () => {
  const cosine = (t: number, n: number, alpha = 0, power = 1): number =>
    (1 - alpha) * (0.5 * (1 + Math.cos((Math.PI * Math.min(t, n)) / n))) ** power + alpha;
  const line = (t: number, from: number, to: number, n: number): number =>
    from + ((to - from) * Math.min(Math.max(t, 0), n)) / n;
  const warm = (t: number): number => (t < 4 ? line(t, 0.1, 1, 4) : cosine(t - 4, 8, 0.2));
  const table: Readonly<Record<string, readonly [optim.Schedule, (t: number) => number]>> = {
    constant: [optim.constantSchedule(0.5), () => 0.5],
    linear: [optim.linearSchedule(1, 0.25, 6), (t) => line(t, 1, 0.25, 6)],
    "linear, late": [optim.linearSchedule(1, 0.25, 6, { transitionBegin: 3 }), (t) => line(t - 3, 1, 0.25, 6)],
    "linear, no steps": [optim.linearSchedule(1, 0.25, 0), () => 1],
    polynomial: [optim.polynomialSchedule(2, 1, 3, 5), (t) => 1 + (1 - Math.min(t, 5) / 5) ** 3],
    exponential: [optim.exponentialDecay(2, 4, 0.5), (t) => 2 * 0.5 ** (t / 4)],
    staircase: [
      optim.exponentialDecay(2, 4, 0.5, { staircase: true, transitionBegin: 1 }),
      (t) => (t <= 1 ? 2 : 2 * 0.5 ** Math.floor((t - 1) / 4)),
    ],
    "exponential with an end": [
      optim.exponentialDecay(2, 4, 0.5, { endValue: 0.5 }),
      (t) => Math.max(0.5, 2 * 0.5 ** (t / 4)),
    ],
    "growth with an end": [optim.exponentialDecay(2, 4, 2, { endValue: 5 }), (t) => Math.min(5, 2 * 2 ** (t / 4))],
    cosine: [optim.cosineDecaySchedule(3, 7, { alpha: 0.1, exponent: 2 }), (t) => 3 * cosine(t, 7, 0.1, 2)],
    "warm-up and cosine": [optim.warmupCosineDecaySchedule(0.1, 1, 4, 12, { endValue: 0.2 }), warm],
    "warm-up and constant": [optim.warmupConstantSchedule(0, 1, 4), (t) => line(t, 0, 1, 4)],
    "warm-up and exponential": [
      optim.warmupExponentialDecaySchedule(0, 1, 4, 2, 0.5),
      (t) => (t < 4 ? t / 4 : 0.5 ** ((t - 4) / 2)),
    ],
    joined: [
      optim.joinSchedules(
        [optim.constantSchedule(1), optim.linearSchedule(0, 8, 8), optim.constantSchedule(9)],
        [3, 7],
      ),
      (t) => (t < 3 ? 1 : t < 7 ? t - 3 : 9),
    ],
    sgdr: [
      optim.sgdrSchedule([
        { initValue: 0.1, peakValue: 1, warmupSteps: 4, decaySteps: 12, endValue: 0.2 },
        { initValue: 0.1, peakValue: 1, warmupSteps: 4, decaySteps: 12, endValue: 0.2 },
      ]),
      (t) => (t < 12 ? warm(t) : warm(t - 12)),
    ],
    "piecewise constant": [
      optim.piecewiseConstantSchedule(2, { 8: 0.1, 3: 0.5 }),
      (t) => (t < 3 ? 2 : t < 8 ? 1 : 0.1),
    ],
    "piecewise linear": [
      optim.piecewiseInterpolateSchedule("linear", 1, { 4: 0.1, 8: 0.01 }),
      (t) => (t < 4 ? line(t, 1, 0.1, 4) : line(t - 4, 0.1, 0.001, 4)),
    ],
    "one cycle, linear": [
      optim.linearOnecycleSchedule(20, 1),
      (t) => (t < 6 ? line(t, 0.04, 1, 6) : t < 17 ? line(t - 6, 1, 0.04, 11) : line(t - 17, 0.04, 4e-6, 3)),
    ],
    "one cycle, cosine": [
      optim.cosineOnecycleSchedule(20, 1),
      (t) => (t < 6 ? 1 - (1 - 0.04) * cosine(t, 6) : 4e-6 + (1 - 4e-6) * cosine(t - 6, 14)),
    ],
  };
  const steps = Array.from({ length: 26 }, (_, t) => t);
  it.each(Object.entries(table))("%s", (_, [schedule, want]) => {
    const counts = np.arange(26, undefined, undefined, { dtype: "int32" }) as NDArray;
    const all = (vmap as unknown as (f: optim.Schedule) => optim.Schedule)(schedule);
    close((jit as unknown as (f: optim.Schedule) => optim.Schedule)(all)(counts), steps.map(want), 2e-6);
    for (const t of [0, 5, 25]) close(schedule(t), [want(t)], 2e-6);
  });
  it("bad steps and boundaries are errors", () => {
    expect(() => optim.cosineDecaySchedule(1, 0)).toThrow(/decaySteps to be positive, got 0/);
    expect(() => optim.joinSchedules([optim.constantSchedule(1)], [3])).toThrow(/1 schedules and 1 boundaries/);
    expect(() => optim.piecewiseConstantSchedule(1, { 3: -1 })).toThrow(/not negative, got -1/);
  });
});

describe("losses", () => {
  const x = [
    [0.5, -1.25, 2],
    [-0.5, 3, 0.25],
  ];
  const y = [
    [0.25, 0.5, 0.25],
    [0, 1, 0],
  ];
  const softmax = (row: readonly number[]): number[] => row.map((v) => Math.exp(v) / sum(row.map(Math.exp)));
  type Row = readonly number[];
  const rows = (f: (a: Row, b: Row) => number): number[] => x.map((a, i) => f(a, y[i] as Row));
  const each = (f: (a: number, b: number) => number): number[] =>
    x.flatMap((a, i) => a.map((v, j) => f(v, y[i]?.[j] as number)));
  const cross = (a: Row, b: Row): number => -sum(softmax(a).map((p, i) => (b[i] as number) * Math.log(p)));
  const log1pexp = (v: number): number => Math.log1p(Math.exp(v));
  const binary = (a: number, b: number): number => b * log1pexp(-a) + (1 - b) * log1pexp(a);
  const kl = (a: Row, b: Row): number => sum(b.map((t, i) => (t === 0 ? 0 : t * Math.log(t)) - t * (a[i] as number)));
  const cos = (a: Row, b: Row): number =>
    sum(a.map((v, i) => v * (b[i] as number))) / Math.sqrt(sum(a.map((v) => v * v)) * sum(b.map((v) => v * v)));
  type Loss = (a: NDArray, b: NDArray) => NDArray;
  const table: Readonly<Record<string, readonly [Loss, number[]]>> = {
    softmaxCrossEntropy: [optim.softmaxCrossEntropy, rows(cross)],
    safeSoftmaxCrossEntropy: [optim.safeSoftmaxCrossEntropy, rows(cross)],
    polyLossCrossEntropy: [
      optim.polyLossCrossEntropy,
      rows((a, b) => cross(a, b) + 2 * (1 - sum(softmax(a).map((p, i) => p * (b[i] as number))))),
    ],
    sigmoidBinaryCrossEntropy: [optim.sigmoidBinaryCrossEntropy, each(binary)],
    sigmoidFocalLoss: [
      (a, b) => optim.sigmoidFocalLoss(a, b, { alpha: 0.25, gamma: 2 }),
      each((a, b) => {
        const p = 1 / (1 + Math.exp(-a));
        return binary(a, b) * (1 - (p * b + (1 - p) * (1 - b))) ** 2 * (0.25 * b + 0.75 * (1 - b));
      }),
    ],
    hingeLoss: [optim.hingeLoss, each((a, b) => Math.max(0, 1 - a * b))],
    klDivergence: [optim.klDivergence, rows(kl)],
    convexKlDivergence: [
      optim.convexKlDivergence,
      rows((a, b) => kl(a, b) + sum(a.map((v, i) => Math.exp(v) - (b[i] as number)))),
    ],
    squaredError: [optim.squaredError, each((a, b) => (a - b) ** 2)],
    l2Loss: [optim.l2Loss, each((a, b) => (a - b) ** 2 / 2)],
    huberLoss: [
      (a, b) => optim.huberLoss(a, b, { delta: 0.75 }),
      each((a, b) => (Math.abs(a - b) <= 0.75 ? (a - b) ** 2 / 2 : 0.75 * (Math.abs(a - b) - 0.375))),
    ],
    logCosh: [optim.logCosh, each((a, b) => Math.log(Math.cosh(a - b)))],
    cosineSimilarity: [optim.cosineSimilarity, rows(cos)],
    cosineDistance: [optim.cosineDistance, rows((a, b) => 1 - cos(a, b))],
    tripletMarginLoss: [
      (a, b) => optim.tripletMarginLoss(a, b, np.add(b, 1)),
      rows((a, b) => {
        const d = (shift: number): number =>
          Math.sqrt(sum(a.map((v, i) => (v - (b[i] as number) - shift) ** 2)) + 1e-6);
        return Math.max(0, d(0) - d(1) + 1);
      }),
    ],
  };
  it.each(Object.entries(table))("%s", (_, [f, want]) => {
    close(f(np.array(x), np.array(y)), want, 2e-6);
    checkGrads((a: NDArray) => f(a, np.array(y, { dtype: "float64" })), [np.array(x)], { order: 1 });
  });
  it("integer labels choose what one-hot labels do, along any axis", () => {
    const labels = np.array([2, 0], { dtype: "int32" });
    const want = [cross(x[0] as Row, [0, 0, 1]), cross(x[1] as Row, [1, 0, 0])];
    close(optim.softmaxCrossEntropyWithIntegerLabels(np.array(x), labels), want);
    close(optim.softmaxCrossEntropyWithIntegerLabels(np.array(x).T, labels, { axis: 0 }), want);
  });
  it("are finite, with finite slopes, at huge scores, zero vectors and infinities that do not count", () => {
    for (const [name, [f]] of Object.entries(table))
      for (const size of [1e4, -1e4, 0]) {
        if (name === "convexKlDivergence" && size > 0) continue; // exp(1e4) is infinite, and so it should be
        const a = np.full([2, 3], size);
        const slope = grad((v: NDArray) => np.sum(f(v, np.array(y))))(a);
        expect([...numbers(f(a, np.array(y))), ...numbers(slope)].every(Number.isFinite), `${name} at ${size}`).toBe(
          true,
        );
      }
    const masked = np.array([1, Number.NEGATIVE_INFINITY]);
    expect(optim.safeSoftmaxCrossEntropy(masked, [1, 0]).item()).toBe(0);
  });
  it("smooth labels sum to 1", () => close(optim.smoothLabels([[1, 0, 0, 0]], 0.2), [0.85, 0.05, 0.05, 0.05]));
});

describe("wrappers", () => {
  const p = { b: np.array([1, -2]), w: np.array([[0.5, 4]]) };
  const gradients = (k: number) => ({ b: np.array([k, 1]), w: np.array([[-1, k / 2]]) });
  type Params = typeof p;
  /** Parameters after steps with these gradients. */
  const walk = (t: optim.GradientTransformation, grads: readonly Params[]): Params => {
    let [q, s]: readonly [Params, unknown] = [p, t.init(p)];
    for (const g of grads) {
      const [u, next] = t.update(g, s, q);
      [q, s] = [optim.applyUpdates(q, u), next];
    }
    return q;
  };
  const history = [1, 2, 3, 4].map(gradients);
  const same = (a: optim.GradientTransformation, b: optim.GradientTransformation): void =>
    close(walk(a, history), numbers(walk(b, history)));
  const { monoid } = optim;

  it("chain is a monoid", () => {
    const [a, b, c] = [optim.trace(0.5), optim.clipByGlobalNorm(1), optim.sgd(0.1)] as const;
    same(monoid.concat(monoid.concat(a, b), c), monoid.concat(a, monoid.concat(b, c)));
    same(monoid.concat(monoid.empty, c), c);
    same(monoid.concat(c, monoid.empty), c);
    same(monoid.concat(a, c), optim.sgd(0.1, { momentum: 0.5 }));
  });
  it("clipByGlobalNorm shrinks to the norm, and leaves small ones as they are", () => {
    const [big] = optim.clipByGlobalNorm(2).update({ a: np.array([6]), b: np.array([8]) }, {});
    close(big, [1.2, 1.6]);
    const [small] = optim.clipByGlobalNorm(2).update({ a: np.array([0.6]), b: np.array([0.8]) }, {});
    close(small, [0.6, 0.8]);
    const [zero] = optim.clipByGlobalNorm(2).update({ a: np.array([0]) }, {});
    close(zero, [0]);
    expect(optim.globalNorm({}).item()).toBe(0);
  });
  it("masked leaves the others alone, also where the mask is cut short or a function", () => {
    for (const mask of [{ b: false, w: true }, (q: unknown) => tree.map((x: NDArray) => x.ndim > 1, q) as never]) {
      const [u] = optim.masked(optim.scale(10), mask).update(gradients(2), {});
      close(u, [2, 1, -10, 10]);
    }
    const [u] = optim
      .masked(optim.scale(10), { q: true, r: false })
      .update({ q: [np.ones([1]), np.ones([1])], r: [np.ones([1])] }, {});
    close(u, [10, 10, 1]);
    expect(() => optim.masked(optim.scale(1), { x: true }).update(p, {})).toThrow(
      /masked: .* labels for x, parameters b, w/,
    );
  });
  it("multiTransform gives each label its own, with its own state", () => {
    const t = optim.multiTransform(
      { fast: optim.sgd(0.5, { momentum: 0.5 }), still: optim.scale(0) },
      { b: "fast", w: "still" },
    );
    const q = walk(t, history);
    close(q.w, numbers(p.w));
    close(q.b, numbers(walk(optim.sgd(0.5, { momentum: 0.5 }), history).b));
    expect(() => optim.multiTransform({ a: optim.scale(1) }, "b" as never).init(p)).toThrow(/labels among a, got b/);
  });
  it("applyIfFinite skips what is not finite, but not for ever", () => {
    const bad = { ...gradients(1), b: np.array([Number.NaN, 1]) };
    const t = optim.applyIfFinite(optim.sgd(0.1, { momentum: 0.9 }), 2);
    close(
      walk(t, [history[0] as Params, bad, bad, history[1] as Params]),
      numbers(walk(optim.sgd(0.1, { momentum: 0.9 }), history.slice(0, 2))),
    );
    expect(numbers(walk(t, [bad, bad, bad]).b)[0]).toBeNaN();
  });
  it("multiSteps takes one step for the mean of k gradients", () => {
    const mean = tree.map(
      (a: NDArray, b: NDArray) => np.divide(np.add(a, b), 2),
      history[0] as Params,
      history[1] as Params,
    );
    const t = optim.multiSteps(optim.adam(0.1), 2);
    close(walk(t, history.slice(0, 2)), numbers(walk(optim.adam(0.1), [mean])));
    close(walk(t, history.slice(0, 1)), numbers(p));
    const [, state] = t.update(gradients(1), t.init(p), p);
    expect([state.miniStep.item(), state.gradientStep.item()]).toEqual([1, 0]);
  });
  it("lookahead meets half way every k steps", () => {
    const t = optim.lookahead(optim.sgd(1), 2, 0.5);
    let [q, s] = [optim.lookaheadParams(np.array([0])), t.init(optim.lookaheadParams(np.array([0])))];
    for (const g of [-2, -4]) {
      const [u, next] = t.update({ fast: np.array([g]), slow: np.array([0]) }, s, q);
      [q, s] = [optim.applyUpdates(q, u), next];
    }
    close(q, [3, 3]);
    expect(() => t.init(np.array([0]))).toThrow(/a pair \{ fast, slow \}/);
  });
  it("injectHyperparams shows settings in the state, and reads them from there", () => {
    const t = optim.injectHyperparams(({ rate, b1 }: { rate: optim.Scalar; b1: optim.Scalar }) =>
      optim.adam(rate, { b1 }),
    )({
      rate: optim.linearSchedule(1, 0, 4),
      b1: 0.5,
    });
    same(t, optim.adam(optim.linearSchedule(1, 0, 4), { b1: 0.5 }));
    const state = optim.injectHyperparams(({ rate }: { rate: optim.Scalar }) => optim.sgd(rate))({ rate: 1 });
    const changed = { ...state.init(p), hyperparams: { rate: np.array(3) } };
    close(state.update(gradients(1), changed)[0].b, [-3, -3]);
  });
  it("noise has the variance it says, and differs from step to step", () => {
    const t = optim.addNoise(4, 0, 7);
    const zero = np.zeros([4000]);
    const [first, state] = t.update(zero, t.init(zero));
    const [second] = t.update(zero, state);
    for (const noise of [first, second]) {
      expect(Math.abs(np.mean(noise).item() as number)).toBeLessThan(0.15);
      expect(Math.abs((np.std(noise).item() as number) - 2)).toBeLessThan(0.1);
    }
    expect(numbers(first)).not.toEqual(numbers(second));
  });
  it("missing parameters are an error with a remedy", () => {
    expect(() => optim.adamw(1).update(p, optim.adamw(1).init(p))).toThrow(
      /addDecayedWeights: .*call update\(grads, state, params\)/s,
    );
  });
  it("leaves are matched by key, not by order", () => {
    const turned = { w: gradients(3).w, b: gradients(3).b };
    const t = optim.adam(0.1);
    close(t.update(turned, t.init(p))[0], numbers(t.update(gradients(3), t.init(p))[0]));
  });
  it("random keys in states go through jit", () => {
    const t = optim.noisySgd(0.1);
    const step = jit((s: ReturnType<typeof t.init>, g: NDArray) => t.update(g, s));
    const [a, s] = step(t.init(null), np.zeros([3]));
    const [b] = step(s as never, np.zeros([3]));
    expect(numbers(a)).not.toEqual(numbers(b));
    expect(random.key(0).data.shape).toEqual([2]);
  });
});
