// Scatters by owners: each thread goes through all indices and writes what belongs to it. The results are those of the plain loop,
// bit by bit, for any number of threads, whatever meets where.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { slots, words } from "../src/backends/wasm/layout.ts";
import { economy } from "../src/compile/split.ts";
import { configure, type DType, jit, lax, type NDArray, np, vmap } from "../src/index.ts";
import { currentDevice } from "../src/runtime/backend.ts";
import { fromOneThread } from "./own-settings.ts";

fromOneThread();

const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  uint32: Uint32Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const;
type Numbers = InstanceType<(typeof arrays)[DType]>;
const writings = {
  set: (_: number, v: number): number => v,
  add: (x: number, v: number): number => x + v,
  mul: (x: number, v: number): number => x * v,
  min: (x: number, v: number): number => Math.min(x, v),
  max: (x: number, v: number): number => Math.max(x, v),
} as const;
type Writing = keyof typeof writings;
/** A block of `count` windows `[rows, width]`, each written at row `start` of an operand `[length, width]`. */
interface Case {
  readonly dtype: DType;
  readonly writing: Writing;
  readonly mode: "drop" | "clip";
  readonly length: number;
  readonly width: number;
  readonly rows: number;
  readonly starts: readonly number[];
  /** Several at a time: with indices of their own, or with the same ones. */
  readonly batch: "none" | "own" | "same";
}
const cases: fc.Arbitrary<Case> = fc
  .record({
    dtype: fc.constantFrom<DType>("float32", "float64", "int32", "uint32", "uint8", "bool"),
    writing: fc.constantFrom<Writing>("set", "add", "mul", "min", "max"),
    mode: fc.constantFrom("drop" as const, "clip" as const),
    length: fc.integer({ min: 3, max: 9 }),
    width: fc.constantFrom(1, 5, 64, 100, 257),
    rows: fc.integer({ min: 1, max: 3 }),
    starts: fc.array(fc.integer({ min: -2, max: 10 }), { minLength: 1, maxLength: 24 }),
    batch: fc.constantFrom("none" as const, "own" as const, "same" as const),
  })
  .map((c) => (c.dtype === "bool" || c.dtype === "uint8" ? { ...c, writing: "set" } : c));

const batches = 3;
const fill = (dtype: DType, n: number, seed: number): Numbers => {
  const data = new arrays[dtype](n);
  for (let i = 0; i < n; i++) {
    const k = (Math.imul(i + seed, 2654435761) >>> 8) % 1000;
    data[i] = dtype === "bool" ? k % 2 : dtype.startsWith("f") ? (k === 7 ? Number.NaN : (k - 500) / 300) : k % 7;
  }
  return data;
};
const inputs = (c: Case): { readonly x: Numbers; readonly at: Int32Array; readonly v: Numbers } => {
  const n = c.batch === "none" ? 1 : batches,
    own = c.batch === "own" ? batches : 1;
  return {
    x: fill(c.dtype, n * c.length * c.width, 1),
    at: Int32Array.from({ length: own * c.starts.length }, (_, i) => {
      const b = Math.floor(i / c.starts.length);
      return ((c.starts[i % c.starts.length] as number) + 5 * b) % 11;
    }),
    v: fill(c.dtype, n * c.starts.length * c.rows * c.width, 2),
  };
};
const plainly = (c: Case): Numbers => {
  const { x, at, v } = inputs(c),
    out = x.slice(),
    write = writings[c.writing],
    last = c.length - c.rows;
  for (let b = 0; b < (c.batch === "none" ? 1 : batches); b++)
    for (let i = 0; i < c.starts.length; i++) {
      const given = at[(c.batch === "own" ? b * c.starts.length : 0) + i] as number;
      if (c.mode === "drop" && (given < 0 || given > last)) continue;
      const start = Math.max(0, Math.min(given, last));
      for (let k = 0; k < c.rows * c.width; k++) {
        const to = (b * c.length + start) * c.width + k;
        out[to] = write(out[to] as number, v[(b * c.starts.length + i) * c.rows * c.width + k] as number);
      }
    }
  return out;
};
const ours = (c: Case): Numbers => {
  const { x, at, v } = inputs(c),
    name = ({ set: "scatter", add: "scatterAdd", mul: "scatterMul", min: "scatterMin", max: "scatterMax" } as const)[
      c.writing
    ];
  const one = (operand: NDArray, indices: NDArray, updates: NDArray): NDArray =>
    lax[name](
      operand,
      indices,
      updates,
      { updateWindowDims: [1, 2], insertedWindowDims: [], scatterDimsToOperandDims: [0] },
      { mode: c.mode },
    );
  const several = c.batch === "none" ? [] : [batches],
    f = c.batch === "none" ? one : vmap(one, [0, c.batch === "own" ? 0 : null, 0]);
  const array = (data: Numbers, shape: readonly number[]): NDArray =>
    np.reshape(np.array(data, { dtype: c.dtype }), [...shape]);
  const own = c.batch === "own" ? [batches] : [];
  return jit(f)(
    array(x, [...several, c.length, c.width]),
    np.reshape(np.array(at), [...own, c.starts.length, 1]),
    array(v, [...several, c.starts.length, c.rows, c.width]),
  ).dataSync() as Numbers;
};

/** Jobs that have been offered to workers. */
const jobs = (): number =>
  Atomics.load(new Int32Array(currentDevice().backend.memory()), words.ticket) >> Math.log2(slots);

describe("scatters by owners", () => {
  it("are the plain loop for any number of threads", () => {
    Object.assign(economy, { worthSharing: 0, chunkWork: 100 });
    const start = jobs();
    fc.assert(
      fc.property(fc.array(cases, { minLength: 25, maxLength: 25 }), (list) => {
        const wanted = list.map(plainly);
        for (const threads of [1, 3]) {
          configure({ threads });
          list.forEach((c, i) => {
            expect(ours(c), `${threads} threads`).toEqual(wanted[i]);
          });
        }
      }),
      { numRuns: 3 },
    );
    expect(jobs() - start).toBeGreaterThan(20);
  });
  it("leave the operand alone, and copy it together", () => {
    configure({ threads: 2 });
    const x = np.ones([5000, 64]), // more than a MiB
      rows = np.array([3, 3, -1], { dtype: "int32" }),
      f = jit((a: NDArray, v: NDArray) => a.at(rows).add(v)),
      v = np.ones([3, 64]);
    f(x, v);
    const start = jobs(),
      y = f(x, v);
    expect(jobs() - start).toBe(1); // the copy: three rows are not worth it
    expect(np.sum(x).item()).toBe(5000 * 64);
    expect(np.sum(y).item()).toBe(5003 * 64);
    expect([2, 3, 4, 4999].map((i) => y.at(i, 63).get().item())).toEqual([1, 3, 1, 2]);
  });
});
