// The surface that other folders build on: every namespace, ready for use.
import * as numpy from "./np.ts";
import { ready } from "./ready.ts";

export type { ArrayLike, NDArray } from "./array.ts";
export type { ArrayMethods } from "./methods.ts";

export const np = /* @__PURE__ */ ready(numpy);
