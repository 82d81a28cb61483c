// The methods of arrays: what `np` has as functions, and the ways out to JavaScript.
import type { TypedArray } from "../core/dtype.ts";
import { tracerMisuse } from "../core/misuse.ts";
import { Tracer, Value } from "../core/value.ts";
import type { ArrayLike } from "./array.ts";
import { type At, at, type Index, slice } from "./indexing.ts";
import { dot, matmul } from "./matmul.ts";
import { inspect, print } from "./printing.ts";
import { elements, item, nested, type NestedList, rows } from "./reading.ts";

/** What every array can do. */
export interface ArrayMethods {
  /** A fresh typed array with the elements in row-major order; bool is 0 and 1. */
  dataSync(): TypedArray;
  /** The same as `dataSync`, on any backend. */
  data(): Promise<TypedArray>;
  /** Nested lists; a number for a scalar. */
  js(): NestedList;
  /** The same as `js`, on any backend. */
  jsAsync(): Promise<NestedList>;
  /** The only element. */
  item(): number | boolean;
  /** As NumPy prints it. */
  toString(): string;
  /** The elements that an index names, one entry per axis; see `np.slice`. */
  slice(...index: readonly Index[]): Value;
  /** The same elements to read or to write; see `np.at`. */
  at(...index: readonly Index[]): At;
  /** The matrix product; see `np.matmul`. */
  matmul(y: ArrayLike): Value;
  /** NumPy's dot; see `np.dot`. */
  dot(y: ArrayLike): Value;
  /** Iterates over axis 0. */
  [Symbol.iterator](): Iterator<Value>;
}

declare module "../core/value.ts" {
  interface Value extends ArrayMethods {}
}

const methods: { readonly [name: string | symbol]: (...args: never[]) => unknown } & ThisType<Value> = {
  dataSync() {
    return elements(this);
  },
  async data() {
    return elements(this, "data");
  },
  js() {
    return nested(this);
  },
  async jsAsync() {
    return nested(this, "jsAsync");
  },
  item() {
    return item(this);
  },
  toString() {
    return print(this);
  },
  slice(...index: readonly Index[]) {
    return slice(this, ...index);
  },
  at(...index: readonly Index[]) {
    return at(this, ...index);
  },
  matmul(y: ArrayLike) {
    return matmul(this, y);
  },
  dot(y: ArrayLike) {
    return dot(this, y);
  },
  [Symbol.iterator]() {
    return rows(this);
  },
  [Symbol.toPrimitive](hint: "number" | "string" | "default") {
    if (this instanceof Tracer) return tracerMisuse(this, hint);
    return hint === "number" || (hint === "default" && this.size === 1) ? item(this) : print(this);
  },
  [Symbol.for("nodejs.util.inspect.custom")]() {
    return inspect(this);
  },
};
/** Give all values their methods. */
export const installMethods = (): void => {
  for (const name of Reflect.ownKeys(methods))
    Object.defineProperty(Value.prototype, name, { value: methods[name], writable: true, configurable: true });
};
