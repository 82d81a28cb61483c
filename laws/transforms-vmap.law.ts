// vmap gives what a loop over the examples gives: for every subject, with the mapped axis anywhere in arguments and results;
// in every order with derivatives and jit. Its errors name the leaf and both sizes.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jit } from "../src/control/jit.ts";
import type { Shape } from "../src/core/aval.ts";
import { flatten, unflatten } from "../src/core/tree.ts";
import type { Value } from "../src/core/value.ts";
import * as E from "../src/primitives/elementwise.ts";
import { full, sum } from "../src/primitives/linear.ts";
import { vmap } from "../src/transforms/batching.ts";
import { grad } from "../src/transforms/grad.ts";
import { jacfwd, jacrev } from "../src/transforms/jacobian.ts";
import { isShapeDtype } from "../src/transforms/leaves.ts";
import { vjp } from "../src/transforms/pullback.ts";
import { jvp } from "../src/transforms/pushforward.ts";
import { indicesOf, withBatch } from "./rule-checks.ts";
import {
  array,
  dataOf,
  filled,
  isReal,
  leavesOf,
  near,
  real,
  type Subject,
  subjects,
  tangentOf,
} from "./transforms-subjects.ts";

type Args = readonly unknown[];
type F = Subject["f"];
type Axis = number | null;

/** Example `k` along an axis counted from 0. */
const example = (x: Value, axis: number, k: number): Value => {
  const shape = x.shape.filter((_, d) => d !== axis),
    data = dataOf(x);
  const offset = (at: readonly number[]): number => at.reduce((o, i, d) => o * (x.shape[d] as number) + i, 0);
  return array(
    indicesOf(shape).map((at) => data[offset([...at.slice(0, axis), k, ...at.slice(axis)])] as number),
    shape,
    x.dtype,
  );
};
const mapLeaves = (tree: unknown, f: (x: Value, i: number) => unknown): unknown => {
  const [leaves, def] = flatten(tree);
  return unflatten(
    def,
    leaves.map((x, i) => f(x as Value, i)),
  );
};
/** Example `k` of a tree; `axes` has one entry for each leaf. */
const slice = (tree: unknown, axes: readonly Axis[], k: number): unknown =>
  mapLeaves(tree, (x, i) => (axes[i] === null ? x : example(x, axes[i] as number, k)));
/** Shapes with a batch axis of `size` put in. */
const batched = (shapes: unknown, axes: readonly Axis[], size: number): unknown => {
  const [avals, def] = flatten(shapes, "law", isShapeDtype);
  return unflatten(
    def,
    avals.map((a, i) => {
      const { shape, dtype } = a as { readonly shape: Shape; readonly dtype: "float64" };
      return { shape: withBatch(shape, axes[i], size), dtype };
    }),
  );
};
const ranksOf = (shapes: unknown): readonly number[] =>
  (flatten(shapes, "law", isShapeDtype)[0] as readonly { readonly shape: Shape }[]).map((a) => a.shape.length);
/** An axis for each leaf, one at least mapped. */
const axesFor = (ranks: readonly number[]): fc.Arbitrary<readonly Axis[]> =>
  fc
    .tuple(...ranks.map((r) => fc.option(fc.nat({ max: r }), { nil: null, freq: 3 })))
    .map((axes) => (axes.every((a) => a === null) ? axes.map((_, i) => (i === 0 ? 0 : null)) : axes));
/** The loop that vmap replaces, by the results of the single calls. */
const sameAsLoop = (f: F, args: Args, axes: readonly Axis[], size: number, out: unknown, outAxis: number): void => {
  for (let k = 0; k < size; k++) {
    const want = f(...(slice(args, axes, k) as Args));
    const got = mapLeaves(out, (x) => example(x, outAxis < 0 ? x.shape.length + outAxis : outAxis, k));
    near(got, want, 1e-13);
  }
};
/** Axes as the tree that `inAxes` takes, some counted from the end. */
const axisTree = (shapes: Args, axes: readonly Axis[], negative: boolean): Args => {
  const [leaves, def] = flatten(shapes, "law", isShapeDtype);
  const ranks = ranksOf(leaves);
  return unflatten(
    def,
    axes.map((a, i) => (a !== null && negative ? a - (ranks[i] as number) - 1 : a)),
  ) as Args;
};

describe("vmap: a loop over the examples", () => {
  it.each(subjects.filter((s) => s.name !== "nothing").map((s) => [s.name, s] as const))(
    "%s",
    (_name, { shapes, f }) => {
      fc.assert(
        fc.property(
          fc.constantFrom(1, 3).chain((n) => fc.tuple(fc.constant(shapes(n)), axesFor(ranksOf(shapes(n))))),
          fc.constantFrom(0, 1, 2, 3, 5),
          fc.constantFrom(0, -1),
          fc.boolean(),
          ([own, axes], size, outAxes, negative) => {
            const args = filled(batched(own, axes, size), 7) as Args;
            const inAxes = axisTree(own, axes, negative) as readonly number[];
            const out = vmap(f, { inAxes, outAxes })(...args);
            sameAsLoop(f, args, axes, size, out, outAxes);
            for (const x of leavesOf(out)) expect(x.shape.at(outAxes)).toBe(size);
          },
        ),
        { numRuns: 8 },
      );
    },
  );
});

describe("vmap: with other transforms in every order", () => {
  const size = 3;
  const floating = subjects.filter(({ name }) => !["nothing", "integers aside"].includes(name));
  it.each(floating.map((s) => [s.name, s] as const))("%s", (_name, { shapes, f }) => {
    const own = shapes(2),
      axes = ranksOf(own).map(() => 0);
    const args = filled(batched(own, axes, size), 5) as Args;
    const loss: F = (...xs) =>
      leavesOf(f(...xs)).reduce<Value>(
        (s, y) =>
          E.add(
            s,
            sum(
              E.square(y),
              y.shape.map((_, i) => i),
            ),
          ),
        array([0], []),
      );
    const argnums = args.map((_, i) => i);
    const slope = grad(loss, { argnums }) as unknown as F;
    // vmap of grad, grad of vmap: the examples do not meet, so the gradient of the sum is the stack of gradients
    const stacked = vmap(slope)(...args);
    sameAsLoop(slope, args, axes, size, stacked, 0);
    const all: F = (...xs) => sum(vmap(loss)(...xs) as Value, [0]);
    near((grad(all, { argnums }) as unknown as F)(...args), stacked, 1e-11);
    // jit on either side
    near(jit(vmap(slope) as F)(...args), stacked, 1e-12);
    near(vmap(jit(slope))(...args), stacked, 1e-12);
    // forwards
    const v = tangentOf(args, 3) as Args;
    const push: F = (xs, ts) => jvp(f as never, xs as never, ts as never);
    const [, dout] = jvp(vmap(f) as never, args as never, v as never) as unknown as readonly [unknown, unknown];
    near((vmap(push)(args, v) as readonly unknown[])[1], dout, 1e-12);
    // backwards
    const ct = tangentOf(vmap(f)(...args), 9);
    const pull: F = (xs, c) => (vjp(f as never, xs as never)[1] as unknown as F)(c);
    near(vmap(pull)(args, ct), (vjp(vmap(f) as never, args as never)[1] as unknown as F)(ct), 1e-11);
    // vmap in vmap: two axes, either outermost
    const twice = filled(batched(batched(own, axes, size), axes, 2), 6) as Args;
    near(
      vmap(vmap(f))(...twice),
      vmap(
        vmap(
          f,
          axisTree(
            own,
            ranksOf(own).map((r) => (r > 0 ? 1 : 0)),
            false,
          ) as readonly number[],
        ),
      )(...(mapLeaves(twice, swapped) as Args)),
      1e-13,
    );
    near(vmap(vmap(f), { inAxes: 1, outAxes: 1 })(...twice), vmap(vmap(f))(...twice), 1e-13);
  });
  // Swap axes 1 and 2 of an array in JavaScript.
  const swapped = (x: Value): Value => {
    const shape = [x.shape[0], x.shape[2] ?? x.shape[1], x.shape[1], ...x.shape.slice(3)] as readonly number[];
    if (x.shape.length < 3) return x;
    const data = dataOf(x);
    const offset = (at: readonly number[]): number => at.reduce((o, i, d) => o * (x.shape[d] as number) + i, 0);
    return array(
      indicesOf(shape).map(([i, j, k, ...rest]) => data[offset([i, k, j, ...rest] as readonly number[])] as number),
      shape,
      x.dtype,
    );
  };
});

describe("vmap: axes", () => {
  const x = filled(real(2, 3), 1) as Value,
    y = filled(real(3), 2) as Value;
  const add = (a: Value, b: Value): Value => E.add(a, b);
  const rows = [example(x, 0, 0), example(x, 0, 1)] as const;
  it("null leaves an argument whole", () => {
    near(slice(vmap(add, [0, null])(x, y), [0], 1), E.add(rows[1], y), 0);
    near(slice(vmap({ inAxes: [null, 0] })(add)(y, x), [0], 0), E.add(y, rows[0]), 0);
    near(slice(vmap(add, { inAxes: [-2, null], outAxes: -1 })(x, y), [1], 0), E.add(rows[0], y), 0);
  });
  it("one entry speaks for a subtree", () => {
    const f = ({ a, b }: { a: Value; b: [Value, Value] }, c: Value): Value => E.mul(E.add(a, b[0]), E.sub(b[1], c));
    const got = vmap(f, [{ a: null, b: 0 }, null])({ a: y, b: [x, x] }, y);
    near(slice(got, [0], 1), f({ a: y, b: [rows[1], rows[1]] }, y), 0);
    near(vmap(f, [{ a: null, b: [0, -2] }, null])({ a: y, b: [x, x] }, y), got, 0);
  });
  it("outAxes is a tree too, null where nothing is mapped", () => {
    const f = (a: Value, b: Value): { p: Value; q: [Value, Value] } => ({ p: E.add(a, b), q: [a, E.neg(b)] });
    const { p, q } = vmap(f, { inAxes: [0, null], outAxes: { p: 1, q: [0, null] } })(x, y);
    expect([p.shape, q[0].shape, q[1].shape]).toEqual([[3, 2], [2, 3], [3]]);
    near(q[1], E.neg(y), 0);
    near(example(p, 1, 1), E.add(rows[1], y), 0);
  });
  it("a result that does not depend on the axis is repeated", () => {
    near(vmap((_: Value) => y)(x), array([...dataOf(y), ...dataOf(y)], [2, 3]), 0);
    expect(vmap((_: Value) => 2)(x)).toMatchObject({ shape: [2], dtype: "float32" });
  });
  it("an axis of no extent", () => {
    const none = array([], [0, 3]);
    expect(vmap((a: Value) => [sum(a, [0]), E.square(a)])(none).map((v) => (v as Value).shape)).toEqual([[0], [0, 3]]);
    expect(vmap(grad((a: Value) => sum(E.square(a), [0])))(none).shape).toEqual([0, 3]);
  });
  it("axisSize without a mapped argument", () => {
    near(
      vmap(add, { inAxes: null, axisSize: 2 })(y, y),
      array([...dataOf(E.add(y, y)), ...dataOf(E.add(y, y))], [2, 3]),
      0,
    );
    expect(vmap(() => y, { axisSize: 4 })().shape).toEqual([4, 3]);
  });
  it("numbers among the arguments are arrays that are not mapped", () => {
    near(
      vmap((a: Value, s: number | Value) => E.mul(a, s as Value), [0, null])(array([1, 2], [2], "float32"), 3),
      array([3, 6], [2], "float32"),
      0,
    );
  });
  it("rows of a Jacobian, all at once", () => {
    const f = (a: Value): Value => E.mul(a, full(a.shape, 2, a.dtype));
    near(vmap(jacfwd(f))(x), vmap(jacrev(f))(x), 0);
    expect(vmap(jacfwd(f))(x).shape).toEqual([2, 3, 3]);
    expect(isReal(x)).toBe(true);
  });

  const message = (f: () => unknown): string => {
    try {
      f();
    } catch (e) {
      return (e as Error).message.replace(/\n {2}at .*/, "");
    }
    return "nothing was thrown";
  };
  const pair = (p: { a: Value; b: Value }, c: Value): Value => E.add(p.a, c);
  it.each([
    [
      () => vmap(pair)({ a: x, b: x }, y),
      "vmap: expected one size for all mapped axes, got 2 (axis 0 of args[0].a, f64[2,3]) and 3 (axis 0 of args[1], f64[3])",
    ],
    [
      () => vmap(pair, { axisSize: 5 })({ a: x, b: x }, y),
      "vmap: expected one size for all mapped axes, got axisSize 5 and 2 (axis 0 of args[0].a, f64[2,3])",
    ],
    [
      () => vmap(add, [0, 1])(x, y),
      "vmap: expected inAxes for args[1] to be an axis of f64[3], got 1\n  remedy: give null for what is not mapped",
    ],
    [
      () => vmap(add)(x, 3 as never),
      "vmap: expected inAxes for args[1] to be an axis of f32[], got 0\n  remedy: give null for what is not mapped",
    ],
    [
      () => vmap(add, [0])(x, y),
      "vmap: expected inAxes with an entry for each of 2 arguments, got 1 in [0]\n  remedy: give null for an argument that is not mapped, or one number for all",
    ],
    [
      () => vmap(pair, [{ a: 0 }, 0] as never)({ a: x, b: x }, x),
      "vmap: expected inAxes[0] to have the structure { a: *, b: * }, got { a: * }",
    ],
    [
      () => vmap(add, { inAxes: null })(x, y),
      "vmap: expected a mapped argument, or axisSize, got inAxes that are null for all arguments\n  remedy: say how many results there are: vmap(f, { inAxes: null, axisSize: n })",
    ],
    [
      () => vmap(add, { outAxes: null })(x, x),
      "vmap: expected result not to depend on the mapped axis, since outAxes is null there, got a result for each element of the axis\n  remedy: give outAxes a number there",
    ],
    [
      () => vmap((a: Value) => ({ s: a }), { outAxes: { s: 2 } })(x),
      "vmap: expected outAxes for result.s to be an axis of a batch of f64[3], got 2\n  remedy: give null for what is not mapped",
    ],
    [() => vmap(add, [0.5, 0])(x, x), "vmap: expected inAxes for args[0] to be an integer or null, got 0.5"],
    [() => vmap(add, { axisSize: -1 })(x, x), "vmap: expected axisSize to be a length, got -1"],
    [() => vmap("f" as never), "vmap: expected a function, got string f"],
  ])("error %#", (f, want) => {
    expect(message(f)).toBe(want);
  });
});
