// Routines are written with an index per dimension; from here on every read and store has one flat offset.
import type { Expr } from "../kernel/expr.ts";
import { read, rewrite } from "../kernel/expr.ts";
import { expandMath } from "../kernel/math.ts";
import type { Stmt } from "../kernel/program.ts";
import { flatOffset } from "./canonical.ts";

const flat = (e: Expr): Expr =>
  rewrite(expandMath([e]), (x) =>
    x.op === "read" ? read(x.buffer, [flatOffset(x.args, x.buffer.shape)]) : x,
  )[0] as Expr;

/** The same statements with flat offsets and without mathematical functions. */
export const flattenStmts = (stmts: readonly Stmt[]): readonly Stmt[] =>
  stmts.map((s): Stmt => {
    switch (s.op) {
      case "let":
      case "set":
        return { ...s, value: flat(s.value) };
      case "store":
        return { ...s, value: flat(s.value), at: [flatOffset(s.at.map(flat), s.buffer.shape)] };
      case "if":
        return { ...s, cond: flat(s.cond), then: flattenStmts(s.then), else: flattenStmts(s.else) };
      case "while":
        return { ...s, cond: flat(s.cond), body: flattenStmts(s.body) };
      case "for":
        return {
          ...s,
          body: flattenStmts(s.body),
          accs: s.accs.map((a) => ({ ...a, value: flat(a.value) })),
          ...(s.limit === undefined ? {} : { limit: flat(s.limit) }),
        };
      default:
        return s satisfies never;
    }
  });
