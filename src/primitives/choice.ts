// Choosing among values: select, clamp, max, min.
import { showAval } from "../core/aval.ts";
import { ArgumentError, DTypeError } from "../core/errors.ts";
import type { None, Primitive, Ternary } from "../core/primitive.ts";
import type { Value } from "../core/value.ts";
import type { Expr } from "../kernel/expr.ts";
import { binary, select as choose } from "../kernel/expr.ts";
import { mul } from "./arithmetic.ts";
import { eq, gt, le, lt } from "./comparison.ts";
import { and } from "./logic.ts";
import { anyDType, apply2, apply3, binaryRow, checkEqual, fullLike, numeric, pointwise } from "./pointwise.ts";

const zerosLike = (x: Value): Value => fullLike(x, 0);

/** Elementwise `c ? x : y`; c is bool, x and y have one dtype. */
export const selectP: Primitive<None, Ternary> = pointwise<None, Ternary>({
  name: "select",
  accepts: anyDType,
  abstractEval: ([c, x, y]) => {
    if (c.dtype !== "bool")
      throw new DTypeError({
        op: "select",
        expected: "a predicate of dtype bool",
        got: showAval(c),
        remedy: "compare it with 0, or use selectN for an index",
      });
    checkEqual("select", [{ dtype: x.dtype, shape: c.shape }, x, y]);
    return x;
  },
  scalar: ([c, x, y]) => choose(c, x, y),
  jvp: [null, (dx, _, [c]) => select(c, dx, zerosLike(dx)), (dy, _, [c]) => select(c, zerosLike(dy), dy)],
  transpose: [
    null,
    (ct, [c]) => select(c as Value, ct, zerosLike(ct)),
    (ct, [c]) => select(c as Value, zerosLike(ct), ct),
  ],
});
/** `c ? onTrue : onFalse`, elementwise; the branch that is not chosen has gradient 0. */
export const select = apply3(selectP);
/** `cases[which]`, elementwise: `which` is int32 (clamped to the cases) or, for two cases, bool (false picks the first). */
export const selectN = (which: Value, ...cases: readonly Value[]): Value => {
  const [first, second, ...more] = cases;
  if (first === undefined) throw new ArgumentError({ op: "selectN", expected: "at least one case", got: "none" });
  if (which.dtype === "bool" && second !== undefined && more.length === 0) return select(which, second, first);
  if (which.dtype !== "int32")
    throw new DTypeError({
      op: "selectN",
      expected: "an index of dtype int32, or bool for two cases",
      got: `${showAval(which.aval)} for ${cases.length} cases`,
      remedy: 'convert it with astype("int32")',
    });
  return cases
    .slice(0, -1)
    .reduceRight<Value>(
      (rest, x, i) => select((i === 0 ? le : eq)(which, fullLike(which, i)), x, rest),
      cases[cases.length - 1] as Value,
    );
};

/** `lo` where x < lo, `hi` where x > hi; NaN stays. No tangent flows where x is at or beyond a bound. */
export const clampP: Primitive<None, Ternary> = pointwise<None, Ternary>({
  name: "clamp",
  accepts: numeric,
  scalar: ([lo, x, hi]) => binary("min", binary("max", x, lo), hi),
  jvp: [
    (dlo, _, [lo, x]) => select(gt(lo, x), dlo, zerosLike(dlo)),
    (dx, _, [lo, x, hi]) => select(and(gt(x, lo), lt(x, hi)), dx, zerosLike(dx)),
    (dhi, _, [, x, hi]) => select(lt(hi, x), dhi, zerosLike(dhi)),
  ],
});
/** `min(max(x, lo), hi)`, elementwise. */
export const clamp = apply3(clampP);

// Where both are equal each gets half.
const winner = (wins: (x: Value, y: Value) => Value, dx: Value, x: Value, y: Value): Value =>
  select(wins(x, y), dx, select(eq(x, y), mul(dx, fullLike(dx, 0.5)), zerosLike(dx)));
const extremes = ["bool", ...numeric] as const;
const maximum = (x: Expr, y: Expr): Expr => binary(x.type === "bool" ? "or" : "max", x, y);
const minimum = (x: Expr, y: Expr): Expr => binary(x.type === "bool" ? "and" : "min", x, y);
export const maxP = binaryRow("max", extremes, maximum, [
  (dx, _, [x, y]) => winner(gt, dx, x, y),
  (dy, _, [x, y]) => winner(gt, dy, y, x),
]);
export const minP = binaryRow("min", extremes, minimum, [
  (dx, _, [x, y]) => winner(lt, dx, x, y),
  (dy, _, [x, y]) => winner(lt, dy, y, x),
]);
/** The larger of two, NaN if either is; at ties each gets half of the tangent. */
export const max = apply2(maxP);
/** The smaller of two, NaN if either is; at ties each gets half of the tangent. */
export const min = apply2(minP);
