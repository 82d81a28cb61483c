// Primitives on tiny arrays with what plain JavaScript says they give.
import type { DType } from "../src/core/dtype.ts";
import type { AnyPrimitive } from "../src/core/primitive.ts";
import * as C from "../src/primitives/cumulative.ts";
import * as E from "../src/primitives/elementwise.ts";
import * as M from "../src/primitives/movement.ts";
import * as R from "../src/primitives/reductions.ts";
import * as S from "../src/primitives/sort.ts";
import { Concrete } from "./concrete.ts";
import { special } from "./special-functions.ts";

/** A primitive, operands, attributes and what they give. */
export interface Subject {
  readonly prim: AnyPrimitive;
  readonly ins: readonly Concrete[];
  readonly attrs: unknown;
  readonly want: readonly number[];
  readonly shape: readonly number[];
}
/** A concrete array, float64 unless told. */
export const array = (
  data: readonly number[],
  shape: readonly number[] = [data.length],
  dtype: DType = "float64",
): Concrete => new Concrete(data, shape, dtype);
const empty = (shape: readonly number[], dtype: DType = "float64"): Concrete => array([], shape, dtype);

type Fn = (...xs: readonly number[]) => number;
// biome-ignore format: one line per case
const subject = (prim: unknown, ins: readonly Concrete[], attrs: unknown, want: readonly number[], shape: readonly number[] = [want.length]): Subject =>
  ({ prim: prim as AnyPrimitive, ins, attrs, want, shape });
const pointwise = (prim: unknown, fn: Fn, data: readonly (readonly number[])[], dtype: DType = "float64", attrs = {}) =>
  subject(
    prim,
    data.map((x) => array(x, [x.length], dtype)),
    attrs,
    (data[0] as readonly number[]).map((_, i) => fn(...data.map((x) => x[i] as number))),
  );

// Through a record, since the names are computed.
const primitiveNamed = (name: string): unknown => new Map(Object.entries(E)).get(name);
const real = [-2.25, -1.5, -0.375, 0.125, 0.75, 1.25, 2.5];
const other = [1.5, -0.5, -1.25, 0.875, 2, -3, 0.25];
const positive = [0.125, 0.375, 0.75, 1, 1.25, 2.5, 7];
const unit = [-0.875, -0.5, -0.125, 0.25, 0.375, 0.625, 0.75];
const above1 = [1.125, 1.25, 1.5, 2, 3, 5, 9];
const ints = [-7, -3, -1, 0, 2, 5, 1 << 30];
const ints2 = [2, -2, 3, 5, 0, -4, 31];
const bools = [0, 0, 1, 1];
const bools2 = [0, 1, 0, 1];
const u32 = (x: number): number => x >>> 0;
const erfc: Fn = (x) => 1 - (special.erf as Fn)(x as number);

const ones = Object.entries({
  sin: real,
  cos: real,
  tan: unit,
  exp: real,
  exp2: real,
  expm1: real,
  sinh: real,
  cosh: real,
})
  .concat(Object.entries({ tanh: real, asinh: real, atan: real, asin: unit, acos: unit, atanh: unit, acosh: above1 }))
  .concat(Object.entries({ log: positive, log2: positive, log1p: positive, rsqrt: positive, cbrt: real }))
  .concat(Object.entries({ logistic: real, erf: real, erfInv: unit, lgamma: positive, digamma: positive }))
  .map(([name, domain]) => pointwise(primitiveNamed(`${name}P`), special[name] as Fn, [domain]))
  .concat(pointwise(primitiveNamed("erfInvJaxP"), special.erfInv as Fn, [unit]));
const arithmetic: readonly Subject[] = [
  pointwise(E.addP, (x = 0, y = 0) => x + y, [real, other]),
  pointwise(E.subP, (x = 0, y = 0) => x - y, [real, other]),
  pointwise(E.mulP, (x = 0, y = 0) => x * y, [real, other]),
  pointwise(E.mulNoNanP, (x = 0, y = 0) => x * y, [real, other]),
  pointwise(E.divP, (x = 0, y = 0) => x / y, [real, other]),
  pointwise(E.remP, (x = 0, y = 0) => x % y, [real, [1.5, -0.625, -1.25, 0.875, 2, -3, 0.375]]), // no multiples
  pointwise(E.powP, (x = 0, y = 0) => x ** y, [positive, other]),
  pointwise(E.atan2P, (y = 0, x = 0) => Math.atan2(y, x), [real, other]),
  pointwise(E.maxP, (x = 0, y = 0) => Math.max(x, y), [real, other]),
  pointwise(E.minP, (x = 0, y = 0) => Math.min(x, y), [real, other]),
  pointwise(E.nextafterP, (x = 0) => x, [real, other]),
  pointwise(E.negP, (x = 0) => -x, [real]),
  pointwise(E.absP, (x = 0) => Math.abs(x), [real]),
  pointwise(E.squareP, (x = 0) => x * x, [[...real, 0]]),
  pointwise(E.sqrtP, (x = 0) => Math.sqrt(x), [positive]),
  pointwise(E.erfcP, erfc, [real]),
  pointwise(E.stopGradientP, (x = 0) => x, [real]),
  pointwise(E.signP, (x = 0) => Math.sign(x), [real]),
  pointwise(E.floorP, (x = 0) => Math.floor(x), [real]),
  pointwise(E.ceilP, (x = 0) => Math.ceil(x), [real]),
  pointwise(E.truncP, (x = 0) => Math.trunc(x), [real]),
  subject(
    E.roundP,
    [array([-2.5, -1.5, -0.5, 0.49999999999999994, 0.5, 1.5, 2.25])],
    { roundingMethod: "awayFromZero" },
    [-3, -2, -1, 0, 1, 2, 2],
  ),
  subject(
    E.roundP,
    [array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.25])],
    { roundingMethod: "toNearestEven" },
    [-2, -2, -0, 0, 2, 2],
  ),
  ...[-3, -2, -1, 1, 2, 3, 7].map((exponent) =>
    pointwise(E.integerPowP, (x = 0) => x ** exponent, [real], "float64", { exponent }),
  ),
  ...[0, 1, 2, 5].map((exponent) =>
    pointwise(E.integerPowP, (x = 0) => x ** exponent, [[...real, 0]], "float64", { exponent }),
  ),
  subject(E.polygammaP, [array([1, 0.5, -0.5])], { order: 1 }, [
    Math.PI ** 2 / 6,
    Math.PI ** 2 / 2,
    Math.PI ** 2 / 2 + 4,
  ]),
  subject(E.polygammaP, [array([1, 0.5])], { order: 2 }, [-2 * 1.2020569031595942, -14 * 1.2020569031595942]),
  subject(E.polygammaP, [array([1, 0.5])], { order: 3 }, [Math.PI ** 4 / 15, Math.PI ** 4]),
  pointwise(E.clampP, (lo = 0, x = 0, hi = 0) => Math.min(Math.max(x, lo), hi), [
    real.map(() => -1),
    real,
    real.map(() => 0.5),
  ]),
  subject(E.selectP, [array([1, 0, 1], [3], "bool"), array([1, 2, 3]), array([4, 5, 6])], {}, [1, 5, 3]),
  subject(E.convertElementTypeP, [array([1.5, -2.25])], { dtype: "float32" }, [1.5, -2.25]),
];
const discrete: readonly Subject[] = [
  pointwise(E.addP, (x = 0, y = 0) => (x + y) | 0, [ints, ints2], "int32"),
  pointwise(E.mulP, (x = 0, y = 0) => Math.imul(x, y), [ints, ints2], "int32"),
  pointwise(E.divP, (x = 0, y = 0) => (y === 0 ? 0 : Math.trunc(x / y)), [ints, ints2], "int32"),
  pointwise(E.remP, (x = 0, y = 0) => (y === 0 ? 0 : x % y), [ints, ints2], "int32"),
  pointwise(E.signP, (x = 0) => Math.sign(x), [ints], "int32"),
  pointwise(E.signP, (x = 0) => Number(x > 0), [[0, 1, 2 ** 32 - 1]], "uint32"),
  pointwise(E.absP, (x = 0) => x, [[0, 1, 2 ** 32 - 1]], "uint32"),
  pointwise(E.negP, (x = 0) => u32(-x), [[0, 1, 2 ** 32 - 1]], "uint32"),
  pointwise(
    E.powP,
    (x = 0, y = 0) => x ** y,
    [
      [-2, 3, 0, 7],
      [3, 4, 0, 1],
    ],
    "int32",
  ),
  pointwise(E.integerPowP, (x = 0) => Math.imul(x, Math.imul(x, x)), [ints], "int32", { exponent: 3 }),
  pointwise(E.andP, (x = 0, y = 0) => x & y, [ints, ints2], "int32"),
  pointwise(E.orP, (x = 0, y = 0) => x | y, [bools, bools2], "bool"),
  pointwise(
    E.xorP,
    (x = 0, y = 0) => u32(x ^ y),
    [
      [1, 2 ** 31],
      [3, 5],
    ],
    "uint32",
  ),
  pointwise(E.notP, (x = 0) => ~x, [ints], "int32"),
  pointwise(E.notP, (x = 0) => 1 - x, [bools], "bool"),
  pointwise(E.maxP, (x = 0, y = 0) => x | y, [bools, bools2], "bool"),
  pointwise(E.minP, (x = 0, y = 0) => x & y, [bools, bools2], "bool"),
  ...(["int32", "uint32"] as const).flatMap((dtype) => {
    const xs = [-7, -7, -7, -7, 7, 7, 7].map((x) => (dtype === "int32" ? x : u32(x)));
    const ns = [1, 31, 32, -1, 2, 33, 0].map((n) => (dtype === "int32" ? n : u32(n)));
    const fix = (x: number): number => (dtype === "int32" ? x | 0 : u32(x));
    return [
      pointwise(E.shiftLeftP, (x = 0, n = 0) => fix(u32(n) >= 32 ? 0 : x << n), [xs, ns], dtype),
      pointwise(E.shiftRightLogicalP, (x = 0, n = 0) => fix(u32(n) >= 32 ? 0 : x >>> n), [xs, ns], dtype),
      pointwise(E.shiftRightArithmeticP, (x = 0, n = 0) => fix((x | 0) >> Math.min(u32(n), 31)), [xs, ns], dtype),
    ];
  }),
  subject(E.populationCountP, [array([0, -1, 5, 1 << 30], [4], "int32")], {}, [0, 32, 2, 1]),
  subject(E.clzP, [array([0, -1, 5, 1 << 30], [4], "int32")], {}, [32, 0, 29, 1]),
  subject(E.isFiniteP, [array([0, Infinity, -Infinity, Number.NaN, 1e300])], {}, [1, 0, 0, 0, 1]),
  ...(["eq", "ne", "lt", "le", "gt", "ge"] as const).flatMap((name) => {
    const test: Fn = (x = 0, y = 0) =>
      Number({ eq: x === y, ne: x !== y, lt: x < y, le: x <= y, gt: x > y, ge: x >= y }[name]);
    const prim = primitiveNamed(`${name}P`);
    return [
      pointwise(prim, test, [
        [1, 2, 3, Number.NaN, 0],
        [2, 2, 2, Number.NaN, -0],
      ]),
      pointwise(prim, test, [bools, bools2], "bool"),
      pointwise(
        prim,
        test,
        [
          [0, 200, 7],
          [255, 3, 7],
        ],
        "uint8",
      ),
    ];
  }),
  subject(E.convertElementTypeP, [array([1.9, -1.9, 3e9, -3e9, Number.NaN, Infinity])], { dtype: "int32" }, [
    1,
    -1,
    2 ** 31 - 1,
    -(2 ** 31),
    0,
    2 ** 31 - 1,
  ]),
  subject(E.convertElementTypeP, [array([1.9, -1.9, 300, Number.NaN])], { dtype: "uint8" }, [1, 0, 255, 0]),
  subject(E.convertElementTypeP, [array([-1, 256, 511], [3], "int32")], { dtype: "uint8" }, [255, 0, 255]),
  subject(E.convertElementTypeP, [array([-1, 5], [2], "int32")], { dtype: "uint32" }, [2 ** 32 - 1, 5]),
  subject(E.convertElementTypeP, [array([0.25, 0, -0, Number.NaN])], { dtype: "bool" }, [1, 0, 0, 1]),
  subject(E.convertElementTypeP, [array([200, 0], [2], "uint8")], { dtype: "float32" }, [200, 0]),
  subject(E.bitcastConvertTypeP, [array([1, -2], [2], "float32")], { dtype: "uint32" }, [0x3f800000, 0xc0000000]),
];

const m = array([1, 2, 3, 4, 5, 6], [2, 3]);
const scalar = (x: number, dtype: DType = "float64"): Concrete => array([x], [], dtype);
const movements: readonly Subject[] = [
  subject(M.revP, [m], { axes: [1] }, [3, 2, 1, 6, 5, 4], [2, 3]),
  subject(M.revP, [m], { axes: [0, 1] }, [6, 5, 4, 3, 2, 1], [2, 3]),
  subject(M.revP, [empty([0, 3])], { axes: [0] }, [], [0, 3]),
  subject(M.sliceP, [m], { start: [0, 0], limit: [2, 3], stride: [1, 2] }, [1, 3, 4, 6], [2, 2]),
  subject(M.sliceP, [array([1, 2, 3, 4, 5, 6, 7, 8])], { start: [1], limit: [7], stride: [4] }, [2, 6]),
  subject(M.sliceP, [m], { start: [1, 1], limit: [1, 3], stride: [1, 1] }, [], [0, 2]),
  subject(M.padP, [array([1, 2, 3]), scalar(9)], { lo: [1], hi: [2], interior: [1] }, [9, 1, 9, 2, 9, 3, 9, 9]),
  subject(M.padP, [array([1, 2, 3, 4]), scalar(9)], { lo: [-1], hi: [-2], interior: [0] }, [2]),
  subject(M.padP, [array([1, 2, 3]), scalar(9)], { lo: [-2], hi: [1], interior: [2] }, [9, 2, 9, 9, 3, 9]),
  subject(M.padP, [empty([0]), scalar(9)], { lo: [1], hi: [1], interior: [3] }, [9, 9]),
  subject(M.padP, [m, scalar(0)], { lo: [0, -1], hi: [1, 1], interior: [0, 0] }, [2, 3, 0, 5, 6, 0, 0, 0, 0], [3, 3]),
  subject(M.concatenateP, [m, array([7, 8], [2, 1]), empty([2, 0])], { axis: 1 }, [1, 2, 3, 7, 4, 5, 6, 8], [2, 4]),
  subject(M.concatenateP, [m, array([7, 8, 9], [1, 3])], { axis: 0 }, [1, 2, 3, 4, 5, 6, 7, 8, 9], [3, 3]),
  subject(M.concatenateP, [empty([0]), empty([0])], { axis: 0 }, []),
  subject(M.concatenateP, [array([1], [1], "uint8"), array([0, 5], [2], "uint8")], { axis: 0 }, [1, 0, 5]),
  subject(M.iotaP, [], { shape: [2, 3], dim: 1, dtype: "int32" }, [0, 1, 2, 0, 1, 2], [2, 3]),
  subject(M.iotaP, [], { shape: [2, 0], dim: 1, dtype: "float32" }, [], [2, 0]),
];
const nan = Number.NaN;
const reduced: readonly Subject[] = [
  subject(R.reduceMaxP, [m], { axes: [0] }, [4, 5, 6]),
  subject(R.reduceMaxP, [m], { axes: [0, 1] }, [6], []),
  subject(R.reduceMaxP, [empty([2, 0])], { axes: [1] }, [-Infinity, -Infinity]),
  subject(R.reduceMaxP, [empty([2, 0], "int32")], { axes: [1] }, [-(2 ** 31), -(2 ** 31)]),
  subject(R.reduceMinP, [m], { axes: [1] }, [1, 4]),
  subject(R.reduceMinP, [empty([0], "uint32")], { axes: [0] }, [2 ** 32 - 1], []),
  subject(R.reduceMaxP, [array([0, 1, 0, 0], [2, 2], "bool")], { axes: [1] }, [1, 0]),
  subject(R.reduceMinP, [array([0, 1, 1, 1], [2, 2], "bool")], { axes: [1] }, [0, 1]),
  subject(R.reduceProdP, [m], { axes: [0] }, [4, 10, 18]),
  subject(R.reduceProdP, [array([0, 2, 3, 0, 0, 5, 1.5, 2, -1], [3, 3])], { axes: [1] }, [0, 0, -3]),
  subject(R.reduceProdP, [array([1, 2, 0, 4, 5, 6, 7, 8], [2, 2, 2])], { axes: [0, 2] }, [60, 0]),
  subject(R.reduceProdP, [empty([2, 0])], { axes: [1] }, [1, 1]),
  subject(R.reduceAndP, [array([0, 1, 1, 1], [2, 2], "bool")], { axes: [1] }, [0, 1]),
  subject(R.reduceAndP, [array([7, 12], [2], "int32")], { axes: [0] }, [4], []),
  subject(R.reduceAndP, [empty([0], "bool")], { axes: [0] }, [1], []),
  subject(R.reduceOrP, [array([1, 4], [2], "uint32")], { axes: [0] }, [5], []),
  subject(R.reduceOrP, [empty([0], "bool")], { axes: [0] }, [0], []),
  subject(R.argmaxP, [array([1, 3, 3, 2, 2, 0], [2, 3])], { axis: 1, indexDtype: "int32" }, [1, 0]),
  subject(R.argmaxP, [array([1, nan, nan, 9, 5, 6], [2, 3])], { axis: 1, indexDtype: "int32" }, [1, 0]),
  subject(R.argminP, [array([1, 3, 1, nan, 0, -1], [2, 3])], { axis: 0, indexDtype: "uint32" }, [1, 1, 1]),
  subject(R.argmaxP, [array([0, 1, 1], [3], "bool")], { axis: 0, indexDtype: "int32" }, [1], []),
  subject(R.argminP, [array([-Infinity, -Infinity], [2])], { axis: 0, indexDtype: "int32" }, [0], []),
];
const forward = { axis: 0, reverse: false };
const wide = Array.from({ length: 3 * 18 }, (_, i) => (i % 7) - 2.5);
const runs: readonly Subject[] = [
  subject(C.cumsumP, [m], { axis: 1, reverse: false }, [1, 3, 6, 4, 9, 15], [2, 3]),
  subject(C.cumsumP, [m], { axis: 0, reverse: true }, [5, 7, 9, 4, 5, 6], [2, 3]),
  subject(
    C.cumsumP,
    [array(wide, [3, 18])],
    forward,
    wide.map((_, i) => wide.filter((_, j) => j <= i && j % 18 === i % 18).reduce((a, b) => a + b, 0)),
    [3, 18],
  ),
  subject(C.cumsumP, [empty([0, 2])], forward, [], [0, 2]),
  subject(C.cumprodP, [array([2, 0, 3, 0, 4])], forward, [2, 0, 0, 0, 0]),
  subject(
    C.cumprodP,
    [array([1, 2, 3, 4, 5, 6, 7, 8], [2, 2, 2])],
    { axis: 1, reverse: false },
    [1, 2, 3, 8, 5, 6, 35, 48],
    [2, 2, 2],
  ),
  subject(C.cummaxP, [array([1, 3, 2, 5, 4])], forward, [1, 3, 3, 5, 5]),
  subject(C.cummaxP, [array([1, nan, 2])], forward, [1, nan, nan]),
  subject(C.cumminP, [array([4, 5, 2, 3])], { axis: 0, reverse: true }, [2, 2, 2, 3]),
  subject(C.cumminP, [array([4, -5, 2], [3], "int32")], forward, [4, -5, -5]),
  subject(C.cumlogsumexpP, [array([1, -2, 0.5])], forward, [
    1,
    Math.log(Math.exp(1) + Math.exp(-2)),
    Math.log(Math.exp(1) + Math.exp(-2) + Math.exp(0.5)),
  ]),
  subject(C.cumlogsumexpP, [array([-Infinity, 0, 1000])], forward, [-Infinity, 0, 1000]),
  subject(C.linearRecurrenceP, [array([5, 2, 0, 3]), array([1, 2, 3, 4])], forward, [1, 4, 3, 13]),
  subject(C.linearRecurrenceP, [array([5, 2, 0, 3]), array([1, 2, 3, 4])], { axis: 0, reverse: true }, [41, 8, 3, 4]),
];
const up = { axis: 0, descending: false };
const orders: readonly Subject[] = [
  subject(S.argsortP, [array([3, nan, -0, 0, -1, Infinity], [6], "float32")], up, [4, 2, 3, 0, 5, 1]),
  subject(
    S.argsortP,
    [array([1, 2, 1, 0, 3, 3], [2, 3], "int32")],
    { axis: 1, descending: true },
    [1, 0, 2, 1, 2, 0],
    [2, 3],
  ),
  subject(S.argsortP, [array([1, 0, 1, 0], [2, 2], "bool")], up, [0, 0, 1, 1], [2, 2]),
  subject(S.argsortP, [array([200, 3], [2], "uint8")], up, [1, 0]),
  subject(S.argsortP, [array([2 ** 31, 7], [2], "uint32")], up, [1, 0]),
  subject(S.argsortP, [empty([2, 0], "float32")], { axis: 1, descending: false }, [], [2, 0]),
];

const families = [ones, arithmetic, discrete, movements, reduced, runs, orders];
/** Every primitive of the families elementwise, movement, reductions, cumulative and sort at least once. */
export const subjects: readonly Subject[] = families.flat();
