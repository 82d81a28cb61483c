// What all samplers share: shapes, dtypes and parameters.
import type { Shape } from "../../core/aval.ts";
import type { DType } from "../../core/dtype.ts";
import { isFloating } from "../../core/dtype.ts";
import { DTypeError, ShapeError } from "../../core/errors.ts";
import type { Value } from "../../core/value.ts";
import { type ArrayLike, asArray } from "../array.ts";
import { broadcastShapes, expandTo } from "../broadcasting.ts";
import * as given from "../given.ts";
import { program } from "../program.ts";

/** Shape and dtype of a result. */
export interface Form {
  readonly shape: Shape;
  readonly dtype: DType;
}
/** Options of samplers of real numbers. */
export interface FloatOptions {
  /** float32 (the default) or float64. */
  readonly dtype?: DType;
}
/** Options of samplers of integers. */
export interface IntegerOptions {
  /** int32 (the default) or uint32. */
  readonly dtype?: DType;
}

/** `shape`, if it is one; throws a ShapeError that names `op`. */
export const checkShape = (op: string, x: Shape): Shape => given.shape(op, x);
const checkDType = (op: string, dtype: DType, ok: boolean, accepted: string): DType => {
  if (!ok) throw new DTypeError({ op, expected: `a dtype ${accepted}`, got: String(dtype) });
  return dtype;
};
/** The form of real samples. Throws ShapeError and DTypeError. */
export const floatForm = (op: string, shape: Shape, { dtype = "float32" }: FloatOptions): Form => ({
  shape: checkShape(op, shape),
  dtype: checkDType(op, dtype, isFloating(dtype), "float32 or float64"),
});
/** The form of integer samples. Throws ShapeError and DTypeError. */
export const integerForm = (op: string, shape: Shape, { dtype = "int32" }: IntegerOptions): Form => ({
  shape: checkShape(op, shape),
  dtype: checkDType(op, dtype, dtype === "int32" || dtype === "uint32", "int32 or uint32"),
});

/** Parameters as arrays of one dtype and their common shape, or the given one, to which they must broadcast. Throws ShapeError. */
export const parameters = (
  op: string,
  xs: readonly ArrayLike[],
  shape: Shape | null | undefined,
  dtype: DType,
): readonly [params: readonly Value[], shape: Shape] => {
  const params = xs.map((x) => asArray(x, op, dtype));
  const common = checkShape(op, shape ?? broadcastShapes(...params.map((p) => p.shape)));
  for (const p of params) checkBroadcast(op, p.shape, common);
  return [params, common];
};
const checkBroadcast = (op: string, from: Shape, to: Shape): void => {
  const fits = from.length <= to.length && from.every((d, i) => d === 1 || d === to[to.length - from.length + i]);
  if (!fits)
    throw new ShapeError({
      op,
      expected: `parameters that broadcast to the shape [${to}]`,
      got: `one of shape [${from}]`,
      remedy: "leave the shape out, or give one that ends in the shape of the parameters",
    });
};
/** A sampler with real parameters: `draw` gets the key's words and the parameters in the shape of the result. */
export const parametric = (name: string, draw: (form: Form, key: Value, ...params: readonly Value[]) => Value) => {
  const run = program<Form>(name, (form, key, ...params) =>
    draw(form, key as Value, ...params.map((p) => expandTo(name, p, form.shape))),
  );
  return (key: Value, xs: readonly ArrayLike[], shape: Shape | null | undefined, options: FloatOptions): Value => {
    const { dtype } = floatForm(name, [], options);
    const [params, common] = parameters(name, xs, shape, dtype);
    return run({ shape: common, dtype }, key, ...params);
  };
};
