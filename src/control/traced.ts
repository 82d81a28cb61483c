// Traces of one jitted function: for which arguments each is right, and how others differ.
import type { Aval } from "../core/aval.ts";
import { showAval } from "../core/aval.ts";
import { scopeKey } from "../core/axes.ts";
import type { Jaxpr } from "../core/jaxpr.ts";
import { lift } from "../core/lift.ts";
import type { TreeDef } from "../core/tree.ts";
import { difference, flatten, pathString, paths, sameDef } from "../core/tree.ts";
import { Literal, Value } from "../core/value.ts";

/** One trace: for which arguments it is right, and what to call. */
export interface Entry {
  readonly args: readonly Argument[];
  readonly avals: readonly Aval[];
  /** The named axes that it was traced under. */
  readonly scope: string;
  readonly attrs: {
    readonly jaxpr: Jaxpr;
    readonly name: string;
    readonly donated: readonly boolean[] | null;
    readonly device: string | null;
  };
  readonly consts: readonly Value[];
  readonly out: TreeDef;
}
export type Argument =
  | { readonly kind: "static"; readonly value: unknown }
  | { readonly kind: "tree"; readonly def: TreeDef };

/** Push the leaves of `x` if it has the structure `def`; unlike `sameDef` this tells null from undefined, as the function may. */
const match = (def: TreeDef, x: unknown, leaves: unknown[]): boolean => {
  switch (def.kind) {
    case "leaf":
      if (!(x instanceof Value) && typeof x !== "number" && typeof x !== "boolean" && !ArrayBuffer.isView(x))
        return false;
      leaves.push(x);
      return true;
    case "none":
      return x === def.value;
    case "list": {
      const { children } = def;
      if (!Array.isArray(x) || x.length !== children.length) return false;
      for (let i = 0; i < children.length; i++) if (!match(children[i] as TreeDef, x[i], leaves)) return false;
      return true;
    }
    case "record": {
      if (typeof x !== "object" || x === null) return false;
      const proto: unknown = Object.getPrototypeOf(x);
      if (proto !== Object.prototype && proto !== null) return false;
      const { keys, children } = def,
        record = x as Readonly<Record<string, unknown>>;
      let extra = -keys.length;
      for (const _ in record) extra++;
      if (extra !== 0) return false;
      for (let i = 0; i < keys.length; i++) {
        const k = keys[i] as string,
          child = record[k];
        if (child === undefined && !Object.hasOwn(record, k)) return false;
        if (!match(children[i] as TreeDef, child, leaves)) return false;
      }
      return true;
    }
    case "node": {
      if (typeof x !== "object" || x === null) return false;
      const [inner, d] = flatten(x, "jit");
      if (!sameDef(d, def)) return false;
      leaves.push(...inner);
      return true;
    }
    default:
      return def satisfies never;
  }
};

/** A leaf as a value: numbers count as float32. */
export const toValue = (x: unknown): Value =>
  x instanceof Value
    ? x
    : typeof x === "number"
      ? new Literal(x, "float32")
      : typeof x === "boolean"
        ? new Literal(Number(x), "bool")
        : lift(x, "jit");
const sameAs = (a: Aval, b: Aval): boolean => {
  if (a === b) return true;
  const s = a.shape,
    t = b.shape;
  if (a.dtype !== b.dtype || s.length !== t.length) return false;
  for (let i = 0; i < s.length; i++) if (s[i] !== t[i]) return false;
  return true;
};

/** The values to call `e` with, or null if it is not for these arguments. */
export const operands = (e: Entry, args: readonly unknown[]): Value[] | null => {
  const { args: wanted, avals, consts } = e;
  if (args.length !== wanted.length || e.scope !== scopeKey()) return null;
  const leaves: unknown[] = [];
  for (let i = 0; i < consts.length; i++) leaves.push(consts[i]);
  for (let i = 0; i < wanted.length; i++) {
    const a = wanted[i] as Argument;
    if (a.kind === "static" ? !Object.is(a.value, args[i]) : !match(a.def, args[i], leaves)) return null;
  }
  for (let i = 0, k = consts.length; i < avals.length; i++, k++) {
    const leaf = leaves[k],
      want = avals[i] as Aval;
    if (leaf instanceof Value) {
      if (!sameAs(want, leaf.aval)) return null;
    } else if (typeof leaf === "number" || typeof leaf === "boolean") {
      if (want.shape.length > 0 || want.dtype !== (typeof leaf === "number" ? "float32" : "bool")) return null;
      leaves[k] = toValue(leaf);
    } else {
      const x = toValue(leaf);
      leaves[k] = x;
      if (!sameAs(want, x.aval)) return null;
    }
  }
  return leaves as Value[];
};

const showStatic = (x: unknown): string =>
  typeof x === "function"
    ? `the function ${x.name || "without a name"}`
    : typeof x === "object"
      ? "an object"
      : String(x);
/** How the arguments differ from those of a trace. */
const differs = (e: Entry, args: readonly unknown[]): string => {
  if (args.length !== e.args.length) return `${args.length} arguments, not ${e.args.length}`;
  let leaf = 0;
  for (const [i, wanted] of e.args.entries()) {
    if (wanted.kind === "static") {
      if (!Object.is(wanted.value, args[i]))
        return `static argument ${i} is ${showStatic(args[i])}, not ${showStatic(wanted.value)} (compared by identity)`;
      continue;
    }
    const [leaves, def] = flatten(args[i], "jit"),
      other = difference(wanted.def, def);
    if (other !== null) return `${pathString(`argument ${i}`, other.path)} is ${other.got}, not ${other.expected}`;
    for (const [k, path] of paths(def).entries()) {
      const { aval } = toValue(leaves[k]),
        before = e.avals[leaf++] as Aval;
      if (!sameAs(aval, before))
        return `${pathString(`argument ${i}`, path)} is ${showAval(aval)}, not ${showAval(before)}`;
    }
  }
  return "other named axes around it";
};
/** Whether a call with these arguments needs another trace, and why: `new: argument 0.w is f32[5], not f32[3]`. */
export const explainLookup = (entries: readonly Entry[], args: readonly unknown[]): string => {
  const [latest] = entries;
  if (latest === undefined) return "new: nothing was compiled before";
  return entries.some((e) => operands(e, args) !== null) ? "known" : `new: ${differs(latest, args)}`;
};
