// The namespace `np`: NumPy's functions, in JAX's meaning and defaults.
export { broadcastArrays, broadcastShapes, broadcastTo } from "./broadcasting.ts";
export type { At, GetOptions, Index, IndexMode, Span, UpdateOptions } from "./indexing.ts";
export { at, slice } from "./indexing.ts";
export { einsum, einsumPath } from "./einsum.ts";
export type { DotOptions } from "./matmul.ts";
export { dot, inner, kron, matmul, matvec, outer, tensordot, vdot, vecdot, vecmat } from "./matmul.ts";
