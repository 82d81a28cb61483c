// Scans seen together with what stands around them: what they need not stack, and what need not be in their rounds.
import type { Eqn, Jaxpr } from "../core/jaxpr.ts";
import { isCall } from "../core/jaxpr.ts";
import { enterRounds } from "./entering.ts";
import { moveProducts } from "./fission.ts";
import { recomputeStacks } from "./residuals.ts";
import { overBlocks, roundsOfBlock } from "./blocks.ts";
import { putTogether, type Scan, takeApart } from "./scans.ts";

/** Rounds from which on it pays. */
const fewRounds = 4;
const apart = (e: Eqn): readonly (readonly [Eqn, Scan])[] => {
  const of = isCall(e.prim) ? e.prim.structure?.(e.attrs) : undefined;
  return of?.kind === "scan" && of.length >= fewRounds ? [[e, takeApart(e, of)]] : [];
};
const together = (s: Scan): readonly Eqn[] => {
  const rounds = s.bytes === 0 ? null : roundsOfBlock(s.of.length, s.bytes / s.of.length),
    blocks = rounds === null ? null : overBlocks(s, rounds);
  return blocks === null ? putTogether(s) : [blocks];
};
/** The same jaxpr with better scans; the scans inside of its scans come when those are lowered. */
export const reworkScans = (jaxpr: Jaxpr): Jaxpr => {
  const scans = new Map(jaxpr.eqns.flatMap(apart));
  if (scans.size === 0) return jaxpr;
  recomputeStacks(jaxpr, scans);
  enterRounds(jaxpr, scans);
  for (const s of scans.values()) moveProducts(s);
  if ([...scans.values()].every((s) => !s.changed)) return jaxpr;
  return {
    ...jaxpr,
    eqns: jaxpr.eqns.flatMap((e) => {
      const s = scans.get(e);
      return s?.changed === true ? together(s) : [e];
    }),
  };
};
