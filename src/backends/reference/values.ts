// What every scalar operation means: one table per type. Values are numbers (bool is 0 or 1), for i64 bigints.
import type { BinaryOp, CompareOp, ReduceOp, ScalarType, UnaryOp } from "../../kernel/expr.ts";

export type Scalar = number | bigint;
type Table<Op extends string, F> = Readonly<Partial<Record<Op, F>>>;
type Monadic<T> = (x: T) => T;
type Dyadic<T> = (x: T, y: T) => T;
type Numeric = Exclude<ScalarType, "i64">;

/** To the nearest integer, ties to the even one. */
const nearest = (x: number): number => {
  const up = Math.round(x);
  return up - x === 0.5 && up % 2 !== 0 ? up - 1 : up;
};
const popcnt = (x: number): number => {
  let n = 0;
  for (let rest = x >>> 0; rest !== 0; rest &= rest - 1) n++;
  return n;
};
const wrap64 = (x: bigint): bigint => BigInt.asIntN(64, x);
const bits64 = (x: bigint): string => BigInt.asUintN(64, x).toString(2);

const unaryF64: Table<UnaryOp, Monadic<number>> = {
  neg: (x) => -x,
  nearest,
  rsqrt: (x) => 1 / Math.sqrt(x),
  exp2: (x) => 2 ** x,
  logistic: (x) => 1 / (1 + Math.exp(-x)),
  abs: Math.abs,
  sqrt: Math.sqrt,
  floor: Math.floor,
  ceil: Math.ceil,
  trunc: Math.trunc,
  exp: Math.exp,
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
};
const binaryF64: Table<BinaryOp, Dyadic<number>> = {
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y) => x * y,
  div: (x, y) => x / y,
  min: Math.min,
  max: Math.max,
  atan2: Math.atan2,
  frem: (x, y) => x % y,
};
const shiftOut = (n: number): boolean => n >>> 0 > 31;

const mapped = <Op extends string, F>(table: Table<Op, F>, f: (g: F) => F): Table<Op, F> =>
  Object.fromEntries(Object.entries(table).map(([op, g]) => [op, f(g as F)])) as Table<Op, F>;

// A float32 operation is the float64 one, rounded: exactly what the hardware gives for + - * / and sqrt.
const unaryOf: { readonly [K in Numeric]: Table<UnaryOp, Monadic<number>> } = {
  f64: unaryF64,
  f32: mapped(
    unaryF64,
    (f): Monadic<number> =>
      (x) =>
        Math.fround(f(x)),
  ),
  i32: { neg: (x) => -x | 0, abs: (x) => Math.abs(x) | 0, not: (x) => ~x, clz: Math.clz32, popcnt },
  u32: { neg: (x) => -x >>> 0, abs: (x) => x, not: (x) => ~x >>> 0, clz: Math.clz32, popcnt },
  bool: { not: (x) => 1 - x },
};
const binaryOf: { readonly [K in Numeric]: Table<BinaryOp, Dyadic<number>> } = {
  f64: binaryF64,
  f32: mapped(
    binaryF64,
    (f): Dyadic<number> =>
      (x, y) =>
        Math.fround(f(x, y)),
  ),
  i32: {
    add: (x, y) => (x + y) | 0,
    sub: (x, y) => (x - y) | 0,
    mul: Math.imul,
    div: (x, y) => (y === 0 ? 0 : (x / y) | 0),
    rem: (x, y) => (y === 0 ? 0 : (x % y) | 0),
    min: Math.min,
    max: Math.max,
    and: (x, y) => x & y,
    or: (x, y) => x | y,
    xor: (x, y) => x ^ y,
    shl: (x, n) => (shiftOut(n) ? 0 : x << n),
    shr: (x, n) => x >> (shiftOut(n) ? 31 : n),
  },
  u32: {
    add: (x, y) => (x + y) >>> 0,
    sub: (x, y) => (x - y) >>> 0,
    mul: (x, y) => Math.imul(x, y) >>> 0,
    div: (x, y) => (y === 0 ? 0 : Math.floor(x / y)),
    rem: (x, y) => (y === 0 ? 0 : x % y),
    min: Math.min,
    max: Math.max,
    and: (x, y) => (x & y) >>> 0,
    or: (x, y) => (x | y) >>> 0,
    xor: (x, y) => (x ^ y) >>> 0,
    shl: (x, n) => (shiftOut(n) ? 0 : (x << n) >>> 0),
    shr: (x, n) => (shiftOut(n) ? 0 : x >>> n),
  },
  // Of truth values the sum is "or" and the product is "and".
  bool: {
    add: (x, y) => x | y,
    mul: (x, y) => x & y,
    min: (x, y) => x & y,
    max: (x, y) => x | y,
    and: (x, y) => x & y,
    or: (x, y) => x | y,
    xor: (x, y) => x ^ y,
  },
};
const shiftOut64 = (n: bigint): boolean => BigInt.asUintN(64, n) > 63n;
const unaryI64: Table<UnaryOp, Monadic<bigint>> = {
  neg: (x) => wrap64(-x),
  abs: (x) => wrap64(x < 0n ? -x : x),
  not: (x) => ~x,
  clz: (x) => (x === 0n ? 64n : BigInt(64 - bits64(x).length)),
  popcnt: (x) => BigInt(bits64(x).replaceAll("0", "").length),
};
const binaryI64: Table<BinaryOp, Dyadic<bigint>> = {
  add: (x, y) => wrap64(x + y),
  sub: (x, y) => wrap64(x - y),
  mul: (x, y) => wrap64(x * y),
  div: (x, y) => (y === 0n ? 0n : wrap64(x / y)),
  rem: (x, y) => (y === 0n ? 0n : x % y),
  min: (x, y) => (x < y ? x : y),
  max: (x, y) => (x > y ? x : y),
  and: (x, y) => x & y,
  or: (x, y) => x | y,
  xor: (x, y) => x ^ y,
  shl: (x, n) => (shiftOut64(n) ? 0n : wrap64(x << n)),
  shr: (x, n) => x >> (shiftOut64(n) ? 63n : n),
};

const known = <F>(f: F | undefined, op: string, t: ScalarType): F => {
  if (f === undefined) throw new Error(`the reference backend has no ${op} of ${t}`);
  return f;
};
/** The operation of one argument; the table of a type is only ever given values of that type. */
export const unaryOn = (op: UnaryOp, t: ScalarType): Monadic<Scalar> =>
  known(t === "i64" ? unaryI64[op] : unaryOf[t][op], op, t) as Monadic<Scalar>;
/** The operation of two arguments. */
export const binaryOn = (op: BinaryOp, t: ScalarType): Dyadic<Scalar> =>
  known(t === "i64" ? binaryI64[op] : binaryOf[t][op], op, t) as Dyadic<Scalar>;

/** Comparison of two values of one type: 0 or 1. */
export const compareOn: { readonly [K in CompareOp]: (x: Scalar, y: Scalar) => number } = {
  eq: (x, y) => Number(x === y),
  ne: (x, y) => Number(x !== y),
  lt: (x, y) => Number(x < y),
  le: (x, y) => Number(x <= y),
  gt: (x, y) => Number(x > y),
  ge: (x, y) => Number(x >= y),
};

const saturate = (x: number, lo: number, hi: number): number =>
  Number.isNaN(x) ? 0 : Math.trunc(Math.min(hi, Math.max(lo, x))) + 0; // integers have no -0
const least64 = -(2n ** 63n),
  most64 = 2n ** 63n - 1n;
const toI64 = (x: number): bigint =>
  Number.isNaN(x) ? 0n : x <= -(2 ** 63) ? least64 : x >= 2 ** 63 ? most64 : BigInt(Math.trunc(x));
// The nearest float32 of an integer that float64 may not hold: low bits are gathered in one, so that nothing is rounded twice.
const roundI64 = (x: bigint): number =>
  x === BigInt(Number(x)) ? Math.fround(Number(x)) : Math.fround(Number((x >> 20n) | 1n)) * 2 ** 20;

/** Value conversion. */
export const castOn = (from: ScalarType, to: ScalarType): ((x: Scalar) => Scalar) => {
  const float = from === "f32" || from === "f64";
  const table: { readonly [K in ScalarType]: (x: Scalar) => Scalar } = {
    bool: (x) => Number(Number(x) !== 0),
    f64: Number,
    f32: from === "i64" ? (x) => roundI64(x as bigint) : (x) => Math.fround(x as number),
    i32: float
      ? (x) => saturate(x as number, -(2 ** 31), 2 ** 31 - 1)
      : from === "i64"
        ? (x) => Number(BigInt.asIntN(32, x as bigint))
        : (x) => (x as number) | 0,
    u32: float
      ? (x) => saturate(x as number, 0, 2 ** 32 - 1)
      : from === "i64"
        ? (x) => Number(BigInt.asUintN(32, x as bigint))
        : (x) => (x as number) >>> 0,
    i64: float ? (x) => toI64(x as number) : BigInt,
  };
  return from === to ? (x) => x : table[to];
};

const cell = new DataView(new ArrayBuffer(8));
const bitsOf: { readonly [K in Exclude<ScalarType, "bool">]: readonly [(x: Scalar) => void, () => Scalar] } = {
  f32: [(x) => cell.setFloat32(0, x as number), () => cell.getFloat32(0)],
  f64: [(x) => cell.setFloat64(0, x as number), () => cell.getFloat64(0)],
  i32: [(x) => cell.setInt32(0, x as number), () => cell.getInt32(0)],
  u32: [(x) => cell.setUint32(0, x as number), () => cell.getUint32(0)],
  i64: [(x) => cell.setBigInt64(0, x as bigint), () => cell.getBigInt64(0)],
};
/** The same bits as another type. */
export const bitcastOn = (from: ScalarType, to: ScalarType): ((x: Scalar) => Scalar) => {
  if (from === "bool" || to === "bool") return (x) => x;
  const [put] = bitsOf[from],
    [, get] = bitsOf[to];
  return (x) => {
    put(x);
    return get();
  };
};

/** `x * y + z` of floats, the product exact for float32. */
export const fmaOn = (t: ScalarType): ((x: number, y: number, z: number) => number) =>
  t === "f32" ? (x, y, z) => Math.fround(x * y + z) : (x, y, z) => x * y + z;

const extremes: { readonly [K in ScalarType]: readonly [least: Scalar, most: Scalar] } = {
  f32: [-Infinity, Infinity],
  f64: [-Infinity, Infinity],
  i32: [-(2 ** 31), 2 ** 31 - 1],
  u32: [0, 2 ** 32 - 1],
  i64: [least64, most64],
  bool: [0, 1],
};
const allOnes: { readonly [K in ScalarType]: Scalar } = {
  f32: 0,
  f64: 0,
  i32: -1,
  u32: 2 ** 32 - 1,
  i64: -1n,
  bool: 1,
};
/** The value with which a reduction starts. */
export const identityOn = (op: ReduceOp, t: ScalarType): Scalar => {
  const of = (n: number): Scalar => (t === "i64" ? BigInt(n) : n);
  const table: { readonly [K in ReduceOp]: Scalar } = {
    add: of(0),
    mul: of(1),
    min: extremes[t][1],
    max: extremes[t][0],
    and: allOnes[t],
    or: of(0),
  };
  return table[op];
};
