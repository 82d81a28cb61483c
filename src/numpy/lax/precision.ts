// Rounding to a narrower floating format, kept in the dtype that it was in.
import { showAval } from "../../core/aval.ts";
import { ArgumentError, DTypeError } from "../../core/errors.ts";
import { settle } from "../../core/lift.ts";
import type { Value } from "../../core/value.ts";
import {
  abs,
  add,
  and,
  bitcastConvertType,
  ge,
  isFinite as finite,
  lt,
  mul,
  select,
  shiftRightLogical,
  sub,
} from "../../primitives/elementwise.ts";
import { stopGradient } from "../../primitives/identity.ts";
import { fullLike } from "../../primitives/pointwise.ts";
import { type ArrayLike, asArray, type NDArray } from "../array.ts";
import * as given from "../given.ts";

// To the nearest with so many bits, halves to even: add half a unit (less one, if the last bit kept is 0), cut the rest off.
const roundedMantissa = (x: Value, bits: number): Value => {
  const cut = 23 - bits;
  if (cut <= 0) return x;
  const word = bitcastConvertType(x, "uint32"),
    c = (v: number): Value => fullLike(word, v);
  const last = and(shiftRightLogical(word, c(cut)), c(1)),
    up = add(word, add(last, c(2 ** (cut - 1) - 1)));
  return bitcastConvertType(and(up, c(2 ** 32 - 2 ** cut)), "float32");
};

/**
 * `x` as a format with so many bits of exponent and mantissa would hold it: rounded to the nearest, halves to even; too large numbers
 * are infinite, too small ones 0. The gradient passes. Throws DTypeError unless x is float32, ArgumentError for bits out of range.
 * @example
 * lax.reducePrecision([1.2345, 100000], 5, 10) // => [1.234375 inf]
 */
export const reducePrecision = (x: ArrayLike, exponentBits: number, mantissaBits: number): NDArray => {
  const op = "reducePrecision",
    v = asArray(x, op),
    c = (n: number): Value => fullLike(v, n);
  if (v.dtype !== "float32")
    throw new DTypeError({
      op,
      expected: "float32",
      got: showAval(v.aval),
      remedy: 'convert it with astype("float32")',
    });
  if (!Number.isInteger(exponentBits) || exponentBits < 1 || !Number.isInteger(mantissaBits) || mantissaBits < 0)
    throw new ArgumentError({
      op,
      expected: "at least 1 bit of exponent and 0 of mantissa",
      got: `${given.show(exponentBits)} and ${given.show(mantissaBits)}`,
    });
  const rounded = roundedMantissa(v, mantissaBits),
    bias = 2 ** (exponentBits - 1) - 1,
    size = abs(rounded);
  const fitted =
    exponentBits >= 8
      ? rounded
      : select(
          ge(size, c(2 ** (bias + 1))),
          mul(rounded, c(Infinity)),
          select(lt(size, c(2 ** (1 - bias))), mul(rounded, c(0)), rounded),
        );
  // x plus what rounding changed, which counts as a constant; exact, since both are close or one is 0.
  return settle(select(finite(v), add(v, stopGradient(sub(fitted, v))), v), op);
};
