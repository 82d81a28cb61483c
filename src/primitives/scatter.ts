// Scatters that overwrite, multiply, or keep the least or the greatest.
import type { Aval } from "../core/aval.ts";
import { sizeOf } from "../core/aval.ts";
import type { DType } from "../core/dtype.ts";
import { ArgumentError } from "../core/errors.ts";
import type { Primitive, Ternary } from "../core/primitive.ts";
import { bind } from "../core/trace.ts";
import type { Value } from "../core/value.ts";
import { add, div, mul } from "./arithmetic.ts";
import { select } from "./choice.ts";
import { eq } from "./comparison.ts";
import { convertElementType } from "./convert.ts";
import {
  gatherWritten,
  scatterAddP,
  type ScatterAttrs,
  scatterAttrs,
  scatterBatch,
  scatterEval,
  type ScatterOptions,
  scatterRoutine,
  showScatter,
} from "./indexing.ts";
import { full, reshape, zerosOf } from "./linear.ts";
import { iota } from "./movement.ts";
import { anyDType, checkDType, fullLike, numeric } from "./pointwise.ts";

/** `uniqueIndices`: the caller knows that no two updates meet. */
export interface UniqueScatterAttrs extends ScatterAttrs {
  readonly uniqueIndices: boolean;
}
const show = (attrs: UniqueScatterAttrs): string => `${showScatter(attrs)}${attrs.uniqueIndices ? " unique" : ""}`;
const evalAs =
  (name: string, accepts: readonly DType[]) =>
  (ins: readonly [Aval, Aval, Aval], attrs: ScatterAttrs): Aval => {
    checkDType(name, ins[0], accepts);
    return scatterEval(name, ins, attrs);
  };
const zeros = (v: Value): Value => zerosOf(v.aval);

// Which elements of the updates stay: where two meet the last one does. Every element writes its own number, and reads it back.
const winners = (x: Aval, indices: Value, updates: Aval, attrs: UniqueScatterAttrs): Value => {
  const numbers = reshape(iota([sizeOf(updates.shape)], 0, "int32"), updates.shape),
    own = add(numbers, fullLike(numbers, 1)); // 0 is nobody
  return eq(gatherWritten(setAt(full(x.shape, 0, "int32"), indices, own, attrs), indices, own.aval, attrs), own);
};

/** `out = x`, then `out[start(indices[batch]) + offset] = updates[batch, offset]`, in row-major order: the last one wins. Linear in both. */
export const scatterP: Primitive<UniqueScatterAttrs, Ternary> = {
  name: "scatter",
  abstractEval: evalAs("scatter", anyDType),
  jvp: [
    (dx, _out, [, indices, updates], attrs) => setAt(dx, indices, zeros(updates), attrs),
    null,
    (du, _out, [x, indices], attrs) => setAt(zeros(x), indices, du, attrs),
  ],
  transpose: [
    (ct, [, indices], attrs, [, , updates]) => setAt(ct, indices as Value, zerosOf(updates), attrs),
    null,
    (ct, [, indices], attrs, [x, , updates]) => {
      const back = gatherWritten(ct, indices as Value, updates, attrs);
      return attrs.uniqueIndices ? back : select(winners(x, indices as Value, updates, attrs), back, zeros(back));
    },
  ],
  batch: scatterBatch((x, indices, updates, attrs) => setAt(x, indices, updates, attrs)),
  routine: scatterRoutine(null),
  show,
};
const setAt = (x: Value, indices: Value, updates: Value, attrs: UniqueScatterAttrs): Value =>
  bind(scatterP, [x, indices, updates], attrs);

/** `out = x`, then `out[start + offset] *= updates[batch, offset]`. */
export const scatterMulP: Primitive<UniqueScatterAttrs, Ternary> = {
  name: "scatterMul",
  abstractEval: evalAs("scatterMul", numeric),
  jvp: [
    (dx, _out, [, indices, updates], attrs) => bind(scatterMulP, [dx, indices, updates], attrs),
    null,
    (du, _out, [x, indices, updates], attrs) => {
      if (!attrs.uniqueIndices)
        throw new ArgumentError({
          op: "scatterMul",
          expected: "uniqueIndices for a derivative by the updates",
          got: "indices that may meet",
          remedy: "pass uniqueIndices: true if no two updates meet",
        });
      return bind(scatterAddP, [zeros(x), indices, mul(du, gatherWritten(x, indices, updates.aval, attrs))], attrs);
    },
  ],
  transpose: [
    (ct, [, indices, updates], attrs) => bind(scatterMulP, [ct, indices as Value, updates as Value], attrs),
    null,
    null,
  ],
  batch: scatterBatch((x, indices, updates, attrs) => bind(scatterMulP, [x, indices, updates], attrs)),
  routine: scatterRoutine("mul"),
  show,
};

// The extreme's derivative is shared evenly by all that attain it: the operand and the updates that meet there.
type Extreme = Primitive<ScatterAttrs, Ternary>;
const extreme = (name: string, combine: "min" | "max"): Extreme => {
  const share = (d: Value, attained: Value, count: Value): Value => select(attained, div(d, count), zeros(d));
  const counts = (
    out: Value,
    x: Value,
    indices: Value,
    updates: Value,
    attrs: ScatterAttrs,
  ): readonly [mine: Value, theirs: Value, count: Value] => {
    const mine = eq(x, out),
      theirs = eq(updates, gatherWritten(out, indices, updates.aval, attrs));
    const one = (v: Value): Value => convertElementType(v, x.dtype);
    return [mine, theirs, bind(scatterAddP, [one(mine), indices, one(theirs)], attrs)];
  };
  const prim: Extreme = {
    name,
    abstractEval: evalAs(name, numeric),
    jvp: [
      (dx, out, [x, indices, updates], attrs) => {
        const [mine, , count] = counts(out, x, indices, updates, attrs);
        return share(dx, mine, count);
      },
      null,
      (du, out, [x, indices, updates], attrs) => {
        const [, theirs, count] = counts(out, x, indices, updates, attrs);
        return bind(
          scatterAddP,
          [zeros(x), indices, share(du, theirs, gatherWritten(count, indices, updates.aval, attrs))],
          attrs,
        );
      },
    ],
    transpose: "nonlinear",
    batch: scatterBatch((x, indices, updates, attrs) => bind(prim, [x, indices, updates], attrs)),
    routine: scatterRoutine(combine),
    show: showScatter,
  };
  return prim;
};
export const scatterMinP = extreme("scatterMin", "min");
export const scatterMaxP = extreme("scatterMax", "max");

export interface UniqueScatterOptions extends ScatterOptions {
  readonly uniqueIndices?: boolean;
}
const uniqueAttrs = (options: UniqueScatterOptions): UniqueScatterAttrs => ({
  ...scatterAttrs(options),
  uniqueIndices: options.uniqueIndices ?? false,
});
/** `operand` with every window of `updates` written at the start that `indices` gives, as `lax.scatter`; where two meet, the last one wins. */
export const scatter = (operand: Value, indices: Value, updates: Value, options: UniqueScatterOptions): Value =>
  setAt(operand, indices, updates, uniqueAttrs(options));
/** `operand` with every window of `updates` multiplied in, as `lax.scatter_mul`. */
export const scatterMul = (operand: Value, indices: Value, updates: Value, options: UniqueScatterOptions): Value =>
  bind(scatterMulP, [operand, indices, updates], uniqueAttrs(options));
/** The lesser of `operand` and the updates, as `lax.scatter_min`; NaN wins. */
export const scatterMin = (operand: Value, indices: Value, updates: Value, options: ScatterOptions): Value =>
  bind(scatterMinP, [operand, indices, updates], scatterAttrs(options));
/** The greater of `operand` and the updates, as `lax.scatter_max`; NaN wins. */
export const scatterMax = (operand: Value, indices: Value, updates: Value, options: ScatterOptions): Value =>
  bind(scatterMaxP, [operand, indices, updates], scatterAttrs(options));
