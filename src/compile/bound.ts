// What statements read and write, and which names they bind.
import type { Buffer, Expr, Var } from "../kernel/expr.ts";
import { topological } from "../kernel/expr.ts";
import type { Stmt } from "../kernel/program.ts";

/** Buffers that statements write. */
export const writtenBy = (body: readonly Stmt[]): ReadonlySet<Buffer> => {
  const found = new Set<Buffer>();
  const go = (stmts: readonly Stmt[]): void => {
    for (const s of stmts) {
      if (s.op === "store") found.add(s.buffer);
      else if (s.op === "for" || s.op === "while") go(s.body);
      else if (s.op === "if") {
        go(s.then);
        go(s.else);
      }
    }
  };
  go(body);
  return found;
};

/** Names bound in a block, for what comes after in it. */
export const letsOf = (body: readonly Stmt[]): readonly Var[] =>
  body.flatMap((s) => (s.op === "let" ? [s.name] : s.op === "for" ? s.accs.map((a) => a.name) : []));

/** Every expression of the statements, once for each place where it stands. */
export const eachExpr = (body: readonly Stmt[], look: (e: Expr) => void): void => {
  const go = (stmts: readonly Stmt[]): void => {
    for (const s of stmts) {
      if (s.op === "store") {
        s.at.forEach(look);
        look(s.value);
      } else if (s.op === "let" || s.op === "set") look(s.value);
      else if (s.op === "if") {
        look(s.cond);
        go(s.then);
        go(s.else);
      } else if (s.op === "while") {
        look(s.cond);
        go(s.body);
      } else {
        if (s.limit !== undefined) look(s.limit);
        for (const a of s.accs) look(a.value);
        go(s.body);
      }
    }
  };
  go(body);
};
/** Buffers that statements read or write. */
export const buffersIn = (body: readonly Stmt[]): ReadonlySet<Buffer> => {
  const found = new Set<Buffer>(writtenBy(body));
  eachExpr(body, (e) => {
    for (const x of topological([e])) if (x.op === "read") found.add(x.buffer);
  });
  return found;
};
