// ln |gamma| and its derivative, in float64 for both types. On [1, 8] polynomials times the known zeros; from there
// Stirling's series; below 1 one step of the recurrence; for negative arguments the reflection formula.
// Coefficients: minimax fits (Remez exchange in 60 digits); the zero of digamma by Newton's method in 60 digits.
import type { Expr } from "./expr.ts";
import { log } from "./mathLog.ts";
import {
  abs,
  add,
  and,
  div,
  eq,
  gt,
  le,
  lit,
  lt,
  mul,
  nearest,
  not,
  pick,
  pickPoly,
  poly,
  sub,
  to,
} from "./mathOps.ts";
import { wavePi } from "./mathTrig.ts";

const pieces = [
  {
    to: 2,
    center: 1.5,
    gamma: [
      0.4831289505409809, -0.14595989591430608, 0.06291140107456437, -0.03130848750100938, 0.016797098631276007,
      -0.009425622448635308, 0.00544645783903139, -0.0032120740693621034, 0.0019229163152550818, -0.001164414679803905,
      0.000711519030669599, -0.00043799182715003996, 0.0002713140739306041, -0.000168928080498351,
      0.00010535323630958653, -6.608810962393815e-5, 4.3034108796694515e-5, -2.737110183226117e-5,
      1.3173909068341638e-5, -8.053425555215062e-6, 1.2149705126846689e-5, -7.990792122386564e-6,
    ],
    digamma: [
      0.951055876031833, -0.4236274212814606, 0.24054248424077398, -0.14840492305389005, 0.09498872445497158,
      -0.061922133274695354, 0.040760833810856836, -0.026975796691286066, 0.017907252480337026, -0.011908219418442815,
      0.007926944032616321, -0.005279946272963762, 0.003519012009476168, -0.00234542062957309, 0.0015566000446668728,
      -0.0010368429825811985, 0.0007234348994870778, -0.00048472755199839665, 0.00022702850902944373,
      -0.00014698267285479037, 0.00025984918401376287, -0.00017655922913042775,
    ],
  },
  {
    to: 4,
    center: 3,
    gamma: [
      0.34657359027997264, -0.05846821787072541, 0.01314904837815827, -0.0033322808251404364, 0.0009018012625291358,
      -0.0002543369955571432, 7.377669402470635e-5, -2.183778489267246e-5, 6.562468370641738e-6, -1.9952442724930524e-6,
      6.122604826216565e-7, -1.892877989341792e-7, 5.889084694016794e-8, -1.8414953991817303e-8, 5.766745713127425e-9,
      -1.8164337866339794e-9, 5.941793793938143e-10, -1.895822177465965e-10, 4.559799001595989e-11,
      -1.4031472766815206e-11, 1.06634315004569e-11, -3.507090280860124e-12,
    ],
    digamma: [
      0.5998463449949618, -0.1332010919732337, 0.03649594512131967, -0.010837922383549525, 0.003354312964485488,
      -0.0010636279058304332, 0.0003424736941839621, -0.00011139565597199688, 3.6485319459261555e-5,
      -1.2007979652807678e-5, 3.9656090178198624e-6, -1.3128794605692654e-6, 4.3554055808817174e-7,
      -1.4465010771565783e-7, 4.7878434190361304e-8, -1.591466468558953e-8, 5.543064539288007e-9,
      -1.8551395540591373e-9, 4.3437110471886114e-10, -1.4045716734505774e-10, 1.2404180784463772e-10,
      -4.213934077005425e-11,
    ],
  },
  {
    to: 8,
    center: 6,
    gamma: [
      0.2393745871391023, -0.02241268079100598, 0.0026500508924254484, -0.00034513663075100016, 4.7450247951588604e-5,
      -6.7554430968409235e-6, 9.85597387722787e-7, -1.4642421178990464e-7, 2.205864091982879e-8, -3.3599752541451405e-9,
      5.163874043477361e-10, -7.995796788770176e-11, 1.2456612787639454e-11, -1.9464892719662926e-12,
      3.060154850439207e-13, -4.968995902375952e-14, 7.910318348040887e-15, -9.860274643790959e-16,
      1.5276161581295742e-16, -5.4513163970144375e-17, 8.942091911503412e-18,
    ],
    digamma: [
      0.3759319920575074, -0.042880842306475944, 0.005836013525116426, -0.0008515635906544136, 0.00012903257370088458,
      -2.0018942832010476e-5, 3.1562201294865243e-6, -5.033972189974823e-7, 8.098326267428082e-8,
      -1.3114241183835675e-8, 2.1346809731075495e-9, -3.489586718335183e-10, 5.722617157754885e-11,
      -9.380184783216784e-12, 1.5448158947841152e-12, -2.6445647939862606e-13, 4.3911366376894636e-14,
      -5.396252013598217e-15, 8.72066592087577e-16, -3.5267423815590106e-16, 5.963966885658945e-17,
    ],
  },
] as const;
/** (ln 2 pi - 1) / 2. */
const halfLog = 0.4189385332046727;
/** Series in 1/x^2 of the rest of Stirling's formula times x, and of that of digamma times x^2. */
const stirling = [
  0.08333333333333333, -0.0027777777777776786, 0.0007936507935157013, -0.0005952380249474431, 0.0008417328033744818,
  -0.001914991792132343, 0.006209338242716388, -0.020877742708820753,
];
const stirlingSlope = [
  0.08333333333333333, -0.008333333333331734, 0.003968253966070614, -0.004166665528604001, 0.007575464852724691,
  -0.021051522313144697, 0.0800447901788065, -0.2998160339075101,
];
/** The positive zero of digamma in two parts. */
const zero: readonly [number, number] = [1.4616321449683622, 9.549995429965697e-17];
const large = 1e17;

/** A polynomial of the piece that y, in [1, 8], lies in. */
const piecewise = (y: Expr, which: "gamma" | "digamma"): Expr => {
  const v = pieces.reduceRight<Expr>((rest, p) => pick(le(y, p.to), sub(y, p.center), rest), y);
  return pickPoly(
    v,
    pieces.map((p) => ({ here: le(y, p.to), p: p[which] })),
  );
};
const limited = (y: Expr): Expr => pick(lt(y, 8), y, 8);

/** ln gamma of a >= 0. */
const positive = (a: Expr): Expr => {
  const below = lt(a, 1),
    y = pick(below, add(a, 1), a),
    near = lt(y, 8),
    l = log(a);
  // (y - 1) (y - 2) without the rounding of a + 1
  const zeros = mul(pick(below, a, sub(a, 1)), pick(below, sub(a, 1), sub(a, 2))),
    middle = add(mul(zeros, piecewise(limited(y), "gamma")), 0); // -0 at the zeros becomes 0
  const inverse = div(lit(a, 1), pick(near, 8, y)),
    tail = fma1(inverse, poly(mul(inverse, inverse), stirling), halfLog),
    far = add(mul(sub(a, 0.5), sub(l, 1)), tail);
  return pick(below, sub(middle, l), pick(near, middle, pick(lt(a, large), far, mul(a, sub(l, 1)))));
};
const fma1 = (x: Expr, y: Expr, z: number): Expr => add(mul(x, y), z);

const lgamma64 = (x: Expr): Expr => {
  const a = abs(x),
    up = positive(a),
    r = sub(a, nearest(a));
  // |gamma(-a)| = pi / (a |sin pi a| gamma(a))
  const down = sub(log(div(lit(x, Math.PI), mul(a, abs(wavePi(r).sin)))), up),
    negative = and(lt(x, -1e-17), lt(a, Infinity));
  return pick(negative, pick(eq(r, 0), Infinity, down), up);
};

/** digamma of a >= 1. */
const slope = (a: Expr): Expr => {
  const near = lt(a, 8),
    inverse = div(lit(a, 1), pick(near, 8, a)),
    z = mul(inverse, inverse);
  const middle = mul(sub(sub(a, zero[0]), zero[1]), piecewise(limited(a), "digamma")),
    far = sub(sub(log(a), mul(inverse, 0.5)), mul(z, poly(z, stirlingSlope)));
  return pick(near, middle, far);
};
const digamma64 = (x: Expr): Expr => {
  const negative = lt(x, 0),
    small = and(lt(x, 1), not(negative)),
    r = sub(x, nearest(x)),
    { sin, cos } = wavePi(r);
  // psi(x) = psi(1 + x) - 1 / x = psi(1 - x) - pi / tan(pi x)
  const up = slope(pick(negative, sub(lit(x, 1), x), pick(small, add(x, 1), x)));
  const step = pick(negative, div(mul(cos, Math.PI), sin), pick(small, div(lit(x, 1), x), 0));
  const pole = and(le(x, 0), eq(r, 0));
  return pick(pole, Number.NaN, pick(gt(x, -Infinity), sub(up, step), Number.NaN));
};
const inDouble =
  (f: (x: Expr) => Expr) =>
  (x: Expr): Expr =>
    to(x.type, f(to("f64", x)));
/** ln |gamma x|; infinite at the poles 0, -1, -2, ... */
export const lgamma = inDouble(lgamma64);
/** Derivative of ln gamma; NaN at the poles. */
export const digamma = inDouble(digamma64);
