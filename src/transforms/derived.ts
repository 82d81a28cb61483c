// Jaxprs derived from a jaxpr, remembered as long as that jaxpr lives.
import type { ClosedJaxpr, Jaxpr } from "../core/jaxpr.ts";

/** A jaxpr made from another one by a transform. */
export interface Derived {
  readonly closed: ClosedJaxpr;
}

const cache = new WeakMap<Jaxpr, Map<string, unknown>>();
/** What `make` gave the first time for this jaxpr and key. The key begins with the transform's name, which fixes the type. */
export const cached = <T>(jaxpr: Jaxpr, key: string, make: () => T): T => {
  const entries = cache.get(jaxpr) ?? new Map<string, unknown>();
  cache.set(jaxpr, entries);
  const known = entries.get(key);
  if (known !== undefined) return known as T;
  const made = make();
  entries.set(key, made);
  return made;
};
