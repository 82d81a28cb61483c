// Every elementwise function of np at special points against plain JavaScript, in float32, float64 and the integers.
import { describe, expect, it } from "vitest";
import { type DType, DTypeError, jit, type NDArray, np } from "../src/index.ts";

type Numbers = readonly number[];
type Name = keyof typeof np;
const fraction = [0, -0, 0.5, -0.5, 1, -1, 1.5, -1.5, 2.5, -2.5, 3, -3, 1e-5, -1e-5, 0.9375];
const extreme = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
const floats: Numbers = [...fraction, 7, 20.25, -20.25, ...extreme];
const integers: Numbers = [0, 1, -1, 2, -2, 3, -3, 7, -7, 8, -8, 100, -100];
const whole: Numbers = [0, 1, 2, 3, 7, 8, 100, 2 ** 31, 2 ** 32 - 1];

/** Halves to the even neighbour. */
const even = (x: number): number => {
  if (!Number.isFinite(x)) return x;
  const f = Math.floor(x),
    d = x - f;
  const up = d > 0.5 || (d === 0.5 && f % 2 !== 0);
  const y = up ? f + 1 : f;
  return y === 0 && (x < 0 || Object.is(x, -0)) ? -0 : y;
};
const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));
const unaryTable: Readonly<Partial<Record<Name, (x: number) => number>>> = {
  negative: (x) => -x,
  positive: (x) => x,
  abs: Math.abs,
  fabs: Math.abs,
  sign: Math.sign,
  square: (x) => x * x,
  reciprocal: (x) => 1 / x,
  floor: Math.floor,
  ceil: Math.ceil,
  trunc: Math.trunc,
  rint: even,
  sqrt: Math.sqrt,
  cbrt: Math.cbrt,
  exp: Math.exp,
  exp2: (x) => 2 ** x,
  expm1: Math.expm1,
  log: Math.log,
  log2: Math.log2,
  log10: Math.log10,
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
  deg2rad: (x) => (x * Math.PI) / 180,
  rad2deg: (x) => (x * 180) / Math.PI,
  sinc,
  isnan: (x) => Number(Number.isNaN(x)),
  isinf: (x) => Number(Math.abs(x) === Number.POSITIVE_INFINITY),
  isposinf: (x) => Number(x === Number.POSITIVE_INFINITY),
  isneginf: (x) => Number(x === Number.NEGATIVE_INFINITY),
  isfinite: (x) => Number(Number.isFinite(x)),
  signbit: (x) => Number(x < 0 || Object.is(x, -0)),
  logicalNot: (x) => Number(x === 0),
  nanToNum: (x) => x,
};

const pythonMod = (x: number, y: number): number => {
  const r = x % y;
  return r !== 0 && r < 0 !== y < 0 ? r + y : r;
};
const max = (x: number, y: number): number => Math.max(x, y);
const min = (x: number, y: number): number => Math.min(x, y);
const ignoring =
  (f: (x: number, y: number) => number) =>
  (x: number, y: number): number =>
    Number.isNaN(x) ? y : Number.isNaN(y) ? x : f(x, y);
const logSum = (x: number, y: number): number => {
  if (x === y) return x + Math.LN2;
  const m = Math.max(x, y);
  return Number.isFinite(m) ? m + Math.log1p(Math.exp(-Math.abs(x - y))) : m;
};
const logSum2 = (x: number, y: number): number => {
  if (x === y) return x + 1;
  const m = Math.max(x, y);
  return Number.isFinite(m) ? m + Math.log1p(2 ** -Math.abs(x - y)) / Math.LN2 : m;
};
/** C's pow, which knows that 1 to any power is 1. */
const pow = (x: number, y: number): number =>
  x === 1 || (x === -1 && Math.abs(y) === Number.POSITIVE_INFINITY) ? 1 : x ** y;
const binaryTable: Readonly<Partial<Record<Name, (x: number, y: number) => number>>> = {
  add: (x, y) => x + y,
  subtract: (x, y) => x - y,
  multiply: (x, y) => x * y,
  divide: (x, y) => x / y,
  mod: pythonMod,
  fmod: (x, y) => x % y,
  power: pow,
  floatPower: pow,
  maximum: max,
  minimum: min,
  fmax: ignoring(max),
  fmin: ignoring(min),
  equal: (x, y) => Number(x === y),
  notEqual: (x, y) => Number(x !== y),
  less: (x, y) => Number(x < y),
  lessEqual: (x, y) => Number(x <= y),
  greater: (x, y) => Number(x > y),
  greaterEqual: (x, y) => Number(x >= y),
  logicalAnd: (x, y) => Number(x !== 0 && y !== 0),
  logicalOr: (x, y) => Number(x !== 0 || y !== 0),
  logicalXor: (x, y) => Number((x !== 0) !== (y !== 0)),
  copysign: (x, y) => (y < 0 || Object.is(y, -0) ? -Math.abs(x) : Math.abs(x)),
  hypot: Math.hypot,
  atan2: Math.atan2,
  logaddexp: logSum,
  logaddexp2: logSum2,
  heaviside: (x, y) => (x === 0 ? y : Number.isNaN(x) ? x : Number(x > 0)),
};

type Elementwise = (...xs: NDArray[]) => NDArray;
const functionOf = (name: string): Elementwise => np[name as Name] as unknown as Elementwise;
const values = (y: NDArray): readonly number[] => Array.from(y.dataSync());
/** Relative tolerance: a few units in the last place. */
const tolerance = { float32: 1e-6, float64: 4e-15 } as const;
const agrees = (got: number, want: number, dtype: "float32" | "float64", scale: number): boolean => {
  const rounded = dtype === "float32" ? Math.fround(want) : want;
  if (Object.is(got, rounded) || got === rounded) return true;
  return Math.abs(got - want) <= tolerance[dtype] * Math.max(Math.abs(want), scale);
};
/** Complaints about a function on columns of arguments. */
const wrong = (
  name: string,
  columns: readonly Numbers[],
  dtype: "float32" | "float64",
  f: (...xs: number[]) => number,
  scale = 0,
): readonly string[] => {
  const arrays = columns.map((c) => np.array(Float64Array.from(c)).astype(dtype)),
    exact = arrays.map(values);
  const got = values(functionOf(name)(...arrays));
  return got.flatMap((y, i) => {
    const xs = exact.map((column) => column[i] as number),
      want = f(...xs);
    return agrees(y, want, dtype, scale) ? [] : [`${name}(${xs}) = ${y}, not ${want} (${dtype})`];
  });
};
const pairs = (xs: Numbers): readonly [Numbers, Numbers] => [xs.flatMap((x) => xs.map(() => x)), xs.flatMap(() => xs)];
// A rounded multiple of pi has no exact sine, and the difference of rounded products is only as good as the operands.
const scales: Readonly<Partial<Record<Name, number>>> = {
  sinc: 0.2,
  tan: 1e-3,
  logaddexp: 1,
  logaddexp2: 1,
  mod: 1e-5,
  fmod: 1e-5,
};

describe("functions of one number", () => {
  for (const [name, f] of Object.entries(unaryTable))
    it(name, () => {
      for (const dtype of ["float32", "float64"] as const) {
        const points = name === "nanToNum" ? fraction : floats;
        expect(wrong(name, [points], dtype, f, scales[name as Name] ?? 0)).toEqual([]);
      }
    });
  it("integers become float32 where the result is real", () => {
    for (const name of ["sqrt", "exp", "tanh", "reciprocal"] as const) {
      const x = np.array(Int32Array.from([1, 2, 5]));
      expect(functionOf(name)(x).dtype).toBe("float32");
      expect(values(functionOf(name)(x))).toEqual(values(functionOf(name)(x.astype("float32"))));
    }
  });
  it("rounding keeps integers as they are", () => {
    for (const name of ["floor", "ceil", "trunc", "round", "abs", "sign", "square", "negative"] as const) {
      const y = functionOf(name)(np.array(Int32Array.from([-2, 0, 3])));
      expect([name, y.dtype]).toEqual([name, "int32"]);
    }
  });
});

describe("functions of two numbers", () => {
  for (const [name, f] of Object.entries(binaryTable))
    it(name, () => {
      const [x, y] = pairs(floats);
      for (const dtype of ["float32", "float64"] as const)
        expect(wrong(name, [x, y], dtype, f, scales[name as Name] ?? 0)).toEqual([]);
    });
  it("floorDivide", () => {
    const [x, y] = pairs([0.5, -0.5, 1, -1, 1.5, -2.5, 7, -7, 3]);
    expect(wrong("floorDivide", [x, y], "float32", (a, b) => Math.floor(a / b))).toEqual([]);
    expect(wrong("floorDivide", [x, y], "float64", (a, b) => Math.floor(a / b))).toEqual([]);
  });
});

describe("integers", () => {
  const table: Readonly<Partial<Record<Name, (x: number, y: number) => number>>> = {
    add: (x, y) => x + y,
    subtract: (x, y) => x - y,
    multiply: Math.imul,
    floorDivide: (x, y) => Math.floor(x / y),
    mod: pythonMod,
    fmod: (x, y) => x % y,
    maximum: max,
    minimum: min,
    bitwiseAnd: (x, y) => x & y,
    bitwiseOr: (x, y) => x | y,
    bitwiseXor: (x, y) => x ^ y,
    leftShift: (x, n) => (n < 0 || n > 31 ? 0 : x << n),
    rightShift: (x, n) => x >> (n < 0 || n > 31 ? 31 : n),
    less: (x, y) => Number(x < y),
    equal: (x, y) => Number(x === y),
  };
  const unsignedTable: typeof table = {
    ...table,
    rightShift: (x, n) => (n > 31 ? 0 : x >>> n),
    floorDivide: (x, y) => Math.floor(x / y),
  };
  const check = (dtype: DType, numbers: Numbers, rules: typeof table, wrap: (x: number) => number): void => {
    for (const [name, f] of Object.entries(rules)) {
      const divides = ["floorDivide", "mod", "fmod"].includes(name),
        [x, y] = pairs(numbers),
        keep = x.map((_, i) => !divides || y[i] !== 0);
      const [a, b] = [x, y].map((column) => column.filter((_, i) => keep[i])) as unknown as [Numbers, Numbers];
      const got = functionOf(name)(np.array(a, { dtype }), np.array(b, { dtype }));
      const want = a.map((v, i) => wrap(f(v, b[i] as number)) + 0);
      expect([name, values(got)]).toEqual([name, want]);
    }
  };
  it("int32", () => check("int32", integers, table, (x) => x | 0));
  it("uint32", () => check("uint32", whole, unsignedTable, (x) => x >>> 0));
  it("powers are exact", () => {
    const x = np.array(Int32Array.from([-3, 0, 2, 7]));
    expect(x.pow(2).js()).toEqual([9, 0, 4, 49]);
    expect(x.pow(np.array(Int32Array.from([3, 0, 30, 11]))).js()).toEqual([-27, 1, 2 ** 30, 1977326743]);
    expect(x.pow(2).dtype).toBe("int32");
  });
  it("bits", () => {
    const x = np.array(Int32Array.from([0, 1, -1, 6]));
    expect(np.bitwiseNot(x).js()).toEqual([-1, -2, 0, -7]);
    expect(np.bitwiseCount(x).js()).toEqual([0, 1, 32, 2]);
    expect(() => np.bitwiseAnd(np.ones([2]), np.ones([2]))).toThrow(DTypeError);
  });
});

describe("choices", () => {
  const x = np.array([-2, 0.5, Number.NaN, 9]);
  it("clip leaves NaN and open sides alone", () => {
    expect(np.clip(x, 0, 1).js()).toEqual([0, 0.5, Number.NaN, 1]);
    expect(np.clip(x, null, 1).js()).toEqual([-2, 0.5, Number.NaN, 1]);
    expect(np.clip(x, 0).js()).toEqual([0, 0.5, Number.NaN, 9]);
    expect(np.clip(x, 3, 1).js()).toEqual([1, 1, Number.NaN, 1]);
    expect(np.clip(np.array(Int32Array.from([5])), 0, 3).dtype).toBe("int32");
  });
  it("where broadcasts all three and promotes two", () => {
    const y = np.where(np.array([[true], [false]]), np.array(Int32Array.from([1, 2])), 0.5);
    expect(y.js()).toEqual([
      [1, 2],
      [0.5, 0.5],
    ]);
    expect(np.where(x, 1, 0).js()).toEqual([1, 1, 1, 1]);
    expect(np.where(np.array([0, 3, 0, -1])).map((p) => p.js())).toEqual([[1, 3]]);
  });
  it("nanToNum", () => {
    const bad = np.array([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2]);
    expect(np.nanToNum(bad).js()).toEqual([0, np.finfo("float32").max, np.finfo("float32").min, 2]);
    expect(np.nanToNum(bad, { nan: 1, posinf: 2, neginf: 3 }).js()).toEqual([1, 2, 3, 2]);
  });
  it("round keeps decimals, of integers too", () => {
    expect(np.round(np.array([0.125, -1.375, 2.5]), 2).js()).toEqual([0.12, -1.38, 2.5].map(Math.fround));
    expect(np.round(np.array(Int32Array.from([15, 25, 149])), -1).js()).toEqual([20, 20, 150]);
  });
  it("isclose knows infinities and NaN", () => {
    const a = np.array([1, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.NaN]),
      b = np.array([1 + 1e-7, Number.POSITIVE_INFINITY, 1, Number.NaN]);
    expect(np.isclose(a, b).js()).toEqual([true, true, false, false]);
    expect(np.isclose(a, b, { equalNan: true }).js()).toEqual([true, true, false, true]);
    expect(np.allclose(a, b).item()).toBe(false);
    expect(np.arrayEqual([1, 2], [1, 2, 3]).item()).toBe(false);
  });
});

describe("jit agrees with eager", () => {
  it("on every function of two numbers", () => {
    const [x, y] = pairs(floats).map((c) => np.array(c)) as [NDArray, NDArray];
    for (const name of Object.keys(binaryTable)) {
      const f = functionOf(name);
      expect([name, values(jit((a: NDArray, b: NDArray) => f(a, b))(x, y))]).toEqual([name, values(f(x, y))]);
    }
  });
});
