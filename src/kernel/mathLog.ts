// Logarithms. x = 2^k m with m in [sqrt(1/2), sqrt(2)), f = m - 1, s = f / (2 + f), and
// log(1 + f) = 2 atanh(s) = f - (h - s (h + R)) with h = f^2 / 2 (the arrangement of fdlibm's e_log.c, Sun 1993, which adds
// the largest term last). R / s^2 is a minimax fit in s^2 (Remez exchange in 60 digits).
import type { Expr } from "./expr.ts";
import { rare } from "./expr.ts";
import type { Format } from "./mathOps.ts";
import {
  add,
  and,
  bits,
  div,
  eq,
  fma,
  formatOf,
  fromBits,
  ge,
  gt,
  lit,
  lt,
  mul,
  pick,
  poly,
  shr,
  sub,
  withSign,
} from "./mathOps.ts";

interface Constants {
  /** ln 2 in two parts, the first times any exponent being exact. */
  readonly ln2: readonly [number, number];
  /** log2(e) in two parts, the first with half of the bits. */
  readonly log2e: readonly [number, number];
  readonly series: readonly number[];
  /** Bits of the float sqrt(1/2). */
  readonly root: bigint;
  /** Makes subnormals normal. */
  readonly lift: number;
  /** Clears the lower half of a significand. */
  readonly upper: bigint;
}
const constants: { readonly [K in Format["float"]]: Constants } = {
  f32: {
    ln2: [0.693359375, -2.12194440054690583e-4],
    log2e: [1.4423828125, 0.00031222838896340733],
    series: [0.6666666269302368, 0.40000972151756287, 0.28498783707618713, 0.24279281497001648],
    root: 0x3f3504f3n,
    lift: 25,
    upper: ~0xfffn,
  },
  f64: {
    ln2: [0.6931471803691238, 1.9082149292705877e-10],
    log2e: [1.4426950216293335, 1.9259629911266175e-8],
    series: [
      0.6666666666666735, 0.3999999999941112, 0.28571428743262983, 0.22222198475390267, 0.18183569795752758,
      0.1531390129716743, 0.14797531343697382,
    ],
    root: 0x3fe6a09e667f3bcdn,
    lift: 54,
    upper: ~0x7ffffffn,
  },
};
const of = (x: Expr): Constants => constants[formatOf(x).float];

/** An integer held in a float's low bits is subtracted from this: shifts of integers become floats without a conversion. */
const asFloat = (k: Expr): Expr => {
  const f = k.type === "i64" ? { m: 1.5 * 2 ** 52, b: 0x4338000000000000n } : { m: 1.5 * 2 ** 23, b: 0x4b400000n };
  return sub(fromBits(add(k, f.b)), f.m);
};
/** `x = 2^k (1 + f)`. */
interface Split {
  readonly k: Expr;
  readonly f: Expr;
}
/** Of a positive normal number. */
const splitNormal = (x: Expr): Split => {
  const { mantissa } = formatOf(x),
    { root } = of(x),
    b = sub(bits(x), root);
  return {
    k: asFloat(shr(b, mantissa)),
    f: sub(fromBits(add(and(b, (1n << BigInt(mantissa)) - 1n), root)), 1),
  };
};
/** Of a positive finite number. */
export const split = (x: Expr): Split => {
  const { lift } = of(x),
    low = lt(x, formatOf(x).tiny),
    { k, f } = splitNormal(pick(low, mul(x, 2 ** lift), x));
  return { k: sub(k, pick(low, lit(x, lift), 0)), f };
};
/** Values outside the positive finite numbers: log of 0 is -inf, of negative numbers NaN. */
const guard = (x: Expr, y: Expr): Expr =>
  pick(gt(x, 0), pick(lt(x, Infinity), y, x), pick(eq(x, 0), -Infinity, lit(x, Number.NaN)));

/** `h` and `s (h + R)`: log(1 + f) = f - (h - tail). */
const parts = (f: Expr): { readonly h: Expr; readonly tail: Expr } => {
  const s = div(f, add(f, 2)),
    z = mul(s, s),
    h = mul(mul(f, f), 0.5);
  return { h, tail: mul(s, fma(z, poly(z, of(f).series), h)) };
};
/** `log(1 + f) + k ln 2 + c` for a small correction c. */
const combine = (k: Expr, f: Expr, c: Expr | null): Expr => {
  const [hi, lo] = of(f).ln2,
    { h, tail } = parts(f),
    low = fma(k, lo, tail);
  return fma(k, hi, sub(f, sub(h, c === null ? low : add(low, c))));
};
/** Whether a float is no positive normal number: those are one range of bits, which is moved to the least integers. */
const odd = (x: Expr): Expr => {
  const { mantissa, width } = formatOf(x),
    unit = 1n << BigInt(mantissa),
    least = -(1n << BigInt(width - 1));
  return ge(add(bits(x), BigInt.asIntN(width, least - unit)), -(2n * unit));
};
/** A logarithm, made of the parts of its argument. */
const guarded = (x: Expr, logOf: (parts: Split) => Expr): Expr =>
  rare(odd(x), guard(x, logOf(split(x))), logOf(splitNormal(x)));
/** `ln x`. */
export const log = (x: Expr): Expr => guarded(x, ({ k, f }) => combine(k, f, null));
/** `ln(1 + x)`: of the rounded sum `u = 1 + x`, plus the lost part over u; -0 keeps its sign. */
export const log1p = (x: Expr): Expr => {
  const u = add(x, 1),
    { k, f } = splitNormal(u),
    back = sub(u, 1),
    lost = add(sub(lit(x, 1), sub(u, back)), sub(x, back)),
    y = combine(k, f, div(lost, u));
  return rare(odd(u), pick(eq(u, 0), -Infinity, pick(gt(x, 0), x, Number.NaN)), withSign(y, x));
};
/** `log2 x = k + log2(1 + f)`, the logarithm in two parts so that the product with log2(e) is exact where it matters. */
export const log2 = (x: Expr): Expr => guarded(x, log2Of);
const log2Of = ({ k, f }: Split): Expr => {
  const { h, tail } = parts(f),
    {
      log2e: [hi, lo],
      upper,
    } = of(f);
  const top = fromBits(and(bits(sub(f, h)), upper)),
    rest = add(sub(sub(f, top), h), tail);
  const high = mul(top, hi),
    low = fma(add(rest, top), lo, mul(rest, hi)),
    sum = add(k, high);
  return add(sum, add(low, add(sub(k, sum), high)));
};
