// Random bits: the Threefry-2x32 block function of Random123 with 20 rounds, and JAX's partitionable use of it. A key is u32[2].
import type { Shape } from "../core/aval.ts";
import { showAval, sizeOf } from "../core/aval.ts";
import { ArgumentError, DTypeError, ShapeError } from "../core/errors.ts";
import type { Primitive } from "../core/primitive.ts";
import { bind } from "../core/trace.ts";
import { Literal, type Value } from "../core/value.ts";
import type { Expr } from "../kernel/expr.ts";
import { binary, constant } from "../kernel/expr.ts";
import { convertElementType } from "./convert.ts";
import { broadcast, full, insertAt, reshape } from "./linear.ts";
import { xor } from "./logic.ts";
import { concatenate, iota, sliceAxis } from "./movement.ts";
import { pointwise } from "./pointwise.ts";

const u32 = (v: number): Expr => constant("u32", v);
const add = (x: Expr, y: Expr): Expr => binary("add", x, y);
const rotateLeft = (x: Expr, by: number): Expr =>
  binary("or", binary("shl", x, u32(by)), binary("shr", x, u32(32 - by)));
const rotations = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
] as const;
/** Both words of the block: the counter `x0, x1` encrypted under the key `k0, k1`; a key word is added after every four rounds. */
const block = (k0: Expr, k1: Expr, x0: Expr, x1: Expr): readonly [Expr, Expr] => {
  const keys = [k0, k1, binary("xor", binary("xor", k0, k1), u32(0x1bd11bda))] as const;
  let a = add(x0, k0),
    b = add(x1, k1);
  for (let group = 1; group <= 5; group++) {
    for (const r of rotations[(group - 1) % 2] as readonly number[]) {
      a = add(a, b);
      b = binary("xor", rotateLeft(b, r), a);
    }
    a = add(a, keys[group % 3] as Expr);
    b = add(add(b, keys[(group + 1) % 3] as Expr), u32(group));
  }
  return [a, b];
};

/** One word of the block of key `k0, k1` and counter `x0, x1`, elementwise on uint32. Words of equal operands share their rounds. */
export const threefry2x32P: Primitive<{ readonly word: 0 | 1 }, readonly [0, 0, 0, 0]> = pointwise<
  { readonly word: 0 | 1 },
  readonly [0, 0, 0, 0]
>({
  name: "threefry2x32",
  accepts: ["uint32"],
  scalar: ([k0, k1, x0, x1], { word }) => block(k0, k1, x0, x1)[word],
  jvp: "zero",
});
/** Threefry-2x32 with 20 rounds, elementwise on uint32 values of equal shape: both words of the counter `x0, x1` under the key `k0, k1`. Throws ShapeError and DTypeError. */
export const threefry2x32 = (k0: Value, k1: Value, x0: Value, x1: Value): readonly [Value, Value] => [
  bind(threefry2x32P, [k0, k1, x0, x1], { word: 0 }),
  bind(threefry2x32P, [k0, k1, x0, x1], { word: 1 }),
];

const every = (shape: Shape): readonly number[] => shape.map((_, i) => i);
const wordOf = (op: string, key: Value, word: 0 | 1, shape: Shape): Value => {
  if (key.dtype !== "uint32")
    throw new DTypeError({
      op,
      expected: "a key of dtype uint32",
      got: showAval(key.aval),
      remedy: "make it with random.key",
    });
  if (key.ndim !== 1 || key.shape[0] !== 2)
    throw new ShapeError({
      op,
      expected: "one key, u32[2]",
      got: showAval(key.aval),
      remedy: "use vmap for an array of keys",
    });
  return broadcast(reshape(sliceAxis(key, 0, word, word + 1), []), shape, every(shape));
};
/** The block of each position of `shape`: its counter is the position in row-major order, as 64 bits. No array has 2^32 elements, so the high word is 0. */
const blocks = (op: string, key: Value, shape: Shape): readonly [Value, Value] =>
  threefry2x32(
    wordOf(op, key, 0, shape),
    wordOf(op, key, 1, shape),
    full(shape, 0, "uint32"),
    reshape(iota([sizeOf(shape)], 0, "uint32"), shape),
  );
const pair = ([a, b]: readonly [Value, Value]): Value => {
  const word = (v: Value): Value => reshape(v, insertAt(v.shape, v.ndim, 1));
  return concatenate([word(a), word(b)], a.ndim);
};

/** 32 random bits per element, `u32[...shape]`, from a key u32[2]. Throws ShapeError and DTypeError. */
export const randomBits = (key: Value, shape: Shape): Value => xor(...blocks("randomBits", key, shape));
/** 64 random bits per element as their high and low words, each `u32[...shape]`. Throws ShapeError and DTypeError. */
export const randomBits64 = (key: Value, shape: Shape): readonly [hi: Value, lo: Value] =>
  blocks("randomBits", key, shape);
/** New keys `u32[...shape, 2]` from one. Throws ShapeError and DTypeError. */
export const splitKey = (key: Value, shape: Shape): Value => pair(blocks("split", key, shape));
/** A new key from a key and a number, a scalar of dtype int32 or uint32: the block of the number. Throws ShapeError and DTypeError. */
export const foldInKey = (key: Value, data: Value): Value => {
  if (data.ndim !== 0)
    throw new ShapeError({
      op: "foldIn",
      expected: "a scalar to fold in",
      got: showAval(data.aval),
      remedy: "use vmap for many",
    });
  return pair(
    threefry2x32(
      wordOf("foldIn", key, 0, []),
      wordOf("foldIn", key, 1, []),
      new Literal(0, "uint32"),
      wordsOfInteger("foldIn", data),
    ),
  );
};
const wordsOfInteger = (op: string, x: Value): Value => {
  if (x.dtype !== "int32" && x.dtype !== "uint32")
    throw new DTypeError({
      op,
      expected: "an integer of dtype int32 or uint32",
      got: showAval(x.aval),
      remedy: 'convert it with astype("int32")',
    });
  return convertElementType(x, "uint32");
};

/**
 * High and low word of a seed. A negative seed that fits in 32 bits has the high word 0, as JAX has without 64-bit integers; others
 * are 64-bit numbers in two's complement. Throws ArgumentError.
 */
export const seedWords = (seed: number): readonly [hi: number, lo: number] => {
  if (!Number.isSafeInteger(seed))
    throw new ArgumentError({ op: "key", expected: "an integer seed between -2^53 and 2^53", got: String(seed) });
  return [seed < 0 && seed >= -0x80000000 ? 0 : Math.floor(seed / 0x100000000) >>> 0, seed >>> 0];
};
/** The key `u32[2]` of a seed: an integer up to 2^53, or a scalar of dtype int32 or uint32. Throws ArgumentError, ShapeError and DTypeError. */
export const seedKey = (seed: number | Value): Value => {
  if (typeof seed !== "number" && seed.ndim !== 0)
    throw new ShapeError({
      op: "key",
      expected: "a scalar seed",
      got: showAval(seed.aval),
      remedy: "use vmap for many",
    });
  const [hi, lo] =
    typeof seed === "number"
      ? seedWords(seed).map((w) => new Literal(w, "uint32"))
      : [new Literal(0, "uint32"), wordsOfInteger("key", seed)];
  return pair([hi as Value, lo as Value]);
};
