// Functions of arrays that are compiled as a whole, so that eager code runs one kernel where it would run one per operation.
import { jit } from "../control/jit.ts";
import { keyOf } from "../core/key.ts";
import type { Value } from "../core/value.ts";

// Programs that one function keeps; the oldest goes first.
const limit = 64;
/** `body` as one program for each value of its attributes (compared by structure). Under a transformation it is part of that. */
export const program = <A>(name: string, body: (attrs: A, ...values: readonly Value[]) => Value) => {
  const programs = new Map<string, (...values: readonly Value[]) => Value>();
  return (attrs: A, ...values: readonly Value[]): Value => {
    const id = keyOf(attrs),
      known = programs.get(id);
    if (known !== undefined) return known(...values);
    const run = (...xs: readonly Value[]): Value => body(attrs, ...xs);
    Object.defineProperty(run, "name", { value: name });
    const fresh = jit(run);
    if (programs.size >= limit) programs.delete(programs.keys().next().value as string);
    programs.set(id, fresh);
    return fresh(...values);
  };
};
