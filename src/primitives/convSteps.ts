// A convolution in steps: padding, and the holes of a dilated x, apart from convolutions whose windows are plain reads, which
// contractions do in place.
import type { Aval } from "../core/aval.ts";
import type { AnyPrimitive, ExpandStep } from "../core/primitive.ts";
import { Literal } from "../core/value.ts";
import { type Axis, type ConvAttrs, dilate } from "./convAxes.ts";
import { broadcastP, reshapeP, transposeP } from "./linear.ts";
import { concatenateP, padP, revP, sliceP } from "./movement.ts";

type Between = readonly [lo: number, hi: number];
/** Steps after operands 0 (x) and 1 (w); each gives the number of its result. */
class Steps {
  readonly list: ExpandStep[] = [];
  private readonly zero: Literal;
  constructor(dtype: Aval["dtype"]) {
    this.zero = new Literal(0, dtype);
  }
  add(prim: unknown, attrs: unknown, ...ins: readonly (number | Literal)[]): number {
    return this.list.push({ prim: prim as AnyPrimitive, attrs, ins }) + 1;
  }
  /** Zeros around the axes from the third on, and `holes` between their elements. */
  pad(of: number, around: readonly Between[], holes: readonly number[] = around.map(() => 0)): number {
    if (around.flat().every((n) => n === 0) && holes.every((n) => n === 0)) return of;
    const lo = [0, 0, ...around.map(([n]) => n)],
      hi = [0, 0, ...around.map(([, n]) => n)];
    return this.add(padP, { lo, hi, interior: [0, 0, ...holes] }, of, this.zero);
  }
  zeros(shape: readonly number[]): number {
    return this.add(broadcastP, { shape, axes: shape.map((_, d) => d) }, this.zero);
  }
  /** The elements from `start` to `limit` of an array of shape `shape`. */
  slice(of: number, shape: readonly number[], start: readonly number[], limit: readonly number[]): number {
    if (start.every((n) => n === 0) && limit.every((n, d) => n === shape[d])) return of;
    return this.add(sliceP, { start, limit, stride: start.map(() => 1) }, of);
  }
}

/**
 * Neighbouring phases q of one axis with as many taps at the same places: t = l y + q, from `from` to below `to`, whose taps are
 * k = l k' + c, c = last, last - 1, ..., at the positions y + k' + shift of x.
 */
interface Phases {
  readonly from: number;
  readonly to: number;
  readonly last: number;
  readonly taps: number;
  readonly shift: number;
}
/** An axis in phases: paddings of x and w, and places of each phase. */
interface Parts {
  readonly l: number;
  readonly x: Between;
  readonly w: Between;
  readonly places: number;
  readonly groups: readonly Phases[];
}
// With lo = l a + b, tap k of place t = l y + q is at (t + k - lo) / l = y + k' - a where k = l k' + b - q; for q > b, k' begins at 1.
const partsOf = ({ x, k, t, l, lo, hi }: Axis): Parts => {
  if (l === 1)
    return { l, x: [lo, hi], w: [0, 0], places: t, groups: [{ from: 0, to: 1, last: 0, taps: k, shift: 0 }] };
  const a = Math.floor(lo / l),
    b = lo - a * l,
    places = Math.ceil(t / l),
    groups: Phases[] = [];
  for (let q = 0; q < Math.min(l, t); q++) {
    const shift = q > b ? 1 : 0,
      last = b - q + l * shift,
      taps = Math.max(0, Math.ceil((k - last) / l)),
      before = groups.at(-1);
    if (before !== undefined && before.taps === taps && before.shift === shift)
      groups[groups.length - 1] = { ...before, to: q + 1 };
    else groups.push({ from: q, to: q + 1, last, taps, shift });
  }
  const most = Math.max(...groups.map((g) => places + g.taps - 1 + g.shift));
  return { l, x: [a, most - x - a], w: [0, Math.ceil(k / l) * l - k], places, groups };
};

/** A convolution of a dilated x as one without holes for each group of phases, whose results are joined. */
const inPhases = (
  conv: AnyPrimitive,
  axes: readonly Axis[],
  x: Aval,
  w: Aval,
  attrs: ConvAttrs,
): readonly ExpandStep[] => {
  const steps = new Steps(x.dtype),
    parts = axes.map(partsOf),
    rank = axes.length,
    pairs = <T>(f: (d: number) => readonly T[]): readonly T[] => axes.flatMap((_, d) => f(d));
  const [N, C] = x.shape as readonly [number, number],
    [O, I] = w.shape as readonly [number, number],
    B = N / attrs.batchGroupCount;
  const around = steps.pad(
      0,
      parts.map((p) => p.x),
    ),
    extents = parts.map(({ x: [lo, hi] }, d) => (axes[d] as Axis).x + lo + hi),
    cut = [O, I, ...parts.flatMap(({ l, w: [, hi] }, d) => [((axes[d] as Axis).k + hi) / l, l])],
    kernel = steps.add(
      reshapeP,
      { shape: cut },
      steps.pad(
        1,
        parts.map((p) => p.w),
      ),
    );
  const plain = { ...attrs, padding: axes.map(() => [0, 0]), lhsDilation: axes.map(() => 1) },
    shapeOf = (counts: readonly number[]): readonly number[] => [B, O, ...counts, ...parts.map((p) => p.places)];
  /** What a group of phases on every axis gives, `[B, O, phases..., places...]`. */
  const one = (chosen: readonly Phases[]): number => {
    const counts = chosen.map(({ from, to }) => to - from),
      taps = chosen.map((g) => g.taps);
    if (taps.includes(0)) return steps.zeros(shapeOf(counts));
    const some = steps.slice(
        kernel,
        cut,
        [0, 0, ...chosen.flatMap(({ last }, d) => [0, last + 1 - (counts[d] as number)])],
        [O, I, ...chosen.flatMap((g) => [g.taps, g.last + 1])],
      ),
      backwards = pairs((d) => (counts[d] === 1 ? [] : [3 + 2 * d])),
      turned = backwards.length === 0 ? some : steps.add(revP, { axes: backwards }, some),
      order = [0, ...pairs((d) => [3 + 2 * d]), 1, ...pairs((d) => [2 + 2 * d])],
      apart = steps.add(transposeP, { permutation: order }, turned),
      channels = steps.add(reshapeP, { shape: [counts.reduce((n, c) => n * c, O), I, ...taps] }, apart);
    const start = chosen.map((g) => g.shift),
      end = parts.map(({ l, places }, d) =>
        l === 1 ? (extents[d] as number) : (start[d] as number) + places + (taps[d] as number) - 1,
      ),
      seen = steps.slice(around, [N, C, ...extents], [0, 0, ...start], [N, C, ...end]);
    return steps.add(reshapeP, { shape: shapeOf(counts) }, steps.add(conv, plain, seen, channels));
  };
  const joined = (chosen: readonly Phases[]): number => {
    const p = parts[chosen.length];
    if (p === undefined) return one(chosen);
    const several = p.groups.map((g) => joined([...chosen, g]));
    return several.length === 1
      ? (several[0] as number)
      : steps.add(concatenateP, { axis: 2 + chosen.length }, ...several);
  };
  const phases = parts.map(({ groups }) => (groups.at(-1) as Phases).to),
    mixed = steps.add(transposeP, { permutation: [0, 1, ...pairs((d) => [2 + rank + d, 2 + d])] }, joined([])),
    all = [B, O, ...parts.map(({ places }, d) => (phases[d] as number) * places)],
    flat = steps.add(reshapeP, { shape: all }, mixed);
  steps.slice(
    flat,
    all,
    all.map(() => 0),
    [B, O, ...axes.map(({ t }) => t)],
  );
  return steps.list;
};

/** The steps of a convolution `conv` that is not empty, or null where it is one itself. */
export const stepsOf = (
  conv: AnyPrimitive,
  axes: readonly Axis[],
  x: Aval,
  w: Aval,
  attrs: ConvAttrs,
): readonly ExpandStep[] | null => {
  const plain = axes.every(({ l, lo, hi }) => l === 1 && lo === 0 && hi === 0);
  // Cropped beyond the last element, there is nothing left to be padded.
  if (plain || axes.some(({ x: n, t, l, lo, hi }) => t === 0 || dilate(n, l) + lo + hi < 0)) return null;
  const holes = axes.filter(({ l }) => l > 1);
  if (holes.length > 0 && holes.every(({ s, r }) => s === 1 && r === 1)) return inPhases(conv, axes, x, w, attrs);
  const steps = new Steps(x.dtype),
    padded = steps.pad(
      0,
      axes.map(({ lo, hi }) => [lo, hi]),
      axes.map(({ l }) => l - 1),
    );
  steps.add(conv, { ...attrs, padding: axes.map(() => [0, 0]), lhsDilation: axes.map(() => 1) }, padded, 1);
  return steps.list;
};
