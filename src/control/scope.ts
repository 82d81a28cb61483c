// Named scopes: names for parts of a model, carried by the equations that are traced inside.
import { ArgumentError } from "../core/errors.ts";
import { withScope } from "../core/origin.ts";
import { type Callable, callable } from "../transforms/leaves.ts";
import type { Fn } from "../transforms/types.ts";

/** Both forms of `namedScope`. */
export interface NamedScope {
  (name: string): <F extends Fn>(f: F) => F;
  <F extends Fn>(name: string, f: F): F;
}
const scoped = (name: string, f: Fn): Callable => {
  if (typeof f !== "function")
    throw new ArgumentError({
      op: "namedScope",
      expected: "a function to run in the scope",
      got: f === null ? "null" : typeof f,
      remedy: 'write namedScope("encoder", (x) => ...)(x)',
    });
  const run = (...args: readonly unknown[]): unknown => withScope(name, () => callable(f)(...args));
  return Object.defineProperty(run, "name", { value: f.name });
};
/**
 * `f` in a scope: the equations that it traces carry the name, after those of the scopes around. Printers of jaxprs show it behind each
 * equation, `explain` behind each kernel. `namedScope(name)(f)` does too. Throws ArgumentError for a name that is empty.
 * @example
 * String(makeJaxpr(namedScope("wave", (x: NDArray) => np.sin(x)))(1)).includes("# wave") // => true
 */
export const namedScope: NamedScope = ((name: unknown, ...rest: readonly Fn[]) => {
  if (typeof name !== "string" || name === "")
    throw new ArgumentError({
      op: "namedScope",
      expected: "a name in the first place",
      got: name === "" ? "an empty text" : name === null ? "null" : typeof name,
      remedy: 'write namedScope("encoder", f)',
    });
  return rest.length === 0 ? (f: Fn) => scoped(name, f) : scoped(name, rest[0] as Fn);
}) as NamedScope;
