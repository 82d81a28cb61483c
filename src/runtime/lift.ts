// From what may stand at a leaf to a concrete array.
import type { DType, TypedArray } from "../core/dtype.ts";
import { ArgumentError, DTypeError, ShapeError } from "../core/errors.ts";
import type { Lift } from "../core/lift.ts";
import { Literal, Value } from "../core/value.ts";
import { type ConcreteArray, fromTyped, hostArray, literalArray } from "./array.ts";
import { typedArray } from "./views.ts";

const scalars = {
  float32: Object.freeze({ dtype: "float32", shape: Object.freeze([]) }),
  bool: Object.freeze({ dtype: "bool", shape: Object.freeze([]) }),
} as const;
const scalar = (dtype: "float32" | "bool", x: number): ConcreteArray => {
  const host = typedArray(dtype, 1);
  host[0] = x;
  return hostArray(scalars[dtype], host);
};

/** The dtype of a typed array's elements; narrower integers than int32 are widened, but for bytes. */
const dtypeOf = (x: ArrayBufferView, op: string): DType => {
  if (x instanceof Float32Array) return "float32";
  if (x instanceof Float64Array) return "float64";
  if (x instanceof Int32Array || x instanceof Int16Array || x instanceof Int8Array) return "int32";
  if (x instanceof Uint32Array || x instanceof Uint16Array) return "uint32";
  if (x instanceof Uint8Array || x instanceof Uint8ClampedArray) return "uint8";
  throw new DTypeError({
    op,
    expected: "a typed array of floats or of integers up to 32 bits",
    got: x.constructor.name,
    remedy: "convert it, say to a Float64Array or Int32Array",
  });
};

const describe = (x: unknown): string =>
  x === null
    ? "null"
    : typeof x === "object"
      ? `an instance of ${(x.constructor as { name?: string } | undefined)?.name ?? "a class"}`
      : typeof x === "string"
        ? JSON.stringify(x)
        : typeof x === "function"
          ? "a function"
          : String(x);
const shapeOf = (x: unknown): readonly number[] =>
  Array.isArray(x) ? [x.length, ...(x.length === 0 ? [] : shapeOf(x[0]))] : [];
/** Numbers of a nested list, which must be as regular as its first members say. */
const fill = (x: unknown, shape: readonly number[], depth: number, out: (number | boolean)[], op: string): void => {
  if (depth < shape.length) {
    const extent = shape[depth] as number;
    if (!Array.isArray(x) || x.length !== extent)
      throw new ShapeError({
        op,
        expected: `a list of length ${extent} at depth ${depth} (the shape begins as [${shape}])`,
        got: Array.isArray(x) ? `length ${x.length}` : describe(x),
        remedy: "nested lists must be rectangular",
      });
    for (const child of x) fill(child, shape, depth + 1, out, op);
  } else if (typeof x === "number" || typeof x === "boolean") out.push(x);
  else if (Array.isArray(x))
    throw new ShapeError({
      op,
      expected: `numbers at depth ${depth} (the shape begins as [${shape}])`,
      got: `a list of length ${x.length}`,
      remedy: "nested lists must be rectangular",
    });
  else throw new ArgumentError({ op, expected: "numbers or booleans in the list", got: describe(x) });
};

/**
 * The array that a leaf stands for: a number is float32, a boolean bool, a typed array keeps its dtype, a nested list is
 * float32 (bool if it holds nothing but booleans), a literal keeps its own. Throws ShapeError for ragged lists, DTypeError
 * for 64-bit integers, ArgumentError for everything else.
 */
export const liftLeaf: Lift = (x, op): Value => {
  if (typeof x === "number") return scalar("float32", x);
  if (typeof x === "boolean") return scalar("bool", Number(x));
  if (x instanceof Literal) return literalArray(x);
  if (x instanceof Value) return x;
  if (ArrayBuffer.isView(x)) {
    const dtype = dtypeOf(x, op),
      data = x as TypedArray;
    return fromTyped(dtype, [data.length], data, op);
  }
  if (!Array.isArray(x))
    throw new ArgumentError({
      op,
      expected: "an array, a number, a boolean, a typed array or a nested list of numbers",
      got: describe(x),
      ...(x === undefined
        ? { remedy: "look for a property that does not exist, or an argument that was not given" }
        : typeof x === "string"
          ? { remedy: "Number(text) makes a number of a text" }
          : {}),
    });
  const shape = shapeOf(x),
    flat: (number | boolean)[] = [];
  fill(x, shape, 0, flat, op);
  const dtype = flat.length > 0 && flat.every((v) => typeof v === "boolean") ? "bool" : "float32",
    data = typedArray(dtype, flat.length);
  for (let i = 0; i < flat.length; i++) data[i] = Number(flat[i]);
  return fromTyped(dtype, shape, data, op);
};
