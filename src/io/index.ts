// The entry point `brickbox/io`: array files. What comes from outside is parsed into an Either; writers return bytes.
export { gunzip } from "./compression.ts";
export { FormatError, orThrow, type Parsed } from "./format.ts";
export { parseIdx, writeIdx } from "./idx.ts";
export { parseNpy, writeNpy } from "./npy.ts";
export { parseNpz, writeNpz } from "./npz.ts";
export { parseSafetensors, type Safetensors, writeSafetensors } from "./safetensors.ts";
export { parseTree, writeTree } from "./trees.ts";
