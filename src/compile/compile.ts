// From a jaxpr to a program and its plan: the passes in order.
import type { Jaxpr } from "../core/jaxpr.ts";
import type { Compiled } from "./compiled.ts";
import { naive } from "./naive.ts";

/** Compile a jaxpr; `donated[i]` says that the memory of input i may be reused. */
export const compile = (jaxpr: Jaxpr, options: { readonly donated: readonly boolean[] }): Compiled =>
  naive(jaxpr, options.donated);
