// Cliffs that others have: shapes or ways of calling that are many times slower than their neighbours. Ratios only, of the best of
// several runs in turns and on one thread, so that a busy machine changes little.
import { describe, expect, it } from "vitest";
import { configure, jit, lax, type NDArray, np } from "../src/index.ts";

configure({ threads: 1 });

const best = (f: () => unknown, runs = 9): number => {
  f();
  let least = Infinity;
  for (let i = 0; i < runs; i++) {
    const start = performance.now();
    f();
    least = Math.min(least, performance.now() - start);
  }
  return least;
};
/** The best time of one over that of the other. */
const ratio = (f: () => unknown, g: () => unknown, turns = 15): number => {
  let [one, other] = [Infinity, Infinity];
  for (let i = 0; i < turns; i++) {
    one = Math.min(one, best(f, 1));
    other = Math.min(other, best(g, 1));
  }
  return one / other;
};

describe("no cliffs", () => {
  it("255x255 running 16 times slower than 256x256", () => {
    const product = jit((x: NDArray) => np.matmul(x, x)),
      odd = np.ones([255, 255]),
      even = np.ones([256, 256]);
    expect(
      ratio(
        () => product(odd),
        () => product(even),
      ),
    ).toBeLessThan(2);
  });
  it("a convolution slower under jit than eager", () => {
    const conv = (x: NDArray, w: NDArray): NDArray => lax.conv(x, w, [1, 1], "SAME"),
      jitted = jit(conv),
      x = np.ones([4, 8, 32, 32]),
      w = np.ones([16, 8, 3, 3]);
    expect(
      ratio(
        () => jitted(x, w),
        () => conv(x, w),
      ),
    ).toBeLessThan(1.5);
  });
  it("thin products far from what their memory takes", () => {
    const a = np.ones([1, 1024]),
      b = np.ones([1024, 1024]),
      thin = jit((x: NDArray, y: NDArray) => np.matmul(x, y)),
      pass = jit((y: NDArray) => np.sum(y));
    expect(
      ratio(
        () => thin(a, b),
        () => pass(b),
      ),
    ).toBeLessThan(8);
  });
  it("the time to compile grows faster than the program", () => {
    // Another number each time: an equal program would be found, not compiled.
    let number = 0;
    const chain = (n: number) => (): unknown => {
      number++;
      return jit((x: NDArray) => {
        let y = np.add(x, number);
        for (let i = 0; i < n; i++) y = i % 2 === 0 ? np.add(y, 0.5) : np.multiply(y, 0.99);
        return y;
      })(np.ones([4]));
    };
    const short = best(chain(500), 3),
      long = best(chain(4000), 2);
    expect(long).toBeLessThan(8 * 2.5 * short);
  });
});
