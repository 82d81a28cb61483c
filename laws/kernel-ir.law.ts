// The kernel IR as data: sharing, rewriting of deep expressions, and what the printer shows.
import * as E from "fp-ts/lib/Either.js";
import { describe, expect, it } from "vitest";
import { checkKernel, checkProgram } from "../src/kernel/check.ts";
import type { Expr } from "../src/kernel/expr.ts";
import {
  binary,
  bitcast,
  buffer,
  cast,
  compare,
  constant,
  fma,
  fma64,
  int,
  interning,
  localVar,
  loopVar,
  read,
  reduce,
  rewrite,
  select,
  substitute,
  topological,
  unary,
  withArgs,
} from "../src/kernel/expr.ts";
import { expandMath } from "../src/kernel/math.ts";
import { showExpr, showKernel, showPlan, showProgram } from "../src/kernel/print.ts";
import type { Kernel } from "../src/kernel/program.ts";

import { a, b, cell, counting, countingPlan, f32, i, j, kernelOf, plan, program, softmax } from "./kernel-subjects.ts";

describe("hash-consing", () => {
  it("equal expressions are one object", () => {
    expect(binary("add", cell(a), f32(1))).toBe(binary("add", cell(a), f32(1)));
    expect(reduce("add", 0, () => f32(1))).not.toBe(reduce("add", 0, () => f32(1))); // a fresh index each
  });
  it("different ones are not: zeros by sign, types, buffers, names", () => {
    expect(f32(0)).not.toBe(f32(-0));
    expect(int(1)).not.toBe(constant("u32", 1));
    expect(cell(a)).not.toBe(cell(b));
    expect(loopVar("i", 4)).not.toBe(loopVar("i", 5));
    expect(constant("i64", 1n)).not.toBe(constant("f64", 1));
    expect(cast("i32", f32(1))).not.toBe(bitcast("i32", f32(1)));
  });
  it("constants are wrapped to their type", () => {
    expect(int(2 ** 31).value).toBe(-(2 ** 31));
    expect(constant("u32", -1).value).toBe(2 ** 32 - 1);
    expect(constant("f32", 0.1).value).toBe(Math.fround(0.1));
    expect(constant("bool", 7).value).toBe(1);
  });
  it("operands have smaller ids, and an operation on itself is kept", () => {
    const e = binary("mul", cell(a), unary("exp", cell(b)));
    for (const x of topological([e])) for (const y of x.args) expect(y.id).toBeLessThan(x.id);
    expect(withArgs(e, e.args)).toBe(e);
  });
  it("a compilation leaves no nodes behind", () => {
    const inside = interning(() => binary("sub", cell(a), cell(b)));
    expect(binary("sub", cell(a), cell(b))).not.toBe(inside);
  });
  it("selects of known conditions or equal values vanish", () => {
    expect(select(constant("bool", 1), f32(1), f32(2))).toBe(f32(1));
    expect(select(compare("lt", i, j), f32(2), f32(2))).toBe(f32(2));
  });
});

describe("depth is no limit", () => {
  const deep = (n: number): Expr => {
    let e: Expr = cell(a);
    for (let k = 0; k < n; k++) e = binary(k % 2 === 0 ? "add" : "mul", e, cell(b));
    return e;
  };
  const n = 100_000;
  it("rewrite, substitute, expandMath", () => {
    const e = deep(n);
    expect(topological([e]).length).toBe(n + 4);
    expect(rewrite([e], (x) => x)[0] === e).toBe(true); // not toBe(e): a failure would be printed as a tree
    const swapped = substitute([e], new Map([[cell(a), cell(b)]]))[0] as Expr;
    expect(topological([swapped]).includes(cell(a))).toBe(false);
    expect(substitute([swapped], new Map<Expr, Expr>([[i, int(0)]]))[0] === swapped).toBe(false);
    expect(expandMath([e])[0] === e).toBe(true);
  });
  it("printer and checker", () => {
    const e = deep(n);
    expect(showExpr(e).length).toBeGreaterThan(n);
    const k = kernelOf([{ op: "store", buffer: b, at: [i, j], value: e }]);
    expect(E.isRight(checkKernel(k))).toBe(true);
  });
  it("sharing does not explode: 200 doublings print in few lines", () => {
    let e: Expr = cell(a);
    for (let k = 0; k < 200; k++) e = binary("add", e, e);
    expect(showExpr(e).length).toBeLessThan(10_000);
  });
});

describe("the printer", () => {
  it.each([
    ["b0[i, j] + 1.0", binary("add", cell(a), f32(1))],
    ["(b0[i, j] + 1.0) * 0.1", binary("mul", binary("add", cell(a), f32(1)), f32(0.1))],
    ["1.0 - (1.0 - b0[i, j])", binary("sub", f32(1), binary("sub", f32(1), cell(a)))],
    ["-(b0[i, j] + -inf)", unary("neg", binary("add", cell(a), f32(-Infinity)))],
    ["i < j ? b0[i, j] : exp(-0.0)", select(compare("lt", i, j), cell(a), unary("exp", f32(-0)))],
    ["!(i == j) & true", binary("and", unary("not", compare("eq", i, j)), constant("bool", 1))],
    ["sum(j < 10: b0[i, j] * 2.0)", reduce("add", 10, (r) => binary("mul", read(a, [j, r]), f32(2)))],
    [
      "fma(f32(i), nan, f32.bits(i << 23))",
      fma(cast("f32", i), f32(Number.NaN), bitcast("f32", binary("shl", i, int(23)))),
    ],
    ["fma64(b0[i, j], 2.0, 0.5)", fma64(cell(a), f32(2), f32(0.5))],
    [
      "f64(3u) / max(0.1, 1e+300)",
      binary("div", cast("f64", constant("u32", 3)), binary("max", constant("f64", 0.1), constant("f64", 1e300))),
    ],
    ["5n >> 3n", binary("shr", constant("i64", 5n), constant("i64", 3n))],
  ])("%s", (text, e) => {
    expect(showExpr(e)).toBe(text);
  });
  it("names what is used twice", () => {
    const x = binary("mul", binary("add", cell(a), f32(1)), cell(b));
    expect(showExpr(binary("mul", x, x))).toBe("t0 = (b0[i, j] + 1.0) * b1[i, j]\nt0 * t0");
  });
  it("names do not depend on what was made before", () => {
    const make = (): string => {
      const x = buffer("i32", [3]),
        y = buffer("i32", [3]),
        v = loopVar(`v${Math.random()}`, 3);
      return showExpr(binary("add", read(x, [v]), read(y, [v])));
    };
    expect(make()).toBe("b0[i] + b1[i]");
    expect(make()).toBe(make());
  });
  it("a fused softmax", () => {
    expect(showKernel(softmax())).toMatchInlineSnapshot(`
      "kernel softmax(b0: f32[4, 10], out b1: f32[4, 10]) {
        for i in 0..4 {
          let t0: i32 = i * 10
          for j in 0..10 vector {
            yield t1 = max(b0[t0 + j])
          }
          for j in 0..10 vector {
            yield t2 = sum(exp(b0[t0 + j] - t1))
          }
          for j in 0..10 vector {
            b1[t0 + j] = exp(b0[t0 + j] - t1) / t2
          }
        }
      }"
    `);
  });
  it("every statement", () => {
    const n = localVar("n", "i32"),
      s = buffer("f32", [10]),
      t = localVar("t", "f32"),
      total = localVar("total", "f32");
    const k: Kernel = {
      name: "walk",
      params: [a, b],
      outputs: [b],
      scratch: [s],
      body: [
        { op: "let", name: n, value: int(0), mutable: true },
        {
          op: "while",
          cond: compare("lt", n, int(4)),
          body: [
            { op: "set", name: n, value: binary("add", n, int(1)) },
            {
              op: "if",
              cond: compare("eq", n, int(2)),
              then: [{ op: "store", buffer: s, at: [n], value: f32(1), combine: "add" }],
              else: [{ op: "store", buffer: s, at: [n], value: f32(2) }],
            },
          ],
        },
        {
          op: "for",
          index: j,
          mark: "serial",
          limit: n,
          body: [{ op: "let", name: t, value: read(s, [j]) }],
          accs: [{ name: total, combine: "add", value: binary("mul", t, t) }],
        },
        {
          op: "if",
          cond: compare("gt", total, f32(0)),
          then: [{ op: "store", buffer: b, at: [int(0), int(0)], value: total }],
          else: [],
        },
      ],
    };
    expect(E.isRight(checkKernel(k))).toBe(true);
    expect(showKernel(k)).toMatchInlineSnapshot(`
      "kernel walk(b0: f32[4, 10], out b1: f32[4, 10]) {
        scratch s0: f32[10]
        var t0: i32 = 0
        while t0 < 4 {
          t0 = t0 + 1
          if t0 == 2 {
            s0[t0] += 1.0
          } else {
            s0[t0] = 2.0
          }
        }
        for i in 0..min(10, t0) {
          let t1: f32 = s0[i]
          yield t2 = sum(t1 * t1)
        }
        if t2 > 0.0 {
          b1[0, 0] = t2
        }
      }"
    `);
  });
  it("a loop that counts and carries", () => {
    const p = counting();
    expect(E.isRight(checkProgram(p, countingPlan()))).toBe(true);
    expect(showProgram(p)).toMatchInlineSnapshot(`
      "program (in0: f32[4, 10]) -> (out0: f32[4, 10]) {
        let tmp0: i32[]
        copy in0 to out0
        loop tmp0 in 0..3 with out0 <- next0 {
          twice(out0, next0)
        }
      }

      kernel twice(b0: f32[4, 10], out b1: f32[4, 10]) {
        for i in 0..4 {
          for j in 0..10 vector {
            b1[i, j] = b0[i, j] * 2.0
          }
        }
      }"
    `);
    expect(showPlan(countingPlan(), p)).toMatchInlineSnapshot(`
      "arena 16 bytes, at least 16 live at once
        tmp0  i32[]  at 0  16 bytes  steps 1..3
        next0 is where out0 is"
    `);
  });
  it("a name that stands for an index", () => {
    const n = loopVar("round", 4),
      count = buffer("i32", []);
    const k: Kernel = {
      name: "row",
      params: [count, b],
      outputs: [b],
      scratch: [],
      body: [
        { op: "let", name: n, value: read(count, []) },
        {
          op: "for",
          index: j,
          mark: "vector",
          accs: [],
          body: [{ op: "store", buffer: b, at: [n, j], value: f32(1) }],
        },
      ],
    };
    expect(showKernel(k)).toMatchInlineSnapshot(`
      "kernel row(b0: i32[], out b1: f32[4, 10]) {
        let t0: i32 = b0[]
        for i in 0..10 vector {
          b1[t0, i] = 1.0
        }
      }"
    `);
  });
  it("a program with loops and branches, and its plan", () => {
    expect(showProgram(program())).toMatchInlineSnapshot(`
      "program (in0: f32[4, 10], in1: i32[]) -> (out0: f32[4, 10]) {
        let tmp0: f32[4, 10]
        let tmp1: bool[]
        twice(in0, tmp0)
        loop 3 {
          twice#2(tmp0, out0)
          copy out0 to tmp0
        }
        while {
          done(tmp0, tmp1)
          tmp1
        } do {
          twice#2(tmp0, out0)
          copy out0 to tmp0
        }
        branch in1 {
          0 {
            copy tmp0 to out0
          }
          1 {
            twice#2(tmp0, out0)
          }
        }
      }

      kernel twice(b0: f32[4, 10], out b1: f32[4, 10]) {
        for i in 0..4 {
          for j in 0..10 vector {
            b1[i, j] = b0[i, j] * 2.0
          }
        }
      }

      kernel twice#2(b0: f32[4, 10], out b1: f32[4, 10]) {
        for i in 0..4 {
          for j in 0..10 vector {
            b1[i, j] = b0[i, j] * 2.0
          }
        }
      }

      kernel done(b0: f32[4, 10], out b1: bool[]) {
        b1[] = b0[0, 0] < 9.0
      }"
    `);
    expect(showPlan(plan(program()), program())).toMatchInlineSnapshot(`
      "arena 176 bytes, at least 176 live at once
        tmp0  f32[4, 10]  at 0    160 bytes  steps 0..3
        tmp1  bool[]      at 160  16 bytes   steps 2..2
        out0 takes the memory of in0"
    `);
  });
});
