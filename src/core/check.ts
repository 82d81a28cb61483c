// The checker of jaxprs: every variable is bound once and before its use, every equation gives what its primitive says.
import * as E from "fp-ts/lib/Either.js";
import type { Aval } from "./aval.ts";
import { sameAval, showAval } from "./aval.ts";
import type { Atom, Eqn, Jaxpr } from "./jaxpr.ts";
import { isCall, isLiteral, isVar, type Var } from "./jaxpr.ts";
import { nestedJaxprs } from "./nested.ts";
import { nameVars } from "./print.ts";

const inferred = ({ prim, ins, attrs }: Eqn): readonly Aval[] | string => {
  const avals = ins.map((a) => a.aval);
  try {
    return isCall(prim) ? prim.abstractEval(avals, attrs) : [prim.abstractEval(avals, attrs)];
  } catch (e) {
    return e instanceof Error ? e.message : String(e);
  }
};
const showAvals = (avals: readonly Aval[]): string => `(${avals.map(showAval).join(", ")})`;

const complaints = (jaxpr: Jaxpr, where: string): readonly string[] => {
  const found: string[] = [];
  const names = nameVars(jaxpr),
    bound = new Set<Var>();
  const bind = (v: Var, at: string): void => {
    if (bound.has(v)) found.push(`${where}${at}: ${names.get(v)} is bound twice`);
    bound.add(v);
  };
  const use = (a: Atom, at: string): void => {
    if (isLiteral(a)) {
      if (a.aval.shape.length > 0) found.push(`${where}${at}: a literal is not a scalar`);
    } else if (!isVar(a)) found.push(`${where}${at}: neither a variable nor a literal`);
    else if (!bound.has(a))
      found.push(`${where}${at}: ${names.get(a) ?? `a variable ${showAval(a.aval)}`} is not bound`);
  };
  if (jaxpr.consts < 0 || jaxpr.consts > jaxpr.ins.length)
    found.push(`${where}inputs: ${jaxpr.consts} constants among ${jaxpr.ins.length} inputs`);
  for (const v of jaxpr.ins) bind(v, "inputs");
  jaxpr.eqns.forEach((e, i) => {
    const at = `equation ${i} (${e.prim.name})`;
    for (const a of e.ins) use(a, at);
    const avals = inferred(e),
      outs = e.outs.map((v) => v.aval);
    if (typeof avals === "string") found.push(`${where}${at}: ${avals}`);
    else if (avals.length !== outs.length || !avals.every((a, k) => sameAval(a, outs[k] as Aval)))
      found.push(`${where}${at}: gives ${showAvals(avals)}, not ${showAvals(outs)}`);
    nestedJaxprs(e.attrs).forEach((j) => {
      found.push(...complaints(j, `${where}${at}: `));
    });
    for (const v of e.outs) bind(v, at);
  });
  for (const a of jaxpr.outs) use(a, "outputs");
  return found;
};

/**
 * The jaxpr if it is well formed, else what is wrong with it: variables bound once and before use, literals scalar, equations
 * with the avals that their primitives infer, nested jaxprs likewise.
 */
export const checkJaxpr = (jaxpr: Jaxpr): E.Either<readonly string[], Jaxpr> => {
  const found = complaints(jaxpr, "");
  return found.length === 0 ? E.right(jaxpr) : E.left(found);
};
