// The entry point `brickbox/laws`. It needs fast-check.
export { LawError } from "./agreement.ts";
export { arrays, type ArraysOptions, type TreeOf, trees, type TreesOptions } from "./arbitraries.ts";
export { checkGrads, type CheckGradsOptions, type Mode } from "./checkGrads.ts";
export {
  adjointProperty,
  type AgreementOptions,
  type Arbitraries,
  gradientProperty,
  jitProperty,
  type Property,
  vmapProperty,
  type VmapPropertyOptions,
} from "./properties.ts";
