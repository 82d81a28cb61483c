// Types survive transforms: checked by the compiler (`tsc -p .`), so that a wrong one does not get as far as here.
import { pipe } from "fp-ts/lib/function.js";
import { describe, expect, expectTypeOf, it } from "vitest";
import { type Jitted, jit } from "../src/control/jit.ts";
import type { Aval } from "../src/core/aval.ts";
import type { NDArray } from "../src/numpy/index.ts";
import * as E from "../src/primitives/elementwise.ts";
import { sum } from "../src/primitives/linear.ts";
import { evalShape, makeJaxpr, type PrintableJaxpr } from "../src/transforms/abstract.ts";
import { vmap } from "../src/transforms/batching.ts";
import { grad, valueAndGrad } from "../src/transforms/grad.ts";
import { hessian, jacfwd, jacobian, jacrev } from "../src/transforms/jacobian.ts";
import { linearize, linearTranspose } from "../src/transforms/linearmap.ts";
import { vjp } from "../src/transforms/pullback.ts";
import { jvp } from "../src/transforms/pushforward.ts";
import { stopGradient } from "../src/transforms/stopGradient.ts";
import { array, near } from "./transforms-subjects.ts";

interface Layer {
  readonly w: NDArray;
  readonly b: NDArray;
}
interface Params {
  readonly layers: readonly Layer[];
  readonly scale: NDArray;
  readonly note?: undefined;
}
interface Metrics {
  readonly accuracy: NDArray;
}
const total = (x: NDArray): NDArray =>
  sum(
    x,
    x.shape.map((_, i) => i),
  );
const loss = (p: Params, x: NDArray): NDArray =>
  total(
    E.mul(
      x,
      p.layers.reduce((s, { w, b }) => E.add(s, E.mul(w, b)), p.scale),
    ),
  );
const withAux = (p: Params, x: NDArray): [NDArray, Metrics] => [loss(p, x), { accuracy: x }];
const forward = (p: Params, x: NDArray): { readonly y: NDArray; readonly z: NDArray } => ({
  y: E.mul(p.scale, x),
  z: x,
});
const params: Params = { layers: [{ w: array([1, 2]), b: array([3, 4]) }], scale: array([5, 6]) };
const x = array([1, 1]);

describe("types survive", () => {
  it("grad and valueAndGrad", () => {
    expectTypeOf(grad(loss)).toEqualTypeOf<(p: Params, x: NDArray) => Params>();
    expectTypeOf(grad(loss, { argnums: 1 })).toEqualTypeOf<(p: Params, x: NDArray) => NDArray>();
    expectTypeOf(grad(loss, { argnums: [1, 0] })).toEqualTypeOf<(p: Params, x: NDArray) => [NDArray, Params]>();
    expectTypeOf(grad(withAux, { hasAux: true })).toEqualTypeOf<(p: Params, x: NDArray) => [Params, Metrics]>();
    expectTypeOf(valueAndGrad(loss)).toEqualTypeOf<(p: Params, x: NDArray) => [NDArray, Params]>();
    expectTypeOf(valueAndGrad(withAux, { hasAux: true })).toEqualTypeOf<
      (p: Params, x: NDArray) => [[NDArray, Metrics], Params]
    >();
    expectTypeOf(grad(grad((y: NDArray) => y))).toEqualTypeOf<(y: NDArray) => NDArray>();
    near(grad(loss)(params, x), { layers: [{ w: array([3, 4]), b: array([1, 2]) }], scale: x });
  });
  it("vmap and jit", () => {
    expectTypeOf(vmap(loss)).toEqualTypeOf<(p: Params, x: NDArray) => NDArray>();
    expectTypeOf(vmap(loss, [null, 0])).toEqualTypeOf<(p: Params, x: NDArray) => NDArray>();
    expectTypeOf(vmap(grad(loss), { inAxes: [null, 0] })).toEqualTypeOf<(p: Params, x: NDArray) => Params>();
    expectTypeOf(vmap((s: number, y: NDArray) => E.mul(y, array([s])))).toEqualTypeOf<
      (s: number | NDArray, y: NDArray) => NDArray
    >();
    expectTypeOf(jit(forward)(params, x)).toEqualTypeOf<{ readonly y: NDArray; readonly z: NDArray }>();
    expectTypeOf(jit(grad(loss))(params, new Float64Array([1, 1]))).toEqualTypeOf<Params>();
    expectTypeOf(jit((n: number) => ({ n, list: [n] }))(3)).toEqualTypeOf<{ n: NDArray; list: NDArray[] }>();
    expectTypeOf(jit({ donate: 0 })(loss)).toEqualTypeOf<Jitted<typeof loss>>();
    expectTypeOf(grad(jit(loss))).returns.toEqualTypeOf<Params>();
  });
  it("jvp, vjp, linearize and linearTranspose", () => {
    const [y, dy] = jvp(loss, [params, x], [null, x]);
    expectTypeOf(y).toEqualTypeOf<NDArray>();
    expectTypeOf(dy).toEqualTypeOf<NDArray>();
    const [, , aux] = jvp(withAux, [params, x], [null, x], { hasAux: true });
    expectTypeOf(aux).toEqualTypeOf<Metrics>();
    const [out, pullback] = vjp(forward, [params, x]);
    expectTypeOf(out).toEqualTypeOf<{ readonly y: NDArray; readonly z: NDArray }>();
    const cts = pullback({ y: x, z: null });
    expectTypeOf(cts[0]).toEqualTypeOf<Params>();
    expectTypeOf(cts[1]).toEqualTypeOf<NDArray>();
    const [, , metrics] = vjp(withAux, [params, x], { hasAux: true });
    expectTypeOf(metrics).toEqualTypeOf<Metrics>();
    const [, push] = linearize(forward, [params, x]);
    expectTypeOf(push(null, x)).toEqualTypeOf<{ readonly y: NDArray; readonly z: NDArray }>();
    const transposed = linearTranspose((v: NDArray, w: Layer) => E.add(v, w.b), [x, { w: x, b: x }]);
    expectTypeOf(transposed(x)[1]).toEqualTypeOf<Layer>();
    near(transposed(x)[1], { w: array([0, 0]), b: x });
  });
  it("Jacobians", () => {
    const square = (y: NDArray): NDArray => E.mul(y, y);
    expectTypeOf(jacfwd(square)).toEqualTypeOf<(y: NDArray) => NDArray>();
    expectTypeOf(jacrev(forward)).toEqualTypeOf<
      (p: Params, x: NDArray) => { readonly y: Params; readonly z: Params }
    >();
    expectTypeOf(jacobian(forward, { argnums: 1 })).toEqualTypeOf<
      (p: Params, x: NDArray) => { readonly y: NDArray; readonly z: NDArray }
    >();
    expectTypeOf(jacfwd(withAux, { argnums: 1, hasAux: true })).toEqualTypeOf<
      (p: Params, x: NDArray) => [NDArray, Metrics]
    >();
    expectTypeOf(hessian(square)).toEqualTypeOf<(y: NDArray) => NDArray>();
    expectTypeOf(hessian((l: Layer) => l.w)(params.layers[0] as Layer).w).toEqualTypeOf<Layer>();
  });
  it("shapes, programs, constants", () => {
    expectTypeOf(evalShape(forward, params, { shape: [2], dtype: "float64" })).toEqualTypeOf<{
      readonly y: Aval;
      readonly z: Aval;
    }>();
    expectTypeOf(makeJaxpr(loss)(params, x)).toEqualTypeOf<PrintableJaxpr>();
    expectTypeOf(stopGradient(params)).toEqualTypeOf<Params>();
    expectTypeOf(stopGradient({ n: 3 })).toEqualTypeOf<{ n: NDArray }>();
  });
  it("data-last forms in a pipe", () => {
    const rows = array([1, 1, 2, 2], [2, 2]);
    const step = pipe(loss, grad({ argnums: 0 }), vmap({ inAxes: [null, 0] }), jit({ donate: [] }));
    expectTypeOf(step(params, rows)).toEqualTypeOf<Params>();
    expect(step(params, rows).scale.shape).toEqual([2, 2]);
    expectTypeOf(pipe(loss, grad())).toEqualTypeOf<(p: Params, x: NDArray) => Params>();
    expectTypeOf(pipe(loss, grad)).toEqualTypeOf<(p: Params, x: NDArray) => Params>();
    expectTypeOf(pipe(loss, jacrev({ argnums: 1 }))).toEqualTypeOf<(p: Params, x: NDArray) => NDArray>();
    expectTypeOf(pipe(loss, valueAndGrad({ argnums: [1] }))).toEqualTypeOf<
      (p: Params, x: NDArray) => [NDArray, [NDArray]]
    >();
    const [, dy] = pipe(forward, jvp([params, x], [null, x]));
    expectTypeOf(dy.y).toEqualTypeOf<NDArray>();
    const [, pullback] = pipe(forward, vjp([params, x]));
    expectTypeOf(pullback({ y: x, z: x })[1]).toEqualTypeOf<NDArray>();
    const [, push] = pipe(forward, linearize([params, x]));
    near(push(null, x).y, dy.y, 0);
    near(pipe((v: NDArray) => E.neg(v), linearTranspose([x]))(x)[0], array([-1, -1]), 0);
    expectTypeOf(pipe(forward, evalShape(params, x)).y).toEqualTypeOf<Aval>();
    expect(String(pipe((v: NDArray) => E.neg(v), makeJaxpr())(x))).toBe(
      "{ lambda a:f64[2] . let b:f64[2] = neg a in ( b ) }",
    );
    near(pipe(loss, hessian({ argnums: 1 }))(params, x), array([0, 0, 0, 0], [2, 2]), 0);
  });
  it("recursive, optional and generic types", () => {
    interface Node {
      readonly value: NDArray;
      readonly left?: Node | undefined;
      readonly right: Node | null;
    }
    const sumOf = (n: Node): NDArray =>
      [n.left, n.right].reduce<NDArray>((s, m) => (m ? E.add(s, sumOf(m)) : s), total(n.value));
    const node: Node = { value: x, left: { value: x, right: null }, right: null };
    expectTypeOf(grad(sumOf)).toEqualTypeOf<(n: Node) => Node>();
    expectTypeOf(jit(grad(sumOf))(node)).toEqualTypeOf<Node>();
    expectTypeOf(vmap(grad(sumOf))).toEqualTypeOf<(n: Node) => Node>();
    expectTypeOf(vjp(sumOf, [node])[1](1)[0]).toEqualTypeOf<Node>();
    expectTypeOf(jvp(sumOf, [node], [null])[0]).toEqualTypeOf<NDArray>();
    expectTypeOf(jacrev(sumOf)(node)).toEqualTypeOf<Node>();
    expect(Object.keys(grad(sumOf)(node))).toEqual(["left", "right", "value"]);
    const slopeOf = <P extends object>(f: (p: P, x: NDArray) => NDArray, p: P): P => grad(f)(p, x) as P;
    expectTypeOf(slopeOf(loss, params)).toEqualTypeOf<Params>();
    near(slopeOf(loss, params).scale, x);
  });
  it("names of transformed functions", () => {
    expect([grad(loss).name, vmap(grad(loss)).name, hessian(loss).name, jit(loss).name]).toEqual([
      "grad(loss)",
      "vmap(grad(loss))",
      "hessian(loss)",
      "loss",
    ]);
  });
});
