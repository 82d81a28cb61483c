// Traps that other libraries fell into, each as a law that np does not: DESIGN.md, section 11.
import { describe, expect, it } from "vitest";
import { grad, jit, type NDArray, np, OutOfMemoryError, vmap } from "../src/index.ts";

const int32 = (...xs: readonly number[]): NDArray => np.array(Int32Array.from(xs));
type F = (x: NDArray) => NDArray;
const slope = (f: F, at: number | readonly (number | readonly number[])[]): unknown => grad(f)(np.array(at)).js();
/** Eager and jitted results, which must be the same. */
const both = (f: F, x: NDArray): unknown => {
  const eager = f(x).js();
  expect(jit(f)(x).js()).toEqual(eager);
  return eager;
};

describe("dtypes", () => {
  it("int * 0.5 = 0", () => {
    expect(both((x) => np.multiply(x, 0.5), int32(1, 3))).toEqual([0.5, 1.5]);
    expect(np.multiply(int32(1), 0.5).dtype).toBe("float32");
    expect(int32(7).div(2).item()).toBe(3.5);
  });
  it("-8 >> 1 logical", () => {
    expect(both((x) => np.rightShift(x, 1), int32(-8, -1))).toEqual([-4, -1]);
    expect(np.rightShift(np.array([2 ** 32 - 8], { dtype: "uint32" }), 1).item()).toBe(2 ** 31 - 4);
  });
  it("x * 1 folded away although it promotes", () => {
    const one = np.ones([]);
    expect(jit((x: NDArray) => np.multiply(x, one))(int32(2)).dtype).toBe("float32");
    expect(jit((x: NDArray) => np.add(x, np.zeros([], { dtype: "float64" })))(int32(2)).dtype).toBe("float64");
  });
  it("float64 computed in float32", () => {
    const x = np.array([0.1, 1 / 3, 1e-9, 1e10], { dtype: "float64" }),
      xs = x.js() as readonly number[];
    expect(both((v) => np.add(np.multiply(v, 3), 0.1), x)).toEqual(xs.map((v) => v * 3 + 0.1));
    expect(both((v) => np.sqrt(v), x)).toEqual(xs.map(Math.sqrt));
    const total = xs.reduce((a, b) => a + b);
    expect(Math.abs((both((v) => np.sum(v), x) as number) / total - 1)).toBeLessThan(1e-15);
    const exponentials = both((v) => np.exp(v), x.slice([0, 3])) as readonly number[];
    exponentials.forEach((y, i) => {
      expect(Math.abs(y / Math.exp(xs[i] as number) - 1)).toBeLessThan(1e-15);
    });
    expect(np.linspace(0, 1, 3, { dtype: "float64" }).mul(0.1).js()).toEqual([0, 0.05, 0.1]);
  });
  it("integers beyond 2^24 rounded", () => {
    const big = 2 ** 24 + 1;
    expect(both((x) => np.add(x, 2), int32(big))).toEqual([big + 2]);
    expect(both((x) => np.sum(x), int32(big, 0))).toBe(big);
    expect(np.equal(int32(big), big - 1).js()).toEqual([false]);
    expect(np.mod(int32(big), 2).js()).toEqual([1]);
  });
  it("int ** int by way of float", () => {
    expect(both((x) => x.pow(19), int32(3))).toEqual([1162261467]);
    expect(both((x) => np.power(x, int32(19)), int32(3))).toEqual([1162261467]);
  });
});

describe("indices", () => {
  it("a boolean mask read as indices", () => {
    const x = np.array([10, 20, 30]);
    expect(x.slice(np.array([true, false, true])).js()).toEqual([10, 30]);
    expect(x.slice(np.greater(x, 15)).js()).toEqual([20, 30]);
    expect(np.where(np.greater(x, 15), 1, 0).js()).toEqual([0, 1, 1]);
  });
  it("argmax of NaN out of range", () => {
    for (const f of [np.argmax, np.argmin]) {
      expect(both((x) => f(x), np.array([Number.NaN]))).toBe(0);
      expect(both((x) => f(x), np.array([1, Number.NaN, Number.NaN]))).toBe(1);
      expect(
        both(
          (x) => f(x, 1),
          np.array([
            [Number.NaN, 5],
            [2, Number.NaN],
          ]),
        ),
      ).toEqual([0, 1]);
    }
    expect(np.argmax(np.full([3], Number.NEGATIVE_INFINITY)).item()).toBe(0);
  });
  it("min and max lose NaN", () => {
    expect(both((x) => np.max(x), np.array([1, Number.NaN, 3]))).toBeNaN();
    expect(both((x) => np.minimum(x, 0), np.array([Number.NaN]))).toEqual([Number.NaN]);
  });
});

describe("gradients", () => {
  it("of prod with a zero", () => {
    expect(slope((x) => np.prod(x), [2, 0, 3])).toEqual([0, 6, 0]);
    expect(slope((x) => np.prod(x), [0, 0, 3])).toEqual([0, 0, 0]);
    expect(
      slope(
        (x) => np.sum(np.prod(x, 0)),
        [
          [2, 0],
          [5, 4],
        ],
      ),
    ).toEqual([
      [5, 4],
      [2, 0],
    ]);
  });
  it("of cumprod with a zero", () => {
    expect(slope((x) => np.sum(np.cumprod(x)), [2, 0, 3])).toEqual([1, 8, 0]);
  });
  it("of x ** 2 at 0", () => {
    expect(slope((x) => np.power(x, 2), 0)).toBe(0);
    expect(slope((x) => x.pow(3), 0)).toBe(0);
    expect(slope((x) => np.power(x, 1), 0)).toBe(1);
    expect(slope((x) => np.power(x, np.array(2)), 0)).toBe(0);
    expect(slope((x) => grad((y: NDArray) => np.power(y, 2))(x), 0)).toBe(2);
  });
  it("of 2 ** x where the base is 0", () => {
    expect(slope((x) => np.power(0, x), 2)).toBe(0);
    expect(slope((x) => np.power(np.array(2), x), 3)).toBeCloseTo(8 * Math.LN2, 5);
  });
  it("of where + sqrt", () => {
    expect(slope((x) => np.sum(np.where(np.greater(x, 0), np.sqrt(x), 0)), [4, 0, -1])).toEqual([0.25, 0, 0]);
    expect(slope((x) => np.sum(np.where(np.greater(x, 0), np.log(x), x)), [1, 0, -2])).toEqual([1, 1, 1]);
  });
  it("of the standard deviation, hypot and abs at 0", () => {
    expect(slope((x) => np.std(x), [3, 3])).toEqual([0, 0]);
    expect(slope((x) => np.hypot(x, 0), 0)).toBe(0);
    expect(slope((x) => np.abs(x), 0)).toBe(0);
  });
  it("of norm at 0", () => {
    for (const ord of [null, 2, 3, 1.5])
      expect(grad((x: NDArray) => np.linalg.norm(x, ord))(np.zeros([3])).js(), String(ord)).toEqual([0, 0, 0]);
    expect(grad((x: NDArray) => np.linalg.norm(x))(np.array([3, 0, -4])).js()).toEqual([
      Math.fround(0.6),
      0,
      -Math.fround(0.8),
    ]);
    expect(grad((x: NDArray) => np.linalg.matrixNorm(x))(np.zeros([2, 2])).js()).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });
  it("of sinc at 0, and its second", () => {
    expect(slope((x) => np.sinc(x), 0)).toBe(0);
    expect(slope((x) => grad((y: NDArray) => np.sinc(y))(x), 0)).toBeCloseTo(-(Math.PI ** 2) / 3, 4);
  });
  it("of logaddexp at -inf and at a tie", () => {
    expect(slope((x) => np.logaddexp(x, 0), Number.NEGATIVE_INFINITY)).toBe(0);
    expect(slope((x) => np.logaddexp(x, 1), 1)).toBe(0.5);
    expect(slope((x) => np.logaddexp(x, 0), 100)).toBe(1);
  });
  it("of mod returns the operand", () => {
    expect(slope((x) => np.mod(x, 3), 7)).toBe(1);
    expect(slope((y) => np.mod(7, y), 3)).toBe(-2);
    expect(slope((y) => np.mod(-7, y), 3)).toBe(3);
    expect(slope((x) => np.floorDivide(x, 3), 7)).toBe(0);
  });
  it("of max shares ties, of clip stops at the bounds", () => {
    expect(slope((x) => np.max(x), [1, 3, 3])).toEqual([0, 0.5, 0.5]);
    expect(slope((x) => np.sum(np.clip(x, 0, 1)), [-1, 0.5, 2])).toEqual([0, 1, 0]);
    expect(slope((x) => np.maximum(x, 2), 2)).toBe(0.5);
  });
  it("of what rounds is 0, of integers there is none", () => {
    expect(slope((x) => np.sum(np.floor(x)), [1.5])).toEqual([0]);
    expect(slope((x) => np.sum(np.sign(x)), [1.5])).toEqual([0]);
    expect(() => grad((x: NDArray) => np.sum(x))(int32(1))).toThrow(/int32|i32/);
  });
  it("of padding, concatenation and repetition add up", () => {
    expect(slope((x) => np.sum(np.pad(x, 1, { mode: "edge" })), [1, 2])).toEqual([2, 2]);
    expect(slope((x) => np.sum(np.pad(x, [2, 0], { mode: "reflect" })), [1, 2, 3])).toEqual([1, 2, 2]);
    expect(slope((x) => np.sum(np.multiply(np.tile(x, 2), [1, 2, 3, 4])), [1, 1])).toEqual([4, 6]);
    expect(slope((x) => np.sum(np.concatenate([x, x])), [1, 2])).toEqual([2, 2]);
  });
});

describe("accuracy", () => {
  const relative = (got: unknown, want: number): number => Math.abs((got as number) / want - 1);
  it("sum of 1e6 times 0.1 off by 1 %", () => {
    const x = np.full([1_000_000], 0.1);
    expect(
      relative(
        both((v) => np.sum(v), x),
        1e6 * Math.fround(0.1),
      ),
    ).toBeLessThan(1e-6);
    expect(
      relative(
        both((v) => np.mean(v), x),
        Math.fround(0.1),
      ),
    ).toBeLessThan(1e-6);
    // Along an axis that is not the last one rows are added one by one: n / 2 units in the last place at worst.
    const bounds = [1000 * 2 ** -24, 1e-6];
    bounds.forEach((bound, axis) => {
      const rows = np.sum(x.reshape([1000, 1000]), axis);
      expect(relative(rows.slice(7).item(), 1e3 * Math.fround(0.1))).toBeLessThan(bound);
    });
    expect(relative(np.cumsum(x).slice(-1).item(), 1e6 * Math.fround(0.1))).toBeLessThan(1e-6);
  });
  it("log near 1, tanh and sin of small and large numbers", () => {
    const near = np.array([1 + 2 ** -20, 1 - 2 ** -21]);
    (np.log(near).js() as readonly number[]).forEach((y, i) => {
      expect(relative(y, Math.log([1 + 2 ** -20, 1 - 2 ** -21][i] as number))).toBeLessThan(3e-7);
    });
    expect(np.tanh(1e-8).item()).toBe(Math.fround(1e-8));
    expect(np.expm1(1e-8).item()).toBe(Math.fround(1e-8));
    expect(np.log1p(1e-8).item()).toBe(Math.fround(1e-8));
    for (const v of [1e5, 12345.678, 1e10])
      expect(Math.abs((np.sin(v).item() as number) - Math.sin(Math.fround(v)))).toBeLessThan(2e-7);
  });
  it("variance of numbers far from 0", () => {
    expect(np.var([10000, 10001, 10002]).item()).toBeCloseTo(2 / 3, 5);
  });
  it("hypot and logaddexp overflow", () => {
    expect(np.hypot(3e30, 4e30).item()).toBe(Math.fround(5e30));
    expect(np.hypot(3e-30, 4e-30).item()).toBeCloseTo(5e-30, 35);
    expect(np.logaddexp(1000, 1000).item()).toBeCloseTo(1000 + Math.LN2, 3);
  });
  it("linspace and arange accumulate errors", () => {
    const x = np.arange(0, 1, 0.1).js() as readonly number[];
    expect(x).toEqual(Array.from({ length: 10 }, (_, i) => Math.fround(i * 0.1)));
    expect(np.linspace(0, 1, 1001).slice(500).item()).toBe(0.5);
  });
});

describe("size", () => {
  it("400 chained operations overflow the stack", () => {
    const chain: F = (x) => {
      let y = x;
      for (let i = 0; i < 400; i++) y = np.add(np.multiply(y, 0.5), 1);
      return np.sum(y);
    };
    expect(
      Number.isFinite(
        grad(chain)(np.array([1]))
          .slice(0)
          .item(),
      ),
    ).toBe(true);
    expect(Number.isFinite(jit(chain)(np.array([1])).item())).toBe(true);
  });
  it("an array that cannot fit says so, and leaves the others alone", () => {
    const x = np.array([1, 2]);
    expect(() => np.zeros([40_000, 40_000])).toThrow(OutOfMemoryError);
    expect(() => np.arange(1e12)).toThrow(OutOfMemoryError);
    expect(x.add(1).js()).toEqual([2, 3]);
  });
  it("an array of 1 and one of 0 elements are no special cases", () => {
    for (const n of [0, 1]) {
      const x = np.ones([n]);
      expect(np.sum(np.multiply(x, np.ones([n, 1]))).item()).toBe(n);
      expect(vmap((v: NDArray) => np.add(v, 1))(x).shape).toEqual([n]);
      expect(np.concatenate([x, x]).shape).toEqual([2 * n]);
    }
  });
});
