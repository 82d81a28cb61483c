// The entry point `brickbox/bricks`.
export * from "./activations.ts";
export * from "./combining.ts";
export * from "./conv.ts";
export * from "./dense.ts";
export * from "./layers.ts";
export * from "./pooling.ts";
export type { Padding } from "./sizes.ts";
export type {
  AnyBrick,
  Brick,
  Image,
  InputOf,
  Keeping,
  NoParams,
  OutputOf,
  ParamsOf,
  Vec,
} from "./types.ts";
