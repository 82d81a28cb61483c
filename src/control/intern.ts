// One jaxpr for all that are equal: a function written anew in every call is traced anew, but what is derived from its jaxpr
// (derivatives, batched versions, compiled programs) is found again.
import { showAval } from "../core/aval.ts";
import type { Atom, ClosedJaxpr, Jaxpr, Var } from "../core/jaxpr.ts";
import { isVar } from "../core/jaxpr.ts";
import { identityOf, keyOf } from "../core/key.ts";

/** Jaxprs that are remembered; the least recently used goes first. */
const limit = 1024;
/** Longer jaxprs are not worth a text. */
const longest = 2000;
const known = new Map<string, Jaxpr>();

const textOf = (jaxpr: Jaxpr): string => {
  const names = new Map<Var, number>();
  const bound = (v: Var): string => {
    names.set(v, names.size);
    return showAval(v.aval);
  };
  const used = (a: Atom): string => (isVar(a) ? String(names.get(a)) : `${keyOf(a.value)}:${a.dtype}`);
  const ins = jaxpr.ins.map(bound).join(),
    eqns = jaxpr.eqns.map(
      (e) =>
        `${identityOf(e.prim)} ${keyOf(e.attrs)} ${e.ins.map(used).join()}=${e.outs.map(bound).join()}${e.scope === undefined ? "" : `#${e.scope}`}`,
    );
  return `${jaxpr.consts};${ins};${eqns.join(";")};${jaxpr.outs.map(used).join()}`;
};

/** The first jaxpr that was like this one, with these constants. */
export const interned = (closed: ClosedJaxpr): ClosedJaxpr => {
  if (closed.jaxpr.eqns.length > longest) return closed;
  const text = textOf(closed.jaxpr),
    jaxpr = known.get(text) ?? closed.jaxpr;
  known.delete(text);
  known.set(text, jaxpr);
  if (known.size > limit) known.delete(known.keys().next().value as string);
  return { jaxpr, consts: closed.consts };
};
