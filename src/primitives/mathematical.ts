// Mathematical functions: each is one operation of the kernel IR, with its derivative beside it.
import { isFloating } from "../core/dtype.ts";
import type { Value } from "../core/value.ts";
import type { MathUnary, UnaryOp } from "../kernel/expr.ts";
import { binary, unary } from "../kernel/expr.ts";
import { add, div, mul, mulNoNan, neg, square, sub } from "./arithmetic.ts";
import { select } from "./choice.ts";
import { eq } from "./comparison.ts";
import type { Slope } from "./pointwise.ts";
import { apply1, apply2, binaryRow, floating, fullLike, numeric, unaryRow } from "./pointwise.ts";

const math = (op: MathUnary | UnaryOp, slope: Slope) => unaryRow(op, floating, (x) => unary(op, x), slope);
const plus1 = (x: Value): Value => add(fullLike(x, 1), x);
const minus1 = (x: Value): Value => sub(x, fullLike(x, 1));
const less1 = (x: Value): Value => sub(fullLike(x, 1), x);
const times = (k: number, x: Value): Value => mul(fullLike(x, k), x);
const over = (k: number, x: Value): Value => div(fullLike(x, k), x);
/** `1 - x^2`, without the cancellation near 1. */
const coSquare = (x: Value): Value => mul(plus1(x), less1(x));

// mulNoNan where the slope has a pole: a cotangent of 0 stays 0 there.
export const sqrtP = math("sqrt", (dx, y) => mulNoNan(dx, over(0.5, y)));
export const rsqrtP = math("rsqrt", (dx, y, x) => mulNoNan(dx, div(times(-0.5, y), x)));
export const cbrtP = math("cbrt", (dx, y) => mulNoNan(dx, over(1 / 3, square(y))));
export const expP = math("exp", (dx, y) => mul(dx, y));
export const exp2P = math("exp2", (dx, y) => mul(dx, times(Math.LN2, y)));
export const expm1P = math("expm1", (dx, y) => mul(dx, plus1(y)));
export const logP = math("log", (dx, _y, x) => mulNoNan(dx, over(1, x)));
export const log2P = math("log2", (dx, _y, x) => mulNoNan(dx, over(Math.LOG2E, x)));
export const log1pP = math("log1p", (dx, _y, x) => mulNoNan(dx, over(1, plus1(x))));
export const sinP = math("sin", (dx, _y, x) => mul(dx, cos(x)));
export const cosP = math("cos", (dx, _y, x) => neg(mul(dx, sin(x))));
export const tanP = math("tan", (dx, y) => mul(dx, plus1(square(y))));
export const asinP = math("asin", (dx, _y, x) => mulNoNan(dx, rsqrt(coSquare(x))));
export const acosP = math("acos", (dx, _y, x) => neg(mulNoNan(dx, rsqrt(coSquare(x)))));
export const atanP = math("atan", (dx, _y, x) => div(dx, plus1(square(x))));
export const sinhP = math("sinh", (dx, _y, x) => mul(dx, cosh(x)));
export const coshP = math("cosh", (dx, _y, x) => mul(dx, sinh(x)));
export const tanhP = math("tanh", (dx, y) => mul(dx, coSquare(y)));
export const asinhP = math("asinh", (dx, _y, x) => mul(dx, rsqrt(plus1(square(x)))));
export const acoshP = math("acosh", (dx, _y, x) => mulNoNan(dx, mul(rsqrt(minus1(x)), rsqrt(plus1(x)))));
export const atanhP = math("atanh", (dx, _y, x) => mulNoNan(dx, over(1, coSquare(x))));
export const logisticP = math("logistic", (dx, y) => mul(dx, mul(y, less1(y))));
/** `atan2(y, x)`: `(x dy - y dx) / (x^2 + y^2)`. */
export const atan2P = binaryRow("atan2", floating, (y, x) => binary("atan2", y, x), [
  (dy, _, [y, x]) => mulNoNan(dy, div(x, add(square(x), square(y)))),
  (dx, _, [y, x]) => neg(mulNoNan(dx, div(y, add(square(x), square(y))))),
]);

const zeroTo1 = (x: Value): Value => select(eq(x, fullLike(x, 0)), fullLike(x, 1), x);
/** `x ** y`. The slopes stay finite where they are: `0 ** y` for y > 1 or y = 0 in x, for y > 0 in y. */
export const powP = binaryRow("pow", numeric, (x, y, dtype) => binary(isFloating(dtype) ? "pow" : "ipow", x, y), [
  (dx, _, [x, y]) => mulNoNan(dx, mulNoNan(y, pow(x, minus1(y)))),
  (dy, out, [x]) => mulNoNan(dy, mul(log(zeroTo1(x)), out)),
]);

/** Square root. */
export const sqrt = apply1(sqrtP);
/** `1 / sqrt(x)`. */
export const rsqrt = apply1(rsqrtP);
/** Cube root, of the sign of x. */
export const cbrt = apply1(cbrtP);
/** `e^x`. */
export const exp = apply1(expP);
/** `2^x`. */
export const exp2 = apply1(exp2P);
/** `e^x - 1`, accurate near 0. */
export const expm1 = apply1(expm1P);
/** Natural logarithm. */
export const log = apply1(logP);
/** Logarithm to base 2. */
export const log2 = apply1(log2P);
/** `log(1 + x)`, accurate near 0. */
export const log1p = apply1(log1pP);
/** Sine. */
export const sin = apply1(sinP);
/** Cosine. */
export const cos = apply1(cosP);
/** Tangent. */
export const tan = apply1(tanP);
/** Inverse sine. */
export const asin = apply1(asinP);
/** Inverse cosine. */
export const acos = apply1(acosP);
/** Inverse tangent. */
export const atan = apply1(atanP);
/** Hyperbolic sine. */
export const sinh = apply1(sinhP);
/** Hyperbolic cosine. */
export const cosh = apply1(coshP);
/** Hyperbolic tangent. */
export const tanh = apply1(tanhP);
/** Inverse hyperbolic sine. */
export const asinh = apply1(asinhP);
/** Inverse hyperbolic cosine. */
export const acosh = apply1(acoshP);
/** Inverse hyperbolic tangent. */
export const atanh = apply1(atanhP);
/** `1 / (1 + e^-x)`. */
export const logistic = apply1(logisticP);
/** The angle of the point (x, y), in (-pi, pi]. */
export const atan2 = apply2(atan2P);
/** `x ** y`, elementwise; integers wrap. */
export const pow = apply2(powP);
