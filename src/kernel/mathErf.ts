// Error functions. erf x = x + x p(x^2) for small x, for float32 1 - exp(-y) with a polynomial y. erfc x = exp(-x^2) q / (1 + 2x),
// where q is a polynomial in (x - k) / (x + k), in which it is almost flat (Shepherd & Laframboise, "Chebyshev approximation of
// (1 + 2x) exp(x^2) erfc x", Math. Comp. 1981), for float32 exp(-x^2) times a quotient. Inverse of erf: x times a function of
// w = -ln(1 - x^2), in pieces (the variables of Giles, "Approximating the erfinv function", 2010). All coefficients: minimax fits
// (Remez exchange).
import type { Expr } from "./expr.ts";
import { above, expTail } from "./mathExp.ts";
import { log } from "./mathLog.ts";
import { rare } from "./expr.ts";
import type { Format } from "./mathOps.ts";
import {
  abs,
  add,
  and,
  atMost,
  bits,
  div,
  eq,
  fma,
  formatOf,
  fromBits,
  gt,
  le,
  lit,
  lt,
  mul,
  neg,
  pick,
  pickPoly,
  poly,
  powerOf,
  round,
  shl,
  sqrt,
  sub,
  withSign,
} from "./mathOps.ts";

interface Piece {
  /** The piece is for w up to here. */
  readonly to: number;
  /** Its variable is w, or sqrt(w), minus this. */
  readonly center: number;
  readonly p: readonly number[];
}
interface Constants {
  /** Where erfc is 0. */
  readonly end: number;
  /** Keeps the upper half of a significand. */
  readonly upper: bigint;
  /** The first piece is in w, the others in sqrt(w). */
  readonly inverse: readonly Piece[];
}
const constants: { readonly [K in Format["float"]]: Constants } = {
  f32: {
    end: 10.2,
    upper: ~0xfffn,
    inverse: [
      {
        to: 5,
        center: 2.5,
        p: [
          1.5014094114303589, 0.24664072692394257, -0.004177707713097334, -0.0012537073343992233,
          0.00021860229026060551, -4.396822077978868e-6, -3.5288803701405413e-6, 3.4372894219814043e-7,
          2.8536247143051696e-8,
        ],
      },
      {
        to: Infinity,
        center: 3,
        p: [
          2.832977056503296, 1.0016741752624512, 0.009435621090233326, -0.007625310681760311, 0.0057618082500994205,
          -0.0036601251922547817, 0.001300209783948958, 8.610228542238474e-5, -0.00016542173398192972,
        ],
      },
    ],
  },
  f64: {
    end: 27.28,
    upper: ~0x7ffffffn,
    inverse: [
      {
        to: 2.5,
        center: 1.25,
        p: [
          1.1895615771387744, 0.24951963332550722, 0.0025116852200250997, -0.0022537786154293977, 0.0001435906827856614,
          3.1155897010490194e-5, -5.045205668574213e-6, -3.125991394605925e-7, 1.2756977616054713e-7,
          -1.2438417061770842e-9, -2.7212709857091128e-9, 1.9432465501994323e-10, 4.894916082217832e-11,
          -7.332904648494322e-12, -6.671951040801399e-13, 2.0468119645887444e-13, 4.0290021889384656e-15,
          -4.21200462218665e-15,
        ],
      },
      {
        to: 6.25,
        center: 2,
        p: [
          1.8587791124269735, 0.9134187413507607, 0.11281772610828937, -0.07082268873482986, 0.013420997224118587,
          0.012097545234568746, -0.006658207095093845, -0.002134367654623053, 0.002395417523277145,
          0.00022631499547122745, -0.0007490515401303131, 4.437220088015934e-5, 0.0002156345419213893,
          -4.3693266323985004e-5, -5.697880202659066e-5, 2.0882062636179627e-5, 1.188145997025643e-5,
          -6.908573645242145e-6,
        ],
      },
      {
        to: 16,
        center: 3.25,
        p: [
          3.0838856104922208, 1.0052589676941572, 0.005370914553583462, -0.0037512085073771752, 0.00249144209657292,
          -0.0016882755612173208, 0.0009532893686449927, -0.0003550374580286316, 2.4031234155640614e-5,
          6.828445836881277e-5, -4.7318972475756305e-5, 1.2476700213578157e-5, 2.925993466212452e-6,
          -4.016672584443401e-6, 1.4977540831332422e-6, 2.121549314754043e-8, -2.69995358540235e-7, 8.9462267770366e-8,
        ],
      },
      {
        to: Infinity,
        center: 5,
        p: [
          4.849906401408584, 1.010300464864541, -0.0001387193183351792, -0.00021503011961738572, 7.599527703883867e-5,
          -1.968177366588612e-5, 4.526062273903695e-6, -9.930108344404372e-7, 2.29007067883612e-7,
          -6.761725244581555e-8, 2.914117255496489e-8, -1.5141654457105495e-8, 7.625922991327192e-9,
          -3.5909266572179692e-9, 1.5001084850549102e-9, -3.707621239359747e-10, -2.4934175160920344e-11,
          2.751769991483239e-11,
        ],
      },
    ],
  },
};
const of = (x: Expr): Constants => constants[formatOf(x).float];

/** For float64, up to `edge`: erf x = x + x p(x^2). */
const edge = 1,
  small = [
    0.12837916709551256, -0.3761263890318352, 0.11283791670944185, -0.026866170643111458, 0.005223977606118134,
    -0.0008548325929298868, 0.00012055293576585455, -1.4924712299478476e-5, 1.644713158110919e-6,
    -1.6206314101231075e-7, 1.371098280026889e-8, -7.779474259050539e-10,
  ];
const smallErf = (x: Expr): Expr => fma(x, poly(mul(x, x), small), x);
/** For float64: `(1 + 2b) exp(b^2) erfc b` as a polynomial in `(b - flat) / (b + flat)`. */
const flat = 2.5,
  scaled = [
    1.2648381843668615, -0.12235676308240431, -0.0990245395736017, 0.15762991902322107, -0.10296705603857938,
    0.03276089326854328, 0.0009318928176106419, -0.0043820783379281275, 0.0004918658068006347, 0.0006321243150003773,
    -8.847915720937484e-5, -0.00011352220632647926, 6.265378498269536e-6, 2.2699187751742604e-5, 2.6120771677626026e-6,
    -4.218021337734708e-6, -1.5946830596037878e-6, 5.320002387901671e-7, 5.500518477986021e-7, 1.8596427282893924e-8,
    -1.4090401464299176e-7, -2.1688511948665098e-8, 2.3899948536828854e-8,
  ];
/** `-a^2 = low - square`, both exact. */
const minusSquare = (a: Expr): { readonly square: Expr; readonly low: Expr } => {
  const top = fromBits(and(bits(a), of(a).upper));
  return { square: mul(top, top), low: mul(sub(top, a), add(top, a)) };
};
/** erfc of a float64 from 1/2 on. */
const tail64 = (a: Expr): Expr => {
  const { mantissa, bias } = formatOf(a),
    unit = 2 ** -(mantissa + 1), // so small that one multiplication by a power gets down to subnormal numbers
    b = atMost(a, of(a).end),
    { square, low } = minusSquare(b),
    q = poly(
      div(sub(b, flat), add(b, flat)),
      scaled.map((c) => c * unit),
    ),
    { y, held } = expTail(square, low, div(q, fma(b, 2, 1)), bias + mantissa + 1);
  return mul(y, powerOf(held));
};

/** For float32: exp(a^2) erfc a = p / (p + a (root p + gap)); the rounding errors of p, on both sides, hardly count. */
const over = [1, 1.237371563911438, 0.7304331660270691, 0.2286279797554016, 0.03265916928648949],
  root = 1.7724324464797974,
  gap = [-0.6440528631210327, -0.5237012505531311, -0.20010235905647278, -0.03262777253985405],
  /** Up to here erfc is a normal number: its exponent can be added to. */
  normal = 9.19;
/** erfc of a float32 that is not negative. */
const tail32 = (a: Expr): Expr => {
  const { mantissa, bias } = formatOf(a),
    { square, low } = minusSquare(a),
    p = poly(a, over),
    { y, held } = expTail(square, low, div(p, fma(a, fma(p, root, poly(a, gap)), p)), 0);
  const small = mul(mul(y, powerOf(add(held, bias + 32))), 2 ** -32);
  return rare(above(a, normal), pick(gt(a, of(a).end), 0, small), fromBits(add(bits(y), shl(bits(held), mantissa))));
};

/** For float32, where erf is less than 1: -ln erfc a = slope (a + a^2 p(a)). */
const end32 = 3.93,
  slope = 2 / Math.sqrt(Math.PI),
  logTail = [
    0.5641893744468689, 0.0910833552479744, -0.016970094293355942, -0.00014887154975440353, 0.001483755186200142,
    -0.0005641847383230925, 0.00010515999019844458, -8.300718036480248e-6,
  ],
  /** 1 - exp(-slope r) = r + r p(r) for |r| <= ln(2) / 2 / slope. */
  fall = [
    0.12837918102741241, -0.6366197466850281, 0.23944717645645142, -0.0675482228398323, 0.015309328213334084,
    -0.002866799710318446,
  ];
/** `1 - exp(-slope y)` with y from above, so that there is one formula for the small and the large. */
const erf32 = (x: Expr): Expr => {
  const a = atMost(abs(x), end32),
    y = fma(mul(a, a), poly(a, logTail), a),
    { n, held } = round(y, -slope * Math.LOG2E, formatOf(x).bias),
    r = fma(n, Math.LN2 / slope, y),
    power = powerOf(held);
  return withSign(fma(power, fma(poly(r, fall), r, r), sub(lit(x, 1), power)), x);
};
/** Error function. */
export const erf = (x: Expr): Expr => {
  if (formatOf(x).float === "f32") return erf32(x);
  const a = abs(x);
  return withSign(pick(lt(a, edge), smallErf(a), sub(lit(x, 1), tail64(a))), x);
};
/** Complementary error function. */
export const erfc = (x: Expr): Expr => {
  const a = abs(x),
    single = formatOf(x).float === "f32",
    far = single ? tail32(a) : tail64(a),
    either = pick(lt(bits(x), 0), sub(lit(x, 2), far), far);
  return single ? either : pick(lt(a, 0.5), sub(lit(x, 1), smallErf(x)), either);
};
/** Inverse of the error function; of float32 only one number in 300 is in the second piece. */
export const erfInv = (x: Expr): Expr => {
  const a = abs(x),
    w = neg(log(mul(sub(lit(x, 1), a), add(a, 1)))),
    [first, ...others] = of(x).inverse as readonly [Piece, ...Piece[]];
  const pieces = others.map(({ to, center, p }) => ({ here: le(w, to), p, v: sub(sqrt(w), center) }));
  const v = pieces.reduceRight<Expr>((rest, piece) => pick(piece.here, piece.v, rest), w);
  const far = pick(eq(a, 1), mul(x, Infinity), mul(x, pickPoly(v, pieces)));
  return rare(gt(w, first.to), far, mul(x, poly(sub(w, first.center), first.p)));
};
