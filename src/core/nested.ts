// Jaxprs inside the attributes of higher-order primitives.
import type { ClosedJaxpr, Jaxpr } from "./jaxpr.ts";

/** True for a jaxpr. */
export const isJaxpr = (x: unknown): x is Jaxpr => typeof x === "object" && x !== null && "eqns" in x && "outs" in x;
/** True for a jaxpr with its constants. */
export const isClosed = (x: unknown): x is ClosedJaxpr =>
  typeof x === "object" && x !== null && "jaxpr" in x && "consts" in x && isJaxpr(x.jaxpr);

/** Jaxprs that are attributes, or members of attributes that are lists, in the order of the attributes. */
export const nestedJaxprs = (attrs: unknown): readonly Jaxpr[] => {
  if (isJaxpr(attrs)) return [attrs];
  if (isClosed(attrs)) return [attrs.jaxpr];
  if (Array.isArray(attrs)) return attrs.flatMap(nestedJaxprs);
  if (typeof attrs !== "object" || attrs === null || Object.getPrototypeOf(attrs) !== Object.prototype) return [];
  return Object.values(attrs).flatMap((x) => (isJaxpr(x) || isClosed(x) || Array.isArray(x) ? nestedJaxprs(x) : []));
};
