// Stacks of carries: a carry lives in its stack, where the stacks from before and from after the rounds are one, and nothing else changes.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { explain, grad, jit, lax, type NDArray, np } from "../src/index.ts";

type Arrays = readonly NDArray[];
/** A value of a round: a carry as it comes, a carry as it goes, or the slice. */
interface Source {
  readonly of: "now" | "next" | "slice";
  readonly k: number;
}
/** What a carry becomes: something computed, another carry (or itself) as it came, or the same as the carry before it becomes. */
type Next = "computed" | "early" | "same";
interface Body {
  readonly nexts: readonly Next[];
  readonly ys: readonly (Source & { readonly returned: boolean })[];
  readonly length: number;
  readonly reverse: boolean;
  readonly unroll: number;
}
const at = <T>(xs: readonly T[], k: number): T => xs[k % xs.length] as T;
const bodies: fc.Arbitrary<Body> = fc.record({
  nexts: fc.array(fc.constantFrom<Next>("computed", "computed", "early", "same"), { minLength: 1, maxLength: 3 }),
  ys: fc.array(
    fc.record({
      of: fc.constantFrom<Source["of"]>("now", "next", "next", "slice"),
      k: fc.nat(2),
      returned: fc.boolean(),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  length: fc.integer({ min: 1, max: 6 }),
  reverse: fc.boolean(),
  unroll: fc.constantFrom(1, 1, 1, 2),
});
const round = ({ nexts, ys }: Body, now: Arrays, x: NDArray): readonly [Arrays, Arrays] => {
  const next: NDArray[] = [];
  nexts.forEach((n, k) => {
    const computed = np.sin(
      at(now, k)
        .add(x.mul(k + 1))
        .add(np.matmul(at(now, k + 1), x.T).sum(-1, { keepdims: true })),
    );
    next.push(n === "early" ? at(now, k + 1) : n === "same" && k > 0 ? (next[k - 1] as NDArray) : computed);
  });
  return [next, ys.map(({ of, k }) => (of === "slice" ? x : at(of === "now" ? now : next, k)))];
};
/** Some results go out as they are, others only as a number, so that their place is free. */
const results = ({ ys }: Body, carry: Arrays, stacks: Arrays): Arrays => [
  ...carry,
  ...stacks.map((y, i) => (ys[i]?.returned === true ? y : np.cos(y.mul(i + 1)).sum(0))),
];
const scanned = (b: Body, start: Arrays, xs: NDArray): Arrays => {
  const [carry, stacks] = lax.scan((now: Arrays, x: NDArray) => round(b, now, x), start, xs, b);
  return results(b, carry, stacks);
};
const written = (b: Body, start: Arrays, xs: NDArray): Arrays => {
  let carry = start;
  const all: Arrays[] = [];
  for (let i = 0; i < b.length; i++) {
    const t = b.reverse ? b.length - 1 - i : i,
      [next, ys] = round(b, carry, xs.slice(t));
    carry = next;
    all[t] = ys;
  }
  return results(
    b,
    carry,
    b.ys.map((_, i) => np.stack(all.map((ys) => ys[i] as NDArray))),
  );
};
const starts = (b: Body): Arrays =>
  b.nexts.map((_, k) =>
    np
      .arange(6)
      .reshape([2, 3])
      .mul(0.1 * (k + 1))
      .add(k),
  );
const slices = (length: number): NDArray => np.sin(np.arange(length * 6).reshape([length, 2, 3]));
const near = (x: NDArray, y: NDArray): boolean => np.allclose(x, y, { rtol: 1e-5, atol: 1e-5 }).item() === true;

describe("carries that live in stacks", () => {
  it("are what they are without", () => {
    fc.assert(
      fc.property(bodies, (b) => {
        const got = jit((start: Arrays, xs: NDArray) => scanned(b, start, xs))(starts(b), slices(b.length)),
          want = written(b, starts(b), slices(b.length));
        expect(got.length).toBe(want.length);
        got.forEach((x, i) => {
          expect(near(x, want[i] as NDArray)).toBe(true);
        });
      }),
      { numRuns: 60 },
    );
  });
  it("also in loops in loops, of which the inner one's carry is the outer one's", () => {
    const nested = (h: NDArray, xs: NDArray): NDArray => {
      const [, stacks] = lax.scan(
        (a: NDArray, x: NDArray) => {
          const [b, inner] = lax.scan((c: NDArray, y: NDArray) => [np.sin(c.add(y)), c] as const, a, x);
          return [b, [a, b, inner.sum(0)]] as const;
        },
        h,
        xs,
      );
      return stacks.reduce((sum: NDArray, s: NDArray, i: number) => sum.add(s.mul(i + 1).sum()), np.zeros([]));
    };
    const h = np.ones([8]),
      xs = np.sin(np.arange(96).reshape([3, 4, 8]));
    const slope = jit(grad(nested))(h, xs),
      step = 1e-2;
    const differences = Array.from({ length: 8 }, (_, i) => {
      const e = np.eye(8).slice(i).mul(step);
      return Number(np.subtract(nested(h.add(e), xs), nested(h.sub(e), xs)).item()) / (2 * step);
    });
    expect(np.allclose(slope, np.array(differences), { rtol: 2e-2, atol: 2e-2 }).item()).toBe(true);
  });

  const f = (reverse: boolean) => (w: NDArray, xs: NDArray) =>
    lax
      .scan(
        (h: NDArray, x: NDArray) => {
          const next = np.tanh(np.matmul(h, w).add(x));
          return [next, next] as const;
        },
        np.zeros([16, 64]),
        xs,
        { reverse },
      )[1]
      .sum();
  const program = (reverse: boolean, T: number) =>
    explain(jit(grad(f(reverse))), np.zeros([64, 64]), np.zeros([T, 16, 64]));
  it.each([false, true])(
    "nothing is copied in the rounds, and one stack is all there is (from the end: %s)",
    (reverse) => {
      const [few, many] = [program(reverse, 20), program(reverse, 120)] as const;
      // The loop of the forward pass has no carry besides its stack; copies are made before it only.
      expect(few.kernels.filter((k) => /^copy/.test(k.name))).toHaveLength(1);
      // Beside the outputs there is an operand of the product for the gradient of w, and its packing.
      expect((many.plan.peakBytes - few.plan.peakBytes) / 100).toBeLessThan(3 * 16 * 64 * 4);
    },
  );
  it("what stands between a loop and its slices is computed in the rounds", () => {
    const loss = (w: NDArray, xs: NDArray) => f(false)(w, xs.mul(2).add(1));
    const { groups } = explain(jit(grad(loss)), np.zeros([64, 64]), np.zeros([20, 16, 64]));
    // No kernel makes the slices, nor the cotangents of a sum.
    expect(groups).not.toMatch(/f32\[20,16,64\]/);
  });
});
