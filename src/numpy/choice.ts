// Choosing among values by conditions, and questions about whole arrays.
import { sameShape } from "../core/aval.ts";
import { isFloating } from "../core/dtype.ts";
import { ArgumentError } from "../core/errors.ts";
import type { Value } from "../core/value.ts";
import * as p from "../primitives/elementwise.ts";
import { fullLike } from "../primitives/pointwise.ts";
import { type ArrayLike, asArray, type NDArray, promote } from "./array.ts";
import { broadcastTogether } from "./broadcasting.ts";
import { type CloseOptions, isclose } from "./comparison.ts";
import { finfo } from "./dtypes.ts";
import { anything, type Binary, binary, operand, truth } from "./kinds.ts";
import { nonzero } from "./positions.ts";
import { all } from "./reductions.ts";
import { named } from "./named.ts";
import * as given from "./given.ts";

/** `where` with all its arguments, or with the condition alone. */
export interface Where {
  (condition: ArrayLike, x: ArrayLike, y: ArrayLike): NDArray;
  (condition: ArrayLike): readonly NDArray[];
}
/**
 * `condition ? x : y`, elementwise, broadcast and promoted; the branch that is not chosen gets gradient 0, also where its own slope
 * is infinite, as that of sqrt at 0. Without x and y, the positions where the condition holds, as `nonzero`.
 * @example
 * np.where([true, false], [1, 2], 0) // => [1 0]
 */
export const where: Where = ((condition: ArrayLike, x?: ArrayLike, y?: ArrayLike): unknown => {
  if (x === undefined && y === undefined) return nonzero(condition);
  if (x === undefined || y === undefined)
    throw new ArgumentError({
      op: "where",
      expected: "a condition, or a condition and two branches",
      got: "one branch",
    });
  const [a, b] = promote("where", x, y) as readonly [Value, Value];
  const [c, onTrue, onFalse] = broadcastTogether("where", [operand(truth, "where", condition), a, b]) as readonly [
    Value,
    Value,
    Value,
  ];
  return p.select(c, onTrue, onFalse);
}) as Where;
/**
 * Per element, the choice of the first condition that holds, `otherwise` where none does.
 * @example
 * np.select([[true, false, false], [true, true, false]], [1, 2], 9) // => [1 2 9]
 */
export const select = named(
  "select",
  ["default"],
  [],
  (conditions: readonly ArrayLike[], choices: readonly ArrayLike[], otherwise: ArrayLike = 0): NDArray => {
    given.list("select", "conditions", conditions);
    given.list("select", "choices", choices);
    if (conditions.length !== choices.length || conditions.length === 0)
      throw new ArgumentError({
        op: "select",
        expected: "as many choices as conditions, at least one",
        got: `${conditions.length} conditions, ${choices.length} choices`,
      });
    const values = promote("select", ...choices, otherwise),
      tests = conditions.map((c) => operand(truth, "select", c));
    const [rest, ...all] = broadcastTogether("select", [values.at(-1) as Value, ...values.slice(0, -1), ...tests]),
      n = choices.length;
    return all
      .slice(0, n)
      .reduceRight<Value>((chosen, x, i) => p.select(all[n + i] as Value, x, chosen), rest as Value);
  },
);
/**
 * 0 where x is below 0, 1 above it, `y` at 0; NaN of NaN.
 * @example
 * np.heaviside([-1, 0, 2], 0.5) // => [0 0.5 1]
 */
export const heaviside: Binary = (x, y) =>
  binary(
    { ...anything, bool: "float32", uint8: "float32", int32: "float32", uint32: "float32" },
    "heaviside",
    (a, b) => {
      const zero = fullLike(a, 0);
      const beside = p.select(p.lt(a, zero), zero, p.select(p.gt(a, zero), fullLike(a, 1), a));
      return p.select(p.eq(a, zero), b, beside);
    },
  )(x, y);

/** What takes the place of NaN and infinities. */
export interface NumberOptions {
  /** 0 by default. */
  readonly nan?: number;
  /** The largest number of the dtype by default. */
  readonly posinf?: number;
  /** The smallest number of the dtype by default. */
  readonly neginf?: number;
}
/**
 * x with finite numbers in place of NaN and infinities.
 * @example
 * np.nanToNum([NaN, Infinity, 1], { posinf: 9 }) // => [0 9 1]
 */
export const nanToNum = named(
  "nanToNum",
  [],
  ["nan", "posinf", "neginf"],
  (x: ArrayLike, { nan = 0, posinf, neginf }: NumberOptions = {}): NDArray => {
    const v = asArray(x, "nanToNum");
    if (!isFloating(v.dtype)) return v;
    const { max, min } = finfo(v.dtype),
      c = (value: number): Value => fullLike(v, value);
    const low = p.select(p.eq(v, c(Number.NEGATIVE_INFINITY)), c(neginf ?? min), v);
    return p.select(p.ne(v, v), c(nan), p.select(p.eq(v, c(Number.POSITIVE_INFINITY)), c(posinf ?? max), low));
  },
);

/**
 * Whether all elements are close (see `isclose`).
 * @example
 * np.allclose([1, 2], [1, 2.000001]) // => True
 */
export const allclose = named(
  "allclose",
  [],
  ["rtol", "atol", "equalNan"],
  (x: ArrayLike, y: ArrayLike, options: CloseOptions = {}): NDArray => all(isclose(x, y, options)),
);
/** Options of `arrayEqual`. */
export interface EqualOptions {
  /** Whether NaN equals NaN; false by default. */
  readonly equalNan?: boolean;
}
const same = (x: Value, y: Value, equalNan: boolean): Value => {
  const equal = p.eq(x, y);
  return equalNan && isFloating(x.dtype) ? p.or(equal, p.and(p.ne(x, x), p.ne(y, y))) : equal;
};
/**
 * Whether two arrays have one shape and equal elements.
 * @example
 * np.arrayEqual([1, 2], [1, 2]) // => True
 */
export const arrayEqual = named(
  "arrayEqual",
  [],
  ["equalNan"],
  (x: ArrayLike, y: ArrayLike, { equalNan = false }: EqualOptions = {}): NDArray => {
    const [a, b] = promote("arrayEqual", asArray(x, "arrayEqual"), asArray(y, "arrayEqual")) as readonly [Value, Value];
    return sameShape(a.shape, b.shape) ? all(same(a, b, equalNan)) : asArray(false, "arrayEqual");
  },
);
/**
 * Whether two arrays broadcast to one shape and have equal elements then.
 * @example
 * np.arrayEquiv([1, 1], 1) // => True
 */
export const arrayEquiv = (x: ArrayLike, y: ArrayLike): NDArray => {
  const [a, b] = promote("arrayEquiv", asArray(x, "arrayEquiv"), asArray(y, "arrayEquiv")) as readonly [Value, Value];
  const fits = [...a.shape].reverse().every((d, i) => {
    const o = [...b.shape].reverse()[i] ?? 1;
    return d === o || d === 1 || o === 1;
  });
  if (!fits) return asArray(false, "arrayEquiv");
  const [u, v] = broadcastTogether("arrayEquiv", [a, b]) as readonly [Value, Value];
  return all(same(u, v, false));
};
