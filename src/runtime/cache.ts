// The cache of compiled equations: found by primitive, attributes and avals, without making a string as long as the same few
// equations come again.
import type { Aval } from "../core/aval.ts";
import { showAval } from "../core/aval.ts";
import { identityOf, keyOf } from "../core/key.ts";

/** What a cache sees of an argument. */
interface Typed {
  readonly aval: Aval;
}
/** A cached thing with what it was made for. */
interface Entry<A> {
  readonly attrs: unknown;
  readonly avals: readonly Aval[];
  readonly value: A;
  readonly key: string;
  used: boolean;
}

const isPlain = (x: object): boolean => {
  const p: unknown = Object.getPrototypeOf(x);
  return p === Object.prototype || p === null;
};
/** Equality that agrees with `keyOf`: plain data by structure, everything else by identity, numbers by `Object.is`. */
export const sameAttrs = (a: unknown, b: unknown): boolean => {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!sameAttrs(a[i], b[i])) return false;
    return true;
  }
  if (Array.isArray(b) || !isPlain(a) || !isPlain(b) || "eqns" in a || "eqns" in b) return false;
  let n = 0;
  for (const k in a) {
    if (!Object.hasOwn(b, k) || !sameAttrs((a as Record<string, unknown>)[k], (b as Record<string, unknown>)[k]))
      return false;
    n++;
  }
  for (const _ in b) n--;
  return n === 0;
};
const fits = (avals: readonly Aval[], ins: readonly Typed[]): boolean => {
  if (avals.length !== ins.length) return false;
  for (let i = 0; i < avals.length; i++) {
    const a = avals[i] as Aval,
      b = (ins[i] as Typed).aval;
    if (a === b) continue;
    const s = a.shape,
      t = b.shape;
    if (a.dtype !== b.dtype || s.length !== t.length) return false;
    for (let j = 0; j < s.length; j++) if (s[j] !== t[j]) return false;
  }
  return true;
};

/** At most `limit` values, each for an object (say a primitive), its attributes and the avals of its arguments. */
export class EquationCache<A> {
  private readonly limit: number;
  /** The latest few of each object: found by comparison. */
  private readonly recent = new WeakMap<object, Entry<A>[]>();
  /** All, in the order in which they may be dropped: found by key. */
  private readonly table = new Map<string, Entry<A>>();
  constructor(limit: number) {
    this.limit = limit;
  }
  get size(): number {
    return this.table.size;
  }

  /** The value for these arguments, made by `make` if there is none. */
  get(of: object, ins: readonly Typed[], attrs: unknown, make: () => A): A {
    const few = this.recent.get(of);
    if (few !== undefined)
      for (let i = 0; i < few.length; i++) {
        const e = few[i] as Entry<A>;
        if (!fits(e.avals, ins) || !sameAttrs(e.attrs, attrs)) continue;
        if (i > 0) {
          few[i] = few[i - 1] as Entry<A>;
          few[i - 1] = e;
        }
        e.used = true;
        return e.value;
      }
    return this.look(of, ins, attrs, make).value;
  }

  private look(of: object, ins: readonly Typed[], attrs: unknown, make: () => A): Entry<A> {
    const key = `${identityOf(of)} ${keyOf(attrs)} ${ins.map((x) => showAval(x.aval)).join(" ")}`;
    let entry = this.table.get(key);
    if (entry === undefined) {
      entry = { attrs, avals: ins.map((x) => x.aval), value: make(), key, used: false };
      if (this.table.size >= this.limit) this.evict();
      this.table.set(key, entry);
    }
    const few = this.recent.get(of) ?? [];
    few.unshift(entry);
    if (few.length > remembered) few.pop();
    this.recent.set(of, few);
    entry.used = true;
    return entry;
  }
  /** Drop the oldest that was not used since it was last considered. */
  private evict(): void {
    for (const [key, entry] of this.table) {
      this.table.delete(key);
      if (!entry.used) return;
      entry.used = false;
      this.table.set(key, entry);
    }
  }
}
const remembered = 6;
