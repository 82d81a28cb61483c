// How arrays look: as NumPy prints them, but for whole numbers, which have no point. Snapshots are texts a reader can check.
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { jit, type NDArray, np, TraceError } from "../src/index.ts";

const text = (x: NDArray): readonly string[] => String(x).split("\n");

describe("printing", () => {
  it("scalars", () => {
    const scalars = [1, 0.1, -2.5, 1e-10, 1e20, 3.14159265, Number.NaN, Number.POSITIVE_INFINITY, -0].map((v) =>
      String(np.array(v)),
    );
    expect(scalars).toEqual(["1", "0.1", "-2.5", "1e-10", "100000000000000000000", "3.1415927", "nan", "inf", "-0"]);
    expect([true, false].map((v) => String(np.array(v)))).toEqual(["True", "False"]);
    expect(String(np.array(0.1, { dtype: "float64" }))).toBe("0.1");
    expect(String(np.array(1 / 3, { dtype: "float64" }))).toBe("0.3333333333333333");
  });
  it("columns stand under one another, at their points", () => {
    expect(
      text(
        np.array([
          [1, 2.5],
          [-3, 100.125],
        ]),
      ),
    ).toEqual(["[[  1       2.5  ]", " [ -3     100.125]]"]);
    expect(
      text(
        np.array([
          [1, 20],
          [300, 4],
        ]),
      ),
    ).toEqual(["[[  1  20]", " [300   4]]"]);
    expect(text(np.array([[true, false]]))).toEqual(["[[ True False]]"]);
    expect(String(np.array([Number.NaN, 1, Number.NEGATIVE_INFINITY]))).toBe("[ nan    1 -inf]");
    expect(String(np.array([0.5, Number.NaN]))).toBe("[0.5 nan]");
    expect(String(np.array([-0, 0.5]))).toBe("[-0    0.5]");
  });
  it("blocks are separated by empty lines", () => {
    expect(text(np.arange(8).reshape([2, 2, 2]))).toEqual(["[[[0 1]", "  [2 3]]", "", " [[4 5]", "  [6 7]]]"]);
  });
  it("very large and very small numbers have exponents", () => {
    expect(String(np.array([1e-5, 1]))).toBe("[1e-05 1e+00]");
    expect(String(np.array([1.5e10, 2]))).toBe("[1.5e+10 2.0e+00]");
    expect(String(np.array([123456789, 1]))).toBe("[1.2345679e+08 1.0000000e+00]");
    expect(String(np.array([99999999, 1], { dtype: "float64" }))).toBe("[99999999        1]");
    expect(String(np.array([1e9], { dtype: "int32" }))).toBe("[1000000000]");
  });
  it("float32 shows the digits that tell it apart, at most 8 behind the point", () => {
    expect(String(np.array([0.1, 1 / 3]))).toBe("[0.1        0.33333334]");
    expect(String(np.array([0.1, 1 / 3], { dtype: "float64" }))).toBe("[0.1        0.33333333]");
  });
  it("long axes are shortened, long rows wrapped", () => {
    expect(String(np.arange(1001))).toBe("[   0    1    2 ...  998  999 1000]");
    expect(text(np.zeros([1001, 2]))).toEqual(["[[0 0]", " [0 0]", " [0 0]", " ...", " [0 0]", " [0 0]", " [0 0]]"]);
    expect(text(np.arange(30))).toEqual([
      "[ 0  1  2  3  4  5  6  7  8  9 10 11 12 13 14 15 16 17 18 19 20 21 22 23",
      " 24 25 26 27 28 29]",
    ]);
  });
  it("nothing", () => {
    expect([np.zeros([0]), np.zeros([2, 0]), np.zeros([0, 3])].map(String)).toEqual(["[]", "[]", "[]"]);
  });
  it("the inspector adds dtype and shape", () => {
    expect(inspect(np.array([1, 2]))).toBe("[1 2] float32[2]");
    expect(inspect(np.array(true))).toBe("True bool[]");
    const taken = np.array([1, 2]);
    jit((x: NDArray) => x.add(1), { donate: 0 })(taken);
    expect(inspect(taken)).toBe("donated float32[2]");
  });
});

describe("the ways out", () => {
  const x = np.array([
    [1, 2],
    [3, 4],
  ]);
  it("js, dataSync, item, iteration", async () => {
    expect(x.js()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(x.dataSync()).toEqual(Float32Array.from([1, 2, 3, 4]));
    expect(await x.data()).toEqual(x.dataSync());
    expect(await x.jsAsync()).toEqual(x.js());
    expect(np.array(true).item()).toBe(true);
    expect(np.array([[7]]).item()).toBe(7);
    expect([...x].map((row) => row.js())).toEqual([
      [1, 2],
      [3, 4],
    ]);
    const [first, second] = x;
    expect([first?.js(), second?.js()]).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(np.array([true, false]).dataSync()).toEqual(Uint8Array.from([1, 0]));
  });
  it("what leaves is a copy, and shapes are frozen", () => {
    const data = x.dataSync();
    data[0] = 9;
    expect(x.slice(0, 0).item()).toBe(1);
    expect(() => {
      (x.shape as number[])[0] = 5;
    }).toThrow(TypeError);
    const source = Float32Array.from([1, 2]),
      y = np.array(source);
    source[0] = 9;
    expect(y.js()).toEqual([1, 2]);
  });
  it("an array of one element is a number to JavaScript", () => {
    expect(Number(np.array(3)) + 1).toBe(4);
    expect(`${np.array(3)}`).toBe("3");
    expect((np.array(2) as unknown as number) < 3).toBe(true);
    expect(() => Number(x)).toThrow(/item: expected an array of one element, got shape \[2,2\]/);
    expect(() => x.item()).toThrow(/slice/);
    expect(() => [...np.array(1)]).toThrow(/iteration: expected an array with at least one axis, got a scalar/);
  });
  it("a traced array has no value, and says what to do", () => {
    const misuses: Readonly<Record<string, (x: NDArray) => unknown>> = {
      "lax.cond": (v) => ((v as unknown as number) > 0 ? 1 : 2),
      "debug.print": (v) => `${v}`,
      "x.add": (v) => (v as unknown as number) + 1,
      item: (v) => v.item(),
      js: (v) => v.js(),
      dataSync: (v) => v.dataSync(),
      "np.where": (v) => np.nonzero(v),
    };
    for (const [advice, f] of Object.entries(misuses)) {
      const misuse = (): unknown => jit((v: NDArray) => f(v) as NDArray)(np.array(1));
      expect(misuse).toThrow(TraceError);
      expect(misuse).toThrow(advice);
    }
  });
  it("a traced array iterates over its first axis, whose length is known", () => {
    const f = jit((v: NDArray) => {
      const [a, b] = v;
      return np.add(a as NDArray, b as NDArray);
    });
    expect(f(x).js()).toEqual([4, 6]);
  });
});

describe("errors name the operation, what it got, and the user's line", () => {
  const message = (f: () => unknown): string => {
    try {
      f();
    } catch (error) {
      return (error as Error).message;
    }
    return "nothing thrown";
  };
  it.each([
    [
      () => np.array([[1, 2], [3]]),
      /^array: expected a list of length 2 at depth 1 .*, got length 1\n {2}at .*numpy-printing/,
    ],
    [() => np.array("three" as unknown as number), /^array: expected an array, .*got "three"/],
    [() => np.zeros([-1]), /^zeros: expected a shape of non-negative integers, got \[-1\]/],
    [() => np.zeros([2], { dtype: "float31" as "float32" }), /^zeros: expected a dtype among .*, got "float31"/],
    [() => np.ones([2]).reshape([3]), /^reshape: expected a shape of 2 elements, .*got \[3\]/],
    [
      () => np.max(np.zeros([0])),
      /^max: expected at least one element .*remedy: give the result of nothing as initial/s,
    ],
    [() => np.split(np.zeros([5]), 2), /^split: expected a number of parts that divides 5, got 2.*arraySplit/s],
    [() => np.array(new BigInt64Array(2) as unknown as Float32Array), /^array: expected a typed array .*BigInt64Array/],
  ])("%s", (f, pattern) => expect(message(f)).toMatch(pattern));
});
