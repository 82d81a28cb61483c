// What the compiler gives: the program, its plan, and where each result is found.
import type { Jaxpr } from "../core/jaxpr.ts";
import type { Literal } from "../core/value.ts";
import type { Plan, Program } from "../kernel/program.ts";

/** Where a result of the jaxpr is found: an argument, a literal, or an output buffer of the program. */
export type OutRef =
  | { readonly kind: "input"; readonly index: number }
  | { readonly kind: "literal"; readonly value: Literal }
  | { readonly kind: "buffer"; readonly index: number };
/** Everything that the compiler made of a jaxpr. */
export interface Compiled {
  /** The simplified jaxpr, calls inlined. */
  readonly jaxpr: Jaxpr;
  readonly program: Program;
  readonly plan: Plan;
  readonly outs: readonly OutRef[];
  /** The fusion decisions as text. */
  readonly groups: string;
  /** Arithmetic operations of one run, and bytes that its kernels read and write. */
  readonly flops: number;
  readonly bytes: number;
  readonly passes: readonly { readonly name: string; readonly ms: number }[];
}
