// Inverse trigonometric and hyperbolic functions, the angle of a point and the cube root.
// Polynomials: minimax fits (Remez exchange in 60 digits).
import type { Expr } from "./expr.ts";
import { log, log1p, split } from "./mathLog.ts";
import type { Format } from "./mathOps.ts";
import {
  abs,
  add,
  and,
  copySign,
  div,
  eq,
  fma,
  formatOf,
  ge,
  gt,
  lit,
  lt,
  mul,
  nearest,
  ne,
  or,
  pick,
  poly,
  sqrt,
  sub,
  timesPower,
  withSign,
} from "./mathOps.ts";

interface Constants {
  /** pi/2 in two parts. */
  readonly halfPi: readonly [number, number];
  /** atan x = x + x^3 p(x^2) for x <= tan(pi/8). */
  readonly atan: readonly number[];
  /** asin x = x + x^3 p(x^2) for x <= 1/2. */
  readonly asin: readonly number[];
  /** cbrt(1 + f), roughly. */
  readonly cbrt: readonly number[];
  /** Where `sqrt(x^2 + 1)` is x to all digits. */
  readonly far: number;
}
const constants: { readonly [K in Format["float"]]: Constants } = {
  f32: {
    halfPi: [1.5707963705062866, -4.3711390001862426e-8],
    atan: [-0.33333316445350647, 0.19998525083065033, -0.1424429565668106, 0.10598240792751312, -0.06087242811918259],
    asin: [
      0.16666659712791443, 0.07500521838665009, 0.04451334848999977, 0.03183961287140846, 0.014312745071947575,
      0.03769790008664131,
    ],
    cbrt: [1.000069260597229, 0.33362236618995667, -0.11571656912565231, 0.058220963925123215],
    far: 2 ** 13,
  },
  f64: {
    halfPi: [1.5707963267948966, 6.123233995736766e-17],
    atan: [
      -0.33333333333333326, 0.19999999999997603, -0.14285714285380077, 0.11111111087701134, -0.0909090812790844,
      0.0769228239461869, -0.06666221537610095, 0.0587697205825864, -0.052180921649322504, 0.045023090508151585,
      -0.03344619404938793, 0.015167014450761062,
    ],
    asin: [
      0.1666666666666676, 0.07499999999970784, 0.04464285717462577, 0.030381942707171265, 0.022372215003440873,
      0.017351611752720538, 0.013980823445725543, 0.011398890054899984, 0.010780370020318952, 0.00370598760414085,
      0.021708428069725366, -0.0210003990141131, 0.032629432315263635,
    ],
    cbrt: [
      0.9999990139468301, 0.3333203219876098, -0.11096409608657494, 0.06228754960072298, -0.04478239440785257,
      0.026955496010299184,
    ],
    far: 2 ** 28,
  },
};
const of = (x: Expr): Constants => constants[formatOf(x).float];
const tanEighth = Math.SQRT2 - 1;

/** `atan(low / high)` for `0 <= low <= high`: the quotient t, or beyond tan(pi/8) the angle (t - 1) / (t + 1) past pi/4. */
const eighth = (low: Expr, high: Expr): Expr => {
  const { halfPi, atan: p } = of(low),
    t = div(low, high),
    far = gt(t, tanEighth);
  const u = pick(far, div(sub(t, 1), add(t, 1)), t),
    z = mul(u, u),
    y = fma(mul(u, z), poly(z, p), pick(far, lit(u, halfPi[1] / 2), 0));
  return pick(far, add(add(y, u), halfPi[0] / 2), add(u, y));
};
/** `angle`, mirrored in the diagonal where `steep`. */
const mirror = (angle: Expr, steep: Expr): Expr => {
  const [hi, lo] = of(angle).halfPi;
  return pick(steep, sub(lit(angle, hi), sub(angle, lo)), angle);
};
/** Inverse tangent. */
export const atan = (x: Expr): Expr => {
  const a = abs(x),
    steep = gt(a, 1);
  return withSign(mirror(eighth(pick(steep, 1, a), pick(steep, a, 1)), steep), x);
};
/** Angle of the point (x, y), in (-pi, pi]: signs of zeros count, two infinities make an odd multiple of pi/4. */
export const atan2 = (y: Expr, x: Expr): Expr => {
  const ax = abs(x),
    ay = abs(y),
    steep = gt(ay, ax),
    low = pick(steep, ax, ay),
    high = pick(steep, ay, ax),
    both = eq(low, Infinity),
    none = eq(high, 0);
  const a = mirror(eighth(pick(both, 1, low), pick(or(both, none), 1, high)), steep),
    [hi, lo] = of(x).halfPi,
    left = lt(copySign(lit(x, 1), x), 0);
  const angle = withSign(pick(left, sub(lit(x, 2 * hi), sub(a, 2 * lo)), a), y);
  return pick(and(eq(x, x), eq(y, y)), angle, Number.NaN);
};

/** `asin` of |x|, by half angles above 1/2: there asin a = pi/2 - 2 asin(sqrt((1 - a) / 2)). */
const arc = (x: Expr): { readonly p: Expr; readonly large: Expr } => {
  const a = abs(x),
    large = gt(a, 0.5),
    z = pick(large, mul(sub(lit(x, 1), a), 0.5), mul(a, a)),
    s = pick(large, sqrt(z), a);
  return { large, p: fma(mul(s, z), poly(z, of(x).asin), s) };
};
/** Inverse sine. */
export const asin = (x: Expr): Expr => {
  const { p, large } = arc(x),
    [hi, lo] = of(x).halfPi;
  return withSign(pick(large, sub(lit(x, hi), sub(mul(p, 2), lo)), p), x);
};
/** Inverse cosine. */
export const acos = (x: Expr): Expr => {
  const { p, large } = arc(x),
    [hi, lo] = of(x).halfPi,
    left = lt(x, 0);
  const outer = pick(left, sub(lit(x, 2 * hi), sub(mul(p, 2), 2 * lo)), mul(p, 2));
  return pick(large, outer, sub(lit(x, hi), sub(copySign(p, x), lo)));
};

/** `asinh x = log1p(a + a^2 / (1 + sqrt(a^2 + 1)))` with `a = |x|`; far out `ln a + ln 2`. */
export const asinh = (x: Expr): Expr => {
  const a = abs(x),
    far = gt(a, of(x).far),
    b = pick(far, 1, a),
    z = mul(b, b);
  const near = log1p(add(b, div(z, add(sqrt(add(z, 1)), 1))));
  return withSign(pick(far, add(log(a), Math.LN2), near), x);
};
/** `acosh x = log1p(t + sqrt(t (t + 2)))` with `t = x - 1`; far out `ln x + ln 2`. */
export const acosh = (x: Expr): Expr => {
  const far = gt(x, of(x).far),
    t = sub(pick(far, 2, x), 1);
  const near = log1p(add(t, sqrt(mul(t, add(t, 2)))));
  return pick(far, add(log(x), Math.LN2), pick(ge(x, 1), near, Number.NaN));
};
/** `atanh x = log1p(2 a / (1 - a)) / 2` with `a = |x|`. */
export const atanh = (x: Expr): Expr => {
  const a = abs(x);
  return withSign(mul(log1p(div(mul(a, 2), sub(lit(x, 1), a))), 0.5), x);
};

/** Cube root: of `2^3q w` it is `2^q` times that of w, a polynomial improved by Halley's and Newton's iterations. */
export const cbrt = (x: Expr): Expr => {
  const a = abs(x),
    { k, f } = split(a),
    q = nearest(mul(k, 1 / 3)),
    rest = sub(k, mul(q, 3));
  const third = (up: number, same: number, down: number): Expr =>
    pick(gt(rest, 0.5), up, pick(lt(rest, -0.5), down, lit(x, same)));
  const w = mul(add(f, 1), third(2, 1, 0.5)),
    guess = mul(poly(f, of(x).cbrt), third(2 ** (1 / 3), 1, 2 ** (-1 / 3)));
  const halley = (t: Expr): Expr => {
    const c = mul(mul(t, t), t);
    return sub(t, div(mul(t, sub(c, w)), add(add(c, c), w)));
  };
  const t = halley(guess),
    y = sub(t, mul(sub(t, div(w, mul(t, t))), 1 / 3));
  const root = timesPower(y, add(q, formatOf(x).magic));
  return withSign(pick(and(ne(a, 0), lt(a, Infinity)), root, a), x);
};
