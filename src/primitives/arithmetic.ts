// Arithmetic: the operations of a field, what rounds, integer powers.
import { ArgumentError } from "../core/errors.ts";
import type { None, Unary } from "../core/primitive.ts";
import { bind } from "../core/trace.ts";
import type { Value } from "../core/value.ts";
import { showAval } from "../core/aval.ts";
import { isFloating } from "../core/dtype.ts";
import type { Expr } from "../kernel/expr.ts";
import { binary, compare, constant, select, unary } from "../kernel/expr.ts";
import {
  apply1,
  apply2,
  binaryRow,
  checkDType,
  floating,
  fullLike,
  numeric,
  pointwise,
  unaryRow,
} from "./pointwise.ts";

export const addP = binaryRow("add", numeric, (x, y) => binary("add", x, y), [(dx) => dx, (dy) => dy], {
  transpose: [(ct) => ct, (ct) => ct],
});
export const subP = binaryRow("sub", numeric, (x, y) => binary("sub", x, y), [(dx) => dx, (dy) => neg(dy)], {
  transpose: [(ct) => ct, (ct) => neg(ct)],
});
export const mulP = binaryRow(
  "mul",
  numeric,
  (x, y) => binary("mul", x, y),
  [(dx, _, [, y]) => mul(dx, y), (dy, _, [x]) => mul(x, dy)],
  {
    transpose: [(ct, [, y]) => mul(ct, known(y)), (ct, [x]) => mul(known(x), ct)],
  },
);
export const divP = binaryRow(
  "div",
  numeric,
  (x, y) => binary("div", x, y),
  [(dx, _, [, y]) => div(dx, y), (dy, out, [, y]) => neg(mul(dy, div(out, y)))],
  {
    transpose: [(ct, [, y]) => div(ct, known(y)), null],
  },
);
export const remP = binaryRow("rem", numeric, (x, y, dtype) => binary(isFloating(dtype) ? "frem" : "rem", x, y), [
  (dx) => dx,
  (dy, _, [x, y]) => neg(mul(dy, trunc(div(x, y)))),
]);
export const negP = pointwise<None, Unary>({
  name: "neg",
  accepts: numeric,
  scalar: ([x]) => unary("neg", x),
  jvp: "linear",
  transpose: [(ct) => neg(ct)],
});
export const absP = unaryRow(
  "abs",
  numeric,
  (x) => (x.type === "u32" ? x : unary("abs", x)),
  (dx, _y, x) => mul(dx, sign(x)),
);
export const squareP = unaryRow(
  "square",
  numeric,
  (x) => binary("mul", x, x),
  (dx, _y, x) => mul(dx, mul(fullLike(x, 2), x)),
);
/**
 * `x * w`, but 0 wherever x is 0, whatever w is. Derivatives with poles use it, so that a cotangent of 0 (the branch that
 * `where` did not choose) stays 0 where the slope is infinite or NaN.
 */
export const mulNoNanP = binaryRow(
  "mulNoNan",
  floating,
  (x, w) => select(compare("eq", x, constant(x.type, 0)), constant(x.type, 0), binary("mul", x, w)),
  [(dx, _, [, w]) => mulNoNan(dx, w), (dw, _, [x]) => mulNoNan(x, dw)],
  { transpose: [(ct, [, w]) => mulNoNan(ct, known(w)), (ct, [x]) => mulNoNan(known(x), ct)] },
);

// NaN and zeros of either sign are their own sign.
const signOf = (x: Expr): Expr => {
  if (x.type === "u32") return binary("min", x, constant("u32", 1));
  const zero = constant(x.type, 0);
  return select(compare("lt", x, zero), constant(x.type, -1), select(compare("gt", x, zero), constant(x.type, 1), x));
};
export const signP = unaryRow("sign", numeric, signOf, "zero");
export const floorP = unaryRow("floor", floating, (x) => unary("floor", x), "zero");
export const ceilP = unaryRow("ceil", floating, (x) => unary("ceil", x), "zero");
export const truncP = unaryRow("trunc", floating, (x) => unary("trunc", x), "zero");

/** What `round` does with halves. */
export type RoundingMethod = "awayFromZero" | "toNearestEven";
export interface RoundAttrs {
  readonly roundingMethod: RoundingMethod;
}
// x - trunc(x) is exact, so halves are seen exactly; floor(x + 0.5) would be wrong below 0.5 and above 2^23.
const roundAway = (x: Expr): Expr => {
  const t = unary("trunc", x),
    c = (v: number): Expr => constant(x.type, v);
  const step = select(compare("lt", x, c(0)), c(-1), c(1));
  return select(compare("ge", unary("abs", binary("sub", x, t)), c(0.5)), binary("add", t, step), t);
};
export const roundP = pointwise<RoundAttrs, Unary>({
  name: "round",
  accepts: floating,
  jvp: "zero",
  scalar: ([x], { roundingMethod }) => (roundingMethod === "toNearestEven" ? unary("nearest", x) : roundAway(x)),
});
/** The tangent of x passes: the result is x but for its last bit. */
export const nextafterP = binaryRow("nextafter", floating, (x, y) => binary("nextafter", x, y), [(dx) => dx, null]);

export interface IntegerPowAttrs {
  readonly exponent: number;
}
const unrolledPower = (x: Expr, n: number): Expr => {
  if (n < 0) return binary("div", constant(x.type, 1), unrolledPower(x, -n));
  let result: Expr | null = null,
    square = x;
  for (let k = n; k > 0; k = Math.floor(k / 2)) {
    if (k % 2 === 1) result = result === null ? square : binary("mul", result, square);
    if (k > 1) square = binary("mul", square, square);
  }
  return result ?? constant(x.type, 1);
};
export const integerPowP = pointwise<IntegerPowAttrs, Unary>({
  name: "integerPow",
  accepts: numeric,
  abstractEval: ([x], { exponent }) => {
    checkDType("integerPow", x, numeric);
    if (!Number.isSafeInteger(exponent))
      throw new ArgumentError({
        op: "integerPow",
        expected: "an integral exponent",
        got: String(exponent),
        remedy: "use pow",
      });
    if (exponent < 0 && !isFloating(x.dtype))
      throw new ArgumentError({
        op: "integerPow",
        expected: `an exponent >= 0 for an operand ${showAval(x)}`,
        got: String(exponent),
        remedy: 'convert with astype("float32")',
      });
    return x;
  },
  scalar: ([x], { exponent }) => unrolledPower(x, exponent),
  // 2 x, not 2 x^2 / x: right at 0.
  jvp: [
    (dx, _y, [x], { exponent: n }) =>
      n === 0
        ? fullLike(x, 0)
        : n === 1
          ? dx
          : n > 0
            ? mul(dx, mul(fullLike(x, n), integerPow(x, n - 1)))
            : mulNoNan(dx, mul(fullLike(x, n), integerPow(x, n - 1))),
  ],
});

/** The operand that a transpose rule needs: it is known, since the map is linear in the other one. */
const known = (x: Value | null): Value => x as Value;

/** `x + y`, elementwise. */
export const add = apply2(addP);
/** `x - y`, elementwise. */
export const sub = apply2(subP);
/** `x * y`, elementwise. */
export const mul = apply2(mulP);
/** `x / y`, elementwise; truncates on integers (0 where y is 0). */
export const div = apply2(divP);
/** `x - y trunc(x / y)`, elementwise: the remainder has the sign of x. */
export const rem = apply2(remP);
/** `-x`. */
export const neg = apply1(negP);
/** `|x|`, with slope 0 at 0. */
export const abs = apply1(absP);
/** -1, 0 or 1; NaN of NaN. */
export const sign = apply1(signP);
/** `x * x`. */
export const square = apply1(squareP);
/** `x * w`, 0 where x is 0. */
export const mulNoNan = apply2(mulNoNanP);
/** Largest integer not above x. */
export const floor = apply1(floorP);
/** Smallest integer not below x. */
export const ceil = apply1(ceilP);
/** x without its fraction. */
export const trunc = apply1(truncP);
/** Nearest integer; halves go away from zero, or to the even neighbour. */
export const round = (x: Value, roundingMethod: RoundingMethod = "awayFromZero"): Value =>
  bind(roundP, [x], { roundingMethod });
/** The next representable number after x in the direction of y. */
export const nextafter = apply2(nextafterP);
/** `x ** exponent` for an integer, by repeated squaring. */
export const integerPow = (x: Value, exponent: number): Value =>
  exponent === 1 ? x : bind(integerPowP, [x], { exponent });
/** `1 / x`. */
export const reciprocal = (x: Value): Value => integerPow(x, -1);
