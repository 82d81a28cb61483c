// The entry point `brickbox`.
export {
  ArgumentError,
  BrickboxError,
  DonatedError,
  DTypeError,
  NonFiniteError,
  OutOfMemoryError,
  ShapeError,
  ThreadError,
  TraceError,
  TreeError,
} from "./core/errors.ts";
export type { Shape } from "./core/aval.ts";
export type { DType, TypedArray } from "./core/dtype.ts";
export {
  type ArrayLike,
  type ArrayMethods,
  debug,
  type Initializer,
  type Key,
  type NDArray,
  nn,
  np,
  ops,
  random,
  tree,
  lax,
} from "./numpy/index.ts";
export { explain } from "./numpy/explaining.ts";
export { configure } from "./runtime/configure.ts";
export { ravelPytree } from "./numpy/ravelling.ts";
export * from "./numpy/transforms.ts";
export { checkGrads, type CheckGradsOptions } from "./laws/checkGrads.ts";
