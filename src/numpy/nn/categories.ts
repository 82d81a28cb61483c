// Categories as vectors.
import { showAval } from "../../core/aval.ts";
import type { DType } from "../../core/dtype.ts";
import { ArgumentError, DTypeError } from "../../core/errors.ts";
import type { Value } from "../../core/value.ts";
import { convertElementType, eq } from "../../primitives/elementwise.ts";
import { broadcast, insertAt } from "../../primitives/linear.ts";
import { iota } from "../../primitives/movement.ts";
import { type ArrayLike, asArray, type NDArray } from "../array.ts";
import { normalAxis } from "../axes.ts";
import { program } from "../program.ts";
import { named } from "../named.ts";

/** Options of `oneHot`. */
export interface OneHotOptions {
  /** The dtype of the result (float32). */
  readonly dtype?: DType;
  /** Where the axis of classes goes (last). */
  readonly axis?: number;
}
interface Classes {
  readonly count: number;
  readonly axis: number;
  readonly dtype: DType;
}
const drawOneHot = program<Classes>("oneHot", ({ count, axis, dtype }, v) => {
  const x = v as Value,
    shape = insertAt(x.shape, axis, count);
  return convertElementType(eq(broadcast(x, shape, [axis]), iota(shape, axis, x.dtype)), dtype);
});
/**
 * 1 at the position that `x` gives, else 0, along a new axis of `numClasses` elements: `f32[..., numClasses]`. Numbers out of range
 * give zeros. Throws DTypeError for fractions, ArgumentError and ShapeError.
 * @example
 * nn.oneHot([0, 2, -1], 3) // => [[1 0 0] [0 0 1] [0 0 0]]
 */
export const oneHot = named(
  "oneHot",
  [],
  ["dtype", "axis"],
  (x: ArrayLike, numClasses: number, { dtype = "float32", axis = -1 }: OneHotOptions = {}): NDArray => {
    if (!Number.isInteger(numClasses) || numClasses < 0)
      throw new ArgumentError({ op: "oneHot", expected: "a number of classes", got: String(numClasses) });
    const given = asArray(x, "oneHot"),
      weak = typeof x === "number" || Array.isArray(x);
    if (!weak && given.dtype !== "int32" && given.dtype !== "uint32" && given.dtype !== "uint8")
      throw new DTypeError({
        op: "oneHot",
        expected: "numbers of classes, integers",
        got: showAval(given.aval),
        remedy: 'convert them with astype("int32")',
      });
    const numbers = given.dtype === "uint32" ? given : convertElementType(given, "int32");
    return drawOneHot({ count: numClasses, axis: normalAxis(axis, given.ndim + 1, "oneHot"), dtype }, numbers);
  },
);
