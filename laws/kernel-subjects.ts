// Small kernels, a program and a plan for the laws of the kernel IR.
import { canonical } from "../src/compile/canonical.ts";
import { hoist } from "../src/compile/hoist.ts";
import type { Buffer, Expr } from "../src/kernel/expr.ts";
import { binary, buffer, compare, constant, int, loopVar, read, reduce, unary } from "../src/kernel/expr.ts";
import type { Carry, Kernel, Placement, Plan, Program, Step, Stmt } from "../src/kernel/program.ts";

export const f32 = (x: number): Expr => constant("f32", x);
export const i = loopVar("i", 4);
export const j = loopVar("j", 10);
export const a = buffer("f32", [4, 10]);
export const b = buffer("f32", [4, 10]);
export const cell = (x: Buffer): Expr => read(x, [i, j]);

/** Loops over all cells around statements. */
export const kernelOf = (body: readonly Stmt[], more: Partial<Kernel> = {}): Kernel => ({
  name: "k",
  params: [a, b],
  outputs: [b],
  scratch: [],
  body: [
    {
      op: "for",
      index: i,
      mark: "parallel",
      accs: [],
      body: [{ op: "for", index: j, mark: "vector", accs: [], body }],
    },
  ],
  ...more,
});
/** A row at a time: its maximum, its sum, its values. */
export const softmax = (): Kernel => {
  const m = reduce("max", 10, (r) => read(a, [i, r])),
    e = (at: Expr): Expr => unary("exp", binary("sub", read(a, [i, at]), m));
  return kernelOf([], {
    name: "softmax",
    body: hoist([
      {
        op: "for",
        index: i,
        mark: "serial",
        accs: [],
        body: [
          {
            op: "for",
            index: j,
            mark: "vector",
            accs: [],
            body: [
              {
                op: "store",
                buffer: b,
                at: [binary("add", binary("mul", i, int(10)), j)],
                value: canonical([binary("div", e(j), reduce("add", 10, e))])[0] as Expr,
              },
            ],
          },
        ],
      },
    ]),
  });
};

export const flag = buffer("bool", []);
export const which = buffer("i32", []);
export const temp = buffer("f32", [4, 10]);
export const out = buffer("f32", [4, 10]);
/** `to = 2 from`. */
export const copyKernel = (from: Buffer, to: Buffer): Kernel => ({
  name: "twice",
  params: [from, to],
  outputs: [to],
  scratch: [],
  body: [
    {
      op: "for",
      index: i,
      mark: "serial",
      accs: [],
      body: [
        {
          op: "for",
          index: j,
          mark: "vector",
          accs: [],
          body: [{ op: "store", buffer: to, at: [i, j], value: binary("mul", cell(from), f32(2)) }],
        },
      ],
    },
  ],
});
const done: Kernel = {
  name: "done",
  params: [temp, flag],
  outputs: [flag],
  scratch: [],
  body: [{ op: "store", buffer: flag, at: [], value: compare("lt", read(temp, [int(0), int(0)]), f32(9)) }],
};
export const first = copyKernel(a, temp);
export const second = copyKernel(temp, out);
export const program = (steps?: readonly Step[]): Program => ({
  inputs: [a, which],
  outputs: [out],
  temporaries: [temp, flag],
  steps: steps ?? [
    { op: "call", kernel: first },
    {
      op: "loop",
      count: 3,
      body: [
        { op: "call", kernel: second },
        { op: "copy", from: out, to: temp },
      ],
    },
    {
      op: "while",
      cond: [{ op: "call", kernel: done }],
      flag,
      body: [
        { op: "call", kernel: second },
        { op: "copy", from: out, to: temp },
      ],
    },
    { op: "branch", index: which, branches: [[{ op: "copy", from: temp, to: out }], [{ op: "call", kernel: second }]] },
  ],
});
export const place = (x: Buffer, offset: number, from: number, to: number): Placement => ({
  buffer: x,
  offset,
  bytes: x === flag ? 16 : 160,
  from,
  to,
});
export const plan = (
  _: Program,
  placements: readonly Placement[] = [place(temp, 0, 0, 3), place(flag, 160, 2, 2)],
): Plan => ({
  placements,
  arenaBytes: 176,
  livenessBytes: 176,
  aliases: new Map([[out, a]]),
});

export const counter = buffer("i32", []);
export const next = buffer("f32", [4, 10]);
/** `out = a`, then three times `out = 2 out`, the doubled value being carried. */
export const counting = (carry: Partial<Carry> = {}, body: Kernel = copyKernel(out, next)): Program => ({
  inputs: [a],
  outputs: [out],
  temporaries: [counter],
  steps: [
    { op: "copy", from: a, to: out },
    {
      op: "loop",
      count: 3,
      counter,
      carries: [{ now: out, next, ...carry }],
      body: [{ op: "call", kernel: body }],
    },
  ],
});
/** Its plan: the next value is where the present one is. */
export const countingPlan = (shared: Plan["shared"] = new Map([[next, out]])): Plan => ({
  placements: [{ buffer: counter, offset: 0, bytes: 16, from: 1, to: 3 }],
  arenaBytes: 16,
  livenessBytes: 16,
  aliases: new Map(),
  ...(shared === undefined ? {} : { shared }),
});
