// Values leave arrays: typed arrays, nested lists, numbers.
import { sizeOf, type Shape } from "../core/aval.ts";
import type { TypedArray } from "../core/dtype.ts";
import { ArgumentError, ShapeError } from "../core/errors.ts";
import type { Misuse } from "../core/misuse.ts";
import { tracerMisuse } from "../core/misuse.ts";
import { Literal, type Value } from "../core/value.ts";
import { ConcreteArray, literalArray } from "../runtime/array.ts";

/** A number or boolean, or nested lists of them. */
export type NestedList = number | boolean | readonly NestedList[];

/** The concrete array behind `x`; a traced value throws TraceError with the advice for `what`. */
export const concrete = (x: Value, what: Misuse): ConcreteArray => {
  if (x instanceof ConcreteArray) return x;
  if (x instanceof Literal) return literalArray(x);
  return tracerMisuse(x, what);
};
/** A fresh typed array with the elements in row-major order, bool as 0 and 1. */
export const elements = (x: Value, what: Misuse = "dataSync"): TypedArray => concrete(x, what).dataSync();

const nest = (flat: TypedArray, shape: Shape, bool: boolean): NestedList => {
  const build = (depth: number, at: number): NestedList => {
    if (depth === shape.length) return bool ? flat[at] !== 0 : (flat[at] as number);
    const step = sizeOf(shape.slice(depth + 1));
    return Array.from({ length: shape[depth] as number }, (_, i) => build(depth + 1, at + i * step));
  };
  return build(0, 0);
};
/** Nested lists of numbers (booleans for bool); a number for a scalar. */
export const nested = (x: Value, what: Misuse = "js"): NestedList =>
  nest(elements(x, what), x.shape, x.dtype === "bool");

/** The only element. Throws ShapeError if there is not exactly one. */
export const item = (x: Value, what: Misuse = "item"): number | boolean => {
  const array = concrete(x, what);
  if (array.size !== 1)
    throw new ShapeError({
      op: "item",
      expected: "an array of one element",
      got: `shape [${array.shape}]`,
      remedy: "choose an element with slice, or take all with js()",
    });
  const value = array.dataSync()[0] as number;
  return array.dtype === "bool" ? value !== 0 : value;
};

/** `row(x, i)` for every i along axis 0. */
export const rows = function* (x: Value, row: (x: Value, i: number) => Value): Generator<Value> {
  const n = x.shape[0];
  if (n === undefined)
    throw new ArgumentError({
      op: "iteration",
      expected: "an array with at least one axis",
      got: "a scalar",
      remedy: "use item()",
    });
  for (let i = 0; i < n; i++) yield row(x, i);
};
