// The vectors of a round take turns: an operation is emitted for all of them before the next one is. A constant is then loaded
// once for all, and while one vector waits for its result the others have something to do.
import type { Expr } from "../../kernel/expr.ts";
import type { Context, VectorLoop } from "./context.ts";
import { isVarying } from "./context.ts";
import { emitVector, limitOf } from "./vectorExpression.ts";

/** What an operation takes as vectors; those that are emitted as one take the operands of all. */
const operandsOf = (e: Expr, loop: VectorLoop): readonly Expr[] => {
  if (e.op === "select" && limitOf(e, loop.lanes) !== null) return e.args.slice(1);
  return e.op === "fma64" ? e.args.flatMap((a) => (a.op === "fma64" ? operandsOf(a, loop) : [a])) : e.args;
};
const isLeaf = (x: Context, e: Expr): boolean =>
  e.args.length === 0 || e.op === "read" || !isVarying(x, e) || (e.op === "bitcast" && isLeaf(x, e.args[0] as Expr));

/** Compute the operands of `e` for all vectors of the round; until `endTurns` they are ready. */
export const takeTurns = (x: Context, e: Expr): void => {
  const loop = x.vector as VectorLoop,
    { ready, spare, unroll } = loop;
  if (!loop.turns || isLeaf(x, e)) return;
  for (const a of operandsOf(e, loop)) {
    if (isLeaf(x, a) || ready.has(a)) continue;
    takeTurns(x, a);
    const locals = Array.from({ length: unroll }, () => spare.pop() ?? x.code.local("v128"));
    for (const [u, local] of locals.entries()) {
      emitVector(x, a, u);
      x.code.emit("local.set", local);
    }
    endTurns(x, a);
    ready.set(a, locals);
  }
};
/** `e` has been emitted for all vectors: the locals of its operands are free. */
export const endTurns = (x: Context, e: Expr): void => {
  const loop = x.vector as VectorLoop;
  if (loop.ready.size === 0) return;
  for (const a of operandsOf(e, loop)) {
    const locals = loop.ready.get(a);
    if (locals === undefined) continue;
    loop.spare.push(...locals);
    loop.ready.delete(a);
  }
};
