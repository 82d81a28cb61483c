// lax: what its operands may be, and its windows, convolutions, slices and reductions against plain loops.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { grad, jit, lax, type NDArray, np, vmap } from "../src/index.ts";
import type { ConvDimensionNumbers } from "../src/numpy/lax/convolution.ts";
import { build, indicesOf, type Plain, read, sizeOf, toNumpy, toPlain, unsigned } from "./numpy-oracle.ts";

const numbers = (shape: readonly number[], seed = 1): Plain => ({
  shape,
  data: Array.from({ length: sizeOf(shape) }, (_, i) => ((i * 5 + seed * 3) % 7) - 3),
});
const same = (got: NDArray, wanted: Plain): void => {
  expect(unsigned(toPlain(got))).toEqual(unsigned(wanted));
};
const i32 = (...xs: readonly number[]): NDArray => np.array(Int32Array.from(xs));

describe("operands", () => {
  const x = np.array([1, 2, 3]);
  it("numbers take the dtype of the array, scalars its shape", () => {
    expect(lax.add(i32(1, 2), 1).dtype).toBe("int32");
    expect(lax.add(2, i32(1, 2)).js()).toEqual([3, 4]);
    expect(lax.mul(x, np.array(2)).js()).toEqual([2, 4, 6]);
    expect(lax.add(np.array(Float64Array.of(0.1)), 0.2).js()).toEqual([0.1 + 0.2]);
    expect(lax.clamp(np.array(2), x, 2.5).js()).toEqual([2, 2, 2.5]);
    expect(lax.select(np.array(true), x, lax.neg(x)).js()).toEqual([1, 2, 3]);
  });
  it.each([
    ["arrays of several dtypes", () => lax.add(x, i32(1, 2, 3)), /equal dtype/],
    ["arrays of several shapes", () => lax.add(x, np.array([1, 2])), /equal shape/],
    ["arrays that would broadcast", () => lax.add(x, np.ones([1])), /equal shape/],
    ["a fraction among integers", () => lax.mul(i32(1, 2), 0.5), /int32/],
    ["a sine of integers", () => lax.sin(i32(1)), /float32/],
    ["a predicate of numbers", () => lax.select(x, x, x), /bool/],
    ["a transposition of some axes", () => lax.transpose(np.ones([2, 3]), [0]), /permutation/],
    ["a matrix product of cubes", () => lax.dot(np.ones([1, 1, 1]), x), /dotGeneral/],
    ["a traced start of a fraction", () => lax.dynamicSlice(x, [np.array(1.5)], [1]), /integer dtype/],
    ["too few starts", () => lax.dynamicSlice(np.ones([2, 2]), [0], [1, 1]), /2 starts/],
  ] as const)("refuse %s", (_name, f, message) => {
    expect(f).toThrow(message);
  });
});

describe("reducePrecision", () => {
  it("rounds as bfloat16 and float16 do, and passes the gradient", () => {
    const bf = (x: number): number => lax.reducePrecision(x, 8, 7).item() as number;
    expect([1, 1.00390625, 1.01171875, 3.4e38, -2.5, Number.NaN, Number.NEGATIVE_INFINITY].map(bf)).toEqual([
      1,
      1,
      1.015625,
      Number.POSITIVE_INFINITY,
      -2.5,
      Number.NaN,
      Number.NEGATIVE_INFINITY,
    ]);
    const half = (x: number): number => lax.reducePrecision(x, 5, 10).item() as number;
    expect([65504, 65519, 65520, 2 ** -14, 2 ** -15, 1 + 2 ** -11, 1 + 3 * 2 ** -11].map(half)).toEqual([
      65504,
      65504,
      Number.POSITIVE_INFINITY,
      2 ** -14,
      0,
      1,
      1 + 2 ** -9,
    ]);
    expect(grad((x: NDArray) => np.sum(np.square(lax.reducePrecision(x, 5, 10))))(np.array([1.5])).js()).toEqual([3]);
  });
});

describe("slices", () => {
  it("dynamic ones count negative starts from the end and move to where they fit, eager, jitted, batched", () => {
    fc.assert(
      fc.property(fc.constantFrom(1, 2, 3, 5), fc.integer({ min: -9, max: 9 }), fc.nat(4), (n, start, k) => {
        const size = Math.min(k, n),
          x = numbers([n, 2]);
        const at = Math.min(Math.max(start < 0 ? start + n : start, 0), n - size),
          wanted = build([size, 2], ([i, j]) => read(x, [at + (i as number), j as number]));
        const f = (v: NDArray, s: NDArray): NDArray => lax.dynamicSliceInDim(v, s, size);
        const s = np.array(start, { dtype: "int32" });
        same(f(toNumpy(x), s), wanted);
        same(jit(f)(toNumpy(x), s), wanted);
        same(vmap(f, [null, 0])(toNumpy(x), np.stack([s, s])).slice(1), wanted);
        const patch = numbers([size, 2], 4),
          g = (v: NDArray, u: NDArray, t: NDArray): NDArray => lax.dynamicUpdateSliceInDim(v, u, t, 0);
        const written = build([n, 2], ([i, j]) =>
          (i as number) >= at && (i as number) < at + size
            ? read(patch, [(i as number) - at, j as number])
            : read(x, [i as number, j as number]),
        );
        same(g(toNumpy(x), toNumpy(patch), s), written);
        same(jit(g)(toNumpy(x), toNumpy(patch), s), written);
      }),
      { numRuns: 20 },
    );
  });
  it("broadcastInDim puts axes where it is told", () => {
    const x = numbers([2, 1]);
    same(
      lax.broadcastInDim(toNumpy(x), [3, 2, 4], [1, 2]),
      build([3, 2, 4], ([, i]) => read(x, [i as number, 0])),
    );
    expect(() => lax.broadcastInDim(toNumpy(x), [2, 2], [1, 0])).toThrow(/ascending/);
  });
});

describe("reductions", () => {
  it("by any associative function, of one array or of several together", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(1, 2, 3, 5), { minLength: 1, maxLength: 3 }), fc.nat(2), (shape, d) => {
        const axis = d % shape.length,
          x = numbers(shape),
          array = toNumpy(x);
        const own = (a: NDArray, b: NDArray): NDArray => np.add(a, b);
        for (const f of [lax.add, own]) same(lax.reduce(array, 0, f, [axis]), toPlain(np.sum(array, axis)));
        const [most, where] = lax.reduce(
          [array, lax.broadcastedIota("int32", shape, axis)],
          [Number.NEGATIVE_INFINITY, 0],
          ([a, i], [b, j]) => {
            const wins = np.greaterEqual(a as NDArray, b as NDArray);
            return [np.where(wins, a as NDArray, b as NDArray), np.where(wins, i as NDArray, j as NDArray)];
          },
          [axis],
        ) as readonly [NDArray, NDArray];
        same(most, toPlain(np.max(array, axis)));
        expect(where.dtype).toBe("int32");
        same(np.max(np.takeAlongAxis(array, np.expandDims(where, axis), axis), axis), toPlain(most));
      }),
      { numRuns: 20 },
    );
  });
  it("of nothing are the initial value", () => {
    const none = np.ones([0, 2]);
    expect(lax.reduce(none, 7, (a, b) => np.add(a, b), [0]).js()).toEqual([7, 7]);
    expect(lax.reduceMax(none, [0]).js()).toEqual([Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]);
  });
});

/** Positions that a window of one axis sees, for each place of the result. */
const seen = (
  n: number,
  k: number,
  stride: number,
  [lo, hi]: readonly [number, number],
  base: number,
  hole: number,
) => {
  const extent = (n === 0 ? 0 : (n - 1) * base + 1) + lo + hi,
    room = extent - ((k - 1) * hole + 1);
  return Array.from({ length: room < 0 ? 0 : Math.floor(room / stride) + 1 }, (_, t) =>
    Array.from({ length: k }, (_k, i) => {
      const p = t * stride + i * hole - lo;
      return p % base === 0 && p >= 0 && p / base < n ? p / base : -1;
    }),
  );
};
const axisOf = fc.record({
  n: fc.constantFrom(1, 2, 3, 5),
  k: fc.constantFrom(1, 2, 3),
  stride: fc.constantFrom(1, 2),
  pad: fc.tuple(fc.nat(2), fc.nat(2)),
  base: fc.constantFrom(1, 2),
  hole: fc.constantFrom(1, 2),
});

describe("windows", () => {
  type Kind = readonly [f: (a: NDArray, b: NDArray) => NDArray, init: number, g: (a: number, b: number) => number];
  const kinds: readonly Kind[] = [
    [lax.add, 0, (a: number, b: number) => a + b],
    [lax.max, Number.NEGATIVE_INFINITY, Math.max],
    [lax.min, Number.POSITIVE_INFINITY, Math.min],
    [(a: NDArray, b: NDArray) => np.multiply(a, b), 1, (a: number, b: number) => a * b],
  ];
  it("are reduced like nested loops would", () => {
    fc.assert(
      fc.property(fc.tuple(axisOf, axisOf), fc.constantFrom(...kinds), (axes, [f, init, g]) => {
        const x = numbers(axes.map((a) => a.n)),
          places = axes.map((a) => seen(a.n, a.k, a.stride, a.pad, a.base, a.hole));
        const at = (d: number, place: number): readonly number[] => (places[d] as number[][])[place] as number[];
        const wanted = build(
          places.map((p) => p.length),
          ([s, t]) =>
            at(0, s as number)
              .flatMap((i) => at(1, t as number).map((j) => (i < 0 || j < 0 ? init : read(x, [i, j]))))
              .reduce((a, b) => g(a, b)),
        );
        const run = (v: NDArray): NDArray =>
          lax.reduceWindow(
            v,
            init,
            f,
            axes.map((a) => a.k),
            axes.map((a) => a.stride),
            axes.map((a) => a.pad),
            { baseDilation: axes.map((a) => a.base), windowDilation: axes.map((a) => a.hole) },
          );
        same(run(toNumpy(x)), wanted);
      }),
      { numRuns: 40 },
    );
  });
  it("count a value that is no identity once", () => {
    expect(lax.reduceWindow([1, 2, 3], 10, lax.add, [2]).js()).toEqual([13, 15]);
  });
  it("of sums give every element the cotangents of the windows that see it", () => {
    const total = (v: NDArray): NDArray => np.sum(lax.reduceWindow(v, 0, lax.add, [2, 2], [1, 1], "VALID"));
    expect(grad(total)(np.ones([3, 3])).js()).toEqual([
      [1, 2, 1],
      [2, 4, 2],
      [1, 2, 1],
    ]);
  });
});

describe("convolutions", () => {
  const layouts: readonly ConvDimensionNumbers[] = [
    ["NCHW", "OIHW", "NCHW"],
    ["NHWC", "HWIO", "NHWC"],
  ];
  const laid = (x: Plain, from: string, to: string): NDArray =>
    lax.transpose(
      toNumpy(x),
      [...to].map((c) => from.indexOf(c)),
    );
  it("transposed with a transposed kernel is the transpose of the convolution", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(1, 2, 3),
        fc.constantFrom(1, 2, 3),
        fc.constantFrom(2, 3, 4),
        fc.constantFrom("SAME", "VALID"),
        (s, k, n, padding) => {
          // n places of the small side; the big side is what the padding gives for them.
          const big = padding === "SAME" ? n * s : n * s + Math.max(k - s, 0),
            [x, w, ct] = [numbers([1, big, 2]), numbers([k, 2, 3], 2), numbers([1, n, 3], 4)];
          const numbersOf = ["NWC", "WIO", "NWC"] as const;
          const loss = (v: NDArray): NDArray =>
            np.sum(
              np.multiply(
                lax.convGeneralDilated(v, toNumpy(w), [s], padding, { dimensionNumbers: numbersOf }),
                toNumpy(ct),
              ),
            );
          const back = lax.convTranspose(toNumpy(ct), toNumpy(w), [s], padding, {
            transposeKernel: true,
            dimensionNumbers: numbersOf,
          });
          same(back, toPlain(grad(loss)(toNumpy(x))));
        },
      ),
      { numRuns: 20 },
    );
  });
  it("see patches, from which any convolution is a product, in every layout", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...layouts),
        fc.constantFrom(1, 2),
        fc.constantFrom("SAME", "VALID"),
        (layout, s, padding) => {
          const [x, w] = [numbers([2, 3, 4, 5]), numbers([2, 3, 3, 2], 2)],
            v = laid(x, "NCHW", layout[0]),
            options = { dimensionNumbers: layout };
          const patches = lax.convGeneralDilatedPatches(v, [3, 2], [s, s], padding, options),
            [n, c, h, wd] = [..."NCHW"].map((l) => layout[2].indexOf(l)) as [number, number, number, number];
          const canonical = lax.transpose(patches, [n, c, h, wd]),
            product = np.einsum("ncij,oc->noij", canonical, np.reshape(toNumpy(w), [2, 18]));
          same(product, toPlain(lax.convGeneralDilated(toNumpy(x), toNumpy(w), [s, s], padding)));
          const [rows, cols] = canonical.shape.slice(2) as [number, number],
            own = np.broadcastTo(np.reshape(toNumpy(w), [2, 18, 1, 1]), [2, 18, rows, cols]);
          const local = lax.convGeneralDilatedLocal(
            v,
            lax.transpose(
              own,
              [...layout[1]].map((l) => "OIHW".indexOf(l)),
            ),
            [s, s],
            padding,
            [3, 2],
            options,
          );
          same(lax.transpose(local, [n, c, h, wd]), toPlain(product));
        },
      ),
      { numRuns: 8 },
    );
  });
});

describe("take, put and search, which np builds on gather and scatter", () => {
  it("take reads along any axis, fills what does not exist, and clips or wraps if told so", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(1, 2, 3),
        fc.array(fc.integer({ min: -6, max: 6 }), { maxLength: 4 }),
        fc.constantFrom(0, 1, -1),
        fc.constantFrom("fill", "clip", "wrap"),
        (n, at, axis, mode) => {
          const shape = axis === 0 ? [n, 2] : [2, n],
            x = numbers(shape);
          const place = (i: number): number | null => {
            if (mode === "wrap") return ((i % n) + n) % n;
            if (mode === "clip") return Math.min(Math.max(i, 0), n - 1);
            return i >= -n && i < n ? (i + n) % n : null;
          };
          const wanted = build(axis === 0 ? [at.length, 2] : [2, at.length], ([i, j]) => {
            const p = place(at[(axis === 0 ? i : j) as number] as number);
            return p === null ? -9 : read(x, axis === 0 ? [p, j as number] : [i as number, p]);
          });
          const f = (v: NDArray, k: NDArray): NDArray => np.take(v, k, axis, { mode, fillValue: -9 });
          same(f(toNumpy(x), i32(...at)), wanted);
          same(jit(f)(toNumpy(x), i32(...at)), wanted);
        },
      ),
      { numRuns: 20 },
    );
  });
  it("takeAlongAxis and putAlongAxis undo each other at distinct positions", () => {
    const x = toNumpy(numbers([3, 4])),
      at = np
        .array([
          [1, 3],
          [0, 2],
          [3, 1],
        ])
        .astype("int32");
    const taken = np.takeAlongAxis(x, at, 1);
    same(
      taken,
      build([3, 2], ([i, j]) => read(toPlain(x), [i as number, read(toPlain(at), [i as number, j as number])])),
    );
    same(np.putAlongAxis(np.putAlongAxis(x, at, 0, 1), at, taken, 1), toPlain(x));
    expect(vmap((v: NDArray, k: NDArray) => np.takeAlongAxis(v, k, 0))(x, at).js()).toEqual(taken.js());
  });
  it("searchsorted is the count of smaller elements, NaN the largest of all", () => {
    const value = fc.constantFrom(-1, 0, 0.5, 1, 2, Number.NaN);
    const order = (a: number, b: number): number => (Number.isNaN(a) ? 9 : a) - (Number.isNaN(b) ? 9 : b);
    fc.assert(
      fc.property(fc.array(value, { maxLength: 6 }), value, (list, v) => {
        const sorted = [...list].sort(order),
          a = np.array(Float64Array.from(sorted));
        expect(np.searchsorted(a, v).item()).toBe(sorted.filter((s) => order(s, v) < 0).length);
        expect(np.searchsorted(a, v, { side: "right" }).item()).toBe(sorted.filter((s) => order(s, v) <= 0).length);
      }),
      { numRuns: 20 },
    );
  });
  it("histogram counts every element of the range once, its last bin closed", () => {
    const [counts, edges] = np.histogram([0, 0.5, 1, 2, 2, 3], 3);
    expect(edges.js()).toEqual([0, 1, 2, 3]);
    expect(counts.js()).toEqual([2, 1, 3]);
    expect(np.histogram([-1, 5, 1], [0, 1, 2])[0].js()).toEqual([0, 1]);
    expect(np.histogram([3, 3], 2)[1].js()).toEqual([2.5, 3, 3.5]);
    expect(np.digitize([0, 1, 2, 3], [3, 2, 1]).js()).toEqual([3, 2, 1, 0]);
  });
  it("compress and extract take a size under jit, and fill what lacks", () => {
    const x = np.array([1, 2, 3, 4]);
    for (const size of [0, 1, 2, 3, 5]) {
      const f = (v: NDArray): NDArray => np.extract(np.greater(v, 2), v, { size, fillValue: -1 });
      const wanted = [3, 4, -1, -1, -1].slice(0, size);
      expect(f(x).js()).toEqual(wanted);
      expect(jit(f)(x).js()).toEqual(wanted);
    }
    expect(np.compress([true, false], x).js()).toEqual([1]);
    expect(() => jit((v: NDArray) => np.extract(np.greater(v, 2), v))(x)).toThrow(/mask/);
  });
  it("ix opens a mesh, ravelMultiIndex numbers it", () => {
    const x = toNumpy(numbers([3, 4]));
    const mesh = np.ix([2, 0], [1, 3]);
    same(
      x.slice(...mesh),
      build([2, 2], ([i, j]) => read(toPlain(x), [[2, 0][i as number] as number, [1, 3][j as number] as number])),
    );
    const flat = np.ravelMultiIndex(mesh, [3, 4]);
    same(np.take(x, flat), toPlain(x.slice(...mesh)));
    expect(indicesOf([3, 4])[(flat.js() as number[][])[0]?.[1] as number]).toEqual([2, 3]);
  });
});
