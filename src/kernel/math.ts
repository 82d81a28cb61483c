// Mathematical functions expanded into plain operations, one builder each: branch-free, so that they run as SIMD.
import type { Expr, MathBinary, MathUnary } from "./expr.ts";
import { rewrite } from "./expr.ts";
import { cosh, exp, exp2, expm1, logistic, sinh, tanh } from "./mathExp.ts";
import { log, log1p, log2 } from "./mathLog.ts";
import { cos, sin, tan } from "./mathTrig.ts";
import { div, lit, sqrt } from "./mathOps.ts";

const functions = {
  exp,
  exp2,
  expm1,
  log,
  log2,
  log1p,
  sin,
  cos,
  tan,
  sinh,
  cosh,
  tanh,
  logistic,
  rsqrt: (x: Expr): Expr => div(lit(x, 1), sqrt(x)),
} as Readonly<Record<string, (x: Expr) => Expr>>;

/** The same values without mathematical functions: every `MathUnary` and `MathBinary` node becomes plain arithmetic. */
export const expandMath = (roots: readonly Expr[]): readonly Expr[] =>
  rewrite(roots, (e) => {
    const f = functions[e.op];
    return f === undefined ? e : f(e.args[0] as Expr);
  });
export type Names = MathUnary | MathBinary;
