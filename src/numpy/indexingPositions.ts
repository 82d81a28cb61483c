// Arrays of positions: what may stand for one, and how negative ones are taken.
import { showAval } from "../core/aval.ts";
import { isInteger } from "../core/dtype.ts";
import { DTypeError } from "../core/errors.ts";
import { Value } from "../core/value.ts";
import { add, convertElementType, lt, min, select } from "../primitives/elementwise.ts";
import { fullLike } from "../primitives/pointwise.ts";
import { type ArrayLike, asArray } from "./array.ts";

/**
 * An array of an integer dtype, or a mask where `masks` allows one. Numbers and lists of numbers are weak: they are int32. Throws
 * DTypeError.
 */
export const positionArray = (op: string, x: ArrayLike, masks = false): Value => {
  const v = asArray(x, op);
  if (isInteger(v.dtype) || (masks && v.dtype === "bool")) return v;
  if (!(x instanceof Value) && !ArrayBuffer.isView(x) && v.dtype !== "bool") return asArray(x, op, "int32");
  throw new DTypeError({
    op,
    expected: `positions of an integer dtype${masks ? ", or a mask of bool" : ""}`,
    got: showAval(v.aval),
    remedy: 'convert them with astype("int32")',
  });
};
/** Positions as int32; too large ones stay too large. */
export const asInt32 = (positions: Value): Value =>
  convertElementType(
    positions.dtype === "uint32" ? min(positions, fullLike(positions, 2 ** 31 - 1)) : positions,
    "int32",
  );
/** Positions as int32, negative ones counted from the end of an axis of `n`. */
export const wrapped = (positions: Value, n: number): Value => {
  if (positions.dtype !== "int32") return asInt32(positions);
  return select(lt(positions, fullLike(positions, 0)), add(positions, fullLike(positions, n)), positions);
};
