// Attention of some queries to some keys: scores, weights, and the mean of the values by these weights.
import type { Shape } from "../../core/aval.ts";
import type { Value } from "../../core/value.ts";
import { max } from "../../primitives/choice.ts";
import { dotGeneral } from "../../primitives/dot.ts";
import { add, and, convertElementType, div, exp, ge, le, lt, mul, select, sub } from "../../primitives/elementwise.ts";
import { stopGradient } from "../../primitives/identity.ts";
import { broadcast, reshape, sum, transpose } from "../../primitives/linear.ts";
import { concatenate, iota, sliceAxis } from "../../primitives/movement.ts";
import { fullLike } from "../../primitives/pointwise.ts";
import { reduceMax } from "../../primitives/reductions.ts";
import { expandTo } from "../broadcasting.ts";

export const operandNames = ["bias", "mask", "queries", "keys"] as const;
/** What is known of an attention before its operands are. */
export interface Attention {
  readonly scale: number;
  readonly isCausal: boolean;
  readonly window: readonly [left: number, right: number] | null;
  /** Which of the optional operands follow query, key and value. */
  readonly given: readonly (typeof operandNames)[number][];
}
/** Queries and keys with all that concerns them. */
export interface Part {
  readonly attrs: Attention;
  /** Query, key, value, and what is `given`. */
  readonly values: readonly Value[];
  /** The number of the first query; null is 0. */
  readonly first: Value | null;
  /** There are keys beyond these, which none of the queries may see. */
  readonly short: boolean;
}

// B sequences, T queries, S keys, K heads of keys, G heads of queries for each of them, H numbers per head.
type Four = readonly [number, number, number, number];
interface Sizes {
  readonly B: number;
  readonly T: number;
  readonly N: number;
  readonly H: number;
  readonly K: number;
  readonly G: number;
  readonly S: number;
}
const sizesOf = ([query, key]: readonly Value[]): Sizes => {
  const [B, T, N, H] = (query as Value).shape as Four,
    [, S, K] = (key as Value).shape as Four;
  return { B, T, N, H, S, K, G: N / K };
};
const optional = ({ attrs, values }: Part, name: Attention["given"][number]): Value | undefined =>
  attrs.given.includes(name) ? values[3 + attrs.given.indexOf(name)] : undefined;
/** The numbers along an axis of a shape; queries begin with the first one. */
const numbersAlong = ({ first }: Part, shape: Shape, axis: number, isQueries: boolean): Value => {
  const at = iota(shape, axis);
  return isQueries && first !== null ? add(at, broadcast(first, shape, [...shape.keys()])) : at;
};

/** Products of queries and keys as they count: `[B, K, T, G, S]`. */
const scoresOf = (part: Part): Value => {
  const { attrs, values, short } = part,
    [query, key] = values as readonly [Value, Value],
    { B, T, H, K, G, S } = sizesOf(values),
    shape: Shape = [B, K, T, G, S];
  /** `[B|1, N|1, T|1, S|1]` in the shape of the products. */
  const grouped = (x: Value): Value => {
    const [b, n, t, s] = x.shape as Four;
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
  // A large number instead of infinity: a query that sees nothing weighs all keys alike.
  const hidden = fullLike(logits, -0.7 * (logits.dtype === "float64" ? Number.MAX_VALUE : 3.4028234663852886e38));
  const bias = optional(part, "bias");
  if (bias !== undefined) logits = add(logits, grouped(bias));
  if (bias !== undefined && short) logits = max(logits, hidden);

  const at = (axis: number): Value => numbersAlong(part, shape, axis, axis === 2);
  const below = (axis: number, lengths: Value): Value => lt(at(axis), broadcast(lengths, shape, [1, 2, 3, 4]));
  const [mask, queries, keys] = [optional(part, "mask"), optional(part, "queries"), optional(part, "keys")];
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
  return masks.length === 0 ? logits : select(masks.reduce(and), logits, hidden);
};

/** Values summed by weights: `[B, K, T, G, H]`. */
const mixed = (weights: Value, value: Value): Value =>
  dotGeneral(weights, value, {
    contract: [[4], [1]],
    batch: [
      [0, 1],
      [0, 2],
    ],
  });
/** `[B, K, T, G, ...]` as `[B, T, N, ...]`; queries that do not count are 0. */
const perQuery = (part: Part, x: Value): Value => {
  const { B, T, N } = sizesOf(part.values),
    [queries, keys] = [optional(part, "queries"), optional(part, "keys")],
    out = reshape(transpose(x, [0, 2, 1, 3, 4]), [B, T, N, x.shape[4] as number]);
  if (queries === undefined || keys === undefined) return out;
  const counts = lt(numbersAlong(part, out.shape, 1, true), broadcast(queries, out.shape, [1, 2, 3]));
  return mul(out, convertElementType(counts, out.dtype));
};
/** The way back. */
const perHead = ({ values }: Part, x: Value): Value => {
  const { B, T, K, G } = sizesOf(values);
  return transpose(reshape(x, [B, T, K, G, x.shape[3] as number]), [0, 2, 1, 3, 4]);
};

/** What the queries get, and what makes weights of scores (`weightsOf`): `[B, T, N, H]` and `[B, T, N, 2]`. */
export const attend = (part: Part): readonly [out: Value, scales: Value] => {
  const scores = scoresOf(part),
    [, , value] = part.values as readonly [Value, Value, Value];
  const top = reduceMax(stopGradient(scores), [4]),
    e = exp(sub(scores, broadcast(top, scores.shape, [4]))),
    total = sum(e, [4]),
    sums = mixed(e, value);
  // Divided after the product: there are fewer numbers then, and the slope of a sum comes from the result, not from all weights.
  const out = perQuery(part, div(sums, broadcast(total, sums.shape, [4]))),
    column = (x: Value): Value => reshape(x, [...x.shape, 1]);
  const { B, T, N } = sizesOf(part.values),
    scales = concatenate([column(top), column(div(fullLike(total, 1), total))], 4);
  return [out, reshape(transpose(scales, [0, 2, 1, 3, 4]), [B, T, N, 2])];
};

/**
 * A formula with the slopes of `attend`, given its values: weights `w = exp(score - top) / total` whose total is held fixed, and
 * `sum(w v) - out sum(w)`, since what all weights of a query have in common does not change its result (Dao et al. 2022,
 * "FlashAttention", section 3.1, where it is the row sum of the gradient times the result).
 */
export const likeAttend = (part: Part, out: Value, scales: Value): Value => {
  const scores = scoresOf(part),
    [, , value] = part.values as readonly [Value, Value, Value],
    { B, T, K, G } = sizesOf(part.values);
  const scale = (i: number): Value =>
    broadcast(reshape(sliceAxis(perHead(part, scales), 4, i, i + 1), [B, K, T, G]), scores.shape, [4]);
  const weights = mul(exp(sub(scores, scale(0))), scale(1)),
    sums = mixed(weights, value);
  return perQuery(part, sub(sums, mul(perHead(part, out), broadcast(sum(weights, [4]), sums.shape, [4]))));
};
