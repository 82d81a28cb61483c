// Sine, cosine, tangent. Arguments up to `usual` are reduced by subtracting a multiple of pi/2 in four parts (Cody & Waite,
// "Software Manual for the Elementary Functions", 1980), and the seldom greater ones exactly at every magnitude (Payne & Hanek,
// "Radian reduction for trigonometric functions", SIGNUM 1983): x times the 2 or 3 words of 2/pi that matter for its exponent,
// in integers, modulo 4 quadrants. The words are chosen by a barrel shifter, since lanes cannot look up tables.
// Polynomials: minimax fits (Remez exchange in 60 digits).
import type { Expr } from "./expr.ts";
import { constant, rare } from "./expr.ts";
import type { Format } from "./mathOps.ts";
import {
  abs,
  add,
  and,
  bits,
  copySign,
  div,
  eq,
  fma,
  flipSign,
  formatOf,
  ge,
  gt,
  fromBits,
  lit,
  lshr,
  lt,
  max,
  mul,
  ne,
  neg,
  or,
  pick,
  poly,
  round,
  shl,
  shr,
  sub,
  to,
  xor,
} from "./mathOps.ts";

interface Constants {
  /** Where reduction in parts is still exact. */
  readonly usual: number;
  /** pi/2 in four parts, the first three of so few bits that their products with quadrants are exact. */
  readonly parts: readonly [number, number, number, number];
  /** 2/pi as words, most significant first, so placed that three from the first belong to the least reduced exponent. */
  readonly words: readonly bigint[];
  /** Shifts of the barrel in bits, largest first. */
  readonly shifts: readonly number[];
  /** pi/2 in two parts. */
  readonly halfPi: readonly [number, number];
  /** sin r = r + r^3 s(r^2), cos r = 1 - r^2/2 + r^4 c(r^2) for |r| <= pi/4. */
  readonly sin: readonly number[];
  readonly cos: readonly number[];
}
const constants: { readonly [K in Format["float"]]: Constants } = {
  f32: {
    usual: 1600,
    parts: [1.5706787109375, 0.00011761486530303955, 9.918039722833782e-10, 2.8960739513993194e-13],
    words: [0x28n, 0xbe60db93n, 0x91054a7fn, 0x9d5f47dn, 0x4d377036n, 0xd8a5664fn, 0x10e4107fn],
    shifts: [64, 32, 16, 8],
    halfPi: [1.5707963705062866, -4.3711390001862426e-8],
    sin: [-0.16666655242443085, 0.008332187309861183, -0.00019517909095156938],
    cos: [0.04166664555668831, -0.0013887309469282627, 2.4432341888314113e-5],
  },
  f64: {
    usual: 1.6e6,
    parts: [1.5707963267341256, 6.077100506303966e-11, 2.0222662487111665e-21, 8.4784276603689e-32],
    words: [
      0x145n,
      0xf306dc9c882a53f8n,
      0x4eafa3ea69bb81b6n,
      0xc52b3278872083fcn,
      0xa2c757bd778ac36en,
      0x48dc74849ba5c00cn,
      0x925dd413a32439fcn,
      0x3bd63962534e7dd1n,
      0x046bea5d768909d3n,
      0x38e04d68befc8273n,
      0x23ac7306a673e939n,
      0x08bf177bf250763fn,
      0xf12fffbc0b301fden,
      0x5e2316b414da3edan,
      0x6cfd9e4f96136e9en,
      0x8c7ecd3cbfd45aean,
      0x4f758fd7cbe2f67an,
      0x0e73ef14a525d4d7n,
      0xf6bf623f1aba10acn,
    ],
    shifts: [512, 256, 128, 64, 32, 16, 8],
    halfPi: [1.5707963267948966, 6.123233995736766e-17],
    sin: [
      -0.16666666666666666, 0.008333333333333323, -0.00019841269841254646, 2.7557319213983496e-6, -2.505210486033531e-8,
      1.6058360384464125e-10, -7.578400592118812e-13,
    ],
    cos: [
      0.041666666666666664, -0.0013888888888888872, 2.4801587301570388e-5, -2.7557319214929497e-7, 2.087675427119805e-9,
      -1.1470283034253498e-11, 4.737668849492993e-14,
    ],
  },
};
const of = (x: Expr): Constants => constants[formatOf(x).float];

/** Floor of `a b / 2^w` and the low word of the product, of w-bit words held as unsigned integers (or as i64 bits). */
const wideProduct = (a: Expr, b: Expr, half: number): { readonly high: Expr; readonly low: Expr } => {
  const mask = (1n << BigInt(half)) - 1n,
    ah = lshr(a, half),
    al = and(a, mask),
    bh = lshr(b, half),
    bl = and(b, mask);
  const u = add(mul(ah, bl), lshr(mul(al, bl), half)),
    v = add(mul(al, bh), and(u, mask));
  return { high: add(mul(ah, bh), add(lshr(u, half), lshr(v, half))), low: mul(a, b) };
};
/** `a < b` of unsigned words. */
const below = (a: Expr, b: Expr): Expr =>
  a.type === "u32" ? lt(a, b) : lt(xor(a, -(1n << 63n)), xor(b, -(1n << 63n)));

/** `|x| = quadrant pi/2 + r` with `|r| <= pi/4`; the last two bits of the quadrant count. */
interface Reduced {
  readonly r: Expr;
  readonly quadrant: Expr;
}
const reduceFar = (a: Expr): Reduced => {
  const { words, shifts, halfPi } = of(a),
    { width, mantissa, bias, int, float } = formatOf(a),
    unsigned = width === 32 ? "u32" : "i64",
    half = width / 2,
    significand = (1n << BigInt(mantissa)) - 1n;
  const b = bits(a),
    exponent = shr(b, mantissa);
  // |x| = y 2^(8 j - 1 - mantissa) / 2^..., y the significand shifted by 0 to 8 bits, j the byte at which the words of 2/pi start.
  const start = max(sub(exponent, bias), 0),
    bytes = and(start, -8),
    power = add(sub(exponent, bytes), mantissa + 1),
    y = to(unsigned, fromBits(or(and(b, significand), shl(power, mantissa))));
  let at: readonly Expr[] = words.map((w) => constant(unsigned, width === 32 ? Number(w) : BigInt.asIntN(64, w)));
  for (const shift of shifts) {
    const wanted = ne(and(start, shift), 0),
      skip = Math.floor(shift / width),
      part = shift % width,
      last = constant(unsigned, width === 32 ? 0 : 0n);
    const left = shift * 2 - 8; // bits that the following, smaller shifts may still ask for
    const need = Math.ceil((3 * width + left - shift) / width);
    at = at
      .slice(0, need)
      .map((w, i) =>
        pick(wanted, part === 0 ? (at[i + skip] ?? last) : or(shl(w, part), lshr(at[i + 1] ?? last, width - part)), w),
      );
  }
  const [w0, w1, w2] = at as readonly [Expr, Expr, Expr];
  const p1 = wideProduct(y, w1, half),
    p2 = wideProduct(y, w2, half).high,
    low = add(p1.low, p2);
  const high = add(add(mul(y, w0), p1.high), pick(below(low, p2), constant(unsigned, width === 32 ? 1 : 1n), 0));
  // high: 2 bits of the quadrant, the rest and low its fraction. Round to the nearest quadrant; negative fractions are
  // complemented, which is off by one unit in the last place of low.
  const quadrant = lshr(add(high, 1n << BigInt(width - 3)), width - 2),
    fraction = to(int, sub(high, shl(quadrant, width - 2))),
    sign = shr(fraction, width - 1);
  const s = xor(fraction, sign),
    t = xor(low, to(unsigned, sign));
  // The fraction as a sum of three floats, each exact: s above `cut` bits, the next bits that fill a significand, the rest.
  const cut = half - 2,
    fill = mantissa + 1 - cut;
  const f = (e: Expr): Expr => to(float, e);
  const top = f(and(s, -(1n << BigInt(cut)))),
    middle = f(or(shl(and(s, (1n << BigInt(cut)) - 1n), fill), to(int, lshr(t, width - fill)))),
    rest = f(to(int, and(t, (1n << BigInt(width - fill)) - 1n)));
  const c = mul(rest, 2 ** -width),
    m = mul(middle, 2 ** -fill),
    h = add(top, m),
    l = add(add(sub(top, h), m), c);
  const unit = 2 ** -(width - 2),
    [hi, lo] = halfPi;
  const exactH = mul(h, unit),
    r = flipSign(fma(exactH, hi, fma(exactH, lo, mul(mul(l, unit), hi))), fromBits(sign));
  return { r: pick(lt(a, Infinity), r, Number.NaN), quadrant: to(int, quadrant) };
};
// The second part's rounding error joins the third part, so that what is small is exact and what is not is rounded once.
const reduceNear = (a: Expr): Reduced => {
  const [c1, c2, c3, c4] = of(a).parts,
    { n, held } = round(a, 2 / Math.PI);
  const top = fma(n, -c1, a),
    second = mul(n, c2),
    r0 = sub(top, second),
    lost = sub(second, sub(top, r0));
  return { r: fma(n, -c4, sub(r0, fma(n, c3, lost))), quadrant: bits(held) };
};
const reduce = (a: Expr): Reduced => {
  const far = ge(a, of(a).usual),
    [near, beyond] = [reduceNear(a), reduceFar(a)];
  return { r: rare(far, beyond.r, near.r), quadrant: rare(far, beyond.quadrant, near.quadrant) };
};
interface Wave {
  readonly sin: Expr;
  readonly cos: Expr;
  readonly quadrant: Expr;
}
/** Sine and cosine of `|r| <= pi/4`. */
const kernel = (r: Expr): { readonly sin: Expr; readonly cos: Expr } => {
  const { sin: s, cos: c } = of(r),
    z = mul(r, r);
  return { sin: fma(mul(z, r), poly(z, s), r), cos: fma(z, poly(z, [-0.5, ...c]), 1) };
};
const wave = (x: Expr): Wave => {
  const { r, quadrant } = reduce(abs(x));
  return { quadrant, ...kernel(r) };
};
/** Sine and cosine of `pi r` for `|r| <= 1/2`. */
export const wavePi = (r: Expr): { readonly sin: Expr; readonly cos: Expr } => {
  const a = abs(r),
    steep = gt(a, 0.25),
    { sin: s, cos: c } = kernel(mul(pick(steep, sub(lit(r, 0.5), a), a), Math.PI));
  return { sin: copySign(pick(steep, c, s), r), cos: pick(steep, s, c) };
};
/** Sine of the angle `quadrant pi/2 + r` but for the sign that the quadrant gives it, and that sign as a bit. */
const turn = ({ sin: s, cos: c }: Wave, quadrant: Expr): { readonly size: Expr; readonly sign: Expr } => ({
  size: pick(eq(and(quadrant, 1), 0), s, c),
  sign: shl(quadrant, formatOf(s).width - 2),
});
/** Sine. */
export const sin = (x: Expr): Expr => {
  const w = wave(x),
    { size, sign } = turn(w, w.quadrant);
  return flipSign(size, fromBits(xor(sign, bits(x))));
};
/** Cosine. */
export const cos = (x: Expr): Expr => {
  const w = wave(x),
    { size, sign } = turn(w, add(w.quadrant, 1));
  return flipSign(size, fromBits(sign));
};
/** Tangent: `sin r / cos r` or `-cos r / sin r`. */
export const tan = (x: Expr): Expr => {
  const { sin: s, cos: c, quadrant } = wave(x),
    even = eq(and(quadrant, 1), 0);
  return flipSign(div(pick(even, s, c), pick(even, c, neg(s))), x);
};
