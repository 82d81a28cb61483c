// Polynomials as vectors of coefficients, the highest power first.
import { ArgumentError, ShapeError } from "../core/errors.ts";
import type { Value } from "../core/value.ts";
import * as p from "../primitives/elementwise.ts";
import { broadcast } from "../primitives/linear.ts";
import { iota, sliceAxis } from "../primitives/movement.ts";
import { fullLike } from "../primitives/pointwise.ts";
import { type ArrayLike, asArray, type NDArray } from "./array.ts";
import { concatenate } from "./joining.ts";
import { arithmetic, counting, operand, operands, real } from "./kinds.ts";
import { pad } from "./padding.ts";
import { convolve } from "./signals.ts";
import { named } from "./named.ts";
import * as given from "./given.ts";

const coefficients = (op: string, x: ArrayLike): Value => {
  const v = operand(arithmetic, op, x);
  if (v.ndim > 1) throw new ShapeError({ op, expected: "a vector of coefficients", got: `shape [${v.shape}]` });
  return v.ndim === 0 ? v.reshape([1]) : v;
};
/**
 * The polynomial `c[0] x^(n-1) + ... + c[n-1]`, by Horner's rule.
 * @example
 * np.polyval([1, 0, 2], 3) // => 11
 */
export const polyval = (c: ArrayLike, x: ArrayLike): NDArray => {
  const v = coefficients("polyval", c);
  let y = asArray(x, "polyval").mul(0).add(0);
  for (let i = 0; i < v.size; i++) y = y.mul(x).add(sliceAxis(v, 0, i, i + 1).reshape([]));
  return y;
};
const sameLength = (op: string, a: ArrayLike, b: ArrayLike): readonly [Value, Value] => {
  const x = coefficients(op, a),
    y = coefficients(op, b),
    n = Math.max(x.size, y.size);
  return operands(counting, op, pad(x, [n - x.size, 0]), pad(y, [n - y.size, 0])) as readonly [Value, Value];
};
/**
 * The sum of two polynomials.
 * @example
 * np.polyadd([1, 2], [1, 0, 0]) // => [1 1 2]
 */
export const polyadd = (a: ArrayLike, b: ArrayLike): NDArray => p.add(...sameLength("polyadd", a, b));
/**
 * The difference of two polynomials.
 * @example
 * np.polysub([1, 2], [1, 1]) // => [0 1]
 */
export const polysub = (a: ArrayLike, b: ArrayLike): NDArray => p.sub(...sameLength("polysub", a, b));
/**
 * The product of two polynomials.
 * @example
 * np.polymul([1, 1], [1, -1]) // => [1 0 -1]
 */
export const polymul = (a: ArrayLike, b: ArrayLike): NDArray =>
  convolve(coefficients("polymul", a), coefficients("polymul", b));
/** Exponents n - 1 ... 0. */
const powers = (v: Value): Value => {
  const i = iota([v.size], 0, v.dtype);
  return p.sub(fullLike(i, v.size - 1), i);
};
const times = (op: string, m: number): number => {
  if (!Number.isInteger(m) || m < 0)
    throw new ArgumentError({ op, expected: "a number of times from 0 on", got: given.show(m) });
  return m;
};
/**
 * The m-th derivative of a polynomial.
 * @example
 * np.polyder([1, 2, 3]) // => [2 2]
 */
export const polyder = named("polyder", ["m"], [], (c: ArrayLike, m: number = 1): NDArray => {
  let v = coefficients("polyder", c);
  for (let k = times("polyder", m); k > 0 && v.size > 0; k--) v = sliceAxis(p.mul(v, powers(v)), 0, 0, v.size - 1);
  return v;
});
/**
 * The m-th antiderivative of a polynomial, with constants k (0 by default).
 * @example
 * np.polyint([2, 2]) // => [1 2 0]
 */
export const polyint = named(
  "polyint",
  ["m", "k"],
  [],
  (c: ArrayLike, m: number = 1, k: number | readonly number[] = 0): NDArray => {
    let v = operand(real, "polyint", coefficients("polyint", c));
    for (let i = 0; i < times("polyint", m); i++) {
      const n = p.add(powers(v), fullLike(v, 1));
      v = concatenate([
        p.div(v, n),
        asArray([typeof k === "number" ? k : (given.list("polyint", "constants", k)[i] ?? 0)], "polyint", v.dtype),
      ]);
    }
    return v;
  },
);
/**
 * The monic polynomial with given roots.
 * @example
 * np.poly([1, 2]) // => [1 -3 2]
 */
export const poly = (roots: ArrayLike): NDArray => {
  const r = operand(real, "poly", coefficients("poly", roots));
  let c = asArray([1], "poly", r.dtype);
  for (let i = 0; i < r.size; i++)
    c = convolve(c, concatenate([asArray([1], "poly", r.dtype), p.neg(sliceAxis(r, 0, i, i + 1))]));
  return c;
};
/** Options of `vander`. */
export interface VanderOptions {
  /** Powers from left to right ascending instead of descending; false by default. */
  readonly increasing?: boolean;
}
/**
 * The matrix of powers of x: `x[i]^(n - 1 - j)`, n being the length of x by default.
 * @example
 * np.vander([2, 3], 3) // => [[4 2 1] [9 3 1]]
 */
export const vander = named(
  "vander",
  ["N"],
  ["increasing"],
  (x: ArrayLike, n: number | null = null, { increasing = false }: VanderOptions = {}): NDArray => {
    const v = operand(counting, "vander", x);
    if (v.ndim !== 1) throw new ShapeError({ op: "vander", expected: "a vector", got: `shape [${v.shape}]` });
    const columns = given.integer("vander", "N", n ?? v.size, 0),
      shape = [v.size, columns],
      j = iota(shape, 1, v.dtype);
    return p.pow(broadcast(v, shape, [1]), increasing ? j : p.sub(fullLike(j, columns - 1), j));
  },
);
