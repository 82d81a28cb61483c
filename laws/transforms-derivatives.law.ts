// Derivatives of functions of trees: forward mode against central differences, reverse mode against forward mode, all
// derivatives against each other, eager against jitted. Every law is checked for every subject.
import { describe, expect, it } from "vitest";
import { bind } from "../src/core/trace.ts";
import type { AnyPrimitive } from "../src/core/primitive.ts";
import { add, mul, mulP, neg } from "../src/primitives/elementwise.ts";
import { sum } from "../src/primitives/linear.ts";
import { rev } from "../src/primitives/movement.ts";
import { jit } from "../src/control/jit.ts";
import { flatten, unflatten } from "../src/core/tree.ts";
import type { Value } from "../src/core/value.ts";
import { jvp } from "../src/transforms/pushforward.ts";
import { vjp } from "../src/transforms/pullback.ts";
import { linearize, linearTranspose } from "../src/transforms/linearmap.ts";
import { hessian, jacfwd, jacrev } from "../src/transforms/jacobian.ts";
import {
  array,
  axpy,
  cases,
  dataOf,
  filled,
  inner,
  isReal,
  leavesOf,
  near,
  numbers,
  type Subject,
  tangentOf,
} from "./transforms-subjects.ts";

type Args = readonly unknown[];
type F = Subject["f"];
type Pushed = readonly [unknown, unknown];
const push = (f: F, args: Args, v: unknown): Pushed => jvp(f as never, args as never, v as never) as unknown as Pushed;
const pull = (f: F, args: Args): readonly [unknown, (ct: unknown) => readonly unknown[]] =>
  vjp(f as never, args as never) as never;
/** The leaves that have derivatives. */
const reals = (tree: unknown): readonly Value[] => leavesOf(tree).filter(isReal);

interface Law {
  readonly name: string;
  readonly check: (f: F, args: Args, seed: number) => void;
}
const h = 2 ** -17;
const laws: readonly Law[] = [
  {
    name: "jvp gives the value and the central difference",
    check: (f, args, seed) => {
      const v = tangentOf(args, seed),
        [out, dout] = push(f, args, v);
      near(out, f(...args), 0);
      const [hi, lo] = [reals(f(...(axpy(args, h, v) as Args))), reals(f(...(axpy(args, -h, v) as Args)))];
      const want = hi.flatMap((x, i) => {
        const y = dataOf(lo[i] as Value);
        return dataOf(x).map((a, k) => (a - (y[k] as number)) / (2 * h));
      });
      const got = numbers(dout);
      expect(got.length).toBe(want.length);
      got.forEach((x, i) => {
        expect(Math.abs(x - (want[i] as number))).toBeLessThan(1e-7 * (1 + Math.abs(x)));
      });
    },
  },
  {
    name: "vjp is adjoint to jvp",
    check: (f, args, seed) => {
      const v = tangentOf(args, seed),
        [out, dout] = push(f, args, v),
        [value, pullback] = pull(f, args);
      near(value, out, 0);
      const ct = tangentOf(out, seed + 1),
        cts = pullback(ct);
      expect(cts.length).toBe(args.length);
      expect(inner(ct, dout)).toBeCloseTo(inner(cts, v), 11);
    },
  },
  {
    name: "linearize is jvp, and its transpose is vjp",
    check: (f, args, seed) => {
      const v = tangentOf(args, seed) as Args,
        [out, dout] = push(f, args, v);
      const [value, apply] = linearize(f as never, args as never) as unknown as readonly [unknown, F];
      near(value, out, 0);
      near(apply(...v), dout);
      near(apply(...v), apply(...v), 0);
      // linearTranspose needs a function of real leaves only
      const [primals, def] = flatten(args),
        at = reals(args);
      let k = 0;
      const along = primals.map((x) => (isReal(x as Value) ? k++ : -1));
      const flat = (...ts: readonly unknown[]): unknown =>
        apply(
          ...(unflatten(
            def,
            along.map((i) => (i < 0 ? null : ts[i])),
          ) as Args),
        );
      const ct = tangentOf(out, seed + 1);
      const transposed = linearTranspose(flat as never, at as never) as unknown as F;
      near(transposed(ct), leavesOf(pull(f, args)[1](ct)));
    },
  },
  {
    name: "jit changes no derivative",
    check: (f, args, seed) => {
      const v = tangentOf(args, seed),
        ct = tangentOf(f(...args), seed + 1);
      const forward = (...xs: Args): unknown => push(f, xs, v),
        backward = (...xs: Args): unknown => pull(f, xs)[1](ct);
      near(jit(f)(...args), f(...args));
      near(jit(forward)(...args), forward(...args));
      near(push(jit(f), args, v), forward(...args));
      near(jit(backward)(...args), backward(...args));
      near(pull(jit(f), args)[1](ct), backward(...args));
    },
  },
  {
    name: "jacfwd and jacrev agree, and their columns are jvps",
    check: (f, args, seed) => {
      const which = args.flatMap((x, i) => (leavesOf(x).every(isReal) ? [i] : []));
      const own = (...xs: Args): unknown => reals(f(...xs));
      const [forward, backward] = [jacfwd(own, { argnums: which }), jacrev(own, { argnums: which })].map((d) =>
        (d as F)(...args),
      ) as [unknown, unknown];
      near(forward, backward);
      const v = args.map((x, i) => (which.includes(i) ? tangentOf(x, seed + i) : tangentOf(x, 0)));
      const zeros = v.map((t, i) => (which.includes(i) ? t : null));
      const flat = leavesOf(which.map((i) => v[i]));
      // rows of the Jacobian times the direction, leaf by leaf
      const [outs] = [leavesOf(push(own, args, zeros)[1])];
      outs.forEach((dout, j) => {
        const row = leavesOf((backward as readonly unknown[])[j]);
        const want = dataOf(dout);
        const got = want.map((_, m) =>
          row.reduce((total, block, i) => {
            const direction = dataOf(flat[i] as Value),
              n = direction.length,
              data = dataOf(block);
            return total + direction.reduce((t, d, k) => t + d * (data[m * n + k] as number), 0);
          }, 0),
        );
        got.forEach((x, m) => {
          expect(x).toBeCloseTo(want[m] as number, 10);
        });
      });
    },
  },
];
describe.each(laws)("derivatives: $name", ({ check }) => {
  it.each(cases)("%s", (_name, { f, shapes }, n) => {
    check(f, filled(shapes(n), 10) as Args, 1);
  });
});

describe("derivatives: second ones", () => {
  const orders = {
    "forward over reverse": [jacfwd, jacrev],
    "reverse over forward": [jacrev, jacfwd],
    "reverse twice": [jacrev, jacrev],
    "forward twice": [jacfwd, jacfwd],
  } as const;
  it.each(cases.filter(([name, , n]) => n > 0 && !/^(nothing|integers)/.test(name)))(
    "%s",
    (_name, { f, shapes }, n) => {
      const args = filled(shapes(n), 4) as Args,
        argnums = args.map((_, i) => i);
      const loss: F = (...xs) =>
        reals(f(...xs)).reduce<Value>(
          (s, y) =>
            add(
              s,
              sum(
                mul(y, y),
                y.shape.map((_, i) => i),
              ),
            ),
          array([0], []),
        );
      const own = (hessian(loss, { argnums }) as unknown as F)(...args);
      for (const [outer, inner] of Object.values(orders))
        near((outer(inner(loss, { argnums }), { argnums }) as unknown as F)(...args), own, 1e-11);
      // symmetric: the block of leaves i and j is the block of j and i, turned around
      const leaves = reals(args),
        blocks = reals(own);
      leaves.forEach((a, i) => {
        leaves.forEach((b, j) => {
          const [left, right] = [
            dataOf(blocks[i * leaves.length + j] as Value),
            dataOf(blocks[j * leaves.length + i] as Value),
          ];
          left.forEach((x, k) => {
            const [p, q] = [Math.floor(k / b.size), k % b.size];
            expect(x).toBeCloseTo(right[q * a.size + p] as number, 10);
          });
        });
      });
      near(jit(hessian(loss, { argnums }) as unknown as F)(...args), own, 1e-12);
    },
  );
});

describe("derivatives: the laws have teeth", () => {
  /** Multiplication whose pushforwards are multiplications of the same kind, with some rules replaced. */
  const broken = (rules: Partial<AnyPrimitive>): F => {
    const times = (x: Value, y: Value): Value => bind(prim, [x, y], {});
    const prim = {
      ...(mulP as unknown as AnyPrimitive),
      name: "broken",
      jvp: [
        (dx: Value, _out: Value, ins: readonly Value[]) => times(dx, ins[1] as Value),
        (dy: Value, _out: Value, ins: readonly Value[]) => times(ins[0] as Value, dy),
      ],
      ...rules,
    } as unknown as AnyPrimitive;
    return (x, y) => times(x as Value, y as Value);
  };
  const args = filled(
    [
      { shape: [3], dtype: "float64" },
      { shape: [3], dtype: "float64" },
    ],
    1,
  ) as Args;
  const verdicts = (f: F): readonly string[] =>
    laws.flatMap(({ name, check }) => {
      try {
        check(f, args, 1);
        return [];
      } catch {
        return [name.split(",")[0] as string];
      }
    });
  const { jvp: slopes, transpose: pulls } = mulP as unknown as { jvp: readonly Slope[]; transpose: readonly Pull[] };
  type Slope = (dx: Value, ...rest: readonly unknown[]) => Value;
  type Pull = (ct: Value, ...rest: readonly unknown[]) => Value;
  it("accept the whole primitive", () => {
    expect(verdicts(broken({}))).toEqual([]);
  });
  it("see a pushforward that forgets a factor", () => {
    const wrong = broken({ jvp: [(dx: Value) => dx, slopes[1]] as never });
    expect(verdicts(wrong)).toEqual(["jvp gives the value and the central difference"]);
  });
  it("see a transpose that forgets a sign, or belongs to the other argument", () => {
    const turned = broken({
      transpose: [(...all: Parameters<Pull>) => neg((pulls[0] as Pull)(...all)), pulls[1]] as never,
    });
    const forgetful = broken({ transpose: [(ct: Value) => ct, pulls[1]] as never });
    for (const wrong of [turned, forgetful]) expect(verdicts(wrong)).toContain("vjp is adjoint to jvp");
  });
  it("see a batch rule that mixes examples", () => {
    const { batch } = mulP as unknown as AnyPrimitive;
    const mixed = broken({
      batch: (size, [x, y], axes, attrs) => {
        const [v, at] = batch(size, [x as Value, y as Value], axes, attrs);
        return [rev(v, [at]), at];
      },
    });
    expect(verdicts(mixed)).toContain("jacfwd and jacrev agree");
  });
});
