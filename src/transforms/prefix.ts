// Prefix trees: a tree cut short, whose leaves speak for whole subtrees of another one. null speaks for a subtree too.
import type { Aval } from "../core/aval.ts";
import { sameAval, showAval } from "../core/aval.ts";
import { isFloating } from "../core/dtype.ts";
import { DTypeError, TreeError } from "../core/errors.ts";
import { lift } from "../core/lift.ts";
import { flatten, type Key, leafCount, pathString, showDef, type TreeDef } from "../core/tree.ts";
import { Literal, type Value } from "../core/value.ts";
import { zerosOf } from "../primitives/linear.ts";
import { leafPath, rebuild } from "./leaves.ts";

const keyAt = (d: TreeDef, i: number): Key => (d.kind === "record" || d.kind === "node" ? (d.keys[i] ?? i) : i);
const fits = (a: TreeDef, b: TreeDef): boolean => {
  if (a.kind === "list") return b.kind === "list" && a.children.length === b.children.length;
  if (a.kind === "record")
    return b.kind === "record" && a.keys.length === b.keys.length && a.keys.every((k, i) => k === b.keys[i]);
  return a.kind === "node" && b.kind === "node" && a.type === b.type && a.children.length === b.children.length;
};

/**
 * For each leaf of `def` the leaf of `prefix` that speaks for it, or null. `exact`: leaves speak for leaves only. Throws
 * TreeError with the key path where the two do not fit.
 */
export const spread = (prefix: unknown, def: TreeDef, op: string, root: string, exact = false): readonly unknown[] => {
  const [leaves, prefixDef] = flatten(prefix, op),
    out: unknown[] = [];
  let next = 0;
  const go = (p: TreeDef, d: TreeDef, path: readonly Key[]): void => {
    if (p.kind === "none") for (let i = leafCount(d); i > 0; i--) out.push(null);
    else if (p.kind === "leaf" && (!exact || d.kind === "leaf")) {
      for (let i = leafCount(d); i > 0; i--) out.push(leaves[next]);
      next++;
    } else if (p.kind !== "leaf" && d.kind !== "leaf" && d.kind !== "none" && fits(p, d))
      p.children.forEach((c, i) => {
        go(c, d.children[i] as TreeDef, [...path, keyAt(d, i)]);
      });
    else
      throw new TreeError({
        op,
        expected: `${pathString(root, path)} to have the structure ${showDef(d)}`,
        got: showDef(p),
      });
  };
  go(prefixDef, def, []);
  return out;
};

/**
 * Tangents (or cotangents) for leaves of the given avals: a tree like theirs, with null for zeros. Throws TreeError naming the
 * key path where structure, shape or dtype do not fit, DTypeError where an integer is given a tangent.
 */
export const tangentsFor = (
  def: TreeDef,
  avals: readonly Aval[],
  tree: unknown,
  op: string,
  root: string,
): readonly (Value | null)[] =>
  spread(tree, def, op, root, true).map((x, i) => {
    const want = avals[i] as Aval,
      place = (): string => leafPath(def, i, root);
    if (x === null) return null;
    if (!isFloating(want.dtype))
      throw new DTypeError({
        op: `${op}: ${place()}`,
        expected: `null, since ${showAval(want)} has no tangent`,
        got: "an array",
        remedy: "pass null, which stands for zeros",
      });
    if (typeof x === "number" && want.shape.length === 0) return new Literal(x, want.dtype);
    const v = lift(x, op);
    if (!sameAval(v.aval, want))
      throw new TreeError({ op: `${op}: ${place()}`, expected: showAval(want), got: showAval(v.aval) });
    return v;
  });

/** A tree of tangents for users: zeros where one is null, null where the value is an integer. */
export const tangentTree = (
  def: TreeDef,
  avals: readonly Aval[],
  tangents: readonly (Value | null)[],
  op: string,
): unknown =>
  rebuild(
    def,
    avals.map((a, i) => tangents[i] ?? (isFloating(a.dtype) ? zerosOf(a) : null)),
    op,
  );
