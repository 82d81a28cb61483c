// The texts of the errors that users meet most, pinned whole: what was done, what was expected, what came, on which line of theirs, and
// what to do instead. The line that is to be named ends with a mark.
import { afterEach, describe, expect, it } from "vitest";
import * as bricks from "../src/bricks/index.ts";
import { configure, jit, lax, type NDArray, np, random, tree, vmap } from "../src/index.ts";
import { saidIn } from "./said.ts";

const usual = configure({});
afterEach(() => configure(usual));
const said = saidIn(import.meta.url);
const i32 = (x: readonly number[]): NDArray => np.array(x, { dtype: "int32" });

describe("arguments", () => {
  it("a text", () => {
    const layer = jit(function layer(x: NDArray, activation: string) {
      return activation === "relu" ? np.maximum(x, 0) : x;
    });
    expect(
      said(() => {
        layer(np.ones([2]), "relu"); // here
      }),
    ).toMatchInlineSnapshot(`
      "TreeError: layer: expected a pytree of arrays, numbers and booleans, got the string "relu" at the root
        at here
        remedy: pass it as a static argument (staticArgnums) or close over it"
    `);
  });
  it("an instance of a class", () => {
    class Model {
      readonly w = np.ones([2]);
    }
    const f = jit((m: Model) => m.w);
    expect(
      said(() => {
        f(new Model() as never); // here
      }),
    ).toMatchInlineSnapshot(`
      "TreeError: jit: expected a pytree of arrays, numbers and booleans, got an instance of Model at the root
        at here
        remedy: register the class with tree.registerNode"
    `);
  });
  it("an array that was donated", () => {
    const step = jit(
      function step(x: NDArray) {
        return x.mul(2);
      },
      { donate: [0] },
    );
    const x = np.ones([2000]);
    step(x); // here
    expect(
      said(() => {
        x.add(1); // here
      }),
    ).toMatchInlineSnapshot(`
      "DonatedError: add: expected arrays that still have their value, got f32[2000], donated to step (first called at here)
        at here
        remedy: use the results of that call instead, or do not donate this argument"
    `);
  });
  it("inAxes for one argument of two", () => {
    expect(
      said(() => {
        vmap((a: NDArray, b: NDArray) => np.add(a, b), [0] as never)(np.ones([3]), np.ones([3])); // here
      }),
    ).toMatchInlineSnapshot(`
      "TreeError: vmap: expected inAxes with an entry for each of 2 arguments, got 1 in [0]
        at here
        remedy: give null for an argument that is not mapped, or one number for all"
    `);
  });
  it("inAxes that do not exist", () => {
    expect(
      said(() => {
        vmap((a: NDArray, b: NDArray) => np.add(a, b), [0, 1])(np.ones([3]), np.ones([3])); // here
      }),
    ).toMatchInlineSnapshot(`
      "ShapeError: vmap: expected inAxes for args[1] to be an axis of f32[3], got 1
        at here
        remedy: give null for what is not mapped"
    `);
  });
  it("batches of several sizes", () => {
    expect(
      said(() => {
        vmap((a: NDArray, b: NDArray) => np.add(a, b))(np.ones([3]), np.ones([4])); // here
      }),
    ).toMatchInlineSnapshot(`
      "ShapeError: vmap: expected one size for all mapped axes, got 3 (axis 0 of args[0], f32[3]) and 4 (axis 0 of args[1], f32[4])
        at here"
    `);
  });
  it("a leaf that is missing", () => {
    const params = { layers: [{ w: np.ones([2]), b: np.zeros([]) }] },
      grads = { layers: [{ w: np.ones([2]) }] };
    expect(
      said(() => {
        tree.map((p: NDArray, g: NDArray) => p.sub(g), params, grads as never); // here
      }),
    ).toMatchInlineSnapshot(`
      "TreeError: tree.map: expected trees[1].layers[0] to have the structure { b: *, w: * }, got { w: * }
        at here
        remedy: add b"
    `);
  });
  it("an input that a layer does not take", () => {
    const layer = bricks.dense(3, 4),
      params = layer.init(random.key(0));
    expect(
      said(() => {
        layer.apply(params, np.ones([5]) as never); // here
      }),
    ).toMatchInlineSnapshot(`
      "ShapeError: dense: expected an input of size 3 on its last axis, got shape [5]
        at here"
    `);
  });
  it("a number in the place of a random key, and a key that was used", () => {
    expect(
      said(() => {
        random.normal(0 as never, [2]); // here
      }),
    ).toMatchInlineSnapshot(`
      "DTypeError: normal: expected a random key, got a number
        at here
        remedy: make one of a seed with random.key(0), or take it from an array of keys with keys.at(i)"
    `);
    configure({ check: true });
    const key = random.key(0);
    random.normal(key, [2]); // here
    expect(
      said(() => {
        random.uniform(key, [2]); // here
      }),
    ).toMatchInlineSnapshot(`
      "ArgumentError: uniform: expected a key that was not used before, got one that random.normal at here has used
        at here
        remedy: make new keys of it first: const [a, b] = random.split(key)"
    `);
  });
});

describe("loops and branches", () => {
  it("a carry that changes its dtype", () => {
    expect(
      said(() => {
        // biome-ignore format: the call is one line
        lax.scan((c: { n: NDArray }, x: NDArray) => [{ n: c.n.add(x) }, null] as const, { n: i32([0]) }, np.array([0.5])); // here
      }),
    ).toMatchInlineSnapshot(`
      "DTypeError: scan: carry.n: expected i32[1], as the carry begins, got f32[1] from the body
        at here
        remedy: a carry keeps its dtype: begin with astype("float32"), or convert what the body gives with astype("int32")"
    `);
  });
  it("a carry that grows", () => {
    expect(
      said(() => {
        lax.foriLoop(0, 3, (_, c: NDArray) => np.concatenate([c, c]), np.ones([2])); // here
      }),
    ).toMatchInlineSnapshot(`
      "ShapeError: foriLoop: carry: expected f32[2], as the carry begins, got f32[4] from the body
        at here
        remedy: a carry keeps its shape: begin with an array of shape [4], or give what grows as a result of every round"
    `);
  });
  it("a body without a second result", () => {
    expect(
      said(() => {
        lax.scan(((c: NDArray, x: NDArray) => c.add(x)) as never, 0, np.ones([2])); // here
      }),
    ).toMatchInlineSnapshot(`
      "TreeError: scan: expected a body that returns [carry, y], got *
        at here
        remedy: return [carry, null] if there is nothing to stack"
    `);
  });
  it("branches of several kinds", () => {
    expect(
      said(() => {
        lax.cond(true, (x: NDArray) => x, ((x: NDArray) => np.stack([x, x])) as never, np.array(1)); // here
      }),
    ).toMatchInlineSnapshot(`
      "ShapeError: cond: result: expected f32[2], as falseFn gives, got f32[] from trueFn
        at here
        remedy: broadcast the results to one shape"
    `);
    expect(
      said(() => {
        lax.cond(true, (x: NDArray) => x, ((x: NDArray) => [x, x]) as never, np.array(1)); // here
      }),
    ).toMatchInlineSnapshot(`
      "TreeError: cond: result: expected results of one structure, [*, *] from falseFn, got * from trueFn
        at here
        remedy: give results of one structure from all branches, zeros where one has nothing to say"
    `);
  });
  it("a condition with an axis", () => {
    expect(
      said(() => {
        const one = (): number => 1;
        lax.cond(np.array([true, false]), one, one); // here
      }),
    ).toMatchInlineSnapshot(`
      "ShapeError: cond: expected a predicate that is a scalar, got bool[2]
        at here
        remedy: choose element by element with np.where, or map over it with vmap"
    `);
  });
});

describe("check mode", () => {
  it("NaN, and a position out of range", () => {
    configure({ check: true });
    const entropy = jit(function entropy(p: NDArray) {
      return np.sum(np.mul(p, np.log(p))).neg(); // here
    });
    expect(said(() => entropy(np.array([0.5, 0, 0.5])))).toMatchInlineSnapshot(`
      "NonFiniteError: log in entropy: expected finite results of finite operands, got infinity at [1] from 0
        at here
        remedy: keep its argument positive, where it is chosen by np.where too: np.log(np.where(x > 0, x, 1)); for sums of exponentials use nn.logsumexp or nn.logSoftmax; configure({ check: false }) lets it pass"
    `);
    const embed = jit(function embed(table: NDArray, id: NDArray) {
      return table.slice(id); // here
    });
    expect(said(() => embed(np.ones([10, 4]), i32([3, 10])))).toMatchInlineSnapshot(`
      "ArgumentError: slice: expected positions from -10 to 9 along axis 0 of f32[10,4], got 10
        at here
        remedy: correct the position, or say with mode what is to happen ("clip", "fill" or "drop"); configure({ check: false }) lets it pass"
    `);
  });
});
