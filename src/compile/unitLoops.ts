// Loops that run once are no loops, and limits that are numbers are extents.
import type { Expr, Var } from "../kernel/expr.ts";
import { int, loopVar } from "../kernel/expr.ts";
import { fromLinear, linear } from "../kernel/index.ts";
import type { For, Stmt } from "../kernel/program.ts";
import { simplifyExprs } from "./algebra.ts";
import { substituteIn } from "./indices.ts";

/** The same statements with fewer loops; offsets are flat. */
export const withoutUnitLoops = (body: readonly Stmt[]): readonly Stmt[] => {
  const env = new Map<Expr, Expr>();
  const one = (e: Expr): Expr => (env.size === 0 ? e : (simplifyExprs(substituteIn([e], env))[0] as Expr)),
    index = (e: Expr): Expr => fromLinear(linear(one(e)));
  const all = (stmts: readonly Stmt[]): readonly Stmt[] => stmts.flatMap(go);
  const loop = (s: For): readonly Stmt[] => {
    const given = s.limit === undefined ? undefined : index(s.limit),
      known = given?.op === "const" ? Math.max(0, Math.min(s.index.extent, Number(given.value))) : undefined,
      extent = known ?? s.index.extent;
    const limit = known === undefined && given !== undefined ? { limit: given } : {};
    if (extent === 1 && s.accs.length === 0 && !("limit" in limit)) {
      env.set(s.index, int(0));
      const inner = all(s.body);
      env.delete(s.index);
      return inner;
    }
    const name: Var = extent === s.index.extent ? s.index : loopVar(s.index.name, extent);
    if (name !== s.index) env.set(s.index, name);
    const { limit: _, ...rest } = s;
    const made: For = {
      ...rest,
      index: name,
      body: all(s.body),
      accs: s.accs.map((a) => ({ ...a, value: one(a.value) })),
      ...limit,
    };
    env.delete(s.index);
    return [made];
  };
  const go = (s: Stmt): readonly Stmt[] => {
    switch (s.op) {
      case "let":
      case "set":
        return [{ ...s, value: s.value.type === "i32" ? index(s.value) : one(s.value) }];
      case "store":
        return [{ ...s, at: s.at.map(index), value: one(s.value) }];
      case "if": {
        const cond = one(s.cond);
        return [{ ...s, cond, then: all(s.then), else: all(s.else) }];
      }
      case "while":
        return [{ ...s, cond: one(s.cond), body: all(s.body) }];
      case "for":
        return loop(s);
      default:
        return s satisfies never;
    }
  };
  return all(body);
};
