// Exponentials. exp(x) = 2^n exp(r) with n = round(x / ln 2), r = x - n ln 2 in two parts (Cody & Waite, "Software Manual
// for the Elementary Functions", 1980), |r| <= ln(2)/2. Polynomials: minimax fits (Remez exchange in 60 digits) whose
// coefficients were rounded one after the other, the rest refitted.
import type { Expr } from "./expr.ts";
import { rare } from "./expr.ts";
import type { Format } from "./mathOps.ts";
import {
  abs,
  add,
  atLeast,
  atMost,
  bits,
  clamp,
  div,
  fma,
  formatOf,
  gt,
  le,
  lit,
  lt,
  mul,
  neg,
  pick,
  poly,
  powerOf,
  round,
  sub,
  timesPower,
  inPairs,
  withSign,
} from "./mathOps.ts";

interface Constants {
  /** ln 2 in two parts; the first has few bits, so that its products with n are exact. */
  readonly ln2: readonly [number, number];
  /** exp(r) = 1 + r + r^2 p(r). */
  readonly exp: readonly number[];
  /** The same, relative to expm1(r). */
  readonly expm1: readonly number[];
  /** exp2(r) = 1 + r p(r) for |r| <= 1/2. */
  readonly exp2: readonly number[];
  /** Where exp, exp2 and expm1 surely overflow or vanish. */
  readonly reach: readonly [number, number];
  readonly reach2: readonly [number, number];
  readonly flat: number;
  /** tanh(x) = x + x^3 p(x^2) below `small`. */
  readonly small: number;
  readonly tanh: readonly number[];
  /** Where tanh is 1. */
  readonly saturated: number;
  /** Where `e^-x` no longer counts beside `e^x`. */
  readonly far: number;
  /** Up to here `e^x` and `e^-x` are normal numbers. */
  readonly steep: number;
}
const exp64 = [
  0.5000000000000001, 0.1666666666666667, 0.04166666666665207, 0.008333333333326044, 0.0013888888895674078,
  0.00019841269875148755, 2.480157444058608e-5, 2.755725497576787e-6, 2.756796766972772e-7, 2.5105396235873582e-8,
  1.7687766699382653e-9,
];
const constants: { readonly [K in Format["float"]]: Constants } = {
  f32: {
    ln2: [0.693359375, -2.12194440054690583e-4],
    exp: [0.4999999403953552, 0.16666515171527863, 0.041668083518743515, 0.008369308896362782, 0.0013838715385645628],
    expm1: [
      0.5, 0.1666666567325592, 0.04166646674275398, 0.008333642967045307, 0.0013935011811554432, 0.00019666219304781407,
    ],
    exp2: [
      0.6931471824645996, 0.24022650718688965, 0.055504005402326584, 0.009618056938052177, 0.0013341952580958605,
      0.00015461367729585618, 1.3359512195165735e-5,
    ],
    reach: [-104, 89],
    reach2: [-151, 128],
    flat: -18,
    small: 0.6,
    tanh: [
      -0.33333298563957214, 0.13331936299800873, -0.05378470942378044, 0.020798582583665848, -0.0058979070745408535,
    ],
    saturated: 9.1,
    far: 18,
    steep: 87,
  },
  f64: {
    ln2: [0.6931471803691238, 1.9082149292705877e-10],
    exp: exp64,
    expm1: exp64,
    exp2: [
      0.6931471805599453, 0.24022650695910072, 0.055504108664821736, 0.009618129107628562, 0.0013333558146381708,
      0.00015403530393170891, 1.5252733864871787e-5, 1.321548700422362e-6, 1.017804752071655e-7, 7.0548145242357324e-9,
      4.457240812280593e-10, 2.5855677252887247e-11,
    ],
    reach: [-746, 710],
    reach2: [-1076, 1024],
    flat: -38,
    small: 0.6,
    tanh: [
      -0.33333333333333126, 0.1333333333329966, -0.05396825394929303, 0.021869488002486503, -0.00886322677631688,
      0.003592037369127653, -0.0014552153056408476, 0.0005871881996009162, -0.00023039635512739983,
      7.931338462456312e-5, -1.7178423872145273e-5,
    ],
    saturated: 19.1,
    far: 38,
    steep: 708,
  },
};
const of = (x: Expr): Constants => constants[formatOf(x).float];

interface Near {
  /** `x = n ln 2 + r` but for a rounding error of an eighth of a unit of the result. */
  readonly r: Expr;
  readonly n: Expr;
  /** Keeps `n + more` in its low bits. */
  readonly held: Expr;
}
const reduceNear = (x: Expr, more = 0): Near => {
  const [hi, lo] = of(x).ln2,
    { n, held } = round(x, Math.LOG2E, more);
  return { n, held, r: fma(n, -lo, fma(n, -hi, x)) };
};
/** `exp(r) - 1` for `|r| <= ln(2) / 2`. */
const less1 = ({ r }: Near, p: readonly number[]): Expr => {
  const z = mul(r, r);
  return fma(z, inPairs(r, z, p), r);
};
/** `exp(r)`, times a unit that is a power of two. */
const expOf = ({ r }: Near, p: readonly number[], unit = 1): Expr =>
  poly(
    r,
    [1, 1, ...p].map((c) => c * unit),
  );

interface Reduced extends Near {
  /** The rounding error of r. */
  readonly c: Expr;
}
const reduce = (x: Expr, more = 0): Reduced => {
  const [hi, lo] = of(x).ln2,
    { n, held } = round(x, Math.LOG2E, more);
  const top = fma(n, -hi, x),
    rest = mul(n, -lo),
    r = add(top, rest);
  return { n, held, r, c: add(sub(top, r), rest) };
};
/** `exp(r + c) - 1` for `|r| <= ln(2) / 2`. */
const kernel = ({ r, c }: Reduced, p: readonly number[]): Expr => add(fma(mul(r, r), poly(r, p), c), r);

/** `exp(x + low)` for a correction `low` below x. */
export const expSum = (x: Expr, low: Expr): Expr => {
  const { reach, exp: p } = of(x),
    sum = add(x, low),
    rest = pick(lt(abs(sum), 2 * reach[1]), add(sub(x, sum), low), 0),
    s = reduce(clamp(sum, reach[0], reach[1]));
  const r = add(s.r, rest),
    c = add(add(sub(s.r, r), rest), s.c);
  return timesPower(add(kernel({ ...s, r, c }, p), 1), s.held);
};
/** `x > k` for a positive k, or x is a NaN with a plus: compared as integers, which the floating point units do not notice. */
export const above = (x: Expr, k: number): Expr => gt(bits(x), bits(lit(x, k)));
/** The factors of a power: `y`, times a unit in the last place of 1, and what holds `n + more`. */
type Factors = (x: Expr, unit: number, more: number) => { readonly y: Expr; readonly held: Expr };
/**
 * `y 2^n` within reach of x, rounded once. With a y so small, one multiplication gets down to subnormal numbers; up to the largest
 * ones it does not get, but those are rare. They are computed anew, so that nothing has to be kept for them.
 */
const scaled = (x: Expr, [least, most]: readonly [number, number], perDoubling: number, factors: Factors): Expr => {
  const { mantissa, bias } = formatOf(x),
    digits = mantissa + 1,
    unit = 2 ** -digits;
  const usual = factors(atLeast(x, least), unit, bias + digits),
    huge = factors(atMost(x, most), unit, bias - digits);
  return rare(
    above(x, (bias - digits) * perDoubling),
    mul(mul(huge.y, powerOf(huge.held)), unit ** -2),
    mul(usual.y, powerOf(usual.held)),
  );
};
/** `e^x`. */
export const exp = (x: Expr): Expr =>
  scaled(x, of(x).reach, Math.LN2, (y, unit, more) => {
    const s = reduceNear(y, more);
    return { y: expOf(s, of(x).exp, unit), held: s.held };
  });
/** `exp(low - x) y` for `x >= 0`, a small `low` and exact both: a factor, and what holds `n + more` of the power that goes with it. */
export const expTail = (x: Expr, low: Expr, y: Expr, more: number): { readonly y: Expr; readonly held: Expr } => {
  const [hi, lo] = of(x).ln2,
    { n, held } = round(x, -Math.LOG2E, more),
    r = sub(fma(n, -lo, low), fma(n, hi, x));
  return { y: fma(y, less1({ n, held, r }, of(x).exp), y), held };
};
/** `e^x / 2`, which is finite a little longer than `e^x`. */
const halfExp = (x: Expr): Expr => {
  const s = reduceNear(x);
  return timesPower(expOf(s, of(x).exp), sub(s.held, 1));
};
/** `e^x` where it is a normal number. */
const expNormal = (x: Expr): Expr => {
  const s = reduceNear(x, formatOf(x).bias);
  return mul(expOf(s, of(x).exp), powerOf(s.held));
};
/** `2^x`. */
export const exp2 = (x: Expr): Expr =>
  scaled(x, of(x).reach2, 1, (y, unit, more) => {
    const { n, held } = round(y, 1, more);
    return {
      y: poly(
        sub(y, n),
        [1, ...of(x).exp2].map((c) => c * unit),
      ),
      held,
    };
  });
/** `e^x - 1 = 2^n (exp(r) - 1) + (2^n - 1)`, in halves so that 2^n does not overflow; the exact sum of small x is x itself. */
export const expm1 = (x: Expr): Expr => {
  const { flat, reach, expm1: p } = of(x),
    s = reduce(clamp(x, flat, reach[1]), formatOf(x).bias - 1);
  const y = kernel(s, p),
    half = powerOf(s.held);
  return pick(eqZero(s.n), pick(eqZero(x), x, y), mul(fma(y, half, sub(half, 0.5)), 2));
};
const eqZero = (x: Expr): Expr => le(abs(x), 0);

/** `1 / (1 + e^-x)`, corrected by the part of the sum that was rounded away; `e^x` where `e^-x` would overflow. */
export const logistic = (x: Expr): Expr => {
  const { steep } = of(x),
    minus = neg(x),
    e = expNormal(atLeast(minus, -steep)),
    d = add(e, 1),
    gained = sub(sub(d, e), 1),
    q = div(lit(x, 1), d);
  return rare(above(minus, steep), exp(x), fma(mul(q, q), gained, q));
};
/** `tanh x`: a polynomial below 0.6, `1 - 2 / (e^2x + 1)` above. */
export const tanh = (x: Expr): Expr => {
  const { small, saturated, tanh: p, exp: q } = of(x),
    a = abs(x),
    z = mul(x, x),
    b = atMost(a, saturated),
    s = reduceNear(add(b, b), formatOf(x).bias);
  const large = sub(lit(x, 1), div(lit(x, 2), fma(expOf(s, q), powerOf(s.held), 1)));
  return withSign(pick(above(a, small), large, fma(mul(a, z), poly(z, p), a)), x);
};
/** `sinh x = (m + m / (m + 1)) / 2` with `m = e^|x| - 1`; far out `e^|x| / 2`. */
export const sinh = (x: Expr): Expr => {
  const { far, reach } = of(x),
    a = abs(x),
    m = expm1(a);
  const near = mul(add(m, div(m, add(m, 1))), 0.5);
  return withSign(pick(lt(a, far), near, halfExp(clamp(a, 0, reach[1] + 1))), x);
};
/** `cosh x = e^|x| / 2 + 1 / (2 e^|x|)`. */
export const cosh = (x: Expr): Expr => {
  const { reach } = of(x),
    e = halfExp(clamp(abs(x), 0, reach[1] + 1));
  return add(e, div(lit(x, 0.25), e));
};
