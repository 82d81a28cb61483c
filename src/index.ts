// The entry point `brickbox`.
import { jit as jitOf } from "./control/jit.ts";
import { ready } from "./numpy/ready.ts";
import { grad as gradOf, valueAndGrad as valueAndGradOf } from "./transforms/grad.ts";

export {
  ArgumentError,
  BrickboxError,
  DonatedError,
  DTypeError,
  OutOfMemoryError,
  ShapeError,
  TraceError,
  TreeError,
} from "./core/errors.ts";
export type { Shape } from "./core/aval.ts";
export type { DType, TypedArray } from "./core/dtype.ts";
export {
  type ArrayLike,
  type ArrayMethods,
  type Initializer,
  type Key,
  type NDArray,
  nn,
  np,
  ops,
  random,
  tree,
} from "./numpy/index.ts";
export { configure } from "./runtime/configure.ts";

/** One program for a whole function. */
export const jit = /* @__PURE__ */ ready(jitOf);
/** The gradient of a function with a scalar result. */
export const grad = /* @__PURE__ */ ready(gradOf);
/** Value and gradient of a function with a scalar result. */
export const valueAndGrad = /* @__PURE__ */ ready(valueAndGradOf);
