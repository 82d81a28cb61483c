// What the checker of kernels, programs and memory plans accepts and refuses.
import * as E from "fp-ts/lib/Either.js";
import { describe, expect, it } from "vitest";
import { checkKernel, checkProgram } from "../src/kernel/check.ts";
import type { Expr, Var } from "../src/kernel/expr.ts";
import {
  binary,
  bitcast,
  cast,
  compare,
  constant,
  fma64,
  localVar,
  loopVar,
  read,
  reduce,
  select,
  unary,
} from "../src/kernel/expr.ts";
import { expandMath } from "../src/kernel/math.ts";
import type { Placement, Plan, Program, Step, Stmt } from "../src/kernel/program.ts";

import {
  a,
  b,
  cell,
  copyKernel,
  counter,
  counting,
  countingPlan,
  f32,
  first,
  flag,
  i,
  j,
  kernelOf,
  next,
  out,
  place,
  plan,
  program,
  second,
  softmax,
  temp,
  which,
} from "./kernel-subjects.ts";

const complaints = (x: E.Either<readonly string[], unknown>): string => (E.isLeft(x) ? x.left.join("\n") : "");
const store = (value: Expr, more: Partial<Extract<Stmt, { op: "store" }>> = {}): Stmt => ({
  op: "store",
  buffer: b,
  at: [i, j],
  value,
  ...more,
});
/** A node that the constructors would not make. */
const forged = (e: Expr, change: object): Expr => ({ ...e, ...change }) as Expr;

describe("the checker", () => {
  it("accepts what the compiler makes", () => {
    expect(complaints(checkKernel(softmax()))).toBe("");
    expect(
      complaints(checkKernel(kernelOf([store(expandMath([unary("sin", unary("lgamma", cell(a)))])[0] as Expr)]))),
    ).toBe("");
    const p = program();
    expect(complaints(checkProgram(p, plan(p)))).toBe("");
  });
  const t = localVar("t", "f32"),
    n = localVar("n", "i32"),
    stray: Var = loopVar("stray", 3);
  it.each<readonly [string, readonly Stmt[], RegExp]>([
    [
      "operands of different types",
      [store(binary("add", cell(a), i))],
      /add of \(f32, i32\) typed f32 in b0\[i, j\] \+ i/,
    ],
    [
      "a result of another type",
      [store(cast("f32", forged(binary("add", i, j), { type: "u32" })))],
      /add of \(i32, i32\) typed u32/,
    ],
    ["square roots of integers", [store(cast("f32", unary("sqrt", i)))], /sqrt of \(i32\)/],
    ["bits of floats", [store(binary("xor", cell(a), cell(a)))], /xor of \(f32, f32\)/],
    ["fma64 of float64", [store(forged(fma64(cell(a), cell(a), cell(a)), { type: "f64" }))], /fma64 of .* typed f64/],
    [
      "sums of bools",
      [store(cast("f32", binary("add", constant("bool", 1), constant("bool", 0))))],
      /add of \(bool, bool\)/,
    ],
    [
      "a number as condition",
      [store(forged(select(compare("lt", i, j), f32(1), f32(2)), { args: [i, f32(1), f32(2)] }))],
      /select of \(i32, f32, f32\)/,
    ],
    ["bits of another width", [store(cast("f32", bitcast("f64", i)))], /the bits of i32 as f64/],
    ["a float as index", [store(read(a, [i, cell(a)]))], /an index of type f32, not i32/],
    ["too many indices", [store(read(a, [i, j, j]))], /3 indices into f32\[4, 10\]/],
    ["a constant of the wrong kind", [store(forged(f32(1), { value: 1n }))], /a constant f32 that is a bigint/],
    ["an unbound variable", [store(t)], /the variable t0 is not bound/],
    ["an index outside of its loop", [store(cast("f32", stray))], /is not bound/],
    [
      "the index of a reduction outside of it",
      [
        store(
          binary(
            "add",
            reduce("add", 3, () => f32(1)),
            cast("f32", stray),
          ),
        ),
      ],
      /is not bound/,
    ],
    [
      "a name bound twice",
      [
        { op: "let", name: t, value: f32(1) },
        { op: "let", name: t, value: f32(2) },
      ],
      /t0 is bound again/,
    ],
    ["a value of another type than its name", [{ op: "let", name: t, value: i }], /the value of t0 is i32, not f32/],
    [
      "setting what is not mutable",
      [
        { op: "let", name: t, value: f32(1) },
        { op: "set", name: t, value: f32(2) },
      ],
      /t0 is set, but is not mutable/,
    ],
    ["setting what does not exist", [{ op: "set", name: t, value: f32(2) }], /is set, but is not mutable/],
    ["a loop inside itself", [{ op: "for", index: i, mark: "serial", accs: [], body: [] }], /i is bound again/],
    [
      "names that leave their block",
      [{ op: "if", cond: compare("lt", i, j), then: [{ op: "let", name: t, value: f32(1) }], else: [] }, store(t)],
      /is not bound/,
    ],
    ["a condition that is a number", [{ op: "while", cond: i, body: [] }], /a condition is i32, not bool/],
    [
      "a limit that is a float",
      [{ op: "for", index: stray, mark: "serial", accs: [], body: [], limit: f32(2) }],
      /the limit of a loop is f32/,
    ],
    [
      "a total of another type",
      [{ op: "for", index: stray, mark: "serial", body: [], accs: [{ name: n, combine: "add", value: f32(1) }] }],
      /the value of t0 is f32, not i32/,
    ],
    ["a store to an input", [store(f32(1), { buffer: a })], /a store to b0, which is neither an output nor scratch/],
    ["a store of another type", [store(i)], /the value stored to b1 is i32, not f32/],
    ["a store with too few indices", [store(f32(1), { at: [] })], /0 indices into/],
    ["bits combined into floats", [store(f32(1), { combine: "and" })], /by and of f32/],
    ["a read of an unknown buffer", [store(read(temp, [i, j]))], /a read of a buffer that is not declared/],
  ])("refuses %s", (_, body, complaint) => {
    expect(complaints(checkKernel(kernelOf(body)))).toMatch(complaint);
  });
  it("refuses outputs that are no parameters, and buffers declared twice", () => {
    expect(complaints(checkKernel(kernelOf([], { outputs: [temp] })))).toMatch(/is not among the parameters/);
    expect(complaints(checkKernel(kernelOf([], { scratch: [a] })))).toMatch(/declared twice/);
  });
  it.each<readonly [string, readonly Step[], RegExp]>([
    [
      "a buffer used before it is written",
      [{ op: "call", kernel: second }],
      /tmp0 is used before anything is written to it/,
    ],
    ["an output that nobody writes", [{ op: "call", kernel: first }], /nothing is written to out0/],
    ["writes to inputs", [{ op: "call", kernel: copyKernel(a, a) }], /writes in0, which is an input/],
    ["unknown buffers", [{ op: "copy", from: a, to: b }], /is not a buffer of the program/],
    ["copies between types", [{ op: "copy", from: a, to: flag }], /copy: f32\[4, 10\] to bool\[\]/],
    [
      "what only one branch writes",
      [{ op: "branch", index: which, branches: [[{ op: "copy", from: a, to: out }], []] }],
      /nothing is written to out0/,
    ],
    [
      "what a loop may never write",
      [{ op: "loop", count: 0, body: [{ op: "copy", from: a, to: out }] }],
      /nothing is written to out0/,
    ],
    ["a flag that is no bool", [{ op: "while", cond: [], flag: which, body: [] }], /the flag is i32/],
    ["no branches", [{ op: "branch", index: which, branches: [] }], /no branches/],
    ["malformed kernels", [{ op: "call", kernel: kernelOf([store(i)]) }], /k: the value stored/],
  ])("refuses %s", (_, steps, complaint) => {
    expect(complaints(checkProgram(program(steps)))).toMatch(complaint);
  });
  it.each<readonly [string, readonly Placement[], RegExp]>([
    ["an overlap", [place(temp, 0, 0, 3), place(flag, 144, 2, 2)], /live at the same time and overlap/],
    [
      "an overlap that only touches in time",
      [place(temp, 0, 0, 2), place(flag, 144, 2, 3)],
      /live at the same time and overlap/,
    ],
    ["a missing place", [place(temp, 0, 0, 3)], /bool\[\] has no place/],
    ["a place too small", [{ ...place(temp, 0, 0, 3), bytes: 16 }, place(flag, 160, 2, 2)], /16 bytes for/],
    ["a place outside of the arena", [place(temp, 32, 0, 3), place(flag, 0, 2, 2)], /outside of the arena/],
    ["a crooked address", [place(temp, 8, 0, 3), place(flag, 0, 9, 9)], /not aligned/],
    ["a second place", [place(temp, 0, 0, 3), place(temp, 0, 0, 3), place(flag, 160, 2, 2)], /has a second place/],
  ])("refuses a plan with %s", (_, placements, complaint) => {
    const p = program();
    expect(complaints(checkProgram(p, plan(p, placements)))).toMatch(complaint);
  });
  it.each<readonly [string, Program, Plan, RegExp]>([
    [
      "a carry that no round writes",
      counting({}, copyKernel(out, temp)),
      countingPlan(),
      /nothing is written to next0/,
    ],
    ["a carry of another type", counting({ next: flag }), countingPlan(), /loop: carries bool\[\] as f32\[4, 10\]/],
    ["a carry without a first value", counting({ now: counter }), countingPlan(), /carries f32\[4, 10\] as i32\[\]/],
    ["a carry without a place", counting(), countingPlan(new Map()), /f32\[4, 10\] has no place/],
    ["a place shared with nothing", counting(), countingPlan(new Map([[next, temp]])), /has no place/],
  ])("refuses %s", (_, p, where, complaint) => {
    expect(complaints(checkProgram(p, where))).toMatch(complaint);
  });
  it("accepts memory used again later, and results written over operands", () => {
    const p = program();
    expect(complaints(checkProgram(p, plan(p, [place(temp, 0, 0, 1), place(flag, 0, 2, 3)])))).toBe("");
    expect(complaints(checkProgram(p, plan(p, [place(temp, 0, 0, 2), place(flag, 0, 2, 3)])))).toBe("");
  });
});
