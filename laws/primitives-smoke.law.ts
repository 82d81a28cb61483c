// Every pointwise, movement, reduction, cumulative and sorting primitive on tiny arrays: value, shape, derivative against central
// differences, transpose against the map itself, batch rule against a stack. Special points are in primitives-special.law.ts.
import { describe, expect, it } from "vitest";
import { type Aval, sizeOf } from "../src/core/aval.ts";
import type { DType } from "../src/core/dtype.ts";
import type { AnyPrimitive, Jvp, Read, Transpose, Variadic } from "../src/core/primitive.ts";
import { bind } from "../src/core/trace.ts";
import type { Value } from "../src/core/value.ts";
import * as C from "../src/primitives/cumulative.ts";
import * as E from "../src/primitives/elementwise.ts";
import * as M from "../src/primitives/movement.ts";
import { fullLike } from "../src/primitives/pointwise.ts";
import * as R from "../src/primitives/reductions.ts";
import * as S from "../src/primitives/sort.ts";
import { jvpFlat } from "../src/transforms/jvp.ts";
import { linearizeFlat, pullLinear, pushLinear } from "../src/transforms/linearize.ts";
import type { Flat } from "../src/transforms/trace.ts";
import { Concrete, concretely, dataOf } from "./concrete.ts";
import { type Subject, subjects } from "./tiny-subjects.ts";

const title = ({ prim, ins, attrs }: Subject, i: number): string =>
  `${i} ${prim.name} ${ins.map((x) => `${x.dtype}[${x.shape}]`)} ${JSON.stringify(attrs)}`;
const table = (of: readonly Subject[]): readonly (readonly [string, Subject])[] => of.map((s, i) => [title(s, i), s]);

const run = (s: Subject, ins: readonly Value[]): Value => bind(s.prim, ins as never, s.attrs);
const near = (got: readonly number[], want: readonly number[], tolerance: number): void => {
  expect(got.length).toBe(want.length);
  got.forEach((x, i) => {
    const y = want[i] as number;
    const same = Number.isFinite(y) ? Math.abs(x - y) <= tolerance * (1 + Math.abs(y)) : Object.is(x, y);
    if (!same) expect(got).toEqual(want);
  });
};
/** Numbers in (-1, 1) that look random but are the same every time. */
const noise = (n: number, seed: number): readonly number[] =>
  Array.from({ length: n }, (_, i) => Math.sin(12.9898 * (i + 1) + 78.233 * seed) * 0.9);
const like = (x: Value, data: readonly number[]): Concrete => new Concrete(data, x.shape, x.dtype);
const axpy = (x: Value, h: number, v: Value): Concrete =>
  like(
    x,
    dataOf(x).map((a, i) => a + h * (dataOf(v)[i] as number)),
  );
const minus = (x: Value, y: Value): readonly number[] => dataOf(x).map((a, i) => a - (dataOf(y)[i] as number));
const dot = (x: readonly number[], y: readonly number[]): number =>
  x.reduce((sum, a, i) => sum + a * (y[i] as number), 0);
const replaced = <T>(xs: readonly T[], i: number, x: T): readonly T[] => xs.map((y, j) => (i === j ? x : y));
const isReal = (x: { readonly dtype: DType }): boolean => x.dtype === "float64";
const finiteSubject = (s: Subject): boolean => [...s.ins.map((x) => x.numbers), s.want].flat().every(Number.isFinite);

const valueLaw = (s: Subject): void => {
  const out = concretely(() => run(s, s.ins));
  expect(out.shape).toEqual(s.shape);
  near(dataOf(out), s.want, 1e-10);
};
describe("primitives: values", () => {
  it.each(table(subjects))("%s", (_name, s) => valueLaw(s));
  it("leaves none out", () => {
    const all = [E, M, R, C, S].flatMap((module) =>
      Object.entries(module).flatMap(([name, x]) =>
        name.endsWith("P") && typeof x === "object" ? [x as unknown as AnyPrimitive] : [],
      ),
    );
    expect(all.length).toBeGreaterThan(80);
    expect(all.filter((p) => !subjects.some((s) => s.prim === p)).map((p) => p.name)).toEqual([]);
  });
});

// Pushforward of argument i, as an interpreter would take it.
const push = (s: Subject, out: Value, i: number, v: Value): Value | null => {
  const { jvp } = s.prim;
  if (jvp === "zero") return null;
  if (jvp === "linear")
    return run(
      s,
      s.ins.map((x, j) =>
        i === j
          ? v
          : like(
              x,
              x.numbers.map(() => 0),
            ),
      ),
    );
  const rule = jvp[i] as Jvp<unknown, Variadic> | null;
  return rule === null ? null : rule(v, out, s.ins, s.attrs);
};
const slopeLaw = (s: Subject): void => {
  s.ins.forEach((x, i) => {
    if (!isReal(x)) return;
    const v = like(x, noise(sizeOf(x.shape), i));
    const h = 1e-5;
    concretely(() => {
      const out = run(s, s.ins);
      const tangent = push(s, out, i, v);
      const ahead = run(s, replaced(s.ins, i, axpy(x, h, v)));
      const behind = run(s, replaced(s.ins, i, axpy(x, -h, v)));
      const slope = minus(ahead, behind).map((d) => d / (2 * h));
      near(tangent === null ? slope.map(() => 0) : dataOf(tangent), slope, 1e-6);
    });
  });
};
describe("primitives: derivatives are the limits of differences", () => {
  const smooth = subjects.filter((s) => s.prim.jvp !== "zero" && s.ins.some(isReal) && finiteSubject(s));
  it.each(table(smooth))("%s", (_name, s) => slopeLaw(s));
});

const secondLaw = (s: Subject): void => {
  const real = s.ins.map(isReal);
  const vs = s.ins.map((x, i) => (real[i] ? like(x, noise(sizeOf(x.shape), i)) : null));
  const ws = s.ins.map((x, i) => (real[i] ? like(x, noise(sizeOf(x.shape), i + 5)) : null));
  const zero = like(
    s.ins[0] as Concrete,
    (s.ins[0] as Concrete).numbers.map(() => 0),
  );
  const slope: Flat = (...xs) => {
    const [outs, [t]] = jvpFlat((...ys) => [run(s, ys)], xs, vs);
    return [t ?? E.sub(outs[0] as Value, outs[0] as Value)];
  };
  concretely(() => {
    const h = 1e-5;
    const moved = (k: number) =>
      slope(...s.ins.map((x, i) => (real[i] ? axpy(x, k * h, ws[i] as Value) : x)))[0] as Value;
    const curvature = jvpFlat(slope, s.ins, ws)[1][0];
    const want = minus(moved(1), moved(-1)).map((d) => d / (2 * h));
    near(curvature === null || curvature === undefined ? want.map(() => 0) : dataOf(curvature), want, 1e-5);
    for (const f of [((...xs) => [run(s, xs)]) satisfies Flat, slope]) {
      const [outs, linear] = linearizeFlat(f, s.ins);
      const forward = pushLinear(linear, ws)[0];
      const ct = like(outs[0] as Value, noise((outs[0] as Value).size, 3));
      const back = pullLinear(linear, [ct]);
      const right = back.reduce((sum, b, i) => sum + (b === null ? 0 : dot(dataOf(b), dataOf(ws[i] ?? zero))), 0);
      near([right], [forward === null || forward === undefined ? 0 : dot(dataOf(forward), ct.numbers)], 1e-10);
    }
  });
};
describe("primitives: second derivatives, and reverse mode of first and second ones", () => {
  const smooth = subjects.filter((s) => s.prim.jvp !== "zero" && s.ins.some(isReal) && finiteSubject(s));
  it.each(table(smooth))("%s", (_name, s) => secondLaw(s));
});

const transposeLaw = (s: Subject): void => {
  const { transpose } = s.prim;
  if (transpose === "nonlinear") return;
  s.ins.forEach((x, i) => {
    const rule = "each" in transpose ? transpose.each : (transpose[i] as Transpose<unknown, Variadic> | null);
    if (rule === null || !isReal(x)) return;
    concretely(() => {
      const v = like(x, noise(sizeOf(x.shape), i));
      const zero = like(
        x,
        x.numbers.map(() => 0),
      );
      const image = minus(run(s, replaced(s.ins, i, v)), run(s, replaced(s.ins, i, zero)));
      const ct = new Concrete(noise(image.length, 7), s.shape, (run(s, s.ins).aval as Aval).dtype);
      const back = rule(
        ct,
        s.ins.map((y, j) => (i === j ? null : y)),
        s.attrs,
        s.ins.map((y) => y.aval),
        i,
      );
      expect(back.aval).toEqual(x.aval);
      near([dot(dataOf(back), v.numbers)], [dot(ct.numbers, image)], 1e-12);
    });
  });
};
describe("primitives: transposes", () => {
  const linear = subjects.filter((s) => s.prim.transpose !== "nonlinear" && finiteSubject(s));
  it.each(table(linear))("%s", (_name, s) => transposeLaw(s));
});

// Batches of three examples: the operand and two variations that stay in its domain.
const variations = (x: Concrete): readonly Concrete[] => [
  x,
  like(x, [...x.numbers].reverse()),
  like(
    x,
    x.numbers.map((_, i) => x.numbers[(i + 1) % x.numbers.length] as number),
  ),
];
const stack = (xs: readonly Value[], axis: number): Concrete => {
  const first = xs[0] as Value;
  const shape = [...first.shape.slice(0, axis), xs.length, ...first.shape.slice(axis)];
  const tail = sizeOf(first.shape.slice(axis));
  const data = Array.from({ length: sizeOf(shape) }, (_, k) => {
    const block = Math.floor(k / tail);
    return dataOf(xs[block % xs.length] as Value)[Math.floor(block / xs.length) * tail + (k % tail)] as number;
  });
  return new Concrete(data, shape, first.dtype);
};
const batchLaw = (s: Subject): void => {
  const n = s.ins.length;
  for (let mask = 1; mask < 2 ** n; mask++)
    for (const late of [false, true]) {
      const batched = s.ins.map((_, i) => (mask >> i) % 2 === 1);
      const axes = s.ins.map((x, i) => (batched[i] ? (late ? x.ndim : i % (x.ndim + 1)) : null));
      concretely(() => {
        const want = [0, 1, 2].map((k) =>
          run(
            s,
            s.ins.map((x, i) => (batched[i] ? (variations(x)[k] as Concrete) : x)),
          ),
        );
        const [got, axis] = s.prim.batch(
          3,
          s.ins.map((x, i) => (batched[i] ? stack(variations(x), axes[i] as number) : x)),
          axes,
          s.attrs,
        );
        const stacked = stack(want, axis);
        expect(got.aval).toEqual(stacked.aval);
        near(dataOf(got), stacked.numbers, 1e-12);
      });
    }
};
describe("primitives: a batch is a stack", () => {
  it.each(table(subjects.filter((s) => s.ins.length > 0)))("%s", (_name, s) => batchLaw(s));
});

describe("primitives: the laws have teeth", () => {
  const broken = (name: string, rules: Partial<AnyPrimitive>): Subject => {
    const s = subjects.find((t) => t.prim.name === name) as Subject;
    return { ...s, prim: { ...s.prim, ...rules } as AnyPrimitive };
  };
  const half: Jvp<unknown, Variadic> = (dx) => E.mul(dx, fullLike(dx, 0.5));
  it.each<readonly [string, (s: Subject) => void, Subject]>([
    ["a wrong value", valueLaw, broken("sin", { lower: ([x], at) => (x as Read)(at) })],
    ["a wrong slope", slopeLaw, broken("neg", { jvp: [half] })],
    ["a lost slope", slopeLaw, broken("tanh", { jvp: "zero" })],
    ["a wrong transpose in reverse mode", secondLaw, broken("cumsum", { transpose: [(ct) => ct] })],
    ["a wrong transpose", transposeLaw, broken("cumsum", { transpose: [(ct) => ct] })],
    ["a wrong batch", batchLaw, broken("rev", { batch: (_n, [x], [b]) => [x as Value, b as number] })],
  ])("sees %s", (_name, law, s) => expect(() => law(s)).toThrow());
});
