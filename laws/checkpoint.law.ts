// Checkpoints: values and derivatives are those of the function; what is kept is what the policy says; memory falls.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  checkpoint,
  checkpointName,
  checkpointPolicies as keep,
  explain,
  grad,
  jit,
  lax,
  type NDArray,
  np,
  type Policy,
  vjp,
  vmap,
} from "../src/index.ts";
import { showAval } from "../src/core/aval.ts";
import type { Jaxpr } from "../src/core/jaxpr.ts";
import type { Value } from "../src/core/value.ts";
import { linearizeFlat } from "../src/transforms/linearize.ts";
import { bodies, type Engine, real } from "./random-bodies.ts";
import { check, type F, names, stacks } from "./random-stacks.ts";
import { array, cases, filled, near, tangentOf } from "./transforms-subjects.ts";

const policies: Readonly<Record<string, Policy>> = {
  nothing: keep.nothingSaveable,
  everything: keep.everythingSaveable,
  dots: keep.dotsSaveable,
  "dots with weights": keep.dotsWithNoBatchDimsSaveable,
  sines: ({ primitive }) => primitive === "sin",
  "every other primitive": ({ primitive }) => primitive.length % 2 === 0,
};
const all = Object.values(policies);
type Wrap = <G>(f: G) => G;
const wrapping =
  (policy: Policy): Wrap =>
  (f) =>
    checkpoint(f as never, { policy }) as never;
/** An engine whose bodies are checkpointed. */
const checkpointed = (wrap: Wrap): Engine => ({
  ...real,
  scan: (f, init, xs, length, reverse) => real.scan(wrap(f), init, xs, length, reverse),
  fori: (lo, hi, body, init, most) => real.fori(lo, hi, wrap(body), init, most),
  cond: (pred, yes, no, xs) => real.cond(pred, wrap(yes), wrap(no), xs),
  choose: (index, branches, xs) => real.choose(index, branches.map(wrap), xs),
});

describe("a checkpointed function is the function", () => {
  it.each(cases)("%s", (_title, { f, shapes }, n) => {
    const args = filled(shapes(n), 1) as readonly Value[];
    const pulled = (g: typeof f) => {
      const [out, pullback] = vjp(g as never, args as never) as unknown as [unknown, (ct: unknown) => unknown];
      return [out, pullback(tangentOf(out, 5))];
    };
    for (const policy of [keep.nothingSaveable, keep.dotsSaveable])
      near(pulled(checkpoint(f as never, { policy }) as never), pulled(f));
  });
  it.each(Object.entries(policies))("random bodies inside of loops: %s", (_name, policy) => {
    const wrap = wrapping(policy);
    fc.assert(
      fc.property(bodies(false), stacks(names), (p, stack) => check(p, stack, checkpointed(wrap), wrap as (f: F) => F)),
      { numRuns: 7 },
    );
  });
  it("in one another", () => {
    fc.assert(
      fc.property(bodies(false), fc.constantFrom(...all), fc.constantFrom(...all), fc.nat(31), (p, a, b, z) =>
        check(
          p,
          [
            ["grad", z],
            ["jit", 0],
            ["grad", z + 1],
          ],
          checkpointed(wrapping(a)),
          (f) => wrapping(a)(wrapping(b)(f)),
        ),
      ),
      { numRuns: 8 },
    );
  });
  it("as a combinator, with static arguments", () => {
    const power = checkpoint({ staticArgnums: 1 })((x: NDArray, n: number) => np.power(np.sin(x), n));
    near(
      grad((x: NDArray) => power(x, 3))(array([0.5], [])),
      grad((x: NDArray) => np.power(np.sin(x), 3))(array([0.5], [])),
    );
  });
});

/** What the derivative keeps, sorted. */
const kept = (f: (...xs: Value[]) => Value, ...ins: Value[]): readonly string[] => {
  const [, { jaxpr }] = linearizeFlat((...xs) => [f(...xs)], ins);
  return jaxpr.consts.map((c) => showAval(c.aval)).sort();
};
const vector = array([0.5, 1, 2]);
describe("what is kept", () => {
  const three = (x: Value): Value => np.sin(np.exp(np.sin(np.multiply(x, x))));
  it("nothing: the arguments", () => {
    expect(kept(three, vector).length).toBeGreaterThan(2);
    expect(kept(checkpoint(three), vector)).toEqual(["f64[3]"]);
  });
  it("everything: what the function itself keeps", () => {
    expect(kept(checkpoint(three, { policy: keep.everythingSaveable }), vector)).toEqual(kept(three, vector));
  });
  const layer = (x: Value, w: Value, v: Value): Value => np.sum(np.sin(np.matmul(np.sin(np.matmul(x, w)), v)));
  const [x, w, v] = [
    array([1, 2, 3, 4, 5, 6], [2, 3]),
    array(new Array(15).fill(0.5), [3, 5]),
    array(new Array(20).fill(0.25), [5, 4]),
  ];
  it("dots: products", () => {
    expect(kept(checkpoint(layer), x, w, v)).toEqual(["f64[2,3]", "f64[3,5]", "f64[5,4]"]);
    expect(kept(checkpoint(layer, { policy: keep.dotsSaveable }), x, w, v)).toEqual([
      "f64[2,3]",
      "f64[2,4]",
      "f64[2,5]",
      "f64[3,5]",
      "f64[5,4]",
    ]);
  });
  it("dots with weights: not those of every example with its own", () => {
    const many = (a: Value, b: Value): Value => np.sum(np.sin(vmap((c: Value, d: Value) => np.matmul(c, d))(a, b)));
    const a = array(new Array(24).fill(1), [2, 3, 4]),
      b = array(new Array(40).fill(1), [2, 4, 5]);
    expect(kept(checkpoint(many, { policy: keep.dotsSaveable }), a, b)).toContain("f64[2,3,5]");
    expect(kept(checkpoint(many, { policy: keep.dotsWithNoBatchDimsSaveable }), a, b)).not.toContain("f64[2,3,5]");
  });
  it("names", () => {
    const named = (a: Value): Value =>
      np.sum(np.sin(checkpointName(np.sum(checkpointName(np.exp(np.outer(a, a)), "table"), 0), "row")));
    const shapes = (policy: Policy): readonly string[] => kept(checkpoint(named, { policy }), vector);
    expect(shapes(keep.nothingSaveable)).toEqual(["f64[3]"]);
    expect(shapes(keep.saveOnlyTheseNames("row"))).toEqual(["f64[3]", "f64[3]"]);
    expect(shapes(keep.saveOnlyTheseNames("table"))).toEqual(["f64[3,3]", "f64[3]"].sort());
    expect(shapes(keep.saveAnyNames)).toEqual(["f64[3,3]", "f64[3]", "f64[3]"].sort());
    expect(shapes(keep.saveAnyNamesButThese("row"))).toEqual(shapes(keep.saveOnlyTheseNames("table")));
    expect(shapes(keep.saveAnythingExceptTheseNames("row", "table"))).toContain("f64[3,3]"); // the exponential itself
    expect(shapes(keep.saveFromBothPolicies(keep.saveOnlyTheseNames("row"), keep.saveOnlyTheseNames("table")))).toEqual(
      shapes(keep.saveAnyNames),
    );
    near(grad(checkpoint(named, { policy: keep.saveAnyNames }))(vector), grad(named)(vector));
  });
  it("names inside of jitted functions", () => {
    const named = jit((a: Value): Value => np.sum(np.sin(checkpointName(np.exp(np.outer(a, a)), "e"))));
    expect(kept(checkpoint(named as never), vector)).toEqual(["f64[3]"]);
    expect(kept(checkpoint(named as never, { policy: keep.saveAnyNames }), vector)).toContain("f64[3,3]");
  });
  it("of the rounds of a scan: the carry before each", () => {
    const body = (c: Value): [Value, null] => [np.sin(np.exp(np.sin(np.sin(c)))), null];
    const loop = (f: typeof body) => (x: Value) =>
      np.sum(lax.scan((c: Value) => f(c) as never, x, null, { length: 7 })[0] as Value);
    expect(kept(loop(body), vector).filter((s) => s === "f64[7,3]").length).toBeGreaterThan(2);
    expect(kept(loop(checkpoint(body)), vector)).toEqual(["f64[7,3]"]);
    near(grad(loop(checkpoint(body)))(vector), grad(loop(body))(vector));
  });
});

describe("memory", () => {
  const width = 64,
    rows = 256,
    depth = 64;
  const weights = Array.from({ length: depth }, () => np.zeros([width, width])),
    input = np.zeros([rows, width]);
  const bytes = 4 * rows * width;
  /** 64 layers in segments, each of which `wrap` changes. */
  const mlp = (segments: readonly number[], wrap: Wrap) => (ws: readonly NDArray[], x: NDArray) => {
    let h = x,
      at = 0;
    for (const n of segments) {
      const part = wrap((y: NDArray, ...own: NDArray[]) => own.reduce((z, w) => np.tanh(np.matmul(z, w)), y));
      h = part(h, ...ws.slice(at, at + n));
      at += n;
    }
    return np.sum(np.square(h));
  };
  const explained = (segments: readonly number[], wrap: Wrap) =>
    explain(jit(grad(mlp(segments, wrap))), weights, input);
  const even = new Array<number>(8).fill(8);
  // The earlier a segment, the fewer arguments are kept when it is computed again, so the longer it may be.
  const falling = [11, 10, 9, 8, 7, 6, 5, 4, 3, 1];
  const itself: Wrap = (f) => f;
  const plain = explained(even, itself);
  it("of 64 layers falls by more than 4 for less than half as much arithmetic again", () => {
    const e = explained(falling, (f) => checkpoint(f as never) as never);
    const fall = plain.plan.peakBytes / e.plan.peakBytes,
      more = e.flops / plain.flops;
    console.log(
      `64 layers: ${(plain.plan.peakBytes / bytes).toFixed(1)} arrays, with checkpoints ${(e.plan.peakBytes / bytes).toFixed(1)}: ${fall.toFixed(2)} times less for ${more.toFixed(2)} times the operations`,
    );
    expect(fall).toBeGreaterThan(4);
    expect(more).toBeLessThan(1.5);
    const f = explained(even, (g) => checkpoint(g as never) as never);
    expect(plain.plan.peakBytes / f.plan.peakBytes).toBeGreaterThan(3.5);
  });
  it("does not fall where the second computation may be found equal to the first", () => {
    const e = explained(even, (f) => checkpoint(f as never, { preventCse: false }) as never);
    expect(e.flops).toBe(plain.flops);
    expect(plain.plan.peakBytes / e.plan.peakBytes).toBeLessThan(1.1);
  });
  it("does not fall where everything is kept", () => {
    const e = explained(even, (f) => checkpoint(f as never, { policy: keep.everythingSaveable }) as never);
    expect(plain.plan.peakBytes / e.plan.peakBytes).toBeLessThan(1.1);
  });
  it("of a scan over the layers too", () => {
    const loop = (wrap: Wrap) => (ws: NDArray, x: NDArray) => {
      const layer = wrap((h: NDArray, w: NDArray) => np.tanh(np.tanh(np.tanh(np.matmul(h, w)))));
      return np.sum(lax.scan((h: NDArray, w: NDArray) => [layer(h, w), null] as never, x, ws)[0] as NDArray);
    };
    const stack = np.zeros([16, width, width]);
    const sparing: Wrap = (f) => checkpoint(f as never) as never,
      [a, b] = [itself, sparing].map((w) => explain(jit(grad(loop(w))), stack, input));
    expect(a?.plan.peakBytes as number).toBeGreaterThan(2.5 * (b?.plan.peakBytes as number));
  });
});

describe("barriers", () => {
  const f = (x: NDArray) => {
    const [y] = lax.optimizationBarrier([x, np.sum(x)]) as [NDArray, NDArray];
    return np.add(np.sin(x), np.sin(y));
  };
  const sines = (j: Jaxpr): number => j.eqns.filter((e) => e.prim.name === "sin").length;
  it("keep what is computed twice apart", () => {
    expect(sines(explain(jit(f), vector).jaxpr)).toBe(2);
    expect(
      sines(
        explain(
          jit((x: NDArray) => np.add(np.sin(x), np.sin(x))),
          vector,
        ).jaxpr,
      ),
    ).toBe(1);
  });
  it("change nothing", () => {
    const want = (x: NDArray) => np.multiply(2, np.sin(x));
    for (const t of [(g: typeof f) => g, (g: typeof f) => jit(g), (g: typeof f) => grad((x: NDArray) => np.sum(g(x)))])
      near(t(f)(vector), t(want)(vector));
    near(vmap(f)(array([1, 2, 3, 4, 5, 6], [2, 3])), vmap(want)(array([1, 2, 3, 4, 5, 6], [2, 3])));
  });
  it("of results, of inputs and of operands of loops", () => {
    const g = jit((x: NDArray, y: NDArray) => {
      const [a, b] = lax.optimizationBarrier([x, np.cumsum(y)]) as [NDArray, NDArray];
      return [a, b, lax.scan((c: NDArray, r: NDArray) => [np.add(c, r), null] as never, np.sum(b), a)[0], np.cumsum(a)];
    });
    near(g(vector, vector), [
      vector,
      np.cumsum(vector),
      np.add(np.sum(np.cumsum(vector)), np.sum(vector)),
      np.cumsum(vector),
    ]);
  });
});

describe("errors", () => {
  it("name what is wrong with the policy", () => {
    expect(() => checkpoint((x: NDArray) => x, { policy: "dots" as never })).toThrow(
      "checkpoint(f): expected a policy, one of checkpointPolicies, got string",
    );
  });
});

describe("teeth", () => {
  it("a body with another derivative is caught", () => {
    const wrong: Engine = {
      ...real,
      scan: (f, init, xs, length, reverse) =>
        real.scan(
          (c, x) =>
            f(
              c.map((v, i) => (i === 0 ? lax.stopGradient(v) : v)),
              x,
            ),
          init,
          xs,
          length,
          reverse,
        ),
    };
    expect(() =>
      fc.assert(
        fc.property(bodies(false), (p) => check(p, [["grad", 1]], wrong)),
        { numRuns: 2000, endOnFailure: true },
      ),
    ).toThrow();
  });
});
