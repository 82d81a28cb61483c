// Threads: results do not depend, bit by bit, on how many there are; jobs never hang; a process ends; a lost worker is replaced.
import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { wasmBackend } from "../src/backends/wasm/backend.ts";
import { type Helper, type Start, workerStart } from "../src/backends/wasm/workerHandle.ts";
import { job, slots, words } from "../src/backends/wasm/layout.ts";
import { workerSource } from "../src/backends/wasm/worker.ts";
import { economy } from "../src/compile/split.ts";
import { sizeOf } from "../src/core/aval.ts";
import {
  ArgumentError,
  configure,
  grad,
  jit,
  lax,
  type NDArray,
  nn,
  np,
  pureCallback,
  random,
  ThreadError,
} from "../src/index.ts";
import { currentDevice, withDevice } from "../src/runtime/backend.ts";
import { Device } from "../src/runtime/device.ts";
import { compilations } from "../src/runtime/eager.ts";
import { fromOneThread } from "./own-settings.ts";
import { argument, functionOf, programs } from "./random-programs.ts";

fromOneThread();

const key = random.key(1);
const normal = (...shape: number[]): NDArray => random.normal(key, shape);
const bits = (x: NDArray): string => {
  const { buffer, byteOffset, byteLength } = x.dataSync();
  return Buffer.from(buffer, byteOffset, byteLength).toString("hex");
};
/** The leaves of a result under so many threads. */
const under = (threads: number, f: () => readonly NDArray[]): readonly string[] => {
  configure({ threads });
  return f().map(bits);
};

const x = normal(70_001),
  a = normal(255, 130),
  b = normal(130, 301),
  rows = normal(96, 200),
  images = normal(4, 8, 15, 15),
  filters = normal(6, 8, 3, 3),
  positions = random.randint(key, [500], 0, 96);
const conv = (i: NDArray, f: NDArray): NDArray => lax.conv(i, f, [1, 1], "SAME");
const subjects: Readonly<Record<string, () => NDArray | readonly NDArray[]>> = {
  "a long vector": () => np.tanh(x),
  "two results": () => [np.exp(x), np.add(x, 1)],
  "booleans and bytes": () => np.greater(x, 0.25),
  "float64 in pairs": () => np.exp(x.astype("float64")),
  rows: () => nn.softmax(rows),
  columns: () => np.sum(rows, 0),
  "sums of rows": () => np.sum(rows, 1),
  "the sum of all": () => np.sum(x),
  "a transpose": () => np.add(rows.transpose(), 1),
  "a product": () => np.matmul(a, b),
  "a product of float64": () => np.matmul(a.astype("float64"), b.astype("float64")),
  "products of a batch": () => np.matmul(normal(5, 40, 33), normal(5, 33, 21)),
  "a long inner axis": () => np.matmul(normal(64, 2000), normal(2000, 70)),
  "a convolution": () => conv(images, filters),
  "its gradient by the input": () =>
    grad((i: NDArray) => np.sum(np.multiply(conv(i, filters), conv(i, filters))))(images),
  "its gradient by the weights": () =>
    grad((f: NDArray) => np.sum(np.multiply(conv(images, f), conv(images, f))))(filters),
  "running sums": () => np.cumsum(normal(200, 64), 0),
  "rows by index": () => np.take(rows, positions, 0),
  "rows added by index": () => np.zeros([96, 200]).at(positions).add(normal(500, 200)),
  "few long rows": () => np.add(normal(2, 30_000), np.expandDims(normal(30_000), 0)),
};

/** Jobs that have been offered to workers. */
const jobs = (): number =>
  Atomics.load(new Int32Array(currentDevice().backend.memory()), words.ticket) >> Math.log2(slots);
const shareAll = (): void => {
  Object.assign(economy, { worthSharing: 0, chunkWork: 300 });
};

describe("results do not depend on the number of threads", () => {
  // All subjects under one number, then all under the next: changing it ends the workers.
  const table = new Map<number, ReadonlyMap<string, readonly string[]>>();
  beforeAll(() => {
    shareAll();
    for (const n of [1, 2, 3, 8])
      table.set(n, new Map(Object.entries(subjects).map(([name, f]) => [name, under(n, () => [jit(f)()].flat())])));
  });
  it.each(Object.keys(subjects))("%s", (name) => {
    for (const n of [2, 3, 8]) expect(table.get(n)?.get(name)).toEqual(table.get(1)?.get(name));
  });
  it("random programs", () => {
    shareAll();
    const start = jobs();
    const several = fc.array(programs(["float32", "float64", "int32"], 16), { minLength: 10, maxLength: 10 });
    fc.assert(
      fc.property(several, (list) => {
        const results = [1, 3].map((n) => {
          configure({ threads: n });
          return list.map((p) => {
            const ins = p.shapes.map((shape, i) =>
              np.reshape(np.array(argument(i, sizeOf(shape)), { dtype: p.dtype }), shape),
            );
            return jit((...xs: readonly NDArray[]) => functionOf(p)(...xs) as readonly NDArray[])(...ins).map(bits);
          });
        });
        expect(results[1]).toEqual(results[0]);
      }),
      { numRuns: 5 },
    );
    expect(jobs() - start).toBeGreaterThan(20);
  });
  it("loops with shared kernels inside", () => {
    shareAll();
    const f = jit((w: NDArray) =>
      grad((v: NDArray) =>
        np.sum(
          lax.scan(
            (c: NDArray, _: NDArray): [NDArray, NDArray] => {
              const next = np.tanh(np.matmul(c, v));
              return [next, np.sum(next, 0)];
            },
            normal(60, 70),
            np.arange(5),
          )[1],
        ),
      )(w),
    );
    const [one, ...others] = [1, 2, 8].map((n) => under(n, () => [f(normal(70, 70))]));
    for (const other of others) expect(other).toEqual(one);
  });
});

describe("jobs", () => {
  it("small kernels stay on one thread", () => {
    configure({ threads: 2 });
    const short = normal(1000),
      long = normal(1 << 18),
      start = jobs();
    jit((v: NDArray) => np.tanh(v))(short);
    expect(jobs() - start).toBe(0);
    jit((v: NDArray) => np.tanh(v))(long);
    expect(jobs() - start).toBe(1);
  });
  it("thousands in a row", () => {
    shareAll();
    configure({ threads: 3 });
    const start = jobs(),
      half = jit((v: NDArray) =>
        lax.foriLoop(0, 50_000, (_: NDArray, c: NDArray) => np.add(np.multiply(c, 0.5), 1), v),
      );
    expect(np.all(np.equal(half(np.zeros([384])), 2)).item()).toBe(true);
    expect(jobs() - start).toBeGreaterThanOrEqual(50_000);
  });
  it("JavaScript in the midst of a program runs programs itself", () => {
    shareAll();
    configure({ threads: 2 });
    const inner = jit((v: NDArray) => np.multiply(np.add(v, 1), 2)),
      f = jit((v: NDArray) => {
        const called = pureCallback(
          (u: NDArray) => inner(u),
          { shape: [400], dtype: "float32" },
          np.add(v, 1),
        ) as NDArray;
        return np.subtract(np.exp(called), 1);
      });
    const start = jobs();
    expect(f(np.zeros([400])).dataSync()[399]).toBeCloseTo(Math.exp(4) - 1, 4);
    expect(jobs() - start).toBeGreaterThanOrEqual(3);
  });
  it("workers find memory that has grown since they parked", () => {
    shareAll();
    const device = new Device(wasmBackend());
    withDevice(device, () => {
      configure({ threads: 3 });
      for (let n = 1000; n < 20_000_000; n *= 5) {
        const ones = np.add(np.zeros([n]), 1);
        expect(np.sum(ones).item()).toBe(n);
      }
    });
    device.backend.endThreads?.();
  });
  it("the number of threads changes at any time; programs are kept for each", () => {
    shareAll();
    const f = jit((v: NDArray) => np.tanh(np.matmul(v, v))),
      v = normal(90, 90),
      results = [1, 2, 8, 3, 2, 1].map((n) => under(n, () => [f(v)])[0]),
      made = compilations.count;
    expect(new Set(results).size).toBe(1);
    for (const n of [8, 1, 3, 2]) under(n, () => [f(v)]);
    expect(compilations.count).toBe(made);
    for (const bad of [0, 1.5, -2, 257, "2"])
      expect(() => configure({ threads: bad as number })).toThrow(ArgumentError);
  });
  it("those who sleep are counted, also after others who slept have been sent away: who is not counted is never woken", async () => {
    const device = new Device(wasmBackend()),
      v = normal(1 << 18);
    const parked = async (): Promise<number> => {
      let count = 0;
      for (let i = 0; i < 400 && count !== 1; i++) {
        await new Promise((done) => setTimeout(done, 5));
        count = Atomics.load(new Int32Array(device.backend.memory()), words.parked);
      }
      return count;
    };
    const f = jit((u: NDArray) => np.tanh(u));
    for (let i = 0; i < 3; i++) {
      configure({ threads: 2 });
      withDevice(device, () => f(v));
      expect(await parked()).toBe(1);
      device.backend.endThreads?.();
    }
  });
});

describe("lost workers", () => {
  /** A device whose first worker does `deed` in the place of its first chunk; those after it are as usual. */
  const withCulprit = (deed: string, f: () => void): void => {
    const usualWorker = workerStart() as Start,
      culprit = workerStart(workerSource.replace(/jobs\[control.*?\]\]\(at \* 4, thread\);/, deed)) as Start;
    expect(workerSource.replace(/jobs\[control.*?\]\]\(at \* 4, thread\);/, "")).not.toBe(workerSource);
    let hired = 0;
    const device = new Device(wasmBackend((gone) => (hired++ === 0 ? culprit : usualWorker)(gone)));
    withDevice(device, f);
    device.backend.endThreads?.();
  };
  // The culprit acts while chunks are left for it to hold; jobs that are nearly done pass by.
  const holding = (deed: string): string =>
    `if (Atomics.load(control, at + ${job.next}) < 4) { Atomics.add(control, at + ${job.next}, 1); ${deed} }`;
  it.each([
    ["ended in the midst of its part", holding("process.exit(0);"), /ended while it held part of the work/],
    ["had an error", holding('throw new Error("boom");'), /error in a worker thread: Error: boom/],
  ])("one that %s is an error, and the next call works", (_, deed, message) => {
    withCulprit(deed, () => {
      configure({ threads: 2 });
      const v = normal(1 << 19),
        f = jit((u: NDArray) => np.tanh(u)),
        until = performance.now() + 20_000;
      let thrown: unknown = null;
      while (thrown === null && performance.now() < until)
        try {
          f(v);
        } catch (e) {
          thrown = e;
        }
      expect(thrown).toBeInstanceOf(ThreadError);
      expect(String(thrown)).toMatch(message);
      for (let i = 0; i < 20; i++) expect(bits(f(v))).toBe(under(1, () => [f(v)])[0]);
    });
  });
  it("one that ends while it waits is replaced without a word", async () => {
    const helpers: Helper[] = [],
      start = workerStart() as Start;
    const device = new Device(
      wasmBackend((gone) => {
        const helper = start(gone);
        helpers.push(helper);
        return helper;
      }),
    );
    const v = normal(1 << 19),
      f = jit((u: NDArray) => np.tanh(u)),
      call = (): void => withDevice(device, () => expect(bits(f(v))).toBe(right)),
      right = under(1, () => [f(v)])[0];
    configure({ threads: 2 });
    call();
    helpers[0]?.kill();
    for (let i = 0; i < 100; i++) await new Promise((done) => setTimeout(done, 2));
    expect(helpers[0]?.alive()).toBe(false);
    call();
    expect(helpers.length).toBe(2);
    device.backend.endThreads?.();
  });
});

describe("processes", () => {
  it.each(["", "throw new Error('on purpose');", "process.exit(0);"])("end with workers parked: %s", (end) => {
    const entry = new URL("../src/index.ts", import.meta.url).href;
    const program = `import { configure, jit, np } from ${JSON.stringify(entry)};
      configure({ threads: 3 });
      const f = jit((x) => np.tanh(x)), x = np.ones([1 << 19]);
      for (let i = 0; i < 5; i++) f(x);
      console.log("done", f(x).dataSync()[0]);
      ${end}`;
    const { stdout, signal, stderr } = spawnSync(
      process.execPath,
      ["--import", "tsx", "--input-type=module", "--eval", program],
      { encoding: "utf8", timeout: 25_000, cwd: new URL("..", import.meta.url) },
    );
    expect(`${stdout}${signal ?? ""}${end.startsWith("throw") ? "" : stderr}`).toMatch(/^done 0\.76\d+\n$/);
  });
});
