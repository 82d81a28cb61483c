// Checks of one primitive's rules on concrete arrays: pushforwards against differences, transposes against pushforwards, the
// batch rule against a stack. Values are small dyadic numbers, so that sums and products are exact.
import fc from "fast-check";
import { expect } from "vitest";
import { type Shape, sizeOf, stridesOf } from "../src/core/aval.ts";
import type { DType } from "../src/core/dtype.ts";
import type { AnyPrimitive, Jvp, Transpose, Variadic } from "../src/core/primitive.ts";
import { bind } from "../src/core/trace.ts";
import type { Value } from "../src/core/value.ts";
import { moveAxis } from "../src/primitives/linear.ts";
import { Concrete, concretely, dataOf } from "./concrete.ts";

/** A primitive with operands and attributes. */
export interface Case {
  readonly prim: AnyPrimitive;
  readonly ins: readonly Concrete[];
  readonly attrs: unknown;
}
/** A case; the attributes are those of the primitive. */
export const caseOf = <A, I extends readonly unknown[]>(
  prim: {
    readonly name: string;
    readonly abstractEval: (ins: { readonly [K in keyof I]: never }, attrs: A) => unknown;
  },
  ins: readonly Concrete[],
  attrs: A,
): Case => ({ prim: prim as unknown as AnyPrimitive, ins, attrs });

/** `n` numbers that are eighths in [-2, 2], the same for every seed. */
export const dyadic = (n: number, seed: number): readonly number[] =>
  Array.from(
    { length: n },
    (_, i) => (Math.floor(Math.abs(Math.sin(12.9898 * (i + 1) + 78.233 * seed) * 43758.5453)) % 33) / 8 - 2,
  );
/** An array of such numbers. */
export const grid = (shape: Shape, seed: number, dtype: DType = "float64"): Concrete =>
  new Concrete(dyadic(sizeOf(shape), seed), shape, dtype);

export const run = ({ prim, ins, attrs }: Case): Value => concretely(() => bind(prim, ins as never, attrs));
const replaced = <T>(xs: readonly T[], i: number, x: T): readonly T[] => xs.map((y, j) => (i === j ? x : y));
const at = (c: Case, i: number, x: Concrete): Case => ({ ...c, ins: replaced(c.ins, i, x) });
const plus = (x: Value, h: number, v: Value): Concrete =>
  new Concrete(
    dataOf(x).map((a, k) => a + h * (dataOf(v)[k] as number)),
    x.shape,
    x.dtype,
  );
export const dot = (x: readonly number[], y: readonly number[]): number =>
  x.reduce((sum, a, i) => sum + a * (y[i] as number), 0);
const isReal = (x: Value): boolean => x.dtype === "float64";

const near = (got: readonly number[], want: readonly number[], tolerance: number): void => {
  expect(got.length).toBe(want.length);
  const bad = got.findIndex((x, i) => !Object.is(x, want[i]) && !(Math.abs(x - (want[i] as number)) <= tolerance));
  if (bad >= 0) expect(got).toEqual(want);
};

/** The pushforward of argument `i`; null if no tangent flows. */
const push = (c: Case, out: Value, i: number, v: Concrete): Value | null => {
  const rules = c.prim.jvp;
  if (rules === "zero") return null;
  if (rules === "linear") throw new Error("not here");
  const rule = (rules[i] ?? null) as Jvp<unknown, Variadic> | null;
  return rule === null ? null : concretely(() => rule(v, out, c.ins, c.attrs));
};

/**
 * Pushforwards of all real arguments (or those in `which`) are the differences of a map that is linear in each argument (`step` 1)
 * or smooth (`step` small), and transposes are adjoint to them.
 */
export const checkDerivatives = (
  c: Case,
  options: { readonly step?: number; readonly which?: readonly number[] } = {},
): void => {
  const { step = 1 } = options,
    out = run(c),
    which = options.which ?? c.ins.map((_, i) => i);
  c.ins.forEach((x, i) => {
    if (!isReal(x) || !which.includes(i)) return;
    const v = grid(x.shape, 100 + i),
      pushed = push(c, out, i, v);
    expect(pushed).not.toBeNull();
    const tangent = dataOf(pushed as Value);
    expect((pushed as Value).aval).toEqual(out.aval);
    const [hi, lo] = [run(at(c, i, plus(x, step, v))), run(at(c, i, plus(x, -step, v)))].map(dataOf) as [
      readonly number[],
      readonly number[],
    ];
    near(
      tangent,
      hi.map((a, k) => (a - (lo[k] as number)) / (2 * step)),
      step === 1 ? 1e-9 : 1e-6,
    );
    const rules = c.prim.transpose;
    if (rules === "nonlinear") return;
    const rule = ("each" in rules ? rules.each : (rules[i] ?? null)) as Transpose<unknown, Variadic> | null;
    if (rule === null) return;
    const ct = grid(out.shape, 200 + i);
    const pulled = concretely(() =>
      rule(
        ct,
        replaced<Value | null>(c.ins, i, null),
        c.attrs,
        c.ins.map((a) => a.aval),
        i,
      ),
    );
    expect(pulled.aval).toEqual(x.aval);
    expect(dot(dataOf(pulled), v.numbers)).toBeCloseTo(dot(ct.numbers, tangent), 8);
  });
};

/** Example `k` of a value with a batch axis. */
const example = (x: Concrete, axis: number, k: number): Concrete => {
  const shape = x.shape.filter((_, d) => d !== axis),
    strides = stridesOf(x.shape);
  const inner = stridesOf(shape),
    outer = strides.filter((_, d) => d !== axis);
  const data = Array.from({ length: sizeOf(shape) }, (_, n) => {
    const offset = inner.reduce(
      (sum, s, d) => sum + (Math.floor(n / s) % (shape[d] as number)) * (outer[d] as number),
      0,
    );
    return x.numbers[offset + k * (strides[axis] as number)] as number;
  });
  return new Concrete(data, shape, x.dtype);
};
/** The batch rule gives what a loop over the examples gives. `c.ins` have batch axes at `axes`. */
export const checkBatch = (c: Case, axes: readonly (number | null)[], size: number): void => {
  const single = (k: number): Case => ({
    ...c,
    ins: c.ins.map((x, i) => (axes[i] === null || axes[i] === undefined ? x : example(x, axes[i], k))),
  });
  const out = concretely(() => {
    const [value, axis] = c.prim.batch(size, c.ins, axes, c.attrs);
    return moveAxis(value, axis, 0);
  });
  if (size === 0) {
    expect(out.size).toBe(0);
    return;
  }
  const want = Array.from({ length: size }, (_, k) => run(single(k)));
  expect(out.aval).toEqual({ shape: [size, ...(want[0] as Value).shape], dtype: (want[0] as Value).dtype });
  near(dataOf(out), want.flatMap(dataOf), 1e-9);
};
/** A batch axis for every operand: where it is, or null; one at least has one. */
export const batchAxes = (shapes: readonly Shape[]): fc.Arbitrary<readonly (number | null)[]> =>
  fc
    .tuple(...shapes.map((s) => fc.option(fc.nat({ max: s.length }), { nil: null, freq: 3 })))
    .map((axes) => (axes.every((a) => a === null) ? axes.map((_, i) => (i === 0 ? 0 : null)) : axes));
/** `shape` with a batch axis put in. */
export const withBatch = (shape: Shape, axis: number | null | undefined, size: number): Shape =>
  axis === null || axis === undefined ? shape : [...shape.slice(0, axis), size, ...shape.slice(axis)];
/** Every index of an array of this shape, in row-major order. */
export const indicesOf = (shape: Shape): readonly (readonly number[])[] =>
  Array.from({ length: sizeOf(shape) }, (_, n) =>
    stridesOf(shape).map((s, d) => Math.floor(n / s) % (shape[d] as number)),
  );
/** Element of a row-major array. */
export const element = (x: Concrete, at: readonly number[]): number => x.numbers[dot(at, stridesOf(x.shape))] as number;
/** The primitive gives these numbers. */
export const checkValue = (c: Case, shape: Shape, want: readonly number[]): void => {
  const out = run(c);
  expect(out.shape).toEqual(shape);
  near(dataOf(out), want, 1e-9);
};
