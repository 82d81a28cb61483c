// Memory: nobody disposes of anything, nothing grows, what cannot fit is refused before harm is done.
import { afterEach, describe, expect, it } from "vitest";
import { configure, grad, jit, type NDArray, np, OutOfMemoryError } from "../src/index.ts";
import { wasmBackend } from "../src/backends/wasm/backend.ts";
import { withDevice } from "../src/runtime/backend.ts";
import { Device } from "../src/runtime/device.ts";
import { Heap } from "../src/runtime/heap.ts";
import { Bet, clock, type Ledger } from "../src/runtime/ledger.ts";
import { stats } from "../src/runtime/stats.ts";

const rss = (): number => process.memoryUsage().rss / 2 ** 20;
const message = (f: () => unknown): string => {
  try {
    f();
  } catch (e) {
    if (e instanceof OutOfMemoryError) return e.message;
    throw e;
  }
  return "nothing was thrown";
};

const { now } = clock;
/** Every run takes so many milliseconds, however busy the machine is. */
const runsTake = (ms: number): void => {
  let time = 0;
  clock.now = () => {
    time += ms;
    return time;
  };
};

describe("memory", () => {
  afterEach(() => {
    clock.now = now;
  });

  it("a synchronous loop of a million jitted steps does not grow", () => {
    const step = jit((x: NDArray) => np.add(np.multiply(x, 0.5), 1)),
      before = rss();
    let x: NDArray = np.ones([16]),
      most = 0;
    for (let i = 0; i < 1_000_000; i++) {
      x = step(x);
      if (i % 50_000 === 0) most = Math.max(most, rss());
    }
    expect(x.js()).toEqual(new Array(16).fill(2));
    console.log(`a million steps: ${before.toFixed(0)} MiB before, ${most.toFixed(0)} MiB at most`);
    expect(most).toBeLessThan(500);
  }, 60_000);

  it("nor does one over big arrays, which are spilled when the heap is full", () => {
    const step = jit((x: NDArray) => np.add(np.multiply(x, 0.5), 1)),
      before = rss();
    let x: NDArray = np.ones([64 * 1024]),
      most = 0;
    for (let i = 0; i < 12_000; i++) {
      x = step(x); // 3 GiB in all
      if (i % 500 === 0) most = Math.max(most, rss());
    }
    expect(x.slice([0, 3]).js()).toEqual([2, 2, 2]);
    expect(most - before).toBeLessThan(700);
  }, 60_000);

  it("ten thousand gradients leave no trace, cache entry or listener behind", () => {
    const f = (x: NDArray): NDArray => np.sum(np.square(np.sin(x))),
      x = np.array([1, 2, 3]);
    grad(f)(x);
    const before = stats();
    for (let i = 0; i < 10_000; i++) grad(f)(x);
    const after = stats();
    expect({ ...after, spills: 0, forgotten: 0, heapBytes: 0, liveBytes: 0, arrays: 0, usedBytes: 0 }).toEqual({
      ...before,
      spills: 0,
      forgotten: 0,
      heapBytes: 0,
      liveBytes: 0,
      arrays: 0,
      usedBytes: 0,
    });
    expect(after.arrays).toBeLessThanOrEqual(before.arrays);
  }, 60_000);

  it("an array that cannot fit is refused, and the others are not touched", () => {
    const x = np.arange(5000),
      sum = np.sum(x).item();
    const text = message(() => np.zeros([40000, 40000]));
    expect(text).toContain("5.96 GiB");
    expect(text).toContain("4 GiB");
    expect(text).toMatch(/expected .*, got .*6400000000 bytes/);
    expect(np.sum(x).item()).toBe(sum);
  });

  it("a program whose memory cannot fit is refused before it runs", () => {
    const x = np.ones([1024, 1024]),
      f = jit((a: NDArray) => {
        const wide = np.multiply(np.expandDims(a, 0), np.reshape(np.arange(2000), [2000, 1, 1]));
        return [np.cumsum(wide, 0), wide];
      });
    expect(message(() => f(x))).toContain("GiB");
    expect(np.sum(x).item()).toBe(1024 * 1024);
    expect(np.add(x, 1).slice(3, 4).item()).toBe(2);
  });

  it("a loop over big arguments forgets what can be computed again, and computes it again when asked", () => {
    withDevice(new Device(wasmBackend()), () => {
      const x = np.linspace(0, 1, 1 << 20),
        y = np.ones([64]);
      for (let i = 0; i < 10; i++) np.add(y, i); // let x grow old
      const before = stats(),
        kept: NDArray[] = [];
      for (let i = 0; i < 60; i++) {
        const z = np.multiply(np.exp(x), i); // 2 x 60 x 4 MiB
        if (i % 6 === 0) kept.push(np.exp(np.multiply(x, i)));
        if (i === 30) expect(z.slice(0).item()).toBe(30);
      }
      const after = stats();
      expect(after.forgotten - before.forgotten).toBeGreaterThan(20);
      kept.forEach((z, k) => {
        expect(z.slice([0, null, 1 << 18]).js()).toEqual(
          np
            .exp(np.multiply(x, 6 * k))
            .slice([0, null, 1 << 18])
            .js(),
        );
      });
    });
  });

  it("results that nobody keeps take turns in a few places, where the cache is warm; who reads the kept ones pays once", () => {
    runsTake(0.1);
    withDevice(new Device(wasmBackend()), () => {
      const x = np.linspace(0, 1, 1 << 18), // 1 MiB
        f = jit((a: NDArray, k: NDArray) => np.add(a, k)),
        ks = Array.from({ length: 40 }, (_, k) => np.array(k)),
        loop = (): void => {
          for (const k of ks) f(x, k);
        };
      for (let i = 0; i < 10; i++) f(x, ks[0] as NDArray); // let x grow old
      const before = stats().usedBytes;
      loop();
      expect(stats().usedBytes - before).toBeLessThan(15 << 20);
      // What is computed again comes by way of the host.
      const againBy = (): number => {
        const start = stats().spills,
          kept = ks.map((k) => f(x, k));
        kept.forEach((y, k) => {
          expect(y.slice(0).item()).toBe(k);
        });
        return stats().spills - start;
      };
      expect(againBy()).toBeGreaterThan(15);
      againBy(); // those of before are still there, and leave
      expect(againBy()).toBeLessThan(5);
      // When nobody has kept any for long, few places are enough again.
      for (let i = 0; i < 60; i++) loop();
      expect(againBy()).toBeGreaterThan(10);
    });
  });

  it("operations on the results of operations are forgotten as well, and computed again from the beginning", () => {
    runsTake(0.3);
    withDevice(new Device(wasmBackend()), () => {
      const x = np.linspace(0, 1, 1 << 20),
        last = jit((a: NDArray) => np.add(a, 1));
      for (let i = 0; i < 10; i++) last(x); // let x grow old
      const before = stats(),
        kept: NDArray[] = [];
      for (let i = 0; i < 40; i++) {
        const y = np.multiply(np.subtract(last(x), i), 2); // 3 x 40 x 4 MiB
        if (i % 8 === 0) kept.push(y);
      }
      const after = stats();
      expect(after.spills - before.spills).toBeLessThan(5);
      expect(after.forgotten - before.forgotten).toBeGreaterThan(80);
      expect(kept.map((y) => y.slice(0).item())).toEqual([2, -14, -30, -46, -62]);
      // Longer chains begin anew on the way.
      let z: NDArray = x;
      for (let i = 0; i < 40; i++) z = last(z);
      expect(z.slice(-1).item()).toBe(41);
    });
  });

  it("blocks in a row do not begin alike, whatever their sizes", () => {
    for (const bytes of [32768, 1 << 16, 4096 * 17 + 64, (1 << 20) - 256, 1 << 20, 5 << 20]) {
      const heap = new Heap({ grow: () => true, maxBytes: 2 ** 31 }),
        starts = Array.from({ length: 8 }, () => (heap.allocate(bytes)?.address ?? 0) % 4096);
      const near = starts.slice(1).filter((a, i) => (a - (starts[i] as number) + 4096 + 256) % 4096 < 512);
      expect(near, `${bytes} bytes: ${starts}`).toEqual([]);
      expect(heap.used).toBeLessThanOrEqual(8 * bytes * 1.05);
    }
  });

  it("nor do results that die with the job that made them take new places", async () => {
    runsTake(0.1);
    const x = np.linspace(0, 1, 1 << 18),
      f = jit((a: NDArray, k: NDArray) => np.add(a, k));
    for (let i = 0; i < 10; i++) f(x, np.array(i)); // let x grow old
    const before = stats(),
      kept = f(x, np.array(7));
    for (let i = 0; i < 80; i++) {
      f(x, np.array(i));
      await Promise.resolve();
    }
    expect(stats().forgotten - before.forgotten).toBeGreaterThan(40);
    expect(stats().usedBytes - before.usedBytes).toBeLessThan(30 << 20);
    expect(kept.slice(0).item()).toBe(7);
  });

  it("a loop that awaits its results copies none of them out, but those that are kept and read are computed twice only once", async () => {
    runsTake(1);
    const before = configure({ memoryBudget: 6 << 20 });
    try {
      const x = np.linspace(0, 1, 1 << 16).reshape([256, 256]),
        f = jit((a: NDArray, k: NDArray) => np.add(np.matmul(a, a), k)); // 256 KiB, in more time than a copy takes
      for (let i = 0; i < 30; i++) f(x, np.array(i)); // let x grow old, and fill the heap
      const left = async (reads: boolean): Promise<readonly [number, number]> => {
        const { forgotten, spills } = stats(),
          kept: NDArray[] = [];
        for (let i = 0; i < 60; i++) {
          const y = f(x, np.array(i));
          if (reads) kept.push(y);
          await Promise.resolve();
        }
        const gone = stats(),
          first = Number(kept[0]?.slice(0, 0).item());
        kept.forEach((y, i) => {
          expect(Number(y.slice(0, 0).item())).toBeCloseTo(first + i, 2);
        });
        return [gone.forgotten - forgotten, gone.spills - spills];
      };
      const [forgotten, copied] = await left(false);
      expect(forgotten).toBeGreaterThan(40);
      expect(copied).toBeLessThan(5);
      expect((await left(true))[0]).toBeGreaterThan(20);
      const [twice, kept] = await left(true);
      expect(twice).toBeLessThan(5);
      expect(kept).toBeGreaterThan(20);
    } finally {
      configure(before);
    }
  });

  it("a program whose results are asked for again has them copied until that was in vain often enough", () => {
    const ledger: Ledger = { balance: 0 },
      bet = (cost: number): Bet => new Bet(ledger, cost, 2e6), // to be copied in 1 ms
      leave = (times: number): void => {
        for (let i = 0; i < times; i++) bet(10).leave();
      };
    leave(1000);
    expect(bet(10).forgets).toBe(true);
    bet(10).lose();
    expect(bet(10).forgets).toBe(false);
    expect(bet(0.5).forgets).toBe(true);
    leave(9);
    expect(bet(10).forgets).toBe(false);
    leave(1);
    expect(bet(10).forgets).toBe(true);
  });

  it("what was forgotten is computed again although its argument was donated meanwhile", () => {
    const x = np.linspace(0, 1, 1 << 20),
      step = jit((p: NDArray) => np.add(p, 1), { donate: [0] }),
      f = jit((a: NDArray) => np.add(a, 5));
    for (let i = 0; i < 10; i++) f(x); // let x grow old
    const y = f(x);
    for (let i = 0; i < 20; i++) f(x);
    const p = step(x);
    for (let i = 0; i < 20; i++) f(p);
    expect(y.slice(0).item()).toBe(5);
    expect(step(p).slice(0).item()).toBe(2);
  });

  it("what was donated is not computed again as what it was before", () => {
    const x = np.linspace(0, 1, 1 << 20),
      step = jit((p: NDArray) => np.add(p, 1), { donate: [0] });
    for (let i = 0; i < 10; i++) np.exp(x); // let x grow old
    const p = step(np.exp(x));
    for (let i = 0; i < 40; i++) np.add(np.exp(x), i); // 2 x 40 x 4 MiB
    expect(p.slice(0).item()).toBe(2);
  });

  it("live bytes return to the start when arrays are donated", () => {
    const step = jit((p: NDArray) => np.multiply(p, 0.99), { donate: [0] });
    let p: NDArray = step(np.ones([100_000]));
    const before = stats();
    for (let i = 0; i < 100; i++) p = step(p);
    expect(stats().liveBytes).toBe(before.liveBytes);
    expect(stats().arrays).toBe(before.arrays);
    expect(p.shape).toEqual([100_000]);
  });
});
