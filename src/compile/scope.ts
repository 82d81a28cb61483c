// The blocks of a kernel while its computations are placed: what each binds, and what has been placed in it.
import type { Expr, Var } from "../kernel/expr.ts";
import type { Stmt } from "../kernel/program.ts";

/** A block of statements, within those of its parents. */
export interface Scope {
  readonly depth: number;
  readonly vars: ReadonlySet<Var>;
  readonly stmts: Stmt[];
  readonly placed: Map<Expr, Expr>;
  /** What `depthOf` has found here. */
  readonly depths: Map<Expr, number>;
  /** The vector loop at or around this scope. */
  readonly vector: Var | null;
  readonly parent: Scope | null;
  /** Of a branch that is seldom taken: what would be placed at this depth or deeper outside is placed here. */
  readonly floor?: number;
}

/** A block within another one that binds these variables; `vector` is the vector loop at or around it. */
export const scopeIn = (parent: Scope | null, vars: readonly Var[], vector: Var | null): Scope => ({
  depth: parent === null ? 0 : parent.depth + 1,
  vars: new Set(vars),
  stmts: [],
  placed: new Map(),
  depths: new Map(),
  vector,
  parent,
});
/** The scope of some depth at or around `s`. */
export const scopeAt = (s: Scope, depth: number): Scope => {
  let at = s;
  while (at.depth > depth) at = at.parent as Scope;
  return at;
};
/** What stands for a node in `s` if it has been placed there or around. */
export const placedAs = (e: Expr, s: Scope): Expr | undefined => {
  for (let at: Scope | null = s; at !== null; at = at.parent) {
    const found = at.placed.get(e);
    if (found !== undefined) return found;
  }
  return undefined;
};
export const isBound = (v: Var, s: Scope): boolean => {
  for (let at: Scope | null = s; at !== null; at = at.parent) if (at.vars.has(v)) return true;
  return v.extent < 0;
};
/** The depth of the innermost scope that binds one of the variables. */
export const deepest = (vars: ReadonlySet<Var>, s: Scope): number => {
  if (vars.size > 0)
    for (let at: Scope | null = s; at !== null; at = at.parent)
      for (const v of vars) if (at.vars.has(v)) return at.depth;
  return 0;
};
