// Code that is not compiled: jitted functions, loops and branches run as the JavaScript that they are written in.
import { modes } from "../core/modes.ts";
import { call } from "../transforms/leaves.ts";

/**
 * `f()` with every `jit`, `lax.scan`, `lax.cond`, `lax.whileLoop` and their relatives inside running as plain JavaScript on concrete arrays:
 * a debugger steps through them, values can be read and printed, `if (x > 0)` works. Results are the same, slowly. Transforms go on as
 * always: inside `grad` and `vmap` values stay traced. `configure({ jit: false })` does it for all code that follows. Throws TraceError if
 * `f` is asynchronous.
 * @example
 * const f = jit((x: NDArray) => (x.item() > 0 ? x : x.neg()));
 * disableJit(() => f(-3)) // => 3
 */
export const disableJit = <R>(f: () => R): R => {
  const saved = modes.jit;
  modes.jit = false;
  try {
    return call(f, [], "disableJit") as R;
  } finally {
    modes.jit = saved;
  }
};
