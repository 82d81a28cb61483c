// Every backend computes the same: random kernels on wasm and on the reference, to the last bit.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Focus, kernelOf, recipes } from "./backend-kernels.ts";
import { outcome, programOf, textOf } from "./backend-run.ts";

const numRuns = Number(process.env.RUNS ?? 80);

describe("wasm and reference agree", () => {
  it.each<Focus>(["anything", "vectors"])("on random kernels of %s", (focus) => {
    fc.assert(
      fc.property(recipes, (list) => {
        const program = programOf(kernelOf(list, focus));
        const [wanted, got] = (["reference", "wasm"] as const).map((name) => outcome(name, program));
        expect(got, textOf(program)).toEqual(wanted);
      }),
      { numRuns },
    );
  });
});
