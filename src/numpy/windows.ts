// Window functions of n points, symmetric.
import type { Value } from "../core/value.ts";
import * as p from "../primitives/elementwise.ts";
import { iota } from "../primitives/movement.ts";
import { fullLike } from "../primitives/pointwise.ts";
import type { NDArray } from "./array.ts";
import { ones } from "./creation.ts";
import * as given from "./given.ts";

const scaled = (x: Value, c: number): Value => p.mul(x, fullLike(x, c));
/** `f(i / (n - 1))`, computed in float64; a single 1 for n = 1. */
const window = (n: number, f: (t: Value) => Value): NDArray => {
  if (given.integer("window", "the number of points", n) <= 1) return ones([Math.max(n, 0)]);
  const i = iota([n], 0, "float64");
  return p.convertElementType(f(p.div(i, fullLike(i, n - 1))), "float32");
};
/** `a0 + a1 cos(2 pi t) + a2 cos(4 pi t)`. */
const cosines = (n: number, a: readonly number[]): NDArray =>
  window(n, (t) => a.map((c, k) => scaled(p.cos(scaled(t, 2 * Math.PI * k)), c)).reduce(p.add));

/**
 * A triangle: 0 at both ends, 1 in the middle.
 * @example
 * np.bartlett(3) // => [0 1 0]
 */
export const bartlett = (n: number): NDArray =>
  window(n, (t) => p.sub(fullLike(t, 1), p.abs(p.sub(scaled(t, 2), fullLike(t, 1)))));
/**
 * Hann's raised cosine `0.5 - 0.5 cos(2 pi i / (n - 1))`.
 * @example
 * np.hanning(3) // => [0 1 0]
 */
export const hanning = (n: number): NDArray => cosines(n, [0.5, -0.5]);
/**
 * Hamming's raised cosine `0.54 - 0.46 cos(2 pi i / (n - 1))`.
 * @example
 * np.hamming(3) // => [0.08 1 0.08]
 */
export const hamming = (n: number): NDArray => cosines(n, [0.54, -0.46]);
/**
 * Blackman's sum of cosines `0.42 - 0.5 cos(2 pi i / (n - 1)) + 0.08 cos(4 pi i / (n - 1))`.
 * @example
 * np.blackman(3).slice(1) // => 1
 */
export const blackman = (n: number): NDArray => cosines(n, [0.42, -0.5, 0.08]);
