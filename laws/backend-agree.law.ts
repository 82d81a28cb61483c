// Every backend computes the same: random kernels on wasm and on the reference, to the last bit.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { kernelOf, recipes } from "./backend-kernels.ts";
import { outcome, programOf, textOf } from "./backend-run.ts";

describe("wasm and reference agree", () => {
  it("on random kernels", () => {
    fc.assert(
      fc.property(recipes, (list) => {
        const program = programOf(kernelOf(list));
        const [wanted, got] = (["reference", "wasm"] as const).map((name) => outcome(name, program));
        expect(got, textOf(program)).toEqual(wanted);
      }),
      { numRuns: Number(process.env.RUNS ?? 300) },
    );
  });
});
