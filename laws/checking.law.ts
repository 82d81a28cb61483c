// What `configure({ check: true })` finds and does not find, code that is not compiled, and named scopes.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  ArgumentError,
  configure,
  disableJit,
  explain,
  grad,
  hessian,
  jit,
  lax,
  makeJaxpr,
  namedScope,
  type NDArray,
  nn,
  NonFiniteError,
  np,
  random,
  TraceError,
  vmap,
} from "../src/index.ts";
import { bodies, functionOf, real } from "./random-bodies.ts";
import { type F, inputs } from "./random-stacks.ts";
import { near } from "./transforms-subjects.ts";

const usual = configure({});
afterEach(() => configure(usual));
const here = fileURLToPath(import.meta.url),
  lines = readFileSync(here, "utf8").split("\n");
/** The message without the user's line, and the comment that ends that line. */
const caught = (f: () => unknown): readonly [error: Error, text: string, mark: string] => {
  try {
    f();
  } catch (e) {
    const error = e as Error,
      [, file, line] = /\n {2}at (.*):(\d+):\d+/.exec(error.message) ?? [];
    expect(file).toBe(here);
    const mark = /\/\/ (.*)$/.exec(lines[Number(line) - 1] as string)?.[1] ?? "";
    return [error, error.message.replace(/\n {2}at .*/, ""), mark];
  }
  throw new Error("nothing was thrown");
};
const i32 = (x: number | readonly number[]): NDArray => np.array(x as number, { dtype: "int32" });

describe("NaN and infinity", () => {
  beforeEach(() => {
    configure({ check: true });
  });
  const finite = (op: string, got: string): string => `${op}: expected finite results of finite operands, got ${got}`;
  it("of an eager operation", () => {
    const [error, text, mark] = caught(() => {
      np.log(np.array([1, -2, 3])); // the logarithm
    });
    expect(error).toBeInstanceOf(NonFiniteError);
    expect(mark).toBe("the logarithm");
    expect(text).toBe(
      `${finite("log", "NaN at [1] from -2")}\n  remedy: keep its argument positive, where it is chosen by np.where too: np.log(np.where(x > 0, x, 1)); for sums of exponentials use nn.logsumexp or nn.logSoftmax; configure({ check: false }) lets it pass`,
    );
    expect(caught(() => np.div(np.array([[1, 2]]), np.array([[1, 0]])))[1]).toContain(
      finite("div", "infinity at [0, 1] from 2 and 0"),
    );
    expect(caught(() => np.exp(np.array([100, 0, 101])))[1]).toContain(
      finite("exp", "infinity at [0] from 100 (2 times in f32[3])"),
    );
  });
  const model = (x: NDArray): NDArray => {
    const h = np.mul(x, 2);
    const r = np.sqrt(h.sub(1)); // the root
    return r.add(h).sum();
  };
  it.each([
    ["jit", (x: NDArray) => jit(model)(x), "sqrt in model"],
    [
      "jit in jit",
      (x: NDArray) =>
        jit(function outer(y: NDArray) {
          return jit(model)(y).mul(2);
        })(x),
      "sqrt in outer",
    ],
    ["vmap", (x: NDArray) => jit(vmap(model))(np.stack([x, x])), "sqrt in vmap(model)"],
    ["a derivative", (x: NDArray) => jit(grad(model))(x), "sqrt in grad(model)"],
    ["an eager derivative", (x: NDArray) => grad(model)(x), "sqrt"],
    ["disableJit", (x: NDArray) => disableJit(() => jit(model)(x)), "sqrt"],
  ] as const)("the line of an equation: %s", (_how, f, op) => {
    const [error, text, mark] = caught(() => f(np.array([1, 0])));
    expect(error).toBeInstanceOf(NonFiniteError);
    expect(mark).toBe("the root");
    expect(text).toContain(`${op}: expected finite results of finite operands, got NaN`);
    expect(text).toContain("from -1");
  });
  it("the round of a loop, eager and jitted", () => {
    const f = (x: NDArray): NDArray =>
      lax.foriLoop(
        0,
        8,
        (_, c: NDArray) => np.log(c), // each round
        x,
      );
    for (const run of [f, jit(f)]) {
      const [, text, mark] = caught(() => run(np.array(100)));
      expect(mark).toBe("each round");
      expect(text).toMatch(/^log in (scan|f): .* got NaN from -0\.859/);
    }
  });
  it("the first equation to blame, not one whose results nobody takes", () => {
    const f = jit((x: NDArray) => {
      const safe = np.where(np.greater(x, 0), np.log(x), 0);
      const big = np.exp(x.mul(100)); // too big
      return safe.add(big.sub(big));
    });
    const [, text, mark] = caught(() => f(np.array([1, 0])));
    expect([mark, text.split(":")[0]]).toEqual(["too big", "exp in jit"]);
    expect(jit((x: NDArray) => np.where(np.greater(x, 0), np.log(x), 0))(np.array([1, 0])).js()).toEqual([0, 0]);
  });
  it("the backward pass names the line of the forward one", () => {
    const f = (x: NDArray): NDArray => np.sqrt(x).sum(); // forward
    for (const run of [grad(f), jit(grad(f))]) {
      const [, text, mark] = caught(() => run(np.array([1, 0])));
      expect(mark).toBe("forward");
      expect(text).toContain("got infinity at [1]");
    }
  });
  it("what comes from the operands passes", () => {
    const mask = np.where(np.array([true, false]), 0, Number.NEGATIVE_INFINITY);
    expect(nn.softmax(mask).js()).toEqual([1, 0]);
    expect(jit((x: NDArray) => nn.softmax(x.add(mask)))(np.array([3, 3])).js()).toEqual([1, 0]);
    expect(np.max(np.array([Number.NaN, 1])).item()).toBeNaN();
    expect(jit((x: NDArray) => x.add(1))(np.array([Number.NaN])).js()).toEqual([Number.NaN]);
  });
  it("donated arguments are still given away, after the check", () => {
    const f = jit((x: NDArray) => np.log(x).sum(), { donate: [0] }),
      good = np.ones([2000]),
      bad = np.full([2000], -1);
    expect(f(good).item()).toBe(0);
    expect(() => good.add(1)).toThrow("donated to jit");
    expect(() => f(bad)).toThrow(NonFiniteError);
  });
  it("finds nothing in finite programs, and changes no value", () => {
    fc.assert(
      fc.property(bodies(true), (p) => {
        configure(usual);
        const f = functionOf(p, real),
          wanted = f(...inputs(p));
        configure({ check: true });
        near(f(...inputs(p)), wanted, 0);
        near((jit(f as never) as unknown as F)(...inputs(p)), wanted, 1e-9);
      }),
      { numRuns: 15 },
    );
  });
  it("functions that were traced before are traced anew", () => {
    configure(usual);
    const f = jit((x: NDArray) => np.log(x)); // traced anew
    expect(f(np.array(-1)).item()).toBeNaN();
    configure({ check: true });
    expect(caught(() => f(np.array(-1)))[2]).toBe("traced anew");
    configure(usual);
    expect(f(np.array(-1)).item()).toBeNaN();
  });
});

describe("positions out of range", () => {
  const x = np.array([1, 2, 3]),
    y = np.reshape(np.arange(6), [2, 3]);
  const mistakes: Readonly<Record<string, readonly [(i: number) => NDArray, number, string]>> = {
    "a position": [(i) => x.slice(i), 3, "slice: expected positions from -3 to 2 along axis 0 of f32[3], got 3"],
    "an array of positions": [
      (i) => y.slice([], i32([0, i])),
      -4,
      "slice: expected positions from -3 to 2 along axis 1 of i32[2,3], got -4",
    ],
    "at.get": [(i) => x.at(i32([i])).get(), 7, "at.get: expected positions from -3 to 2 along axis 0 of f32[3], got 7"],
    "at.add": [
      (i) => x.at(i32([i])).add(1),
      7,
      "at.add: expected positions from -3 to 2 along axis 0 of f32[3], got 7",
    ],
    take: [(i) => np.take(y, i32([i]), 1), 3, "take: expected positions from -3 to 2 along axis 1 of i32[2,3], got 3"],
    takeAlongAxis: [
      (i) => np.takeAlongAxis(x, i32([i])),
      3,
      "takeAlongAxis: expected positions from -3 to 2 along axis 0 of f32[3], got 3",
    ],
    dynamicSlice: [
      (i) => lax.dynamicSlice(x, [i32(i)], [2]),
      2,
      "dynamicSlice: expected starts of windows of 2 from 0 to 1 along axis 0 of f32[3], got 2",
    ],
    dynamicUpdateSlice: [
      (i) => lax.dynamicUpdateSlice(x, np.zeros([2]), [i32(i)]),
      2,
      "dynamicUpdateSlice: expected starts of windows of 2 from 0 to 1 along axis 0 of f32[3], got 2",
    ],
    gather: [
      (i) =>
        lax.gather(x, i32([i]).reshape([1, 1]), { offsetDims: [], collapsedSliceDims: [0], startIndexMap: [0] }, [1]),
      -1,
      "gather: expected positions from 0 to 2 along axis 0 of f32[3], got -1",
    ],
  };
  const remedy =
    '\n  remedy: correct the position, or say with mode what is to happen ("clip", "fill" or "drop"); configure({ check: false }) lets it pass';
  it.each(Object.keys(mistakes))("%s", (name) => {
    const [f, bad, text] = mistakes[name] as (typeof mistakes)[string];
    f(bad);
    configure({ check: true });
    f(1);
    const [error, said] = caught(() => f(bad));
    expect(error).toBeInstanceOf(ArgumentError);
    expect(said).toBe(text + remedy);
  });
  const pick = (i: NDArray): NDArray => x.slice(i).mul(2); // the index
  it.each([
    ["jit", (i: NDArray) => jit(pick)(i)],
    ["vmap", (i: NDArray) => vmap(pick)(np.stack([i32(0), i]))],
    ["jit(vmap)", (i: NDArray) => jit(vmap(pick))(np.stack([i32(0), i]))],
    ["scan", (i: NDArray) => lax.scan((c, j: NDArray) => [c, pick(j)], 0, np.stack([i32(0), i]))[1]],
    ["grad", (i: NDArray) => grad((s: NDArray) => pick(i).mul(s).sum())(np.array(1))],
    ["a branch", (i: NDArray) => lax.cond(true, pick, (j) => j.astype("float32"), i)],
  ] as const)("that are traced: %s", (_how, f) => {
    configure({ check: true });
    f(i32(2));
    const [, said, mark] = caught(() => f(i32(3)));
    expect(said).toBe(`slice: expected positions from -3 to 2 along axis 0 of f32[3], got 3${remedy}`);
    expect(mark).toBe("the index");
  });
  it("pass if a mode says what is to happen, and in branches that are not taken", () => {
    configure({ check: true });
    expect(
      x
        .at(i32([7]))
        .get({ mode: "fill", fillValue: 0 })
        .js(),
    ).toEqual([0]);
    expect(
      x
        .at(i32([7]))
        .add(1, { mode: "drop" })
        .js(),
    ).toEqual([1, 2, 3]);
    expect(np.take(x, i32([7]), null, { mode: "clip" }).js()).toEqual([3]);
    expect(jit((i: NDArray) => lax.cond(np.less(i, 3), pick, (j) => j.mul(1.5), i))(i32(4)).item()).toBe(6);
  });
});

describe("random keys", () => {
  it("are for one use", () => {
    configure({ check: true });
    const key = random.key(0);
    random.normal(key, [2]);
    expect(caught(() => random.uniform(key, [2]))[1]).toMatch(
      /^uniform: expected a key that was not used before, got one that random\.normal at .*checking\.law\.ts:\d+:\d+ has used\n {2}remedy: make new keys of it first: const \[a, b\] = random\.split\(key\)$/,
    );
  });
});

describe("disableJit", () => {
  it("runs functions as they are written", () => {
    const f = jit((x: NDArray) => ((x.item() as number) > 0 ? x : x.neg()));
    expect(() => f(np.array(-3))).toThrow(TraceError);
    expect(disableJit(() => f(np.array(-3)).item())).toBe(3);
    expect(() => f(np.array(-3))).toThrow(TraceError);
    configure({ jit: false });
    expect(f(np.array(-3)).item()).toBe(3);
  });
  it("runs loops and branches as they are written", () => {
    const seen: unknown[] = [];
    disableJit(() => {
      lax.scan(
        (c: NDArray, x: NDArray) => [c.add(seen.push(["scan", c.item(), x.item()]) * 0), x] as const,
        5,
        np.array([1, 2]),
        {
          reverse: true,
        },
      );
      lax.whileLoop(
        (c: NDArray) => (c.item() as number) < 2,
        (c: NDArray) => c.add(seen.push(["while", c.item()]) > 0 ? 1 : 0),
        0,
      );
      lax.foriLoop(3, 5, (i, c: NDArray) => c.add(seen.push(["fori", i.item(), i.dtype]) * 0), 0);
      lax.cond(
        np.array(false),
        () => seen.push("yes"),
        () => seen.push("no"),
      );
      lax.switch(7, [() => seen.push(0), () => seen.push(1)]);
    });
    expect(seen).toEqual([
      ["scan", 5, 2],
      ["scan", 5, 1],
      ["while", 0],
      ["while", 1],
      ["fori", 3, "int32"],
      ["fori", 4, "int32"],
      "no",
      1,
    ]);
  });
  it("gives the same results, and the same errors for carries", () => {
    fc.assert(
      fc.property(bodies(true), (p) => {
        const f = functionOf(p, real);
        near(
          disableJit(() => f(...inputs(p))),
          f(...inputs(p)),
          1e-9,
        );
      }),
      { numRuns: 20 },
    );
    const numbers = (): readonly NDArray[] =>
      lax.scan((c: NDArray, x: NDArray) => [c.add(x), c] as const, 0, i32([1, 2, 3])) as readonly NDArray[];
    const show = (xs: readonly NDArray[]): string => xs.map((v) => `${v} ${v.dtype}`).join();
    expect(show(disableJit(numbers))).toBe(show(numbers()));
    const wrong = (): unknown =>
      lax.scan((c: NDArray, x: NDArray) => [c.add(x), null] as never, i32(0), np.array([0.5]));
    expect(caught(() => disableJit(wrong))[1]).toBe(caught(wrong)[1]);
  });
  it("goes with transforms, also where traced values decide", () => {
    const f = (x: NDArray): NDArray =>
      lax.whileLoop(
        (c: NDArray) => np.less(c, 100),
        (c: NDArray) => c.mul(2),
        x,
      );
    expect(disableJit(() => vmap(f)(np.array([1, 3]))).js()).toEqual([128, 192]);
    expect(disableJit(() => grad(f)(np.array(3))).item()).toBe(64);
    expect(disableJit(() => hessian((x: NDArray) => jit((y: NDArray) => y.mul(y).mul(y))(x))(np.array(2))).item()).toBe(
      12,
    );
  });
  it("complains of asynchronous functions, and is undone after errors", () => {
    expect(caught(() => disableJit(async () => 1))[1]).toContain("disableJit: expected a synchronous function");
    expect(() =>
      disableJit(() => {
        throw new RangeError("mine");
      }),
    ).toThrow(RangeError);
    expect(() => jit((x: NDArray) => x.item() as never)(np.array(1))).toThrow(TraceError);
  });
});

describe("namedScope", () => {
  const attention = namedScope("attention", (x: NDArray) => np.exp(x));
  const block = namedScope("block")((x: NDArray) => attention(np.sin(x)));
  it("is shown by the printer of jaxprs, derivatives included", () => {
    const x = np.ones([2]);
    expect(String(makeJaxpr(block)(x))).toBe(
      "{ lambda a:f32[2] .\n  let b:f32[2] = sin a  # block\n      c:f32[2] = exp b  # block/attention\n  in ( c ) }",
    );
    expect(String(makeJaxpr(grad((v: NDArray) => block(v).sum()))(x))).toMatch(/ = mul \w \w {2}# block\/attention\n/);
    expect(String(makeJaxpr((v: NDArray) => np.sin(v))(x))).not.toContain("#");
  });
  it("is shown by explain, and is where the function is called, not where it was traced first", () => {
    const inner = jit(block);
    inner(np.ones([2]));
    const outer = (name: string) => explain(jit(namedScope(name, (x: NDArray) => inner(x))), np.ones([2])).groups;
    expect(outer("first")).toMatch(
      / in first\/block\/attention, first\/block$| in first\/block, first\/block\/attention$/,
    );
    expect(outer("second")).toContain("second/block/attention");
  });
  it("is inside of loops, branches and batches", () => {
    const f = (x: NDArray): NDArray =>
      lax.scan(
        (c: NDArray, y: NDArray) => [lax.cond(np.less(c, 1), attention, (v) => v, y), c] as const,
        np.array(0),
        x,
      )[0];
    expect(String(makeJaxpr(namedScope("loop", f))(np.ones([2])))).toMatch(/exp \w {2}# attention[\s\S]*# loop/);
    expect(String(makeJaxpr(vmap(block))(np.ones([2])))).toContain("# block/attention");
  });
  it("changes no value and ends with errors", () => {
    expect(block(np.array(0)).item()).toBe(1);
    const fails = namedScope("lost", (): NDArray => {
      throw new RangeError("mine");
    });
    expect(() => makeJaxpr(fails)()).toThrow(RangeError);
    expect(String(makeJaxpr((x: NDArray) => x.neg())(1))).not.toContain("lost");
    expect(caught(() => namedScope("", (x: NDArray) => x))[1]).toBe(
      'namedScope: expected a name in the first place, got an empty text\n  remedy: write namedScope("encoder", f)',
    );
  });
});
