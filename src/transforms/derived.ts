// Jaxprs derived from a jaxpr, and rules from a rule, remembered as long as that lives.
import type { ClosedJaxpr } from "../core/jaxpr.ts";

/** A jaxpr made from another one by a transform. */
export interface Derived {
  readonly closed: ClosedJaxpr;
}

const cache = new WeakMap<object, Map<string, unknown>>();
/** What `make` gave the first time for this jaxpr (or rule) and key. The key begins with the transform's name, which fixes the type. */
export const cached = <T>(source: object, key: string, make: () => T): T => {
  const entries = cache.get(source) ?? new Map<string, unknown>();
  cache.set(source, entries);
  const known = entries.get(key);
  if (known !== undefined) return known as T;
  const made = make();
  entries.set(key, made);
  return made;
};
