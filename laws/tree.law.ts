// Pytrees: taken apart and put together without loss, matched by key, with key paths in errors; prefixes; registered classes.
import fc from "fast-check";
import { describe, expect, expectTypeOf, it } from "vitest";
import { ArgumentError, TreeError } from "../src/core/errors.ts";
import {
  difference,
  flatten,
  flattenLike,
  leafCount,
  map,
  paths,
  pathString,
  registerNode,
  sameDef,
  showDef,
  unflatten,
} from "../src/core/tree.ts";
import type { Value } from "../src/core/value.ts";
import * as E from "../src/primitives/elementwise.ts";
import { grad } from "../src/transforms/grad.ts";
import { spread } from "../src/transforms/prefix.ts";
import type { Arrays } from "../src/transforms/types.ts";
import { vmap } from "../src/transforms/batching.ts";
import { jit } from "../src/control/jit.ts";
import { array, near, scalar } from "./transforms-subjects.ts";

const { tree } = fc.letrec<{ tree: unknown; leaf: unknown }>((tie) => ({
  leaf: fc.oneof(
    fc.integer().map((n) => n / 8),
    fc.boolean(),
    fc.constant(null),
  ),
  tree: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    tie("leaf"),
    fc.array(tie("tree"), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom("a", "b", "c", "10", "9", "__proto"), tie("tree"), { maxKeys: 4 }),
  ),
}));
const property = <T>(arbitrary: fc.Arbitrary<T>, check: (x: T) => void): void => {
  fc.assert(fc.property(arbitrary, check), { numRuns: 200 });
};
/** The same tree with the keys of every object in reverse order of insertion. */
const reversed = (x: unknown): unknown =>
  Array.isArray(x)
    ? x.map(reversed)
    : typeof x === "object" && x !== null
      ? Object.fromEntries(
          Object.entries(x)
            .reverse()
            .map(([k, v]) => [k, reversed(v)]),
        )
      : x;

describe("tree: apart and together", () => {
  it("loses nothing", () => {
    property(tree, (t) => {
      const [leaves, def] = flatten(t);
      expect(leaves.length).toBe(leafCount(def));
      expect(paths(def).length).toBe(leaves.length);
      expect(unflatten(def, leaves)).toEqual(t);
    });
  });
  it("key paths lead to the leaves", () => {
    property(tree, (t) => {
      const [leaves, def] = flatten(t);
      paths(def).forEach((path, i) => {
        const found = path.reduce<unknown>((at, k) => (at as Record<string | number, unknown>)[k], t);
        expect(found).toBe(leaves[i]);
      });
    });
  });
  it("does not see the order of insertion", () => {
    property(tree, (t) => {
      const [leaves, def] = flatten(t),
        [others, other] = flatten(reversed(t));
      expect(others).toEqual(leaves);
      expect(sameDef(def, other)).toBe(true);
      expect(showDef(def)).toBe(showDef(other));
      expect(difference(def, other)).toBeNull();
    });
  });
  it("tells structures apart", () => {
    property(fc.tuple(tree, tree), ([s, t]) => {
      const [a, b] = [flatten(s)[1], flatten(t)[1]];
      expect(sameDef(a, b)).toBe(showDef(a) === showDef(b));
      expect(difference(a, b) === null).toBe(sameDef(a, b));
    });
  });
  it("maps like a functor, and zips by name", () => {
    property(tree, (t) => {
      const twice = (x: number | boolean): number => 2 * Number(x);
      expect(map((x: number) => x, t)).toEqual(t);
      expect(map((x: number) => x + 1, map(twice, t))).toEqual(map((x: number | boolean) => twice(x) + 1, t));
      expect(map((x: number, y: number) => Number(x) - Number(y), t, reversed(t))).toEqual(map(() => 0, t));
    });
  });
  it("sorts keys, and shows structures", () => {
    const [leaves, def] = flatten({ b: [2, { z: 3 }], a: 1, c: null, d: [], e: {}, f: undefined });
    expect(leaves).toEqual([1, 2, 3]);
    expect(showDef(def)).toBe("{ a: *, b: [*, { z: * }], c: null, d: [], e: {}, f: null }");
    expect(paths(def).map((p) => pathString("params", p))).toEqual(["params.a", "params.b[0]", "params.b[1].z"]);
    expect(pathString("", ["a", 0, "b"])).toBe("a[0].b");
  });
  it("typed arrays and objects without a prototype", () => {
    const bare = Object.assign(Object.create(null) as object, { x: new Float32Array(2) });
    const [leaves, def] = flatten(bare);
    expect([leaves.length, showDef(def)]).toEqual([1, "{ x: * }"]);
  });
});

const message = (f: () => unknown): string => {
  try {
    f();
  } catch (e) {
    expect(e instanceof TreeError || e instanceof ArgumentError).toBe(true);
    return (e as Error).message.replace(/\n {2}at .*/, "").replaceAll("\n  ", " | ");
  }
  return "nothing was thrown";
};
describe("tree: what does not fit is named by its key path", () => {
  class Unknown {}
  const params = { layers: [{ w: 1 }, { w: 1, b: 2 }] },
    def = flatten(params)[1];
  const mistakes: readonly (readonly [() => unknown, string])[] = [
    [
      () => flatten({ a: [1, "text"] }),
      'tree.flatten: expected a pytree of arrays, numbers and booleans, got the string "text" at a[1] | remedy: pass it as a static argument (staticArgnums) or close over it',
    ],
    [
      () => flatten([new Unknown()]),
      "tree.flatten: expected a pytree of arrays, numbers and booleans, got an instance of Unknown at [0] | remedy: register the class with tree.registerNode",
    ],
    [
      () => flatten(new Map()),
      "tree.flatten: expected a pytree of arrays, numbers and booleans, got an instance of Map at the root | remedy: register the class with tree.registerNode",
    ],
    [
      () => flatten(1n),
      "tree.flatten: expected a pytree of arrays, numbers and booleans, got a bigint at the root | remedy: pass it as a static argument (staticArgnums) or close over it",
    ],
    [
      () => flattenLike(def, { layers: [{ w: 1 }, { w: 1 }] }, "update", "params"),
      "update: expected params.layers[1] to have the structure { b: *, w: * }, got { w: * } | remedy: add b",
    ],
    [
      () => flattenLike(def, { layers: [{ w: [1] }, { w: 1, b: 2 }] }, "update", "params"),
      "update: expected params.layers[0].w to have the structure *, got [*]",
    ],
    [
      () => map((x: number) => x, { a: 1 }, { b: 1 }),
      "tree.map: expected trees[1] to have the structure { a: * }, got { b: * } | remedy: add a, leave out b",
    ],
    [() => map((x: number) => x, [1, 2], [1]), "tree.map: expected trees[1] to have the structure [*, *], got [*]"],
  ];
  it.each(mistakes)("mistake %#", (f, want) => {
    expect(message(f)).toBe(want);
  });
});

describe("tree: prefixes", () => {
  const def = flatten({ a: [1, 2], b: { c: 3, d: null } })[1];
  it.each([
    [7, [7, 7, 7]],
    [null, [null, null, null]],
    [{ a: 1, b: 2 }, [1, 1, 2]],
    [{ a: [1, null], b: { c: 5, d: null } }, [1, null, 5]],
    [{ b: null, a: 4 }, [4, 4, null]],
  ])("%j speaks for every leaf", (prefix, want) => {
    expect(spread(prefix, def, "op", "axes")).toEqual(want);
  });
  it("that do not fit", () => {
    expect(message(() => spread({ a: [1] }, def, "op", "axes"))).toBe(
      "op: expected axes to have the structure { a: [*, *], b: { c: *, d: null } }, got { a: [*] }",
    );
    expect(message(() => spread({ a: 1, b: [1] }, def, "op", "axes"))).toBe(
      "op: expected axes.b to have the structure { c: *, d: null }, got [*]",
    );
    expect(message(() => spread({ a: 1, b: 1 }, def, "op", "axes", true))).toBe(
      "op: expected axes.a to have the structure [*, *], got *",
    );
  });
  it("a tree is its own prefix", () => {
    property(tree, (t) => {
      const [leaves, own] = flatten(t);
      expect(spread(t, own, "op", "t")).toEqual(leaves);
      expect(spread(t, own, "op", "t", true)).toEqual(leaves);
    });
  });
});

describe("tree: registered classes", () => {
  class Ball {
    readonly center: Value;
    readonly radius: Value;
    readonly label: string;
    constructor(center: Value, radius: Value, label: string) {
      this.center = center;
      this.radius = radius;
      this.label = label;
    }
    grow(): Ball {
      return new Ball(this.center, E.add(this.radius, this.radius), this.label);
    }
  }
  registerNode(Ball, {
    name: "Ball",
    flatten: (b) => [[b.center, b.radius], ["center", "radius"], b.label],
    unflatten: ([center, radius], label) => new Ball(center as Value, radius as Value, label as string),
  });
  const ball = new Ball(array([1, 2]), scalar(3), "red");
  it("are trees", () => {
    const [leaves, def] = flatten({ ball });
    expect(leaves.map((x, i) => x === [ball.center, ball.radius][i])).toEqual([true, true]);
    expect(showDef(def)).toBe("{ ball: Ball(*, *) }");
    expect(paths(def).map((p) => pathString("", p))).toEqual(["ball.center", "ball.radius"]);
    const again = (unflatten(def, leaves) as { readonly ball: Ball }).ball;
    expect([again instanceof Ball, again.center === ball.center, again.label]).toEqual([true, true, "red"]);
    expect(sameDef(flatten(ball)[1], flatten(new Ball(ball.center, ball.radius, "blue"))[1])).toBe(false);
  });
  it("go through transforms, and keep their methods and types", () => {
    const area = (b: Ball): Value => E.mul(b.grow().radius, b.radius);
    const slope = grad(area)(ball);
    expectTypeOf(slope).toEqualTypeOf<Ball>();
    expectTypeOf<Arrays<Ball>>().toEqualTypeOf<Ball>();
    expect([slope instanceof Ball, slope.label]).toEqual([true, "red"]);
    near([slope.center, slope.radius], [array([0, 0]), scalar(12)], 0);
    const grown = jit((b: Ball) => b.grow())(ball as never);
    expect((grown as Ball).label).toBe("red");
    near((grown as Ball).grow().radius, scalar(12), 0);
    const many = vmap((b: Ball) => b.grow(), [new Ball(0 as never, null as never, "red")] as never)(ball);
    near(many.radius, array([6, 6]), 0);
  });
});
