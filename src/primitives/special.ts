// Special functions: of the error function's family and of the gamma function's.
import { ArgumentError } from "../core/errors.ts";
import { checkDType } from "./pointwise.ts";
import type { Unary } from "../core/primitive.ts";
import { bind } from "../core/trace.ts";
import type { Value } from "../core/value.ts";
import type { Expr } from "../kernel/expr.ts";
import { binary, compare, constant, select, unary } from "../kernel/expr.ts";
import { erfInvJax as erfInvLikeJax } from "../kernel/mathNormal.ts";
import { mul, mulNoNan, neg, square } from "./arithmetic.ts";
import { exp } from "./mathematical.ts";
import { apply1, floating, fullLike, pointwise, unaryRow } from "./pointwise.ts";

const special = (op: "erf" | "erfc" | "erfInv" | "lgamma" | "digamma", slope: Parameters<typeof unaryRow>[3]) =>
  unaryRow(op, floating, (x) => unary(op, x), slope);
const gauss = (x: Value): Value => mul(fullLike(x, 2 / Math.sqrt(Math.PI)), exp(neg(square(x))));

export const erfP = special("erf", (dx, _y, x) => mul(dx, gauss(x)));
export const erfcP = special("erfc", (dx, _y, x) => neg(mul(dx, gauss(x))));
const inverseSlope = (dx: Value, y: Value): Value =>
  mulNoNan(dx, mul(fullLike(y, Math.sqrt(Math.PI) / 2), exp(square(y))));
export const erfInvP = special("erfInv", inverseSlope);
export const erfInvJaxP = unaryRow(
  "erfInvJax",
  floating,
  (x) => (x.type === "f32" ? erfInvLikeJax(x) : unary("erfInv", x)),
  inverseSlope,
);
export const lgammaP = special("lgamma", (dx, _y, x) => mulNoNan(dx, digamma(x)));
export const digammaP = special("digamma", (dx, _y, x) => mulNoNan(dx, polygamma(1, x)));

export interface PolygammaAttrs {
  readonly order: number;
}

// Even Bernoulli numbers B_2, B_4, ...
const bernoulli = [
  1 / 6,
  -1 / 30,
  1 / 42,
  -1 / 30,
  5 / 66,
  -691 / 2730,
  7 / 6,
  -3617 / 510,
  43867 / 798,
  -174611 / 330,
];

// Hurwitz's zeta(s, x) = sum_k (x + k)^-s for x > 0 and integral s > 1 by Euler and Maclaurin: `shift` terms, then
// t^(1-s)/(s-1) + t^-s/2 + sum_j B_2j/(2j)! s(s+1)...(s+2j-2) t^(1-s-2j), with t = x + shift.
const hurwitz = (s: number, x: Expr): Expr => {
  const c = (v: number): Expr => constant(x.type, v),
    add = (a: Expr, b: Expr): Expr => binary("add", a, b),
    mul = (a: Expr, b: Expr): Expr => binary("mul", a, b);
  const shift = 10 + s,
    t = add(x, c(shift)),
    u = binary("div", c(1), t),
    u2 = mul(u, u);
  const coefficients: number[] = [];
  for (let j = 1, rising = s, factorial = 2; j <= bernoulli.length; j++) {
    coefficients.push(((bernoulli[j - 1] as number) * rising) / factorial);
    rising *= (s + 2 * j - 1) * (s + 2 * j);
    factorial *= (2 * j + 1) * (2 * j + 2);
  }
  const series = coefficients.reduceRight<Expr>((sum, k) => add(mul(sum, u2), c(k)), c(0));
  // tail = u^(s-1) (1/(s-1) + u/2 + u^2 series)
  let sum = mul(power(u, s - 1), add(c(1 / (s - 1)), add(mul(u, c(0.5)), mul(u2, series))));
  for (let k = shift - 1; k >= 0; k--) sum = add(sum, power(binary("div", c(1), add(x, c(k))), s)); // small terms first
  return sum;
};
const power = (x: Expr, n: number): Expr => {
  if (n === 1) return x;
  const half = power(x, Math.floor(n / 2)),
    square = binary("mul", half, half);
  return n % 2 === 0 ? square : binary("mul", square, x);
};

// d^n/dx^n of pi cot(pi x), as a polynomial in c = cot(pi x): each derivative maps p(c) to -pi (1 + c^2) p'(c).
const cotangentDerivative = (n: number): readonly number[] => {
  let p = [0, Math.PI];
  for (let k = 0; k < n; k++) {
    const q = new Array<number>(p.length + 1).fill(0);
    p.forEach((a, i) => {
      if (i === 0) return;
      q[i - 1] = (q[i - 1] as number) - Math.PI * i * a;
      q[i + 1] = (q[i + 1] as number) - Math.PI * i * a;
    });
    p = q;
  }
  return p;
};
// psi_n(x) = (-1)^(n+1) n! zeta(n + 1, x), and below 1/2 by reflection: psi_n(x) = (-1)^n psi_n(1 - x) - d^n/dx^n pi cot(pi x).
const polygammaScalar = (n: number, x: Expr): Expr => {
  const c = (v: number): Expr => constant(x.type, v);
  let factorial = 1;
  for (let k = 2; k <= n; k++) factorial *= k;
  const low = compare("lt", x, c(0.5)),
    z = select(low, binary("sub", c(1), x), x);
  const positive = binary("mul", c(n % 2 === 1 ? factorial : -factorial), hurwitz(n + 1, z));
  // The period is removed exactly before the multiplication by pi.
  const angle = binary("mul", c(Math.PI), binary("sub", x, unary("nearest", x)));
  const cot = binary("div", unary("cos", angle), unary("sin", angle));
  const reflected = cotangentDerivative(n).reduceRight<Expr>(
    (sum, a) => binary("add", binary("mul", sum, cot), c(a)),
    c(0),
  );
  return select(low, binary("sub", n % 2 === 1 ? unary("neg", positive) : positive, reflected), positive);
};
export const polygammaP = pointwise<PolygammaAttrs, Unary>({
  name: "polygamma",
  accepts: floating,
  abstractEval: ([x], { order }) => {
    checkDType("polygamma", x, floating);
    if (!Number.isInteger(order) || order < 1 || order > 20)
      throw new ArgumentError({
        op: "polygamma",
        expected: "an integral order from 1 to 20",
        got: String(order),
        remedy: "order 0 is digamma",
      });
    return x;
  },
  scalar: ([x], { order }) => polygammaScalar(order, x),
  jvp: [(dx, _y, [x], { order }) => mulNoNan(dx, polygamma(order + 1, x))],
});

/** `2/sqrt(pi)` times the integral of `e^(-t^2)` from 0 to x. */
export const erf = apply1(erfP);
/** `1 - erf(x)`, accurate for large x. */
export const erfc = apply1(erfcP);
/** The y with `erf(y) = x`. */
export const erfInv = apply1(erfInvP);
/** The same for -1 < x < 1 with the rounding errors of JAX: float32 samples made with it have JAX's bits. */
export const erfInvJax = apply1(erfInvJaxP);
/** `log |gamma(x)|`. */
export const lgamma = apply1(lgammaP);
/** Derivative of `log gamma(x)`. */
export const digamma = apply1(digammaP);
/** The derivative of digamma of the given order. */
export const polygamma = (order: number, x: Value): Value =>
  order === 0 ? digamma(x) : bind(polygammaP, [x], { order });
