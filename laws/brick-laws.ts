// The laws that every brick must pass: gradient, vmap, jit, composition, purity, independence of the batch, finiteness, number of
// parameters, agreement of forward and reverse mode.
import fc from "fast-check";
import { expect, it } from "vitest";
import type * as bricks from "../src/bricks/index.ts";
import { type DType, grad, jit, type NDArray, np, random, tree, vmap } from "../src/index.ts";
import { adjointProperty, checkGrads, jitProperty } from "../src/laws/index.ts";

/** A brick, the shape of an example, and how many parameters it has by the closed form. */
export interface Subject {
  readonly brick: bricks.Brick<unknown, NDArray, NDArray>;
  readonly input: readonly number[];
  readonly count: number;
  /** Inputs that are integers below this number. */
  readonly below?: number;
  /** Up to which derivative the gradient is checked; 2 by default. */
  readonly order?: number;
  /** How much an example's place in its batch may change the rounding; 0 by default. */
  readonly rounding?: number;
}
export const subject = (
  brick: unknown,
  input: readonly number[],
  count: number,
  options: Pick<Subject, "below" | "order" | "rounding"> = {},
): Subject => ({ brick: brick as Subject["brick"], input, count, ...options });
export const draw = (
  { input, below }: Subject,
  seed: number,
  batch: readonly number[] = [],
  dtype: DType = "float32",
): NDArray => {
  const shape = [...batch, ...input];
  return below === undefined
    ? random.normal(random.key(seed), shape, { dtype: dtype as "float32" })
    : random.randint(random.key(seed), shape, 0, below);
};
export const paramsOf = ({ brick }: Subject): unknown => brick.init(random.key(1));
export const numbers = (x: unknown): number[] =>
  tree.leaves(x).flatMap((leaf) => Array.from(np.asarray(leaf).dataSync()));
export const close = (a: unknown, b: unknown, to: number): void => {
  const [xs, ys] = [numbers(a), numbers(b)];
  expect(ys.length).toBe(xs.length);
  expect(Math.max(0, ...xs.map((x, i) => Math.abs(x - (ys[i] as number)) / (1 + Math.abs(x))))).toBeLessThanOrEqual(to);
};
export type Call = (p: unknown, x: NDArray) => NDArray;
export const call =
  ({ brick }: Subject): Call =>
  (p, x) =>
    brick.apply(p, x);
export const loss =
  (s: Subject): Call =>
  (p, x) =>
    np.sum(np.square(call(s)(p, x)));
export const gradient = grad as unknown as (f: Call) => Call;
export const mapped = vmap as unknown as (f: Call, axes: readonly (0 | null)[]) => Call;
export const compiled = jit as unknown as (f: Call) => Call;

/** G1 to G10 for a brick. */
export const brickLaws = (s: Subject): void => {
  const p = paramsOf(s),
    x = draw(s, 2);
  it("G1 gradient and higher derivatives, every leaf", () =>
    checkGrads(call(s) as never, [p, x], { order: s.order ?? 2 }));
  it("G2 vmap is the stack of examples, nested too", () => {
    const xs = draw(s, 3, [2, 3]);
    const once = mapped(call(s), [null, 0]);
    const all = mapped(once, [null, 0])(p, xs);
    for (let i = 0; i < 2; i++) for (let j = 0; j < 3; j++) close(call(s)(p, xs.slice(i, j)), all.slice(i, j), 1e-5);
  });
  it("G3 jit", () => {
    const shapes = fc.integer({ min: 4, max: 9 }).map((seed) => draw(s, seed));
    fc.assert(jitProperty(((v: NDArray) => call(s)(p, v)) as never, [shapes]), { numRuns: 2 });
  });
  it("G4 jit and grad commute; the gradient of a mean is the mean of gradients", () => {
    close(compiled(gradient(loss(s)))(p, x), gradient(compiled(loss(s)))(p, x), 1e-5);
    const xs = draw(s, 5, [4]);
    const mean: Call = (q, v) => np.mean(mapped(loss(s), [null, 0])(q, v));
    const each = mapped(gradient(loss(s)), [null, 0])(p, xs);
    close(
      gradient(mean)(p, xs),
      tree.map((g: NDArray) => np.mean(g, 0), each as unknown),
      1e-5,
    );
  });
  it("G5 purity: same key, same bits; gradients look like parameters", () => {
    const key = random.key(7);
    const before = [numbers(p), numbers(x)];
    const twice = [0, 1].map(() => numbers(s.brick.apply(p, x, key)));
    expect(twice[0]).toEqual(twice[1]);
    expect(numbers(paramsOf(s))).toEqual(before[0]);
    const g = gradient(loss(s))(p, x);
    expect(String(tree.structure(g))).toBe(String(tree.structure(p)));
    expect(tree.leaves(g).map((v) => v.shape)).toEqual(tree.leaves(p).map((v) => v.shape));
    expect([numbers(p), numbers(x)]).toEqual(before);
  });
  it("G6 examples of a batch do not see each other", () => {
    const xs = draw(s, 6, [3]),
      batch = mapped(call(s), [null, 0]),
      others = np.stack([draw(s, 7), xs.slice(1), draw(s, 8)]);
    close(batch(p, xs).slice(1), batch(p, others).slice(1), 0);
    close(np.flip(batch(p, xs), 0), batch(p, np.flip(xs, 0)), s.rounding ?? 0);
  });
  it("G8 finite at large, zero and equal inputs", () => {
    if (s.below !== undefined) return;
    for (const size of [1e4, -1e4, 0]) {
      const extreme = np.full(x.shape, size);
      for (const y of [call(s)(p, extreme), gradient(loss(s))(p, extreme)])
        expect(numbers(y).every(Number.isFinite)).toBe(true);
    }
  });
  it("G10 forward and reverse mode agree", () =>
    fc.assert(adjointProperty(call(s) as never, [fc.constant(p), fc.constant(x)] as never), { numRuns: 1 }));
  it("G9 number of parameters", () => {
    expect(numbers(p).length).toBe(s.count);
  });
};
