// Sorting: order, stability, NaN and zeros for every dtype, axis and length; derivatives; several keys; quantiles.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ArgumentError, grad, jit, jvp, lax, type NDArray, np, ShapeError, vjp, vmap } from "../src/index.ts";
import { extent, indicesOf, type Plain, positive, read, same, sizeOf, toNumpy } from "./numpy-oracle.ts";
import { compare, dtypes, elementsOf, mapRows, near, numbersOf, orderOf, plainWith, sorted } from "./sorting-oracle.ts";

const pick = (order: readonly number[], xs: readonly number[]): readonly number[] => order.map((i) => xs[i] as number);
const shapes = (of: fc.Arbitrary<number>): fc.Arbitrary<readonly number[]> =>
  fc.array(of, { minLength: 1, maxLength: 3 });
const anyAxis = (x: { readonly shape: readonly number[] }): readonly number[] => x.shape.map((_, a) => a);
type Unary = (x: NDArray) => NDArray;

describe.each(dtypes)("sort and argsort of %s", (dtype) => {
  const check = (x: Plain, axis: number, descending: boolean): void => {
    const v = toNumpy(x, dtype),
      stored: Plain = { shape: x.shape, data: numbersOf(v) };
    const order = (row: readonly number[]): readonly number[] => orderOf([row], descending);
    const indices = np.argsort(v, axis, { descending });
    expect(indices.dtype).toBe("int32");
    same(indices, mapRows(stored, axis, order));
    const y = np.sort(v, axis, { descending });
    expect(y.dtype).toBe(dtype);
    same(
      y,
      mapRows(stored, axis, (row) => pick(order(row), row)),
    );
  };
  it("along every axis of small arrays", () => {
    const arrays = shapes(extent).chain((s) => plainWith(s, elementsOf[dtype]));
    fc.assert(
      fc.property(arrays, fc.boolean(), (x, descending) => {
        for (const axis of anyAxis(x)) check(x, axis, descending);
      }),
      { numRuns: 15 },
    );
  });
  it.each([31, 32, 33, 257])("rows of %i", (n) => {
    const arrays = fc.constantFrom([n], [2, n], [n, 3]).chain((s) => plainWith(s, elementsOf[dtype]));
    fc.assert(
      fc.property(arrays, fc.boolean(), (x, descending) => check(x, x.shape.indexOf(n), descending)),
      { numRuns: 6 },
    );
  });
});

describe("sort", () => {
  it("NaN of either sign is last, whatever its bits", () => {
    const bits = Uint32Array.from([0xffc00000, 0x7f800000, 0x7fc00001, 0xff800000, 0xffffffff, 0x80000000, 0]);
    const x = np.array(new Float32Array(bits.buffer));
    for (const pad of [0, 40]) {
      const y = np.concatenate([x, np.full(pad, 7, { dtype: "float32" })]);
      const order = np.argsort(y).js() as number[];
      expect(order.slice(0, 3)).toEqual([3, 5, 6]);
      expect(order.slice(-4)).toEqual([1, 0, 2, 4]);
    }
  });
  it("null is the flat array, negative axes count from the end, methods are functions", () => {
    const x = np.array([3, 1, 2, 0]).reshape(2, 2);
    expect(np.sort(x, null).js()).toEqual([0, 1, 2, 3]);
    expect(x.argsort({ axis: null, descending: true }).js()).toEqual([0, 2, 1, 3]);
    expect(x.sort(-2).js()).toEqual(np.sort(x, { axis: 0 }).js());
    expect(() => np.sort(x, 2)).toThrow(ShapeError);
    expect(() => np.sort(5)).toThrow(ShapeError);
  });
  it("is the same eager, jitted and mapped", () => {
    const batches = fc.tuple(positive, fc.constantFrom(1, 5, 33)).chain((s) => plainWith(s, elementsOf.float32));
    fc.assert(
      fc.property(batches, fc.boolean(), (x, descending) => {
        const v = toNumpy(x);
        for (const f of [np.sort, np.argsort]) {
          const g: Unary = (a) => f(a, -1, { descending }),
            want = { shape: x.shape, data: numbersOf(g(v)) };
          for (const h of [jit(g), vmap(g), jit(vmap(g))]) same(h(v), want);
          same(vmap(g, { inAxes: 1, outAxes: 1 })(v.T).T, want);
        }
      }),
      { numRuns: 10 },
    );
  });
});

describe("several keys", () => {
  const columns = fc.tuple(fc.constantFrom(1, 2, 3), fc.constantFrom(0, 1, 5, 40)).chain(([k, n]) =>
    fc.array(
      plainWith(
        [n],
        elementsOf.uint8.map((x) => x % 3),
      ),
      { minLength: k, maxLength: k },
    ),
  );
  it("lexsort goes by the last key first", () => {
    fc.assert(
      fc.property(columns, (keys) => {
        const want = { shape: keys[0]?.shape ?? [], data: orderOf(keys.map((k) => k.data).reverse()) };
        const arrays = keys.map((k, i) => toNumpy(k, i === 1 ? "int32" : "float32"));
        same(np.lexsort(arrays), want);
        same(np.lexsort(np.stack(arrays.map((a) => a.astype("float32")))), want);
      }),
      { numRuns: 20 },
    );
    expect(np.lexsort([[[2, 1]], [[1, 1]]], 1).js()).toEqual([[1, 0]]);
    expect(() => np.lexsort([])).toThrow(ArgumentError);
    expect(() => np.lexsort([np.ones(3), np.ones(2)])).toThrow(ShapeError);
  });
  it("lax.sort goes by the first numKeys operands and moves all of them", () => {
    fc.assert(
      fc.property(columns, fc.nat(2), (keys, more) => {
        const numKeys = 1 + (more % keys.length),
          order = orderOf(keys.slice(0, numKeys).map((k) => k.data));
        const n = keys[0]?.shape[0] as number,
          place = np.arange(n, { dtype: "int32" });
        const out = lax.sort([...keys.map((k) => toNumpy(k, "uint8")), place], { numKeys });
        for (const [i, k] of keys.entries()) same(out[i] as NDArray, { shape: [n], data: pick(order, k.data) });
        same(out.at(-1) as NDArray, { shape: [n], data: order });
      }),
      { numRuns: 20 },
    );
    expect(lax.sort([3, 1, 2]).js()).toEqual([1, 2, 3]);
    expect(() => lax.sort([np.ones(2), np.ones(3)])).toThrow(ShapeError);
    expect(() => lax.sort([np.ones(2)], 0, { numKeys: 2 })).toThrow(ArgumentError);
    expect(lax.sortKeyVal([2, 1], [true, false]).map((v) => v.js())).toEqual([
      [1, 2],
      [false, true],
    ]);
  });
});

describe("partition", () => {
  it("puts the k-th element in its place, with none larger before it and none smaller behind it", () => {
    const rows = fc.constantFrom(1, 5, 40).chain((n) => fc.tuple(plainWith([n], elementsOf.float64), fc.nat(n - 1)));
    fc.assert(
      fc.property(rows, fc.boolean(), ([x, k], fromEnd) => {
        const v = toNumpy(x, "float64"),
          kth = fromEnd ? k - x.data.length : k,
          y = numbersOf(np.partition(v, kth)),
          middle = y[k] as number;
        expect(compare(middle, sorted(x.data)[k] as number)).toBe(0);
        for (const [i, e] of y.entries()) expect(Math.sign(i - k) * compare(e, middle)).toBeGreaterThanOrEqual(0);
        expect(pick(numbersOf(np.argpartition(v, kth)), x.data)).toEqual(y);
      }),
      { numRuns: 20 },
    );
    expect(() => np.partition([1, 2], 2)).toThrow(ArgumentError);
    expect(() => np.argpartition([], 0)).toThrow(ArgumentError);
  });
});

describe("topK", () => {
  it("are the first of the descending order: of equal elements those with the lower index, NaN first", () => {
    const arrays = fc.constantFrom([5], [3, 40], [2, 0]).chain((s) => plainWith(s, elementsOf.float32));
    fc.assert(
      fc.property(arrays, fc.nat(5), (x, some) => {
        const axis = x.shape.length - 1,
          k = Math.min(some, x.shape[axis] as number),
          v = toNumpy(x);
        for (const [f, descending] of [
          [lax.topK, true],
          [lax.approxMaxK, true],
          [lax.approxMinK, false],
        ] as const) {
          const [values, indices] = jit((a: NDArray) => f(a, k))(v);
          const best = (row: readonly number[]): readonly number[] => orderOf([row], descending).slice(0, k);
          same(indices, mapRows(x, axis, best, k));
          same(
            values,
            mapRows(x, axis, (row) => pick(best(row), row), k),
          );
        }
      }),
      { numRuns: 15 },
    );
    expect(
      lax
        .topK(
          [
            [1, 2],
            [4, 3],
          ],
          1,
          { axis: 0 },
        )
        .map((v) => v.js()),
    ).toEqual([[[4, 3]], [[1, 1]]]);
    expect(() => lax.topK([1, 2], 3)).toThrow(ArgumentError);
  });
});

/** Quantiles of a sorted list, by the definition. */
const methods = {
  linear: (lo: number, hi: number, t: number): number => (t === 0 ? lo : (1 - t) * lo + t * hi),
  lower: (lo: number): number => lo,
  higher: (_lo: number, hi: number): number => hi,
  midpoint: (lo: number, hi: number): number => lo / 2 + hi / 2,
  nearest: (lo: number, hi: number, t: number): number => (t <= 0.5 ? lo : hi),
} as const;
type Method = keyof typeof methods;
const quantileOf = (xs: readonly number[], q: number, method: Method, skipsNaN: boolean): number => {
  const known = xs.filter((x) => !Number.isNaN(x));
  if (known.length === 0 || (!skipsNaN && known.length < xs.length)) return Number.NaN;
  const ys = sorted(known),
    place = q * (ys.length - 1),
    low = Math.floor(place);
  return methods[method](ys[low] as number, ys[Math.ceil(place)] as number, place - low);
};

describe("quantiles", () => {
  const element = fc.oneof(
    { weight: 9, arbitrary: fc.integer({ min: -16, max: 16 }).map((n) => n / 8) },
    { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY) },
  );
  const subject = fc.record({
    x: shapes(extent).chain((s) => plainWith(s, element)),
    method: fc.constantFrom(...(Object.keys(methods) as Method[])),
    eighths: fc.array(fc.integer({ min: 0, max: 8 }), { minLength: 0, maxLength: 3 }),
    mask: fc.nat(7),
    keepdims: fc.boolean(),
    skipsNaN: fc.boolean(),
  });
  it("are what the definition says, over any axes, for any number of fractions", () => {
    fc.assert(
      fc.property(subject, ({ x, method, eighths, mask, keepdims, skipsNaN }) => {
        const axes = anyAxis(x).filter((a) => (mask >> a) % 2 === 1),
          others = anyAxis(x).filter((a) => !axes.includes(a)),
          lead = others.map((a) => x.shape[a] as number);
        const rows = indicesOf(lead).map((at) =>
          indicesOf(axes.map((a) => x.shape[a] as number)).map((inner) =>
            read(
              x,
              anyAxis(x).map((a) => (axes.includes(a) ? inner[axes.indexOf(a)] : at[others.indexOf(a)]) as number),
            ),
          ),
        );
        const q = eighths.map((n) => n / 8),
          want = q.flatMap((f) => rows.map((row) => quantileOf(row, f, method, skipsNaN)));
        const kept = keepdims ? x.shape.map((d, a) => (axes.includes(a) ? 1 : d)) : lead,
          v = toNumpy(x);
        const options = { method, keepdims };
        const [quantile, percentile] = skipsNaN ? [np.nanquantile, np.nanpercentile] : [np.quantile, np.percentile];
        const hundred = eighths.map((n) => n * 12.5);
        for (const y of [
          quantile(v, q, axes, options),
          percentile(v, hundred, { axis: axes.map((a) => a - x.shape.length), ...options }),
          jit((a: NDArray, f: NDArray) => quantile(a, f, axes, options))(v, np.array(q, { dtype: "float64" })),
        ]) {
          expect([y.shape, y.dtype]).toEqual([[q.length, ...kept], "float32"]);
          near(numbersOf(y), want);
        }
      }),
      { numRuns: 25 },
    );
  });
  it("the median is the quantile at 1/2", () => {
    const arrays = shapes(positive).chain((s) => plainWith(s, element));
    fc.assert(
      fc.property(arrays, (x) => {
        const v = toNumpy(x, "float64");
        near(numbersOf(np.median(v)), [quantileOf(x.data, 0.5, "linear", false)], 1e-12);
        near(numbersOf(np.nanmedian(v)), [quantileOf(x.data, 0.5, "linear", true)], 1e-12);
        const rows = mapRows(x, 0, (row) => [quantileOf(row, 0.5, "linear", true)], 1);
        same(np.nanmedian(v, 0, { keepdims: true }), rows);
      }),
      { numRuns: 20 },
    );
    expect(
      np
        .median(
          [1, 2, 3, 4].map((n) => n * 2),
          { axis: 0 },
        )
        .item(),
    ).toBe(5);
    expect(np.median(np.array([1, 2], { dtype: "int32" })).item()).toBe(1.5);
    expect(np.median([true, false, true]).item()).toBe(1);
  });
  it("places are exact where double precision is", () => {
    const x = np.arange(101);
    for (let n = 0; n <= 100; n++) expect(np.percentile(x, n, { method: "lower" }).item()).toBe(n);
  });
  it("refuse numbers out of range and unknown methods; traced fractions out of range are the nearest", () => {
    expect(() => np.quantile([1, 2], 50)).toThrow(ArgumentError);
    expect(() => np.percentile([1, 2], [3, -1])).toThrow(ArgumentError);
    expect(() => np.quantile([1, 2], Number.NaN)).toThrow(ArgumentError);
    expect(() => np.quantile([1, 2], 0.5, { method: "cubic" as "linear" })).toThrow(ArgumentError);
    expect(jit((q: NDArray) => np.quantile([1, 2], q))(np.array([-1, 7])).js()).toEqual([1, 2]);
  });
});

describe("derivatives", () => {
  /** Distinct elements, so that all of these are differentiable. */
  const distinct = fc.constantFrom([1], [5], [3, 5], [2, 33]).chain((s) =>
    fc
      .shuffledSubarray(
        Array.from({ length: sizeOf(s) }, (_, i) => i / 4 - 3),
        { minLength: sizeOf(s) },
      )
      .map((data): Plain => ({ shape: s, data })),
  );
  const functions: Readonly<Record<string, Unary>> = {
    sort: (x) => np.sort(x),
    "descending sort along axis 0": (x) => np.sort(x, 0, { descending: true }),
    "sort by another key": (x) => lax.sortKeyVal(np.sin(x), x)[1],
    topK: (x) => lax.topK(x, 1)[0],
    quantile: (x) => np.quantile(x, [0.1, 0.5, 0.9], -1),
    "nanquantile by midpoint": (x) => np.nanquantile(x, 0.3, { method: "midpoint" }),
    median: (x) => np.median(x, 0),
    unique: (x) => np.unique(x, { size: 7 }),
    "unique slices": (x) => np.unique(x, { axis: -1, size: 2 }),
    setdiff1d: (x) => np.setdiff1d(x, [0, 1], { size: 4 }),
  };
  const inner = (a: NDArray, b: NDArray): number => np.sum(np.multiply(a, b)).item() as number;
  const noise = (shape: readonly number[], seed: number): NDArray =>
    np.sin(np.arange(sizeOf(shape), { dtype: "float64" }).mul(12.9898).add(seed)).reshape([...shape]);
  it.each(Object.entries(functions))("%s: differences, and vjp is adjoint to jvp, eager and jitted", (_name, f) => {
    fc.assert(
      fc.property(distinct, fc.nat(99), (x, seed) => {
        const v = toNumpy(x, "float64"),
          t = noise(x.shape, seed);
        for (const g of [f, jit(f)]) {
          const [y, dy] = jvp(g, [v], [t]),
            h = 2 ** -20;
          near(numbersOf(dy), numbersOf(np.subtract(f(v.add(t.mul(h))), f(v.sub(t.mul(h)))).div(2 * h)), 1e-7);
          const ct = noise(y.shape, seed + 1),
            [, pullback] = vjp(g, [v]);
          near([inner(pullback(ct)[0], t)], [inner(ct, dy)], 1e-12);
        }
      }),
      { numRuns: 4 },
    );
  });
  it("the gradient of a sorted vector goes to where the elements came from", () => {
    const w = np.array([1, 10, 100]);
    const f = (x: NDArray): NDArray => np.sort(x).mul(w).sum();
    expect(
      vmap(grad(f))(
        np.array([
          [2, 3, 1],
          [5, 5, 4],
        ]),
      ).js(),
    ).toEqual([
      [10, 100, 1],
      [10, 100, 1],
    ]);
    expect(grad((q: NDArray) => np.quantile([2, 3, 1], q))(np.array(0.3)).item()).toBe(2);
    expect(numbersOf(grad((x: NDArray) => np.median(x))(np.array([7, 1, 5, 3])))).toEqual([0, 0, 0.5, 0.5]);
  });
});
