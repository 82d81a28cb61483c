// Functions of slices of arrays, and functions in pieces.
import { ArgumentError } from "../core/errors.ts";
import type { Value } from "../core/value.ts";
import { whileLoop } from "../control/loops.ts";
import * as p from "../primitives/elementwise.ts";
import { fullLike } from "../primitives/pointwise.ts";
import { vmap } from "../transforms/batching.ts";
import { isInteger } from "../core/dtype.ts";
import { DTypeError } from "../core/errors.ts";
import { showAval } from "../core/aval.ts";
import { any } from "./reductions.ts";
import { type ArrayLike, asArray, type NDArray } from "./array.ts";
import { normalAxis } from "./axes.ts";
import { select } from "./choice.ts";
import { arithmetic, type Binary, operands } from "./kinds.ts";
import { expandDims, moveaxis } from "./shapes.ts";
import * as given from "./given.ts";

/**
 * `f` of every vector of x along an axis; the axes of its results stand in the place of that axis.
 * @example
 * np.applyAlongAxis((v) => v.sum(), 1, [[1, 2], [3, 4]]) // => [3 7]
 */
export const applyAlongAxis = (f: (vector: NDArray) => NDArray, axis: number, x: ArrayLike): NDArray => {
  const v = asArray(x, "applyAlongAxis"),
    at = normalAxis(axis, v.ndim, "applyAlongAxis"),
    others = v.ndim - 1;
  let mapped: (v: NDArray) => NDArray = given.fn("applyAlongAxis", f);
  for (let i = 0; i < others; i++) mapped = vmap(mapped);
  const y = mapped(moveaxis(v, at, -1)),
    fresh = y.ndim - others;
  // The mapped axes came first; those of the result move to where the axis was.
  return moveaxis(
    y,
    Array.from({ length: fresh }, (_, i) => others + i),
    Array.from({ length: fresh }, (_, i) => at + i),
  );
};
/**
 * `f(x, axis)` for each axis in turn; an axis that f reduces stays with extent 1.
 * @example
 * np.applyOverAxes(np.sum, [[1, 2], [3, 4]], [0, 1]) // => [[10]]
 */
export const applyOverAxes = (
  f: (x: NDArray, axis: number) => NDArray,
  x: ArrayLike,
  axes: number | readonly number[],
): NDArray =>
  given.integersOrOne("applyOverAxes", "axes", axes).reduce<Value>(
    (y, axis) => {
      const at = normalAxis(axis, y.ndim, "applyOverAxes"),
        z = given.fn("applyOverAxes", f)(y, at);
      if (z.ndim === y.ndim) return z;
      if (z.ndim !== y.ndim - 1)
        throw new ArgumentError({
          op: "applyOverAxes",
          expected: `a function that keeps the ${y.ndim} axes or reduces one`,
          got: `a result with ${z.ndim}`,
        });
      return expandDims(z, at);
    },
    asArray(x, "applyOverAxes"),
  );
/**
 * Per element the function (or number) of the first condition that holds; one function more than conditions is for the rest, which
 * are 0 otherwise. Every function is applied to all of x.
 * @example
 * np.piecewise([-2, 3], [[true, false]], [(x) => x.neg(), (x) => x.mul(10)]) // => [2 30]
 */
export const piecewise = (
  x: ArrayLike,
  conditions: readonly ArrayLike[],
  functions: readonly (ArrayLike | ((x: NDArray) => ArrayLike))[],
): NDArray => {
  const v = asArray(x, "piecewise"),
    n = given.list("piecewise", "conditions", conditions).length;
  if (given.list("piecewise", "functions", functions).length !== n && functions.length !== n + 1)
    throw new ArgumentError({
      op: "piecewise",
      expected: `${n} or ${n + 1} functions for ${n} conditions`,
      got: String(functions.length),
    });
  const values = functions.map((f) => asArray(typeof f === "function" ? f(v) : f, "piecewise", v.dtype));
  return select(conditions, values.slice(0, n), values[n] ?? fullLike(v, 0));
};

const integers = (op: string, x: ArrayLike, y: ArrayLike): readonly [Value, Value] => {
  const pair = operands(arithmetic, op, x, y) as readonly [Value, Value];
  if (!isInteger(pair[0].dtype))
    throw new DTypeError({
      op,
      expected: "integers",
      got: showAval(pair[0].aval),
      remedy: 'convert them with astype("int32")',
    });
  return pair;
};
const size = (x: Value): Value => (x.dtype === "uint32" ? x : p.abs(x));
// Euclid: the second of each pair falls to 0.
const euclid = (x: Value, y: Value): Value => {
  const [divisor] = whileLoop(
    ([, b]: readonly [Value, Value]) => any(b),
    ([a, b]: readonly [Value, Value]): readonly [Value, Value] => {
      const done = p.eq(b, fullLike(b, 0));
      return [p.select(done, a, b), p.select(done, b, p.rem(a, p.select(done, fullLike(b, 1), b)))];
    },
    [size(x), size(y)] as readonly [Value, Value],
  );
  return divisor;
};
/**
 * The greatest common divisor of integers. Throws DTypeError for others.
 * @example
 * np.gcd(np.array([12, 7], { dtype: "int32" }), 18) // => [6 1]
 */
export const gcd: Binary = (x, y) => euclid(...integers("gcd", x, y));
/**
 * The least common multiple of integers, 0 if one is 0. Throws DTypeError for others.
 * @example
 * np.lcm(np.array([4, 0], { dtype: "int32" }), 6) // => [12 0]
 */
export const lcm: Binary = (x, y) => {
  const [a, b] = integers("lcm", x, y),
    divisor = euclid(a, b),
    safe = p.max(divisor, fullLike(divisor, 1));
  return size(p.mul(p.div(a, safe), b));
};
