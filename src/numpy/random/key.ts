// Random keys: typed values around the two words of Threefry's key. Where each comes from, and which were used already.
import type { Shape } from "../../core/aval.ts";
import { showAval } from "../../core/aval.ts";
import { ArgumentError, DTypeError, ShapeError, userLine } from "../../core/errors.ts";
import { isEager } from "../../core/trace.ts";
import { registerNode } from "../../core/tree.ts";
import { Value } from "../../core/value.ts";
import { reshape } from "../../primitives/linear.ts";
import { sliceAxis } from "../../primitives/movement.ts";
import { foldInKey, seedKey, seedWords, splitKey } from "../../primitives/threefry.ts";
import { ConcreteArray, fromTyped } from "../../runtime/array.ts";
import { settings } from "../../runtime/configure.ts";
import { type ArrayLike, asArray, type NDArray } from "../array.ts";
import { program } from "../program.ts";
import { checkShape } from "./sampler.ts";
import { named } from "../named.ts";

// Keys of an array that are printed.
const shownKeys = 6;
/**
 * A random key, or an array of keys. Keys are consumed, not changed: what draws numbers from a key always draws the same ones, so
 * each key is for one use, and `split` makes new ones. An array of keys is iterable, has `at(i)`, and can be mapped by `vmap`.
 * @example
 * const keys = random.split(random.key(0), 3);
 * keys[1] // => key<fry>[928981903 3453687069]
 * keys.at(1) === keys[1] // => true
 */
export class Key {
  /** The words, `u32[..., 2]`. */
  readonly data: Value;
  // Members that were taken out, and the words they came from: the same member is the same object each time.
  readonly #members: (Key | undefined)[] = [];
  #words: Uint32Array | null = null;

  constructor(data: Value) {
    this.data = data;
  }
  /** The i-th key along the first axis; negative positions count from the end. Throws ShapeError. */
  at(i: number): Key {
    if (this.data.ndim < 2)
      throw new ShapeError({
        op: "Key.at",
        expected: "an array of keys",
        got: "one key",
        remedy: "random.split makes several of it",
      });
    const extent = this.data.shape[0] as number;
    if (!Number.isInteger(i) || i < -extent || i >= extent)
      throw new ShapeError({ op: "Key.at", expected: `a position from ${-extent} to ${extent - 1}`, got: String(i) });
    const at = i < 0 ? i + extent : i;
    this.#members[at] ??= new Key(this.#member(at));
    return this.#members[at] as Key;
  }
  #member(i: number): Value {
    const inner = this.data.shape.slice(1);
    if (!(this.data instanceof ConcreteArray)) return reshape(sliceAxis(this.data, 0, i, i + 1), inner);
    this.#words ??= this.data.dataSync() as Uint32Array;
    const size = this.#words.length / (this.data.shape[0] as number);
    return fromTyped("uint32", inner, this.#words.subarray(i * size, (i + 1) * size), "Key.at");
  }
  *[Symbol.iterator](): Iterator<Key> {
    for (let i = 0; i < Math.max(1, this.data.shape[0] ?? 0); i++) yield this.at(i);
  }
  toString(): string {
    const { data } = this;
    if (!(data instanceof ConcreteArray)) return "key<fry>";
    if (data.ndim < 2) return `key<fry>[${data.dataSync().join(" ")}]`;
    const count = data.shape[0] as number,
      shown = Array.from({ length: Math.min(count, shownKeys) }, (_, i) => String(this.at(i)));
    return `[${shown.join(" ")}${count > shownKeys ? ` ... ${count} in all` : ""}]`;
  }
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}
registerNode<Key>(Key, {
  name: "Key",
  flatten: (key) => [[key.data], ["data"], null],
  unflatten: ([data]) => new Key(data as Value),
});
// `keys[0]`, for the few keys that code names one by one.
const indexed = 16;
for (let i = 0; i < indexed; i++)
  Object.defineProperty(Key.prototype, i, {
    get(this: Key): Key | undefined {
      return this.data.ndim > 1 && i < (this.data.shape[0] as number) ? this.at(i) : undefined;
    },
  });

type Below<N extends number, Seen extends readonly 0[] = []> = number extends N
  ? never
  : Seen["length"] extends N | 16
    ? never
    : Seen["length"] | Below<N, [...Seen, 0]>;
/** An array of N keys: `const [a, b] = random.split(key)`. */
export type Keys<N extends number> = Key & { readonly [I in Below<N>]: Key };

// Words of the keys that were used while `check` was on, with the use.
const uses = new WeakMap<Value, string>();
/**
 * The words of one key, which this use consumes. Throws DTypeError for what is no key, ShapeError for an array of keys, and with
 * `configure({ check: true })` ArgumentError for a key that was used before.
 */
export const consume = (op: string, key: Key): Value => {
  checkKey(op, key);
  if (key.data.ndim !== 1)
    throw new ShapeError({
      op,
      expected: "one key",
      got: `an array of keys of shape [${key.data.shape.slice(0, -1)}]`,
      remedy: "map over them with vmap, or take one with keys.at(i)",
    });
  if (settings().check) {
    const before = uses.get(key.data);
    if (before !== undefined)
      throw new ArgumentError({
        op,
        expected: "a key that was not used before",
        got: `one that ${before} has used`,
        remedy: "make new keys of it first: const [a, b] = random.split(key)",
      });
    const line = userLine();
    uses.set(key.data, `random.${op}${line === null ? "" : ` at ${line}`}`);
  }
  return key.data;
};
const checkKey = (op: string, key: unknown): void => {
  if (!(key instanceof Key))
    throw new DTypeError({
      op,
      expected: "a random key",
      got: key instanceof Value ? showAval(key.aval) : key === null ? "null" : `a ${typeof key}`,
      remedy:
        key instanceof Value
          ? "random.wrapKeyData makes a key of u32[2]"
          : "make one of a seed with random.key(0), or take it from an array of keys with keys.at(i)",
    });
};

/**
 * The key of a seed: an integer up to 2^53 in absolute value, or a scalar of dtype int32 or uint32. A negative seed of 32 bits
 * stands for its two's complement, as in JAX. Throws ArgumentError, ShapeError and DTypeError.
 * @example
 * random.key(42) // => key<fry>[0 42]
 */
export const key = (seed: number | NDArray): Key =>
  new Key(
    typeof seed === "number" && isEager()
      ? fromTyped("uint32", [2], Uint32Array.from(seedWords(seed)), "key")
      : seedKey(typeof seed === "number" ? seed : asArray(seed, "key")),
  );
/**
 * The same as `key`: all keys are typed.
 * @example
 * random.PRNGKey(0) // => key<fry>[0 0]
 */
export const PRNGKey = key;

/**
 * The words of keys, `u32[..., 2]`.
 * @example
 * random.keyData(random.key(7)) // => [0 7]
 */
export const keyData = (keys: Key): NDArray => {
  checkKey("keyData", keys);
  return keys.data;
};
/**
 * Keys of their words, an array `u32[..., 2]`. Throws DTypeError and ShapeError.
 * @example
 * random.wrapKeyData(Uint32Array.of(0, 7)) // => key<fry>[0 7]
 */
export const wrapKeyData = (data: ArrayLike): Key => {
  const words = asArray(data, "wrapKeyData");
  if (words.dtype !== "uint32")
    throw new DTypeError({
      op: "wrapKeyData",
      expected: "words of dtype uint32",
      got: showAval(words.aval),
      remedy: 'convert them with astype("uint32"), or pass a Uint32Array',
    });
  if (words.shape.at(-1) !== 2)
    throw new ShapeError({ op: "wrapKeyData", expected: "two words per key, u32[..., 2]", got: showAval(words.aval) });
  return new Key(words);
};

const copyWords = program<null>("clone", (_, words) => reshape(reshape(words, [1, ...words.shape]), words.shape));
/**
 * The same keys again, which `configure({ check: true })` lets you use once more.
 * @example
 * const key = random.key(1);
 * np.allclose(random.uniform(random.clone(key)), random.uniform(key)) // => True
 */
export const clone = (keys: Key): Key => {
  checkKey("clone", keys);
  return new Key(copyWords(null, keys.data));
};

const splitWords = program<Shape>("split", (shape, words) => splitKey(words, shape));
/** Both forms of `split`. */
export interface Split {
  <const N extends number = 2>(key: Key, num?: N): Keys<N>;
  <const N extends number = 2>(key: Key, options: { readonly num?: N }): Keys<N>;
  (key: Key, shape: number | Shape): Key;
}
/**
 * New keys from one, which is consumed: `num` of them, or an array of the given shape. They are independent of each other and
 * of all other keys. Throws ShapeError.
 * @example
 * const [a, b] = random.split(random.key(42));
 * a // => key<fry>[1832780943 270669613]
 * b // => key<fry>[64467757 2916123636]
 * random.keyData(random.split(random.key(0), [3, 2])).shape // => [3, 2, 2]
 */
export const split: Split = named("split", ["num"], [], (key: Key, num: number | Shape = 2): Keys<never> => {
  const shape = checkShape("split", typeof num === "number" ? [num] : num);
  return new Key(splitWords(shape, consume("split", key))) as Keys<never>;
}) as unknown as Split;

const foldWords = program<null>("foldIn", (_, words, data) => foldInKey(words, data as Value));
/**
 * A new key from a key, which is consumed, and a number: an integer of 32 bits or a scalar array of dtype int32 or uint32.
 * Different numbers give independent keys; number i gives the i-th key of `split`. Throws ArgumentError, ShapeError and DTypeError.
 * @example
 * random.foldIn(random.key(0), 1) // => key<fry>[928981903 3453687069]
 */
export const foldIn = (key: Key, data: number | NDArray): Key => {
  if (typeof data === "number" && !(Number.isInteger(data) && data >= -0x80000000 && data <= 0xffffffff))
    throw new ArgumentError({ op: "foldIn", expected: "an integer of 32 bits", got: String(data) });
  const number = typeof data === "number" ? asArray(data >>> 0, "foldIn", "uint32") : asArray(data, "foldIn");
  return new Key(foldWords(null, consume("foldIn", key), number));
};
