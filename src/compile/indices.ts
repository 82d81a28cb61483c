// Substitution of indices.
import type { Expr, Var } from "../kernel/expr.ts";
import { read, topological, withArgs } from "../kernel/expr.ts";
import { fromLinear, linear } from "../kernel/index.ts";

/** Replace nodes by others, keeping the offsets of reads in linear form. */
export const substituteIn = (roots: readonly Expr[], to: ReadonlyMap<Expr, Expr>): readonly Expr[] => {
  const done = new Map<Expr, Expr>();
  for (const e of topological(roots)) {
    const replacement = to.get(e),
      args = e.args.map((a) => done.get(a) as Expr);
    if (replacement !== undefined) done.set(e, replacement);
    else if (e.op === "read" && args[0] !== e.args[0])
      done.set(e, read(e.buffer, [fromLinear(linear(args[0] as Expr))]));
    else done.set(e, withArgs(e, args));
  }
  return roots.map((r) => done.get(r) as Expr);
};
/** Replace indices, one by one. */
export const at = (roots: readonly Expr[], vars: readonly Var[], to: readonly Expr[]): readonly Expr[] =>
  substituteIn(roots, new Map<Expr, Expr>(vars.map((v, i) => [v, to[i] as Expr])));
