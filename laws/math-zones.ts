// Where mathematical functions are examined: the bound of every function, the arguments at which it is difficult, and the
// values that it has at special points.
import type { MathBinary, MathUnary } from "../src/kernel/expr.ts";

/** Largest errors in units of the last place: float32, float64. */
export const bounds: Readonly<Record<MathUnary | "pow" | "atan2", readonly [number, number]>> = {
  exp: [2, 4],
  exp2: [2, 4],
  expm1: [2, 4],
  log: [2, 4],
  log2: [2, 4],
  log1p: [2, 4],
  sin: [2, 4],
  cos: [2, 4],
  tan: [4, 4],
  asin: [4, 4],
  acos: [4, 4],
  atan: [4, 4],
  sinh: [4, 4],
  cosh: [4, 4],
  tanh: [2, 4],
  asinh: [4, 4],
  acosh: [4, 4],
  atanh: [4, 4],
  logistic: [2, 4],
  erf: [2, 4],
  erfc: [4, 4],
  erfInv: [4, 4],
  cbrt: [4, 4],
  rsqrt: [2, 4],
  lgamma: [4, 4],
  digamma: [4, 4],
  pow: [4, 4],
  atan2: [4, 4],
};

// Random numbers that are the same on every run (xorshift32, Marsaglia 2003).
let state = 0x9e3779b9;
const random = (): number => {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) / 2 ** 32;
};
const many = (n: number, f: (i: number) => number): readonly number[] => Array.from({ length: n }, (_, i) => f(i));
const between = (lo: number, hi: number): number => lo + (hi - lo) * (random() + random() / 2 ** 32);
/** A magnitude between powers of two. */
const scale = (lo: number, hi: number): number => between(1, 2) * 2 ** Math.floor(between(lo, hi));
const sign = (): number => (random() < 0.5 ? -1 : 1);

type Zone = (n: number) => readonly number[];
const range =
  (lo: number, hi: number): Zone =>
  (n) =>
    many(n, () => between(lo, hi));
const scales =
  (lo: number, hi: number): Zone =>
  (n) =>
    many(n, () => scale(lo, hi));
const both =
  (z: Zone): Zone =>
  (n) =>
    z(n).map((x) => x * sign());
/** Closer and closer to a point, from both sides. */
const near =
  (x: number, digits: number): Zone =>
  (n) =>
    many(n, () => x + sign() * x * scale(-digits, -1));
/** From one side. */
const inside =
  (x: number, digits: number): Zone =>
  (n) =>
    many(n, () => x - x * scale(-digits, -1));

interface Domain {
  readonly single: readonly Zone[];
  readonly double: readonly Zone[];
}
const same = (...zones: readonly Zone[]): Domain => ({ single: zones, double: zones });
const waves: Domain = {
  single: [
    range(-10, 10),
    both(scales(-20, 20)),
    both(scales(20, 127)),
    near(Math.PI, 23),
    near(Math.PI / 2, 23),
    near(1e5, 8),
    range(-1700, 1700), // where reduction becomes exact
    (n) => many(n, (i) => (i * Math.PI) / 2), // the nearest floats to zeros
  ],
  double: [
    range(-10, 10),
    both(scales(-1074, 0)),
    both(scales(0, 60)),
    both(scales(60, 1023)),
    near(Math.PI, 50),
    near(Math.PI / 2, 50),
    range(-1.7e6, 1.7e6),
    (n) => many(n, (i) => (i * Math.PI) / 2),
    (n) => many(n, (i) => ((1e6 + i * 997) * Math.PI) / 2),
  ],
};
const domains: { readonly [K in MathUnary]: Domain } = {
  exp: { single: [range(-104, 88.7), range(-1, 1)], double: [range(-745, 709.7), range(-1, 1), both(scales(-300, 0))] },
  exp2: {
    single: [range(-150, 127.9), range(-1, 1)],
    double: [range(-1074, 1023.9), range(-1, 1), both(scales(-300, 0))],
  },
  expm1: { single: [range(-20, 88.7), range(-1, 1)], double: [range(-50, 709.7), range(-1, 1), both(scales(-300, 0))] },
  log: { single: [near(1, 22), range(0, 4)], double: [near(1, 50), range(0, 4), scales(-1074, 1023)] },
  log2: { single: [near(1, 22), range(0, 4)], double: [near(1, 50), range(0, 4), scales(-1074, 1023)] },
  log1p: {
    single: [range(-1, 4), both(scales(-30, -1)), inside(-1, 22)],
    double: [range(-1, 4), both(scales(-300, -1)), inside(-1, 50), scales(0, 1023)],
  },
  sin: waves,
  cos: waves,
  tan: waves,
  asin: same(range(-1, 1), both(scales(-40, -1)), both(inside(1, 22))),
  acos: same(range(-1, 1), both(scales(-40, -1)), both(inside(1, 22))),
  atan: { single: [range(-4, 4)], double: [range(-4, 4), both(scales(-300, 1000))] },
  sinh: { single: [range(-89, 89), range(-1, 1)], double: [range(-709, 709), range(-1, 1), both(scales(-300, 0))] },
  cosh: { single: [range(-89, 89), range(-1, 1)], double: [range(-709, 709), range(-1, 1)] },
  tanh: { single: [range(-10, 10), range(-1, 1)], double: [range(-20, 20), range(-1, 1), both(scales(-300, 0))] },
  asinh: { single: [range(-4, 4)], double: [range(-4, 4), both(scales(-300, 1000))] },
  acosh: {
    single: [near(1, 22), range(1, 10)],
    double: [(n) => many(n, () => 1 + scale(-50, 0)), range(1, 10), scales(1, 1000)],
  },
  atanh: same(range(-1, 1), both(scales(-40, -1)), both(inside(1, 22))),
  logistic: { single: [range(-104, 20), range(-3, 3)], double: [range(-744, 40), range(-3, 3)] },
  erf: { single: [range(-4, 4), range(-1, 1)], double: [range(-6, 6), range(-1, 1), both(scales(-300, 0))] },
  erfc: { single: [range(-4, 10.1), range(0, 1)], double: [range(-5, 6), range(0, 1), (n) => range(6, 27)(n >> 3)] },
  erfInv: same(range(-1, 1), both(inside(1, 23)), both(scales(-40, -1))),
  cbrt: { single: [], double: [both(scales(-1074, 1023)), range(-8, 8)] },
  rsqrt: { single: [], double: [scales(-1074, 1023), range(0, 4)] },
  lgamma: {
    single: [range(0, 20), range(-20, 0), near(1, 22), near(2, 22)],
    double: [range(0, 20), range(-20, 0), near(1, 50), near(2, 50), scales(-300, 1000)],
  },
  digamma: {
    single: [range(0, 20), range(-20, 0)],
    double: [range(0, 20), range(-20, 0), near(1.4616321449683622, 50), scales(-300, 1000)],
  },
};
/** Arguments of float64 functions, a hundred of each difficulty. */
export const domain64 = (op: MathUnary): readonly number[] => domains[op].double.flatMap((z) => z(120));
/** Further arguments of float32 functions, besides the sweep. */
export const domain32 = (op: MathUnary): readonly number[] => domains[op].single.flatMap((z) => z(8000));

/** Floats of all signs and exponents, subnormal ones too, evenly over the bit patterns. */
export const sweep32: readonly number[] = (() => {
  const bits = new Int32Array(1),
    float = new Float32Array(bits.buffer),
    out: number[] = [];
  for (let b = 0; b < 2 ** 32; b += 40_961) {
    bits[0] = b | 0;
    out.push(float[0] as number);
  }
  return out;
})();

type Pair = readonly [number, number];
const couples = (n: number, f: () => Pair): readonly Pair[] => Array.from({ length: n }, f);
/** Arguments of functions of two arguments. */
export const pairs: Readonly<Record<"pow" | "atan2" | "remainder" | "single", readonly Pair[]>> = {
  pow: [
    ...couples(300, (): Pair => [scale(-10, 10), between(-60, 60)]),
    ...couples(200, (): Pair => [1 + sign() * scale(-40, -2), sign() * scale(0, 8)]),
    ...couples(200, (): Pair => [scale(-1000, 1000), between(-1, 1)]),
  ].filter(([x, y]) => Math.abs(Math.log2(x) * y) < 1070 && Math.log2(x) * y < 1023),
  atan2: [
    ...couples(300, (): Pair => [sign() * scale(-8, 8), sign() * scale(-8, 8)]),
    ...couples(100, (): Pair => [sign() * scale(-200, 200), sign() * scale(-200, 200)]),
  ],
  remainder: [
    ...couples(2000, (): Pair => [sign() * scale(-1074, 1023), sign() * scale(-1074, 1023)]),
    ...couples(2000, (): Pair => [sign() * scale(0, 60), sign() * Math.floor(scale(0, 30))]),
    ...couples(500, (): Pair => [Math.floor(between(0, 50)) * 0.25, Math.floor(between(1, 50)) * 0.25]),
  ],
  single: [
    ...couples(20000, (): Pair => [scale(-10, 10), between(-12, 12)]),
    ...couples(20000, (): Pair => [scale(-149, 127), sign() * scale(-149, 127)]),
    ...couples(10000, (): Pair => [1 + sign() * scale(-23, -2), sign() * scale(0, 23)]),
  ],
};

const nan = Number.NaN;
const odd: readonly Pair[] = [
  [0, 0],
  [-0, -0],
  [nan, nan],
];
/** What functions give at special points, in either type. */
export const edges: { readonly [K in MathUnary]: readonly Pair[] } = {
  exp: [
    [0, 1],
    [-0, 1],
    [Infinity, Infinity],
    [-Infinity, 0],
    [nan, nan],
    [1000, Infinity],
    [-1000, 0],
  ],
  exp2: [
    [0, 1],
    [10, 1024],
    [-3, 0.125],
    [Infinity, Infinity],
    [-Infinity, 0],
    [nan, nan],
    [2000, Infinity],
    [-2000, 0],
    [-140, 2 ** -140],
  ],
  expm1: [...odd, [Infinity, Infinity], [-Infinity, -1], [1000, Infinity], [-1000, -1], [2 ** -149, 2 ** -149]],
  log: [
    [0, -Infinity],
    [-0, -Infinity],
    [1, 0],
    [-1, nan],
    [-Infinity, nan],
    [Infinity, Infinity],
    [nan, nan],
  ],
  log2: [
    [0, -Infinity],
    [-0, -Infinity],
    [1, 0],
    [8, 3],
    [2 ** -149, -149],
    [2 ** 127, 127],
    [-1, nan],
    [Infinity, Infinity],
    [nan, nan],
  ],
  log1p: [...odd, [-1, -Infinity], [-2, nan], [Infinity, Infinity], [-Infinity, nan], [2 ** -149, 2 ** -149]],
  sin: [...odd, [Infinity, nan], [-Infinity, nan], [2 ** -149, 2 ** -149]],
  cos: [
    [0, 1],
    [-0, 1],
    [Infinity, nan],
    [-Infinity, nan],
    [nan, nan],
  ],
  tan: [...odd, [Infinity, nan], [-Infinity, nan], [2 ** -149, 2 ** -149]],
  asin: [...odd, [1.5, nan], [-1.5, nan], [Infinity, nan], [2 ** -149, 2 ** -149]],
  acos: [
    [1, 0],
    [1.5, nan],
    [-1.5, nan],
    [-Infinity, nan],
    [nan, nan],
  ],
  atan: [...odd, [2 ** -149, 2 ** -149]],
  sinh: [
    ...odd,
    [Infinity, Infinity],
    [-Infinity, -Infinity],
    [1000, Infinity],
    [-1000, -Infinity],
    [2 ** -149, 2 ** -149],
  ],
  cosh: [
    [0, 1],
    [-0, 1],
    [Infinity, Infinity],
    [-Infinity, Infinity],
    [1000, Infinity],
    [nan, nan],
  ],
  tanh: [...odd, [Infinity, 1], [-Infinity, -1], [50, 1], [-50, -1], [2 ** -149, 2 ** -149]],
  asinh: [...odd, [Infinity, Infinity], [-Infinity, -Infinity], [2 ** -149, 2 ** -149]],
  acosh: [
    [1, 0],
    [0.5, nan],
    [-1, nan],
    [-5, nan],
    [-Infinity, nan],
    [Infinity, Infinity],
    [nan, nan],
  ],
  atanh: [...odd, [1, Infinity], [-1, -Infinity], [1.5, nan], [-2, nan], [Infinity, nan], [2 ** -149, 2 ** -149]],
  logistic: [
    [0, 0.5],
    [-0, 0.5],
    [Infinity, 1],
    [-Infinity, 0],
    [1000, 1],
    [-1000, 0],
    [nan, nan],
  ],
  erf: [...odd, [Infinity, 1], [-Infinity, -1], [30, 1], [-30, -1]],
  erfc: [
    [0, 1],
    [-0, 1],
    [Infinity, 0],
    [-Infinity, 2],
    [30, 0],
    [-30, 2],
    [nan, nan],
  ],
  erfInv: [...odd, [1, Infinity], [-1, -Infinity], [1.5, nan], [-2, nan], [Infinity, nan]],
  cbrt: [...odd, [8, 2], [-27, -3], [Infinity, Infinity], [-Infinity, -Infinity], [2 ** -147, 2 ** -49]],
  rsqrt: [
    [0, Infinity],
    [-0, -Infinity],
    [4, 0.5],
    [-1, nan],
    [Infinity, 0],
    [nan, nan],
  ],
  lgamma: [
    [1, 0],
    [2, 0],
    [0, Infinity],
    [-0, Infinity],
    [-1, Infinity],
    [-7, Infinity],
    [Infinity, Infinity],
    [-Infinity, Infinity],
    [nan, nan],
  ],
  digamma: [
    [0, nan],
    [-0, nan],
    [-1, nan],
    [-7, nan],
    [Infinity, Infinity],
    [-Infinity, nan],
    [nan, nan],
  ],
};

/** Functions of two special values in float64. JavaScript's power differs from IEEE 754's where the base is 1 or -1. */
export const specials: Readonly<
  Record<Extract<MathBinary, "pow" | "atan2" | "frem">, (x: number, y: number) => number>
> = {
  pow: (x, y) => (x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : x ** y),
  atan2: Math.atan2,
  frem: (x, y) => x % y,
};
