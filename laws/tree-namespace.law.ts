// The namespace `tree` on random trees: what is taken apart comes together again, leaves are matched by key, places are named.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { grad, jit, type NDArray, np, tree, vmap } from "../src/index.ts";

type Tree = number | null | readonly Tree[] | { readonly [key: string]: Tree };
const { any: trees } = fc.letrec<{ any: Tree }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    fc.integer({ min: -9, max: 9 }),
    fc.constant(null),
    fc.array(tie("any"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom("w", "b", "a", "layers", "10", "9"), tie("any"), { maxKeys: 3 }),
  ),
}));
/** Leaves with their places, keys sorted: the rule once more. */
const listed = (
  x: Tree,
  path: readonly (string | number)[] = [],
): readonly (readonly [readonly (string | number)[], number])[] => {
  if (x === null) return [];
  if (typeof x === "number") return [[path, x]];
  if (Array.isArray(x)) return (x as readonly Tree[]).flatMap((c, i) => listed(c, [...path, i]));
  const record = x as { readonly [key: string]: Tree };
  return Object.keys(record)
    .sort()
    .flatMap((k) => listed(record[k] as Tree, [...path, k]));
};
/** The same tree with its keys inserted in the opposite order. */
const reversed = (x: Tree): Tree =>
  typeof x !== "object" || x === null
    ? x
    : Array.isArray(x)
      ? (x as readonly Tree[]).map(reversed)
      : Object.fromEntries(
          Object.entries(x)
            .reverse()
            .map(([k, c]) => [k, reversed(c as Tree)]),
        );

describe("tree", () => {
  it("takes apart and puts together; paths lead to the leaves", () => {
    fc.assert(
      fc.property(trees, (x) => {
        const [leaves, def] = tree.flatten(x);
        expect(leaves).toEqual(listed(x).map(([, leaf]) => leaf));
        expect(tree.leavesWithPath(x)).toEqual(listed(x));
        expect(tree.unflatten(def, leaves)).toEqual(x);
        expect(tree.unflatten(tree.structure(x), leaves)).toEqual(x);
        expect(String(tree.structure(x))).toBe(String(tree.structure(reversed(x))));
      }),
    );
  });
  it("map pairs leaves by key, whatever the order of insertion", () => {
    fc.assert(
      fc.property(trees, (x) => {
        const doubled = tree.map((a: number, b: number) => a + b, x, reversed(x));
        expect(listed(doubled as Tree)).toEqual(listed(x).map(([path, leaf]) => [path, 2 * leaf]));
        const named = tree.mapWithPath((path, a: number) => `${path.join("/")}=${a}`, x);
        expect(tree.flatten(named, { isLeaf: (v) => typeof v === "string" })[0]).toEqual(
          listed(x).map(([path, leaf]) => `${path.join("/")}=${leaf}`),
        );
        expect(tree.reduce((s: number, v: number) => s + v, x, 0)).toBe(listed(x).reduce((s, [, v]) => s + v, 0));
      }),
    );
  });
  it("stack and unstack, and two transpositions, undo each other", () => {
    fc.assert(
      fc.property(
        trees.filter((x) => listed(x).length > 0),
        (x) => {
          const y = tree.map((v: number) => v + 1, x),
            stacked = tree.stack([x, y]);
          for (const [k, part] of [x, y].entries())
            expect(tree.leaves(tree.unstack(stacked)[k]).map((v) => v.js())).toEqual(
              listed(part as Tree).map(([, v]) => v),
            );
          const [outer, inner] = [tree.structure([0, 0]), tree.structure(x)];
          const turned = tree.transpose(outer, inner, [x, y]);
          expect(tree.transpose(inner, outer, turned)).toEqual([x, y]);
        },
      ),
      { numRuns: 30 },
    );
  });
  it("works inside transformations", () => {
    const params = { w: np.array([1, 2]), b: [np.array(3)] };
    const loss = (p: typeof params): NDArray =>
      tree.reduce((s: NDArray, v: NDArray) => np.add(s, np.sum(np.square(v))), p, np.array(0));
    const step = jit((p: typeof params) => tree.map((v, g) => np.subtract(v, np.multiply(0.5, g)), p, grad(loss)(p)));
    expect(tree.leaves(step(params)).map((v) => v.js())).toEqual([0, [0, 0]]);
    expect(vmap(loss)(tree.stack([params, params])).js()).toEqual([14, 14]);
  });
  it("stops at what counts as a leaf", () => {
    const x = { a: [1, 2], b: [3, 4] },
      isLeaf = Array.isArray;
    expect(tree.leaves(x, { isLeaf })).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(tree.map((p: number[]) => p.length, x, { isLeaf })).toEqual({ a: 2, b: 2 });
  });
  it.each([
    [
      "structures that differ",
      () => tree.map((a: number) => a, { a: 1, b: [1, 2] }, { a: 1, b: [1] }),
      /trees\[1\]\.b/,
    ],
    ["too few leaves", () => tree.unflatten(tree.structure([0, 0]), [1]), /2 leaves/],
    ["nothing to begin with", () => tree.reduce((a: number) => a, []), /initial value/],
    ["strings", () => tree.leaves({ a: ["x"] }), /string "x" at a\[0\]/],
    ["leaves of several shapes", () => tree.stack([np.ones([2]), np.ones([3])]), /equal shape/],
    ["a class nobody has registered", () => tree.leaves({ m: new Map() }), /registerNode/],
  ] as const)("refuses %s, and says where", (_name, f, message) => {
    expect(f).toThrow(message);
  });
});
