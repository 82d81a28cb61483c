// What loops cost: programs do not grow with the length, gradients store residuals and a constant, nothing is traced or compiled twice,
// and rounds are quick.
import { describe, expect, it } from "vitest";
import type { Jaxpr } from "../src/core/jaxpr.ts";
import { nestedJaxprs } from "../src/core/nested.ts";
import { explain, grad, jit, lax, np, vmap } from "../src/index.ts";
import type { NDArray } from "../src/index.ts";
import { stats } from "../src/runtime/stats.ts";

const equations = (j: Jaxpr): number =>
  j.eqns.reduce((n, e) => n + 1 + nestedJaxprs(e.attrs).reduce((m, k) => m + equations(k), 0), 0);
type Cell = { readonly h: NDArray; readonly c: NDArray };
type Weights = { readonly w: NDArray; readonly u: NDArray; readonly b: NDArray };
const size = 8;
/** An LSTM over xs [T, size]; the loss is a sum over all outputs. */
const lstm = ({ w, u, b }: Weights, xs: NDArray): NDArray => {
  const cell = ({ h, c }: Cell, x: NDArray) => {
    const gates = np.matmul(w, x).add(np.matmul(u, h)).add(b),
      gate = (i: number): NDArray => gates.slice([i * size, (i + 1) * size]);
    const [i, f, o] = [0, 1, 2].map((k) => np.divide(1, np.add(1, gate(k).neg().exp()))) as [NDArray, NDArray, NDArray];
    const next = f.mul(c).add(i.mul(np.tanh(gate(3)))),
      out = o.mul(np.tanh(next));
    return [{ h: out, c: next }, out] as const;
  };
  const [, hs] = lax.scan(cell, { h: np.zeros([size]), c: np.zeros([size]) }, xs);
  return hs.mul(hs).sum();
};
const weights: Weights = { w: np.ones([4 * size, size]), u: np.ones([4 * size, size]), b: np.ones([4 * size]) };
const inputs = (length: number, batch?: number): NDArray =>
  np.ones(batch === undefined ? [length, size] : [batch, length, size]);

describe("program size", () => {
  const programs = {
    forward: (T: number) =>
      explain(
        jit((p: Weights, x: NDArray) => lstm(p, x)),
        weights,
        inputs(T),
      ),
    gradient: (T: number) =>
      explain(
        jit((p: Weights, x: NDArray) => grad(lstm)(p, x)),
        weights,
        inputs(T),
      ),
    "gradients of a batch": (T: number) =>
      explain(
        jit((p: Weights, x: NDArray) => vmap(grad(lstm), [null, 0])(p, x)),
        weights,
        inputs(T, 3),
      ),
    "second derivatives": (T: number) =>
      explain(
        jit((p: Weights, x: NDArray) => grad((y: NDArray) => grad(lstm, { argnums: 1 })(p, y).sum())(x)),
        weights,
        inputs(T),
      ),
  };
  it.each(Object.keys(programs) as (keyof typeof programs)[])("%s: the same for 10, 1000 and 10,000 rounds", (name) => {
    const [few, many, most] = [10, 1000, 10_000].map(programs[name]) as readonly ReturnType<typeof explain>[] as [
      ReturnType<typeof explain>,
      ReturnType<typeof explain>,
      ReturnType<typeof explain>,
    ];
    expect([many, most].map((e) => equations(e.jaxpr))).toEqual([few, few].map((e) => equations(e.jaxpr)));
    const groups = (e: ReturnType<typeof explain>): string => e.groups.replaceAll(/\d+/g, "#");
    expect(groups(many)).toEqual(groups(few));
    // Once its rounds leave much for later, a loop is one over blocks of rounds, however many these are.
    const blocks = /\n {2}scan/.test(groups(most));
    expect(groups(most)).toEqual(groups(blocks ? programs[name](20_000) : few));
    // Products and sums over all rounds are cut in blocks, and have a kernel that packs, once they are big.
    expect(most.kernels.length - few.kernels.length).toBeLessThanOrEqual(4);
    expect(most.text.length / many.text.length).toBeLessThan(1.25);
  });
  it("compiles in the same time", () => {
    const best = (T: number): number =>
      Math.min(
        ...Array.from({ length: 3 }, () => {
          const start = performance.now();
          programs.gradient(T);
          return performance.now() - start;
        }),
      );
    best(10);
    expect(best(1000)).toBeLessThan(3 * best(10));
  });
});

describe("memory", () => {
  const arena = (f: (...args: never[]) => unknown, ...args: readonly NDArray[]): number =>
    explain(jit(f as (...xs: readonly NDArray[]) => NDArray), ...args).plan.peakBytes;
  it("a gradient over 10000 rounds with a carry of 1000 floats stores residuals and a constant", () => {
    const loss = (T: number) => (c: NDArray, w: NDArray) =>
      lax.scan((x, _) => [np.sin(x.mul(w)), null], c, null, { length: T })[0].sum();
    const bytes = [100, 1000, 10_000].map((T) =>
      arena(grad(loss(T), { argnums: [0, 1] }), np.ones([1000]), np.ones([1000])),
    );
    // A round stores the carry and its cosine.
    const round = 2 * 1000 * 4;
    expect(bytes.map((b, i) => b - round * (100 * 10 ** i))).toEqual(
      [bytes[0], bytes[0], bytes[0]].map((b) => (b as number) - round * 100),
    );
    expect((bytes[0] as number) - 100 * round).toBeLessThan(16_384);
  });
  it("what is the same in every round is not stored for each, nor computed", () => {
    const loss = (w: NDArray, x: NDArray) =>
      lax.scan((c, v) => [np.tanh(np.matmul(w.exp().T, c).add(v)), null], np.zeros([40]), x)[0].sum();
    const [few, many] = [10, 110].map((T) => explain(jit(grad(loss)), np.ones([40, 40]), np.ones([T, 40])));
    expect(((many?.plan.peakBytes ?? 0) - (few?.plan.peakBytes ?? 0)) / 100).toBeLessThan(3 * 40 * 4);
    expect(many?.groups).toMatch(/before the loop:\n\s*exp/);
  });
  it("an update of a few elements is done in place, in loops and of donated arguments", () => {
    const n = 1_000_000,
      i = np.array(3, { dtype: "int32" });
    const inLoop = jit((x: NDArray) => lax.foriLoop(0, 1000, (k, y) => y.at(k).set(k.astype("float32")), x)),
      donated = jit((x: NDArray, k: NDArray) => x.at(k).add(1), { donate: [0] });
    const x = np.zeros([n]);
    expect(inLoop(x).slice([0, 1001]).sum().item()).toBe(499_500);
    expect(x.sum().item()).toBe(0);
    const start = performance.now();
    inLoop(x);
    // A thousand copies of 4 MB would take a quarter of a second at least.
    expect(performance.now() - start).toBeLessThan(60);
    expect(explain(donated, np.zeros([n]), i).plan.aliases.size).toBe(1);
    const twice = donated(donated(np.zeros([n]), i), i);
    expect([twice.slice(3).item(), twice.sum().item()]).toEqual([2, 2]);
  });
  it("results that nobody reads are not computed", () => {
    const f = (x: NDArray) => lax.scan((c, v) => [c.add(v), np.tanh(v)], np.zeros([100]), x)[0];
    expect(arena(f, np.ones([1000, 100]))).toBeLessThan(4096);
    const unused = (x: NDArray) =>
      lax.whileLoop(
        ([i]) => i.less(3),
        ([i, y]) => [i.add(1), np.sin(y)],
        [0, x],
      )[0];
    expect(explain(jit(unused), np.ones([1000])).text).not.toMatch(/f32x4/);
  });
});

describe("caches", () => {
  const counts = (f: () => unknown): readonly [traces: number, compiled: number] => {
    f();
    const before = stats();
    for (let k = 0; k < 20; k++) f();
    const after = stats();
    return [after.traces - before.traces, after.compiled - before.compiled];
  };
  const xs = np.array([1, 2, 3]),
    step = (c: NDArray, x: NDArray) => [c.mul(x), c] as const;
  it("an eager loop is traced and compiled once", () => {
    expect(counts(() => lax.scan(step, np.array(2), xs))).toEqual([0, 0]);
    expect(counts(() => lax.scan(step, 2, xs, { reverse: true, unroll: 2 }))).toEqual([0, 0]);
    const f = (x: NDArray) => x.mul(2);
    expect(counts(() => lax.map(f, xs, { batchSize: 2 }))).toEqual([0, 0]);
    const add = (i: NDArray, c: NDArray) => c.add(i);
    expect(counts(() => lax.foriLoop(0, 4, add, 0))).toEqual([0, 0]);
    const [low, twice] = [(x: NDArray) => x.less(50), f];
    expect(counts(() => lax.whileLoop(low, twice, 1))).toEqual([0, 0]);
    expect(counts(() => lax.cond(low(xs.sum()), f, f, xs))).toEqual([0, 0]);
  });
  it("functions written anew are traced, but compiled once; their arrays may be others", () => {
    const loop = (w: NDArray) => lax.scan((c: NDArray, x: NDArray) => [c.mul(w).add(x), null], 0, xs)[0];
    expect(counts(() => loop(np.array(2)))).toEqual([20, 0]);
    expect([loop(np.array(2)).item(), loop(np.array(3)).item()]).toEqual([11, 18]);
    expect(counts(() => grad(loop)(np.array(2)))[1]).toBe(0);
    expect(counts(() => vmap(grad(loop))(xs))[1]).toBe(0);
    expect(
      counts(() =>
        lax.cond(
          true,
          () => xs.mul(2),
          () => xs,
        ),
      )[1],
    ).toBe(0);
  });
  it("bodies that differ in a number are not confused", () => {
    const by = (n: number) => lax.scan((c: NDArray) => [c.mul(n), null], 1, null, { length: 3 })[0].item();
    expect([by(2), by(3), by(2)]).toEqual([8, 27, 8]);
    expect(
      [1, 2, 3].map((length) => lax.scan((c: NDArray) => [c.mul(2), null], 1, null, { length })[0].item()),
    ).toEqual([2, 4, 8]);
  });
});

describe("speed", () => {
  const best = (f: () => unknown, times = 5): number =>
    Math.min(
      ...Array.from({ length: times }, () => {
        const start = performance.now();
        f();
        return performance.now() - start;
      }),
    );
  it("loops over scalars are one kernel", () => {
    const f = (x: NDArray) =>
      lax.whileLoop(
        (y) => y.less(1000),
        (y) =>
          lax.cond(
            y.less(10),
            (z) => z.mul(2),
            (z) => z.add(7),
            y,
          ),
        x,
      );
    expect(explain(jit(f), np.array(1)).program.steps.map((s) => s.op)).toEqual(["call"]);
    const pixels = (x: NDArray) => lax.map((v) => lax.foriLoop(0, 9, (i, y) => y.mul(v).add(i), v), x);
    expect(explain(jit(pixels), np.ones([100])).program.steps.map((s) => s.op)).toEqual(["call"]);
  });
  it("an empty round takes less than 0.3 us", () => {
    const rounds = 200_000;
    for (const x of [np.array(1), np.ones([4])]) {
      const f = jit((y: NDArray) => lax.scan((c, _) => [c, null], y, null, { length: rounds })[0]);
      f(x);
      const us = (1000 * best(() => f(x).dataSync())) / rounds;
      expect(us).toBeLessThan(0.3);
    }
  });
  it("Collatz: ten million rounds at half the speed of JavaScript or better", () => {
    const starts = 93_000;
    const plain = (): number => {
      let rounds = 0;
      for (let s = 1; s < starts; s++)
        for (let n = s; n !== 1; rounds = (rounds + 1) | 0) n = (n & 1) === 1 ? (3 * n + 1) | 0 : n >> 1;
      return rounds;
    };
    const f = jit((n: NDArray) =>
      lax.foriLoop(
        1,
        n,
        (s, rounds) =>
          lax.whileLoop(
            ([m]) => np.notEqual(m, 1),
            ([m, k]) => [np.where(np.equal(np.bitwiseAnd(m, 1), 1), m.mul(3).add(1), np.rightShift(m, 1)), k.add(1)],
            [s, rounds],
          )[1],
        np.array(0, { dtype: "int32" }),
      ),
    );
    const n = np.array(starts, { dtype: "int32" });
    expect(f(n).item()).toBe(plain());
    expect(plain()).toBeGreaterThan(9_900_000);
    const [ours, theirs] = [best(() => f(n).item()), best(plain)];
    console.log(`Collatz: ${ours.toFixed(1)} ms, JavaScript ${theirs.toFixed(1)} ms`);
    expect(ours).toBeLessThan(2 * theirs);
  });
});
