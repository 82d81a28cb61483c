// The shape of distributions: Kolmogorov and Smirnov's distance to the distribution function, frequencies of integers,
// independence of keys. Seeds are fixed, so a law holds always or never.
import { describe, expect, it } from "vitest";
import { type Key, type NDArray, nn, random } from "../src/index.ts";

const numbers = (x: NDArray): readonly number[] => Array.from(x.dataSync());
type Cdf = (x: number) => number;

// Phi by Simpson's rule: the integrand is smooth, and 6 digits are plenty.
const density = (x: number): number => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
const phi: Cdf = (x) => {
  if (Math.abs(x) > 8) return x < 0 ? 0 : 1;
  const steps = 64,
    h = x / steps;
  let s = density(0) + density(x);
  for (let i = 1; i < steps; i++) s += density(i * h) * (i % 2 === 1 ? 4 : 2);
  return 0.5 + (s * h) / 3;
};
const within =
  (a: number, b: number): Cdf =>
  (x) =>
    (phi(x) - phi(a)) / (phi(b) - phi(a));

interface Distribution {
  readonly draw: (key: Key, shape: readonly [number]) => NDArray;
  readonly cdf: Cdf;
}
const distributions: Readonly<Record<string, Distribution>> = {
  uniform: { draw: (k, s) => random.uniform(k, s), cdf: (x) => x },
  "uniform on [-2, 3)": { draw: (k, s) => random.uniform(k, s, { minval: -2, maxval: 3 }), cdf: (x) => (x + 2) / 5 },
  "uniform, float64": { draw: (k, s) => random.uniform(k, s, { dtype: "float64" }), cdf: (x) => x },
  normal: { draw: (k, s) => random.normal(k, s), cdf: phi },
  "normal, float64": { draw: (k, s) => random.normal(k, s, { dtype: "float64" }), cdf: phi },
  truncatedNormal: { draw: (k, s) => random.truncatedNormal(k, -0.5, 2, s), cdf: within(-0.5, 2) },
  lognormal: { draw: (k, s) => random.lognormal(k, 0.5, s), cdf: (x) => phi(Math.log(x) / 0.5) },
  maxwell: {
    draw: (k, s) => random.maxwell(k, s),
    cdf: (x) => 2 * phi(x) - 1 - Math.sqrt(2 / Math.PI) * x * Math.exp((-x * x) / 2),
  },
  doubleSidedMaxwell: {
    draw: (k, s) => random.doubleSidedMaxwell(k, 1, 2, s),
    cdf: (y) => {
      const x = (y - 1) / 2,
        a = Math.abs(x),
        half = (2 * phi(a) - 1 - Math.sqrt(2 / Math.PI) * a * Math.exp((-a * a) / 2)) / 2;
      return x < 0 ? 0.5 - half : 0.5 + half;
    },
  },
  wald: {
    draw: (k, s) => random.wald(k, 1.5, s),
    cdf: (x) => phi(Math.sqrt(1 / x) * (x / 1.5 - 1)) + Math.exp(2 / 1.5) * phi(-Math.sqrt(1 / x) * (x / 1.5 + 1)),
  },
  exponential: { draw: (k, s) => random.exponential(k, s), cdf: (x) => 1 - Math.exp(-x) },
  laplace: {
    draw: (k, s) => random.laplace(k, s),
    cdf: (x) => (x < 0 ? Math.exp(x) / 2 : 1 - Math.exp(-x) / 2),
  },
  logistic: { draw: (k, s) => random.logistic(k, s), cdf: (x) => 1 / (1 + Math.exp(-x)) },
  cauchy: { draw: (k, s) => random.cauchy(k, s), cdf: (x) => 0.5 + Math.atan(x) / Math.PI },
  gumbel: { draw: (k, s) => random.gumbel(k, s), cdf: (x) => Math.exp(-Math.exp(-x)) },
  "gumbel, high": { draw: (k, s) => random.gumbel(k, s, { mode: "high" }), cdf: (x) => Math.exp(-Math.exp(-x)) },
  pareto: { draw: (k, s) => random.pareto(k, 3, s), cdf: (x) => 1 - x ** -3 },
  rayleigh: { draw: (k, s) => random.rayleigh(k, 2, s), cdf: (x) => 1 - Math.exp((-x * x) / 8) },
  weibullMin: { draw: (k, s) => random.weibullMin(k, 2, 1.5, s), cdf: (x) => 1 - Math.exp(-((x / 2) ** 1.5)) },
  triangular: {
    draw: (k, s) => random.triangular(k, -1, 0, 3, s),
    cdf: (x) => (x < 0 ? (x + 1) ** 2 / 4 : 1 - (3 - x) ** 2 / 12),
  },
};
/** The greatest distance of the empirical distribution function to `cdf`, times sqrt(n): above 1.95 once in a thousand. */
const distance = (sample: readonly number[], cdf: Cdf): number => {
  const n = sample.length;
  return (
    Math.sqrt(n) *
    [...sample]
      .sort((a, b) => a - b)
      .reduce((d, x, i) => Math.max(d, Math.abs(cdf(x) - i / n), Math.abs(cdf(x) - (i + 1) / n)), 0)
  );
};
/** Pearson's sum of squares of counts against expectations; a little above its mean for as many classes is fine. */
const chiSquare = (counts: readonly number[], expected: readonly number[]): number =>
  counts.reduce((s, c, i) => s + (c - (expected[i] as number)) ** 2 / (expected[i] as number), 0);
const histogram = (sample: readonly number[], classes: number): readonly number[] => {
  const counts = new Array<number>(classes).fill(0);
  for (const x of sample) counts[x] = (counts[x] as number) + 1;
  return counts;
};

describe("random: distributions", () => {
  const n = 4099;
  it.each(Object.keys(distributions))("%s", (name) => {
    const { draw, cdf } = distributions[name] as Distribution,
      sample = numbers(draw(random.key(2024), [n]));
    expect(sample.length).toBe(n);
    expect(sample.every(Number.isFinite)).toBe(true);
    expect(distance(sample, cdf)).toBeLessThan(1.95);
  });
  it("the distance has teeth", () => {
    const sample = numbers(random.normal(random.key(1), [n]));
    expect(distance(sample, (x) => phi(x / 1.15))).toBeGreaterThan(1.95);
    expect(distance(sample, (x) => phi(x - 0.1))).toBeGreaterThan(1.95);
  });
  it("moments of a million normals", () => {
    const sample = random.normal(random.key(8), [1_000_000]).dataSync() as Float32Array;
    const moment = (k: number): number => sample.reduce((s, x) => s + x ** k, 0) / sample.length;
    expect(Math.abs(moment(1))).toBeLessThan(0.004);
    expect(Math.abs(moment(2) - 1)).toBeLessThan(0.006);
    expect(Math.abs(moment(3))).toBeLessThan(0.016);
    expect(Math.abs(moment(4) - 3)).toBeLessThan(0.04);
  });
  it("integers, categories, waiting times", () => {
    const even = new Array<number>(7).fill(1000);
    expect(chiSquare(histogram(numbers(random.randint(random.key(3), [7000], 0, 7)), 7), even)).toBeLessThan(22);
    const p = [0.1, 0.2, 0.3, 0.4],
      expected = p.map((q) => 5000 * q),
      logits = p.map(Math.log);
    const drawn = numbers(random.categorical(random.key(3), logits, -1, [5000]));
    expect(chiSquare(histogram(drawn, 4), expected)).toBeLessThan(16);
    expect(chiSquare(histogram(numbers(random.choice(random.key(4), 4, [5000], { p })), 4), expected)).toBeLessThan(16);
    const waits = numbers(random.geometric(random.key(5), 0.5, [5000])).map((k) => Math.min(k, 6) - 1);
    const halves = [1, 2, 3, 4, 5, 5].map((k) => 5000 * 2 ** -k);
    expect(chiSquare(histogram(waits, 6), halves)).toBeLessThan(20);
    const heads = numbers(random.bernoulli(random.key(6), 0.3, [5000])).reduce((a, b) => a + b);
    expect(Math.abs(heads - 1500)).toBeLessThan(110);
    const walk = numbers(random.rademacher(random.key(7), [5000]));
    expect(new Set(walk)).toEqual(new Set([-1, 1]));
    expect(Math.abs(walk.reduce((a, b) => a + b))).toBeLessThan(240);
  });
  it("permutations of three are equally frequent", () => {
    const counts = new Map<string, number>();
    for (const key of random.split(random.key(12), 1200)) {
      const order = String(numbers(random.permutation(key, 3)));
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    expect(chiSquare([...counts.values()], new Array<number>(6).fill(200))).toBeLessThan(20);
  });
  it("keys split from one are independent, and of all numbers folded in", () => {
    const correlation = (x: readonly number[], y: readonly number[]): number =>
      x.reduce((s, v, i) => s + v * (y[i] as number), 0) / Math.sqrt(x.length);
    const [a, b] = random.split(random.key(5)),
      parent = random.key(5);
    const samples = [parent, a, b, random.foldIn(parent, 2), random.foldIn(parent, -1)].map((k) =>
      numbers(random.normal(k, [n])),
    );
    samples.forEach((x, i) => {
      for (const y of samples.slice(i + 1)) expect(Math.abs(correlation(x, y))).toBeLessThan(3.5);
    });
    const keys = [...random.split(random.key(1), 500), ...random.split(random.key(2), 500)];
    expect(new Set(keys.map(String)).size).toBe(1000);
  });
});

describe("nn.initializers: mean 0 and the variance of their family", () => {
  const { initializers: init } = nn;
  const shape = [64, 48] as const;
  const families = {
    glorotUniform: [init.glorotUniform(), 1 / 56],
    glorotNormal: [init.glorotNormal(), 1 / 56],
    lecunUniform: [init.lecunUniform(), 1 / 64],
    lecunNormal: [init.lecunNormal(), 1 / 64],
    heUniform: [init.heUniform(), 2 / 64],
    heNormal: [init.heNormal(), 2 / 64],
    fanOut: [init.varianceScaling(3, "fanOut", "normal"), 3 / 48],
    "axes exchanged": [init.heNormal({ inAxis: 1, outAxis: 0 }), 2 / 48],
    normal: [init.normal(0.3), 0.09],
    truncatedNormal: [init.truncatedNormal(1), 0.8796256610342398 ** 2],
  } as const;
  it.each(Object.keys(families) as (keyof typeof families)[])("%s", (name) => {
    const [draw, variance] = families[name],
      x = numbers(draw(random.key(9), shape)),
      count = x.length;
    const mean = x.reduce((a, b) => a + b) / count,
      spread = x.reduce((s, v) => s + v * v, 0) / count;
    expect(Math.abs(mean)).toBeLessThan(4 * Math.sqrt(variance / count));
    expect(Math.abs(spread / variance - 1)).toBeLessThan(4 * Math.sqrt(2 / count));
  });
  it("constants, fields of convolutions, errors", () => {
    expect(init.zeros(random.key(0), [2, 2]).js()).toEqual([
      [0, 0],
      [0, 0],
    ]);
    expect(init.constant([1, 2])(random.key(0), [2, 2], { dtype: "int32" }).dtype).toBe("int32");
    const kernel = numbers(init.heUniform()(random.key(1), [3, 3, 8, 16]));
    expect(Math.max(...kernel)).toBeLessThanOrEqual(Math.sqrt((3 * 2) / 72));
    expect(Math.max(...kernel)).toBeGreaterThan(0.95 * Math.sqrt((3 * 2) / 72));
    expect(() => init.heNormal()(random.key(0), [3])).toThrow(/at least 2 axes/);
    expect(() => init.varianceScaling(1, "fan" as "fanIn", "normal")).toThrow(/fanIn, fanOut, fanAvg/);
  });
});
