// The namespace `np`: NumPy's functions, in JAX's meaning and defaults.
export { broadcastArrays, broadcastShapes, broadcastTo } from "./broadcasting.ts";
