// Indexing against NumPy's rules in plain JavaScript: reading and writing, eager, jitted, batched and differentiated.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { grad, jit, type NDArray, np, ops, vmap } from "../src/index.ts";
import { compilations } from "../src/runtime/eager.ts";
import type { At } from "../src/numpy/indexing.ts";
import {
  arraysIn,
  type Entry,
  exists,
  indexed,
  type Located,
  locate,
  masksIn,
  nearest,
  offset,
  written,
} from "./indexing-oracle.ts";
import { type Plain, sizeOf, toNumpy, toPlain } from "./numpy-oracle.ts";

const numbers = (shape: readonly number[], first = 1): Plain => ({
  shape,
  data: Array.from({ length: sizeOf(shape) }, (_, i) => (((i + first) * 7) % 23) / 4),
});
const elementAt = (x: Plain, at: readonly number[]): number => x.data[offset(x.shape, at)] as number;
/** The elements that an index names, the nearest ones where there are none. */
const readAt = (x: Plain, { shape, places }: Located): Plain => ({
  shape,
  data: places.map((at) => elementAt(x, nearest(x.shape, at))),
});
/** `x` with `f(old, value)` at every place, in order; places that do not exist are left out. */
const writeAt = (x: Plain, { places }: Located, v: Plain, f: (old: number, value: number) => number): Plain => {
  const data = [...x.data];
  places.forEach((at, k) => {
    const o = offset(x.shape, at);
    if (exists(x.shape, at)) data[o] = f(data[o] as number, v.data[k] as number);
  });
  return { shape: x.shape, data };
};
const runs = { numRuns: 30 };
const anyIndex = fc.oneof(indexed(), indexed({ masks: true, outside: false }));
const close = (got: NDArray, wanted: Plain): void => {
  expect(toPlain(got)).toEqual({ shape: [...wanted.shape], data: wanted.data.map((v) => Math.fround(v)) });
};
type Updates = "set" | "add" | "sub" | "mul" | "min" | "max";
const combine: { readonly [K in Updates]: (x: number, v: number) => number } = {
  set: (_, v) => v,
  add: (x, v) => x + v,
  sub: (x, v) => x - v,
  mul: (x, v) => x * v,
  min: Math.min,
  max: Math.max,
};
const update = (at: At, name: Updates, v: NDArray): NDArray => at[name](v);
/** 1, 2 and 1/2 multiply without rounding. */
const factors = (shape: readonly number[]): Plain => ({
  shape,
  data: numbers(shape).data.map((v) => [1, 2, 0.5][Math.floor(v * 4) % 3] as number),
});

describe("slice", () => {
  const check = (shape: readonly number[], entries: readonly Entry[]): void => {
    const x = numbers(shape),
      wanted = readAt(x, locate(shape, entries)),
      array = toNumpy(x);
    close(array.slice(...written(entries)), wanted);
    close(array.at(...written(entries)).get(), wanted);
  };
  it("is NumPy's, positions, spans, arrays and new axes mixed; out of range the nearest", () => {
    fc.assert(
      fc.property(indexed(), ({ shape, entries }) => check(shape, entries)),
      { numRuns: 70 },
    );
  });
  it("is NumPy's with masks, and on empty arrays", () => {
    fc.assert(
      fc.property(indexed({ masks: true, outside: false }), ({ shape, entries }) => check(shape, entries)),
      { numRuns: 60 },
    );
  });
  it("is the same under jit with traced positions, and under vmap for every example", () => {
    fc.assert(
      fc.property(indexed(), ({ shape, entries }) => {
        const x = numbers(shape),
          y = numbers(shape, 5),
          place = locate(shape, entries);
        const f = (v: NDArray, ...arrays: NDArray[]): NDArray => v.slice(...written(entries, arrays));
        close(jit(f)(toNumpy(x), ...arraysIn(entries)), readAt(x, place));
        const both = np.stack([toNumpy(x), toNumpy(y)]),
          batched = vmap((v: NDArray) => f(v, ...arraysIn(entries)))(both);
        close(batched.slice(0), readAt(x, place));
        close(batched.slice(1), readAt(y, place));
      }),
      runs,
    );
  });
  it("takes a batch of positions under vmap, from one array or from a batch", () => {
    const x = np.reshape(np.arange(12), [4, 3]),
      rows = np.array(Int32Array.from([2, -1, 9]));
    const row = (v: NDArray, i: NDArray): NDArray => v.slice(i);
    expect(vmap(row, [null, 0])(x, rows).js()).toEqual([
      [6, 7, 8],
      [9, 10, 11],
      [9, 10, 11],
    ]);
    const swapped = np.stack([x, x.neg(), x]);
    expect(vmap(row)(swapped, rows).js()).toEqual([
      [6, 7, 8],
      [-9, -10, -11],
      [9, 10, 11],
    ]);
  });
  it("fills where an index does not exist if told so", () => {
    fc.assert(
      fc.property(indexed(), ({ shape, entries }) => {
        const x = numbers(shape),
          place = locate(shape, entries);
        const wanted = place.places.map((at) => (exists(shape, at) ? elementAt(x, at) : -7));
        const get = (v: NDArray, ...arrays: NDArray[]): NDArray =>
          v.at(...written(entries, arrays)).get({ mode: "fill", fillValue: -7 });
        close(get(toNumpy(x), ...arraysIn(entries)), { shape: place.shape, data: wanted });
        close(jit(get)(toNumpy(x), ...arraysIn(entries)), { shape: place.shape, data: wanted });
      }),
      runs,
    );
  });
  it("has the adjoint for its gradient: every element gets the cotangents of all places that read it", () => {
    fc.assert(
      fc.property(indexed(), ({ shape, entries }) => {
        const x = numbers(shape),
          place = locate(shape, entries),
          ct = numbers(place.shape, 3);
        const loss = (v: NDArray, ...arrays: NDArray[]): NDArray =>
          np.sum(np.multiply(v.slice(...written(entries, arrays)), toNumpy(ct)));
        const wanted = new Array<number>(sizeOf(shape)).fill(0);
        place.places.forEach((at, k) => {
          const o = offset(shape, nearest(shape, at));
          wanted[o] = (wanted[o] as number) + (ct.data[k] as number);
        });
        close(grad(loss)(toNumpy(x), ...arraysIn(entries)), { shape, data: wanted });
        close(jit(grad(loss))(toNumpy(x), ...arraysIn(entries)), { shape, data: wanted });
      }),
      runs,
    );
  });
});

describe("at", () => {
  for (const name of ["set", "add", "sub", "mul", "min", "max"] as const)
    it(`${name} writes every place, drops what does not exist, and counts repeated places`, () => {
      fc.assert(
        fc.property(anyIndex, ({ shape, entries }) => {
          const place = locate(shape, entries),
            x = numbers(shape),
            v = name === "mul" ? factors(place.shape) : numbers(place.shape, 4);
          const masks = masksIn(entries),
            wanted = writeAt(x, place, v, combine[name]);
          const f = (a: NDArray, u: NDArray, ...arrays: NDArray[]): NDArray =>
            update(a.at(...written(entries, arrays, masks)), name, u);
          close(f(toNumpy(x), toNumpy(v), ...arraysIn(entries)), wanted);
          close(jit(f)(toNumpy(x), toNumpy(v), ...arraysIn(entries)), wanted);
        }),
        { numRuns: 30 },
      );
    });
  it("writes under vmap what it writes for every example", () => {
    fc.assert(
      fc.property(indexed(), ({ shape, entries }) => {
        const place = locate(shape, entries),
          [x, y] = [numbers(shape), numbers(shape, 9)],
          v = numbers(place.shape, 4);
        const f = (a: NDArray): NDArray => a.at(...written(entries)).add(toNumpy(v));
        const both = vmap(f)(np.stack([toNumpy(x), toNumpy(y)]));
        close(both.slice(0), writeAt(x, place, v, combine.add));
        close(both.slice(1), writeAt(y, place, v, combine.add));
      }),
      { numRuns: 30 },
    );
  });
  it("set has gradients: to the array where nothing was written, to the value that stayed", () => {
    fc.assert(
      fc.property(indexed(), ({ shape, entries }) => {
        const place = locate(shape, entries),
          x = numbers(shape),
          v = numbers(place.shape, 4),
          ct = numbers(shape, 2);
        const winner = new Map<number, number>();
        place.places.forEach((at, k) => {
          if (exists(shape, at)) winner.set(offset(shape, at), k);
        });
        const loss = (a: NDArray, u: NDArray): NDArray =>
          np.sum(np.multiply(a.at(...written(entries)).set(u), toNumpy(ct)));
        const [da, du] = grad(loss, { argnums: [0, 1] })(toNumpy(x), toNumpy(v)) as readonly [NDArray, NDArray];
        close(da, { shape, data: ct.data.map((c, o) => (winner.has(o) ? 0 : c)) });
        const dv = new Array<number>(v.data.length).fill(0);
        for (const [o, k] of winner) dv[k] = ct.data[o] as number;
        close(du, { shape: place.shape, data: dv });
      }),
      { numRuns: 30 },
    );
  });
  it("repeats one value for all places, keeps the dtype, and computes in the common one", () => {
    const x = np.array(Int32Array.from([4, 5, 6]));
    expect(x.at([0, 2]).mul(0.5).js()).toEqual([2, 2, 6]); // not 4 * 0
    expect(x.at([0, 2]).mul(0.5).dtype).toBe("int32");
    expect(x.at(1).div(2).js()).toEqual([4, 2, 6]);
    expect(x.at("...").set(7).js()).toEqual([7, 7, 7]);
    expect(
      x
        .at(0)
        .apply((v) => np.square(v))
        .js(),
    ).toEqual([16, 5, 6]);
    expect(
      np
        .array([2, 3])
        .at(np.array(Int32Array.from([0, 0])))
        .pow(2)
        .js(),
    ).toEqual([16, 3]);
  });
  it("a traced mask chooses where one value goes, as eagerly", () => {
    const f = (v: NDArray): NDArray => v.at(np.greater(v, 2)).set(0);
    const x = np.array([
      [1, 3],
      [5, 2],
    ]);
    expect(f(x).js()).toEqual([
      [1, 0],
      [0, 2],
    ]);
    expect(jit(f)(x).js()).toEqual([
      [1, 0],
      [0, 2],
    ]);
    expect(vmap(f)(x).js()).toEqual([
      [1, 0],
      [0, 2],
    ]);
    expect(grad((v: NDArray) => np.sum(f(v)))(x).js()).toEqual([
      [1, 0],
      [0, 1],
    ]);
  });
});

describe("traps", () => {
  const x = np.array([10, 20, 30]),
    i32 = (...xs: readonly number[]): NDArray => np.array(Int32Array.from(xs));
  it("out-of-range and negative positions agree between eager, jit and vmap, as numbers and as arrays", () => {
    for (const [at, wanted] of [
      [7, 30],
      [3, 30],
      [-1, 30],
      [-3, 10],
      [-4, 10],
      [-9, 10],
    ] as const) {
      const one = (v: NDArray, i: NDArray): NDArray => v.slice(i);
      expect(x.slice(at).item()).toBe(wanted);
      expect(jit((v: NDArray) => v.slice(at))(x).item()).toBe(wanted);
      expect(x.slice(np.array(at, { dtype: "int32" })).item()).toBe(wanted);
      expect(jit(one)(x, np.array(at, { dtype: "int32" })).item()).toBe(wanted);
      expect(vmap(one, [null, 0])(x, i32(at, at)).js()).toEqual([wanted, wanted]);
    }
  });
  it("a boolean mask is never read as positions", () => {
    const mask = np.array([true, false, true]);
    expect(x.slice(mask).js()).toEqual([10, 30]);
    expect(
      x
        .at(mask)
        .set(np.array([1, 2]))
        .js(),
    ).toEqual([1, 20, 2]);
    expect(x.slice([true, false, true]).js()).toEqual([10, 30]);
    expect(() => jit((m: NDArray) => x.slice(m))(mask)).toThrow(/mask/);
    expect(jit((v: NDArray) => v.slice(mask))(x).js()).toEqual([10, 30]); // a constant mask is no traced one
  });
  it("jit(grad(embedding lookup)) adds up the rows that come twice", () => {
    const loss = (table: NDArray, words: NDArray): NDArray => np.sum(np.square(table.slice(words)));
    const table = np.array([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    for (const g of [grad(loss), jit(grad(loss))])
      expect(g(table, i32(2, 0, 2)).js()).toEqual([
        [2, 4],
        [0, 0],
        [20, 24],
      ]);
    const taken = jit(grad((t: NDArray, w: NDArray) => np.sum(np.take(t, w, 0))));
    expect(taken(table, i32(-1, 1, 1)).js()).toEqual([
      [0, 0],
      [2, 2],
      [1, 1],
    ]);
  });
  it("large unsigned positions are out of range, not negative", () => {
    const huge = np.array(Uint32Array.from([2 ** 32 - 1, 2 ** 31, 1]));
    expect(x.slice(huge).js()).toEqual([30, 30, 20]);
    expect(x.at(huge).add(1).js()).toEqual([10, 21, 30]);
  });
  it("writing leaves what it does not name bit for bit: -0, NaN and infinities", () => {
    const odd = np.array([-0, Number.NaN, Number.POSITIVE_INFINITY, 1]);
    for (const y of [odd.at(3).add(1), odd.at([3, null]).mul(2), odd.at(i32(3)).add(1), odd.at(3).div(0.5)])
      expect([...y.dataSync()].slice(0, 3)).toEqual([-0, Number.NaN, Number.POSITIVE_INFINITY]);
  });
  it("a loop over rows compiles one program", () => {
    const rows = np.reshape(np.arange(40), [20, 2]),
      before = compilations.count;
    expect([...rows].map((r) => r.js())).toEqual(Array.from({ length: 20 }, (_, i) => [2 * i, 2 * i + 1]));
    for (let i = 0; i < 20; i++) expect(rows.slice(i, 1).item()).toBe(2 * i + 1);
    expect(compilations.count - before).toBeLessThan(8);
  });
  it("dropped rows of a segment sum do not count, and numbers are not wrapped", () => {
    const data = np.array([1, 2, 4, 8]);
    const sum = (d: NDArray, s: NDArray): NDArray => ops.segmentSum(d, s, { numSegments: 2 });
    expect(sum(data, i32(0, -1, 5, 0)).js()).toEqual([9, 0]);
    expect(jit(sum)(data, i32(0, -1, 5, 0)).js()).toEqual([9, 0]);
    expect(() => jit((s: NDArray) => ops.segmentSum(data, s))(i32(0, 0, 1, 1))).toThrow(/numSegments/);
  });
});

describe("refusals name what was wrong", () => {
  const x = np.array([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  it.each([
    ["too many entries", () => x.slice(0, 0, 0), /at most 2 entries/],
    ["two dots", () => x.slice("...", "..."), /at most one/],
    ["a step of 0", () => x.slice([0, 2, 0]), /step not 0/],
    ["a fraction", () => x.slice(0.5), /integer positions/],
    ["float positions", () => x.slice(np.array([0, 1])), /astype/],
    ["a mask of another shape", () => x.slice(np.array([true, false, true])), /mask of the shape/],
    ["an unknown mode", () => x.at(0).get({ mode: "raise" as never }), /mode/],
    ["values that do not broadcast", () => x.at(0).set(np.array([1, 2])), /broadcasts to/],
    ["an empty axis", () => np.zeros([0, 2]).slice(0), /elements/],
    ["a traced bound", () => jit((i: NDArray) => x.slice([i, null] as never))(0), /dynamicSlice/],
  ] as const)("%s", (_name, f, message) => {
    expect(f).toThrow(message);
  });
});
