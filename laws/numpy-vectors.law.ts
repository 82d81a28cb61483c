// Functions of np on vectors: polynomials, divisors, interpolation, statistics, windows, mapped functions.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DTypeError, grad, jit, type NDArray, np, ShapeError } from "../src/index.ts";
import { dyadic, plainOf, positive, shapeOf, toNumpy } from "./numpy-oracle.ts";

const numbers = fc.array(dyadic, { minLength: 1, maxLength: 5 });
const numbersOf = (x: NDArray): readonly number[] => Array.from(x.dataSync());
const close = (got: readonly number[], want: readonly number[], tolerance = 1e-5): void => {
  expect(got.length).toBe(want.length);
  got.forEach((v, i) => {
    expect(Math.abs(v - (want[i] as number))).toBeLessThanOrEqual(tolerance * Math.max(1, Math.abs(want[i] as number)));
  });
};
const at = (c: readonly number[], x: number): number => c.reduce((y, a) => y * x + a, 0);
const runs = { numRuns: 40 };

describe("polynomials", () => {
  it("are what they evaluate to", () => {
    fc.assert(
      fc.property(numbers, numbers, dyadic, (a, b, x) => {
        const value = (c: NDArray): number => at(numbersOf(c), x);
        close([np.polyval(a, x).item() as number], [at(a, x)]);
        close([value(np.polyadd(a, b))], [at(a, x) + at(b, x)]);
        close([value(np.polysub(a, b))], [at(a, x) - at(b, x)]);
        close([value(np.polymul(a, b))], [at(a, x) * at(b, x)]);
        close([value(np.poly(a))], [a.reduce((y, root) => y * (x - root), 1)]);
      }),
      runs,
    );
  });
  it("the derivative undoes the antiderivative, and is the gradient", () => {
    fc.assert(
      fc.property(numbers, dyadic, (c, x) => {
        close(numbersOf(np.polyder(np.polyint(c, 2, [3, 4]), 2)), c);
        const slope = grad((v: NDArray) => np.polyval(c, v))(np.array(x)).item() as number;
        close([at(numbersOf(np.polyder(c)), x)], [slope], 1e-4);
      }),
      runs,
    );
    expect(np.polyder([5]).shape).toEqual([0]);
    expect(np.vander([2, 3], 3, { increasing: true }).js()).toEqual([
      [1, 2, 4],
      [1, 3, 9],
    ]);
  });
});

describe("divisors", () => {
  const gcd = (a: number, b: number): number => (b === 0 ? Math.abs(a) : gcd(b, a % b));
  it("agree with Euclid, eager and jitted", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: -99, max: 99 }), fc.integer({ min: -99, max: 99 })), {
          minLength: 5,
          maxLength: 5,
        }),
        (pairs) => {
          const [x, y] = [0, 1].map((k) => np.array(Int32Array.from(pairs, (p) => p[k] as number))) as [
            NDArray,
            NDArray,
          ];
          expect(np.gcd(x, y).js()).toEqual(pairs.map(([a, b]) => gcd(a, b)));
          expect(jit((a: NDArray, b: NDArray) => np.lcm(a, b))(x, y).js()).toEqual(
            pairs.map(([a, b]) => (a * b === 0 ? 0 : Math.abs(a * b) / gcd(a, b))),
          );
        },
      ),
      { numRuns: 20 },
    );
    expect(() => np.gcd([1.5], 2)).toThrow(DTypeError);
  });
});

describe("interpolation", () => {
  it("goes through the points, is linear between and constant outside", () => {
    const xp = [0, 1, 3],
      fp = [2, 4, -2];
    expect(np.interp(xp, xp, fp).js()).toEqual(fp);
    expect(np.interp([0.5, 2, -9, 9], xp, fp).js()).toEqual([3, 1, 2, -2]);
    expect(np.interp([-9, 9], xp, fp, { left: 7, right: 8 }).js()).toEqual([7, 8]);
    expect(np.interp([5], [1], [2]).js()).toEqual([2]);
    expect(grad((x: NDArray) => np.interp(x, xp, fp))(np.array(2)).item()).toBe(-3);
    expect(() => np.interp(1, [1, 2], [1])).toThrow(ShapeError);
  });
  it("unwrap undoes a jump of any number of turns", () => {
    const angles = Array.from({ length: 20 }, (_, i) => i * 0.7),
      wrapped = angles.map((a) => ((a + Math.PI) % (2 * Math.PI)) - Math.PI);
    close(numbersOf(np.unwrap(wrapped)), angles);
    expect(np.unwrap([0, 2, 4], { period: 4 }).js()).toEqual([0, 2, 4]);
    expect(
      np
        .unwrap(
          [
            [0, 3],
            [0, -3],
          ],
          { axis: 1, period: 4 },
        )
        .js(),
    ).toEqual([
      [0, -1],
      [0, 1],
    ]);
  });
});

describe("statistics", () => {
  it("the diagonal of the covariance is the variance, the correlation is between -1 and 1", () => {
    fc.assert(
      fc.property(plainOf(fc.constantFrom([2, 5], [3, 3])), (x) => {
        const v = toNumpy(x),
          c = np.cov(v);
        close(numbersOf(np.diagonal(c)), numbersOf(np.var(v, 1, { ddof: 1 })));
        close(numbersOf(c.T), numbersOf(c));
        close(
          numbersOf(np.cov(v.T, null, { rowvar: false, bias: true })),
          numbersOf(c.mul(((x.shape[1] as number) - 1) / (x.shape[1] as number))),
        );
      }),
      runs,
    );
    expect(np.cov([1, 2, 3]).item()).toBe(1);
    expect(np.corrcoef([1, 2, 3], [2, 4, 6]).js()).toEqual([
      [1, 1],
      [1, 1],
    ]);
  });
  it("the cross product is orthogonal to both", () => {
    fc.assert(
      fc.property(plainOf(fc.constant([4, 3])), plainOf(fc.constant([4, 3])), (a, b) => {
        const [x, y] = [toNumpy(a), toNumpy(b)],
          z = np.cross(x, y);
        for (const v of [x, y]) expect(np.sum(np.multiply(v, z), -1).js()).toEqual([0, 0, 0, 0]);
        expect(np.cross(x.T, y.T, { axis: 0 }).T.js()).toEqual(z.js());
      }),
      runs,
    );
    expect(() => np.cross([1, 2], [3, 4])).toThrow(ShapeError);
  });
  it("windows are symmetric, 1 in the middle", () => {
    for (const f of [np.bartlett, np.hanning, np.hamming, np.blackman]) {
      const w = numbersOf(f(9));
      close(w, [...w].reverse(), 1e-6);
      expect(w[4]).toBeCloseTo(1, 6);
      expect([f(0).shape, f(1).js()]).toEqual([[0], [1]]);
    }
  });
});

describe("functions of parts", () => {
  it("applyAlongAxis is a loop over all other axes", () => {
    fc.assert(
      fc.property(
        plainOf(shapeOf(positive, 1)).chain((x) => fc.nat(x.shape.length - 1).map((a) => [x, a] as const)),
        ([x, axis]) => {
          const v = toNumpy(x);
          expect(np.applyAlongAxis((row) => np.sum(row), axis, v).js()).toEqual(np.sum(v, axis).js());
          expect(np.applyAlongAxis((row) => np.cumsum(row), axis, v).js()).toEqual(np.cumsum(v, axis).js());
          expect(np.applyOverAxes(np.sum, v, [0]).js()).toEqual(np.sum(v, 0, { keepdims: true }).js());
        },
      ),
      { numRuns: 20 },
    );
    expect(np.applyAlongAxis((row) => np.outer(row, row), 0, np.ones([3, 2])).shape).toEqual([3, 3, 2]);
  });
  it("piecewise and select take the first condition that holds", () => {
    const x = np.array([-2, 0, 3]);
    const parts = [np.less(x, 0), np.lessEqual(x, 0)];
    expect(np.piecewise(x, parts, [(v) => v.neg(), 7, (v) => v.mul(10)]).js()).toEqual([2, 7, 30]);
    expect(np.piecewise(x, parts, [1, 2]).js()).toEqual([1, 2, 0]);
    expect(np.select(parts, [x.mul(2), 5], -1).js()).toEqual([-4, 5, -1]);
  });
  it("block joins innermost along the last axis", () => {
    const [a, b] = [np.ones([2, 2]), np.zeros([2, 1])];
    expect(np.block([a, b]).shape).toEqual([2, 3]);
    expect(np.block([[a, b], [np.zeros([1, 3])]]).shape).toEqual([3, 3]);
    expect(np.block([1, 2]).js()).toEqual([1, 2]);
    expect(np.block(3).js()).toEqual([3]);
  });
});

describe("dtypes as values", () => {
  it("kinds", () => {
    expect([
      np.isdtype("uint8", "unsigned integer"),
      np.isdtype("bool", "numeric"),
      np.isdtype("int32", ["bool", "integral"]),
    ]).toEqual([true, false, true]);
    expect([np.issubdtype("float64", "floating"), np.issubdtype("int32", "float32")]).toEqual([true, false]);
    expect([np.isscalar(1), np.isscalar(np.array(1)), np.isscalar([1])]).toEqual([true, true, false]);
  });
  it("limits are those of the arithmetic", () => {
    for (const dtype of ["float32", "float64"] as const) {
      const { eps, max, tiny, smallestSubnormal } = np.finfo(dtype),
        one = np.ones([], { dtype });
      expect(one.add(eps).greater(1).item()).toBe(true);
      expect(
        one
          .add(eps / 2)
          .equal(1)
          .item(),
      ).toBe(true);
      expect(
        one
          .mul(max)
          .mul(1 + eps)
          .item(),
      ).toBe(Number.POSITIVE_INFINITY);
      expect(one.mul(smallestSubnormal).item()).toBe(smallestSubnormal);
      expect(one.mul(tiny).div(2).item()).toBe(tiny / 2);
    }
    const { max, min } = np.iinfo("int32");
    expect(np.array(max, { dtype: "int32" }).add(1).item()).toBe(min);
    expect(() => np.finfo("int32")).toThrow(DTypeError);
    expect(() => np.iinfo("float32")).toThrow(DTypeError);
  });
});
