// A small vocabulary for writing mathematics as expressions: operands may be numbers, and everything works for float32
// (with 32-bit integers) and float64 (with 64-bit integers) alike.
import type { BinaryOp, CompareOp, Expr, UnaryOp } from "./expr.ts";
import { binary, bitcast, cast, compare, constant, fma as fmaNode, select, unary } from "./expr.ts";

/** An expression, or a number that takes the type of its partner. */
export type Operand = Expr | number | bigint;

/** What a function must know about a floating type. */
export interface Format {
  readonly float: "f32" | "f64";
  /** Signed integers of the same width. */
  readonly int: "i32" | "i64";
  /** Bits of an integer. */
  readonly width: number;
  /** Stored bits of the significand. */
  readonly mantissa: number;
  readonly bias: number;
  /** Adding it rounds to an integer, which the low bits of the sum then hold. */
  readonly magic: number;
  readonly max: number;
  readonly tiny: number;
}
export const single: Format = {
  float: "f32",
  int: "i32",
  width: 32,
  mantissa: 23,
  bias: 127,
  magic: 1.5 * 2 ** 23,
  max: (2 - 2 ** -23) * 2 ** 127,
  tiny: 2 ** -126,
};
export const double: Format = {
  float: "f64",
  int: "i64",
  width: 64,
  mantissa: 52,
  bias: 1023,
  magic: 1.5 * 2 ** 52,
  max: Number.MAX_VALUE,
  tiny: 2 ** -1022,
};
/** The format of a floating expression. */
export const formatOf = (x: Expr): Format => (x.type === "f32" ? single : double);

/** `v` as an expression of the type of `like`. */
export const lit = (like: Expr, v: Operand): Expr =>
  typeof v === "object" ? v : constant(like.type, like.type === "i64" ? BigInt.asIntN(64, BigInt(v)) : Number(v));

const ofTwo =
  (op: BinaryOp) =>
  (x: Expr, y: Operand): Expr =>
    binary(op, x, lit(x, y));
const ofOne =
  (op: UnaryOp) =>
  (x: Expr): Expr =>
    unary(op, x);
const against =
  (op: CompareOp) =>
  (x: Expr, y: Operand): Expr =>
    compare(op, x, lit(x, y));

export const add = ofTwo("add");
export const sub = ofTwo("sub");
export const mul = ofTwo("mul");
export const div = ofTwo("div");
export const and = ofTwo("and");
export const or = ofTwo("or");
export const xor = ofTwo("xor");
export const shl = ofTwo("shl");
/** Arithmetic on signed integers, logical on unsigned ones. */
export const shr = ofTwo("shr");
export const max = ofTwo("max");
export const neg = ofOne("neg");
export const abs = ofOne("abs");
export const not = ofOne("not");
export const sqrt = ofOne("sqrt");
export const trunc = ofOne("trunc");
export const nearest = ofOne("nearest");
export const eq = against("eq");
export const ne = against("ne");
export const lt = against("lt");
export const le = against("le");
export const gt = against("gt");
export const ge = against("ge");

/** `x * y + z`, rounded once or twice. */
export const fma = (x: Expr, y: Operand, z: Operand): Expr => fmaNode(x, lit(x, y), lit(x, z));
/** `c ? a : b`; at least one of the two is an expression. */
export const pick = (c: Expr, a: Operand, b: Operand): Expr =>
  typeof a === "object"
    ? select(c, a, lit(a, b))
    : typeof b === "object"
      ? select(c, lit(b, a), b)
      : select(c, constant("f64", a), constant("f64", b));
/** `c[0] + c[1] x + c[2] x^2 + ...`, by Horner's rule. */
export const poly = (x: Expr, c: readonly number[]): Expr =>
  c.reduceRight<Expr | null>((sum, k) => (sum === null ? lit(x, k) : fma(sum, x, k)), null) ?? lit(x, 0);

/** The same with `z = x^2`, two terms at a time: half as long a wait, an instruction more. */
export const inPairs = (x: Expr, z: Expr, c: readonly number[]): Expr => {
  const pair = (k: number): Expr => poly(x, c.slice(k, k + 2));
  let k = c.length - 1 - ((c.length - 1) % 2),
    sum = pair(k);
  while (k > 0) {
    k -= 2;
    sum = fma(sum, z, pair(k));
  }
  return sum;
};

/** The bits of a float as an integer. */
export const bits = (x: Expr): Expr => bitcast(formatOf(x).int, x);
/** The float with these bits. */
export const fromBits = (x: Expr): Expr => bitcast(x.type === "i64" ? "f64" : "f32", x);
/** Convert. */
export const to = cast;
/** Shift right, filling with zeros, whatever the type. */
export const lshr = (x: Expr, n: number): Expr =>
  n === 0 ? x : x.type === "i64" ? and(shr(x, n), (1n << BigInt(64 - n)) - 1n) : shr(x, n);
const signBit = (f: Format): bigint => -(1n << BigInt(f.width - 1));
/** `|x|` with the sign of `s`. */
export const copySign = (x: Expr, s: Expr): Expr => {
  const m = signBit(formatOf(x));
  return fromBits(or(and(bits(x), ~m), and(bits(s), m)));
};
/** `x`, which is not negative, with the sign of `s`. */
export const withSign = (x: Expr, s: Expr): Expr => fromBits(or(bits(x), and(bits(s), signBit(formatOf(x)))));
/** `x` negated where `s` is negative (or -0). */
export const flipSign = (x: Expr, s: Expr): Expr => fromBits(xor(bits(x), and(bits(s), signBit(formatOf(x)))));

/** The value of `x`, where it is not NaN, limited on one side or on both. */
export const atLeast = (x: Expr, least: number): Expr => pick(lt(x, least), least, x);
export const atMost = (x: Expr, most: number): Expr => pick(gt(x, most), most, x);
export const clamp = (x: Expr, lo: number, hi: number): Expr => atMost(atLeast(x, lo), hi);
/** The nearest integer n to `x * k`, as a float, and `n + more` inside a float whose low bits hold it. */
export const round = (x: Expr, k: number, more = 0): { readonly n: Expr; readonly held: Expr } => {
  const magic = formatOf(x).magic + more,
    held = fma(x, k, magic);
  return { n: sub(held, magic), held };
};
/** `2^(n - bias)`, where `held` holds n, the bits of an exponent. */
export const powerOf = (held: Expr): Expr => fromBits(shl(bits(held), formatOf(held).mantissa));
/** `y * 2^n` rounded once, also where it is subnormal or overflows; `held` is from `round`, `|n|` below twice the bias. */
export const timesPower = (y: Expr, held: Expr): Expr => {
  const { mantissa, bias } = formatOf(y),
    one = BigInt(bias) << BigInt(mantissa);
  const whole = shl(bits(held), mantissa),
    half = and(shr(whole, 1), -(1n << BigInt(mantissa))); // floor(n / 2), in place
  return mul(mul(y, fromBits(add(half, one))), fromBits(add(sub(whole, half), one)));
};

/** A polynomial on part of the line: for the arguments that are `here` and in no earlier piece. */
export interface PolyPiece {
  readonly here: Expr;
  readonly p: readonly number[];
}
/** Polynomials whose coefficients are chosen lane by lane; the last piece takes what is left. */
export const pickPoly = (x: Expr, pieces: readonly PolyPiece[]): Expr => {
  const coefficient = (k: number): Expr =>
    pieces.reduceRight<Expr | null>(
      (rest, { here, p }) => (rest === null ? lit(x, p[k] ?? 0) : pick(here, p[k] ?? 0, rest)),
      null,
    ) ?? lit(x, 0);
  const degree = Math.max(...pieces.map(({ p }) => p.length)) - 1;
  let sum = coefficient(degree);
  for (let k = degree - 1; k >= 0; k--) sum = fma(sum, x, coefficient(k));
  return sum;
};
