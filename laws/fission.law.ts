// Products leave the rounds of a scan where they can, and nothing else changes.
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { blocking } from "../src/compile/blocks.ts";
import { explain, grad, jit, lax, type NDArray, nn, np, random } from "../src/index.ts";

/** The groups of kernels inside of loops, and those outside. */
const places = (f: (...args: never[]) => unknown, ...args: readonly NDArray[]) => {
  const lines = explain(jit(f as (...xs: readonly NDArray[]) => NDArray), ...args).groups.split("\n"),
    products = lines.filter((l) => /dotGeneral/.test(l));
  return {
    inside: products.filter((l) => l.startsWith(" ")).length,
    outside: products.filter((l) => !l.startsWith(" ")).length,
  };
};
/** `h' = tanh(x w + h u)` over xs [T, b, i]; all outputs. */
const rnn = (w: NDArray, u: NDArray, xs: NDArray): NDArray =>
  lax.scan(
    (h: NDArray, x: NDArray) => {
      const next = np.tanh(np.matmul(x, w).add(np.matmul(h, u)));
      return [next, next] as const;
    },
    np.zeros([xs.shape[1] as number, u.shape[0] as number]),
    xs,
  )[1];
const loss = (w: NDArray, u: NDArray, xs: NDArray): NDArray => rnn(w, u, xs).sum();
const inputs = (T: number, b: number, i: number, h: number): readonly [NDArray, NDArray, NDArray] => {
  const [k1, k2, k3] = random.split(random.key(1), 3);
  return [
    random.normal(k1 as never, [i, h]).mul(0.3),
    random.normal(k2 as never, [h, h]).mul(0.3),
    random.normal(k3 as never, [T, b, i]),
  ];
};

const usual = { ...blocking };
afterEach(() => {
  Object.assign(blocking, usual);
});

describe("fission", () => {
  it("inputs are multiplied before the loop, unless a round has rows enough", () => {
    expect(places(rnn, ...inputs(20, 8, 12, 16))).toEqual({ inside: 1, outside: 1 });
    expect(places(rnn, ...inputs(20, 32, 12, 16))).toEqual({ inside: 2, outside: 0 });
  });
  it("gradients of weights are multiplied after the loop, and so are those of inputs", () => {
    const all = grad(loss, { argnums: [0, 1, 2] });
    // Inside: h u, and its pullback. Outside: x w, the gradients of w, u and x.
    expect(places(all, ...inputs(20, 8, 12, 16))).toEqual({ inside: 2, outside: 4 });
  });
  it("slopes that follow from what is stacked anyway are not stacked", () => {
    const gates = (w: NDArray, xs: NDArray): NDArray =>
      lax
        .scan(
          (c: NDArray, x: NDArray) => {
            const f = nn.sigmoid(x.mul(w)),
              o = np.tanh(x);
            return [c.mul(f).add(o), null] as const;
          },
          np.zeros([64]),
          xs,
        )[0]
        .sum();
    const peak = (T: number): number => explain(jit(grad(gates)), np.ones([64]), np.ones([T, 64])).plan.peakBytes;
    // A round stacks the carry and f; f (1 - f) is computed from f.
    expect((peak(110) - peak(10)) / 100).toBe(2 * 64 * 4);
  });
  it("few rounds stay as they are, and what would take too much memory", () => {
    expect(places(rnn, ...inputs(3, 8, 12, 16)).outside).toBe(0);
    const huge = explain(jit(rnn), np.zeros([4, 4096]), np.zeros([4096, 4096]), np.zeros([9000, 1, 4]));
    expect(huge.groups).toMatch(/scan[\s\S]*dotGeneral[\s\S]*dotGeneral/);
  });
  it("where rounds leave much for the products after them, a loop over blocks of rounds has both", () => {
    const all = jit(grad(loss, { argnums: [0, 1, 2] })),
      program = (T: number) => explain(all, ...inputs(T, 4, 64, 64));
    const few = program(256),
      some = program(4096),
      many = program(8192);
    expect(few.groups).not.toMatch(/\n {2}scan/);
    // Forward: x w, then the rounds. Backward: the rounds, then the gradients of w, u and x.
    expect(some.groups.match(/\n {2}scan over \d+/g)).toHaveLength(2);
    expect(some.groups.match(/\n {2}(?! )[^\n]*dotGeneral/g)).toHaveLength(4);
    // A round more adds its carry, before and after, and nothing that only the products need.
    expect((many.plan.peakBytes - some.plan.peakBytes) / 4096).toBe(2 * 4 * 64 * 4);
  });
  it("a sum whose carry is looked at stays in the loop", () => {
    const seen = (w: NDArray, xs: NDArray): NDArray =>
      lax.scan((c: NDArray, x: NDArray) => [c.add(np.matmul(x.T, x)), c.sum()] as const, w, xs)[1];
    expect(places(seen, np.zeros([12, 12]), np.ones([20, 8, 12]))).toEqual({ inside: 1, outside: 0 });
    const only = (w: NDArray, xs: NDArray): NDArray =>
      lax.scan((c: NDArray, x: NDArray) => [c.add(np.matmul(x.T, x)), null] as const, w, xs)[0];
    expect(places(only, np.zeros([12, 12]), np.ones([20, 8, 12]))).toEqual({ inside: 0, outside: 1 });
    expect(only(np.ones([12, 12]), np.ones([20, 8, 12])).js()).toEqual(np.full([12, 12], 161).js());
  });
  it("values and gradients are those of the unrolled loop, in both directions", () => {
    const unrolled =
      (reverse: boolean) =>
      (w: NDArray, u: NDArray, c: NDArray, xs: NDArray): NDArray => {
        let [h, sum] = [np.zeros([xs.shape[1] as number, u.shape[0] as number], { dtype: "float64" }), c];
        const all: NDArray[] = [];
        for (let k = 0; k < (xs.shape[0] as number); k++) {
          const t = reverse ? (xs.shape[0] as number) - 1 - k : k,
            x = xs.slice(t);
          h = np.sin(np.matmul(x, w).add(np.matmul(h, u)));
          sum = sum.add(np.matmul(h.T, x).T.neg());
          all[t] = np.matmul(h, u);
        }
        return np.stack(all).sum().add(np.sin(sum).sum());
      };
    const scanned =
      (reverse: boolean) =>
      (w: NDArray, u: NDArray, c: NDArray, xs: NDArray): NDArray => {
        const body = ([h, s]: readonly [NDArray, NDArray], x: NDArray) => {
          const next = np.sin(np.matmul(x, w).add(np.matmul(h, u)));
          return [[next, s.add(np.matmul(next.T, x).T.neg())] as const, np.matmul(next, u)] as const;
        };
        const [[, sum], ys] = lax.scan(
          body,
          [np.zeros([xs.shape[1] as number, u.shape[0] as number], { dtype: "float64" }), c] as const,
          xs,
          {
            reverse,
          },
        );
        return ys.sum().add(np.sin(sum).sum());
      };
    const extent = fc.constantFrom(1, 2, 3, 5, 8),
      lengths = fc.integer({ min: 1, max: 10 });
    fc.assert(
      fc.property(lengths, extent, extent, extent, fc.boolean(), fc.boolean(), (T, b, i, h, reverse, blocks) => {
        Object.assign(blocking, blocks ? { bytes: 512, rounds: 2 } : usual);
        const [w, u, xs] = inputs(T, b, i, h).map((x) => x.astype("float64")) as [NDArray, NDArray, NDArray],
          args = [w, u, np.full([i, h], 0.1, { dtype: "float64" }), xs] as const;
        const near = (x: NDArray, y: NDArray): boolean => np.allclose(x, y, { rtol: 1e-9, atol: 1e-9 }).item() === true;
        const [scan, lines] = [scanned(reverse), unrolled(reverse)];
        expect(near(jit(scan)(...args), jit(lines)(...args))).toBe(true);
        const all = { argnums: [0, 1, 2, 3] },
          [got, want] = [
            jit(grad(scan, all))(...args),
            jit(grad(lines, all))(...args),
          ] as unknown as readonly NDArray[][];
        for (const [k, g] of (got as NDArray[]).entries()) expect(near(g, want?.[k] as NDArray)).toBe(true);
      }),
      { numRuns: 25 },
    );
  });
});
