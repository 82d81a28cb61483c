// The entry point `brickbox/bricks`.
export * from "./activations.ts";
export * from "./batchNorm.ts";
export { type AnyCell, type Cell, type Pass, runCell, type RunOptions } from "./cell.ts";
export { type AnyPart, masked, stackCells, type StackParams, type StackState } from "./cellStack.ts";
export * from "./combining.ts";
export * from "./conv.ts";
export * from "./dense.ts";
export * from "./gated.ts";
export * from "./layers.ts";
export * from "./pooling.ts";
export * from "./recurrent.ts";
export * from "./repeat.ts";
export type { Padding } from "./sizes.ts";
export type {
  AnyBrick,
  Brick,
  Image,
  InputOf,
  Keeping,
  NoParams,
  OutputOf,
  Over,
  ParamsOf,
  Sequence,
  Vec,
} from "./types.ts";
