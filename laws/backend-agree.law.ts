// Every backend computes the same: random kernels on wasm and on the reference, to the last bit.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Buffer, Expr } from "../src/kernel/expr.ts";
import { binary, buffer, cast, int, localVar, loopVar, read } from "../src/kernel/expr.ts";
import type { Mark, Stmt } from "../src/kernel/program.ts";
import { type Focus, kernelOf, recipes } from "./backend-kernels.ts";
import { outcome, programOf, textOf } from "./backend-run.ts";

const numRuns = Number(process.env.RUNS ?? 80);

describe("wasm and reference agree", () => {
  it.each<Focus>(["anything", "vectors", "copies"])("on random kernels of %s", (focus) => {
    fc.assert(
      fc.property(recipes, (list) => {
        const program = programOf(kernelOf(list, focus));
        const [wanted, got] = (["reference", "wasm"] as const).map((name) => outcome(name, program));
        expect(got, textOf(program)).toEqual(wanted);
      }),
      { numRuns },
    );
  });

  // Long sums are cut in blocks; the terms are small integers, so that every order gives the same.
  it.each([4095, 4097, 5003, 16391, 33000])("on sums of %i terms, whole and side by side", (extent) => {
    for (const type of ["f32", "f64"] as const) {
      const from = buffer("i32", [extent]),
        k = loopVar("k", extent),
        lane = loopVar("lane", 9),
        total = localVar("total", type),
        whole = buffer(type, [2]),
        beside = buffer(type, [9]);
      const small = (e: Expr): Expr => cast(type, binary("and", e, int(15)));
      const sum = (mark: Mark, value: Expr, limit?: Expr): Stmt => ({
        op: "for",
        index: k,
        mark,
        body: [],
        accs: [{ name: total, combine: "add", value }],
        ...(limit === undefined ? {} : { limit }),
      });
      const store = (b: Buffer, at: Expr): Stmt => ({ op: "store", buffer: b, at: [at], value: total });
      const program = programOf({
        name: "sums",
        params: [from, whole, beside],
        outputs: [whole, beside],
        scratch: [],
        body: [
          sum("vector", small(read(from, [k]))),
          store(whole, int(0)),
          sum("vector", small(read(from, [k])), int(extent - 3)),
          store(whole, int(1)),
          {
            op: "for",
            index: lane,
            mark: "vector",
            body: [sum("serial", small(binary("add", read(from, [k]), lane))), store(beside, lane)],
            accs: [],
          },
        ],
      });
      expect(outcome("wasm", program)).toEqual(outcome("reference", program));
    }
  });
});
