// One jaxpr for all that are equal: a function written anew in every call is traced anew, but what is derived from its jaxpr
// (derivatives, batched versions, compiled programs) is found again.
import { showAval } from "../core/aval.ts";
import type { Atom, ClosedJaxpr, Jaxpr, Var } from "../core/jaxpr.ts";
import { isVar } from "../core/jaxpr.ts";
import { identityOf, keyOf } from "../core/key.ts";

/** Longer jaxprs are not worth a text. */
const longest = 2000;

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
        `${identityOf(e.prim)} ${keyOf(e.attrs)} ${e.ins.map(used).join()}=${e.outs.map(bound).join()}${e.scope === undefined ? "" : `#${e.scope}`}${e.at === undefined ? "" : `@${e.at}`}`,
    );
  return `${jaxpr.consts};${ins};${eqns.join(";")};${jaxpr.outs.map(used).join()}`;
};

/** A table of at most `limit` jaxprs; the least recently used goes first. */
const table = (limit: number) => {
  const known = new Map<string, Jaxpr>();
  return (closed: ClosedJaxpr, label = ""): ClosedJaxpr => {
    if (closed.jaxpr.eqns.length > longest) return closed;
    const text = `${label};${textOf(closed.jaxpr)}`,
      jaxpr = known.get(text) ?? closed.jaxpr;
    known.delete(text);
    known.set(text, jaxpr);
    if (known.size > limit) known.delete(known.keys().next().value as string);
    return { jaxpr, consts: closed.consts };
  };
};
const bodies = table(1024),
  programs = table(128);
/** The first jaxpr of a body that was like this one, with these constants. */
export const interned = (closed: ClosedJaxpr): ClosedJaxpr => bodies(closed);
/** The same for the function `name` that is jitted: what is written anew in every call is compiled once. */
export const internedProgram = (name: string, closed: ClosedJaxpr): ClosedJaxpr => programs(closed, name);
