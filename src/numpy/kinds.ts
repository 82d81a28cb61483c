// From a primitive to a function of np: operands become arrays of one dtype and one shape.
import { type Aval, sameShape } from "../core/aval.ts";
import type { DType } from "../core/dtype.ts";
import { Value } from "../core/value.ts";
import { convertElementType } from "../primitives/elementwise.ts";
import { type ArrayLike, asArray, type NDArray, promote } from "./array.ts";
import { broadcastTogether } from "./broadcasting.ts";

/** In which dtype operands of a dtype are computed. */
export type Kind = { readonly [K in DType]: DType };

const same: Kind = {
  bool: "bool",
  uint8: "uint8",
  int32: "int32",
  uint32: "uint32",
  float32: "float32",
  float64: "float64",
};
/** Anything goes as it is: comparisons, choices, movements. */
export const anything: Kind = same;
/** Arithmetic: uint8, which is for storage only, is computed as int32. */
export const arithmetic: Kind = { ...same, uint8: "int32" };
/** Arithmetic in which bool counts as 0 and 1. */
export const counting: Kind = { ...arithmetic, bool: "int32" };
/** Functions of real numbers: everything that is not floating becomes float32. */
export const real: Kind = { ...same, bool: "float32", uint8: "float32", int32: "float32", uint32: "float32" };
/** Truth: 0 is false, anything else (NaN too) is true. */
export const truth: Kind = {
  bool: "bool",
  uint8: "bool",
  int32: "bool",
  uint32: "bool",
  float32: "bool",
  float64: "bool",
};

/** A function of one array. */
export type Unary = (x: ArrayLike) => NDArray;
/** A function of two arrays, which are promoted and broadcast. */
export type Binary = (x: ArrayLike, y: ArrayLike) => NDArray;

/** `x` as an array of the kind. */
export const operand = (kind: Kind, op: string, x: ArrayLike): Value => {
  const v = asArray(x, op);
  return convertElementType(v, kind[v.aval.dtype]);
};
/** The operands in one dtype of the kind and one shape. */
export const operands = (kind: Kind, op: string, ...xs: readonly ArrayLike[]): readonly Value[] => {
  const all = promote(op, ...xs),
    dtype = (all[0] as Value).aval.dtype;
  return broadcastTogether(op, kind[dtype] === dtype ? all : all.map((x) => convertElementType(x, kind[dtype])));
};

/** Lift a primitive of one operand. */
export const unary =
  (kind: Kind, op: string, f: (x: Value) => Value): Unary =>
  (x) =>
    f(operand(kind, op, x));

const alike = (a: Aval, b: Aval): boolean => a === b || (a.dtype === b.dtype && sameShape(a.shape, b.shape));
/** Lift a primitive of two operands; arrays that agree already go straight through. */
export const binary =
  (kind: Kind, op: string, f: (x: Value, y: Value) => Value): Binary =>
  (x, y) => {
    if (x instanceof Value && y instanceof Value && alike(x.aval, y.aval) && kind[x.aval.dtype] === x.aval.dtype)
      return f(x, y);
    const [a, b] = operands(kind, op, x, y) as readonly [Value, Value];
    return f(a, b);
  };
