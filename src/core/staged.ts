// What a jitted function lets others see of itself: how to trace it without running it. `explain` and `lower` are built on it.
import type { Kernel, Plan, Program } from "../kernel/program.ts";
import { TraceError } from "./errors.ts";
import type { ClosedJaxpr, Jaxpr } from "./jaxpr.ts";
import type { TreeDef } from "./tree.ts";

/** Every stage of a compiled function; each prints itself. */
export interface Explanation {
  /** `known`, or `new: ` and why a call with these arguments is compiled anew. */
  readonly lookup: string;
  /** The simplified jaxpr. */
  readonly jaxpr: Jaxpr & { readonly toString: () => string };
  /** The fusion decisions. */
  readonly groups: string;
  readonly kernels: readonly (Kernel & { readonly toString: () => string })[];
  readonly program: Program;
  readonly plan: Plan & {
    /** Bytes of the arena; `livenessBytes` is the least that any placement needs. */
    readonly peakBytes: number;
    readonly buffers: readonly {
      readonly buffer: string;
      readonly offset: number;
      readonly bytes: number;
      readonly from: number;
      readonly to: number;
    }[];
    readonly toString: () => string;
  };
  /** The backend's code. */
  readonly text: string;
  readonly flops: number;
  readonly bytes: number;
  /** Milliseconds per pass. */
  readonly passes: readonly { readonly name: string; readonly ms: number }[];
  readonly toString: () => string;
}

/** A traced function. */
export interface Staging {
  readonly name: string;
  /** Its first inputs are the constants. */
  readonly closed: ClosedJaxpr;
  readonly out: TreeDef;
  /** Per input of the jaxpr, or null if nothing is donated. */
  readonly donated: readonly boolean[] | null;
  /** The backend that was asked for. */
  readonly device: string | null;
  /** Whether the function was traced for such arguments before, and if not, how they differ from the last ones. */
  readonly lookup: string;
}
/** The method by which a jitted function is traced. */
export const traceOf: unique symbol = Symbol("traceOf");
export interface StagedFunction {
  readonly [traceOf]: (...args: readonly unknown[]) => Staging;
}
/** How often functions were traced for `jit`. */
export const tally = { traces: 0 };

let explain: (s: Staging) => Explanation = () => {
  throw new TraceError({
    op: "lower",
    expected: "an installed runtime",
    got: "none",
    remedy: 'import from "brickbox", not from inner modules',
  });
};
/** Say how stages are explained; done once, by the runtime. */
export const installExplain = (f: (s: Staging) => Explanation): void => {
  explain = f;
};
export const explainStaging = (s: Staging): Explanation => explain(s);
