// Both forms of a transform: `grad(f, options)` transforms f, `grad(options)` waits for it, so that it fits in a `pipe`.
import { ArgumentError } from "../core/errors.ts";
import { Value } from "../core/value.ts";
import type { Callable } from "./leaves.ts";
import type { Fn } from "./types.ts";

/** A function of `(f, ...rest)` that may be called as `(...rest)(f)` too. */
export const eitherOrder =
  (op: string, run: (f: Callable, ...rest: readonly unknown[]) => unknown) =>
  (...args: readonly unknown[]): unknown => {
    const [first, ...rest] = args;
    if (typeof first === "function") return run(first as Callable, ...rest);
    return (f: unknown) => {
      if (typeof f !== "function") throw new ArgumentError({ op, expected: "a function", got: describe(f) });
      return run(f as Callable, ...args);
    };
  };

const describe = (x: unknown): string =>
  x === null
    ? "null"
    : Array.isArray(x)
      ? "a list"
      : x instanceof Value
        ? "an array"
        : typeof x === "object"
          ? "an object"
          : `${typeof x} ${String(x)}`;

/** `make` applied to the function, now or later; the result is called `op(f)`. `isOptions` tells options from mistakes. */
export const combinator = <O>(
  op: string,
  make: (f: Callable, options: O) => Callable,
  first: unknown,
  second: unknown,
  none: O,
  isOptions: (x: unknown) => x is O = (x): x is O =>
    typeof x === "object" && x !== null && !Array.isArray(x) && !(x instanceof Value),
): unknown => {
  const finish = (f: unknown, given: unknown): Callable => {
    if (typeof f !== "function") throw new ArgumentError({ op, expected: "a function", got: describe(f) });
    const options = given === undefined ? none : given;
    if (!isOptions(options)) throw new ArgumentError({ op, expected: "options in an object", got: describe(options) });
    const out = make(f as Callable, options);
    return Object.defineProperty(out, "name", { value: `${op}(${f.name === "" ? "f" : f.name})` });
  };
  if (typeof first === "function") return finish(first, second);
  if (first !== undefined && !isOptions(first))
    throw new ArgumentError({ op, expected: "a function", got: describe(first) });
  return (f: Fn) => finish(f, first);
};
