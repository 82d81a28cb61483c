// The compiler keeps meaning: what it makes of random programs gives what the program gives one equation at a time, its
// plans never put two living values in one place, and its passes do what they promise.
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { compile } from "../src/compile/compile.ts";
import type { Compiled } from "../src/compile/compiled.ts";
import { naive } from "../src/compile/naive.ts";
import { simplify } from "../src/compile/simplify.ts";
import { sizeOf } from "../src/core/aval.ts";
import { checkJaxpr } from "../src/core/check.ts";
import { typedArray } from "../src/runtime/views.ts";
import { fromTyped } from "../src/runtime/array.ts";
import { currentDevice } from "../src/runtime/backend.ts";
import { install } from "../src/runtime/eager.ts";
import { run } from "../src/runtime/executable.ts";
import { load } from "../src/runtime/load.ts";
import { byteSize } from "../src/kernel/expr.ts";
import type { Value } from "../src/core/value.ts";
import { argument, jaxprOf, operationNames, programs, type RandomProgram } from "./random-programs.ts";

beforeAll(install);

const inputsOf = (p: RandomProgram): readonly Value[] =>
  p.shapes.map((shape, i) => {
    const n = sizeOf(shape),
      data = typedArray(p.dtype, n);
    data.set(argument(i, n));
    return fromTyped(p.dtype, shape, data);
  });
const results = (
  c: Compiled,
  consts: readonly Value[],
  ins: readonly Value[],
  donated: readonly boolean[] | null,
): readonly (readonly number[])[] =>
  // The sign of a zero is free: a sum over one element is that element, or 0 plus it.
  run(load(c, currentDevice(), "law", donated), [...consts, ...ins]).map((x) => Array.from(x.dataSync(), (v) => v + 0));

/** Lives and places of a plan: those that overlap in both, unless one continues the other. */
const collisions = ({ plan, program }: Compiled): readonly string[] => {
  const found: string[] = [];
  plan.placements.forEach((a, i) => {
    if (
      a.offset % 16 !== 0 ||
      a.bytes < sizeOf(a.buffer.shape) * byteSize[a.buffer.type] ||
      a.offset + a.bytes > plan.arenaBytes
    )
      found.push(`placement ${i} does not fit`);
    plan.placements.forEach((b, j) => {
      if (j <= i || a.to < b.from || b.to < a.from || a.offset + a.bytes <= b.offset || b.offset + b.bytes <= a.offset)
        return;
      const replaced = a.offset === b.offset && (a.to === b.from || b.to === a.from);
      if (!replaced) found.push(`${i} [${a.from}, ${a.to}] and ${j} [${b.from}, ${b.to}] share ${a.offset}`);
    });
  });
  const placed = new Set([...program.inputs, ...program.outputs, ...plan.placements.map((p) => p.buffer)]);
  for (const s of program.steps)
    if (s.op === "call")
      for (const b of [...s.kernel.params, ...s.kernel.scratch])
        if (!placed.has(b)) found.push(`${s.kernel.name} uses a buffer without a place`);
  return found;
};

describe("compile", () => {
  it("keeps the meaning of random programs", () => {
    let kernels = 0,
      equations = 0;
    fc.assert(
      fc.property(programs(), (p) => {
        const { jaxpr, consts } = jaxprOf(p),
          none = jaxpr.ins.map(() => false);
        const fused = compile(jaxpr, { donated: none }),
          plain = naive(jaxpr, none);
        kernels += fused.program.steps.length;
        equations += plain.program.steps.length;
        expect(collisions(fused)).toEqual([]);
        expect(fused.plan.livenessBytes).toBeLessThanOrEqual(fused.plan.arenaBytes);
        expect(results(fused, consts, inputsOf(p), null)).toEqual(results(plain, consts, inputsOf(p), null));
      }),
      { numRuns: 120 },
    );
    console.log(`${equations} equations became ${kernels} kernels; ${operationNames.length} kinds of equations`);
    expect(kernels * 2).toBeLessThan(equations);
  });

  it("keeps the meaning when arguments are donated", () => {
    let aliases = 0;
    fc.assert(
      fc.property(programs(["float32", "int32"], 10), fc.nat(7), (p, mask) => {
        const { jaxpr, consts } = jaxprOf(p),
          donated = jaxpr.ins.map((_, i) => i >= consts.length && ((mask >> (i % 3)) & 1) === 1);
        const fused = compile(jaxpr, { donated }),
          plain = naive(
            jaxpr,
            donated.map(() => false),
          );
        aliases += fused.plan.aliases.size;
        expect(results(fused, consts, inputsOf(p), donated)).toEqual(results(plain, consts, inputsOf(p), null));
      }),
      { numRuns: 80 },
    );
    expect(aliases).toBeGreaterThan(10);
  });

  it("simplification gives well-formed jaxprs with no more equations, and again nothing", () => {
    fc.assert(
      fc.property(programs(), (p) => {
        const { jaxpr } = jaxprOf(p),
          once = simplify(jaxpr);
        expect(checkJaxpr(once)).toMatchObject({ _tag: "Right" });
        expect(once.eqns.length).toBeLessThanOrEqual(jaxpr.eqns.length);
        expect(simplify(once).eqns.length).toBe(once.eqns.length);
      }),
      { numRuns: 60 },
    );
  });
});
