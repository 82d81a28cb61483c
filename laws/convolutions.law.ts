// Compiled convolutions of every kind against the index equation: strides, paddings, holes, groups, and what follows from them in
// one kernel. All numbers are small integers, so that sums are exact in whatever order they are taken.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { configure, explain, jit, lax, type NDArray, np } from "../src/index.ts";

type Type = "float32" | "float64" | "int32";
const numbers = (shape: readonly number[], salt: number): number[] =>
  Array.from(
    { length: shape.reduce((p, n) => p * n, 1) },
    (_, i) => (((((i + salt) * 2654435761) % 1013) >> 3) % 7) - 3,
  );
const some = (...xs: readonly number[]): fc.Arbitrary<number> => fc.constantFrom(...xs);
const axis = fc.record({
  x: some(1, 2, 3, 5, 8, 9, 16),
  k: some(1, 1, 2, 3, 4, 5),
  stride: some(1, 1, 1, 2, 3),
  lhs: some(1, 1, 2, 2, 3),
  rhs: some(1, 1, 1, 2),
  lo: some(-2, -1, 0, 0, 1, 2, 3),
  hi: some(-1, 0, 0, 1, 2, 4),
});
type Axis = typeof axis extends fc.Arbitrary<infer T> ? T : never;
const configuration = fc.record({
  axes: fc.array(axis, { minLength: 1, maxLength: 2 }),
  count: some(1, 1, 3),
  groups: some(1, 1, 1, 2, 5),
  from: some(1, 2, 4),
  to: some(1, 3, 4, 8),
  fused: fc.boolean(),
  dtype: fc.constantFrom<Type>("float32", "float32", "float64", "int32"),
});
type Configuration = typeof configuration extends fc.Arbitrary<infer T> ? T : never;
const places = ({ x, k, stride, lhs, rhs, lo, hi }: Axis): number =>
  Math.floor(((x - 1) * lhs + 1 + lo + hi - (k - 1) * rhs - 1) / stride) + 1;

/** Every index of a shape, in order. */
const each = (shape: readonly number[]): readonly (readonly number[])[] =>
  shape.reduce<readonly (readonly number[])[]>(
    (all, n) => all.flatMap((at) => Array.from({ length: n }, (_, i) => [...at, i])),
    [[]],
  );
const flat = (at: readonly number[], shape: readonly number[]): number =>
  at.reduce((o, i, d) => o * (shape[d] as number) + i, 0);

/** Operands, shapes and both results: what is computed, and what is defined. */
const both = (
  c: Configuration,
  xs: readonly number[],
): { readonly got: readonly number[]; readonly want: readonly number[] } => {
  const { axes, count, groups, from, to, dtype, fused } = c,
    x = [count, groups * from, ...axes.map((a) => a.x)],
    w = [groups * to, from, ...axes.map((a) => a.k)],
    out = [count, groups * to, ...axes.map(places)];
  const ws = numbers(w, 7),
    bias = numbers([groups * to], 11);
  const f = jit((i: NDArray, g: NDArray, b: NDArray) => {
    const sum = lax.convGeneralDilated(
      i,
      g,
      axes.map((a) => a.stride),
      axes.map((a) => [a.lo, a.hi] as const),
      { lhsDilation: axes.map((a) => a.lhs), rhsDilation: axes.map((a) => a.rhs), featureGroupCount: groups },
    );
    return fused ? np.maximum(np.add(sum, np.reshape(b, [1, groups * to, ...axes.map(() => 1)])), 0) : sum;
  });
  const array = (values: readonly number[], shape: readonly number[]): NDArray =>
    np.reshape(np.array([...values], { dtype }), shape);
  const got = Array.from(f(array(xs, x), array(ws, w), array(bias, [groups * to])).dataSync() as Float64Array);
  const taps = each([from, ...axes.map((a) => a.k)]);
  const want = each(out).map(([n, o, ...t]) => {
    let sum = 0;
    for (const [i, ...k] of taps) {
      const at = axes.map((a, d) => ((t[d] as number) * a.stride + (k[d] as number) * a.rhs - a.lo) / a.lhs);
      if (!at.every((p, d) => Number.isInteger(p) && p >= 0 && p < (axes[d] as Axis).x)) continue;
      const channel = Math.floor((o as number) / to) * from + (i as number);
      sum +=
        (xs[flat([n as number, channel, ...at], x)] as number) *
        (ws[flat([o as number, i as number, ...k], w)] as number);
    }
    return fused ? Math.max(0, sum + (bias[o as number] as number)) : sum;
  });
  return { got: got.map((v) => v + 0), want: want.map((v) => v + 0) };
};

describe("convolutions", () => {
  it("are the index equation, however they are done", () => {
    fc.assert(
      fc.property(configuration, some(1, 2), (c, threads) => {
        if (c.axes.some((a) => places(a) < 1)) return;
        configure({ threads });
        const { got, want } = both(c, numbers([c.count, c.groups * c.from, ...c.axes.map((a) => a.x)], 3));
        expect(got).toEqual(want);
      }),
      { numRuns: 60 },
    );
  });
  it("of many images pad each of them where it is read, for any number of threads", () => {
    const same: Axis = { x: 5, k: 3, stride: 1, lhs: 1, rhs: 1, lo: 1, hi: 1 },
      apart: Axis = { x: 4, k: 4, stride: 2, lhs: 2, rhs: 1, lo: 2, hi: 1 };
    const some: Configuration = {
      axes: [same, same],
      count: 17,
      groups: 1,
      from: 4,
      to: 8,
      fused: true,
      dtype: "float32",
    };
    const several: readonly Configuration[] = [
      some,
      { ...some, axes: [apart, { ...same, x: 9, lo: -1 }], fused: false },
      { ...some, from: 1, to: 1, groups: 5 },
      { ...some, axes: [{ ...same, x: 40 }], dtype: "float64" },
    ];
    for (const c of several)
      for (const threads of [1, 2]) {
        configure({ threads });
        const { got, want } = both(c, numbers([c.count, c.groups * c.from, ...c.axes.map((a) => a.x)], 3));
        expect(got).toEqual(want);
      }
    const f = jit((x: NDArray, w: NDArray) => lax.conv(x, w, [1, 1], "SAME"));
    for (const [images, count] of [
      [16, 1],
      [3, 2],
    ] as const)
      expect(explain(f, np.ones([images, 4, 8, 8]), np.ones([8, 4, 3, 3])).kernels.length).toBe(count);
  });
  it("of operands with holes let no element see what is not in its window", () => {
    const holes = fc.record({
      x: some(3, 4, 7),
      k: some(1, 2, 3, 4, 5),
      stride: fc.constant(1),
      lhs: some(2, 3),
      rhs: fc.constant(1),
      lo: some(0, 1, 2, 3),
      hi: some(0, 1, 2, 3),
    });
    fc.assert(
      fc.property(fc.tuple(holes, holes), fc.nat(), (axes, where) => {
        if (axes.some((a) => places(a) < 1)) return;
        const c: Configuration = { axes, count: 1, groups: 1, from: 4, to: 4, fused: false, dtype: "float32" },
          shape = [1, 4, ...axes.map((a) => a.x)],
          xs = numbers(shape, 3);
        xs[where % xs.length] = Number.NaN;
        const { got, want } = both(c, xs);
        expect(got).toEqual(want);
      }),
      { numRuns: 20 },
    );
  });
});
