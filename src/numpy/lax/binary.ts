// Functions of two arrays of one shape and dtype, elementwise; a number or scalar stands for a whole array.
import * as p from "../../primitives/elementwise.ts";
import { binary } from "./operands.ts";

/**
 * `x + y`. Throws ShapeError and DTypeError where the arrays differ.
 * @example
 * lax.add([1, 2], [10, 20]) // => [11 22]
 */
export const add = binary("add", p.add);
/**
 * `x - y`. Throws ShapeError and DTypeError where the arrays differ.
 * @example
 * lax.sub([1, 2], 1) // => [0 1]
 */
export const sub = binary("sub", p.sub);
/**
 * `x * y`. Throws ShapeError and DTypeError where the arrays differ.
 * @example
 * lax.mul([1, 2], 3) // => [3 6]
 */
export const mul = binary("mul", p.mul);
/**
 * `x / y`; truncates on integers, where division by 0 gives 0. Throws ShapeError and DTypeError where the arrays differ.
 * @example
 * lax.div([1, 3], 2) // => [0.5 1.5]
 */
export const div = binary("div", p.div);
/**
 * The remainder with the sign of x, `x - y trunc(x / y)`. Throws ShapeError and DTypeError where the arrays differ.
 * @example
 * lax.rem([5, -5], 3) // => [2 -2]
 */
export const rem = binary("rem", p.rem);
/**
 * The larger of two, NaN if either is; at ties each gets half of the tangent. Throws ShapeError and DTypeError where the arrays differ.
 * @example
 * lax.max([1, 5], 3) // => [3 5]
 */
export const max = binary("max", p.max);
/**
 * The smaller of two, NaN if either is; at ties each gets half of the tangent. Throws ShapeError and DTypeError where the arrays differ.
 * @example
 * lax.min([1, 5], 3) // => [1 3]
 */
export const min = binary("min", p.min);
/**
 * `x^y`. Throws ShapeError and DTypeError where the arrays differ.
 * @example
 * lax.pow([2, 3], 2) // => [4 9]
 */
export const pow = binary("pow", p.pow);
/**
 * The angle of the point (y, x), from -pi to pi. Throws ShapeError and DTypeError where the arrays differ.
 * @example
 * lax.atan2([0], [1]) // => [0]
 */
export const atan2 = binary("atan2", p.atan2);
/**
 * The next representable number after x in the direction of y. Throws ShapeError and DTypeError where the arrays differ.
 * @example
 * lax.nextafter([0], [0]) // => [0]
 */
export const nextafter = binary("nextafter", p.nextafter);
/**
 * Whether x equals y; NaN equals nothing. Throws ShapeError and DTypeError where the arrays differ.
 * @example
 * lax.eq([1, 2], 2) // => [False True]
 */
export const eq = binary("eq", p.eq);
/**
 * Whether x differs from y. Throws ShapeError and DTypeError where the arrays differ.
 * @example
 * lax.ne([1, 2], 2) // => [True False]
 */
export const ne = binary("ne", p.ne);
/**
 * Whether x is less than y. Throws ShapeError and DTypeError where the arrays differ.
 * @example
 * lax.lt([1, 2], 2) // => [True False]
 */
export const lt = binary("lt", p.lt);
/**
 * Whether x is at most y. Throws ShapeError and DTypeError where the arrays differ.
 * @example
 * lax.le([1, 3], 2) // => [True False]
 */
export const le = binary("le", p.le);
/**
 * Whether x is greater than y. Throws ShapeError and DTypeError where the arrays differ.
 * @example
 * lax.gt([1, 3], 2) // => [False True]
 */
export const gt = binary("gt", p.gt);
/**
 * Whether x is at least y. Throws ShapeError and DTypeError where the arrays differ.
 * @example
 * lax.ge([1, 2], 2) // => [False True]
 */
export const ge = binary("ge", p.ge);
/**
 * `x & y`: logical on bool, bitwise on integers. Throws ShapeError and DTypeError where the arrays differ.
 * @example
 * lax.and(6, 3) // => 2
 */
export const and = binary("and", p.and, "int32");
/**
 * `x | y`: logical on bool, bitwise on integers. Throws ShapeError and DTypeError where the arrays differ.
 * @example
 * lax.or(6, 3) // => 7
 */
export const or = binary("or", p.or, "int32");
/**
 * `x ^ y`: logical on bool, bitwise on integers. Throws ShapeError and DTypeError where the arrays differ.
 * @example
 * lax.xor(6, 3) // => 5
 */
export const xor = binary("xor", p.xor, "int32");
/**
 * `x << n`; 0 where n is negative or at least 32. Throws ShapeError and DTypeError where the arrays differ.
 * @example
 * lax.shiftLeft(1, 4) // => 16
 */
export const shiftLeft = binary("shiftLeft", p.shiftLeft, "int32");
/**
 * `x >>> n`; 0 where n is negative or at least 32. Throws ShapeError and DTypeError where the arrays differ.
 * @example
 * lax.shiftRightLogical(16, 4) // => 1
 */
export const shiftRightLogical = binary("shiftRightLogical", p.shiftRightLogical, "int32");
/**
 * `x >> n`, copying the top bit. Throws ShapeError and DTypeError where the arrays differ.
 * @example
 * lax.shiftRightArithmetic(-8, 1) // => -4
 */
export const shiftRightArithmetic = binary("shiftRightArithmetic", p.shiftRightArithmetic, "int32");
