// The texts of the errors that users meet most, pinned whole: what was done, what was expected, what came, on which line of theirs, and
// what to do instead. The line that is to be named ends with a mark.
import { afterEach, describe, expect, it } from "vitest";
import { configure, disableJit, grad, jit, lax, type NDArray, np, pureCallback } from "../src/index.ts";
import { saidIn } from "./said.ts";

const usual = configure({});
afterEach(() => configure(usual));
const said = saidIn(import.meta.url);
const i32 = (x: readonly number[]): NDArray => np.array(x, { dtype: "int32" });

describe("shapes and dtypes", () => {
  const a = np.ones([2, 3]);
  it("operands that do not broadcast", () => {
    expect(
      said(() => {
        np.add(a, np.ones([4])); // here
      }),
    ).toMatchInlineSnapshot(`
      "ShapeError: add: expected shapes that broadcast (equal or 1 from the last axis on), got [2,3] and [4]
        at here
        remedy: give the operands axes of extent 1 where they should repeat: np.expandDims, np.reshape"
    `);
  });
  it("matrices that do not fit", () => {
    expect(
      said(() => {
        np.matmul(a, a); // here
      }),
    ).toMatchInlineSnapshot(`
      "ShapeError: matmul: expected equal extents of axis 1 of the left and axis 0 of the right, got 3 and 2 in f32[2,3] and f32[2,3]
        at here
        remedy: transpose one of them (x.T), or name the axes with np.einsum"
    `);
  });
  it("a reshape to another size", () => {
    expect(
      said(() => {
        a.reshape([4, 2]); // here
      }),
    ).toMatchInlineSnapshot(`
      "ShapeError: reshape: expected a shape of 6 elements, with at most one -1, got [4,2]
        at here"
    `);
  });
  it("a list that is not rectangular", () => {
    expect(
      said(() => {
        np.array([[1, 2], [3]]); // here
      }),
    ).toMatchInlineSnapshot(`
      "ShapeError: array: expected a list of length 2 at depth 1 (the shape begins as [2,2]), got length 1
        at here
        remedy: nested lists must be rectangular"
    `);
  });
  it("an axis that does not exist", () => {
    expect(
      said(() => {
        a.sum(2); // here
      }),
    ).toMatchInlineSnapshot(`
      "ShapeError: sum: expected an axis from -2 to 1, got 2
        at here"
    `);
  });
  it("something undefined", () => {
    const params: { readonly w: NDArray; readonly b?: NDArray } = { w: a };
    expect(
      said(() => {
        np.add(params.w, params.b as NDArray); // here
      }),
    ).toMatchInlineSnapshot(`
      "ArgumentError: add: expected an array, a number, a boolean, a typed array or a nested list of numbers, got undefined
        at here
        remedy: look for a property that does not exist, or an argument that was not given"
    `);
  });
});

describe("derivatives", () => {
  it("grad of a function without a scalar result", () => {
    expect(
      said(() => {
        grad((x: NDArray) => x.mul(2))(np.ones([2])); // here
      }),
    ).toMatchInlineSnapshot(`
      "ShapeError: grad: expected a function with a scalar result, got f32[2]
        at here
        remedy: reduce it with np.sum or np.mean, or use jacrev for all derivatives"
    `);
  });
  it("grad in integers", () => {
    expect(
      said(() => {
        grad((x: NDArray) => x.sum())(i32([1, 2])); // here
      }),
    ).toMatchInlineSnapshot(`
      "DTypeError: grad: expected args[0] to be floating, got i32[2]
        at here
        remedy: convert it with astype("float32"), or choose other arguments with argnums"
    `);
  });
  it("grad of something that is no function", () => {
    expect(
      said(() => {
        grad(np.ones([2]) as never); // here
      }),
    ).toMatchInlineSnapshot(`
      "ArgumentError: grad: expected a function, got an array
        at here"
    `);
  });
  it("grad through a while loop", () => {
    const f = (x: NDArray): NDArray =>
      lax.whileLoop(
        (c: NDArray) => np.less(c, 100),
        (c: NDArray) => c.mul(c),
        x,
      );
    expect(
      said(() => {
        grad(f)(np.array(2)); // here
      }),
    ).toMatchInlineSnapshot(`
      "TraceError: whileLoop: expected a number of rounds that is known, to run the loop backwards, got reverse-mode differentiation of a loop that runs until its condition fails
        at here
        remedy: use lax.scan, or lax.foriLoop with static bounds; or forward mode (jvp, jacfwd); or give the fixed point its own rule with customVjp"
    `);
  });
  it("grad through a callback", () => {
    const f = (x: NDArray): NDArray => pureCallback((y) => y, x, x); // here
    expect(said(() => grad(f)(np.array(2)))).toMatchInlineSnapshot(`
      "TraceError: pureCallback: expected a function whose derivative is known, got differentiation through a callback
        at here
        remedy: give the function that calls it its own rule with customJvp or customVjp, or use lax.stopGradient"
    `);
  });
});

describe("traced values", () => {
  it("a branch of JavaScript", () => {
    const relu = jit(function relu(x: NDArray) {
      return (x as unknown as number) > 0 ? x : x.neg(); // here
    });
    expect(said(() => relu(np.array(1)))).toMatchInlineSnapshot(`
      "TraceError: jit(relu): expected an array with a value, but inside jit(relu) f32[] only stands for one, got a conversion to a number, as in \`if (x > 0)\`, \`x < y\`, \`-x\` or Math.sin(x)
        at here
        remedy: lax.cond or np.where choose by a traced value, lax.whileLoop repeats by one; or make the argument static (staticArgnums); arithmetic is x.neg(), np.sin(x)"
    `);
  });
  it("item() in jit", () => {
    const f = jit((x: NDArray) => np.full([2], x.item())); // here
    expect(said(() => f(np.array(1)))).toMatchInlineSnapshot(`
      "TraceError: jit: expected an array with a value, but inside jit f32[] only stands for one, got item()
        at here
        remedy: return it from the transformed function and read it there, or print it with debug.print"
    `);
  });
  it("an extent that is traced", () => {
    const f = jit((n: NDArray) => np.zeros([n as unknown as number])); // here
    expect(said(() => f(np.array(3)))).toMatchInlineSnapshot(`
      "TraceError: jit: expected an array with a value, but inside jit f32[] only stands for one, got a traced value where a static number is needed (a shape, an axis, a length)
        at here
        remedy: take it from x.shape, or make the argument static (staticArgnums)"
    `);
  });
  it("a template literal", () => {
    const f = jit((x: NDArray) => {
      console.log(`x = ${x}`); // here
      return x;
    });
    expect(said(() => f(np.array(3)))).toMatchInlineSnapshot(`
      "TraceError: jit: expected an array with a value, but inside jit f32[] only stands for one, got a conversion to a string, as in a template literal or String(x)
        at here
        remedy: return it from the transformed function and read it there, or print it with debug.print"
    `);
  });
  it("a value stored outside", () => {
    let stored: NDArray = np.zeros([]);
    const f = jit(function step(x: NDArray) {
      stored = x.mul(2);
      return x;
    });
    f(np.array(1));
    expect(
      said(() => {
        stored.add(1); // here
      }),
    ).toMatchInlineSnapshot(`
      "TraceError: add: expected values that are alive, got a traced value that has leaked out of jit(step)
        at here
        remedy: return it from the transformed function instead of storing it in a variable outside"
    `);
  });
  it("an asynchronous function", () => {
    const f = jit((async (x: NDArray) => x) as never) as (x: NDArray) => NDArray;
    expect(
      said(() => {
        f(np.array(1)); // here
      }),
    ).toMatchInlineSnapshot(`
      "TraceError: jit: expected a synchronous function, got an asynchronous function: it returned a Promise
        at here
        remedy: await what it needs before, and pass the results as arguments"
    `);
    expect(
      said(() => {
        disableJit(async () => 1); // here
      }),
    ).toMatchInlineSnapshot(`
      "TraceError: disableJit: expected a synchronous function, got an asynchronous function: it returned a Promise
        at here
        remedy: await what it needs before, and pass the results as arguments"
    `);
  });
});
