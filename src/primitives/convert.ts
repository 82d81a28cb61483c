// Conversions between dtypes: of values and of bits.
import { aval, showAval } from "../core/aval.ts";
import type { DType } from "../core/dtype.ts";
import { scalarOf } from "../core/dtype.ts";
import { DTypeError } from "../core/errors.ts";
import type { Unary } from "../core/primitive.ts";
import { bind } from "../core/trace.ts";
import type { Value } from "../core/value.ts";
import type { Expr } from "../kernel/expr.ts";
import { binary, bitcast, cast, constant } from "../kernel/expr.ts";
import { anyDType, pointwise } from "./pointwise.ts";

export interface DTypeAttrs {
  readonly dtype: DType;
}

// uint8 lives in 32-bit registers: floats saturate at 255 there, integers keep their low 8 bits.
const toByte = (x: Expr, from: DType): Expr => {
  const wide = cast("u32", x);
  if (from === "uint8" || from === "bool") return wide;
  return from === "float32" || from === "float64"
    ? binary("min", wide, constant("u32", 255))
    : binary("and", wide, constant("u32", 255));
};
export const convertElementTypeP = pointwise<DTypeAttrs, Unary>({
  name: "convertElementType",
  accepts: anyDType,
  abstractEval: ([x], { dtype }) => aval(x.shape, dtype),
  scalar: ([x], { dtype }, from) => (dtype === "uint8" ? toByte(x, from) : cast(scalarOf(dtype), x)),
  jvp: [(dx, _y, _ins, { dtype }) => convertElementType(dx, dtype)],
  transpose: [(ct, _ins, _attrs, [x]) => convertElementType(ct, x.dtype)],
});
/** Convert values: float to integer truncates and saturates (NaN gives 0), integers wrap, anything to bool is `!= 0`. */
export const convertElementType = (x: Value, dtype: DType): Value =>
  x.dtype === dtype ? x : bind(convertElementTypeP, [x], { dtype });

const words: readonly DType[] = ["int32", "uint32", "float32"];
export const bitcastConvertTypeP = pointwise<DTypeAttrs, Unary>({
  name: "bitcastConvertType",
  accepts: words,
  abstractEval: ([x], { dtype }) => {
    if (x.dtype !== dtype && !(words.includes(x.dtype) && words.includes(dtype)))
      throw new DTypeError({
        op: "bitcastConvertType",
        expected: `dtypes of 32 bits (${words.join(", ")})`,
        got: `${showAval(x)} to ${dtype}`,
        remedy: "convert values with astype",
      });
    return aval(x.shape, dtype);
  },
  scalar: ([x], { dtype }) => bitcast(scalarOf(dtype), x),
  jvp: "zero",
});
/** The same bits as another dtype of the same width; throws a DTypeError where widths differ. */
export const bitcastConvertType = (x: Value, dtype: DType): Value =>
  x.dtype === dtype ? x : bind(bitcastConvertTypeP, [x], { dtype });
