// checkpoint for users: a function whose intermediate values are computed again for the backward pass instead of kept.
import { ArgumentError } from "../core/errors.ts";
import { bindCall, isEager } from "../core/trace.ts";
import { combinator } from "../transforms/combinator.ts";
import { type Callable, rebuild } from "../transforms/leaves.ts";
import type { Fn } from "../transforms/types.ts";
import { checkpointPolicies, type Policy } from "./checkpointPolicies.ts";
import { checkpointP, withoutCalls } from "./checkpointPrimitive.ts";
import { allArguments, takeApart } from "./customArguments.ts";
import { eagerly, traceCall } from "./customCall.ts";

/** What `checkpoint` can be told. */
export interface CheckpointOptions {
  /** What is kept for the backward pass: one of `checkpointPolicies`, nothing but the arguments by default. */
  readonly policy?: Policy;
  /** Whether the second computation waits for the backward pass to arrive (true by default); without it the compiler may find it equal to the first. */
  readonly preventCse?: boolean;
  /** Positions of arguments that are no arrays. */
  readonly staticArgnums?: number | readonly number[];
}

const make = (f: Callable, options: CheckpointOptions): Callable => {
  const op = `checkpoint(${f.name === "" ? "f" : f.name})`,
    { policy = checkpointPolicies.nothingSaveable, preventCse = true, staticArgnums = [] } = options;
  if (typeof policy !== "function")
    throw new ArgumentError({
      op,
      expected: "a policy, one of checkpointPolicies",
      got: policy === null ? "null" : typeof policy,
    });
  return (...args) => {
    const held = { nondiffArgnums: staticArgnums };
    if (isEager()) return eagerly(f, args, held, op);
    const { signature, operands } = takeApart(args, held, op);
    const { jaxpr, consts, results } = traceCall(f, (ins) => allArguments(signature, ins), operands, op);
    const outs =
      jaxpr.outs.length === 0
        ? []
        : bindCall(checkpointP, [...consts, ...operands], {
            jaxpr: withoutCalls(jaxpr),
            name: op,
            policy,
            preventCse,
            waiting: null,
          });
    return rebuild(results.def, outs, op);
  };
};

/** Both forms of `checkpoint`. */
export interface Checkpoint {
  <F extends Fn>(f: F, options?: CheckpointOptions): F;
  (options?: CheckpointOptions): <F extends Fn>(f: F) => F;
}
/**
 * `f`, of whose intermediate values reverse mode keeps only what the policy allows (by default nothing but the arguments); it computes the rest again when
 * it needs it: less memory for more arithmetic. Values and derivatives are those of `f`. Called without a function it gives a combinator. Throws
 * ArgumentError for a policy that is no function, TraceError if `f` is asynchronous.
 * @example
 * const layer = checkpoint((x: NDArray) => np.sin(np.sin(x)));
 * grad((x: NDArray) => layer(layer(x)))(np.array(0)) // => 1
 */
export const checkpoint: Checkpoint = ((f?: unknown, options?: unknown) =>
  combinator<CheckpointOptions>("checkpoint", make, f, options, {})) as Checkpoint;
