// Attention: queries weigh values by their products with keys.
import { showAval } from "../../core/aval.ts";
import { ArgumentError, DTypeError, ShapeError } from "../../core/errors.ts";
import type { Value } from "../../core/value.ts";
import { reshape } from "../../primitives/linear.ts";
import { type ArrayLike, asArray, type NDArray } from "../array.ts";
import { operand, real } from "../kinds.ts";
import { named } from "../named.ts";
import { program } from "../program.ts";
import { attendInBlocks, seesEarly } from "./attentionBlocks.ts";
import { type Attention, attend, operandNames } from "./attentionRows.ts";

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

// Above so many scores blocks take turns: 64 MB in float32, and less where blocks need not look at all keys. Measured with 8 heads of 64
// on two threads: blocks of 2^23 scores take as long forward and 1.2 times as long with gradients, in a third of the memory; causal ones
// take 0.7 and 0.85 of the time, those of 2^22 scores 0.8 and 1.
const wholeSize = 1 << 24,
  wholeCausal = 1 << 22;
const drawAttention = program<Attention>("dotProductAttention", (attrs, ...values) => {
  const [query, key] = values as readonly [Value, Value];
  const [B, T, N] = query.shape as readonly [number, number, number],
    S = key.shape[1] as number;
  if (B * N * T * S > (seesEarly(attrs) ? wholeCausal : wholeSize)) return attendInBlocks(attrs, values);
  return attend({ attrs, values, first: null, short: false })[0];
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
