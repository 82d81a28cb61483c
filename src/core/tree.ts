// Pytrees: nested plain objects (keys sorted), arrays and registered classes around leaves. null and undefined hold no leaves.
import { TreeError } from "./errors.ts";
import { Value } from "./value.ts";

/** A step from a container to a child: an object key, a position, or the name a registered class gives. */
export type Key = string | number;
/** How a registered class comes apart and together. */
export interface NodeType<T> {
  readonly name: string;
  /** Children with their keys, and the rest (compared by `Object.is`). */
  readonly flatten: (node: T) => readonly [children: readonly unknown[], keys: readonly Key[], rest: unknown];
  readonly unflatten: (children: readonly unknown[], rest: unknown) => T;
}
/** The shape of a pytree without its leaves. */
export type TreeDef =
  | { readonly kind: "leaf" }
  | { readonly kind: "none"; readonly value: null | undefined }
  | { readonly kind: "list"; readonly children: readonly TreeDef[]; readonly size: number }
  | {
      readonly kind: "record";
      readonly keys: readonly string[];
      readonly children: readonly TreeDef[];
      readonly size: number;
    }
  | {
      readonly kind: "node";
      readonly type: NodeType<unknown>;
      readonly keys: readonly Key[];
      readonly rest: unknown;
      readonly children: readonly TreeDef[];
      readonly size: number;
    };

const registry = new Map<object, NodeType<unknown>>();
/** Teach trees to look into instances of `cls`. */
export const registerNode = <T>(cls: new (...args: never[]) => T, type: NodeType<T>): void => {
  registry.set(cls.prototype as object, type as unknown as NodeType<unknown>);
};

export const leafDef: TreeDef = { kind: "leaf" };
/** Number of leaves. */
export const leafCount = (d: TreeDef): number => (d.kind === "leaf" ? 1 : d.kind === "none" ? 0 : d.size);

const isTyped = (x: object): boolean => ArrayBuffer.isView(x);
const count = (children: readonly TreeDef[]): number => children.reduce((n, c) => n + leafCount(c), 0);
const showPath = (path: readonly Key[]): string =>
  path.map((k, i) => (typeof k === "number" ? `[${k}]` : i === 0 ? k : `.${k}`)).join("");
/** A key path as a user writes it: `params.layers[2].w`. */
export const pathString = (root: string, path: readonly Key[]): string =>
  path.reduce<string>((s, k) => (typeof k === "number" ? `${s}[${k}]` : s === "" ? k : `${s}.${k}`), root);

/** True for what may stand at a leaf: arrays, tracers, numbers, booleans, typed arrays. */
export const isLeaf = (x: unknown): boolean =>
  x instanceof Value ||
  typeof x === "number" ||
  typeof x === "boolean" ||
  (typeof x === "object" && x !== null && isTyped(x));

const build = (
  x: unknown,
  leaves: unknown[],
  path: Key[],
  op: string,
  stop: ((x: unknown) => boolean) | null,
): TreeDef => {
  if (x instanceof Value || typeof x === "number" || stop?.(x)) {
    leaves.push(x);
    return leafDef;
  }
  if (x === null || x === undefined) return { kind: "none", value: x };
  if (Array.isArray(x)) {
    const children = x.map((c: unknown, i) => {
      path.push(i);
      const d = build(c, leaves, path, op, stop);
      path.pop();
      return d;
    });
    return { kind: "list", children, size: count(children) };
  }
  if (isLeaf(x)) {
    leaves.push(x);
    return leafDef;
  }
  if (typeof x === "object") {
    const proto = Object.getPrototypeOf(x) as object | null;
    const type = proto === null ? undefined : registry.get(proto);
    if (type !== undefined) {
      const [parts, keys, rest] = type.flatten(x);
      const children = parts.map((c, i) => {
        path.push(keys[i] ?? i);
        const d = build(c, leaves, path, op, stop);
        path.pop();
        return d;
      });
      return { kind: "node", type, keys, rest, children, size: count(children) };
    }
    if (proto === Object.prototype || proto === null) {
      const keys = Object.keys(x).sort();
      const children = keys.map((k) => {
        path.push(k);
        const d = build((x as Record<string, unknown>)[k], leaves, path, op, stop);
        path.pop();
        return d;
      });
      return { kind: "record", keys, children, size: count(children) };
    }
  }
  const what =
    typeof x === "object"
      ? `an instance of ${(x.constructor as { name?: string } | undefined)?.name ?? "a class"}`
      : typeof x === "string"
        ? `the string ${JSON.stringify(x)}`
        : `a ${typeof x}`;
  throw new TreeError({
    op,
    expected: "a pytree of arrays, numbers and booleans",
    got: `${what} at ${showPath(path) || "the root"}`,
    remedy:
      typeof x === "object"
        ? "register the class with tree.registerNode"
        : "pass it as a static argument (staticArgnums) or close over it",
  });
};

/** Leaves in order, and the structure that holds them. `stop` ends the descent early. */
export const flatten = (
  tree: unknown,
  op = "tree.flatten",
  stop: ((x: unknown) => boolean) | null = null,
): readonly [leaves: readonly unknown[], def: TreeDef] => {
  const leaves: unknown[] = [];
  const def = build(tree, leaves, [], op, stop);
  return [leaves, def];
};
/** Put leaves back into a structure. */
export const unflatten = (def: TreeDef, leaves: readonly unknown[]): unknown => {
  let at = 0;
  const go = (d: TreeDef): unknown => {
    switch (d.kind) {
      case "leaf":
        return leaves[at++];
      case "none":
        return d.value;
      case "list":
        return d.children.map(go);
      case "record": {
        const out: Record<string, unknown> = {};
        for (let i = 0; i < d.keys.length; i++) out[d.keys[i] as string] = go(d.children[i] as TreeDef);
        return out;
      }
      case "node":
        return d.type.unflatten(d.children.map(go), d.rest);
      default:
        return d satisfies never;
    }
  };
  return go(def);
};

/** Equality of structures; `null` and `undefined` count as the same empty tree. */
export const sameDef = (a: TreeDef, b: TreeDef): boolean => {
  if (a === b) return true;
  switch (a.kind) {
    case "leaf":
    case "none":
      return a.kind === b.kind;
    case "list":
      return (
        b.kind === "list" &&
        a.children.length === b.children.length &&
        a.children.every((c, i) => sameDef(c, b.children[i] as TreeDef))
      );
    case "record":
      return (
        b.kind === "record" &&
        a.keys.length === b.keys.length &&
        a.keys.every((k, i) => k === b.keys[i]) &&
        a.children.every((c, i) => sameDef(c, b.children[i] as TreeDef))
      );
    case "node":
      return (
        b.kind === "node" &&
        a.type === b.type &&
        Object.is(a.rest, b.rest) &&
        a.children.length === b.children.length &&
        a.children.every((c, i) => sameDef(c, b.children[i] as TreeDef))
      );
    default:
      return a satisfies never;
  }
};
/** Key paths of the leaves, in order. */
export const paths = (def: TreeDef): readonly (readonly Key[])[] => {
  switch (def.kind) {
    case "leaf":
      return [[]];
    case "none":
      return [];
    case "list":
      return def.children.flatMap((c, i) => paths(c).map((p) => [i, ...p]));
    case "record":
      return def.children.flatMap((c, i) => paths(c).map((p) => [def.keys[i] as Key, ...p]));
    case "node":
      return def.children.flatMap((c, i) => paths(c).map((p) => [def.keys[i] ?? i, ...p]));
    default:
      return def satisfies never;
  }
};
/** `{ a: *, b: [*, *] }`. */
export const showDef = (d: TreeDef): string => {
  switch (d.kind) {
    case "leaf":
      return "*";
    case "none":
      return "null";
    case "list":
      return `[${d.children.map(showDef).join(", ")}]`;
    case "record":
      return d.keys.length === 0
        ? "{}"
        : `{ ${d.keys.map((k, i) => `${k}: ${showDef(d.children[i] as TreeDef)}`).join(", ")} }`;
    case "node":
      return `${d.type.name}(${d.children.map(showDef).join(", ")})`;
    default:
      return d satisfies never;
  }
};
/** Where two structures differ, and what to do about it if their keys say so. */
export interface Difference {
  readonly path: readonly Key[];
  readonly expected: string;
  readonly got: string;
  readonly remedy?: string;
}
const without = (keys: readonly string[], others: readonly string[]): readonly string[] =>
  keys.filter((k) => !others.includes(k));
const listed = (what: string, keys: readonly string[]): readonly string[] =>
  keys.length === 0 ? [] : [`${what} ${keys.join(", ")}`];
const keyRemedy = (a: TreeDef, b: TreeDef): { readonly remedy?: string } => {
  if (a.kind !== "record" || b.kind !== "record") return {};
  const steps = [...listed("add", without(a.keys, b.keys)), ...listed("leave out", without(b.keys, a.keys))];
  return { remedy: steps.join(", ") };
};
/** First place where two structures differ, as key path and description, or null. */
export const difference = (a: TreeDef, b: TreeDef, path: readonly Key[] = []): Difference | null => {
  if (sameDef(a, b)) return null;
  if (
    ((a.kind === "list" && b.kind === "list") || (a.kind === "node" && b.kind === "node" && a.type === b.type)) &&
    a.children.length === b.children.length
  )
    for (let i = 0; i < a.children.length; i++) {
      const d = difference(a.children[i] as TreeDef, b.children[i] as TreeDef, [...path, i]);
      if (d !== null) return d;
    }
  if (
    a.kind === "record" &&
    b.kind === "record" &&
    a.keys.length === b.keys.length &&
    a.keys.every((k, i) => k === b.keys[i])
  )
    for (let i = 0; i < a.children.length; i++) {
      const d = difference(a.children[i] as TreeDef, b.children[i] as TreeDef, [...path, a.keys[i] as Key]);
      if (d !== null) return d;
    }
  return { path, expected: showDef(a), got: showDef(b), ...keyRemedy(a, b) };
};
/** Leaves of `tree`, which must have the structure `def`; the error names the key path below `root`. */
export const flattenLike = (def: TreeDef, tree: unknown, op: string, root: string): readonly unknown[] => {
  const [leaves, got] = flatten(tree, op);
  const d = difference(def, got);
  if (d !== null)
    throw new TreeError({
      op,
      expected: `${pathString(root, d.path)} to have the structure ${d.expected}`,
      got: d.got,
      ...(d.remedy === undefined ? {} : { remedy: d.remedy }),
    });
  return leaves;
};
/** Map over the leaves of one or more trees of the same structure; matched by key, never by insertion order. */
export const map = (f: (...leaves: never[]) => unknown, first: unknown, ...rest: readonly unknown[]): unknown => {
  const [leaves, def] = flatten(first, "tree.map");
  const others = rest.map((t, i) => flattenLike(def, t, "tree.map", `trees[${i + 1}]`));
  return unflatten(
    def,
    leaves.map((x, i) => (f as (...xs: unknown[]) => unknown)(x, ...others.map((o) => o[i]))),
  );
};
