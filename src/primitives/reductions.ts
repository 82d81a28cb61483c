// Reductions over axes beside the sum: maximum, minimum, product, and, or; positions of extremes.
import { aval, showAval, sizeOf } from "../core/aval.ts";
import type { Shape } from "../core/aval.ts";
import type { DType } from "../core/dtype.ts";
import { scalarOf } from "../core/dtype.ts";
import { DTypeError, ShapeError } from "../core/errors.ts";
import type { Jvp, Primitive, Unary } from "../core/primitive.ts";
import { bind } from "../core/trace.ts";
import { Literal, type Value } from "../core/value.ts";
import type { Expr, ReduceOp } from "../kernel/expr.ts";
import { binary, cast, compare, constant, freshVar, reduceOver, select as choose } from "../kernel/expr.ts";
import { div, mul } from "./arithmetic.ts";
import { select } from "./choice.ts";
import { compareScalars, eq } from "./comparison.ts";
import { convertElementType } from "./convert.ts";
import { cumprod } from "./cumulative.ts";
import type { AxesAttrs } from "./linear.ts";
import { broadcast, insertAt, reduceBatch, reduceLower, reshape, sum, transpose, without, zerosOf } from "./linear.ts";
import { checkAxis, pad } from "./movement.ts";
import { checkDType, fullLike, logical, numeric } from "./pointwise.ts";

const reduction = (
  name: string,
  accepts: readonly DType[],
  combine: (type: DType) => ReduceOp,
  jvp: Jvp<AxesAttrs, Unary> | "zero",
): Primitive<AxesAttrs, Unary> => {
  const prim: Primitive<AxesAttrs, Unary> = {
    name,
    abstractEval: ([x], { axes }) => {
      checkDType(name, x, accepts);
      axes.forEach((a, i) => {
        checkAxis(name, a, x);
        if (i > 0 && a <= (axes[i - 1] as number))
          throw new ShapeError({ op: name, expected: "axes in ascending order", got: `[${axes}]` });
      });
      return aval(without(x.shape, axes), x.dtype);
    },
    jvp: jvp === "zero" ? jvp : [jvp],
    transpose: "nonlinear",
    batch: (_n, [x], [b], { axes }) =>
      reduceBatch((v, shifted) => bind(prim, [v], { axes: shifted }), x, b as number, axes),
    lower: ([x], at, { axes }, [a]) => reduceLower(combine(a.dtype), x, at, axes, a.shape),
  };
  return prim;
};

// The tangents of all elements that attain the extreme, averaged.
const extremeJvp: Jvp<AxesAttrs, Unary> = (dx, y, [x], { axes }) => {
  if (axes.some((a) => x.shape[a] === 0)) return zerosOf(y.aval);
  const attains = eq(x, broadcast(y, x.shape, axes));
  return div(sum(select(attains, dx, fullLike(dx, 0)), axes), sum(convertElementType(attains, x.dtype), axes));
};
/** Each element's factor in the derivative: the product of all others, by products from both sides and without division. */
const productOfOthers = (x: Value, axes: readonly number[]): Value => {
  const kept = without(
      x.shape.map((_, i) => i),
      axes,
    ),
    order = [...kept, ...axes],
    back = order.map((_, i) => order.indexOf(i));
  const shape: Shape = order.map((i) => x.shape[i] as number),
    lead = shape.slice(0, kept.length),
    axis = lead.length;
  const flat = reshape(transpose(x, order), [...lead, sizeOf(shape.slice(axis))]);
  const shifted = (c: Value, by: number): Value =>
    pad(c, new Literal(1, c.dtype), [...lead.map(() => 0), by], [...lead.map(() => 0), -by]);
  const others = mul(shifted(cumprod(flat, axis), 1), shifted(cumprod(flat, axis, true), -1));
  return transpose(reshape(others, shape), back);
};

export const reduceMaxP = reduction(
  "reduceMax",
  ["bool", ...numeric],
  (t) => (t === "bool" ? "or" : "max"),
  extremeJvp,
);
export const reduceMinP = reduction(
  "reduceMin",
  ["bool", ...numeric],
  (t) => (t === "bool" ? "and" : "min"),
  extremeJvp,
);
export const reduceProdP = reduction(
  "reduceProd",
  numeric,
  () => "mul",
  (dx, _y, [x], { axes }) => sum(mul(dx, productOfOthers(x, axes)), axes),
);
export const reduceAndP = reduction("reduceAnd", logical, () => "and", "zero");
export const reduceOrP = reduction("reduceOr", logical, () => "or", "zero");

const reducer =
  (prim: Primitive<AxesAttrs, Unary>) =>
  (x: Value, axes: readonly number[]): Value =>
    axes.length === 0 ? x : bind(prim, [x], { axes });
/** Maximum over `axes` (sorted), NaN if there is one, -inf (or the smallest integer) of nothing; ties share the tangent evenly. */
export const reduceMax = reducer(reduceMaxP);
/** Minimum over `axes` (sorted), NaN if there is one, inf (or the largest integer) of nothing; ties share the tangent evenly. */
export const reduceMin = reducer(reduceMinP);
/** Product over `axes` (sorted); 1 of nothing. */
export const reduceProd = reducer(reduceProdP);
/** And over `axes` (sorted): logical on bool, bitwise on integers; true (all bits) of nothing. */
export const reduceAnd = reducer(reduceAndP);
/** Or over `axes` (sorted): logical on bool, bitwise on integers; false (no bits) of nothing. */
export const reduceOr = reducer(reduceOrP);

export interface ArgAttrs {
  readonly axis: number;
  readonly indexDtype: DType;
}
// The extreme, then the least index that attains it. NaN counts as the extreme: it is one if there is any, and differs from itself.
const position = (name: string, combine: (t: DType) => ReduceOp): Primitive<ArgAttrs, Unary> => {
  const prim: Primitive<ArgAttrs, Unary> = {
    name,
    abstractEval: ([x], { axis, indexDtype }) => {
      checkAxis(name, axis, x);
      checkDType(name, x, ["bool", ...numeric]);
      if (indexDtype !== "int32" && indexDtype !== "uint32")
        throw new DTypeError({ op: name, expected: "an index dtype int32 or uint32", got: indexDtype });
      if (x.shape[axis] === 0)
        throw new ShapeError({
          op: name,
          expected: `at least one element along axis ${axis}`,
          got: showAval(x),
          remedy: "there is no position in an empty axis",
        });
      return aval(without(x.shape, [axis]), indexDtype);
    },
    jvp: "zero",
    transpose: "nonlinear",
    batch: (_n, [x], [b], { axis, indexDtype }) => {
      const at = b as number,
        shifted = axis >= at ? axis + 1 : axis;
      return [bind(prim, [x], { axis: shifted, indexDtype }), shifted < at ? at - 1 : at];
    },
    lower: ([x], at, { axis, indexDtype }, [a]) => {
      const n = a.shape[axis] as number,
        along = freshVar(n),
        place = freshVar(n);
      const extreme = reduceOver(combine(a.dtype), along, x(insertAt(at, axis, along)));
      const here = x(insertAt(at, axis, place)),
        equal = compareScalars("eq", here, extreme);
      const float = here.type === "f32" || here.type === "f64";
      const attains: Expr = float ? binary("or", equal, compare("ne", here, here)) : equal;
      return cast(scalarOf(indexDtype), reduceOver("min", place, choose(attains, place, constant("i32", 0x7fffffff))));
    },
  };
  return prim;
};
export const argmaxP = position("argmax", (t) => (t === "bool" ? "or" : "max"));
export const argminP = position("argmin", (t) => (t === "bool" ? "and" : "min"));
/** Index of the first maximum along an axis; the first NaN if there is one. Throws a ShapeError if the axis is empty. */
export const argmax = (x: Value, axis: number, indexDtype: DType = "int32"): Value =>
  bind(argmaxP, [x], { axis, indexDtype });
/** Index of the first minimum along an axis; the first NaN if there is one. Throws a ShapeError if the axis is empty. */
export const argmin = (x: Value, axis: number, indexDtype: DType = "int32"): Value =>
  bind(argminP, [x], { axis, indexDtype });
