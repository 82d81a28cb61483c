// Attention, one number after the other: heads, groups of heads, masks of every kind, errors.
import { describe, expect, it } from "vitest";
import { explain, grad, jit, jvp, type NDArray, nn, np, random, vmap } from "../src/index.ts";
import { expectNear, logSum, numbers, slopes } from "./nn-checks.ts";

const { exp, sqrt } = Math;

describe("nn: attention", () => {
  const draw = (seed: number, ...shape: readonly number[]): NDArray => random.normal(random.key(seed), shape);
  /** By the formula, one number after the other; `seen` says which keys a query may use. */
  const naive = (
    [q, k, v]: readonly [NDArray, NDArray, NDArray],
    seen: (b: number, n: number, t: number, s: number) => boolean,
    bias: (b: number, n: number, t: number, s: number) => number = () => 0,
  ): readonly number[] => {
    const [Q, K, V] = [q, k, v].map((x) => x.js()) as [number[][][][], number[][][][], number[][][][]];
    const groups = (Q[0]?.[0]?.length as number) / (K[0]?.[0]?.length as number);
    return Q.flatMap((sequence, b) =>
      sequence.flatMap((heads, t) =>
        heads.flatMap((query, n) => {
          const h = Math.floor(n / groups),
            keys = (K[b] as number[][][]).map((ks) => ks[h] as number[]);
          const logits = keys.map((key, s) =>
            seen(b, n, t, s)
              ? key.reduce((a, x, i) => a + x * (query[i] as number), 0) / sqrt(query.length) + bias(b, n, t, s)
              : -1e30,
          );
          const norm = logSum(logits);
          return query.map((_, i) =>
            logits.reduce((a, l, s) => a + exp(l - norm) * (V[b]?.[s]?.[h]?.[i] as number), 0),
          );
        }),
      ),
    );
  };
  const qkv = (T: number, S: number, N: number, K: number, H: number): readonly [NDArray, NDArray, NDArray] => [
    draw(1, 2, T, N, H),
    draw(2, 2, S, K, H),
    draw(3, 2, S, K, H),
  ];
  it("heads, groups of heads, sizes", () => {
    for (const [T, S, N, K, H] of [
      [3, 5, 2, 2, 4],
      [2, 3, 4, 2, 3],
      [1, 1, 3, 1, 1],
      [5, 2, 1, 1, 2],
    ] as const) {
      const args = qkv(T, S, N, K, H);
      expectNear(
        numbers(nn.dotProductAttention(...args)),
        naive(args, () => true),
        3e-6,
      );
    }
  });
  it("causal, windows, lengths, masks and bias", () => {
    const args = qkv(4, 4, 2, 1, 3);
    const run = (...rest: readonly unknown[]): readonly number[] =>
      numbers((nn.dotProductAttention as (...xs: readonly unknown[]) => NDArray)(...args, ...rest));
    expectNear(
      run(null, null, { isCausal: true }),
      naive(args, (_b, _n, t, s) => s <= t),
      3e-6,
    );
    expectNear(
      run(null, null, { localWindowSize: [1, 2] }),
      naive(args, (_b, _n, t, s) => t <= s + 1 && t >= s - 2),
      3e-6,
    );
    expectNear(
      run(null, null, { keyValueSeqLengths: Int32Array.of(2, 4) }),
      naive(args, (b, _n, _t, s) => s < (b === 0 ? 2 : 4)),
      3e-6,
    );
    const mask = np.greater(draw(4, 1, 2, 4, 4), -0.5),
      bias = draw(5, 2, 1, 4, 4);
    const M = mask.js() as unknown as boolean[][][][],
      B = bias.js() as unknown as number[][][][];
    expectNear(
      run(bias, mask),
      naive(
        args,
        (_b, n, t, s) => M[0]?.[n]?.[t]?.[s] === true,
        (b, _n, t, s) => B[b]?.[0]?.[t]?.[s] as number,
      ),
      3e-6,
    );
  });
  it("one sequence without a batch axis; a query that sees nothing weighs all alike, with finite slopes", () => {
    const [q, k, v] = [draw(1, 2, 1, 2), draw(2, 3, 1, 2), draw(3, 3, 1, 2)] as const;
    const f = (x: NDArray): NDArray => nn.dotProductAttention(x, k, v, null, np.zeros([1, 2, 3], { dtype: "bool" }));
    const mean = numbers(np.mean(v, 0));
    expectNear(numbers(f(q)), [...mean, ...mean], 1e-6);
    expect(slopes(f, q).every(Number.isFinite)).toBe(true);
  });
  type Three = readonly [NDArray, NDArray, NDArray];
  describe("long sequences, whose queries take turns", () => {
    const [T, S, N] = [3001, 2801, 2];
    const args: Three = [draw(1, 1, T, N, 2), draw(2, 1, S, 1, 2), draw(3, 1, S, 1, 2)];
    const bias = draw(4, 1, N, 1, S),
      // Every seventh query sees nothing.
      seen = np.reshape(np.notEqual(np.mod(np.arange(T), 7), 0), [1, 1, T, 1]);
    const causal = np.greaterEqual(np.reshape(np.arange(T), [T, 1]), np.arange(S));
    const plain = (q: NDArray, k: NDArray, v: NDArray): NDArray => {
      const logits = np.add(np.divide(np.einsum("btnh,bskh->bnts", q, k), sqrt(2)), bias);
      const weights = nn.softmax(np.where(np.logicalAnd(seen, causal), logits, -1e30));
      return np.einsum("bnts,bskh->btnh", weights, v);
    };
    const long = (q: NDArray, k: NDArray, v: NDArray): NDArray =>
      nn.dotProductAttention(q, k, v, bias, seen, { isCausal: true });
    const loss = (f: typeof long) => (q: NDArray, k: NDArray, v: NDArray) => np.sum(np.square(f(q, k, v)));
    it("are the plain formula: values, tangents, gradients, batches", () => {
      const values = numbers(jit(plain)(...args));
      expectNear(numbers(jit(long)(...args)), values, 3e-6);
      const push = (f: typeof long) => jit((x: NDArray) => jvp((q: NDArray) => f(q, args[1], args[2]), [x], [x])[1]);
      expectNear(numbers(push(long)(args[0])), numbers(push(plain)(args[0])), 1e-5);
      const slope = (f: typeof long) => jit(grad(loss(f), { argnums: [0, 1, 2] }))(...args) as unknown as Three;
      const want = slope(plain);
      for (const [i, g] of slope(long).entries()) expectNear(numbers(g), numbers(want[i] as NDArray), 1e-5);
      const [q, k, v] = args,
        twice = (x: NDArray): NDArray => np.repeat(x, 2, 2);
      expectNear(numbers(jit(long)(q, twice(k), twice(v))), values, 3e-6);
      const each = (q: NDArray, k: NDArray, v: NDArray): NDArray => long(q, twice(k), twice(v));
      const slopes = jit(grad(loss(each), { argnums: [0, 1, 2] }))(...args) as unknown as Three;
      for (const [i, g] of slopes.entries()) expectNear(numbers(g), numbers(want[i] as NDArray), 1e-5);
      const many = vmap((q: NDArray) => long(q, args[1], args[2]));
      expectNear(numbers(jit(many)(np.expandDims(args[0], 0))), values, 3e-6);
    });
    it("never hold all products, forward or backward", () => {
      const peak = (f: typeof long): readonly number[] => [
        explain(jit(f), ...args).plan.peakBytes,
        explain(jit(grad(loss(f))), ...args).plan.peakBytes,
      ];
      const all = N * T * S * 4;
      for (const bytes of peak(long)) expect(bytes).toBeLessThan(all / 8);
      for (const bytes of peak(plain)) expect(bytes).toBeGreaterThanOrEqual(all);
    });
  });
  it("long causal sequences, whose queries leave out the keys after them: values, gradients, their tangents, in float64", () => {
    const [T, S] = [2100, 2060];
    const wide = (x: NDArray): NDArray => x.astype("float64"),
      args: Three = [wide(draw(1, T, 1, 2)), wide(draw(2, S, 1, 2)), wide(draw(3, S, 1, 2))];
    // The first three queries see nothing but what the bias hides.
    const bias = wide(np.where(np.less(np.arange(S), 3), Number.NEGATIVE_INFINITY, np.sin(np.arange(S)))),
      counts = np.reshape(np.greaterEqual(np.arange(T), 3), [T, 1, 1]),
      causal = np.greaterEqual(np.reshape(np.arange(T), [T, 1]), np.arange(S));
    const plain = (q: NDArray, k: NDArray, v: NDArray): NDArray => {
      const logits = np.add(np.divide(np.einsum("tnh,snh->nts", q, k), sqrt(2)), bias);
      return np.einsum("nts,snh->tnh", nn.softmax(np.where(causal, logits, -1e30)), v);
    };
    const long =
      (isCausal: boolean) =>
      (q: NDArray, k: NDArray, v: NDArray): NDArray =>
        nn.dotProductAttention(q, k, v, np.reshape(bias, [1, 1, 1, S]), null, { isCausal });
    const all = (f: typeof plain): readonly NDArray[] => {
      const loss = (...xs: Three): NDArray => np.sum(np.where(counts, np.multiply(np.sin(f(...xs)), xs[0]), 0)),
        slopes = (...xs: Three): Three => grad(loss, { argnums: [0, 1, 2] })(...xs) as unknown as Three;
      return jit((x: NDArray, y: NDArray, z: NDArray) => [f(x, y, z), ...jvp(slopes, [x, y, z], [x, z, y]).flat()])(
        ...args,
      ) as readonly NDArray[];
    };
    const [got, want] = [all(long(true)), all(plain)].map((xs) => xs.map((x, i) => numbers(x).slice(i === 0 ? 6 : 0)));
    got?.forEach((xs, i) => {
      expectNear(xs, want?.[i] as readonly number[], 1e-13);
    });
    const flops = (isCausal: boolean): number => explain(jit(long(isCausal)), ...args).flops;
    expect(flops(true)).toBeLessThan(0.7 * flops(false));
  });
  it("errors name what does not fit", () => {
    const x = np.ones([1, 2, 3, 4]);
    expect(() => nn.dotProductAttention(x, x, np.ones([1, 2, 3, 5]))).toThrow(/value of shape \[1,2,3,4\]/);
    expect(() => nn.dotProductAttention(x, np.ones([1, 2, 2, 4]), np.ones([1, 2, 2, 4]))).toThrow(
      /a multiple of 2 heads/,
    );
    expect(() => nn.dotProductAttention(x, x, x, null, np.ones([2, 2]))).toThrow(/mask of dtype bool/);
  });
});
