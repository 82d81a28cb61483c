// Collectives across named axes: what they mean is written out with lists in plain JavaScript, example by example; derivatives are
// those of that function of all examples, and the transposes are each other's.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { grad, hessian, jit, jvp, lax, linearTranspose, makeJaxpr, type NDArray, np, vjp, vmap } from "../src/index.ts";
import type { Value } from "../src/core/value.ts";
import { array, near, numbers, scalar } from "./transforms-subjects.ts";

type Rows = readonly (readonly number[])[];
const total = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0);
const columns = (x: Rows): Rows => (x[0] as readonly number[]).map((_, j) => x.map((r) => r[j] as number));
const everywhere = (x: Rows, row: readonly number[]): Rows => x.map(() => row);
/** A collective on vectors `f64[m]` at n places, beside what it gives for all of them; `m` is a multiple of n where it must be. */
interface Subject {
  readonly f: (x: Value, n: number) => Value;
  readonly want: (x: Rows) => unknown;
  readonly linear?: false;
  /** Lengths of the vectors at n places. */
  readonly lengths?: (n: number) => readonly number[];
}
const shift = (n: number): readonly (readonly [number, number])[] =>
  Array.from({ length: Math.max(0, n - 1) }, (_, i) => [i, i + 1] as const);
const square = (n: number): readonly number[] => [n];
const blocks = (n: number): readonly number[] => [n, 2 * n];
const blockOf = (x: Rows, i: number): Rows =>
  x.map((r) => r.slice((i * r.length) / x.length, ((i + 1) * r.length) / x.length));
// biome-ignore format: one line per collective
const subjects: Readonly<Record<string, Subject>> = {
  psum: { f: (x) => lax.psum(x, "i"), want: (x) => everywhere(x, columns(x).map(total)) },
  pmean: { f: (x) => lax.pmean(x, "i"), want: (x) => everywhere(x, columns(x).map((c) => total(c) / c.length)) },
  pmax: { f: (x) => lax.pmax(x, "i"), want: (x) => everywhere(x, columns(x).map((c) => Math.max(...c))), linear: false },
  pmin: { f: (x) => lax.pmin(x, "i"), want: (x) => everywhere(x, columns(x).map((c) => Math.min(...c))), linear: false },
  "psum of one": { f: (x) => x.mul(lax.psum(1, "i")), want: (x) => x.map((r) => r.map((v) => v * x.length)) },
  axisIndex: { f: (x) => x.mul(lax.axisIndex("i")), want: (x) => x.map((r, i) => r.map((v) => v * i)) },
  axisSize: { f: (x) => x.mul(lax.axisSize("i")), want: (x) => x.map((r) => r.map((v) => v * x.length)) },
  allGather: { f: (x) => lax.allGather(x, "i"), want: (x) => x.map(() => x) },
  "allGather at the end": { f: (x) => lax.allGather(x, "i", { axis: -1 }), want: (x) => x.map(() => columns(x)) },
  "allGather tiled": { f: (x) => lax.allGather(x, "i", { tiled: true }), want: (x) => x.map(() => x.flat()) },
  psumScatter: { f: (x) => lax.psumScatter(x, "i"), want: (x) => columns(x).map(total), lengths: square },
  "psumScatter tiled": { f: (x) => lax.psumScatter(x, "i", { tiled: true }), want: (x) => x.map((_, i) => columns(blockOf(x, i)).map(total)), lengths: blocks },
  allToAll: { f: (x) => lax.allToAll(x, "i", 0, 0), want: columns, lengths: square },
  "allToAll tiled": { f: (x) => lax.allToAll(x, "i", 0, 0, { tiled: true }), want: (x) => x.map((_, i) => blockOf(x, i).flat()), lengths: blocks },
  pswapaxes: { f: (x) => lax.pswapaxes(x, "i", 0), want: columns, lengths: square },
  "ppermute, shifted": { f: (x, n) => lax.ppermute(x, "i", shift(n)), want: (x) => x.map((r, i) => (i === 0 ? r.map(() => 0) : x[i - 1])) },
  "ppermute, around": { f: (x, n) => lax.ppermute(x, "i", [...shift(n), [n - 1, 0]]), want: (x) => x.map((_, i) => x[(i + x.length - 1) % x.length]) },
  "pshuffle, reversed": { f: (x, n) => lax.pshuffle(x, "i", Array.from({ length: n }, (_, i) => n - 1 - i)), want: (x) => [...x].reverse() },
};
const names = Object.entries(subjects);
const rowsOf = (n: number, m: number): fc.Arbitrary<Rows> =>
  fc.array(
    fc.array(
      fc.integer({ min: -16, max: 16 }).map((k) => k / 8),
      { minLength: m, maxLength: m },
    ),
    { minLength: n, maxLength: n },
  );
const inputs = ({ lengths = () => [1, 2, 3] }: Subject): fc.Arbitrary<Rows> =>
  fc.constantFrom(1, 2, 3, 5).chain((n) => fc.constantFrom(...lengths(n)).chain((m) => rowsOf(n, m)));
const arrayOf = (x: Rows): Value => array(x.flat(), [x.length, (x[0] as readonly number[]).length]);
const nested = (x: unknown): Value => np.array(x as number[][], { dtype: "float64" });
const over = (f: Subject["f"], n: number) => vmap((x: Value) => f(x, n), { axisName: "i" });
const sumOf = (x: Value): Value =>
  np.sum(np.multiply(x, np.sin(np.arange(x.size, { dtype: "float64" }).reshape(x.shape))));

describe.each(names)("%s", (_name, s) => {
  const law = (check: (x: Rows, f: (x: Value) => Value) => void, numRuns = 5): void =>
    fc.assert(
      fc.property(inputs(s), (x) => check(x, over(s.f, x.length) as never)),
      { numRuns },
    );
  it("means what it says, jitted inside and outside, in loops and branches", () => {
    law((x, f) => {
      const n = x.length,
        want = nested(s.want(x));
      near(f(arrayOf(x)), want);
      near(jit(f)(arrayOf(x)), want);
      near(over((y) => jit((z: Value) => s.f(z, n))(y), n)(arrayOf(x)), want);
      near(
        over(
          (y) => lax.scan((c: Value) => [c, s.f(y, n)] as never, scalar(0), null, { length: 1 })[1] as Value,
          n,
        )(arrayOf(x)),
        np.expandDims(want, 1),
      );
      near(
        over(
          (y) =>
            lax.cond(
              true,
              (z: Value) => s.f(z, n),
              (z: Value) => s.f(z, n),
              y,
            ),
          n,
        )(arrayOf(x)),
        want,
      );
      near(vmap((y: Value) => s.f(y, n), { axisName: "i", inAxes: 1 })(np.transpose(arrayOf(x))), want);
    });
  });
  it("for what does not depend on the axis", () => {
    law((x) => {
      const n = x.length,
        [first] = x as readonly [readonly number[]];
      const same = vmap((y: Value) => s.f(y, n), { axisName: "i", inAxes: null, axisSize: n })(array(first));
      near(same, nested(s.want(everywhere(x, first))));
    });
  });
  it("batched over other axes, inside and outside", () => {
    law((x) => {
      const n = x.length,
        two = np.stack([arrayOf(x), np.multiply(arrayOf(x), 2)]),
        want = np.stack([nested(s.want(x)), nested(s.want(x.map((r) => r.map((v) => 2 * v))))]);
      const inner = vmap((y: Value) => s.f(y, n), { axisName: "i" });
      near(vmap(inner, { axisName: "j" })(two), want);
      near(
        vmap(
          vmap((y: Value) => s.f(y, n), { inAxes: 1, outAxes: 0 }),
          { axisName: "i" },
        )(np.transpose(two, [1, 2, 0])),
        np.swapaxes(want, 0, 1),
      );
    }, 3);
  });
  it("has the derivatives of what it means", () => {
    law((x, f) => {
      const at = arrayOf(x),
        v = np.cos(np.arange(at.size, { dtype: "float64" }).reshape(at.shape));
      const loss = (y: Value): Value => sumOf(np.square(f(y)));
      if (s.linear === false) {
        // Away from ties the derivative is that of a choice.
        const apart = np.add(at, np.multiply(0.01, np.arange(at.size, { dtype: "float64" }).reshape(at.shape))),
          h = 1e-6;
        const slope = jvp(loss, [apart], [v])[1].item() as number,
          [a, b] = [1, -1].map((k) => loss(np.add(apart, np.multiply(v, k * h))).item() as number) as [number, number];
        expect(slope).toBeCloseTo((a - b) / (2 * h), 5);
        near(np.sum(np.multiply(grad(loss)(apart), v)), scalar(slope));
        return;
      }
      near(jvp(f, [at], [v])[1], f(v));
      const ct = np.sin(f(at));
      const [back] = vjp(f, [at])[1](ct);
      near(np.sum(np.multiply(back as Value, v)), np.sum(np.multiply(ct, f(v))), 1e-9);
      near(grad((y: Value) => sumOf(jit(f)(y)))(at), grad((y: Value) => sumOf(f(y)))(at));
      near(np.sum(hessian(loss)(at)), jvp((y: Value) => np.sum(grad(loss)(y)), [at], [np.onesLike(at)])[1], 1e-9);
    }, 3);
  });
  if (s.linear !== false)
    it("transposes inside of the axis to the same as outside", () => {
      law((x) => {
        const n = x.length,
          at = arrayOf(x),
          shape = { shape: at.shape.slice(1), dtype: "float64" } as const;
        const ct = np.sin(over(s.f, n)(at) as Value);
        const inside = vmap((c: Value) => linearTranspose((y: Value) => s.f(y, n), [shape])(c)[0] as Value, {
          axisName: "i",
        })(ct);
        const outside = linearTranspose(over(s.f, n) as (y: Value) => Value, [{ shape: at.shape, dtype: "float64" }])(
          ct,
        )[0] as Value;
        near(inside, outside, 1e-9);
      }, 3);
    });
});

describe("axes", () => {
  const x = array([1, 2, 3, 4, 5, 6], [2, 3]);
  const both = (f: (x: Value) => Value) => vmap(vmap(f, { axisName: "j" }), { axisName: "i" });
  it("nest, and one collective may name several", () => {
    near(both((y) => lax.psum(y, "i"))(x), array([5, 7, 9, 5, 7, 9], [2, 3]));
    near(both((y) => lax.psum(y, "j"))(x), array([6, 6, 6, 15, 15, 15], [2, 3]));
    for (const order of [
      ["i", "j"],
      ["j", "i"],
    ])
      near(both((y) => lax.psum(y, order))(x), array(new Array(6).fill(21), [2, 3]));
    near(both((y) => lax.pmean(y, ["i", "j"]))(x), array(new Array(6).fill(3.5), [2, 3]));
    near(both((y) => lax.pmax(lax.pmin(y, "j"), "i"))(x), array(new Array(6).fill(4), [2, 3]));
    expect(numbers(both(() => lax.axisIndex(["i", "j"]))(x))).toEqual([0, 1, 2, 3, 4, 5]);
    expect(numbers(both(() => lax.axisIndex(["j", "i"]))(x))).toEqual([0, 2, 4, 1, 3, 5]);
    near(both((y) => y.mul(lax.axisSize(["i", "j"])))(x), np.multiply(x, 6));
  });
  it("of one name: the inner one counts", () => {
    const f = vmap(
      vmap((y: Value) => lax.psum(y, "i"), { axisName: "i" }),
      { axisName: "i" },
    );
    near(f(x), array([6, 6, 6, 15, 15, 15], [2, 3]));
    near(
      vmap(jit(vmap((y: Value) => lax.psum(y, "i"), { axisName: "i" })), { axisName: "i" })(x),
      array([6, 6, 6, 15, 15, 15], [2, 3]),
    );
  });
  it("of other extents have traces of their own", () => {
    const f = jit((y: Value) => y.mul(lax.axisSize("i")).add(lax.psum(1, "i")));
    const g = vmap(f, { axisName: "i" });
    near(g(array([1, 2])), array([4, 6]));
    near(g(array([1, 2, 3])), array([6, 9, 12]));
    expect(() => f(scalar(1))).toThrow("expected a named axis in scope, but there is none");
    const body = (c: Value): [Value, null] => [c.mul(lax.axisSize("i")), null];
    const h = vmap((y: Value) => lax.scan(body as never, y, null, { length: 2 })[0] as Value, { axisName: "i" });
    near(h(array([1, 2])), array([4, 8]));
    near(h(array([1, 2, 3])), array([9, 18, 27]));
  });
  it("normalize a batch: statistics across examples, with their derivatives", () => {
    const batch = array([1, 4, -2, 0.5], [4]);
    const inside = vmap(
      (y: Value) => {
        const d = np.subtract(y, lax.pmean(y, "i"));
        return np.divide(d, np.sqrt(np.add(lax.pmean(np.square(d), "i"), 0.1)));
      },
      { axisName: "i" },
    );
    const outside = (y: Value): Value => {
      const d = np.subtract(y, np.mean(y));
      return np.divide(d, np.sqrt(np.add(np.mean(np.square(d)), 0.1)));
    };
    near(inside(batch), outside(batch));
    near(grad((y: Value) => sumOf(inside(y)))(batch), grad((y: Value) => sumOf(outside(y)))(batch));
    near(hessian((y: Value) => sumOf(inside(y)))(batch), hessian((y: Value) => sumOf(outside(y)))(batch), 1e-9);
  });
  it("work in while loops, and on trees", () => {
    const f = vmap(
      (y: Value) =>
        lax.whileLoop(
          (c: Value) => lax.pmax(c, "i").less(100),
          (c: Value) => c.add(lax.axisIndex("i").add(1)),
          y,
        ),
      { axisName: "i" },
    );
    near(f(array([0, 0])), array([50, 100]));
    near(vmap((y: Value) => lax.psum({ a: y, b: [true, y.mul(2)] }, "i"), { axisName: "i" })(array([1, 2])), {
      a: array([3, 3]),
      b: [array([2, 2], [2], "int32"), array([6, 6])],
    });
  });
  it("stand in jaxprs by name until they are mapped", () => {
    const seen: string[] = [];
    vmap(
      (y: Value) => {
        seen.push(String(makeJaxpr((z: NDArray) => lax.psum(z, "i"))(y)));
        return y;
      },
      { axisName: "i" },
    )(array([1, 2]));
    expect(seen).toEqual(["{ lambda a:f64[] . let b:f64[] = psum[names=(i,)] a in ( b ) }"]);
  });
  it("share derivatives of extremes among ties", () => {
    const f = (y: Value): Value => np.sum(vmap((z: Value) => lax.pmax(z, "i"), { axisName: "i" })(y));
    near(grad(f)(array([2, 1, 2])), array([1.5, 0, 1.5]));
    near(
      vmap(
        grad((z: Value) => lax.pmax(z, "i")),
        { axisName: "i" },
      )(array([2, 1, 2])),
      array([1.5, 0, 1.5]),
    );
  });
});

describe("errors", () => {
  const at = (f: (x: NDArray) => unknown) => () =>
    vmap(f as (x: Value) => Value, { axisName: "i" })(array([1, 2, 3, 4, 5, 6], [2, 3]));
  it.each([
    [() => lax.psum(1, "i"), 'psum: expected a named axis in scope, but there is none, got "i"'],
    [at((x) => lax.pmean(x, "rows")), 'pmean: expected a named axis in scope, "i", got "rows"'],
    [
      at((x) => vmap((_: Value) => lax.axisIndex("k"), { axisName: "j", inAxes: null, axisSize: 2 })(x)),
      'axisIndex: expected a named axis in scope, "j" or "i", got "k"',
    ],
    [at((x) => lax.allGather(x, "i", { axis: 3 })), "allGather: expected an axis from -2 to 1 for f64[3], got 3"],
    [at((x) => lax.allToAll(x, "i", 0, 0)), 'allToAll: expected axis 0 to have the extent 2 of "i", got f64[3]'],
    [
      at((x) => lax.psumScatter(x, "i", { tiled: true })),
      'psumScatter: expected axis 0 to have a multiple of the extent 2 of "i", got f64[3]',
    ],
    [
      at((x) =>
        lax.ppermute(x, "i", [
          [0, 1],
          [1, 1],
        ]),
      ),
      "ppermute: expected pairs [from, to] of places from 0 to 1, each at most once on either side, got [[0,1],[1,1]]",
    ],
  ])("%#", (f, message) => expect(f).toThrow(message));
});
