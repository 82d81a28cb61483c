// What stands before a scan only for its slices, element by element, is computed in its rounds: the way from a loss to the outputs of a
// recurrent network, say. The rounds read its operands instead, and it needs no memory.
import { aval, sizeOf } from "../core/aval.ts";
import type { Atom, Eqn, Jaxpr } from "../core/jaxpr.ts";
import { isCall, isVar, Var } from "../core/jaxpr.ts";
import type { InRound } from "../core/primitive.ts";
import { elementCost, mostCost, mostEqns, prepend, type Recipe } from "./residuals.ts";
import type { Operand, Scan } from "./scans.ts";

/** Elements of a slice below which it stays outside, where vectors are longer. */
const shortSlice = 64;

const ruleOf = (e: Eqn): InRound | null =>
  isCall(e.prim)
    ? null
    : (e.prim.inRound?.(
        e.ins.map((a) => a.aval),
        e.attrs,
      ) ?? null);

/** A value in a round, and what it takes; null where it is better read. */
const roundOf = (
  y: Var,
  made: ReadonlyMap<Atom, Eqn>,
  uses: ReadonlyMap<Atom, number>,
): (Recipe & { readonly value: Atom }) | null => {
  const eqns: Eqn[] = [],
    leaves = new Map<Atom, Pick<Operand, "outer" | "role">>(),
    names = new Map<Atom, Atom>();
  let cost = 0;
  const leaf = (outer: Var, role: "slice" | "const"): Var => {
    const { shape, dtype } = outer.aval,
      inner = new Var(role === "slice" ? aval(shape.slice(1), dtype) : outer.aval);
    leaves.set(inner, { outer, role });
    return inner;
  };
  const reach = (a: Atom, sliced: boolean): Atom => {
    if (!isVar(a)) return a;
    if (!sliced) return leaf(a, "const");
    const known = names.get(a);
    if (known !== undefined) return known;
    const e = made.get(a),
      rule = e !== undefined && eqns.length < mostEqns ? ruleOf(e) : null;
    // What is the same in every round may have other uses.
    const enters = rule !== null && (uses.get(a) === 1 || !rule.slices.includes(true));
    let value: Atom;
    if (e === undefined || !enters) value = leaf(a, "slice");
    else {
      const ins = e.ins.map((x, i) => reach(x, rule.slices[i] === true));
      value = ins[0] as Atom;
      if (rule.attrs !== null) {
        value = new Var(aval(a.aval.shape.slice(1), a.aval.dtype));
        const one: Eqn = { ...e, attrs: rule.attrs, ins, outs: [value] };
        cost += elementCost(one);
        eqns.push(one);
      }
    }
    names.set(a, value);
    return value;
  };
  const value = reach(y, true);
  return cost <= mostCost ? { eqns, leaves, value } : null;
};
/** Elements that a round reads for these leaves and did not before. */
const more = (s: Scan, { leaves }: Recipe): number =>
  [...leaves].reduce(
    (n, [inner, { outer, role }]) =>
      n + (s.operands.some((o) => o.outer === outer && o.role === role) ? 0 : sizeOf(inner.aval.shape)),
    0,
  );

/** Take equations of `jaxpr` into the rounds of scans. */
export const enterRounds = (jaxpr: Jaxpr, scans: ReadonlyMap<Eqn, Scan>): void => {
  const made = new Map<Atom, Eqn>(),
    uses = new Map<Atom, number>();
  const use = (a: Atom): void => {
    uses.set(a, (uses.get(a) ?? 0) + 1);
  };
  jaxpr.outs.forEach(use);
  for (const e of jaxpr.eqns) {
    if (scans.has(e)) continue;
    e.ins.forEach(use);
    for (const v of e.outs) made.set(v, e);
  }
  for (const s of scans.values()) for (const o of s.operands) use(o.outer);
  for (const s of scans.values())
    for (const o of s.operands) {
      const { outer, inner, role } = o;
      if (role !== "slice" || !isVar(outer) || sizeOf(inner.aval.shape) < shortSlice) continue;
      const recipe = roundOf(outer, made, uses);
      if (recipe === null || more(s, recipe) > sizeOf(inner.aval.shape)) continue;
      const other = recipe.leaves.get(recipe.value);
      if (other?.outer === outer) continue;
      if (other === undefined) prepend(s, o, recipe);
      else s.operands = s.operands.map((p) => (p === o ? { ...o, ...other } : p));
      s.changed = true;
    }
};
