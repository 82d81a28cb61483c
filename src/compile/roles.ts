// What values are to each other, before it is decided which of them get a buffer: sums of products, what could be computed where
// they are stored, and what puts others together.
import { isCall, isVar } from "../core/jaxpr.ts";
import type { Atom, Jaxpr, Var } from "../core/jaxpr.ts";
import type { Buffer, Expr, Read } from "../kernel/expr.ts";
import { topological } from "../kernel/expr.ts";
import { canonical, mergeLoops, mergeReductions } from "./canonical.ts";
import { contractionOf } from "./contraction.ts";
import { costOf } from "./cost.ts";
import { type Group, isIdentity, isInOrder, isPermuted, lowerAt, newGroup, readsOf } from "./group.ts";

export const hasReduce = (e: Expr): boolean => topological([e]).some((x) => x.op === "reduce");
/** Whether a value, computed on its own, is a sum of products worth packing. */
const isContraction = (g: Group, e: Expr): boolean => {
  if (e.op !== "reduce" || e.combine !== "add") return false;
  const merged = mergeLoops(g.vars, mergeReductions(canonical([e])), []);
  return contractionOf(merged.roots[0] as Expr, merged.vars) !== null;
};
/** Whether the index alone chooses what an element is: arrays that are joined, or have something around or between their elements. */
const isPlaced = (e: Expr): boolean =>
  topological([e]).some((x) => x.op === "select" && readsOf(x.args[0] as Expr).length === 0);

/** Beyond this, costs are not told apart. */
const most = 1000;

export interface Roles {
  /** What each value is at the loops of a group of its shape. */
  readonly owns: ReadonlyMap<Var, Expr>;
  /** Sums of products. */
  readonly heavy: ReadonlySet<Var>;
  /** Sums of products, and what follows one element by element with nobody else looking at it. */
  readonly following: ReadonlySet<Var>;
  /** What is one element of a value that follows, or of another such, for whoever else looks at that. */
  readonly beside: ReadonlySet<Var>;
  /** Sums of values that have numbers only here and there: whoever computes one of them anew, computes all. */
  readonly joined: ReadonlySet<Var>;
  /** What an element costs from inputs, sums and reductions on, if everything between is computed for it alone. */
  readonly costs: ReadonlyMap<Var, number>;
}
/** The roles of all values of a jaxpr; `varOf` is the inverse of `bufferOf`. */
export const rolesOf = (jaxpr: Jaxpr, bufferOf: (v: Var) => Buffer, varOf: ReadonlyMap<Buffer, Var>): Roles => {
  const owns = new Map<Var, Expr>(),
    heavy = new Set<Var>(),
    following = new Set<Var>(),
    beside = new Set<Var>(),
    joined = new Set<Var>(),
    // Of what follows, what puts results at places of its own, where nobody should look for them twice, ...
    moved = new Set<Var>(),
    // ... and results in the same order, seen as another shape.
    reshaped = new Set<Var>(),
    placed = new Set<Var>(),
    costs = new Map<Var, number>(),
    users = new Map<Var, number>();
  const count = (a: Atom): void => {
    if (isVar(a)) users.set(a, (users.get(a) ?? 0) + 1);
  };
  for (const e of jaxpr.eqns) e.ins.forEach(count);
  jaxpr.outs.forEach(count);
  const made = (r: Read): Var => varOf.get(r.buffer) as Var;
  const follow = (v: Var, g: Group, reads: readonly Read[]): void => {
    const from = reads.filter((r) => following.has(made(r)) || reshaped.has(made(r)));
    if (from.length === 0) return;
    if (placed.has(v) || from.some((r) => moved.has(made(r)))) moved.add(v);
    if (moved.has(v) || from.some((r) => isPermuted(g, r) && following.has(made(r)))) following.add(v);
    else if (from.some((r) => isInOrder(g, r))) reshaped.add(v);
  };
  for (const e of jaxpr.eqns) {
    if (isCall(e.prim) || "routine" in e.prim) continue;
    const v = e.outs[0] as Var,
      g = newGroup(-1, v.aval.shape, null),
      own = lowerAt(e, g.vars, bufferOf);
    owns.set(v, own);
    if (isContraction(g, own)) {
      following.add(v);
      heavy.add(v);
    } else if (!hasReduce(own)) {
      const all = readsOf(own);
      costs.set(
        v,
        Math.min(
          most,
          all.reduce((n, r) => n + (costs.get(made(r)) ?? 0), costOf(own)),
        ),
      );
      const reads = all.filter((r) => users.get(made(r)) === 1),
        parts = reads.filter((r) => isIdentity(g, r) && (placed.has(made(r)) || joined.has(made(r))));
      if (isPlaced(own)) placed.add(v);
      else if (own.op === "add" && parts.length > 1) joined.add(v);
      follow(v, g, reads);
      if (all.some((r) => isIdentity(g, r) && (following.has(made(r)) || beside.has(made(r))))) beside.add(v);
      if (following.has(v)) costs.set(v, 0);
    }
  }
  return { owns, heavy, following, beside, joined, costs };
};
