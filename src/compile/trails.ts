// Carries that a scan stacks too, as they are before its rounds or as they are after them (a gradient wants both): they live in the
// stack. What a round leaves is what the next one finds, so a stack of one slot more than there are rounds holds both, and nothing is
// copied.
import { sizeOf } from "../core/aval.ts";
import type { Atom, Jaxpr, Role, Var } from "../core/jaxpr.ts";
import { isVar } from "../core/jaxpr.ts";
import type { Buffer } from "../kernel/expr.ts";
import { buffer } from "../kernel/expr.ts";
import type { Slots, Views } from "./views.ts";

/** The slots of a carry, and which results of the scan are parts of them. */
export interface Trail {
  readonly slots: Slots;
  readonly stacks: ReadonlySet<number>;
}
/** The trails of a scan by the number of the carry. Results that are stacks become views of them where `isFree` says that they may. */
export const trailsOf = (
  { ins, outs }: Jaxpr,
  roles: readonly Role[],
  { length, reverse }: { readonly length: number; readonly reverse: boolean },
  results: readonly Buffer[],
  isFree: (b: Buffer) => boolean,
  views: Views,
): ReadonlyMap<number, Trail> => {
  const carries = roles.filter((r) => typeof r === "number").length,
    trails = new Map<number, Trail>(),
    taken = new Set<Atom>(ins);
  for (let k = 0; k < carries; k++) {
    const next = outs[k] as Atom,
      now = ins[roles.indexOf(k)] as Var;
    const stacksOf = (a: Atom): readonly number[] =>
      outs.flatMap((y, i) => (i >= carries && y === a && isFree(results[i] as Buffer) ? [i] : []));
    const before = stacksOf(now),
      after = stacksOf(next);
    // What only passes through, or is two carries, is copied.
    if (!isVar(next) || taken.has(next) || before.length + after.length === 0) continue;
    taken.add(next);
    const { type, shape } = results[k] as Buffer,
      size = sizeOf(shape),
      base = buffer(type, [length + 1, ...shape]);
    const late = reverse ? before : after;
    for (const i of [...before, ...after])
      views.set(results[i] as Buffer, { base, start: late.includes(i) ? size : 0 });
    trails.set(k, { slots: { base, count: length + 1, size, reverse }, stacks: new Set([...before, ...after]) });
  }
  return trails;
};
