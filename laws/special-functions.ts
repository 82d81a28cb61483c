// Mathematical functions in double precision by JavaScript's own and by textbook series: good to about 1e-12, slow.

const series = (term: (k: number) => number, count: number): number => {
  let sum = 0;
  for (let k = count - 1; k >= 0; k--) sum += term(k);
  return sum;
};
/** By its Taylor series; for |x| < 3. */
const erf = (x: number): number => {
  let term = x;
  let sum = x;
  for (let k = 1; k < 120; k++) {
    term *= (-x * x) / k;
    sum += term / (2 * k + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
};
/** By Newton's method on erf; for |x| < 0.99. */
const erfInv = (x: number): number => {
  let y = x;
  for (let k = 0; k < 60; k++) y -= (erf(y) - x) / ((2 / Math.sqrt(Math.PI)) * Math.exp(-y * y));
  return y;
};
const shift = 12;
/** Stirling's series after a shift; for x > 0. */
const lgamma = (x: number): number => {
  const t = x + shift;
  const tail = 1 / (12 * t) - 1 / (360 * t ** 3) + 1 / (1260 * t ** 5) - 1 / (1680 * t ** 7);
  return (t - 0.5) * Math.log(t) - t + 0.5 * Math.log(2 * Math.PI) + tail - series((k) => Math.log(x + k), shift);
};
/** The derivative of `lgamma`, term by term; for x > 0. */
const digamma = (x: number): number => {
  const t = x + shift;
  const tail = 1 / (12 * t ** 2) - 1 / (120 * t ** 4) + 1 / (252 * t ** 6) - 1 / (240 * t ** 8);
  return Math.log(t) - 0.5 / t - tail - series((k) => 1 / (x + k), shift);
};

/** Functions of one argument by the name of their operation in the kernel IR. */
export const special: Readonly<Record<string, (x: number) => number>> = {
  exp: Math.exp,
  exp2: (x) => 2 ** x,
  expm1: Math.expm1,
  log: Math.log,
  log2: Math.log2,
  log1p: Math.log1p,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  asin: Math.asin,
  acos: Math.acos,
  atan: Math.atan,
  sinh: Math.sinh,
  cosh: Math.cosh,
  tanh: Math.tanh,
  asinh: Math.asinh,
  acosh: Math.acosh,
  atanh: Math.atanh,
  cbrt: Math.cbrt,
  rsqrt: (x) => 1 / Math.sqrt(x),
  logistic: (x) => 1 / (1 + Math.exp(-x)),
  erf,
  erfc: (x) => 1 - erf(x),
  erfInv,
  lgamma,
  digamma,
};
