// The entry point `brickbox/optim`.
export type * from "./types.ts";
export * from "./adaptive.ts";
export * from "./applying.ts";
export * from "./classification.ts";
export * from "./clipping.ts";
export * from "./combining.ts";
export * from "./factored.ts";
export * from "./normalizing.ts";
export * from "./optimizers.ts";
export * from "./piecewise.ts";
export * from "./regression.ts";
export * from "./schedules.ts";
export * from "./wrapping.ts";
export {
  addDecayedWeights,
  addNoise,
  type CountState,
  ema,
  type EmaState,
  type MaskOptions,
  type NanState,
  type NoiseState,
  scale,
  scaleByLearningRate,
  scaleBySchedule,
  trace,
  type TraceState,
  zeroNans,
} from "./scaling.ts";
