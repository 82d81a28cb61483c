// Moving elements: reverse, slice and pad (each other's transpose), concatenate (its transpose is slice), iota.
import type { Aval, Shape } from "../core/aval.ts";
import { aval, sameShape, showAval } from "../core/aval.ts";
import type { DType } from "../core/dtype.ts";
import { scalarOf } from "../core/dtype.ts";
import { ArgumentError, DTypeError, ShapeError } from "../core/errors.ts";
import type { Binary, Primitive, Unary, Variadic } from "../core/primitive.ts";
import { bind } from "../core/trace.ts";
import { Literal, type Value } from "../core/value.ts";
import type { Expr } from "../kernel/expr.ts";
import { binary, cast, compare, constant, int, select as choose } from "../kernel/expr.ts";
import { iadd, idiv, imod, imul, inRange, isub } from "../kernel/index.ts";
import { select } from "./choice.ts";
import type { AxesAttrs } from "./linear.ts";
import { broadcast, full, insertAt, reshape, shiftAxes, sum, without, zerosOf } from "./linear.ts";
import { alignBatch, checkDType, numeric } from "./pointwise.ts";

const axesOf = (x: { readonly shape: Shape }): readonly number[] => x.shape.map((_, i) => i);
/** `axis` if it is one of `rank` axes, counted from the start; a ShapeError otherwise. */
export const checkAxis = (op: string, axis: number, x: Aval): number => {
  if (!Number.isInteger(axis) || axis < 0 || axis >= x.shape.length)
    throw new ShapeError({
      op,
      expected: `an axis of ${showAval(x)}, from 0 to ${x.shape.length - 1}`,
      got: String(axis),
    });
  return axis;
};

/** Reverse the order along `axes` (sorted, distinct). */
export const revP: Primitive<AxesAttrs, Unary> = {
  name: "rev",
  abstractEval: ([x], { axes }) => {
    for (const a of axes) checkAxis("rev", a, x);
    return x;
  },
  jvp: "linear",
  transpose: [(ct, _ins, { axes }) => rev(ct, axes)],
  batch: (_n, [x], [b], { axes }) => [rev(x, shiftAxes(axes, b as number)), b as number],
  lower: ([x], at, { axes }, [a]) =>
    x(at.map((e, i) => (axes.includes(i) ? isub(int((a.shape[i] as number) - 1), e) : e))),
};
/** `out[..., i, ...] = x[..., n - 1 - i, ...]` along every axis of `axes`. */
export const rev = (x: Value, axes: readonly number[]): Value => (axes.length === 0 ? x : bind(revP, [x], { axes }));

/** Per axis the elements `start, start + stride, ...` below `limit`. */
export interface SliceAttrs {
  readonly start: readonly number[];
  readonly limit: readonly number[];
  readonly stride: readonly number[];
}
const showSlice = ({ start, limit, stride }: SliceAttrs): string =>
  `[${start.map((s, i) => `${s}:${limit[i]}${stride[i] === 1 ? "" : `:${stride[i]}`}`).join(", ")}]`;
export const sliceP: Primitive<SliceAttrs, Unary> = {
  name: "slice",
  abstractEval: ([x], attrs) => {
    const { start, limit, stride } = attrs,
      rank = x.shape.length;
    const fits = (n: number, i: number): boolean => {
      const s = start[i] as number,
        l = limit[i] as number,
        k = stride[i] as number;
      return [s, l, k].every(Number.isInteger) && 0 <= s && s <= l && l <= n && k >= 1;
    };
    if (start.length !== rank || limit.length !== rank || stride.length !== rank || !x.shape.every(fits))
      throw new ShapeError({
        op: "slice",
        expected: `0 <= start <= limit <= size and stride >= 1 for every axis of ${showAval(x)}`,
        got: showSlice(attrs),
      });
    return aval(
      x.shape.map((_, i) => Math.ceil(((limit[i] as number) - (start[i] as number)) / (stride[i] as number))),
      x.dtype,
    );
  },
  jvp: "linear",
  transpose: [
    (ct, _ins, { start, stride }, [x]) => {
      const end = ct.shape.map((m, i) => (start[i] as number) + (m === 0 ? 0 : (m - 1) * (stride[i] as number) + 1));
      return pad(
        ct,
        new Literal(0, ct.dtype),
        start,
        x.shape.map((n, i) => n - (end[i] as number)),
        stride.map((k) => k - 1),
      );
    },
  ],
  batch: (size, [x], [b], { start, limit, stride }) => [
    slice(x, insertAt(start, b as number, 0), insertAt(limit, b as number, size), insertAt(stride, b as number, 1)),
    b as number,
  ],
  lower: ([x], at, { start, stride }) =>
    x(at.map((e, i) => iadd(imul(e, stride[i] as number), int(start[i] as number)))),
  show: (attrs) => `at=${showSlice(attrs)}`,
};
/** `out[i, ...] = x[start + i stride, ...]` for every axis. */
export const slice = (
  x: Value,
  start: readonly number[],
  limit: readonly number[],
  stride: readonly number[] = start.map(() => 1),
): Value =>
  start.every((s) => s === 0) && stride.every((k) => k === 1) && sameShape(limit, x.shape)
    ? x
    : bind(sliceP, [x], { start, limit, stride });
/** `x[..., start:limit:stride, ...]` along one axis. */
export const sliceAxis = (x: Value, axis: number, start: number, limit: number, stride = 1): Value =>
  slice(
    x,
    x.shape.map((_, i) => (i === axis ? start : 0)),
    x.shape.map((n, i) => (i === axis ? limit : n)),
    x.shape.map((_, i) => (i === axis ? stride : 1)),
  );

/** Per axis `lo` elements before, `hi` behind (negative: that many fewer) and `interior` between any two. */
export interface PadAttrs {
  readonly lo: readonly number[];
  readonly hi: readonly number[];
  readonly interior: readonly number[];
}
const dilated = (n: number, interior: number): number => (n === 0 ? 0 : n + (n - 1) * interior);
const showPad = ({ lo, hi, interior }: PadAttrs): string =>
  `[${lo.map((l, i) => `${l}_${hi[i]}${interior[i] === 0 ? "" : `_${interior[i]}`}`).join(", ")}]`;
/** True where an element of an array of shape `shape` lands. */
const landing = (shape: Shape, { lo, hi, interior }: PadAttrs): Value =>
  pad(full(shape, 1, "bool"), new Literal(0, "bool"), lo, hi, interior);
const negate = (xs: readonly number[]): readonly number[] => xs.map((x) => (x === 0 ? 0 : -x));
export const padP: Primitive<PadAttrs, Binary> = {
  name: "pad",
  abstractEval: ([x, value], attrs) => {
    const { lo, hi, interior } = attrs,
      rank = x.shape.length;
    if (value.dtype !== x.dtype || value.shape.length !== 0)
      throw new DTypeError({
        op: "pad",
        expected: `a scalar of dtype ${x.dtype} to pad with`,
        got: showAval(value),
        remedy: "convert it with astype",
      });
    const shape = x.shape.map((n, i) => (lo[i] as number) + dilated(n, interior[i] as number) + (hi[i] as number));
    if (
      [lo, hi, interior].some((p) => p.length !== rank || !p.every(Number.isInteger)) ||
      interior.some((p) => p < 0) ||
      shape.some((n) => n < 0)
    )
      throw new ShapeError({
        op: "pad",
        expected: `integers per axis of ${showAval(x)}, interior >= 0, not cropping more than there is`,
        got: showPad(attrs),
      });
    return aval(shape, x.dtype);
  },
  jvp: "linear",
  transpose: [
    (ct, _ins, { lo, hi, interior }) => {
      const inner = pad(
        ct,
        new Literal(0, ct.dtype),
        negate(lo),
        negate(hi),
        interior.map(() => 0),
      );
      return slice(
        inner,
        inner.shape.map(() => 0),
        inner.shape,
        interior.map((p) => p + 1),
      );
    },
    (ct, _ins, attrs, [x]) => sum(select(landing(x.shape, attrs), zerosOf(ct.aval), ct), axesOf(ct)),
  ],
  batch: (size, [x, value], [b, c], { lo, hi, interior }) => {
    const at = b ?? 0,
      array = b === null ? broadcast(x, [size, ...x.shape], [0]) : x;
    const attrs: PadAttrs = { lo: insertAt(lo, at, 0), hi: insertAt(hi, at, 0), interior: insertAt(interior, at, 0) };
    if (c === null) return [pad(array, value, attrs.lo, attrs.hi, attrs.interior), at];
    const padded = pad(array, new Literal(0, x.dtype), attrs.lo, attrs.hi, attrs.interior); // a value per example
    return [
      select(landing(array.shape, attrs), padded, broadcast(value, padded.shape, without(axesOf(padded), [at]))),
      at,
    ];
  },
  lower: ([x, value], at, { lo, interior }, [a]) => {
    if (a.shape.includes(0)) return value([]); // nothing to read
    let inside: Expr = constant("bool", 1);
    const both = (p: Expr): void => {
      inside =
        inside.op === "const" && inside.value === 1
          ? p
          : p.op === "const" && p.value === 1
            ? inside
            : binary("and", inside, p);
    };
    const from = at.map((e, i) => {
      const n = a.shape[i] as number,
        k = (interior[i] as number) + 1,
        p = isub(e, int(lo[i] as number));
      both(inRange(p, 0, dilated(n, k - 1)));
      if (k > 1) both(compare("eq", imod(p, k), int(0)));
      return idiv(p, k);
    });
    return choose(inside, x(from), value([]));
  },
  show: (attrs) => `by=${showPad(attrs)}`,
};
/** Elements of `x` with the scalar `value` around and between them; negative `lo` or `hi` crop. */
export const pad = (
  x: Value,
  value: Value,
  lo: readonly number[],
  hi: readonly number[],
  interior: readonly number[] = lo.map(() => 0),
): Value =>
  [lo, hi, interior].every((p) => p.every((n) => n === 0)) ? x : bind(padP, [x, value], { lo, hi, interior });

/** Join along one axis. */
export const concatenateP: Primitive<{ readonly axis: number }, Variadic> = {
  name: "concatenate",
  abstractEval: (ins, { axis }) => {
    const first = ins[0];
    if (first === undefined)
      throw new ArgumentError({ op: "concatenate", expected: "at least one operand", got: "none" });
    checkAxis("concatenate", axis, first);
    const got = ins.map(showAval).join(" and ");
    if (
      ins.some(
        (x) =>
          x.shape.length !== first.shape.length || !sameShape(without(x.shape, [axis]), without(first.shape, [axis])),
      )
    )
      throw new ShapeError({ op: "concatenate", expected: `operands whose shapes agree but for axis ${axis}`, got });
    if (ins.some((x) => x.dtype !== first.dtype))
      throw new DTypeError({
        op: "concatenate",
        expected: "operands of equal dtype",
        got,
        remedy: "convert them with astype",
      });
    const total = ins.reduce((n, x) => n + (x.shape[axis] as number), 0);
    return aval(
      first.shape.map((n, i) => (i === axis ? total : n)),
      first.dtype,
    );
  },
  jvp: "linear",
  transpose: {
    each: (ct, _ins, { axis }, avals, i) => {
      const start = avals.slice(0, i).reduce((n, x) => n + (x.shape[axis] as number), 0);
      return sliceAxis(ct, axis, start, start + ((avals[i] as Aval).shape[axis] as number));
    },
  },
  batch: (size, ins, axes, { axis }) => {
    const [aligned, b] = alignBatch(size, ins, axes);
    return [concatenate(aligned, axis >= b ? axis + 1 : axis), b];
  },
  lower: (reads, at, { axis }, avals) => {
    const here = at[axis] as Expr;
    let end = avals.reduce((n, x) => n + (x.shape[axis] as number), 0),
      out: Expr | null = null;
    for (let i = reads.length - 1; i >= 0; i--) {
      const n = (avals[i] as Aval).shape[axis] as number,
        start = end - n;
      if (n > 0) {
        const element = (reads[i] as (at: readonly Expr[]) => Expr)(
          at.map((e, d) => (d === axis ? isub(e, int(start)) : e)),
        );
        out = out === null ? element : choose(inRange(here, 0, end), element, out);
      }
      end = start;
    }
    return out ?? (reads[0] as (at: readonly Expr[]) => Expr)(at);
  },
};
/** The operands behind one another along `axis`. */
export const concatenate = (xs: readonly Value[], axis: number): Value =>
  xs.length === 1 ? (xs[0] as Value) : bind(concatenateP, xs, { axis });

export interface IotaAttrs {
  readonly shape: Shape;
  readonly dim: number;
  readonly dtype: DType;
}
/** Index along one axis. It has no operand, so that no interpreter but the base and the tracer of jaxprs ever meets it. */
export const iotaP: Primitive<IotaAttrs, readonly []> = {
  name: "iota",
  abstractEval: (_ins, { shape, dim, dtype }) => {
    checkAxis("iota", dim, aval(shape, dtype));
    checkDType("iota", aval(shape, dtype), numeric);
    return aval(shape, dtype);
  },
  jvp: "zero",
  transpose: "nonlinear",
  batch: (size, _ins, _axes, attrs) => [
    broadcast(iota(attrs.shape, attrs.dim, attrs.dtype), [size, ...attrs.shape], [0]),
    0,
  ],
  lower: (_reads, at, { dim, dtype }) => cast(scalarOf(dtype), at[dim] as Expr),
};
/** `out[i0, i1, ...] = i_dim`. */
export const iota = (shape: Shape, dim = 0, dtype: DType = "int32"): Value => bind(iotaP, [], { shape, dim, dtype });

/** Drop axes of extent 1; a ShapeError if one is longer. */
export const squeeze = (x: Value, axes: readonly number[]): Value => {
  const long = axes.find((a) => x.shape[checkAxis("squeeze", a, x.aval)] !== 1);
  if (long !== undefined)
    throw new ShapeError({ op: "squeeze", expected: `extent 1 along axis ${long}`, got: showAval(x.aval) });
  return reshape(x, without(x.shape, axes));
};
/** New axes of extent 1 at `axes`, positions in the result (sorted). */
export const expandDims = (x: Value, axes: readonly number[]): Value =>
  reshape(
    x,
    axes.reduce<Shape>((shape, a) => insertAt(shape, a, 1), x.shape),
  );
