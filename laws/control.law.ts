// Control flow as users write it: trees, numbers that take the dtype of the body, both forms, closed-over tracers, and the text of
// every mistake.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BrickboxError } from "../src/core/errors.ts";
import { grad, jit, jvp, lax, makeJaxpr, np, vmap } from "../src/index.ts";
import type { NDArray } from "../src/index.ts";

const xs = np.array([1, 2, 3]);
const i32 = (n: number): NDArray => np.asarray(n, { dtype: "int32" });
const js = (tree: unknown): unknown =>
  tree instanceof Object && "js" in tree ? (tree as NDArray).js() : Array.isArray(tree) ? tree.map(js) : tree;

describe("semantics", () => {
  it("scan carries trees, stacks trees, and runs from both ends", () => {
    const f = ({ sum, last }: { sum: NDArray; last: NDArray }, { x, w }: { x: NDArray; w: NDArray }) =>
      [
        { last: x, sum: sum.add(x.mul(w)) },
        { seen: last, double: [x.mul(2)] },
      ] as const;
    const tree = { w: np.array([1, 10, 100]), x: xs };
    const [carry, ys] = lax.scan(f, { sum: np.array(0), last: np.array(9) }, tree);
    expect([carry.sum.js(), carry.last.js(), ys.seen.js(), ys.double[0].js()]).toEqual([321, 3, [9, 1, 2], [2, 4, 6]]);
    const [back, ysBack] = lax.scan(f, { sum: np.array(0), last: np.array(9) }, tree, { reverse: true });
    expect([back.sum.js(), back.last.js(), ysBack.seen.js()]).toEqual([321, 1, [2, 3, 9]]);
  });
  it("numbers in a carry take the dtype that the body gives", () => {
    expect(lax.foriLoop(0, 5, (i, s) => s.add(i), 0).dtype).toBe("int32");
    expect(lax.foriLoop(0, 5, (i, s) => s.add(i).mul(0.5), 0).dtype).toBe("float32");
    expect(lax.foriLoop(0, 5, (i, s) => s.add(i), 0.5).dtype).toBe("float32");
    expect(lax.scan((s, x) => [s.add(x), null], 0.1, np.asarray(new Float64Array([0, 0])))[0].item()).toBe(0.1);
    expect(lax.scan((s, x) => [x, s], 0, np.arange(3))[1].dtype).toBe("int32");
    expect(
      lax
        .whileLoop(
          ([n]) => n.less(5),
          ([n, x]) => [n.add(1), x.mul(2)],
          [0, 1],
        )[1]
        .item(),
    ).toBe(32);
    // A number that the body gives takes the dtype of the carry.
    expect(lax.scan((_c, x) => [1, x], np.asarray(0, { dtype: "float64" }), xs)[0].dtype).toBe("float64");
    expect(
      lax.cond(
        true,
        () => 1,
        () => i32(2),
      ).dtype,
    ).toBe("int32");
  });
  it("lengths 0 and 1, without xs, without carry, without results", () => {
    const none = np.zeros([0, 2]);
    const [c, ys] = lax.scan((s, x) => [s.add(x), s], np.zeros([2]), none);
    expect([c.js(), ys.shape]).toEqual([
      [0, 0],
      [0, 2],
    ]);
    expect(js(lax.scan((s, x) => [s.add(x), s], 7, np.array([5])))).toEqual([12, [7]]);
    expect(js(lax.scan((s) => [s.mul(2), null], 1, null, { length: 3 }))).toEqual([8, null]);
    expect(js(lax.scan((s, x) => [s, x.mul(2)], null as unknown as null, xs))).toEqual([null, [2, 4, 6]]);
    expect(lax.scan((s) => [s, null], [], null, { length: 3 })).toEqual([[], null]);
    expect(
      lax.whileLoop(
        () => false,
        () => [],
        [],
      ),
    ).toEqual([]);
    expect(lax.foriLoop(3, 1, (_i, x) => x.add(1), 5).item()).toBe(5);
  });
  it("types of the body may be given", () => {
    const f = (c: NDArray, x: NDArray) => [c.add(x), c] as const;
    expect(js(lax.scan(f, 0, xs))).toEqual([6, [0, 1, 3]]);
    expect(lax.foriLoop(0, 3, (i: NDArray, c: NDArray) => c.add(i), 0).item()).toBe(3);
    const next = ({ n }: { n: NDArray }) => ({ n: n.mul(2) });
    expect(lax.whileLoop(({ n }: { n: NDArray }) => n.less(9), next, { n: 1 }).n.item()).toBe(16);
  });
  it("data-last forms", () => {
    expect(js(lax.scan((s: NDArray, x: NDArray) => [s.add(x), s], 0)(xs))).toEqual([6, [0, 1, 3]]);
    expect(
      lax
        .whileLoop(
          (x: NDArray) => x.less(9),
          (x: NDArray) => x.mul(2),
        )(np.array(1))
        .item(),
    ).toBe(16);
    expect(
      lax
        .foriLoop(0, 3, (_i, x: NDArray) => x.mul(2))(np.array(1))
        .item(),
    ).toBe(8);
    expect(
      lax
        .map((x: NDArray) => x.add(1))(xs)
        .js(),
    ).toEqual([2, 3, 4]);
    expect(
      lax
        .associativeScan((x: NDArray, y: NDArray) => x.mul(y))(xs)
        .js(),
    ).toEqual([1, 2, 6]);
  });
  it("switch clamps its index, also an unsigned one", () => {
    const at = (i: NDArray | number) =>
      lax.switch(i, [(x) => x, (x) => x.add(10), (x) => x.add(20)], np.array(1)).item();
    expect([-7, 0, 1, 2, 9].map((i) => at(i))).toEqual([1, 1, 11, 21, 21]);
    expect([i32(-1), np.asarray(4294967295, { dtype: "uint32" }), np.asarray(1, { dtype: "uint8" })].map(at)).toEqual([
      1, 21, 11,
    ]);
    expect(lax.switch(5, [(x) => x.add(1)], np.array(1)).item()).toBe(2);
  });
  it("cond takes numbers and booleans, and runs one branch", () => {
    const f = (p: NDArray | number | boolean) =>
      lax
        .cond(
          p,
          (x) => x.add(1),
          (x) => x.sub(1),
          np.array(0),
        )
        .item();
    expect([true, false, 2, 0, np.array(0.5), np.array(false)].map(f)).toEqual([1, -1, 1, -1, 1, -1]);
  });
  it("map in batches is map", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 9 }), (n, batchSize) => {
        const x = np
            .arange(2 * n)
            .reshape([n, 2])
            .astype("float32"),
          f = (v: NDArray) => ({ a: v.sum(), b: v.mul(v) });
        const [one, many] = [lax.map(f, x), lax.map(f, x, { batchSize })];
        expect([many.a.js(), many.b.js()]).toEqual([one.a.js(), one.b.js()]);
      }),
      { numRuns: 20 },
    );
  });
  it("associativeScan is the loop, for any length, axis, direction and tree", () => {
    const f = (a: { m: NDArray; c: NDArray }, b: { m: NDArray; c: NDArray }) => ({
      m: a.m.mul(b.m),
      c: a.c.mul(b.m).add(b.c),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 17 }), fc.constantFrom(0, 1, -1), fc.boolean(), (n, axis, reverse) => {
        const shape = axis === 0 ? [n, 2] : [2, n],
          m = np.sin(np.arange(2 * n)).reshape(shape),
          c = np.cos(np.arange(2 * n)).reshape(shape);
        const got = lax.associativeScan(f, { m, c }, { axis, reverse });
        const first = (x: NDArray) => (axis === 0 ? x : x.transpose());
        const [, want] = lax.scan(
          (s, x) => {
            const next = x.c.add(s.mul(x.m));
            return [next, next];
          },
          np.zeros([2]),
          { m: first(m), c: first(c) },
          { reverse },
        );
        expect(np.allclose(first(got.c), want, { atol: 1e-5 }).item()).toBe(true);
      }),
      { numRuns: 30 },
    );
  });
  it("bodies may close over tracers of any transform", () => {
    const f = (w: NDArray) => lax.scan((c, x) => [c.mul(w).add(x), null], 1, xs)[0];
    expect(f(np.array(2)).item()).toBe(19);
    expect(grad(f)(np.array(2)).item()).toBe(18);
    expect(jit(grad(f))(np.array(2)).item()).toBe(18);
    expect(grad(grad(f))(np.array(2)).item()).toBe(14);
    expect(vmap(grad(f))(np.array([2, 0])).js()).toEqual([18, 2]);
    const g = (w: NDArray) =>
      lax.whileLoop(
        (c) => c.less(w.mul(10)),
        (c) => c.mul(w),
        np.array(1),
      );
    expect(jvp(g, [2], [1]).map(js)).toEqual([32, 80]);
    expect(vmap(g)(np.array([2, 3, 10])).js()).toEqual([32, 81, 100]);
  });
  it("a body that throws leaves no trace behind", () => {
    expect(() =>
      lax.scan(
        () => {
          throw new Error("mine");
        },
        0,
        xs,
      ),
    ).toThrow("mine");
    expect(np.add(1, 1).item()).toBe(2);
  });
  it("prints", () => {
    const f = (x: NDArray) => lax.scan((c, _) => [c.mul(2), null], x, null, { length: 3, reverse: true, unroll: 2 })[0];
    expect(String(makeJaxpr(f)({ shape: [], dtype: "float32" }))).toMatch(
      /scan\[\s*length=3\s+reverse=true\s+unroll=2/,
    );
  });
});

const branch =
  "lax.cond or np.where choose by a traced value, lax.whileLoop repeats by one; or make the argument static (staticArgnums)";
/** Whatever the types say. */
const wrong = lax as unknown as Readonly<Record<string, (...args: readonly unknown[]) => unknown>>;
type Many = Readonly<Record<string, NDArray>>;
const three = np.ones([3]);
const mistakes: Readonly<Record<string, readonly [f: () => unknown, text: string]>> = {
  "a carry of another dtype": [
    () =>
      wrong.scan?.(({ h, k }: Many) => [{ h: h?.astype("int32"), k }, null], { h: three, k: 1 }, null, {
        length: 2,
      }),
    'scan: carry.h: expected f32[3], as the carry begins, got i32[3] from the body\n  remedy: a carry keeps its dtype: begin with astype("int32"), or convert what the body gives with astype("float32")',
  ],
  "a carry that grows": [
    () =>
      wrong.whileLoop?.(
        () => true,
        ([i, x]: readonly NDArray[]) => [i, np.concatenate([x as NDArray, x as NDArray])],
        [0, three],
      ),
    "whileLoop: carry[1]: expected f32[3], as the carry begins, got f32[6] from the body\n  remedy: a carry keeps its shape: begin with an array of shape [6], or give what grows as a result of every round",
  ],
  "a carry of another structure": [
    () =>
      wrong.foriLoop?.(0, 3, (_i: NDArray, { p }: Readonly<Record<string, Many>>) => ({ p: { ...p, more: p?.h } }), {
        p: { h: three },
      }),
    "foriLoop: carry.p: expected the structure { h: * }, as the carry begins, got { h: *, more: * } from the body\n  remedy: a carry keeps its structure: give the same keys, and as many elements of lists",
  ],
  "a start that is no integer": [
    () => wrong.foriLoop?.(0, 3, (i: NDArray) => i, 0.5),
    'foriLoop: carry: expected a start of dtype int32, which the body gives, got 0.5\n  remedy: begin with an array, or convert what the body gives with astype("float32")',
  ],
  "a body without results": [
    () => wrong.scan?.((c: NDArray) => c, 0, three),
    "scan: expected a body that returns [carry, y], got *\n  remedy: return [carry, null] if there is nothing to stack",
  ],
  "xs of several lengths": [
    () => wrong.scan?.((c: NDArray) => [c, null], 0, { a: three, b: np.ones([4, 2]) }),
    "scan: expected xs of one length, got xs.a f32[3] and xs.b f32[4,2]",
  ],
  "xs of another length than told": [
    () => wrong.scan?.((c: NDArray) => [c, null], 0, three, { length: 5 }),
    "scan: expected xs of one length, got length 5 and xs f32[3]",
  ],
  "no length": [
    () => wrong.scan?.((c: NDArray) => [c, null], 0, null),
    "scan: expected xs with arrays, or a length, got neither\n  remedy: say how often: lax.scan(f, init, null, { length: n })",
  ],
  "xs without a first axis": [
    () => wrong.map?.((x: NDArray) => x, { a: 1 }),
    "map: expected arrays with a first axis to loop over, got xs.a f32[]\n  remedy: close over what is the same in every round",
  ],
  "an asynchronous body": [
    () => wrong.scan?.(async (c: NDArray) => [c, null], 0, three),
    "scan: expected a synchronous function, got an asynchronous function: it returned a Promise\n  remedy: await what it needs before, and pass the results as arguments",
  ],
  "if in a body": [
    () => wrong.scan?.((c: number, x: NDArray) => [c > 0 ? c : x, null], 0, three),
    `scan: expected an array with a value, but inside scan f32[] only stands for one, got a conversion to a number, as in \`if (x > 0)\`, \`x < y\`, \`-x\` or Math.sin(x)\n  remedy: ${branch}; arithmetic is x.neg(), np.sin(x)`,
  ],
  "a condition with an axis": [
    () =>
      wrong.whileLoop?.(
        (c: NDArray) => c.less(3),
        (c: NDArray) => c,
        three,
      ),
    "whileLoop: expected a condition that returns one truth value bool[], got bool[3]\n  remedy: combine them with np.all or np.any",
  ],
  "a condition that is a number": [
    () =>
      wrong.whileLoop?.(
        (c: NDArray) => c,
        (c: NDArray) => c,
        1,
      ),
    "whileLoop: expected a condition that returns a truth value bool[], got f32[]\n  remedy: compare: np.notEqual(x, 0)",
  ],
  "a bound that is no integer": [
    () => wrong.foriLoop?.(0, 2.5, (_i: NDArray, c: NDArray) => c, three),
    "foriLoop: expected the upper bound to be an integer of 32 bits, got 2.5",
  ],
  "reverse mode through whileLoop": [
    () =>
      grad((w: NDArray) =>
        lax.whileLoop(
          (c) => c.less(100),
          (c) => c.mul(w),
          w,
        ),
      )(np.array(2)),
    "whileLoop: expected a number of rounds that is known, to run the loop backwards, got reverse-mode differentiation of a loop that runs until its condition fails\n  remedy: use lax.scan, or lax.foriLoop with static bounds; or forward mode (jvp, jacfwd); or give the fixed point its own rule with customVjp",
  ],
  "branches of different dtypes": [
    () =>
      wrong.cond?.(
        true,
        (x: NDArray) => ({ y: x }),
        (x: NDArray) => ({ y: x.astype("int32") }),
        three,
      ),
    'cond: result.y: expected i32[3], as falseFn gives, got f32[3] from trueFn\n  remedy: convert one of them with astype("float32")',
  ],
  "branches of different shapes": [
    () => wrong.switch?.(0, [(x: NDArray) => x, (x: NDArray) => x.sum()], three),
    "switch: result: expected f32[3], as branch 0 gives, got f32[] from branch 1\n  remedy: broadcast the results to one shape",
  ],
  "branches of different structures": [
    () => wrong.switch?.(0, [(x: NDArray) => [x], (x: NDArray) => x], three),
    "switch: result: expected results of one structure, [*] from branch 0, got * from branch 1\n  remedy: give results of one structure from all branches, zeros where one has nothing to say",
  ],
  "a predicate with an axis": [
    () =>
      wrong.cond?.(
        three.greater(0),
        (x: NDArray) => x,
        (x: NDArray) => x,
        three,
      ),
    "cond: expected a predicate that is a scalar, got bool[3]\n  remedy: choose element by element with np.where, or map over it with vmap",
  ],
  "an index that is no integer": [
    () => wrong.switch?.(np.array(1), [(x: NDArray) => x], three),
    'switch: expected an integer index, got f32[]\n  remedy: convert it with astype("int32"), or use lax.cond',
  ],
  "no branches": [() => wrong.switch?.(0, [], three), "switch: expected a list of branches, got none"],
  "a leaked carry": [
    () => {
      const seen: NDArray[] = [];
      lax.scan(
        (c, x) => {
          seen.push(c);
          return [c, x];
        },
        0,
        xs,
      );
      return np.add(seen[0] as NDArray, 1);
    },
    "add: expected values that are alive, got a traced value that has leaked out of scan\n  remedy: return it from the transformed function instead of storing it in a variable outside",
  ],
  "elements of several lengths": [
    () => wrong.associativeScan?.((a: unknown) => a, { a: three, b: np.ones([4]) }),
    "associativeScan: expected elements of one length, got elems.a f32[3] and elems.b f32[4]",
  ],
};

describe("mistakes", () => {
  it.each(Object.keys(mistakes))("%s", (name) => {
    const [f, text] = mistakes[name] as (typeof mistakes)[string];
    let caught: unknown = null;
    try {
      f();
    } catch (e) {
      caught = e;
    }
    expect(caught).toBeInstanceOf(BrickboxError);
    expect((caught as Error).message).toMatch(/\n {2}at .*laws\/control\.law\.ts:\d+/);
    expect((caught as Error).message.replace(/\n {2}at .*/, "")).toBe(text);
  });
});
