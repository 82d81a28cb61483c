// Logic on bool, bits of integers. No tangent flows.
import type { BinaryOp, Expr } from "../kernel/expr.ts";
import { binary, bitcast, constant, unary } from "../kernel/expr.ts";
import { apply1, apply2, binaryRow, integral, logical, unaryRow } from "./pointwise.ts";

const logic = (op: BinaryOp) => binaryRow(op, logical, (x, y) => binary(op, x, y), "zero");
// A negative count is a large one: counts are compared as unsigned numbers, so that it too gives 0 (or the sign).
const unsigned = (x: Expr): Expr => bitcast("u32", x);
const shift = (op: "shl" | "shr", x: Expr, n: Expr): Expr => bitcast(x.type, binary(op, unsigned(x), unsigned(n)));
const arithmeticShift = (x: Expr, n: Expr): Expr =>
  bitcast(x.type, binary("shr", bitcast("i32", x), bitcast("i32", binary("min", unsigned(n), constant("u32", 31)))));

export const andP = logic("and");
export const orP = logic("or");
export const xorP = logic("xor");
export const notP = unaryRow("not", logical, (x) => unary("not", x), "zero");
export const shiftLeftP = binaryRow("shiftLeft", integral, (x, n) => shift("shl", x, n), "zero");
export const shiftRightLogicalP = binaryRow("shiftRightLogical", integral, (x, n) => shift("shr", x, n), "zero");
export const shiftRightArithmeticP = binaryRow("shiftRightArithmetic", integral, arithmeticShift, "zero");
export const populationCountP = unaryRow("populationCount", integral, (x) => unary("popcnt", x), "zero");
export const clzP = unaryRow("clz", integral, (x) => unary("clz", x), "zero");

/** `x & y`: logical on bool, bitwise on integers. */
export const and = apply2(andP);
/** `x | y`: logical on bool, bitwise on integers. */
export const or = apply2(orP);
/** `x ^ y`: logical on bool, bitwise on integers. */
export const xor = apply2(xorP);
/** `!x` on bool, `~x` on integers. */
export const not = apply1(notP);
/** `x << n`; 0 where n is negative or at least 32. */
export const shiftLeft = apply2(shiftLeftP);
/** `x >>> n`; 0 where n is negative or at least 32. */
export const shiftRightLogical = apply2(shiftRightLogicalP);
/** `x >> n`, copying the top bit; all copies where n is negative or at least 32. */
export const shiftRightArithmetic = apply2(shiftRightArithmeticP);
/** Number of one bits. */
export const populationCount = apply1(populationCountP);
/** Number of leading zero bits; 32 for 0. */
export const clz = apply1(clzP);
