// x ** y = exp(y ln |x|) with the logarithm in twice the precision: sums and products whose rounding errors are kept
// (Dekker, "A floating-point technique for extending the available precision", 1971).
import type { Expr } from "./expr.ts";
import { exp, expSum } from "./mathExp.ts";
import { log, split } from "./mathLog.ts";
import {
  abs,
  add,
  and,
  bits,
  copySign,
  div,
  eq,
  fma,
  fromBits,
  gt,
  lit,
  lt,
  mul,
  ne,
  not,
  or,
  pick,
  poly,
  sub,
  to,
  trunc,
  clamp,
} from "./mathOps.ts";

/** The unevaluated sum of two floats, the second a rounding error of the first. */
interface Pair {
  readonly h: Expr;
  readonly l: Expr;
}
/** `x y` exactly, but for the last bit of the error: halves of 26 bits multiply without rounding. */
const product = (x: Expr, y: Expr): Pair => {
  const top = (a: Expr): Expr => fromBits(and(bits(a), ~0x7ffffffn)),
    xh = top(x),
    yh = top(y),
    xl = sub(x, xh),
    yl = sub(y, yh),
    h = mul(x, y);
  return { h, l: add(add(add(sub(mul(xh, yh), h), mul(xh, yl)), mul(xl, yh)), mul(xl, yl)) };
};
/** `x + y + rest` where `|x| >= |y|`. */
const sum = (x: Expr, y: Expr, rest: Expr): Pair => {
  const h = add(x, y);
  return { h, l: add(add(sub(x, h), y), rest) };
};
const times = (x: Pair, y: Pair): Pair => {
  const p = product(x.h, y.h);
  return sum(p.h, add(p.l, add(mul(x.h, y.l), mul(x.l, y.h))), lit(p.h, 0));
};

// 1/3, and the tail of atanh(s) = s + s z / 3 + s z^2 (1/5 + z / 7 + ...) with z = s^2 <= 0.03: the Taylor series.
const third: readonly [number, number] = [1 / 3, 1.850371707708594e-17];
const tail = [1 / 5, 1 / 7, 1 / 9, 1 / 11, 1 / 13, 1 / 15, 1 / 17, 1 / 19, 1 / 21, 1 / 23];
const ln2: readonly [number, number] = [0.6931471803691238, 1.9082149292705877e-10];

/** Natural logarithm of a positive finite float64 in twice the precision: `k ln 2 + 2 atanh(f / (2 + f))`. */
const logPair = (x: Expr): Pair => {
  const { k, f } = split(x),
    d = sum(lit(f, 2), f, lit(f, 0)),
    q = div(f, d.h),
    back = product(q, d.h);
  const s: Pair = { h: q, l: div(sub(sub(sub(f, back.h), back.l), mul(q, d.l)), d.h) },
    z = times(s, s);
  const cubic = times(z, { h: lit(f, third[0]), l: lit(f, third[1]) }),
    a = sum(cubic.h, mul(mul(z.h, z.h), poly(z.h, tail)), cubic.l),
    b = times(s, a),
    half = sum(s.h, b.h, add(s.l, b.l));
  const twice: Pair = { h: mul(half.h, 2), l: mul(half.l, 2) },
    high = mul(k, ln2[0]),
    h = add(high, twice.h);
  // |high| is the larger one, or 0.
  const l = pick(eq(k, 0), 0, add(sub(high, h), twice.h));
  return { h, l: add(l, fma(k, ln2[1], twice.l)) };
};

/** `a ** n` of a positive finite a. */
type Size = (a: Expr, n: Expr) => Expr;
const exactly: Size = (a, n) => {
  const l = logPair(a),
    p = product(n, l.h);
  return expSum(p.h, fma(n, l.l, p.l));
};
/** With an error of some hundred units of float64, which is nothing to float32. */
const roughly: Size = (a, n) => exp(mul(n, log(a)));

const power = (x: Expr, y: Expr, sizeOf: Size): Expr => {
  const a = abs(x),
    finite = and(gt(a, 0), lt(a, Infinity)),
    n = clamp(y, -(2 ** 65), 2 ** 65), // beyond, every power but those of 1 is 0 or infinite
    y1 = sizeOf(pick(finite, a, 1), n);
  const edge = pick(eq(eq(a, 0), gt(y, 0)), 0, lit(x, Infinity)), // of 0 and of infinities
    size = pick(or(finite, ne(a, a)), y1, edge);
  const whole = eq(trunc(y), y),
    half = mul(y, 0.5),
    odd = and(and(whole, ne(trunc(half), half)), lt(abs(y), Infinity)),
    negative = lt(copySign(lit(x, 1), x), 0);
  const signed = pick(and(negative, odd), mul(size, -1), size),
    real = pick(and(and(lt(x, 0), gt(x, -Infinity)), not(whole)), Number.NaN, signed);
  const ordered = and(eq(x, x), eq(y, y));
  return pick(or(eq(y, 0), eq(x, 1)), 1, pick(ordered, real, Number.NaN));
};
/** `x ** y` with the special cases of IEEE 754's pow; float32 in the arithmetic of float64. */
export const pow = (x: Expr, y: Expr): Expr =>
  x.type === "f32" ? to("f32", power(to("f64", x), to("f64", y), roughly)) : power(x, y, exactly);
