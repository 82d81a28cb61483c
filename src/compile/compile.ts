// From a jaxpr to a program and its plan: the passes in order.
import type { Atom, Jaxpr, Var } from "../core/jaxpr.ts";
import { isVar } from "../core/jaxpr.ts";
import type { Buffer } from "../kernel/expr.ts";
import { interning } from "../kernel/expr.ts";
import type { Program } from "../kernel/program.ts";
import { bufferTable } from "./group.ts";
import type { Compiled, OutRef } from "./compiled.ts";
import { inlineCalls } from "./inline.ts";
import { lower, type Site } from "./lowering.ts";
import { planMemory } from "./plan.ts";
import { simplify } from "./simplify.ts";
import { workOf } from "./work.ts";

/** Where each result is found, and the buffers of those that the program computes. */
const resultsOf = (
  jaxpr: Jaxpr,
  bufferOf: (v: Var) => Buffer,
): { readonly outs: readonly OutRef[]; readonly outputs: readonly Buffer[] } => {
  const outputs: Buffer[] = [];
  const outs = jaxpr.outs.map((a: Atom): OutRef => {
    if (!isVar(a)) return { kind: "literal", value: a };
    const input = jaxpr.ins.indexOf(a);
    if (input >= 0) return { kind: "input", index: input };
    const b = bufferOf(a);
    if (!outputs.includes(b)) outputs.push(b);
    return { kind: "buffer", index: outputs.indexOf(b) };
  });
  return { outs, outputs };
};

/** Compile a jaxpr; `donated[i]` says that the memory of input i may be reused, `threads` how many may share a kernel. */
export const compile = (
  source: Jaxpr,
  options: { readonly donated: readonly boolean[]; readonly threads?: number },
): Compiled => {
  const passes = new Map<string, number>();
  const timed = <A>(pass: string, f: () => A): A => {
    const start = performance.now(),
      result = f();
    passes.set(pass, (passes.get(pass) ?? 0) + performance.now() - start);
    return result;
  };
  return interning(() => {
    const jaxpr = timed("simplify", () => simplify(inlineCalls(source)));
    const bufferOf = bufferTable(),
      site: Site = { views: new Map(), count: 0, notes: [], timed },
      steps = lower(site, jaxpr, bufferOf);
    const inputs = jaxpr.ins.map(bufferOf),
      { outs, outputs } = resultsOf(jaxpr, bufferOf);
    const kept = new Set(outs.flatMap((o) => (o.kind === "input" ? [o.index] : [])));
    const donated = inputs.filter((_, i) => options.donated[i] === true && !kept.has(i));
    const plan = timed("plan", () => planMemory(steps, inputs, outputs, donated, options.threads));
    const program: Program = { inputs, outputs, temporaries: plan.placements.map((p) => p.buffer), steps };
    return {
      jaxpr,
      program,
      plan,
      outs,
      ...workOf(steps),
      groups: site.notes.join("\n"),
      passes: [...passes].map(([name, ms]) => ({ name, ms })),
    };
  });
};
