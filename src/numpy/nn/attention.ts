// Attention: queries weigh values by their products with keys.
import type { Shape } from "../../core/aval.ts";
import { showAval } from "../../core/aval.ts";
import { ArgumentError, DTypeError, ShapeError } from "../../core/errors.ts";
import type { Value } from "../../core/value.ts";
import { add, and, convertElementType, div, exp, ge, le, lt, mul, select, sub } from "../../primitives/elementwise.ts";
import { dotGeneral } from "../../primitives/dot.ts";
import { checkpoint } from "../../control/checkpoint.ts";
import { map } from "../../control/scan.ts";
import { stopGradient } from "../../primitives/identity.ts";
import { broadcast, reshape, sum, transpose, zerosOf } from "../../primitives/linear.ts";
import { concatenate, iota, sliceAxis } from "../../primitives/movement.ts";
import { fullLike } from "../../primitives/pointwise.ts";
import { reduceMax } from "../../primitives/reductions.ts";
import { type ArrayLike, asArray, type NDArray } from "../array.ts";
import { expandTo } from "../broadcasting.ts";
import { operand, real } from "../kinds.ts";
import { program } from "../program.ts";
import { named } from "../named.ts";

/** Options of `dotProductAttention`. */
export interface AttentionOptions {
  /** The factor of the products; `1 / sqrt(H)` if it is left out. */
  readonly scale?: number | null;
  /** Query t sees keys 0 to t only (false). */
  readonly isCausal?: boolean;
  /** How many queries of each sequence count, `i32[B]`; the others give 0 if keys have lengths too. */
  readonly querySeqLengths?: ArrayLike | null;
  /** How many keys of each sequence count, `i32[B]`. */
  readonly keyValueSeqLengths?: ArrayLike | null;
  /** How many keys to the left and to the right a query sees; one number for both. */
  readonly localWindowSize?: number | readonly [left: number, right: number] | null;
}

const operandNames = ["bias", "mask", "queries", "keys"] as const;
interface Attention {
  readonly scale: number;
  readonly isCausal: boolean;
  readonly window: readonly [left: number, right: number] | null;
  /** Which of the optional operands follow query, key and value. */
  readonly given: readonly (typeof operandNames)[number][];
}

// B sequences, T queries, S keys, K heads of keys, G heads of queries for each of them, H numbers per head.
const drawRows = (attrs: Attention, first: Value | null, values: readonly Value[]): Value => {
  const [query, key, value, ...rest] = values as readonly [Value, Value, Value, ...Value[]];
  const [B, T, N, H] = query.shape as readonly [number, number, number, number],
    [, S, K] = key.shape as readonly [number, number, number, number],
    G = N / K;
  const shape: Shape = [B, K, T, G, S];
  const part = (name: Attention["given"][number]): Value | undefined => rest[attrs.given.indexOf(name)];
  /** `[B|1, N|1, T|1, S|1]` in the shape of the products. */
  const grouped = (x: Value): Value => {
    const [b, n, t, s] = x.shape as readonly [number, number, number, number];
    const heads = n === 1 ? [b, 1, 1, t, s] : [b, K, G, t, s];
    return expandTo("dotProductAttention", transpose(reshape(x, heads), [0, 1, 3, 2, 4]), shape);
  };
  const products = dotGeneral(reshape(query, [B, T, K, G, H]), key, {
    contract: [[4], [3]],
    batch: [
      [0, 2],
      [0, 2],
    ],
  });
  let logits = mul(products, fullLike(products, attrs.scale));
  const bias = part("bias");
  if (bias !== undefined) logits = add(logits, grouped(bias));

  const from = (x: Value, axis: number, rows: number): Value =>
    axis === rows && first !== null
      ? add(
          x,
          broadcast(
            first,
            x.shape,
            x.shape.map((_, i) => i),
          ),
        )
      : x;
  const at = (axis: number): Value => from(iota(shape, axis), axis, 2);
  const below = (axis: number, lengths: Value): Value => lt(at(axis), broadcast(lengths, shape, [1, 2, 3, 4]));
  const [mask, queries, keys] = [part("mask"), part("queries"), part("keys")];
  const masks = [
    ...(mask === undefined ? [] : [grouped(mask)]),
    ...(attrs.isCausal ? [ge(at(2), at(4))] : []),
    ...(attrs.window === null
      ? []
      : [
          le(at(2), add(at(4), fullLike(at(4), attrs.window[0]))),
          ge(at(2), sub(at(4), fullLike(at(4), attrs.window[1]))),
        ]),
    ...(queries === undefined ? [] : [below(2, queries)]),
    ...(keys === undefined ? [] : [below(4, keys)]),
  ];
  // A large number instead of infinity: a query that sees nothing weighs all keys alike.
  const hidden = -0.7 * (logits.dtype === "float64" ? Number.MAX_VALUE : 3.4028234663852886e38);
  if (masks.length > 0) logits = select(masks.reduce(and), logits, fullLike(logits, hidden));
  const e = exp(sub(logits, broadcast(reduceMax(stopGradient(logits), [4]), shape, [4])));
  const mixed = dotGeneral(e, value, {
    contract: [[4], [1]],
    batch: [
      [0, 1],
      [0, 2],
    ],
  });
  // Divided after the product: there are fewer numbers then, and the slope of a sum comes from the result, not from all weights.
  const mean = div(mixed, broadcast(sum(e, [4]), mixed.shape, [4]));
  const out = reshape(transpose(mean, [0, 2, 1, 3, 4]), [B, T, N, H]);
  if (queries === undefined || keys === undefined) return out;
  const counts = lt(from(iota(out.shape, 1), 1, 1), broadcast(queries, out.shape, [1, 2, 3]));
  return mul(out, convertElementType(counts, out.dtype));
};

// Above this many products (64 MB in float32) blocks of queries take turns, each with about `blockSize` products. Measured with 8 heads of
// 64 and 2048 queries and keys: gradients with heads in turns take 0.8 (Node 24) and 0.75 (Node 20) of the time with all heads in a block.
const wholeSize = 1 << 24;
const blockSize = 1 << 19;
/** `x` with its axis cut into blocks, which come first; zeros fill the last one. */
const cut = (x: Value, axis: number, blocks: number, rows: number): Value => {
  const missing = blocks * rows - (x.shape[axis] as number),
    extent = (n: number): Shape => x.shape.map((d, i) => (i === axis ? n : d));
  const whole = missing === 0 ? x : concatenate([x, zerosOf({ ...x.aval, shape: extent(missing) })], axis);
  const split = reshape(whole, [...x.shape.slice(0, axis), blocks, rows, ...x.shape.slice(axis + 1)]);
  return transpose(split, [axis, ...split.shape.map((_, i) => i).filter((i) => i !== axis)]);
};
/** `f` of the parts of the operands that have an axis to cut, one after the other; the results stacked. */
const inTurns = (
  values: readonly Value[],
  axes: readonly (number | null)[],
  cuts: readonly Value[],
  f: (values: readonly Value[]) => Value,
): Value =>
  map((slices: readonly Value[]) => {
    let next = 0;
    return f([...values.map((x, i) => (axes[i] === null ? x : (slices[next++] as Value))), ...slices.slice(next)]);
  }, cuts) as unknown as Value;
/** The axis of each operand among the products' `[B, N, T, S]`, if it has one: heads are axis 1, queries axis 2. */
const axesOf = (attrs: Attention, values: readonly Value[], axis: 1 | 2): readonly (number | null)[] =>
  values.map((x, i) => {
    if (i === 0 || (axis === 1 && i < 3)) return 3 - axis;
    const name = attrs.given[i - 3];
    return (name === "bias" || name === "mask") && x.shape[axis] !== 1 ? axis : null;
  });
const byQueries = (attrs: Attention, values: readonly Value[]): Value => {
  const [query, key] = values as readonly [Value, Value];
  const [B, T, N, H] = query.shape as readonly [number, number, number, number],
    S = key.shape[1] as number;
  const blocks = Math.ceil(T / Math.max(1, Math.floor(blockSize / (B * N * S)))),
    rows = Math.ceil(T / blocks);
  const axes = axesOf(attrs, values, 2),
    firsts = mul(iota([blocks], 0), fullLike(iota([blocks], 0), rows));
  const block = checkpoint((...xs: readonly Value[]) => drawRows(attrs, xs.at(-1) as Value, xs.slice(0, -1)));
  const sliced = values.flatMap((x, i) => (axes[i] == null ? [] : [cut(x, axes[i], blocks, rows)]));
  const out = inTurns(values, axes, [...sliced, firsts], (xs) => block(...xs));
  const joined = reshape(transpose(out, [1, 0, 2, 3, 4]), [B, blocks * rows, N, H]);
  return blocks * rows === T ? joined : sliceAxis(joined, 1, 0, T);
};
/**
 * Long sequences: only the products of one block of queries are ever there, in gradients too, where each block is computed anew
 * (Rabe and Staats 2021, "Self-attention does not need O(n^2) memory", section 3). Loops and checkpoints have every derivative.
 * Heads of keys take turns too, so that a block has many queries, and what it sums for keys and values stays in the cache.
 */
const drawAttention = program<Attention>("dotProductAttention", (attrs, ...values) => {
  const [query, key] = values as readonly [Value, Value];
  const [B, T, N, H] = query.shape as readonly [number, number, number, number],
    [, S, K] = key.shape as readonly [number, number, number];
  if (B * N * T * S <= wholeSize) return drawRows(attrs, null, values);
  if (K === 1) return byQueries(attrs, values);
  const axes = axesOf(attrs, values, 1);
  const heads = values.flatMap((x, i) =>
    axes[i] == null ? [] : [cut(x, axes[i], K, (x.shape[axes[i]] as number) / K)],
  );
  const out = inTurns(values, axes, heads, (xs) => byQueries(attrs, xs));
  return reshape(transpose(out, [1, 2, 0, 3, 4]), [B, T, N, H]);
});

const op = "dotProductAttention";
const to4 = (x: Value): Value => reshape(x, [...Array.from({ length: Math.max(0, 4 - x.ndim) }, () => 1), ...x.shape]);
const check = (name: string, x: Value, want: readonly (number | null)[]): Value => {
  if (x.ndim !== want.length || want.some((d, i) => d !== null && d !== x.shape[i]))
    throw new ShapeError({
      op,
      expected: `${name} of shape [${want.map((d) => d ?? "any")}]`,
      got: showAval(x.aval),
    });
  return x;
};
const checkMask = (x: Value): Value => {
  if (x.dtype !== "bool")
    throw new DTypeError({
      op,
      expected: "a mask of dtype bool",
      got: showAval(x.aval),
      remedy: "what is to be added to the products goes in as bias",
    });
  return x;
};
/**
 * `softmax(scale Q K^T + bias) V` for each head. `query: f32[B, T, N, H]`, `key` and `value: f32[B, S, K, H]`, all without B for one
 * sequence; N is a multiple of K, and each head of keys serves N/K heads of queries. `bias` and the bool `mask` (true: may be
 * seen) broadcast to `[B, N, T, S]`. Throws ShapeError, DTypeError and ArgumentError.
 * @example
 * const one = np.ones([3, 1, 2]);
 * nn.dotProductAttention(one, one, np.reshape([1, 1, 2, 2, 6, 6], [3, 1, 2]), null, null, { isCausal: true }).js()
 * // => [[[1, 1]], [[1.5, 1.5]], [[3, 3]]]
 */
export const dotProductAttention = named(
  "dotProductAttention",
  ["bias", "mask"],
  ["scale", "isCausal", "querySeqLengths", "keyValueSeqLengths", "localWindowSize"],
  (
    query: ArrayLike,
    key: ArrayLike,
    value: ArrayLike,
    bias: ArrayLike | null = null,
    mask: ArrayLike | null = null,
    options: AttentionOptions = {},
  ): NDArray => {
    const first = operand(real, op, query),
      { dtype } = first;
    const q = to4(first),
      k = to4(asArray(key, op, dtype)),
      v = to4(asArray(value, op, dtype));
    const [B, S, K, H] = check("key", k, [null, null, null, null]).shape as readonly [number, number, number, number];
    check("value", v, [B, S, K, H]);
    const [, T, N] = check("query", q, [B, null, null, H]).shape as readonly [number, number, number];
    if (K === 0 || N % K !== 0)
      throw new ShapeError({ op, expected: `a multiple of ${K} heads of queries, as keys have`, got: String(N) });
    const spans = (x: Value, name: string): Value => {
      const y = to4(x);
      [B, N, T, S].forEach((d, i) => {
        if (y.ndim !== 4 || (y.shape[i] !== 1 && y.shape[i] !== d))
          throw new ShapeError({
            op,
            expected: `a ${name} that broadcasts to [${[B, N, T, S]}]`,
            got: showAval(x.aval),
          });
      });
      return y;
    };
    const lengths = (x: ArrayLike | null | undefined, name: string): Value | null =>
      x === null || x === undefined ? null : check(name, asArray(x, op, "int32"), [B]);
    const optional = [
      bias === null ? null : spans(asArray(bias, op, dtype), "bias"),
      mask === null ? null : spans(checkMask(asArray(mask, op)), "mask"),
      lengths(options.querySeqLengths, "querySeqLengths"),
      lengths(options.keyValueSeqLengths, "keyValueSeqLengths"),
    ];
    const { scale, isCausal = false, localWindowSize: size = null } = options;
    const window = typeof size === "number" ? ([size, size] as const) : size;
    if (window?.every((w) => Number.isInteger(w) && w >= 0) === false)
      throw new ArgumentError({ op, expected: "a window of non-negative integers", got: `[${window}]` });
    const attrs: Attention = {
      scale: scale ?? 1 / Math.sqrt(H),
      isCausal,
      window,
      given: operandNames.filter((_, i) => optional[i] !== null),
    };
    const out = drawAttention(attrs, q, k, v, ...optional.filter((x) => x !== null));
    return reshape(out, first.shape);
  },
);
