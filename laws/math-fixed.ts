// Mathematics in fixed point of any precision, from textbook series over BigInt: slow, independent of floats, and as exact as
// asked. A number is `x 2^p` as a bigint; every function takes the number of fraction bits p.

/** `2^p`. */
export const unit = (p: number): bigint => 1n << BigInt(p);
export const mulF = (x: bigint, y: bigint, p: number): bigint => (x * y) >> BigInt(p);
export const divF = (x: bigint, y: bigint, p: number): bigint => (x << BigInt(p)) / y;
export const absB = (x: bigint): bigint => (x < 0n ? -x : x);
/** Bits of |x|. */
export const bitLength = (x: bigint): number =>
  x === 0n
    ? 0
    : absB(x).toString(16).length * 4 - Math.clz32(Number.parseInt(absB(x).toString(16)[0] as string, 16)) + 28;
const rootB = (n: bigint): bigint => {
  if (n < 2n) return n;
  let x = 1n << BigInt(Math.ceil(bitLength(n) / 2));
  for (;;) {
    const y = (x + n / x) >> 1n;
    if (y >= x) return x;
    x = y;
  }
};
export const sqrtF = (x: bigint, p: number): bigint => rootB(x << BigInt(p));
export const cbrtF = (x: bigint, p: number): bigint => {
  const n = absB(x) << BigInt(2 * p);
  if (n === 0n) return 0n;
  let y = 1n << BigInt(Math.ceil(bitLength(n) / 3));
  for (;;) {
    const z = (2n * y + n / (y * y)) / 3n;
    if (z >= y) return x < 0n ? -y : y;
    y = z;
  }
};

const memo = (f: (p: number) => bigint): ((p: number) => bigint) => {
  const known = new Map<number, bigint>();
  return (p) => {
    const v = known.get(p) ?? f(p);
    known.set(p, v);
    return v;
  };
};
const guard = 40;
/** Sum of `s^(2k+1) / (2k+1)`, with alternating signs if `turn`. */
const odd = (s: bigint, p: number, turn: boolean): bigint => {
  const z = mulF(s, s, p);
  let term = s,
    sum = s;
  for (let k = 3n; term !== 0n && term !== -1n; k += 2n) {
    term = mulF(term, turn ? -z : z, p);
    sum += term / k;
  }
  return sum;
};
/** pi = 16 atan(1/5) - 4 atan(1/239) (Machin). */
export const pi = memo((p) => {
  const q = p + guard;
  return (16n * odd(unit(q) / 5n, q, true) - 4n * odd(unit(q) / 239n, q, true)) >> BigInt(guard);
});
/** ln 2 = 2 atanh(1/3). */
export const ln2 = memo((p) => (2n * odd(unit(p + guard) / 3n, p + guard, false)) >> BigInt(guard));

const roundDiv = (x: bigint, y: bigint): bigint => {
  const q = (2n * x + y) / (2n * y);
  return 2n * x + y < 0n && q * 2n * y !== 2n * x + y ? q - 1n : q;
};
/** `e^x`. */
export const expF = (x: bigint, p: number): bigint => {
  const halvings = 12,
    q = p + guard,
    y = x << BigInt(guard),
    n = roundDiv(y, ln2(q)),
    r = (y - (n * ln2(q + bitLength(n))) / unit(bitLength(n))) >> BigInt(halvings);
  let term = unit(q),
    sum = term;
  for (let k = 1n; term !== 0n && term !== -1n; k++) {
    term = mulF(term, r, q) / k;
    sum += term;
  }
  for (let k = 0; k < halvings; k++) sum = mulF(sum, sum, q);
  const shift = n - BigInt(guard);
  return shift >= 0n ? sum << shift : sum >> -shift;
};
/** `ln x` of a positive number. */
export const logF = (x: bigint, p: number): bigint => {
  const q = p + guard,
    k = bitLength(x) - p,
    m = k > guard ? x >> BigInt(k - guard) : x << BigInt(guard - k); // in [1/2, 1)
  const exact = k > guard ? (x << BigInt(q)) / unit(p + k) : m,
    low = exact * 10n < unit(q) * 7n,
    y = low ? exact << 1n : exact;
  return (2n * odd(divF(y - unit(q), y + unit(q), q), q, false) + BigInt(low ? k - 1 : k) * ln2(q)) >> BigInt(guard);
};
/** `[sin x, cos x]`. */
export const sinCosF = (x: bigint, p: number): readonly [bigint, bigint] => {
  const extra = Math.ceil(Math.max(0, bitLength(x) - p) / 256) * 256, // few different precisions of pi
    q = p + guard,
    half = pi(q + extra) >> 1n, // at q + extra bits
    n = roundDiv(x << BigInt(guard + extra), half),
    r = ((x << BigInt(guard + extra)) - n * half) >> BigInt(extra);
  const z = -mulF(r, r, q),
    series = (first: bigint, from: bigint): bigint => {
      let term = first,
        sum = first;
      for (let k = from; term !== 0n && term !== -1n; k += 2n) {
        term = mulF(term, z, q) / (k * (k + 1n));
        sum += term;
      }
      return sum >> BigInt(guard);
    };
  const s = series(r, 2n),
    c = series(unit(q), 1n);
  switch (Number(((n % 4n) + 4n) % 4n)) {
    case 0:
      return [s, c];
    case 1:
      return [c, -s];
    case 2:
      return [-s, -c];
    default:
      return [-c, s];
  }
};
/** `atan x`, the argument halved until the series is quick. */
export const atanF = (x: bigint, p: number): bigint => {
  if (absB(x) > unit(p)) {
    const half = pi(p) >> 1n,
      rest = atanF(divF(unit(p), x, p), p);
    return x > 0n ? half - rest : -half - rest;
  }
  const q = p + guard;
  let y = x << BigInt(guard);
  for (let k = 0; k < 4; k++) y = divF(y, unit(q) + sqrtF(unit(q) + mulF(y, y, q), q), q);
  return (odd(y, q, true) << 4n) >> BigInt(guard);
};

/** `erf x = 2 / sqrt(pi) e^(-x^2) sum (2 x^2)^k x / (1 3 5 ... (2k + 1))`. */
export const erfF = (x: bigint, p: number): bigint => {
  const whole = Number((x * x) >> BigInt(2 * p)),
    q = p + guard + Math.ceil(1.5 * whole), // the sum is as large as e^(x^2)
    y = x << BigInt(q - p),
    z = mulF(y, y, q);
  let term = y,
    sum = y;
  for (let k = 3n; absB(term) > 1n; k += 2n) {
    term = (2n * mulF(term, z, q)) / k;
    sum += term;
  }
  return mulF(divF(2n * sum, sqrtF(pi(q), q), q), expF(-z, q), q) >> BigInt(q - p);
};

// Bernoulli numbers B(2), B(4), ... as fractions, by their recurrence.
const bernoulli: readonly (readonly [bigint, bigint])[] = (() => {
  const b: [bigint, bigint][] = [[1n, 1n]];
  const gcd = (x: bigint, y: bigint): bigint => (y === 0n ? absB(x) : gcd(y, x % y));
  for (let m = 1; m <= 80; m++) {
    let num = 0n,
      den = 1n,
      choose = 1n;
    for (let k = 0; k < m; k++) {
      const [bn, bd] = b[k] as [bigint, bigint];
      num = num * bd + choose * bn * den;
      den *= bd;
      const g = gcd(num, den);
      num /= g;
      den /= g;
      choose = (choose * BigInt(m + 1 - k)) / BigInt(k + 1);
    }
    const d = den * BigInt(m + 1),
      g = gcd(num, d);
    b.push([-num / g, d / g]);
  }
  return b.filter((_, i) => i > 0 && i % 2 === 0);
})();
const shifted = 60n;
/** `ln gamma x` of x > 0: Stirling's series at x + 60, and the product of what was passed. */
export const lgammaF = (x: bigint, p: number): bigint => {
  const q = p + guard,
    y = x << BigInt(guard);
  let product = unit(q),
    t = y;
  const target = shifted << BigInt(q);
  while (t < target) {
    product = mulF(product, t, q);
    t += unit(q);
  }
  const inverse = divF(unit(q), t, q),
    z = mulF(inverse, inverse, q);
  let power = inverse,
    sum = 0n;
  bernoulli.forEach(([n, d], i) => {
    const k = BigInt(2 * (i + 1));
    sum += (power * n) / (d * k * (k - 1n));
    power = mulF(power, z, q);
  });
  const main = mulF(t - (unit(q) >> 1n), logF(t, q), q) - t + (logF(2n * pi(q), q) >> 1n);
  return (main + sum - logF(product, q)) >> BigInt(guard);
};
/** The derivative of `lgammaF`. */
export const digammaF = (x: bigint, p: number): bigint => {
  const q = p + guard;
  let t = x << BigInt(guard),
    passed = 0n;
  const target = shifted << BigInt(q);
  while (t < target) {
    passed += divF(unit(q), t, q);
    t += unit(q);
  }
  const inverse = divF(unit(q), t, q),
    z = mulF(inverse, inverse, q);
  let power = z,
    sum = logF(t, q) - (inverse >> 1n);
  bernoulli.forEach(([n, d], i) => {
    sum -= (power * n) / (d * BigInt(2 * (i + 1)));
    power = mulF(power, z, q);
  });
  return (sum - passed) >> BigInt(guard);
};
