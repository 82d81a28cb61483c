// What statements write, and which names they bind.
import type { Buffer, Var } from "../kernel/expr.ts";
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
