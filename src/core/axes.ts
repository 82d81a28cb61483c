// Named axes: which are in scope where code is traced, and which of them a jaxpr works across.
import type { AnyCall, Jaxpr } from "./jaxpr.ts";
import { isCall } from "./jaxpr.ts";
import { modes } from "./modes.ts";
import { nestedJaxprs } from "./nested.ts";
import { currentTrace, isEager, type Trace } from "./trace.ts";

/** Extents of the named axes that the current code is mapped over, from the inside out; of equal names the inner one counts. */
export const axesInScope = (): ReadonlyMap<string, number> => {
  const found = new Map<string, number>();
  for (let t: Trace | undefined = currentTrace(); t !== undefined; t = t.parent) {
    const axis = t.axis;
    if (axis !== undefined && axis.name !== null && !found.has(axis.name)) found.set(axis.name, axis.size);
  }
  return found;
};
/** Equal for scopes with equal axes and equal checks: what is traced in one is right in the other. */
export const scopeKey = (): string => {
  const checks = modes.check ? "check" : "";
  if (isEager()) return checks;
  const axes = axesInScope();
  return axes.size === 0 ? checks : checks + JSON.stringify([...axes].sort(([a], [b]) => (a < b ? -1 : 1)));
};

const known = new WeakMap<Jaxpr, ReadonlySet<string> | null>();
/** The axes that a jaxpr works across, those in nested jaxprs too; null if it may be any. */
const axesOf = (jaxpr: Jaxpr): ReadonlySet<string> | null => {
  const before = known.get(jaxpr);
  if (before !== undefined) return before;
  let found: Set<string> | null = new Set<string>();
  for (const { prim, attrs } of jaxpr.eqns) {
    const own = isCall(prim) ? axesOfCall(prim, attrs) : prim.collective?.names(attrs);
    if (own === null) found = null;
    if (found === null) break;
    for (const name of own ?? []) found.add(name);
  }
  known.set(jaxpr, found);
  return found;
};
const axesOfCall = (prim: AnyCall, attrs: unknown): Iterable<string> | null => {
  if (prim.opaque) return null;
  const all = nestedJaxprs(attrs).map(axesOf);
  return all.includes(null) ? null : all.flatMap((s) => [...(s as ReadonlySet<string>)]);
};
/** Whether a call may work across the axis of that name. */
export const usesAxis = (prim: AnyCall, attrs: unknown, name: string): boolean => {
  const all = axesOfCall(prim, attrs);
  return all === null || new Set(all).has(name);
};
