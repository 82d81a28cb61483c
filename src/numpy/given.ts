// Checks of arguments that are no arrays: integers, shapes, lists, functions. Each gives back what it has checked.
import type { Shape } from "../core/aval.ts";
import { ArgumentError, ShapeError } from "../core/errors.ts";
import { tracerMisuse } from "../core/misuse.ts";
import { Tracer, Value } from "../core/value.ts";

/** What a user gave, for a message. */
export const show = (x: unknown): string => {
  if (x instanceof Value) return "an array";
  if (Array.isArray(x)) return `[${x.map(show).join(", ")}]`;
  if (typeof x === "string") return JSON.stringify(x);
  if (typeof x === "function") return "a function";
  return typeof x === "object" && x !== null ? "an object" : String(x);
};
/** Throw TraceError for a traced value where numbers are needed that are known while tracing. */
export const refuseTraced = (x: unknown): void => {
  for (const v of Array.isArray(x) ? x : [x]) if (v instanceof Tracer) tracerMisuse(v, "shape");
};
const isInteger = (x: unknown): boolean => Number.isSafeInteger(x);

/** An integer from `least` on. Throws ArgumentError, naming `op` and what the integer is. */
export const integer = (op: string, what: string, x: number, least = Number.NEGATIVE_INFINITY): number => {
  refuseTraced(x);
  if (!isInteger(x) || x < least)
    throw new ArgumentError({
      op,
      expected: `an integer${least === Number.NEGATIVE_INFINITY ? "" : ` from ${least} on`} as ${what}`,
      got: show(x),
    });
  return x;
};
/** A list of integers. Throws ArgumentError, naming `op` and what the integers are. */
export const integers = <T extends readonly number[]>(op: string, what: string, xs: T): T => {
  refuseTraced(xs);
  if (!Array.isArray(xs) || !xs.every(isInteger))
    throw new ArgumentError({ op, expected: `a list of integers as ${what}`, got: show(xs) });
  return xs;
};
/** One integer, or a list of them, as a list. Throws ArgumentError. */
export const integersOrOne = (op: string, what: string, x: number | readonly number[]): readonly number[] =>
  integers(op, what, typeof x === "number" ? [x] : x);
/** A shape; one extent stands for a vector's. Throws ShapeError, naming `op`. */
export const shape = (op: string, x: number | Shape): Shape => {
  refuseTraced(x);
  const out = typeof x === "number" ? [x] : x;
  if (!Array.isArray(out) || !out.every((d) => isInteger(d) && (d as number) >= 0))
    throw new ShapeError({ op, expected: "a shape of non-negative integers", got: show(x) });
  return out;
};
/** A list. Throws ArgumentError, naming `op` and what its members are. */
export const list = <T extends readonly unknown[]>(op: string, what: string, xs: T): T => {
  if (!Array.isArray(xs)) throw new ArgumentError({ op, expected: `a list of ${what}`, got: show(xs) });
  return xs;
};
/** A function. Throws ArgumentError, naming `op`. */
export const fn = <F>(op: string, f: F): F => {
  if (typeof f !== "function") throw new ArgumentError({ op, expected: "a function", got: show(f) });
  return f;
};
/** One of some names. Throws ArgumentError, naming `op` and what the name is. */
export const oneOf = <T>(op: string, what: string, names: readonly T[], x: T): T => {
  if (!names.includes(x)) throw new ArgumentError({ op, expected: `${what} among ${names.join(", ")}`, got: show(x) });
  return x;
};
/** An object with lists of integers under some names. Throws ArgumentError, naming `op` and what the object is. */
export const axisLists = <T>(op: string, what: string, x: T, names: readonly (keyof T & string)[]): T => {
  const record = x as Readonly<Record<string, unknown>> | null | undefined;
  if (typeof record !== "object" || record === null || !names.every((name) => Array.isArray(record[name])))
    throw new ArgumentError({ op, expected: `${what}: an object with the lists ${names.join(", ")}`, got: show(x) });
  for (const name of names) integers(op, name, record[name] as readonly number[]);
  return x;
};
