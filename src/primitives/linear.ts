// Broadcast and sum, each other's transpose; reshape and transpose, their own.
import { aval, sameShape, showAval, sizeOf } from "../core/aval.ts";
import type { Aval, Shape } from "../core/aval.ts";
import type { DType } from "../core/dtype.ts";
import { ShapeError } from "../core/errors.ts";
import type { Primitive, Unary } from "../core/primitive.ts";
import { bind } from "../core/trace.ts";
import { Literal, type Value } from "../core/value.ts";
import type { Expr } from "../kernel/expr.ts";
import { freshVar, int, reduceOver } from "../kernel/expr.ts";
import { ravel, unravel } from "../kernel/index.ts";

/** Axes of the result of `broadcast` that stem from the operand, in order. */
const oldAxes = (rank: number, fresh: readonly number[]): readonly number[] =>
  Array.from({ length: rank }, (_, i) => i).filter((i) => !fresh.includes(i));
/** `xs` without the given positions. */
export const without = <T>(xs: readonly T[], axes: readonly number[]): readonly T[] =>
  xs.filter((_, i) => !axes.includes(i));
/** `xs` with `x` at position `i`. */
export const insertAt = <T>(xs: readonly T[], i: number, x: T): readonly T[] => [...xs.slice(0, i), x, ...xs.slice(i)];
/** Axes of an array after another axis was put in at `b`. */
export const shiftAxes = (axes: readonly number[], b: number): readonly number[] =>
  axes.map((a) => (a >= b ? a + 1 : a));

/** New axes `axes` (positions in the result, sorted) of the result's shape; the others are the operand's, in order. */
export interface BroadcastAttrs {
  readonly shape: Shape;
  readonly axes: readonly number[];
}
export const broadcastP: Primitive<BroadcastAttrs, Unary> = {
  name: "broadcast",
  abstractEval: ([x], { shape, axes }) => {
    if (!sameShape(without(shape, axes), x.shape))
      throw new ShapeError({
        op: "broadcast",
        expected: `an operand of shape [${without(shape, axes)}]`,
        got: showAval(x),
      });
    return aval(shape, x.dtype);
  },
  jvp: "linear",
  transpose: [(ct, _ins, { axes }) => sum(ct, axes)],
  batch: (size, [x], [b], { shape, axes }) => {
    // Where the batch axis lands: in front if it was, before the axis that it was before otherwise.
    const at = b === 0 ? 0 : (oldAxes(shape.length, axes)[b as number] ?? shape.length);
    return [broadcast(x, insertAt(shape, at, size), shiftAxes(axes, at)), at];
  },
  lower: ([x], at, { axes }) => x(without(at, axes)),
  inRow: ([x], _attrs, n) => (x.shape.length === 0 ? { shape: [n], axes: [0] } : null),
  inRound: (_ins, { shape, axes }) => {
    const rest = axes.filter((a) => a > 0).map((a) => a - 1);
    return { attrs: rest.length === 0 ? null : { shape: shape.slice(1), axes: rest }, slices: [axes[0] !== 0] };
  },
};
/** Repeat `x` along new axes of the result. */
export const broadcast = (x: Value, shape: Shape, axes: readonly number[]): Value =>
  axes.length === 0 ? x : bind(broadcastP, [x], { shape, axes });
/** An array full of one number. */
export const full = (shape: Shape, value: number, dtype: DType): Value =>
  broadcast(
    new Literal(value, dtype),
    shape,
    shape.map((_, i) => i),
  );
/** Zeros like a value of the given aval: the tangent or cotangent of what does not matter. */
export const zerosOf = (a: Aval): Value => full(a.shape, 0, a.dtype);

export interface AxesAttrs {
  readonly axes: readonly number[];
}
/** Sum over `axes` (sorted, distinct): `out[...] = sum_r x[...]`. */
export const sumP: Primitive<AxesAttrs, Unary> = {
  name: "sum",
  abstractEval: ([x], { axes }) => aval(without(x.shape, axes), x.dtype),
  jvp: "linear",
  transpose: [(ct, _ins, { axes }, [a]) => broadcast(ct, a.shape, axes)],
  batch: (_n, [x], [b], { axes }) => reduceBatch(sum, x, b as number, axes),
  stacks: {
    sum: ({ axes }) => ({ axes: [0, ...axes.map((a) => a + 1)] }),
    each: ({ axes }) => ({ axes: axes.map((a) => a + 1) }),
  },
  lower: ([x], at, { axes }, [a]) => reduceLower("add", x, at, axes, a.shape),
};
export const sum = (x: Value, axes: readonly number[]): Value => (axes.length === 0 ? x : bind(sumP, [x], { axes }));

/** Batch rule of a reduction over axes. */
export const reduceBatch = (
  f: (x: Value, axes: readonly number[]) => Value,
  x: Value,
  b: number,
  axes: readonly number[],
): readonly [Value, number] => {
  const shifted = shiftAxes(axes, b);
  return [f(x, shifted), b - shifted.filter((a) => a < b).length];
};
/** Pull form of a reduction over axes: one nested reduction per axis. */
export const reduceLower = (
  combine: "add" | "mul" | "min" | "max" | "and" | "or",
  x: (at: readonly Expr[]) => Expr,
  at: readonly Expr[],
  axes: readonly number[],
  shape: Shape,
): Expr => {
  const vars = axes.map((a) => freshVar(shape[a] as number));
  let k = 0,
    out = 0;
  const body = x(shape.map((_, i) => (axes.includes(i) ? (vars[k++] as Expr) : (at[out++] as Expr))));
  return vars.reduceRight<Expr>((e, v) => reduceOver(combine, v, e), body);
};

/** Same elements in row-major order under another shape. */
export const reshapeP: Primitive<{ readonly shape: Shape }, Unary> = {
  name: "reshape",
  abstractEval: ([x], { shape }) => {
    if (sizeOf(shape) !== sizeOf(x.shape))
      throw new ShapeError({
        op: "reshape",
        expected: `a shape of ${sizeOf(x.shape)} elements (the operand is ${showAval(x)})`,
        got: `[${shape}]`,
      });
    return aval(shape, x.dtype);
  },
  jvp: "linear",
  transpose: [(ct, _ins, _a, [x]) => reshape(ct, x.shape)],
  batch: (size, [x], [b], { shape }) => [reshape(moveAxis(x, b as number, 0), [size, ...shape]), 0],
  lower: ([x], at, { shape }, [a]) => x(reindex(at, shape, a.shape)),
};
export const reshape = (x: Value, shape: Shape): Value =>
  sameShape(x.shape, shape) ? x : bind(reshapeP, [x], { shape });
// Indices in `to` of the element at `at` in `from`: dimension groups of equal size are converted on their own, so that most
// reshapes (flatten, split, merge, unit axes) need no division at all.
const reindex = (at: readonly Expr[], from: Shape, to: Shape): readonly Expr[] => {
  if (sizeOf(from) === 0) return to.map(() => int(0));
  const out: Expr[] = [];
  for (let i = 0, j = 0; i < from.length || j < to.length; ) {
    let a = from[i] ?? 1,
      b = to[j] ?? 1,
      ie = Math.min(i + 1, from.length),
      je = Math.min(j + 1, to.length);
    while (a !== b) {
      if (a < b) a *= from[ie++] ?? 1;
      else b *= to[je++] ?? 1;
    }
    out.push(...unravel(ravel(at.slice(i, ie), from.slice(i, ie)), to.slice(j, je)));
    i = ie;
    j = je;
  }
  return out;
};

/** Output axis i is input axis `permutation[i]`. */
export const transposeP: Primitive<{ readonly permutation: readonly number[] }, Unary> = {
  name: "transpose",
  abstractEval: ([x], { permutation }) =>
    aval(
      permutation.map((p) => x.shape[p] as number),
      x.dtype,
    ),
  jvp: "linear",
  transpose: [
    (ct, _ins, { permutation }) =>
      transpose(
        ct,
        permutation.map((_, i) => permutation.indexOf(i)),
      ),
  ],
  batch: (_n, [x], [b], { permutation }) => [transpose(x, [b as number, ...shiftAxes(permutation, b as number)]), 0],
  lower: ([x], at, { permutation }) => x(permutation.map((_, i) => at[permutation.indexOf(i)] as Expr)),
};
export const transpose = (x: Value, permutation: readonly number[]): Value =>
  permutation.every((p, i) => p === i) ? x : bind(transposeP, [x], { permutation });
/** Move one axis; the others keep their order. */
export const moveAxis = (x: Value, from: number, to: number): Value =>
  from === to
    ? x
    : transpose(
        x,
        insertAt(
          without(
            x.shape.map((_, i) => i),
            [from],
          ),
          to,
          from,
        ),
      );
