// Functions for laws of transforms: trees in, trees out, float64, smooth where they are evaluated; and arithmetic on trees of
// arrays in plain JavaScript.
import { expect } from "vitest";
import type { Aval, Shape } from "../src/core/aval.ts";
import { sizeOf } from "../src/core/aval.ts";
import type { DType } from "../src/core/dtype.ts";
import { flatten, unflatten } from "../src/core/tree.ts";
import type { Value } from "../src/core/value.ts";
import { jit } from "../src/control/jit.ts";
import "../src/numpy/index.ts"; // installs the runtime
import { dotGeneral } from "../src/primitives/dot.ts";
import * as E from "../src/primitives/elementwise.ts";
import { broadcast, full, reshape, sum, transpose } from "../src/primitives/linear.ts";
import { argmax, reduceMax } from "../src/primitives/reductions.ts";
import { fromTyped } from "../src/runtime/array.ts";
import { typedArray } from "../src/runtime/views.ts";
import { isShapeDtype } from "../src/transforms/leaves.ts";
import { dyadic } from "./rule-checks.ts";

/** An array of numbers in row-major order, float64 unless told. */
export const array = (data: readonly number[], shape: Shape = [data.length], dtype: DType = "float64"): Value => {
  const typed = typedArray(dtype, data.length);
  data.forEach((x, i) => {
    typed[i] = x;
  });
  return fromTyped(dtype, shape, typed);
};
export const scalar = (x: number, dtype: DType = "float64"): Value => array([x], [], dtype);
/** The numbers of an array. */
export const dataOf = (x: Value): readonly number[] => Array.from(x.dataSync());
export const leavesOf = (tree: unknown): readonly Value[] => flatten(tree)[0] as readonly Value[];
/** All numbers of a tree of arrays. */
export const numbers = (tree: unknown): readonly number[] => leavesOf(tree).flatMap(dataOf);
export const isReal = (x: { readonly dtype: DType }): boolean => x.dtype === "float64" || x.dtype === "float32";

/** A tree with arrays of small dyadic numbers where `shapes` has `{ shape, dtype }`; integers are from 0 to 3. */
export const filled = (shapes: unknown, seed: number): unknown => {
  const [avals, def] = flatten(shapes, "law", isShapeDtype);
  return unflatten(
    def,
    (avals as readonly Aval[]).map(({ dtype, shape }, i) => {
      const xs = dyadic(sizeOf(shape), seed + 17 * i);
      return array(isReal({ dtype }) ? xs : xs.map((x) => Math.abs(Math.round(4 * x)) % 4), shape, dtype);
    }),
  );
};
/** A tangent for a tree: null where it has integers. */
export const tangentOf = (tree: unknown, seed: number): unknown => {
  const [leaves, def] = flatten(tree);
  return unflatten(
    def,
    (leaves as readonly Value[]).map((x, i) =>
      isReal(x) ? array(dyadic(x.size, seed + 31 * i), x.shape, x.dtype) : null,
    ),
  );
};
/** `x + h v` of trees; null counts as zeros. */
export const axpy = (tree: unknown, h: number, tangent: unknown): unknown => {
  const [leaves, def] = flatten(tree),
    vs = flatten(tangent, "law", (x) => x === null)[0];
  return unflatten(
    def,
    (leaves as readonly Value[]).map((x, i) => {
      const v = vs[i] as Value | null;
      if (v === null) return x;
      const step = dataOf(v);
      return array(
        dataOf(x).map((a, k) => a + h * (step[k] as number)),
        x.shape,
        x.dtype,
      );
    }),
  );
};
/** Inner product of trees. */
export const inner = (x: unknown, y: unknown): number => {
  const [a, b] = [numbers(x), numbers(y)];
  expect(a.length).toBe(b.length);
  return a.reduce((total, v, i) => total + v * (b[i] as number), 0);
};
/** Equal within `tolerance`, relative to 1 + |want|; and of the same structure, shapes and dtypes. */
export const near = (got: unknown, want: unknown, tolerance = 1e-12): void => {
  const look = (tree: unknown): unknown => {
    const [leaves, def] = flatten(tree);
    return unflatten(
      def,
      leaves.map((x) => `${(x as Value).dtype}[${(x as Value).shape}]`),
    );
  };
  expect(look(got)).toEqual(look(want));
  const [a, b] = [numbers(got), numbers(want)];
  const bad = a.findIndex((x, i) => {
    const y = b[i] as number;
    return !Object.is(x, y) && !(Math.abs(x - y) <= tolerance * (1 + Math.abs(y)));
  });
  if (bad >= 0) expect(a).toEqual(b);
};

/** A function with the shapes of its arguments; `n` is an extent. */
export interface Subject {
  readonly name: string;
  readonly shapes: (n: number) => readonly unknown[];
  readonly f: (...args: readonly unknown[]) => unknown;
  /** Extents to try. */
  readonly extents: readonly number[];
}
/** Shape and dtype of an argument. */
export const real = (...shape: readonly number[]): Aval => ({ shape, dtype: "float64" });
const whole = (...shape: readonly number[]): Aval => ({ shape, dtype: "int32" });
const subject = (
  name: string,
  shapes: Subject["shapes"],
  f: (...args: never[]) => unknown,
  extents: readonly number[] = [0, 1, 3],
): Subject => ({ name, shapes, f: f as unknown as Subject["f"], extents });

const one = (x: Value): Value => full(x.shape, 1, x.dtype);
const times = (a: number, x: Value): Value => E.mul(full(x.shape, a, x.dtype), x);
const rational = (x: Value): Value => E.div(E.mul(x, x), E.add(one(x), E.square(x)));
const total = (x: Value): Value =>
  sum(
    x,
    x.shape.map((_, i) => i),
  );
const like = (s: Value, x: Value): Value =>
  broadcast(
    s,
    x.shape,
    x.shape.map((_, i) => i),
  );
const matvec = (w: Value, x: Value): Value => dotGeneral(w, x, { contract: [[1], [0]] });
const weights = array([1.5, -0.5, 2], [3]);
interface Params {
  readonly w: Value;
  readonly b: Value;
}
const cubic = jit((x: Value) => E.mul(x, E.square(x)));

// biome-ignore format: one line per subject
export const subjects: readonly Subject[] = [
  subject("rational", (n) => [real(n)], rational),
  subject("wave", (n) => [real(n, 2), real(n, 2)], (x: Value, y: Value) => E.mul(E.sin(x), E.exp(y)), [0, 3]),
  subject("normalized", (n) => [real(n)], (x: Value) => E.div(x, like(E.add(scalar(1), total(E.square(x))), x))),
  subject("layer", (n) => [{ w: real(2, n), b: real(2) }, real(n)], ({ w, b }: Params, x: Value) =>
    ({ y: E.tanh(E.add(matvec(w, x), b)), penalty: total(E.square(w)) })),
  subject("jitted inside", (n) => [real(n)], (x: Value) => E.add(cubic(x), x)),
  subject("jitted in jit", (n) => [real(n)], jit((x: Value) => jit((y: Value) => E.mul(y, cubic(y)))(E.add(x, x)))),
  subject("choice", (n) => [real(n)], (x: Value) => {
    const safe = E.add(x, full(x.shape, 1 / 16, x.dtype)); // dyadic eighths are never at the kink
    return E.select(E.gt(safe, full(x.shape, 0, x.dtype)), E.square(safe), times(3, safe));
  }),
  subject("extreme", (n) => [real(n, 4)], (x: Value) => reduceMax(E.add(x, like4(x)), [1]), [0, 1, 3]),
  subject("matrix", (n) => [real(n, 3), real(3)], (a: Value, x: Value) => matvec(transpose(reshape(a, [3, a.shape[0] as number]), [1, 0]), E.mul(x, weights))),
  subject("passes its input on", (n) => [real(n), [real(2), [real()]]], (x: Value, [y, [z]]: [Value, [Value]]) => [y, { x, product: E.mul(y, broadcast(z, [2], [0])) }]),
  subject("constant", (n) => [real(n)], (x: Value) => [one(x), array([1, 2]), E.square(x)]),
  subject("integers aside", (n) => [real(n, 2), whole(n)], (x: Value, k: Value) => ({ x: E.mul(x, E.square(x)), at: argmax(x, 1), k })),
  subject("nothing", () => [real(2)], () => []),
  subject("many", (n) => [real(n)], (x: Value) => Array.from({ length: 7 }, (_, i) => times(i, E.square(x)))),
];
// Distinct offsets along axis 1, so that no two elements of a row are equal.
const like4 = (x: Value): Value => broadcast(array([0, 1 / 16, 1 / 32, 3 / 64]), x.shape, [0]);

/** Subjects with a title for each extent. */
export const cases: readonly (readonly [string, Subject, number])[] = subjects.flatMap((s) =>
  s.extents.map((n) => [`${s.name}, extent ${n}`, s, n] as const),
);
