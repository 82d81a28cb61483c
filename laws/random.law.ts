// Random numbers: the values that Random123 and JAX give, the same bits however they are run, and keys that are used once.
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import {
  ArgumentError,
  configure,
  DTypeError,
  grad,
  jit,
  type Key,
  type NDArray,
  np,
  random,
  ShapeError,
} from "../src/index.ts";
import { stableOrder } from "../src/numpy/random/permutation.ts";
import { sum } from "../src/primitives/linear.ts";
import { threefry2x32 } from "../src/primitives/threefry.ts";
import { vmap } from "../src/transforms/batching.ts";

const numbers = (x: NDArray): readonly number[] => Array.from(x.dataSync());
const words = (k: Key): readonly number[] => numbers(random.keyData(k));
const one = (x: number): NDArray => random.wrapKeyData(Uint32Array.of(x, x)).data;
const arb = fc.integer({ min: 0, max: 2 ** 32 - 1 });

describe("random: known answers", () => {
  // Random123, tests/kat_vectors: threefry2x32 with 20 rounds.
  const vectors = [
    [0, 0, 0, 0, 0x6b200159, 0x99ba4efe],
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x1cb996fc, 0xbb002be7],
    [0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3, 0xc4923a9c, 0x483df7a0],
  ] as const;
  it.each(vectors)("threefry2x32 of key %i %i and counter %i %i", (k0, k1, x0, x1, y0, y1) => {
    const [a, b] = threefry2x32(one(k0), one(k1), one(x0), one(x1));
    expect([numbers(a)[0], numbers(b)[0]]).toEqual([y0, y1]);
  });
  // docs.jax.dev/en/latest/jax.random.html (key 0: uniform, split) and .../random-numbers.html (key 42), both of the
  // time of partitionable Threefry; integers and permutations as printed by JAX 0.11; more normal numbers from the
  // documentation of optax (ntxent: keys split from 42) and Flax (the glossary of NNX: keys split from 0), and JAX 0.10.
  const printed = (x: NDArray, want: readonly number[]): void => {
    // What is printed with 8 decimals determines the float32 from 1/8 on.
    const shown = (v: number): number => (Math.abs(v) < 1 / 8 ? Number(v.toFixed(8)) : v);
    expect(numbers(x).map(shown)).toEqual(want.map(Math.fround).map(shown));
  };
  // Uniform numbers are multiples of 2^-23, more than the digits that are printed.
  const exact = (x: NDArray, want: readonly number[]): void => {
    expect(numbers(x)).toEqual(want.map((v) => Math.round(v * 2 ** 23) / 2 ** 23));
  };
  it("uniform", () => {
    exact(random.uniform(random.key(0)), [0.947667]);
    exact(random.uniform(random.key(0), [4]), [0.9476670027, 0.9785798788, 0.3322914839, 0.4686684608]);
    exact(random.uniform(random.split(random.key(0))[1]), [0.00729382]);
  });
  it("keys", () => {
    expect(words(random.split(random.key(42)))).toEqual([1832780943, 270669613, 64467757, 2916123636]);
    expect(words(random.split(random.key(0), 3))).toEqual([
      1797259609, 2579123966, 928981903, 3453687069, 4146024105, 2718843009,
    ]);
    expect(words(random.key(-1))).toEqual([0, 0xffffffff]);
    expect(words(random.key(2 ** 40 + 5))).toEqual([256, 5]);
  });
  it("normal, bit for bit", () => {
    const key0 = [
      1.6226422, 2.0252647, -0.43359444, -0.07861735, 0.1760909, -0.97208923, -0.49529874, 0.4943786, 0.6643493,
      -0.9501635, 2.1795304, -1.9551506, 0.35857072, 0.15779513, 1.2770847, 1.5104648, 0.970656, 0.59960806, 0.0247007,
      -1.9164772, -1.8593491, 1.728144, 0.04719035, 0.814128,
    ];
    printed(random.normal(random.key(0), [24]), key0);
    const key1 = [
      -0.15443718, 0.08470728, -0.13598049, -0.15503626, 1.2666674, 0.14829758, 2.1415603, 1.0026742, -0.29033586,
      0.3583448, -0.70792735, -0.24555527, 0.8855825, 0.7861191, 0.88892716, 0.54932535,
    ];
    printed(random.normal(random.key(1), [16]), key1);
    const key42 = [-0.02830462, 0.46713185, 0.29570296, 0.15354592, -0.12403282, 0.21692315];
    printed(random.normal(random.key(42), [6]), key42);
    const three = [
      [0.07592554, -0.48634264, 1.2903206, 0.5196119, 0.30040437, 0.31034866, 0.5761609, -0.8074621],
      [0.60576403, 0.7990441, -0.908927, -0.63525754, -1.2226585, -0.83226097, -0.47417238, -1.2504351],
      [0.4323065, 0.5872638, -1.1416743, -0.37379906, -0.19910173, -1.7271094, -1.8330271, -0.46168378],
    ].flat();
    printed(vmap((k: Key) => random.normal(k, [8]))(random.split(random.key(42), 3)), three);
    const two = [
      [1.0040143, -0.9063372, -0.7481722, -1.1713669, -0.8712328, 0.5888381, 0.72392994, -1.0255982, 1.661628],
      [-2.4424558, -2.0356805, 0.20554423, -0.3535502, -0.76197404, -1.1785518, -1.1482196, 0.29716578, -1.3105359],
    ].flat();
    printed(vmap((k: Key) => random.normal(k, [9]))(random.split(random.key(0))), two);
    let key: Key = random.key(42);
    for (const want of [0.6057640314102173, -0.21089035272598267, -0.3948981463909149]) {
      const [next, now] = random.split(key);
      expect(random.normal(now).item()).toBe(want);
      key = next;
    }
  });
  it("integers, choices, permutations", () => {
    expect(numbers(random.randint(random.key(1), [5], 0, 10))).toEqual([6, 7, 0, 3, 8]);
    expect(numbers(random.choice(random.key(2), [10, 20, 30, 40], [3]))).toEqual([40, 10, 20]);
    expect(numbers(random.permutation(random.key(3), 5))).toEqual([0, 4, 2, 1, 3]);
  });
});

// Threefry and what is made of it in plain JavaScript, with BigInt where numbers would overflow.
const rotate = (x: number, by: number): number => ((x << by) | (x >>> (32 - by))) >>> 0;
const block = (k0: number, k1: number, x0: number, x1: number): readonly [number, number] => {
  const ks = [k0, k1, (k0 ^ k1 ^ 0x1bd11bda) >>> 0],
    turns = [13, 15, 26, 6, 17, 29, 16, 24];
  let a = (x0 + k0) >>> 0,
    b = (x1 + k1) >>> 0;
  for (let r = 0; r < 20; r++) {
    a = (a + b) >>> 0;
    b = (rotate(b, turns[r % 8] as number) ^ a) >>> 0;
    if (r % 4 !== 3) continue;
    const g = (r + 1) / 4;
    a = (a + (ks[g % 3] as number)) >>> 0;
    b = (b + (ks[(g + 1) % 3] as number) + g) >>> 0;
  }
  return [a, b];
};
const bitsOf = ([k0, k1]: readonly number[], n: number): readonly number[] =>
  Array.from({ length: n }, (_, i) => {
    const [a, b] = block(k0 as number, k1 as number, 0, i);
    return (a ^ b) >>> 0;
  });
const splitOf = ([k0, k1]: readonly number[], n: number): readonly (readonly number[])[] =>
  Array.from({ length: n }, (_, i) => block(k0 as number, k1 as number, 0, i));
const integersOf = (key: readonly number[], n: number, lo: number, hi: number): readonly number[] => {
  const [high, low] = splitOf(key, 2).map((k) => bitsOf(k, n)) as [number[], number[]];
  const span = hi > lo ? BigInt(hi - lo) : 1n,
    word = (x: bigint): bigint => x & 0xffffffffn;
  const root = 65536n % span,
    factor = word(root * root) % span;
  return high.map(
    (h, i) => Number(word(word((BigInt(h) % span) * factor) + (BigInt(low[i] as number) % span)) % span) + lo,
  );
};
const permutationOf = (key: readonly number[], n: number): readonly number[] => {
  let k = key,
    order = Array.from({ length: n }, (_, i) => i);
  for (let round = Math.ceil((3 * Math.log(Math.max(1, n))) / Math.log(2 ** 32 - 1)); round > 0; round--) {
    const [next, now] = splitOf(k, 2) as [readonly number[], readonly number[]];
    const keys = bitsOf(now, n);
    order = order
      .map((x, i) => [x, keys[i] as number] as const)
      .sort((a, b) => a[1] - b[1])
      .map(([x]) => x);
    k = next;
  }
  return order;
};

describe("random: as in plain JavaScript", () => {
  const extents = fc.constantFrom(0, 1, 2, 3, 5, 17);
  it("bits, split and foldIn", () => {
    fc.assert(
      fc.property(arb, extents, arb, (seed, n, data) => {
        const key = random.key(seed);
        expect(numbers(random.bits(key, [n]))).toEqual(bitsOf(words(key), n));
        expect(words(random.split(key, n))).toEqual(splitOf(words(key), n).flat());
        expect(words(random.foldIn(key, data))).toEqual(block(0, seed, 0, data));
        const [hi, lo] = block(0, seed, 0, 0);
        expect(numbers(random.uniform(key, [], { dtype: "float64" }))).toEqual([hi / 2 ** 32 + (lo >>> 12) / 2 ** 52]);
      }),
      { numRuns: 30 },
    );
  });
  it("randint, at the ends of the range too", () => {
    const end = fc.oneof(
      fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
      fc.constantFrom(-(2 ** 31), 0, 1, 2 ** 31 - 1),
    );
    fc.assert(
      fc.property(arb, end, end, (seed, lo, hi) => {
        const got = numbers(random.randint(random.key(seed), [5], lo, hi));
        expect(got).toEqual(integersOf([0, seed], 5, lo, hi));
      }),
      { numRuns: 60 },
    );
    expect(numbers(random.randint(random.key(1), [3], 7, 7))).toEqual([7, 7, 7]);
    const all = numbers(random.randint(random.key(1), [4], 0, 2 ** 32, { dtype: "uint32" }));
    expect(all).toEqual(bitsOf(splitOf([0, 1], 2)[1] as readonly number[], 4)); // every word: the low bits as they are
    expect(numbers(random.randint(random.key(1), [2], Int32Array.of(0, 50), Int32Array.of(1, 51)))).toEqual([0, 50]);
  });
  it("permutation, whose order is stable and sorted twice where JAX does", () => {
    for (const n of [0, 1, 2, 3, 5, 100, 1625, 1626, 4001])
      expect(numbers(random.permutation(random.key(n), n))).toEqual(permutationOf([0, n], n));
  });
  it("permutation of rows and of each row", () => {
    const x = Float32Array.from({ length: 15 }, (_, i) => i),
      rows = [0, 1, 2].map((r) => Array.from(x.subarray(5 * r, 5 * r + 5)));
    const order = permutationOf([0, 7], 3);
    expect(random.permutation(random.key(7), rows).js()).toEqual(order.map((i) => rows[i]));
    const mixed = random.permutation(random.key(7), rows, 1, { independent: true }).js() as number[][];
    const keys = bitsOf(splitOf([0, 7], 2)[1] as readonly number[], 15);
    expect(mixed).toEqual(
      rows.map((row, r) =>
        row
          .map((v, i) => [v, keys[5 * r + i] as number] as const)
          .sort((a, b) => a[1] - b[1])
          .map(([v]) => v),
      ),
    );
  });
  it("many rows of many, each shuffled on its own", () => {
    const columns = 300,
      rows = [0, 1].map(() => Float32Array.from({ length: columns }, (_, i) => i));
    const mixed = random.permutation(random.key(1), rows, 1, { independent: true }).js() as number[][];
    const keys = bitsOf(splitOf([0, 1], 2)[1] as readonly number[], 2 * columns);
    mixed.forEach((row, r) => {
      const sorted = Array.from(rows[r] as Float32Array).sort(
        (i, j) => (keys[r * columns + i] as number) - (keys[r * columns + j] as number),
      );
      expect(row).toEqual(sorted);
    });
  });
  it("equal keys keep their order, counted or by digits", () => {
    for (const n of [5, 257]) {
      const keys = Array.from({ length: n }, (_, i) => (i % 3) * 0x10000001),
        sorted = keys.map((_, i) => i).sort((i, j) => (keys[i] as number) - (keys[j] as number));
      expect(numbers(stableOrder(np.array(Uint32Array.from(keys))))).toEqual(sorted);
    }
  });
  it("choice without replacement takes different members", () => {
    for (const p of [null, [0.1, 0.2, 0.3, 0.2, 0.2]]) {
      const got = numbers(random.choice(random.key(5), 5, [5], { replace: false, p }));
      expect([...got].sort()).toEqual([0, 1, 2, 3, 4]);
    }
    expect(numbers(random.choice(random.key(5), 3, [20], { p: [0, 1, 0] }))).toEqual(new Array(20).fill(1));
    expect(
      random.choice(
        random.key(5),
        [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
        [2, 2],
        { axis: 1 },
      ).shape,
    ).toEqual([3, 2, 2]);
  });
  it("categorical: impossible ones are never drawn, all are drawn without replacement", () => {
    const logits = [0, Number.NEGATIVE_INFINITY, 1];
    expect(numbers(random.categorical(random.key(5), logits, -1, [50]))).not.toContain(1);
    const all = numbers(random.categorical(random.key(5), [0, 1, 2, 3], 0, [4], { replace: false }));
    expect([...all].sort()).toEqual([0, 1, 2, 3]);
    expect(random.categorical(random.key(5), [logits, logits], 0, [7, 3]).shape).toEqual([7, 3]);
  });
});

describe("random: the same bits however it is run", () => {
  type Draw = (key: Key) => NDArray;
  const draws: Readonly<Record<string, Draw>> = {
    bits: (k) => random.bits(k, [3, 5]),
    uniform: (k) => random.uniform(k, [7], { minval: -3, maxval: 2.5 }),
    float64: (k) => random.uniform(k, [3], { dtype: "float64" }),
    normal: (k) => random.normal(k, [2, 3]),
    truncatedNormal: (k) => random.truncatedNormal(k, -1, [0.5, 2]),
    bernoulli: (k) => random.bernoulli(k, 0.3, [9]),
    randint: (k) => random.randint(k, [5], -3, 9),
    permutation: (k) => random.permutation(k, 9),
    categorical: (k) => random.categorical(k, [0, 1, 2], -1, [4]),
    gumbel: (k) => random.gumbel(k, [3], { mode: "high" }),
    exponential: (k) => random.exponential(k, [3]),
    cauchy: (k) => random.cauchy(k, [3]),
    split: (k) => random.keyData(random.split(k, 3)),
    foldIn: (k) => random.keyData(random.foldIn(k, 5)),
  };
  it.each(Object.keys(draws))("%s", (name) => {
    const draw = draws[name] as Draw,
      keys = random.split(random.key(11), 3),
      each = [...keys].map((k) => numbers(draw(k)));
    const compiled = jit(draw);
    expect([...keys].map((k) => numbers(compiled(k)))).toEqual(each);
    expect(numbers(vmap(draw)(keys))).toEqual(each.flat());
    expect(numbers(jit(vmap(draw))(keys))).toEqual(each.flat());
  });
  it("keys go through trees, come out of jit and vmap, and are drawn from inside", () => {
    const step = jit((state: { readonly key: Key; readonly x: NDArray }) => {
      const [a, b] = random.split(state.key);
      return { key: a, x: random.uniform(b) };
    });
    const first = step({ key: random.key(0), x: random.uniform(random.key(1)) });
    expect(first.key).toBeInstanceOf(random.Key);
    expect(numbers(first.x)).toEqual(numbers(random.uniform(random.split(random.key(0))[1])));
    expect(words(vmap((k: Key) => random.foldIn(k, 1))(random.split(random.key(0), 2))).length).toBe(4);
    expect(numbers(jit(() => random.uniform(random.key(0)))())).toEqual([Math.fround(0.947667)]);
  });
  it("samples follow their parameters: gradients of bounds", () => {
    const draw = (hi: NDArray): NDArray => sum(random.uniform(random.key(0), [4], { minval: 0, maxval: hi }), [0]);
    const u = numbers(random.uniform(random.key(0), [4]));
    expect(grad(draw)(random.uniform(random.key(9))).item()).toBeCloseTo(
      u.reduce((a, b) => a + b),
      5,
    );
  });
});

describe("random: keys are for one use, and nothing else is a key", () => {
  afterEach(() => {
    configure({ check: false });
  });
  it("a second use throws where keys are checked", () => {
    configure({ check: true });
    const key = random.key(3);
    random.normal(key);
    expect(() => random.uniform(key)).toThrow(ArgumentError);
    expect(() => random.uniform(key)).toThrow(
      /uniform: expected a key that was not used before, got one that random\.normal at .*random\.law\.ts/,
    );
    const [a, b] = random.split(random.key(4));
    random.uniform(a);
    random.uniform(b);
    expect(() => random.foldIn(a, 1)).toThrow(ArgumentError);
    expect(() => jit((k: Key) => [random.uniform(k), random.normal(k)])(random.key(5))).toThrow(ArgumentError);
    const again = random.key(6);
    random.uniform(random.clone(again));
    random.uniform(again);
  });
  it("members of an array of keys are the same ones each time", () => {
    configure({ check: true });
    const keys = random.split(random.key(4), 3);
    random.uniform(keys[0]);
    expect(() => random.uniform(keys.at(0))).toThrow(ArgumentError);
    random.uniform(keys.at(-1));
    expect(() => random.uniform([...keys][2] as Key)).toThrow(ArgumentError);
  });
  it("unchecked, a key may be used again", () => {
    const key = random.key(3);
    expect(numbers(random.normal(key))).toEqual(numbers(random.normal(key)));
  });
  it("wrong keys, shapes and dtypes are named", () => {
    const raw = random.keyData(random.key(0)) as unknown as Key;
    expect(() => random.uniform(raw)).toThrow(DTypeError);
    expect(() => random.uniform(raw)).toThrow(/uniform: expected a random key, got u32\[2\](.|\n)*wrapKeyData/);
    expect(() => random.uniform(random.split(random.key(0), 3))).toThrow(
      /expected one key, got an array of keys of shape \[3\](.|\n)*vmap/,
    );
    expect(() => random.key(0.5)).toThrow(ArgumentError);
    expect(() => random.uniform(random.key(0), [-1])).toThrow(ShapeError);
    expect(() => random.uniform(random.key(0), [2], { dtype: "int32" })).toThrow(DTypeError);
    expect(() => random.uniform(random.key(0), [2], { minval: [0, 0, 0] })).toThrow(ShapeError);
    expect(() => random.bernoulli(random.key(0), Int32Array.of(1))).toThrow(DTypeError);
    expect(() => random.choice(random.key(0), 3, [4], { replace: false })).toThrow(/at most 3 draws/);
    expect(() => random.permutation(random.key(0), 1.5)).toThrow(ArgumentError);
    expect(() => random.key(0).at(0)).toThrow(ShapeError);
    expect(() => random.wrapKeyData([1, 2])).toThrow(DTypeError);
    expect(String(random.key(7))).toBe("key<fry>[0 7]");
  });
});
