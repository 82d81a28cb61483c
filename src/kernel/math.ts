// Mathematical functions expanded into plain operations: branch-free, so that they run as SIMD. float32 functions use float32
// and 32-bit integers only, except pow, frem, lgamma and digamma, which go through float64.
import type { Expr, MathBinary, MathUnary } from "./expr.ts";
import { rewrite } from "./expr.ts";
import { erf, erfc, erfInv } from "./mathErf.ts";
import { cosh, exp, exp2, expm1, logistic, sinh, tanh } from "./mathExp.ts";
import { digamma, lgamma } from "./mathGamma.ts";
import { frem, ipow, nextafter } from "./mathInteger.ts";
import { acos, acosh, asin, asinh, atan, atan2, atanh, cbrt } from "./mathInverse.ts";
import { log, log1p, log2 } from "./mathLog.ts";
import { div, lit, sqrt } from "./mathOps.ts";
import { pow } from "./mathPow.ts";
import { cos, sin, tan } from "./mathTrig.ts";

const unary: { readonly [K in MathUnary]: (x: Expr) => Expr } = {
  exp,
  exp2,
  expm1,
  log,
  log2,
  log1p,
  sin,
  cos,
  tan,
  asin,
  acos,
  atan,
  sinh,
  cosh,
  tanh,
  asinh,
  acosh,
  atanh,
  logistic,
  erf,
  erfc,
  erfInv,
  cbrt,
  rsqrt: (x) => div(lit(x, 1), sqrt(x)),
  lgamma,
  digamma,
};
const binary: { readonly [K in MathBinary]: (x: Expr, y: Expr) => Expr } = { pow, atan2, frem, nextafter, ipow };

const isUnary = (op: string): op is MathUnary => Object.hasOwn(unary, op);
const isBinary = (op: string): op is MathBinary => Object.hasOwn(binary, op);
const expand = (e: Expr): Expr => {
  const [x, y] = e.args;
  if (x !== undefined && isUnary(e.op)) return unary[e.op](x);
  return x !== undefined && y !== undefined && isBinary(e.op) ? binary[e.op](x, y) : e;
};

/** The same values without mathematical functions: every `MathUnary` and `MathBinary` node becomes plain arithmetic. */
export const expandMath = (roots: readonly Expr[]): readonly Expr[] => rewrite(roots, expand);
