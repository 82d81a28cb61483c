// Powers of integers, remainders of floats and neighbours of floats: exact by integer arithmetic.
import type { Expr } from "./expr.ts";
import {
  abs,
  add,
  and,
  bits,
  copySign,
  double,
  eq,
  fromBits,
  ge,
  gt,
  lit,
  lt,
  mul,
  ne,
  or,
  pick,
  shl,
  shr,
  sub,
  timesPower,
  to,
  div,
} from "./mathOps.ts";

/** `x ** n` of integers, by repeated squaring; it wraps like multiplication. Negative powers are 0 except of 1 and -1. */
export const ipow = (x: Expr, n: Expr): Expr => {
  let result = lit(x, 1),
    square = x;
  // The high bits of n cannot matter: odd numbers repeat with period 2^30 at most, even ones are 0 long before.
  for (let b = 0; b < 31; b++) {
    result = pick(ne(and(n, 2 ** b), 0), mul(result, square), result);
    square = mul(square, square);
  }
  if (x.type === "u32") return pick(ge(n, 2 ** 31), pick(eq(and(x, 1), 0), 0, result), result);
  const odd = ne(and(n, 1), 0),
    unit = pick(eq(x, 1), 1, pick(eq(x, -1), pick(odd, -1, lit(x, 1)), 0));
  return pick(lt(n, 0), unit, result);
};

/** The next float after x in the direction of y. */
export const nextafter = (x: Expr, y: Expr): Expr => {
  const b = bits(x),
    away = eq(gt(y, x), gt(x, 0)),
    step = fromBits(add(b, pick(away, lit(b, 1), -1))),
    first = copySign(fromBits(lit(b, 1)), y);
  const moved = pick(eq(x, y), y, pick(eq(x, 0), first, step));
  return pick(and(eq(x, x), eq(y, y)), moved, Number.NaN);
};

const implicit = 1n << 52n;
/** Significand and exponent of a positive finite float64, `x = significand 2^exponent`; integers, also of subnormals. */
const dissect = (x: Expr): { readonly significand: Expr; readonly exponent: Expr } => {
  const low = lt(x, double.tiny),
    b = bits(pick(low, mul(x, 2 ** 54), x));
  return {
    significand: or(and(b, implicit - 1n), implicit),
    exponent: sub(shr(b, 52), pick(low, lit(b, 1075 + 54), 1075)),
  };
};
/** `a b mod m` of integers below m < 2^53: the rounded quotient is off by a few, which the low bits of the products tell. */
const mulMod = (a: Expr, b: Expr, m: Expr, inverse: Expr): Expr => {
  const q = to("i64", mul(mul(to("f64", a), to("f64", b)), inverse));
  let r = sub(mul(a, b), mul(q, m));
  for (let k = 0; k < 2; k++) r = pick(lt(r, 0), add(r, m), r);
  for (let k = 0; k < 2; k++) r = pick(ge(r, m), sub(r, m), r);
  return r;
};
/** The remainder of `x / y` with the sign of x, exactly, as C's fmod: `significand(x) 2^d mod significand(y)` with the power by squaring. */
export const frem = (x: Expr, y: Expr): Expr => {
  if (x.type === "f32") return to("f32", frem(to("f64", x), to("f64", y)));
  const a = abs(x),
    b = abs(y),
    usual = and(and(lt(a, Infinity), lt(b, Infinity)), gt(b, 0)),
    apart = and(usual, ge(a, b));
  const p = dissect(pick(apart, a, 1)),
    m = dissect(pick(apart, b, 1)),
    d = sub(p.exponent, m.exponent),
    inverse = div(lit(x, 1), to("f64", m.significand));
  // 2^d, its upper bits at once: d < 2^12, and 2^(d / 128) is below the divisor.
  let power = shl(lit(d, 1), shr(d, 7));
  for (let bit = 6; bit >= 0; bit--) {
    power = mulMod(power, power, m.significand, inverse);
    const twice = add(power, power),
      less = sub(twice, m.significand);
    power = pick(ne(and(d, 2 ** bit), 0), pick(ge(less, 0), less, twice), power);
  }
  // The significand of x may exceed that of y, but by less than two times.
  const above = sub(p.significand, m.significand),
    r = mulMod(pick(ge(above, 0), above, p.significand), power, m.significand, inverse);
  const held = fromBits(add(m.exponent, 0x4338000000000000n)),
    rest = timesPower(to("f64", r), held);
  return copySign(
    pick(apart, rest, pick(and(usual, lt(a, b)), a, pick(and(lt(a, Infinity), eq(b, Infinity)), a, Number.NaN))),
    x,
  );
};
