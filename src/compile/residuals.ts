// What a scan stacks for later scans although they could compute it from the rest: the slopes of a gradient's residuals, say. It is
// computed again where it is used, if that takes less than reading it back.
import type { Atom, Eqn, Jaxpr } from "../core/jaxpr.ts";
import { isCall, isVar, Var } from "../core/jaxpr.ts";
import { loopVar } from "../kernel/expr.ts";
import { costOf } from "./cost.ts";
import { bufferTable, lowerAt } from "./group.ts";
import { makers, type Operand, type Scan, type Stacked } from "./scans.ts";

/** Cost of an element, in additions, and equations up to which computing it again is worth it. */
export const mostCost = 6,
  mostEqns = 6;

export const elementCost = (e: Eqn): number => {
  const [out] = e.outs as readonly [Var];
  const at = out.aval.shape.map((d, i) => loopVar(`i${i}`, d));
  return costOf(lowerAt(e, at, bufferTable()));
};
/** Elementwise, or a number repeated. */
const isPointwise = (e: Eqn): boolean =>
  !isCall(e.prim) &&
  e.prim.inRow !== undefined &&
  e.prim.inRow(
    e.ins.map((a) => a.aval),
    e.attrs,
    1,
  ) !== null;

/** How to compute a value: equations in order, from what each round has. */
export interface Recipe {
  readonly eqns: readonly Eqn[];
  /** Names in the equations, with where all rounds' values (or the constant) are found. */
  readonly leaves: ReadonlyMap<Atom, Pick<Operand, "outer" | "role">>;
}
const recipeOf = (s: Scan, y: Stacked): Recipe | null => {
  const made = makers(s),
    leaves = new Map<Atom, Pick<Operand, "outer" | "role">>(),
    eqns: Eqn[] = [];
  let cost = 0;
  const reach = (a: Atom): boolean => {
    if (!isVar(a) || leaves.has(a) || eqns.some((e) => e.outs.includes(a))) return true;
    const stack = a === y.value ? undefined : s.stacks.find((z) => z.value === a),
      operand = s.operands.find((o) => o.inner === a);
    if (stack !== undefined) {
      leaves.set(a, { outer: stack.result, role: "slice" });
      return true;
    }
    if (operand !== undefined) {
      if (typeof operand.role !== "string") return false;
      leaves.set(a, operand);
      return true;
    }
    const e = made.get(a);
    if (e === undefined || !isPointwise(e) || eqns.length >= mostEqns) return false;
    cost += elementCost(e);
    if (cost > mostCost || !e.ins.every(reach)) return false;
    eqns.push(e);
    return true;
  };
  return reach(y.value) && eqns.length > 0 && leaves.size > 0 ? { eqns, leaves } : null;
};

/** Compute in the rounds of `s` what it read as `operand`. */
export const prepend = (s: Scan, operand: Operand, { eqns, leaves }: Recipe): void => {
  const names = new Map<Atom, Atom>();
  s.operands = s.operands.filter((o) => o !== operand);
  for (const [a, { outer, role }] of leaves) {
    const known = s.operands.find((o) => o.outer === outer && o.role === role);
    if (known !== undefined) names.set(a, known.inner);
    else {
      const inner = new Var(a.aval);
      s.operands = [...s.operands, { outer, inner, role }];
      names.set(a, inner);
    }
  }
  const last = eqns[eqns.length - 1] as Eqn;
  const again = eqns.map((e): Eqn => {
    const [out] = e.outs as readonly [Var],
      own = e === last ? operand.inner : new Var(out.aval),
      ins = e.ins.map((a) => names.get(a) ?? a);
    names.set(out, own);
    return { ...e, ins, outs: [own] };
  });
  s.eqns = [...again, ...s.eqns];
  s.changed = true;
};

/** Drop stacks that only scans of the same length read, slice by slice, and that they can compute themselves. */
export const recomputeStacks = (jaxpr: Jaxpr, scans: ReadonlyMap<Eqn, Scan>): void => {
  const kept = new Set<Atom>(jaxpr.outs);
  for (const e of jaxpr.eqns) if (!scans.has(e)) for (const a of e.ins) kept.add(a);
  for (const s of scans.values())
    for (const y of s.stacks) {
      if (kept.has(y.result)) continue;
      const readers = [...scans.values()].flatMap((t) =>
        t.operands.filter((o) => o.outer === y.result).map((o) => [t, o] as const),
      );
      if (!readers.every(([t, o]) => o.role === "slice" && t.of.length === s.of.length)) continue;
      const recipe = recipeOf(s, y);
      if (recipe === null) continue;
      for (const [t, o] of readers) prepend(t, o, recipe);
      s.stacks = s.stacks.filter((z) => z !== y);
      s.changed = true;
    }
};
