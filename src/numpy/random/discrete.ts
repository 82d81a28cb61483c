// Gumbel noise, and waiting times.
import type { Shape } from "../../core/aval.ts";
import type { DType } from "../../core/dtype.ts";
import { isFloating } from "../../core/dtype.ts";
import { ArgumentError } from "../../core/errors.ts";
import type { Value } from "../../core/value.ts";
import { add, convertElementType, div, floor, ge, log, log1p, mul, neg, select } from "../../primitives/elementwise.ts";
import { reshape } from "../../primitives/linear.ts";
import { sliceAxis } from "../../primitives/movement.ts";
import { fullLike } from "../../primitives/pointwise.ts";
import { type ArrayLike, asArray, type NDArray } from "../array.ts";
import { expandTo } from "../broadcasting.ts";
import { program } from "../program.ts";
import { consume, type Key } from "./key.ts";
import { type FloatOptions, type Form, floatForm, type IntegerOptions, integerForm, parameters } from "./sampler.ts";
import { between, unit } from "./uniform.ts";
import { named } from "../named.ts";

/** How many random bits a Gumbel number has: "low" reaches 16, "high" 32 in float32, at twice the cost. */
export type GumbelMode = "low" | "high";
const tiny = (dtype: DType): number => (dtype === "float64" ? 2 ** -1022 : 2 ** -126);
/** `-log(-log u)`. */
export const gumbelOf = (form: Form, key: Value, mode: GumbelMode): Value => {
  if (mode === "low") return neg(log(neg(log(between(form, key, tiny(form.dtype), 1)))));
  // Below 1/2 a second uniform number continues the first one's bits; u is then 1 - x.
  const both = unit({ ...form, shape: [2, ...form.shape] }, key);
  const [high, low] = [0, 1].map((i) => reshape(sliceAxis(both, 0, i, i + 1), form.shape)) as [Value, Value];
  const ulp = form.dtype === "float64" ? 2 ** -52 : 2 ** -23;
  const fine = add(add(high, mul(low, fullLike(low, ulp))), fullLike(high, tiny(form.dtype)));
  const x = select(ge(high, fullLike(high, 0.5)), high, fine);
  return neg(log(neg(log1p(neg(x)))));
};
/** `mode`, if it is one; throws an ArgumentError that names `op`. */
export const checkMode = (op: string, mode: GumbelMode): GumbelMode => {
  if (mode !== "low" && mode !== "high")
    throw new ArgumentError({ op, expected: 'the mode "low" or "high"', got: String(mode) });
  return mode;
};
/** Options of `gumbel`. */
export interface GumbelOptions extends FloatOptions {
  readonly mode?: GumbelMode;
}
const drawGumbel = program<Form & { readonly mode: GumbelMode }>("gumbel", ({ mode, ...form }, key) =>
  gumbelOf(form, key as Value, mode),
);
/**
 * Gumbel's distribution, `-log(-log u)`, `f32[...shape]`. Throws ShapeError, DTypeError and ArgumentError.
 * @example
 * random.gumbel(random.key(0), [3]).shape // => [3]
 */
export const gumbel = named(
  "gumbel",
  ["shape"],
  ["dtype", "mode"],
  (key: Key, shape: Shape = [], { mode = "low", ...options }: GumbelOptions = {}): NDArray => {
    const form = floatForm("gumbel", shape, options);
    return drawGumbel({ ...form, mode: checkMode("gumbel", mode) }, consume("gumbel", key));
  },
);

const drawGeometric = program<Form & { readonly out: DType }>("geometric", ({ out, ...form }, key, p) => {
  const u = unit(form, key as Value),
    rate = expandTo("geometric", log1p(neg(p as Value)), form.shape);
  return convertElementType(add(floor(div(log(u), rate)), fullLike(u, 1)), out);
});
/**
 * Trials up to the first success of probability `p`: at least 1, `i32` of the given shape or `p`'s. Throws ShapeError and
 * DTypeError.
 * @example
 * random.geometric(random.key(0), 1 - 1e-7, [3]) // => [1 1 1]
 */
export const geometric = named(
  "geometric",
  ["shape"],
  ["dtype"],
  (key: Key, p: ArrayLike, shape: Shape | null = null, options: IntegerOptions = {}): NDArray => {
    const given = asArray(p, "geometric"),
      dtype = isFloating(given.dtype) ? given.dtype : "float32";
    const [params, common] = parameters("geometric", [given], shape, dtype);
    const { dtype: out } = integerForm("geometric", common, options);
    return drawGeometric({ shape: common, dtype, out }, consume("geometric", key), ...params);
  },
);
