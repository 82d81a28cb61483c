// Simplification of jaxprs: dead code, common subexpressions, constants, neutral operands. Results keep their dtype and shape.
import { sameAval } from "../core/aval.ts";
import { scalarOf } from "../core/dtype.ts";
import { isEffect } from "../core/effects.ts";
import type { Atom, Eqn, Jaxpr, Var } from "../core/jaxpr.ts";
import { isCall, isLiteral, isVar } from "../core/jaxpr.ts";
import { identityOf, keyOf } from "../core/key.ts";
import { Literal } from "../core/value.ts";
import { constant } from "../kernel/expr.ts";
import { simplifyExprs } from "./algebra.ts";

/** Equations that the results depend on, and those that have effects. */
const live = (jaxpr: Jaxpr): readonly Eqn[] => {
  const needed = new Set<Atom>(jaxpr.outs),
    kept: Eqn[] = [];
  for (let i = jaxpr.eqns.length - 1; i >= 0; i--) {
    const e = jaxpr.eqns[i] as Eqn;
    if (!e.outs.some((v) => needed.has(v)) && !isEffect(e)) continue;
    kept.push(e);
    for (const a of e.ins) needed.add(a);
  }
  return kept.reverse();
};

/** The number that fills a value, if one number does. */
type Splats = Map<Var, number>;
const splatOf = (a: Atom, splats: Splats): number | undefined => (isLiteral(a) ? a.value : splats.get(a));
const movement: ReadonlySet<string> = new Set(["broadcast", "reshape", "transpose"]);

/** Per primitive the operands that may vanish, and the number that the other one must be full of. */
const neutral: Readonly<Record<string, readonly (readonly [keep: number, other: number])[]>> = {
  add: [
    [0, -0],
    [1, -0],
  ],
  sub: [[0, 0]],
  mul: [
    [0, 1],
    [1, 1],
  ],
  div: [[0, 1]],
};
const withoutNeutral = (e: Eqn, ins: readonly Atom[], splats: Splats): Atom | null => {
  for (const [keep, value] of neutral[e.prim.name] ?? []) {
    const kept = ins[keep] as Atom,
      other = splatOf(ins[1 - keep] as Atom, splats);
    const wanted = e.prim.name === "add" && kept.aval.dtype !== "float32" && kept.aval.dtype !== "float64" ? 0 : value;
    if (other !== undefined && Object.is(other, wanted) && sameAval(kept.aval, (e.outs[0] as Var).aval)) return kept;
  }
  return null;
};
/** Inverses that meet: -(-x). */
const undone = (e: Eqn, ins: readonly Atom[], makers: ReadonlyMap<Var, Eqn>): Atom | null => {
  const [x] = ins;
  if ((e.prim.name !== "neg" && e.prim.name !== "not") || x === undefined || !isVar(x)) return null;
  const maker = makers.get(x);
  return maker?.prim === e.prim ? (maker.ins[0] as Atom) : null;
};
/** The scalar that an equation of literals gives. */
const folded = ({ prim, attrs, outs }: Eqn, ins: readonly Atom[]): Literal | null => {
  const { aval } = outs[0] as Var;
  if (isCall(prim) || !("lower" in prim) || aval.shape.length > 0 || aval.dtype === "uint8" || !ins.every(isLiteral))
    return null;
  const reads = ins.map((a) => () => constant(scalarOf(a.aval.dtype), (a as Literal).value));
  const [e] = simplifyExprs([
    prim.lower(
      reads,
      [],
      attrs,
      ins.map((a) => a.aval),
      aval,
    ),
  ]);
  return e?.op === "const" && typeof e.value === "number" ? new Literal(e.value, aval.dtype) : null;
};

const atomKey = (a: Atom): string =>
  isVar(a) ? `v${identityOf(a)}` : `${a.aval.dtype}${Object.is(a.value, -0) ? "-0" : a.value}`;

/** The same function with fewer equations. */
export const simplify = (jaxpr: Jaxpr): Jaxpr => {
  const env = new Map<Var, Atom>(),
    known = new Map<string, Eqn>(),
    makers = new Map<Var, Eqn>(),
    splats: Splats = new Map();
  const get = (a: Atom): Atom => (isVar(a) ? (env.get(a) ?? a) : a);
  const eqns: Eqn[] = [];
  for (const e of live(jaxpr)) {
    const ins = e.ins.map(get),
      [out] = e.outs as readonly [Var];
    const simpler = isCall(e.prim)
      ? null
      : (withoutNeutral(e, ins, splats) ?? undone(e, ins, makers) ?? folded(e, ins));
    if (simpler !== null) {
      env.set(out, simpler);
      continue;
    }
    const key = `${identityOf(e.prim)} ${keyOf(e.attrs)} ${ins.map(atomKey).join(" ")}`,
      same = isCall(e.prim) ? undefined : known.get(key);
    if (same !== undefined) {
      env.set(out, same.outs[0] as Var);
      continue;
    }
    const kept: Eqn = { ...e, ins };
    known.set(key, kept);
    eqns.push(kept);
    makers.set(out, kept);
    const filled = movement.has(e.prim.name) ? splatOf(ins[0] as Atom, splats) : undefined;
    if (filled !== undefined) splats.set(out, filled);
  }
  const simplified = { ...jaxpr, eqns, outs: jaxpr.outs.map(get) };
  return { ...simplified, eqns: live(simplified) };
};
