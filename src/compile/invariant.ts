// What is the same in every round of a loop, and costs something, is computed before it. Cheap values stay, to be fused.
import { isEffect } from "../core/effects.ts";
import type { Atom, Eqn, Jaxpr, Var } from "../core/jaxpr.ts";
import { isCall, isVar } from "../core/jaxpr.ts";
import { loopVar } from "../kernel/expr.ts";
import { costOf } from "./cost.ts";
import { bufferTable, lowerAt } from "./group.ts";

/** Cost of an element, in additions, from which on a value is worth a buffer outside the loop. */
const worthwhile = 6;
const isHeavy = (e: Eqn): boolean => {
  const [out] = e.outs;
  if (isCall(e.prim) || !("lower" in e.prim) || out === undefined) return true;
  const at = out.aval.shape.map((d, i) => loopVar(`i${i}`, d));
  return costOf(lowerAt(e, at, bufferTable())) >= worthwhile;
};

/** A body cut in two: `before` takes the constants of the loop and gives what `inside` takes besides its operands. */
export interface Hoisted {
  readonly before: Jaxpr;
  readonly inside: Jaxpr;
}
/** Cut a simplified body whose operands at `constant` are the same in every round; null if there is nothing worth it. */
export const hoistInvariant = (body: Jaxpr, constant: readonly boolean[]): Hoisted | null => {
  const same = new Set<Atom>(body.ins.filter((_, i) => constant[i]));
  const candidates = body.eqns.filter((e) => {
    const fits = !isEffect(e) && e.ins.some(isVar) && e.ins.every((a) => !isVar(a) || same.has(a));
    if (fits) for (const v of e.outs) same.add(v);
    return fits;
  });
  // The expensive ones and what they are computed from.
  const needed = new Set<Atom>(),
    out = new Set<Eqn>();
  for (const e of [...candidates].reverse())
    if (e.outs.some((v) => needed.has(v)) || isHeavy(e)) {
      out.add(e);
      for (const a of e.ins) needed.add(a);
    }
  if (out.size === 0) return null;
  const eqns = body.eqns.filter((e) => !out.has(e)),
    used = new Set<Atom>([...eqns.flatMap((e) => e.ins), ...body.outs]);
  const moved = body.eqns.filter((e) => out.has(e)),
    values: readonly Var[] = moved.flatMap((e) => e.outs.filter((v) => used.has(v)));
  return {
    before: { consts: 0, ins: body.ins.filter((_, i) => constant[i]), eqns: moved, outs: values },
    inside: { ...body, ins: [...body.ins, ...values], eqns },
  };
};
