// `ravelPytree`, ready for use; its own file has the docstring.
import { ravelPytree as ravelPytreeInner } from "./ravelPytree.ts";
import { ready } from "./ready.ts";

/** `ravelPytree(tree)`: `[flat, unravel]`, a tree of arrays as one vector, and back. */
export const ravelPytree = /* @__PURE__ */ ready(ravelPytreeInner);
