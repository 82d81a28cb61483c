// Indexing: `slice` and `at`, which arrays have as methods, and the types of their entries.
export { at, slice } from "./at.ts";
export type { At, GetOptions, IndexMode, UpdateOptions } from "./at.ts";
export type { Index, Span } from "./indexingPlan.ts";
