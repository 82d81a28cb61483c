// What every mathematical function should give: exact references in fixed point, with as many bits as the answer needs, and
// the distance of a float from them in units of its last place.
import {
  absB,
  atanF,
  bitLength,
  cbrtF,
  digammaF,
  divF,
  erfF,
  expF,
  lgammaF,
  ln2,
  logF,
  mulF,
  pi,
  sinCosF,
  sqrtF,
  unit,
} from "./math-fixed.ts";

const view = new DataView(new ArrayBuffer(8));
/** `x = m 2^e` of a finite float64. */
export const dissect = (x: number): { readonly m: bigint; readonly e: number } => {
  view.setFloat64(0, x);
  const b = view.getBigUint64(0),
    exponent = Number((b >> 52n) & 0x7ffn),
    fraction = b & ((1n << 52n) - 1n),
    m = exponent === 0 ? fraction : fraction | (1n << 52n);
  return { m: x < 0 ? -m : m, e: Math.max(exponent, 1) - 1075 };
};
const shift = (m: bigint, by: number): bigint => (by >= 0 ? m << BigInt(by) : m >> BigInt(-by));
const toFixed = (x: number, p: number): bigint => {
  const { m, e } = dissect(x);
  return shift(m, e + p);
};

/** A function of fixed-point numbers with p fraction bits. */
type Fixed = (x: bigint, p: number) => bigint;
const one = unit;
const expm1: Fixed = (x, p) => expF(x, p) - one(p);
const negative =
  (f: Fixed): Fixed =>
  (x, p) =>
    x < 0n ? -f(-x, p) : f(x, p);
const asinSmall: Fixed = (x, p) => atanF(divF(x, sqrtF(one(p) - mulF(x, x, p), p), p), p);
const acosF: Fixed = (x, p) => (x === -one(p) ? pi(p) : 2n * atanF(sqrtF(divF(one(p) - x, one(p) + x, p), p), p));
const sinPi: Fixed = (x, p) => sinCosF(mulF(x % (2n * one(p)), pi(p), p), p)[0];

/** Exact functions by the names of the kernel IR. */
export const exact: Readonly<Record<string, Fixed>> = {
  exp: expF,
  exp2: (x, p) => expF(mulF(x, ln2(p), p), p),
  expm1,
  log: logF,
  log2: (x, p) => divF(logF(x, p), ln2(p), p),
  log1p: (x, p) => logF(one(p) + x, p),
  sin: (x, p) => sinCosF(x, p)[0],
  cos: (x, p) => sinCosF(x, p)[1],
  tan: (x, p) => {
    const [s, c] = sinCosF(x, p);
    return divF(s, c, p);
  },
  asin: (x, p) => (absB(x) === one(p) ? (x > 0n ? pi(p) >> 1n : -(pi(p) >> 1n)) : asinSmall(x, p)),
  acos: acosF,
  atan: atanF,
  sinh: (x, p) => (expF(x, p) - expF(-x, p)) >> 1n,
  cosh: (x, p) => (expF(x, p) + expF(-x, p)) >> 1n,
  tanh: negative((x, p) => divF(-expm1(-2n * x, p), expF(-2n * x, p) + one(p), p)),
  asinh: negative((x, p) => logF(x + sqrtF(mulF(x, x, p) + one(p), p), p)),
  acosh: (x, p) => logF(x + sqrtF(mulF(x, x, p) - one(p), p), p),
  atanh: (x, p) => logF(divF(one(p) + x, one(p) - x, p), p) >> 1n,
  logistic: (x, p) => (x < 0n ? divF(expF(x, p), one(p) + expF(x, p), p) : divF(one(p), one(p) + expF(-x, p), p)),
  erf: erfF,
  erfc: (x, p) => one(p) - erfF(x, p),
  cbrt: cbrtF,
  rsqrt: (x, p) => divF(one(p), sqrtF(x, p), p),
  lgamma: (x, p) =>
    x > 0n ? lgammaF(x, p) : logF(divF(pi(p), mulF(-x, absB(sinPi(-x, p)), p), p), p) - lgammaF(-x, p),
  digamma: (x, p) => {
    if (x > 0n) return digammaF(x, p);
    const [s, c] = sinCosF(mulF(x % one(p), pi(p), p), p);
    return digammaF(one(p) - x, p) - divF(mulF(pi(p), c, p), s, p);
  },
};

/** A real number as `m 2^-p`. */
export interface Real {
  readonly m: bigint;
  readonly p: number;
}
const enough = 100;
/** Run a computation with more and more bits until the answer has 100 significant ones (or is certainly below every float). */
const precise = (f: (p: number) => bigint, least: number): Real => {
  for (let p = Math.max(160, least); ; p = Math.ceil(p * 1.6)) {
    const m = f(p);
    if (bitLength(m) >= enough || p > 5000) return { m, p };
  }
};
const leastBits = (x: number): number => (x === 0 ? 0 : -dissect(x).e + 64);
/** The exact value of a function of one argument. */
export const reference = (name: string, x: number): Real =>
  precise(
    (p) => (exact[name] as Fixed)(toFixed(x, p), p),
    leastBits(x) + (name === "erfc" ? Math.ceil(1.5 * x * x) : 0),
  );
/** The exact value of `x ** y` for positive x. */
export const powReference = (x: number, y: number): Real =>
  precise((p) => expF(mulF(toFixed(y, p), logF(toFixed(x, p), p), p), p), Math.max(leastBits(x), leastBits(y)) + 64);
/** The exact angle of the point (x, y). */
export const atan2Reference = (y: number, x: number): Real =>
  precise(
    (p) => {
      const a = toFixed(Math.abs(x), p),
        b = toFixed(Math.abs(y), p);
      const t = a === 0n ? pi(p) >> 1n : atanF(divF(b, a, p), p),
        full = x < 0 ? pi(p) - t : t;
      return y < 0 ? -full : full;
    },
    Math.max(leastBits(x), leastBits(y)),
  );
/** The exact inverse of erf, by one step of Newton's method from a good approximation, which doubles its digits. */
export const erfInvReference = (x: number, near: number): Real =>
  precise((p) => {
    const y = toFixed(near, p),
      slope = divF(2n * expF(-mulF(y, y, p), p), sqrtF(pi(p), p), p);
    return y - divF(erfF(y, p) - toFixed(x, p), slope, p);
  }, leastBits(x) + 100);

const approximate = (m: bigint, e: number): number => {
  const drop = Math.max(0, bitLength(m) - 60);
  return Number(m >> BigInt(drop)) * 2 ** (e + drop);
};
/** How far `got` is from `want`, in units in the last place of `want` as a float with `digits` bits and exponents from `least`. */
export const ulps = (got: number, want: Real, digits: 24 | 53): number => {
  const least = digits === 24 ? -126 : -1022,
    most = digits === 24 ? 128 : 1024,
    exponent = bitLength(want.m) - want.p - 1,
    last = Math.max(exponent, least) - digits + 1;
  if (Number.isNaN(got)) return Infinity;
  if (!Number.isFinite(got)) {
    // The float beyond the largest one is 2^most.
    const limit = absB(want.m) - shift(unit(want.p), most);
    return got < 0 === want.m < 0n ? Math.max(0, -approximate(limit, -want.p - (most - digits))) : Infinity;
  }
  const { m, e } = dissect(got),
    common = Math.min(e, -want.p),
    difference = absB(shift(m, e - common) - shift(want.m, -want.p - common));
  return approximate(difference, common - last);
};
