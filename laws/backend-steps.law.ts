// Steps: loops, conditions, branches and copies around kernels do on wasm what they do on the reference, and what plain
// JavaScript says; an empty round costs next to nothing.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { wasmBackend } from "../src/backends/wasm/backend.ts";
import type { Buffer, Expr } from "../src/kernel/expr.ts";
import { binary, buffer, cast, compare, constant, int, loopVar, read } from "../src/kernel/expr.ts";
import type { Carry, Kernel, Program, Step } from "../src/kernel/program.ts";
import { outcome, simplePlan, textOf } from "./backend-run.ts";

const n = 9,
  i = loopVar("i", n);
const zero = int(0);

/** `to[i] = f(from[i])` for all elements. */
const map = (to: Buffer, from: Buffer, f: (x: Expr) => Expr, also: readonly Buffer[] = []): Step => {
  const params = [...new Set([from, ...also, to])];
  const kernel: Kernel = {
    name: "map",
    params,
    outputs: [to],
    scratch: [],
    body: [
      {
        op: "for",
        index: i,
        mark: "vector",
        body: [{ op: "store", buffer: to, at: [i], value: f(read(from, [i])) }],
        accs: [],
      },
    ],
  };
  return { op: "call", kernel };
};
/** `to[0] = value`. */
const set = (to: Buffer, from: Buffer, value: Expr): Step => ({
  op: "call",
  kernel: {
    name: "set",
    params: [...new Set([from, to])],
    outputs: [to],
    scratch: [],
    body: [{ op: "store", buffer: to, at: [zero], value }],
  },
});

/** What a random program is made of; numbers are taken modulo what there is. */
interface Tree {
  readonly kind: number;
  readonly a: number;
  readonly b: number;
  readonly body: readonly Tree[];
}
const leafOf = { kind: fc.nat(11), a: fc.nat(11), b: fc.integer({ min: 0, max: 11 }) };
const trees: fc.Arbitrary<Tree> = [1, 2, 3].reduce<fc.Arbitrary<Tree>>(
  (below) => fc.record({ ...leafOf, body: fc.array(below, { maxLength: 3, size: "max" }) }),
  fc.record({ ...leafOf, body: fc.constant([]) }),
);

/** A program over four outputs, and temporaries as its loops need them. */
const programOf = (list: readonly Tree[]): { readonly program: Program; readonly shared: Map<Buffer, Buffer> } => {
  const outputs = Array.from({ length: 4 }, () => buffer("i32", [n])),
    temporaries: Buffer[] = [],
    shared = new Map<Buffer, Buffer>();
  const temporary = (b: Buffer): Buffer => {
    temporaries.push(b);
    return b;
  };
  type Site = { readonly pool: readonly Buffer[]; readonly counter: Buffer | null };
  const pick = ({ pool }: Site, k: number): Buffer => pool[k % pool.length] as Buffer;
  const block = (x: Site, body: readonly Tree[]): readonly Step[] => body.flatMap((t) => steps(x, t));
  // Carries: `next` is made from `now` at the end of the round, in a place of its own or in the same one.
  const carried = (x: Site, t: Tree): { readonly carries: readonly Carry[]; readonly last: readonly Step[] } => {
    const nows = [...new Set([pick(x, t.a), pick(x, t.b)])].slice(0, t.kind % 3);
    const carries = nows.map((now) => ({ now, next: temporary(buffer("i32", [n])) }));
    const last = carries.map(({ now, next }, k) => {
      if ((t.a + k) % 3 === 0) shared.set(next, now);
      return map(next, now, (e) => binary("add", binary("mul", e, int(3)), int(k + 1)));
    });
    return { carries, last };
  };
  const steps = (x: Site, t: Tree): readonly Step[] => {
    const to = pick(x, t.a),
      from = pick(x, t.b);
    if (t.body.length === 0) {
      if (t.kind % 3 === 0 && to !== from) return [{ op: "copy", from, to }];
      const more = x.counter === null ? int(t.kind) : read(x.counter, [zero]);
      return [
        map(to, from, (e) => binary("add", binary("mul", e, int(5)), more), x.counter === null ? [] : [x.counter]),
      ];
    }
    switch (t.kind % 4) {
      case 0: {
        const counter = temporary(buffer("i32", [])),
          { carries, last } = carried(x, t);
        return [
          {
            op: "loop",
            count: t.b % 4,
            counter,
            carries,
            body: [...block({ ...x, counter }, t.body), ...last],
          },
        ];
      }
      case 1:
        return [{ op: "loop", count: t.b % 3, body: block(x, t.body) }];
      case 2: {
        const rounds = temporary(buffer("i32", [])),
          flag = temporary(buffer("bool", [])),
          { carries, last } = carried(x, t);
        return [
          set(rounds, rounds, int(-1)),
          {
            op: "while",
            cond: [
              set(rounds, rounds, binary("add", read(rounds, [zero]), int(1))),
              set(flag, rounds, compare("lt", read(rounds, [zero]), int(t.b % 4))),
            ],
            flag,
            carries,
            body: [...block({ ...x, counter: rounds }, t.body), ...last],
          },
        ];
      }
      default:
        return [{ op: "branch", index: x.counter ?? from, branches: t.body.map((b) => steps(x, b)) }];
    }
  };
  const body = block({ pool: outputs, counter: null }, list);
  return { program: { inputs: [], outputs, temporaries, steps: body }, shared };
};

describe("steps", () => {
  it("wasm and the reference agree on random programs", () => {
    fc.assert(
      fc.property(fc.array(trees, { minLength: 1, maxLength: 3 }), (list) => {
        const { program, shared } = programOf(list),
          plan = simplePlan(program, shared);
        expect(outcome("wasm", program, plan), textOf(program)).toEqual(outcome("reference", program, plan));
      }),
      { numRuns: Number(process.env.RUNS ?? 200) },
    );
  });

  it.each(["wasm", "reference"] as const)("%s: loops count, carry, and stop", (name) => {
    const result = (build: (out: Buffer, temporary: (b: Buffer) => Buffer) => readonly Step[]): number => {
      const out = buffer("i32", []),
        temporaries: Buffer[] = [];
      const steps = build(out, (b) => {
        temporaries.push(b);
        return b;
      });
      return outcome(name, { inputs: [], outputs: [out], temporaries, steps })[0]?.[0] as number;
    };
    const sum = (count: number): number =>
      result((out, temporary) => {
        const counter = temporary(buffer("i32", [])),
          next = temporary(buffer("i32", []));
        const kernel: Kernel = {
          name: "add",
          params: [out, counter, next],
          outputs: [next],
          scratch: [],
          body: [
            { op: "store", buffer: next, at: [zero], value: binary("add", read(out, [zero]), read(counter, [zero])) },
          ],
        };
        return [
          set(out, out, int(100)),
          { op: "loop", count, counter, carries: [{ now: out, next }], body: [{ op: "call", kernel }] },
        ];
      });
    expect([0, 1, 2, 5, 100].map(sum)).toEqual([100, 100, 101, 110, 5050]);
    const collatz = (start: number): number =>
      result((out, temporary) => {
        const x = temporary(buffer("i32", [])),
          flag = temporary(buffer("bool", [])),
          value = read(x, [zero]),
          odd = binary("and", value, int(1));
        // x/2 or 3x + 1, without a choice
        const step = binary(
          "add",
          binary("mul", odd, binary("add", binary("mul", value, int(3)), int(1))),
          binary("mul", binary("sub", int(1), odd), binary("div", value, int(2))),
        );
        return [
          set(out, out, zero),
          set(x, x, int(start)),
          {
            op: "while",
            cond: [set(flag, x, compare("ne", value, int(1)))],
            flag,
            body: [set(x, x, step), set(out, out, binary("add", read(out, [zero]), int(1)))],
          },
        ];
      });
    expect([1, 2, 3, 7, 27].map(collatz)).toEqual([0, 1, 7, 16, 111]);
    const chosen = (index: number): number =>
      result((out, temporary) => {
        const chooser = temporary(buffer("i32", []));
        return [
          set(chooser, chooser, int(index)),
          { op: "branch", index: chooser, branches: [10, 20, 30].map((v) => [set(out, out, int(v))]) },
        ];
      });
    expect([-5, -1, 0, 1, 2, 3, 2 ** 31 - 1].map(chosen)).toEqual([10, 10, 10, 20, 30, 30, 30]);
  });

  it("a round of an empty loop costs less than 0.1 us, and one of a tiny kernel not much more", () => {
    const backend = wasmBackend(),
      out = buffer("i32", []),
      counter = buffer("i32", []),
      count = 200_000;
    const time = (body: readonly Step[]): number => {
      const program: Program = {
        inputs: [],
        outputs: [out],
        temporaries: [counter],
        steps: [{ op: "loop", count, counter, body }],
      };
      const { run } = backend.compile(program, simplePlan(program));
      return Math.min(
        ...Array.from({ length: 5 }, () => {
          const start = performance.now();
          run([], [1 << 20], (1 << 20) + 64);
          return ((performance.now() - start) * 1000) / count;
        }),
      );
    };
    expect(time([])).toBeLessThan(0.1);
    expect(
      time([set(out, counter, cast("i32", compare("eq", read(counter, [zero]), constant("i32", 7))))]),
    ).toBeLessThan(0.2);
  });
});
