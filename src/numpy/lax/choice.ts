// Choosing among arrays: select, selectN, clamp.
import { showAval } from "../../core/aval.ts";
import { ArgumentError, DTypeError } from "../../core/errors.ts";
import { settle } from "../../core/lift.ts";
import type { Value } from "../../core/value.ts";
import * as p from "../../primitives/elementwise.ts";
import { type ArrayLike, asArray, type NDArray } from "../array.ts";
import { expandTo } from "../broadcasting.ts";
import { operands } from "./operands.ts";

/**
 * `predicate ? onTrue : onFalse`, elementwise; a scalar predicate chooses between whole arrays. The branch that is not chosen has
 * gradient 0. Throws DTypeError unless the predicate is bool and the branches have one dtype, ShapeError where shapes differ.
 * @example
 * lax.select([true, false], [1, 2], [10, 20]) // => [1 20]
 */
export const select = (predicate: ArrayLike, onTrue: ArrayLike, onFalse: ArrayLike): NDArray => {
  const [x, y] = operands("select", [onTrue, onFalse]) as readonly [Value, Value],
    c = asArray(predicate, "select");
  return settle(p.select(c.ndim === 0 ? expandTo("select", c, x.shape) : c, x, y), "select");
};
/**
 * `cases[which]`, elementwise: `which` is int32 (clamped to the cases) or, for two cases, bool (false picks the first). Throws
 * DTypeError and ShapeError where the cases differ, ArgumentError without cases.
 * @example
 * lax.selectN(np.array([1, 0], { dtype: "int32" }), [1, 2], [10, 20]) // => [10 2]
 */
export const selectN = (which: ArrayLike, ...cases: readonly ArrayLike[]): NDArray => {
  const op = "selectN",
    values = operands(op, cases),
    given = asArray(which, op),
    first = values[0];
  if (first === undefined) throw new ArgumentError({ op, expected: "at least one case", got: "none" });
  if (given.dtype !== "bool" && given.dtype !== "int32")
    throw new DTypeError({
      op,
      expected: "an index of dtype int32, or bool for two cases",
      got: showAval(given.aval),
      remedy: 'convert it with astype("int32")',
    });
  return settle(p.selectN(given.ndim === 0 ? expandTo(op, given, first.shape) : given, ...values), op);
};
/**
 * `min(max(x, lo), hi)`, elementwise; NaN stays. No tangent flows where x is at or beyond a bound. Throws ShapeError and DTypeError
 * where the arrays differ.
 * @example
 * lax.clamp(0, [-1, 0.5, 2], 1) // => [0 0.5 1]
 */
export const clamp = (lo: ArrayLike, x: ArrayLike, hi: ArrayLike): NDArray => {
  const [a, b, c] = operands("clamp", [lo, x, hi]) as readonly [Value, Value, Value];
  return settle(p.clamp(a, b, c), "clamp");
};
