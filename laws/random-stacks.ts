// Stacks of transforms around random functions, for laws that compare a function with the straight lines that it means.
import fc from "fast-check";
import { jit } from "../src/control/jit.ts";
import { sizeOf } from "../src/core/aval.ts";
import type { Value } from "../src/core/value.ts";
import * as E from "../src/primitives/elementwise.ts";
import { broadcast, full, insertAt, moveAxis, sum } from "../src/primitives/linear.ts";
import { concatenate, expandDims } from "../src/primitives/movement.ts";
import { grad } from "../src/transforms/grad.ts";
import { jvpFlat } from "../src/transforms/jvp.ts";
import { vmapFlat } from "../src/transforms/vmap.ts";
import { type Engine, functionOf, type RandomBody, real, straight } from "./random-bodies.ts";
import { dyadic } from "./rule-checks.ts";
import { array, isReal, near, scalar } from "./transforms-subjects.ts";

/** A function of lists of arrays. */
export type F = (...ins: readonly Value[]) => readonly Value[];

const weights = (x: Value, seed: number): Value => array(dyadic(x.size, seed), x.shape);
/** A number that depends on every real result. */
const scalarized = (outs: readonly Value[]): Value =>
  outs.filter(isReal).reduce<Value>(
    (total, y, i) =>
      E.add(
        total,
        sum(
          E.mul(y, weights(y, i)),
          y.shape.map((_, d) => d),
        ),
      ),
    scalar(0),
  );
/** A transform of functions of lists that leaves their arguments what they were. `z` chooses what to differentiate or map. */
export type Step = (f: F, z: number) => F;
export const steps: Readonly<Record<string, { readonly of: Step; readonly backward?: true }>> = {
  jit: { of: (f) => jit(f as never) as unknown as F },
  jvp: {
    of:
      (f, z) =>
      (...ins) => {
        const ts = ins.map((x, i) => (isReal(x) && (z + i) % 3 !== 0 ? weights(x, i + 7) : null));
        const [outs, tangents] = jvpFlat((...xs) => f(...xs), ins, ts);
        return outs.map((y, i) => tangents[i] ?? (isReal(y) ? full(y.shape, 0, y.dtype) : y));
      },
  },
  grad: {
    backward: true,
    of:
      (f, z) =>
      (...ins) => {
        const argnums = ins.flatMap((x, i) => (isReal(x) && (z + i) % 3 !== 0 ? [i] : []));
        const g = grad(((...xs: readonly Value[]) => scalarized(f(...xs))) as never, { argnums }) as unknown as F;
        return g(...ins);
      },
  },
  vmap: {
    of:
      (f, z) =>
      (...ins) => {
        const size = 2 + (z % 2),
          axes = ins.map((x, i) => ((z >> i) % 2 === 0 ? (z + i) % (x.ndim + 1) : null));
        const many = ins.map((x, i) => {
          const a = axes[i] ?? null;
          if (a === null) return x;
          const each = Array.from({ length: size }, (_, k) =>
            isReal(x) ? E.mul(x, full(x.shape, 1 - k * 0.75, x.dtype)) : E.add(x, full(x.shape, k, x.dtype)),
          );
          return moveAxis(
            concatenate(
              each.map((y) => expandDims(y, [0])),
              0,
            ),
            0,
            a,
          );
        });
        const [outs, at] = vmapFlat((...xs) => f(...xs), many, axes, { size, name: null });
        return outs.map((y, i) => {
          const a = at[i] ?? null,
            all = a === null ? broadcast(y, insertAt(y.shape, 0, size), [0]) : moveAxis(y, a, 0);
          const scale = isReal(y)
            ? broadcast(array([1, -0.5, 2].slice(0, size)), all.shape, all.shape.map((_, d) => d).slice(1))
            : null;
          return sum(scale === null ? all : E.mul(all, scale), [0]);
        });
      },
  },
};
/** The transforms, and those that go forward. */
export const names = Object.keys(steps),
  forwardNames = names.filter((s) => steps[s]?.backward !== true);

/** Arguments of a random function. */
export const inputs = ({ shape, length }: RandomBody): readonly Value[] => [
  ...[shape, shape, [length, ...shape], [length, ...shape]].map((s, i) => array(dyadic(sizeOf(s), i + 1), s)),
  scalar(2, "int32"),
];
/** A stack of transforms, each with its number. */
export type Stack = readonly (readonly [string, number])[];
const transformed = (f: F, stack: Stack): F =>
  stack.reduce<F>((g, [name, z]) => (steps[name] as { readonly of: Step }).of(g, z), f);
/** A random function under a stack of transforms is the straight line under it; `e` runs it, `around` stands around it. */
export const check = (p: RandomBody, stack: Stack, e: Engine = real, around: (f: F) => F = (f) => f): void => {
  const ins = inputs(p);
  near(
    transformed(around(functionOf(p, e)), stack)(...ins),
    transformed(
      functionOf(p, straight),
      stack.filter(([s]) => s !== "jit"),
    )(...ins),
    1e-9,
  );
};
/** Stacks of two or three. */
export const stacks = (of: readonly string[]) =>
  fc.array(fc.tuple(fc.constantFrom(...of), fc.nat(31)), { minLength: 2, maxLength: 3 });
