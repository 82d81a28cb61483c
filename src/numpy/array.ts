// Arrays as users give them: numbers, lists and typed arrays become values, and operands come to one dtype.
import type { Shape } from "../core/aval.ts";
import { sizeOf } from "../core/aval.ts";
import type { DType, TypedArray } from "../core/dtype.ts";
import { isFloating } from "../core/dtype.ts";
import { DTypeError, ShapeError } from "../core/errors.ts";
import { lift } from "../core/lift.ts";
import { isEager } from "../core/trace.ts";
import { Literal, Value } from "../core/value.ts";
import { weaknessOf } from "../core/weak.ts";
import { convertElementType } from "../primitives/elementwise.ts";
import { concatenate, expandDims } from "../primitives/movement.ts";
import { fromTyped, literalArray } from "../runtime/array.ts";
import { typedArray } from "../runtime/views.ts";
import { show } from "./given.ts";

/**
 * An immutable array: `dtype`, `shape`, and the methods of `ArrayMethods`. Inside a transformed function it may stand for an
 * array that is not known yet. Never disposed of by hand.
 */
export type NDArray = Value;
/** Whatever may be given where an array is expected. Numbers and lists of numbers are weak: they take the dtype of their partner. */
export type ArrayLike = NDArray | number | boolean | TypedArray | readonly ArrayLike[];

const rank: { readonly [K in DType]: number } = { bool: 0, uint8: 1, uint32: 2, int32: 3, float32: 4, float64: 5 };
/** The number that stands for `x` in an array of `dtype`: integers of 32 bits wrap, other numbers truncate and saturate. */
export const elementOf = (x: number | boolean, dtype: DType): number => {
  const v = Number(x);
  switch (dtype) {
    case "float64":
      return v;
    case "float32":
      return Math.fround(v);
    case "bool":
      return v === 0 ? 0 : 1;
    case "uint8":
      return v >= 0 ? Math.min(Math.trunc(v), 255) : 0;
    case "int32":
    case "uint32": {
      const [lo, hi] = dtype === "int32" ? [-(2 ** 31), 2 ** 31 - 1] : [0, 2 ** 32 - 1];
      if (Number.isInteger(v) && v >= -(2 ** 31) && v < 2 ** 32) return dtype === "int32" ? v | 0 : v >>> 0;
      return Number.isNaN(v) ? 0 : Math.trunc(Math.min(Math.max(v, lo), hi));
    }
    default:
      return dtype satisfies never;
  }
};
const literal = (x: number | boolean, dtype: DType): Literal => new Literal(elementOf(x, dtype), dtype);

type List = readonly ArrayLike[];
const isList = (x: unknown): x is List => Array.isArray(x);
/** True for a list with arrays somewhere inside. */
const holdsArrays = (xs: List): boolean =>
  xs.some((x) => x instanceof Value || ArrayBuffer.isView(x) || (isList(x) && holdsArrays(x)));
/** Arrays in nested lists become one array with an axis per level. */
const stacked = (xs: List, op: string, dtype: DType | undefined): Value => {
  const parts = dtype === undefined ? promote(op, ...xs) : xs.map((x) => asArray(x, op, dtype));
  const [first] = parts as readonly [Value, ...Value[]];
  for (const x of parts)
    if (x.ndim !== first.ndim || x.shape.some((d, i) => d !== first.shape[i]))
      throw new ShapeError({
        op,
        expected: `lists of arrays of one shape, here [${first.shape}]`,
        got: `one of shape [${x.shape}]`,
        remedy: "broadcast them to one shape, or join them with np.concatenate",
      });
  return concatenate(
    parts.map((x) => expandDims(x, [0])),
    0,
  );
};
const listArray = (x: List, op: string, dtype: DType | undefined): Value => {
  if (holdsArrays(x)) return stacked(x, op, dtype);
  const array = lift(x, op);
  if (dtype === undefined || dtype === array.dtype) return array;
  const data = typedArray(dtype, sizeOf(array.shape));
  ((x as readonly unknown[]).flat(Number.POSITIVE_INFINITY) as readonly (number | boolean)[]).forEach((v, i) => {
    data[i] = elementOf(v, dtype);
  });
  return fromTyped(dtype, array.shape, data, op);
};

/**
 * The array that `x` stands for, as `dtype` if that is given: a number is float32, a boolean bool, a typed array keeps its dtype,
 * a list is float32 (bool if it holds nothing but booleans). Throws ShapeError for ragged lists, ArgumentError for what is no
 * array; both name `op`.
 */
export const asArray = (x: ArrayLike, op: string, dtype?: DType): Value => {
  if (dtype !== undefined && !Object.hasOwn(rank, dtype))
    throw new DTypeError({ op, expected: `a dtype among ${Object.keys(rank).join(", ")}`, got: show(dtype) });
  if (x instanceof Value) return dtype === undefined ? x : convertElementType(x, dtype);
  if (typeof x === "number" || typeof x === "boolean") {
    const value = literal(x, dtype ?? (typeof x === "number" ? "float32" : "bool"));
    return isEager() ? literalArray(value) : value;
  }
  if (isList(x)) return listArray(x, op, dtype);
  const array = lift(x, op);
  return dtype === undefined ? array : convertElementType(array, dtype);
};

/** The dtype in which two dtypes meet: the later one of bool, uint8, uint32, int32, float32, float64. */
export const promoteDTypes = (a: DType, b: DType): DType => (rank[a] >= rank[b] ? a : b);

/** What an operand says about the dtype of the result: a dtype, or weakly "integral" or "fractional". */
type Claim = DType | "integral" | "fractional";
const isIntegral = (x: number): boolean => Number.isInteger(x) && x >= -(2 ** 31) && x < 2 ** 32;
const claimOf = (x: ArrayLike | DType, op: string): Claim => {
  if (typeof x === "string" && Object.hasOwn(rank, x)) return x;
  if (x instanceof Value) return weaknessOf(x) ?? x.aval.dtype;
  if (typeof x === "number") return isIntegral(x) ? "integral" : "fractional";
  if (typeof x === "boolean") return "bool";
  if (!isList(x)) return lift(x, op).dtype;
  if (x.length === 0) return "fractional";
  return x.map((y) => claimOf(y, op)).reduce(meet);
};
const isWeak = (c: Claim): c is "integral" | "fractional" => c === "integral" || c === "fractional";
const meet = (a: Claim, b: Claim): Claim => {
  if (isWeak(a)) {
    if (isWeak(b)) return a === "integral" ? b : a;
    return meet(b, a);
  }
  if (!isWeak(b)) return promoteDTypes(a, b);
  return besideNumber(a, b === "integral" ? 1 : 0.5);
};
/** The dtype of an array of `dtype` that meets a number. */
const besideNumber = (dtype: DType, x: number): DType => {
  if (isFloating(dtype)) return dtype;
  if (!isIntegral(x)) return "float32";
  return dtype === "bool" ? "int32" : dtype;
};
/** The dtype in which operands (or dtypes) meet. Numbers and lists of numbers are weak. */
export const commonDType = (xs: readonly (ArrayLike | DType)[], op = "resultType"): DType => {
  // Weak claims go last, so that what they meet is the dtype of all arrays: `1, bool, float64` is float64 in any order.
  const claims = xs.map((x) => claimOf(x, op)),
    strong = claims.filter((c) => !isWeak(c)),
    weak = claims.filter(isWeak);
  const all = [...strong, ...weak].reduce(meet, strong[0] ?? weak[0] ?? "fractional");
  return isWeak(all) ? "float32" : all;
};

/**
 * The operands in one dtype, by JAX's lattice: bool < uint8 < uint32 < int32 < float32 < float64. Numbers (and lists of numbers)
 * are weak: they take the dtype of the arrays they meet, but a fraction lifts integers to float32, and an integer lifts bool to
 * int32; among themselves they are float32. Scalars come back as literals.
 */
export const promote = (op: string, ...xs: readonly ArrayLike[]): readonly Value[] => {
  const first = xs[0];
  if (first instanceof Value) {
    const { dtype } = first.aval;
    let same = true;
    for (let i = 1; same && i < xs.length; i++) {
      const x = xs[i];
      same = x instanceof Value && x.aval.dtype === dtype;
    }
    if (same) return xs as readonly Value[];
    const second = xs[1];
    if (xs.length === 2 && typeof second === "number" && weaknessOf(first) === null) {
      const meeting = besideNumber(dtype, second);
      return [convertElementType(first, meeting), literal(second, meeting)];
    }
  }
  const dtype = commonDType(xs, op);
  return xs.map((x) => (typeof x === "number" || typeof x === "boolean" ? literal(x, dtype) : asArray(x, op, dtype)));
};
/** Sizes of a nested list, from the outside in: what `asArray(list).shape` will be. */
export const shapeOf = (x: ArrayLike): Shape =>
  x instanceof Value
    ? x.shape
    : isList(x)
      ? [x.length, ...(x.length === 0 ? [] : shapeOf(x[0] as ArrayLike))]
      : typeof x === "object"
        ? [(x as TypedArray).length]
        : [];
