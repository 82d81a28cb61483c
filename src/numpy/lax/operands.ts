// Operands of lax: arrays must agree in shape and dtype; only JavaScript numbers and scalars adapt.
import { showAval } from "../../core/aval.ts";
import type { DType } from "../../core/dtype.ts";
import { isFloating } from "../../core/dtype.ts";
import { DTypeError, ShapeError } from "../../core/errors.ts";
import { settle } from "../../core/lift.ts";
import { Literal, Value } from "../../core/value.ts";
import { add, convertElementType, lt, select } from "../../primitives/elementwise.ts";
import { fullLike } from "../../primitives/pointwise.ts";
import { type ArrayLike, asArray, elementOf, type NDArray } from "../array.ts";
import { expandTo } from "../broadcasting.ts";

const isScalar = (x: ArrayLike): x is number | boolean => typeof x === "number" || typeof x === "boolean";
const literal = (op: string, x: number | boolean, dtype: DType): Value => {
  if (typeof x === "number" && !Number.isInteger(x) && !isFloating(dtype))
    throw new DTypeError({
      op,
      expected: `a number of dtype ${dtype}, as the arrays`,
      got: String(x),
      remedy: "convert the arrays with astype, or use the function of np, which promotes",
    });
  return new Literal(elementOf(x, dtype), dtype);
};

/**
 * Arrays as they are; numbers in the dtype of the first array (`byDefault` if there is none); scalars in the shape of the first array
 * that is none. The primitive complains about what then differs.
 */
export const operands = (op: string, xs: readonly ArrayLike[], byDefault: DType = "float32"): readonly Value[] => {
  const given = xs.find((x) => x instanceof Value || ArrayBuffer.isView(x)),
    dtype = given === undefined ? undefined : asArray(given, op).dtype;
  const values = xs.map((x) =>
    isScalar(x)
      ? literal(op, x, dtype ?? (xs.every((y) => typeof y === "boolean") ? "bool" : byDefault))
      : x instanceof Value || ArrayBuffer.isView(x)
        ? asArray(x, op)
        : asArray(x, op, dtype),
  );
  const shape = values.find((v) => v.ndim > 0)?.shape ?? [];
  return values.map((v) => (v.ndim === 0 ? expandTo(op, v, shape) : v));
};

/** A function of one array from its primitive; a number counts as `byDefault`. */
export const unary =
  (op: string, f: (x: Value) => Value, byDefault?: DType) =>
  (x: ArrayLike): NDArray =>
    settle(f(operands(op, [x], byDefault)[0] as Value), op);
/** A function of two arrays from its primitive; numbers among themselves count as `byDefault`. */
export const binary =
  (op: string, f: (x: Value, y: Value) => Value, byDefault?: DType) =>
  (x: ArrayLike, y: ArrayLike): NDArray => {
    const [a, b] = operands(op, [x, y], byDefault) as readonly [Value, Value];
    return settle(f(a, b), op);
  };

/** An index that may be traced, as a scalar int32. Throws ShapeError for arrays, DTypeError for fractions. */
export const scalarIndex = (op: string, x: ArrayLike): Value => {
  if (typeof x === "number") {
    if (!Number.isInteger(x)) throw new DTypeError({ op, expected: "an integer index", got: String(x) });
    return asArray(x, op, "int32");
  }
  const v = asArray(x, op);
  if (v.ndim !== 0) throw new ShapeError({ op, expected: "a scalar index", got: showAval(v.aval) });
  if (isFloating(v.dtype) || v.dtype === "bool")
    throw new DTypeError({
      op,
      expected: "an index of an integer dtype",
      got: showAval(v.aval),
      remedy: 'convert it with astype("int32")',
    });
  return convertElementType(v, "int32");
};
/** `i`, counted from the end of an axis of `n` if it is negative. */
export const fromStart = (i: Value, n: number): Value => select(lt(i, fullLike(i, 0)), add(i, fullLike(i, n)), i);
