// Element types as values: names, limits, kinds, conversion.
import type { DType } from "../core/dtype.ts";
import { dtypes, isFloating, isInteger } from "../core/dtype.ts";
import { ArgumentError, DTypeError } from "../core/errors.ts";
import { settle } from "../core/lift.ts";
import { Value } from "../core/value.ts";
import * as given from "./given.ts";
import { type ArrayLike, asArray, commonDType, type NDArray, promoteDTypes } from "./array.ts";

/** 32-bit floating point: the dtype of numbers. */
export const float32 = "float32";
/** 64-bit floating point. */
export const float64 = "float64";
/** 32-bit signed integers. */
export const int32 = "int32";
/** 32-bit unsigned integers. */
export const uint32 = "uint32";
/** Bytes from 0 to 255, for storage: arithmetic on them is done in int32. */
export const uint8 = "uint8";
/** Truth values, one byte each. */
const bool = "bool";
export { bool };

/** `dtype` if it is one (or not given); throws DTypeError otherwise. */
export const checkDTypeName = <T extends DType | undefined>(op: string, dtype: T): T => {
  if (dtype !== undefined && !dtypes.includes(dtype))
    throw new DTypeError({ op, expected: `a dtype among ${dtypes.join(", ")}`, got: given.show(dtype) });
  return dtype;
};

/**
 * x with its elements converted: floats to integers truncate and saturate, integers wrap, anything to bool is `!= 0`.
 * @example
 * np.astype([1.7, -1.7], "int32") // => [1 -1]
 */
export const astype = (x: ArrayLike, dtype: DType): NDArray =>
  settle(asArray(x, "astype", checkDTypeName("astype", dtype)), "astype");
/**
 * The dtype of a result of arrays, numbers and dtypes: bool < uint8 < uint32 < int32 < float32 < float64, numbers being weak.
 * @example
 * np.resultType("int32", 0.5) // => float32
 */
export const resultType = (...xs: readonly (ArrayLike | DType)[]): DType => {
  if (xs.length === 0) throw new ArgumentError({ op: "resultType", expected: "at least one operand", got: "none" });
  return commonDType(xs);
};
/**
 * The dtype in which two dtypes meet.
 * @example
 * np.promoteTypes("bool", "int32") // => int32
 */
export const promoteTypes = (a: DType, b: DType): DType =>
  promoteDTypes(checkDTypeName("promoteTypes", a), checkDTypeName("promoteTypes", b));

/** Kinds of dtypes, as NumPy names them. */
export type DTypeKind = "number" | "inexact" | "floating" | "integer" | "signedinteger" | "unsignedinteger" | "bool";
const kinds: { readonly [K in DTypeKind]: (d: DType) => boolean } = {
  number: (d) => d !== "bool",
  inexact: isFloating,
  floating: isFloating,
  integer: isInteger,
  signedinteger: (d) => d === "int32",
  unsignedinteger: (d) => d === "uint32" || d === "uint8",
  bool: (d) => d === "bool",
};
/**
 * Whether a dtype is another one or belongs to a kind.
 * @example
 * np.issubdtype("int32", "integer") // => true
 */
export const issubdtype = (dtype: DType, kind: DTypeKind | DType): boolean =>
  dtype === kind || (Object.hasOwn(kinds, kind) && kinds[kind as DTypeKind](dtype));
/** Kinds of dtypes, as the array API standard names them. */
export type StandardKind = "bool" | "signed integer" | "unsigned integer" | "integral" | "real floating" | "numeric";
const standard: { readonly [K in StandardKind]: DTypeKind } = {
  bool: "bool",
  "signed integer": "signedinteger",
  "unsigned integer": "unsignedinteger",
  integral: "integer",
  "real floating": "floating",
  numeric: "number",
};
/**
 * Whether a dtype is one of some dtypes or kinds, by the names of the array API standard.
 * @example
 * np.isdtype("int32", "integral") // => true
 */
export const isdtype = (dtype: DType, kind: DType | StandardKind | readonly (DType | StandardKind)[]): boolean =>
  given
    .list("isdtype", "kinds", typeof kind === "string" ? [kind] : kind)
    .some((k) => issubdtype(dtype, Object.hasOwn(standard, k) ? standard[k as StandardKind] : (k as DType)));
/**
 * Whether x is a number, a boolean, or an array without axes.
 * @example
 * np.isscalar(3) // => true
 */
export const isscalar = (x: unknown): boolean =>
  typeof x === "number" || typeof x === "boolean" || (x instanceof Value && x.ndim === 0);
/**
 * Whether every value of a dtype exists in another one too.
 * @example
 * np.canCast("uint8", "int32") // => true
 * np.canCast("float64", "float32") // => false
 */
export const canCast = (from: DType, to: DType): boolean =>
  holds[given.oneOf("canCast", "a dtype", dtypes, from)].includes(to);
const holds: { readonly [K in DType]: readonly DType[] } = {
  bool: dtypes,
  uint8: ["uint8", "int32", "uint32", "float32", "float64"],
  int32: ["int32", "float64"],
  uint32: ["uint32", "float64"],
  float32: ["float32", "float64"],
  float64: ["float64"],
};

/** Limits of a floating dtype. */
export interface FloatInfo {
  readonly dtype: DType;
  readonly bits: number;
  /** The distance from 1 to the next number. */
  readonly eps: number;
  readonly max: number;
  readonly min: number;
  /** The smallest positive normal number. */
  readonly tiny: number;
  readonly smallestSubnormal: number;
}
/**
 * Limits of a floating dtype. Throws DTypeError for others.
 * @example
 * np.finfo("float32").eps // => 1.1920928955078125e-7
 */
export const finfo = (dtype: DType): FloatInfo => {
  if (!isFloating(dtype)) throw new DTypeError({ op: "finfo", expected: "float32 or float64", got: String(dtype) });
  const [bits, mantissa, emax] = dtype === "float32" ? [32, 23, 127] : [64, 52, 1023],
    max = (2 - 2 ** -mantissa) * 2 ** emax;
  const tiny = 2 ** (1 - emax);
  return { dtype, bits, eps: 2 ** -mantissa, max, min: -max, tiny, smallestSubnormal: tiny * 2 ** -mantissa };
};
/** Limits of an integer dtype. */
export interface IntegerInfo {
  readonly dtype: DType;
  readonly bits: number;
  readonly min: number;
  readonly max: number;
}
/**
 * Limits of an integer dtype. Throws DTypeError for others.
 * @example
 * np.iinfo("int32").max // => 2147483647
 */
export const iinfo = (dtype: DType): IntegerInfo => {
  if (!isInteger(dtype)) throw new DTypeError({ op: "iinfo", expected: "int32, uint32 or uint8", got: String(dtype) });
  if (dtype === "int32") return { dtype, bits: 32, min: -(2 ** 31), max: 2 ** 31 - 1 };
  const bits = dtype === "uint8" ? 8 : 32;
  return { dtype, bits, min: 0, max: 2 ** bits - 1 };
};

/** The circle constant. */
export const pi: number = Math.PI;
/** The base of natural logarithms. */
export const e: number = Math.E;
/** Euler's constant: the limit of `1 + 1/2 + ... + 1/n - log(n)`. */
export const eulerGamma = 0.5772156649015329;
/** Infinity. */
export const inf: number = Number.POSITIVE_INFINITY;
/** Not a number. */
export const nan: number = Number.NaN;
/** A new axis of extent 1 in an index. */
export const newaxis = null;
