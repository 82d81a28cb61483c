// Attention over long sequences: blocks of queries take turns, so that all scores are never there, forward or backward.
import type { Shape } from "../../core/aval.ts";
import type { Value } from "../../core/value.ts";
import { checkpoint } from "../../control/checkpoint.ts";
import { derivedFrom } from "../../control/derivedFrom.ts";
import { map } from "../../control/scan.ts";
import { add, mul } from "../../primitives/elementwise.ts";
import { full, reshape, transpose, zerosOf } from "../../primitives/linear.ts";
import { concatenate, iota, sliceAxis } from "../../primitives/movement.ts";
import { fullLike } from "../../primitives/pointwise.ts";
import { type Attention, attend, likeAttend, type Part } from "./attentionRows.ts";

/**
 * What is computed for a block, whose first query has a number: operands of an attention, then results of before, which have queries as
 * the query has; so have the results. `short`: see `Part`.
 */
type Work = (attrs: Attention, all: readonly Value[], first: Value, short: boolean) => readonly Value[];

/** Scores of a block, and queries that are worth a stretch of their own. */
const blockSize = 1 << 19,
  stretch = 256;
/** Stretches of queries at most, each of which has code of its own. */
const mostStretches = 4;

/** `x` with its axis cut into blocks, which come first; zeros fill the last one. */
const cut = (x: Value, axis: number, blocks: number, rows: number): Value => {
  const missing = blocks * rows - (x.shape[axis] as number),
    extent = (n: number): Shape => x.shape.map((d, i) => (i === axis ? n : d));
  const whole = missing === 0 ? x : concatenate([x, zerosOf({ ...x.aval, shape: extent(missing) })], axis);
  const split = reshape(whole, [...x.shape.slice(0, axis), blocks, rows, ...x.shape.slice(axis + 1)]);
  return transpose(split, [axis, ...split.shape.map((_, i) => i).filter((i) => i !== axis)]);
};
/** Blocks along an axis side by side again. */
const joined = (x: Value, axis: number, extent: number): Value => {
  const rest = x.shape.slice(1),
    back = transpose(x, [...rest.map((_, i) => i + 1).slice(0, axis), 0, ...rest.map((_, i) => i + 1).slice(axis)]);
  const all = (x.shape[0] as number) * (rest[axis] as number),
    whole = reshape(
      back,
      rest.map((d, i) => (i === axis ? all : d)),
    );
  return all === extent ? whole : sliceAxis(whole, axis, 0, extent);
};

/** The axis of each operand among the scores' `[B, N, T, S]`, if it has one: heads are axis 1, queries 2, keys 3. */
const axesOf = (attrs: Attention, values: readonly Value[], axis: 1 | 2 | 3): readonly (number | null)[] =>
  values.map((x, i) => {
    const name = i < 3 ? null : attrs.given[i - 3];
    if (name === "bias" || name === "mask") return x.shape[axis] === 1 ? null : axis;
    if (name === "queries" || name === "keys") return null;
    if (axis === 1) return 2;
    return (i === 1 || i === 2) === (axis === 3) ? 1 : null;
  });
/** `work` on the blocks along an axis, one after the other. */
const inTurns = (
  values: readonly Value[],
  axes: readonly (number | null)[],
  [blocks, rows]: readonly [number, number],
  work: (values: readonly Value[], number: Value) => readonly Value[],
): readonly Value[] => {
  const cuts = values.flatMap((x, i) => (axes[i] == null ? [] : [cut(x, axes[i], blocks, rows)]));
  const one = (slices: readonly Value[]): readonly Value[] => {
    let next = 0;
    return work(
      values.map((x, i) => (axes[i] === null ? x : (slices[next++] as Value))),
      slices[next] as Value,
    );
  };
  return map(one, [...cuts, iota([blocks], 0)]) as unknown as readonly Value[];
};

/** Whether queries surely see a key up to their own number, and none beyond it. If other things hide keys, a query may see none, and weighs all alike. */
export const seesEarly = ({ isCausal, window, given }: Attention): boolean =>
  isCausal && window === null && given.every((name) => name === "bias");
/** Queries from one number to another, and how many keys concern them. */
type Stretch = readonly [from: number, to: number, keys: number];
const stretchesOf = (attrs: Attention, T: number, S: number): readonly Stretch[] => {
  if (!seesEarly(attrs)) return [[0, T, S]];
  const least = Math.min(T, S),
    count = Math.max(1, Math.min(mostStretches, Math.floor(least / stretch))),
    rows = Math.ceil(least / count);
  return Array.from({ length: count }, (_, i) => {
    const to = i === count - 1 ? T : (i + 1) * rows;
    return [i * rows, to, Math.min(S, to)];
  });
};

/** Stretch by stretch, in blocks of queries. */
const byQueries = (attrs: Attention, all: readonly Value[], work: Work): readonly Value[] => {
  const [query, key] = all as readonly [Value, Value];
  const [B, T, N] = query.shape as readonly [number, number, number],
    S = key.shape[1] as number,
    rowAxes = axesOf(attrs, all, 2),
    keyAxes = axesOf(attrs, all, 3);
  const outs = stretchesOf(attrs, T, S).map(([from, to, keys]) => {
    const some = all.map((x, i) => {
      const [rowAxis, keyAxis] = [rowAxes[i] ?? null, keyAxes[i] ?? null],
        rows = rowAxis === null || to - from === T ? x : sliceAxis(x, rowAxis, from, to);
      return keyAxis === null || keys === S ? rows : sliceAxis(rows, keyAxis, 0, keys);
    });
    const blocks = Math.ceil((to - from) / Math.max(1, Math.floor(blockSize / (B * N * keys)))),
      rows = Math.ceil((to - from) / blocks);
    const results = inTurns(some, rowAxes, [blocks, rows], (xs, number) => {
      const first = add(mul(number, fullLike(number, rows)), full([], from, "int32"));
      return work(attrs, xs, first, keys < S);
    });
    return results.map((x) => joined(x, 1, to - from));
  });
  const [one, ...others] = outs as readonly (readonly Value[])[];
  return (one as readonly Value[]).map((x, i) =>
    others.length === 0 ? x : concatenate([x, ...others.map((o) => o[i] as Value)], 1),
  );
};
/**
 * Heads of keys take turns before blocks of queries do, so that a block has many queries, and what it sums for keys and values stays
 * in the cache.
 */
const byHeads = (
  attrs: Attention,
  all: readonly Value[],
  head: (xs: readonly Value[]) => readonly Value[],
): readonly Value[] => {
  const [query, key] = all as readonly [Value, Value],
    [N, K] = [query.shape[2], key.shape[2]] as readonly [number, number];
  if (K === 1) return head(all);
  const axes = axesOf(attrs, all, 1),
    cuts = all.flatMap((x, i) => (axes[i] == null ? [] : [cut(x, axes[i], K, (x.shape[axes[i]] as number) / K)]));
  const outs = map((slices: readonly Value[]): readonly Value[] => {
    let next = 0;
    return head(all.map((x, i) => (axes[i] === null ? x : (slices[next++] as Value))));
  }, cuts) as unknown as readonly Value[];
  return outs.map((x) => joined(x, 2, N));
};

const partOf = (attrs: Attention, all: readonly Value[], first: Value, short: boolean): Part => ({
  attrs,
  values: all.slice(0, 3 + attrs.given.length),
  first,
  short,
});
const forward: Work = (attrs, all, first, short) => attend(partOf(attrs, all, first, short));
/** Each block of slopes computes its weights anew: what is kept of the forward pass is its result and two numbers per query. */
const slopes: Work = (attrs, all, first, short) =>
  checkpoint((start: Value, ...xs: readonly Value[]): readonly Value[] => {
    const [out, scales] = xs.slice(-2);
    return [likeAttend(partOf(attrs, xs, start, short), out as Value, scales as Value)];
  })(first, ...all);

const known = new WeakMap<Attention, (values: readonly Value[]) => Value>();
/**
 * Attention in blocks. Its derivatives follow from a formula in which the results of the forward pass are known (Rabe and Staats 2021,
 * "Self-attention does not need O(n^2) memory"; Dao et al. 2022, "FlashAttention"). Nothing is kept of a head either.
 */
export const attendInBlocks = (attrs: Attention, values: readonly Value[]): Value => {
  const before = known.get(attrs);
  if (before !== undefined) return before(values);
  const f = derivedFrom(
    "dotProductAttention",
    (xs) => byHeads(attrs, xs, (ys) => byQueries(attrs, ys, forward)) as readonly [Value, Value],
    (xs, results) => {
      const head = checkpoint((...ys: readonly Value[]) => byQueries(attrs, ys, slopes));
      return byHeads(attrs, [...xs, ...results], (ys) => head(...ys))[0] as Value;
    },
  );
  known.set(attrs, f);
  return f(values);
};
