// Uniform samples: bits, reals, integers, and what compares one uniform number.
import type { Shape } from "../../core/aval.ts";
import { showAval } from "../../core/aval.ts";
import type { DType } from "../../core/dtype.ts";
import { isFloating } from "../../core/dtype.ts";
import { ArgumentError, DTypeError } from "../../core/errors.ts";
import type { Value } from "../../core/value.ts";
import {
  add,
  bitcastConvertType,
  convertElementType,
  eq,
  gt,
  le,
  lt,
  max,
  min,
  mul,
  or,
  rem,
  select,
  shiftRightLogical,
  sub,
} from "../../primitives/elementwise.ts";
import { full, reshape } from "../../primitives/linear.ts";
import { sliceAxis } from "../../primitives/movement.ts";
import { fullLike } from "../../primitives/pointwise.ts";
import { randomBits, randomBits64, splitKey } from "../../primitives/threefry.ts";
import { type ArrayLike, asArray, elementOf, type NDArray } from "../array.ts";
import { expandTo } from "../broadcasting.ts";
import { program } from "../program.ts";
import { consume, type Key } from "./key.ts";
import {
  checkShape,
  type FloatOptions,
  type Form,
  floatForm,
  type IntegerOptions,
  integerForm,
  parameters,
} from "./sampler.ts";
import { named } from "../named.ts";

/** The words of `n` new keys. */
export const subkeys = (key: Value, n: number): readonly Value[] => {
  const all = splitKey(key, [n]);
  return Array.from({ length: n }, (_, i) => reshape(sliceAxis(all, 0, i, i + 1), [2]));
};

/** Uniform in [0, 1): the top bits become the fraction of a number in [1, 2), less 1. */
export const unit = ({ shape, dtype }: Form, key: Value): Value => {
  if (dtype === "float64") {
    const [hi, lo] = randomBits64(key, shape).map((word, i) =>
      convertElementType(i === 0 ? word : shiftRightLogical(word, fullLike(word, 12)), "float64"),
    ) as [Value, Value];
    return add(mul(hi, fullLike(hi, 2 ** -32)), mul(lo, fullLike(lo, 2 ** -52))); // 52 bits: exact
  }
  const bits = randomBits(key, shape),
    oneTo2 = or(shiftRightLogical(bits, fullLike(bits, 9)), fullLike(bits, 0x3f800000)),
    x = bitcastConvertType(oneTo2, "float32");
  return sub(x, fullLike(x, 1));
};
/** Uniform in [lo, hi). */
export const between = (form: Form, key: Value, lo: Value | number, hi: Value | number): Value => {
  const [a, b] = [lo, hi].map((x) =>
    typeof x === "number" ? full(form.shape, x, form.dtype) : expandTo("uniform", x, form.shape),
  ) as [Value, Value];
  return max(a, add(mul(unit(form, key), sub(b, a)), a));
};

const drawBits = program<Form>("bits", ({ shape, dtype }, key) =>
  convertElementType(randomBits(key as Value, shape), dtype),
);
/**
 * Random bits, `u32[...shape]`; with `dtype: "uint8"`, 8 bits each. Throws ShapeError and DTypeError.
 * @example
 * random.bits(random.key(0)) // => 4070199207
 */
export const bits = named(
  "bits",
  ["shape"],
  ["dtype"],
  (key: Key, shape: Shape = [], { dtype = "uint32" }: { readonly dtype?: DType } = {}): NDArray => {
    if (dtype !== "uint32" && dtype !== "uint8")
      throw new DTypeError({ op: "bits", expected: "a dtype uint32 or uint8", got: String(dtype) });
    return drawBits({ shape: checkShape("bits", shape), dtype }, consume("bits", key));
  },
);

/** Options of `uniform`. */
export interface UniformOptions extends FloatOptions {
  /** Least value (0), a number or an array that broadcasts to the shape. */
  readonly minval?: ArrayLike;
  /** The value that is just not reached (1), a number or an array that broadcasts to the shape. */
  readonly maxval?: ArrayLike;
}
const drawUnit = program<Form>("uniform", (form, key) => unit(form, key as Value));
const drawBetween = program<Form>("uniform", (form, key, lo, hi) =>
  between(form, key as Value, lo as Value, hi as Value),
);
/**
 * Uniform reals in `[minval, maxval)`, `f32[...shape]`. Throws ShapeError and DTypeError.
 * @example
 * random.uniform(random.key(0), [3]) // => [0.947667   0.9785799  0.33229148]
 */
export const uniform = named(
  "uniform",
  ["shape"],
  ["dtype", "minval", "maxval"],
  (key: Key, shape: Shape = [], options: UniformOptions = {}): NDArray => {
    const form = floatForm("uniform", shape, options),
      { minval, maxval } = options;
    if (minval === undefined && maxval === undefined) return drawUnit(form, consume("uniform", key));
    const [bounds] = parameters("uniform", [minval ?? 0, maxval ?? 1], form.shape, form.dtype);
    return drawBetween(form, consume("uniform", key), ...bounds);
  },
);

const drawBernoulli = program<Form>("bernoulli", (form, key, p) =>
  lt(unit(form, key as Value), expandTo("bernoulli", p as Value, form.shape)),
);
/**
 * True with probability `p` (a number or an array of reals), `bool[...shape]`; the shape is `p`'s if none is given. Throws
 * ShapeError and DTypeError.
 * @example
 * random.bernoulli(random.key(0), 0.95, [3]) // => [ True False  True]
 */
export const bernoulli = named(
  "bernoulli",
  ["p", "shape"],
  [],
  (key: Key, p: ArrayLike = 0.5, shape: Shape | null = null): NDArray => {
    const probability = asArray(p, "bernoulli");
    if (!isFloating(probability.dtype))
      throw new DTypeError({
        op: "bernoulli",
        expected: "probabilities of dtype float32 or float64",
        got: showAval(probability.aval),
        remedy: 'convert them with astype("float32")',
      });
    const [params, common] = parameters("bernoulli", [probability], shape, probability.dtype);
    return drawBernoulli({ shape: common, dtype: probability.dtype }, consume("bernoulli", key), ...params);
  },
);

/** -1 or 1 with equal probability. */
export const signs = ({ shape, dtype }: Form, key: Value): Value => {
  const u = unit({ shape, dtype: "float32" }, key);
  return select(lt(u, fullLike(u, 0.5)), full(shape, 1, dtype), full(shape, -1, dtype));
};
const drawSigns = program<Form>("rademacher", (form, key) => signs(form, key as Value));
/**
 * -1 or 1 with equal probability, `i32[...shape]` or of the given dtype, which has a sign. Throws ShapeError and DTypeError.
 * @example
 * random.rademacher(random.key(1), [4]) // => [1 -1 1 1]
 */
export const rademacher = named(
  "rademacher",
  ["shape"],
  ["dtype"],
  (key: Key, shape: Shape = [], { dtype = "int32" }: { readonly dtype?: DType } = {}): NDArray => {
    if (dtype !== "int32" && !isFloating(dtype))
      throw new DTypeError({ op: "rademacher", expected: "a dtype int32, float32 or float64", got: String(dtype) });
    return drawSigns({ shape: checkShape("rademacher", shape), dtype }, consume("rademacher", key));
  },
);

const ranges = { int32: [-(2 ** 31), 2 ** 31 - 1], uint32: [0, 2 ** 32 - 1] } as const;
type Word = keyof typeof ranges;
/** A bound brought into the range of `dtype`, and whether it was above. */
const bound = (x: ArrayLike, dtype: Word): readonly [value: Value, above: Value | boolean] => {
  const [least, greatest] = ranges[dtype];
  if (typeof x === "number") {
    if (Number.isNaN(x)) throw new ArgumentError({ op: "randint", expected: "bounds that are numbers", got: "NaN" });
    const n = Math.trunc(x);
    return [asArray(elementOf(Math.min(Math.max(n, least), greatest), dtype), "randint", dtype), n > greatest];
  }
  const given = asArray(x, "randint"),
    v = given.dtype === "int32" || given.dtype === "uint32" ? given : convertElementType(given, "int32");
  if (v.dtype === dtype) return [v, false];
  if (dtype === "uint32") return [convertElementType(max(v, fullLike(v, 0)), dtype), false];
  const top = fullLike(v, greatest);
  return [convertElementType(min(v, top), dtype), gt(v, top)];
};
/** `x mod n` for uint32, x where n is 0. */
const modulo = (x: Value, n: Value): Value => select(eq(n, fullLike(n, 0)), x, rem(x, n));
const drawIntegers = program<Form>("randint", ({ shape, dtype }, key, ...given) => {
  const [lo, hi, above] = given.map((x) => expandTo("randint", x, shape)) as [Value, Value, Value];
  const [high, low] = subkeys(key as Value, 2).map((k) => randomBits(k, shape)) as [Value, Value];
  const empty = le(hi, lo),
    width = convertElementType(sub(hi, lo), "uint32"),
    one = fullLike(width, 1);
  const span = select(empty, one, select(above, add(width, one), width));
  // (2^32 high + low) mod span, with 2^32 mod span as the square of 2^16 mod span.
  const root = modulo(fullLike(span, 0x10000), span),
    factor = modulo(mul(root, root), span);
  const offset = modulo(add(mul(modulo(high, span), factor), modulo(low, span)), span);
  return add(lo, convertElementType(offset, dtype));
});
/** Uniform integers below `n`, of words instead of a key. */
export const integers = (form: Form, words: Value, n: number): Value =>
  drawIntegers(
    form,
    words,
    asArray(0, "randint", form.dtype),
    asArray(n, "randint", form.dtype),
    asArray(false, "randint"),
  );
/**
 * Uniform integers in `[minval, maxval)`, `i32[...shape]`; the bounds are integers or arrays that broadcast to the shape, and
 * `minval` is what is drawn where `maxval <= minval`. Throws ShapeError, DTypeError and ArgumentError.
 * @example
 * random.randint(random.key(1), [5], 0, 10) // => [6 7 0 3 8]
 */
export const randint = named(
  "randint",
  [],
  ["dtype"],
  (key: Key, shape: Shape, minval: ArrayLike, maxval: ArrayLike, options: IntegerOptions = {}): NDArray => {
    const form = integerForm("randint", shape, options),
      dtype = form.dtype as Word;
    const [lo] = bound(minval, dtype),
      [hi, over] = bound(maxval, dtype);
    const above = typeof over === "boolean" ? asArray(over, "randint") : over;
    for (const x of [lo, hi]) parameters("randint", [x], form.shape, dtype);
    return drawIntegers(form, consume("randint", key), lo, hi, above);
  },
);
