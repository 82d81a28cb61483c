// The namespace `lax`: the primitives and their closest relatives, without promotion of dtypes or broadcasting of arrays.
export { stopGradient } from "../transforms/stopGradient.ts";
export { optimizationBarrier } from "../control/barrier.ts";
export {
  allGather,
  allToAll,
  axisIndex,
  axisSize,
  pmax,
  pmean,
  pmin,
  ppermute,
  pshuffle,
  psum,
  psumScatter,
  pswapaxes,
} from "../control/collectives.ts";
export { customLinearSolve, customRoot, type LinearSolveOptions, type SolveOptions } from "../control/implicit.ts";
export * from "./lax/binary.ts";
export * from "./lax/choice.ts";
export * from "./lax/control.ts";
export * from "./lax/convolution.ts";
export * from "./lax/indexed.ts";
export * from "./lax/pooling.ts";
export * from "./lax/precision.ts";
export * from "./lax/products.ts";
export * from "./lax/reducing.ts";
export * from "./lax/shaping.ts";
export * from "./lax/slicing.ts";
export * from "./lax/sorting.ts";
export * from "./lax/unary.ts";
