// Comparisons: two arrays in, bool out; no tangent flows. On floats every comparison with NaN but `ne` is false.
import type { CompareOp, Expr } from "../kernel/expr.ts";
import { binary, compare, constant, unary } from "../kernel/expr.ts";
import { anyDType, apply1, apply2, binaryRow, floating, unaryRow } from "./pointwise.ts";

const not = (x: Expr): Expr => unary("not", x);
/** `x op y` of two scalars of one type; bool (false < true) is put into logic, which every backend has. */
export const compareScalars = (op: CompareOp, x: Expr, y: Expr): Expr => {
  if (x.type !== "bool") return compare(op, x, y);
  switch (op) {
    case "eq":
      return not(binary("xor", x, y));
    case "ne":
      return binary("xor", x, y);
    case "lt":
      return binary("and", not(x), y);
    case "le":
      return binary("or", not(x), y);
    case "gt":
      return binary("and", x, not(y));
    case "ge":
      return binary("or", x, not(y));
    default:
      return op satisfies never;
  }
};
const comparison = (op: CompareOp) =>
  binaryRow(op, anyDType, (x, y) => compareScalars(op, x, y), "zero", { gives: "bool" });

export const eqP = comparison("eq");
export const neP = comparison("ne");
export const ltP = comparison("lt");
export const leP = comparison("le");
export const gtP = comparison("gt");
export const geP = comparison("ge");
export const isFiniteP = unaryRow(
  "isFinite",
  floating,
  (x) => compare("lt", unary("abs", x), constant(x.type, Infinity)),
  "zero",
  "bool",
);

/** `x == y`, elementwise. */
export const eq = apply2(eqP);
/** `x != y`, elementwise; true where either is NaN. */
export const ne = apply2(neP);
/** `x < y`, elementwise. */
export const lt = apply2(ltP);
/** `x <= y`, elementwise. */
export const le = apply2(leP);
/** `x > y`, elementwise. */
export const gt = apply2(gtP);
/** `x >= y`, elementwise. */
export const ge = apply2(geP);
/** True where a float is neither infinite nor NaN. */
const finite = apply1(isFiniteP);
export { finite as isFinite };
