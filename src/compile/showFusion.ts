// The fusion decisions as text.
import { showAval } from "../core/aval.ts";
import type { Var } from "../core/jaxpr.ts";
import type { Fusion } from "./fuse.ts";
import type { Scheduled } from "./schedule.ts";

/** One kernel a line: what it gives and why that has a buffer, then the equations that it computes. */
export const showFusion = ({ reasons }: Fusion, scheduled: readonly Scheduled[]): string =>
  scheduled
    .map(({ kernel, group }) => {
      const roots: readonly Var[] = group.routine === null ? [...group.roots.keys()] : group.routine.outs;
      const outs = roots.map((v) => `${showAval(v.aval)} (${reasons.get(v) ?? "?"})`).join(", ");
      return `${kernel.name}: ${[...group.eqns]
        .reverse()
        .map((e) => e.prim.name)
        .join(" ")} -> ${outs}`;
    })
    .join("\n");
