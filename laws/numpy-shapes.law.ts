// Functions of np that move elements, against plain loops on random shapes.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ArgumentError, np, ShapeError } from "../src/index.ts";
import { build, type Plain, plainOf, positive, read, same, shapeOf, sizeOf, toNumpy } from "./numpy-oracle.ts";

const array = plainOf(shapeOf());
const filled = plainOf(shapeOf(positive, 1));
const runs = { numRuns: 40 };
const axisOf = (x: Plain): fc.Arbitrary<number> => fc.integer({ min: -x.shape.length, max: x.shape.length - 1 });
const withAxis = (arbitrary: fc.Arbitrary<Plain>): fc.Arbitrary<readonly [Plain, number]> =>
  arbitrary.filter((x) => x.shape.length > 0).chain((x) => axisOf(x).map((axis) => [x, axis] as const));
const from = (axis: number, x: Plain): number => (axis < 0 ? axis + x.shape.length : axis);
/** `f` of the index along one axis. */
const along = (x: Plain, axis: number, extent: number, f: (i: number) => number): Plain =>
  build(
    x.shape.map((d, k) => (k === axis ? extent : d)),
    (at) => read(x, at.with(axis, f(at[axis] as number))),
  );

describe("order of axes", () => {
  it("transpose", () => {
    fc.assert(
      fc.property(
        array.chain((x) =>
          fc
            .shuffledSubarray(
              x.shape.map((_, i) => i),
              { minLength: x.shape.length },
            )
            .map((p) => [x, p] as const),
        ),
        ([x, order]) => {
          const shape = order.map((p) => x.shape[p] as number);
          const want = build(shape, (at) =>
            read(
              x,
              order.map((_, i) => at[order.indexOf(i)] as number),
            ),
          );
          same(np.transpose(toNumpy(x), order), want);
          same(
            np.transpose(
              toNumpy(x),
              order.map((p) => p - x.shape.length),
            ),
            want,
          );
          same(
            np.moveaxis(
              toNumpy(x),
              order,
              order.map((_, i) => i),
            ),
            want,
          );
        },
      ),
      runs,
    );
  });
  it("T reverses, swapaxes swaps, moveaxis moves one", () => {
    fc.assert(
      fc.property(array, (x) => {
        same(
          toNumpy(x).T,
          build([...x.shape].reverse(), (at) => read(x, [...at].reverse())),
        );
      }),
      runs,
    );
    fc.assert(
      fc.property(
        withAxis(array).chain(([x, a]) => axisOf(x).map((b) => [x, a, b] as const)),
        ([x, a, b]) => {
          const i = from(a, x),
            j = from(b, x),
            swap = <T>(xs: readonly T[]): readonly T[] => xs.with(i, xs[j] as T).with(j, xs[i] as T);
          same(
            np.swapaxes(toNumpy(x), a, b),
            build(swap(x.shape), (at) => read(x, swap(at))),
          );
          const move = <T>(xs: readonly T[], to: number, out: number): readonly T[] =>
            xs.toSpliced(out, 1).toSpliced(to, 0, xs[out] as T);
          same(
            np.moveaxis(toNumpy(x), a, b),
            build(move(x.shape, j, i), (at) => read(x, move(at, i, j))),
          );
        },
      ),
      runs,
    );
  });
});

describe("shape", () => {
  it("reshape keeps the order of elements, -1 stands for what is left", () => {
    fc.assert(
      fc.property(array, (x) => {
        const n = sizeOf(x.shape);
        same(np.reshape(toNumpy(x), [n]), { shape: [n], data: x.data });
        same(np.ravel(toNumpy(x)), { shape: [n], data: x.data });
        same(np.reshape(toNumpy(x), [1, ...x.shape, 1]), { shape: [1, ...x.shape, 1], data: x.data });
        if (n > 0) same(np.reshape(toNumpy(x), [1, -1]), { shape: [1, n], data: x.data });
        same(toNumpy(x).reshape(...x.shape), x);
      }),
      runs,
    );
    expect(np.zeros([0, 3]).reshape(-1, 3).shape).toEqual([0, 3]);
    expect(np.zeros([2, 3]).reshape([3, -1]).shape).toEqual([3, 2]);
    for (const bad of [[-1, -1], [4, -1], [7], [-2, -3], [1.5, 4]] as const)
      expect(() => np.zeros([2, 3]).reshape([...bad])).toThrow(ShapeError);
  });
  it("order F runs through the first axis fastest", () => {
    fc.assert(
      fc.property(array, (x) => {
        const reversed = build([...x.shape].reverse(), (at) => read(x, [...at].reverse()));
        same(np.ravel(toNumpy(x), { order: "F" }), { shape: [x.data.length], data: reversed.data });
        same(np.reshape(np.ravel(toNumpy(x), { order: "F" }), x.shape, { order: "F" }), x);
      }),
      runs,
    );
  });
  it("expandDims and squeeze undo each other", () => {
    fc.assert(
      fc.property(array, fc.uniqueArray(fc.integer({ min: 0, max: 3 }), { maxLength: 2 }), (x, axes) => {
        const rank = x.shape.length + axes.length;
        if (axes.some((a) => a >= rank)) return;
        const y = np.expandDims(toNumpy(x), axes);
        expect(axes.every((a) => y.shape[a] === 1) && y.ndim === rank).toBe(true);
        same(np.squeeze(y, axes), x);
        same(np.squeeze(y), { shape: x.shape.filter((d) => d !== 1), data: x.data });
      }),
      runs,
    );
    expect(() => np.squeeze(np.zeros([2, 1]), 0)).toThrow(ShapeError);
    expect(() => np.expandDims(np.zeros([2]), 3)).toThrow(ShapeError);
    expect([np.atleast1d(1), np.atleast2d(1), np.atleast3d(1), np.atleast3d([[1, 2]])].map((v) => v.shape)).toEqual([
      [1],
      [1, 1],
      [1, 1, 1],
      [1, 2, 1],
    ]);
  });
});

describe("order of elements", () => {
  it("flip and roll", () => {
    fc.assert(
      fc.property(withAxis(array), fc.integer({ min: -7, max: 7 }), ([x, axis], by) => {
        const a = from(axis, x),
          n = x.shape[a] as number;
        same(
          np.flip(toNumpy(x), axis),
          along(x, a, n, (i) => n - 1 - i),
        );
        same(
          np.roll(toNumpy(x), by, axis),
          along(x, a, n, (i) => (((i - by) % n) + n) % n),
        );
        const flat = { shape: [x.data.length], data: x.data };
        const rolled = along(
          flat,
          0,
          x.data.length,
          (i) => (((i - by) % x.data.length) + x.data.length) % x.data.length,
        );
        same(np.roll(toNumpy(x), by), { shape: x.shape, data: rolled.data });
      }),
      runs,
    );
  });
  it("rot90 four times is nothing", () => {
    fc.assert(
      fc.property(plainOf(shapeOf(positive, 2)), fc.integer({ min: -5, max: 5 }), (x, k) => {
        const v = toNumpy(x);
        same(np.rot90(np.rot90(v, k), 4 - k), x);
        const [n, m, ...rest] = x.shape as [number, number];
        same(
          np.rot90(v),
          build([m, n, ...rest], ([i, j, ...at]) => read(x, [j as number, m - 1 - (i as number), ...at])),
        );
      }),
      runs,
    );
  });
  it("repeat and tile", () => {
    fc.assert(
      fc.property(withAxis(array), fc.integer({ min: 0, max: 3 }), ([x, axis], k) => {
        const a = from(axis, x),
          n = x.shape[a] as number;
        same(
          np.repeat(toNumpy(x), k, axis),
          along(x, a, n * k, (i) => Math.floor(i / k)),
        );
        same(
          np.tile(
            toNumpy(x),
            x.shape.map((_, i) => (i === a ? k : 1)),
          ),
          along(x, a, n * k, (i) => i % n),
        );
        const counts = Array.from({ length: n }, (_, i) => (i * 2) % 3),
          sources = counts.flatMap((c, i) => new Array<number>(c).fill(i));
        if (n > 0)
          same(
            np.repeat(toNumpy(x), counts, axis),
            along(x, a, sources.length, (i) => sources[i] as number),
          );
      }),
      runs,
    );
    expect(np.tile([1, 2], [2, 2]).js()).toEqual([
      [1, 2, 1, 2],
      [1, 2, 1, 2],
    ]);
    expect(() => np.repeat([1, 2, 3], [1, 2])).toThrow(ArgumentError);
  });
  it("diff, delete, insert", () => {
    fc.assert(
      fc.property(withAxis(filled), ([x, axis]) => {
        const a = from(axis, x),
          n = x.shape[a] as number,
          v = toNumpy(x);
        same(
          np.diff(v, 1, axis),
          build(x.shape.with(a, n - 1), (at) => read(x, at.with(a, (at[a] as number) + 1)) - read(x, at)),
        );
        const half = Math.floor(n / 2);
        same(
          np.delete(v, half, axis),
          along(x, a, n - 1, (i) => (i < half ? i : i + 1)),
        );
        const row = np.insert(v, half, 7, axis);
        same(np.delete(row, half, axis), x);
        expect(row.slice(...x.shape.map((_, i) => (i === a ? half : []))).js()).toEqual(
          np.full(x.shape.toSpliced(a, 1), 7).js(),
        );
      }),
      runs,
    );
    expect(np.insert([1, 2, 3], [0, 3], [8, 9]).js()).toEqual([8, 1, 2, 3, 9]);
    expect(np.diff([1, 4, 9, 16], 2).js()).toEqual([2, 2]);
    expect(np.diff([1, 2], 1, 0, { prepend: 0, append: [5] }).js()).toEqual([1, 1, 3]);
  });
});

describe("joining and splitting", () => {
  it("concatenate, stack, split and unstack undo each other", () => {
    fc.assert(
      fc.property(withAxis(array), fc.integer({ min: 1, max: 4 }), ([x, axis], parts) => {
        const a = from(axis, x),
          v = toNumpy(x);
        const pieces = np.arraySplit(v, parts, axis),
          n = x.shape[a] as number;
        expect(pieces.map((p) => p.shape[a])).toEqual(
          Array.from({ length: parts }, (_, i) => Math.floor(n / parts) + (i < n % parts ? 1 : 0)),
        );
        same(np.concatenate(pieces, axis), x);
        if (n > 0) same(np.stack(np.unstack(v, { axis }), axis), x);
        same(np.stack([v, v], 0), { shape: [2, ...x.shape], data: [...x.data, ...x.data] });
        if (n % parts === 0) same(np.concatenate(np.split(v, parts, axis), axis), x);
        else expect(() => np.split(v, parts, axis)).toThrow(ShapeError);
      }),
      runs,
    );
    expect(np.split(np.arange(5), [1, -1]).map((p) => p.js())).toEqual([[0], [1, 2, 3], [4]]);
    expect(np.split(np.arange(3), [2, 1, 9]).map((p) => p.js())).toEqual([[0, 1], [], [1, 2], []]);
  });
  it("vstack, hstack, dstack, columnStack", () => {
    expect(np.vstack([[1, 2], [[3, 4]]]).js()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(
      np
        .hstack([
          [[1], [2]],
          [[3], [4]],
        ])
        .js(),
    ).toEqual([
      [1, 3],
      [2, 4],
    ]);
    expect(np.dstack([np.zeros([2, 3]), np.zeros([2, 3])]).shape).toEqual([2, 3, 2]);
    expect(np.columnStack([[1, 2], np.zeros([2, 2])]).js()).toEqual([
      [1, 0, 0],
      [2, 0, 0],
    ]);
    expect(
      np
        .concatenate(
          np.array([
            [1, 2],
            [3, 4],
          ]),
        )
        .js(),
    ).toEqual([1, 2, 3, 4]);
    expect(np.concatenate([[[1]], [2]], null).js()).toEqual([1, 2]);
    expect(() => np.concatenate([[1], [[2]]])).toThrow(ShapeError);
    expect(() => np.stack([[1], [1, 2]])).toThrow(ShapeError);
    expect(() => np.concatenate([])).toThrow(ArgumentError);
  });
});

describe("axes", () => {
  const x = np.zeros([2, 3]);
  it("out of range or repeated ones are refused by every function", () => {
    for (const f of [
      (axis: number) => np.sum(x, axis),
      (axis: number) => np.flip(x, axis),
      (axis: number) => np.cumsum(x, axis),
      (axis: number) => np.argmax(x, axis),
      (axis: number) => np.squeeze(x, axis),
      (axis: number) => np.moveaxis(x, axis, 0),
      (axis: number) => np.concatenate([x, x], axis),
      (axis: number) => np.repeat(x, 2, axis),
    ])
      for (const axis of [2, -3, 0.5, Number.NaN]) expect(() => f(axis)).toThrow(ShapeError);
    expect(() => np.sum(x, [0, -2])).toThrow(/distinct axes, got \[0,-2\]/);
    expect(() => np.transpose(x, [0, 0])).toThrow(/distinct/);
    expect(() => np.sum(x, 2)).toThrow(/sum: expected an axis from -2 to 1, got 2/);
  });
});
