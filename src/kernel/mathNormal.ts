// The inverse of erf as JAX computes it in float32, bit for bit, for samples that are to agree with JAX's: XLA's expansion of
// `erf_inv` (Giles, "Approximating the erfinv function", 2010, single precision) on its `log1p` (Cephes' log1p) and `log`
// (Cephes' logf, in three chains), every product and sum that LLVM contracts being fused. Near 1 it is less exact than
// `mathErf.ts`: 1 - x^2 is rounded.
import type { Expr } from "./expr.ts";
import { fma64, rare } from "./expr.ts";
import { abs, add, and, bits, div, fromBits, ge, lit, lt, mul, neg, or, pick, shr, sqrt, sub, to } from "./mathOps.ts";

/** Giles' polynomials, highest power first: in w - 2.5 for w < 5, in sqrt(w) - 3 beyond. */
const near = [
    2.81022636e-8, 3.43273939e-7, -3.5233877e-6, -4.39150654e-6, 0.00021858087, -0.00125372503, -0.00417768164,
    0.246640727, 1.50140941,
  ],
  far = [
    -0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613, 0.00943887047,
    1.00167406, 2.83297682,
  ];
/** Cephes' log1p: x - x^2/2 + x^3 n(x) / d(x), highest power first. */
const numerator = [
    4.5270000862445199635215e-5, 0.49854102823193375972212, 6.5787325942061044846969, 29.911919328553073277375,
    60.949667980987787057556, 57.112963590585538103336, 20.039553499201281259648,
  ],
  denominator = [
    1, 15.062909083469192043167, 83.047565967967209469434, 221.76239823732856465394, 309.09872225312059774938,
    216.42788614495947685003, 60.118660497603843919306,
  ];
/** Cephes' logf: nine coefficients, highest power first; ln 2 in two parts. */
const series = [
    7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
    2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
  ],
  ln2: readonly [number, number] = [0.693359375, -2.1219444e-4];

const fused = (x: Expr, y: Expr | number, z: Expr | number): Expr => fma64(x, lit(x, y), lit(x, z));
const horner = (x: Expr, [first, ...rest]: readonly number[]): Expr =>
  rest.reduce((p, c) => fused(p, x, c), lit(x, first as number));

/** `ln x` of a normal positive number. */
const log = (x: Expr): Expr => {
  const b = bits(x),
    half = fromBits(or(and(b, 0x7fffffn), 0x3f000000n)), // the significand in [1/2, 1)
    low = lt(half, Math.SQRT1_2),
    e = sub(to("f32", sub(shr(b, 23), 126)), pick(low, lit(x, 1), 0));
  const t = add(sub(half, 1), pick(low, half, 0)),
    t2 = mul(t, t),
    t3 = mul(t2, t);
  const [a, b1, c] = [0, 3, 6].map((k) => horner(t, series.slice(k, k + 3))) as [Expr, Expr, Expr],
    y = fused(fused(a, t3, b1), t3, c);
  // Products with 1/2 and with e are exact.
  return add(add(sub(t, mul(t2, 0.5)), fused(y, t3, mul(e, ln2[1]))), mul(e, ln2[0]));
};
/** `ln(1 + x)` for -1 < x <= 0. */
const log1p = (x: Expr): Expr => {
  const x2 = mul(x, x),
    [, second, ...rest] = denominator,
    d = rest.reduce((p, c) => fused(p, x, c), add(x, second as number)),
    r = div(horner(x, numerator), d);
  return pick(lt(abs(x), Math.SQRT2 - 1), add(x, add(mul(x2, -0.5), mul(mul(x, x2), r))), log(add(x, 1)));
};
/** The inverse of erf of a float32 between -1 and 1; beyond 0.9966 is one in 300 uniform numbers. */
export const erfInvJax = (x: Expr): Expr => {
  const w = neg(log1p(neg(mul(x, x))));
  return mul(rare(ge(w, 5), horner(sub(sqrt(w), 3), far), horner(sub(w, 2.5), near)), x);
};
