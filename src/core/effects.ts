// Equations that do something besides computing results: they are kept, in their order, however little depends on them.
import type { AnyCall, Eqn, Jaxpr } from "./jaxpr.ts";
import { isCall } from "./jaxpr.ts";
import { nestedJaxprs } from "./nested.ts";
import type { AnyPrimitive } from "./primitive.ts";

const known = new WeakMap<Jaxpr, boolean>();
/** Whether an equation of the jaxpr, or of one nested in it, has an effect. */
export const jaxprHasEffects = (jaxpr: Jaxpr): boolean => {
  const before = known.get(jaxpr);
  if (before !== undefined) return before;
  const found = jaxpr.eqns.some((e) => hasEffects(e.prim, e.attrs));
  known.set(jaxpr, found);
  return found;
};
/** Whether the application of a primitive has an effect. */
export const hasEffects = (prim: AnyPrimitive | AnyCall, attrs: unknown): boolean =>
  isCall(prim) && (prim.effect?.(attrs) === true || nestedJaxprs(attrs).some(jaxprHasEffects));
/** Whether an equation must stay although nobody needs its results. */
export const isEffect = (e: Eqn): boolean => hasEffects(e.prim, e.attrs);

/** The same jaxpr without effects, or without those of the equations `of`. */
export const withoutEffects = (jaxpr: Jaxpr, of: readonly Eqn[] | null = null): Jaxpr =>
  jaxprHasEffects(jaxpr)
    ? {
        ...jaxpr,
        eqns: jaxpr.eqns.flatMap((e) =>
          !isEffect(e) || of?.includes(e) === false
            ? [e]
            : e.outs.length === 0
              ? []
              : [{ ...e, attrs: quietAttrs(e.attrs) }],
        ),
      }
    : jaxpr;
const quietAttrs = (x: unknown): unknown => {
  if (Array.isArray(x)) return x.map(quietAttrs);
  if (typeof x !== "object" || x === null || Object.getPrototypeOf(x) !== Object.prototype) return x;
  if ("eqns" in x) return withoutEffects(x as Jaxpr);
  return nestedJaxprs(x).some(jaxprHasEffects)
    ? Object.fromEntries(Object.entries(x).map(([k, v]) => [k, quietAttrs(v)]))
    : x;
};
