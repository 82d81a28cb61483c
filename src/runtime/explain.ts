// `explain`: every stage of the compilation of a jitted function, for people and for laws.
import { compile } from "../compile/compile.ts";
import { ArgumentError } from "../core/errors.ts";
import { showJaxpr } from "../core/print.ts";
import { type Explanation, installExplain, type StagedFunction, type Staging, traceOf } from "../core/staged.ts";
import type { Buffer } from "../kernel/expr.ts";
import { kernelsOf, showKernel, showPlan, showProgram } from "../kernel/print.ts";
import { currentDevice, deviceOf, threadsOf } from "./backend.ts";
import type { BackendName } from "./configure.ts";
import { showBytes } from "./device.ts";

/** `1.2 M`. */
const showCount = (n: number): string => {
  const units = ["", " k", " M", " G", " T"];
  let x = n,
    i = 0;
  for (; x >= 1000 && i < units.length - 1; i++) x /= 1000;
  return `${i === 0 ? Math.round(x) : Number(x.toPrecision(3))}${units[i]}`;
};
const heading = (title: string, body: string): string => `== ${title}\n${body}`;

const explainStages = ({ name, closed, donated, device, lookup }: Staging): Explanation => {
  const { jaxpr: source } = closed,
    target = device === null ? currentDevice() : deviceOf(device as BackendName);
  const { jaxpr, program, plan, groups, flops, bytes, passes } = compile(source, {
    donated: donated ?? source.ins.map(() => false),
    threads: threadsOf(target),
  });
  const start = performance.now(),
    executable = target.backend.compile(program, plan),
    ms = performance.now() - start;
  const nameOf = (b: Buffer, i: number): string => `t${i} ${b.type}[${b.shape.join(",")}]`;
  const printable = <T extends object>(x: T, show: () => string): T & { readonly toString: () => string } =>
    Object.defineProperty({ ...x }, "toString", { value: show, enumerable: false });
  const kernels = kernelsOf(program.steps).map((k) => printable(k, () => showKernel(k)));
  const shown = printable(
    {
      ...plan,
      peakBytes: plan.arenaBytes,
      buffers: plan.placements.map(({ buffer, offset, bytes: size, from, to }, i) => ({
        buffer: nameOf(buffer, i),
        offset,
        bytes: size,
        from,
        to,
      })),
    },
    () => showPlan(plan, program),
  );
  const allPasses = [...passes, { name: "emit", ms }],
    text = (): string => executable.text();
  const summary = [
    lookup,
    `${kernels.length} kernels, ${executable.codeBytes} bytes of code for ${target.backend.name}`,
    `${showCount(flops)} operations, ${showBytes(bytes)} moved`,
    `arena ${showBytes(plan.arenaBytes)} (liveness bound ${showBytes(plan.livenessBytes)})`,
    allPasses.map((p) => `${p.name} ${p.ms.toFixed(1)} ms`).join(", "),
  ].join("\n");
  const explanation = {
    lookup,
    jaxpr: printable(jaxpr, () => showJaxpr(jaxpr)),
    groups,
    kernels,
    program,
    flops,
    bytes,
    plan: shown,
    passes: allPasses,
    get text(): string {
      return text();
    },
  };
  return Object.defineProperty(explanation, "toString", {
    enumerable: false,
    value: () =>
      [
        heading(name, summary),
        heading("jaxpr", showJaxpr(jaxpr)),
        heading("fusion", groups),
        heading("program", showProgram(program)),
        heading("memory", showPlan(plan, program)),
        heading("code", text()),
      ].join("\n\n"),
  });
};

/** Make `lower` of jitted functions work; done once. */
export const installExplanations = (): void => installExplain(explainStages);

/**
 * All stages of the compilation of `jit(f)` for these arguments, without running it: the simplified jaxpr, what was fused and
 * why, kernels, the memory plan (`peakBytes`, `livenessBytes`, offsets and lifetimes), WebAssembly text, arithmetic operations
 * and bytes; `lookup` says whether a call would have to compile, and why. Every stage prints itself, and the whole does. Throws ArgumentError for a function that is not jitted.
 * @example
 * const softmax = jit((x: NDArray) => nn.softmax(x));
 * const e = explain(softmax, np.zeros([8, 16]));
 * e.kernels.length // => 1
 * e.plan.peakBytes // => 64
 */
export const explain = (f: object, ...args: readonly unknown[]): Explanation => {
  if (typeof f !== "function" || !(traceOf in f))
    throw new ArgumentError({
      op: "explain",
      expected: "a jitted function",
      got: typeof f === "function" ? "a function that is not jitted" : typeof f,
      remedy: "write explain(jit(f), ...args)",
    });
  return explainStages((f as StagedFunction)[traceOf](...args));
};
