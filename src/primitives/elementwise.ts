// All pointwise primitives under one name.
export * from "./arithmetic.ts";
export * from "./choice.ts";
export * from "./comparison.ts";
export * from "./convert.ts";
export * from "./identity.ts";
export * from "./logic.ts";
export * from "./mathematical.ts";
export * from "./special.ts";
