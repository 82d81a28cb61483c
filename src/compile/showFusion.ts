// The fusion decisions as text.
import { showAval } from "../core/aval.ts";
import type { Var } from "../core/jaxpr.ts";
import type { Group } from "./group.ts";

/** One kernel in a line: the equations that it computes, what it gives, and why that has a buffer. */
export const showGroup = (name: string, group: Group, reasons: ReadonlyMap<Var, string>): string => {
  const roots: readonly Var[] = group.routine === null ? [...group.roots.keys()] : group.routine.outs;
  const outs = roots.map((v) => `${showAval(v.aval)} (${reasons.get(v) ?? "?"})`).join(", ");
  const eqns = [...group.eqns].reverse().map((e) => e.prim.name);
  const scopes = [...new Set(group.eqns.flatMap((e) => e.scope ?? []))].reverse();
  return `${name}: ${eqns.join(" ")} -> ${outs}${scopes.length === 0 ? "" : ` in ${scopes.join(", ")}`}`;
};
