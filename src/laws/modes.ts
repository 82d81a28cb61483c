// Both modes of differentiation for functions whose types are not known.
import { jvp as typedJvp, vjp as typedVjp } from "../numpy/transforms.ts";

/** A function of trees. */
export type Callable = (...args: readonly unknown[]) => unknown;
/** `[f(x), df/dx dx]`. */
export const jvp = (
  f: Callable,
  primals: readonly unknown[],
  tangents: readonly unknown[],
): readonly [unknown, unknown] =>
  (typedJvp as unknown as (...args: readonly unknown[]) => readonly [unknown, unknown])(f, primals, tangents);
/** `[f(x), ct -> ct df/dx]`. */
export const vjp = (f: Callable, primals: readonly unknown[]): readonly [unknown, (ct: unknown) => unknown] =>
  (typedVjp as unknown as (...args: readonly unknown[]) => readonly [unknown, (ct: unknown) => unknown])(f, primals);
