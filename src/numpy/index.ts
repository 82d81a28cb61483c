// The surface that other folders build on: every namespace, ready for use.
import * as networks from "./nn.ts";
import * as primitives from "./lax.ts";
import * as numpy from "./np.ts";
import * as randomNumbers from "./random.ts";
import * as segments from "./ops.ts";
import * as debugging from "./debug.ts";
import { ready } from "./ready.ts";
import * as trees from "./tree.ts";

export type { ArrayLike, NDArray } from "./array.ts";
export type { ArrayMethods } from "./methods.ts";
export type { Initializer } from "./initializers.ts";
export type { Key, Keys } from "./random/key.ts";

export const np = /* @__PURE__ */ ready(numpy);
export const nn = /* @__PURE__ */ ready(networks);
export const random = /* @__PURE__ */ ready(randomNumbers);
export const tree = /* @__PURE__ */ ready(trees);
export const ops = /* @__PURE__ */ ready(segments);
export const lax = /* @__PURE__ */ ready(primitives);
export const debug = /* @__PURE__ */ ready(debugging);
