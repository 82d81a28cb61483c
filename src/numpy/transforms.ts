// The transforms, ready for use: each is the one of its own file, where its docstring, options and examples are.
import { checkpoint as checkpointInner } from "../control/checkpoint.ts";
import { checkpointName as checkpointNameInner } from "../control/checkpointPolicies.ts";
import {
  closureConvert as closureConvertInner,
  customGradient as customGradientInner,
} from "../control/customGradient.ts";
import { customJvp as customJvpInner } from "../control/customJvp.ts";
import { customVjp as customVjpInner } from "../control/customVjp.ts";
import { customVmap as customVmapInner, sequentialVmap } from "../control/customVmap.ts";
import { disableJit as disableJitInner } from "../control/disableJit.ts";
import { jit as jitInner } from "../control/jit.ts";
import { namedScope as namedScopeInner } from "../control/scope.ts";
import { evalShape as evalShapeInner, makeJaxpr as makeJaxprInner } from "../transforms/abstract.ts";
import { vmap as vmapInner } from "../transforms/batching.ts";
import { grad as gradInner, valueAndGrad as valueAndGradInner } from "../transforms/grad.ts";
import {
  hessian as hessianInner,
  jacfwd as jacfwdInner,
  jacobian as jacobianInner,
  jacrev as jacrevInner,
} from "../transforms/jacobian.ts";
import { linearize as linearizeInner, linearTranspose as linearTransposeInner } from "../transforms/linearmap.ts";
import { vjp as vjpInner } from "../transforms/pullback.ts";
import { jvp as jvpInner } from "../transforms/pushforward.ts";
import { pureCallback as pureCallbackInner } from "./pureCallback.ts";
import { ready } from "./ready.ts";

export type { CheckpointOptions } from "../control/checkpoint.ts";
export { checkpointPolicies, type Policy, type Saveable } from "../control/checkpointPolicies.ts";
export type { JitOptions, Jitted } from "../control/jit.ts";
export type { MakeJaxprOptions, PrintableJaxpr } from "../transforms/abstract.ts";
export type { AxisTree, InAxes, VmapOptions } from "../transforms/batching.ts";
export type { VmapMethod } from "../control/callback.ts";
export type { PureCallbackOptions } from "./pureCallback.ts";
export type { GradOptions } from "../transforms/grad.ts";

/** `jit(f)`: f as one compiled program, traced once per structure, dtype and shape of its arguments. */
export const jit = /* @__PURE__ */ ready(jitInner);
/** `grad(f)`: the gradient of a function with a scalar result. */
export const grad = /* @__PURE__ */ ready(gradInner);
/** `valueAndGrad(f)`: `[f(x), df/dx]`. */
export const valueAndGrad = /* @__PURE__ */ ready(valueAndGradInner);
/** `vmap(f)`: f for every example along an axis of its arguments. */
export const vmap = /* @__PURE__ */ ready(vmapInner);
/** `jvp(f, primals, tangents)`: f and its derivative in one direction, forward. */
export const jvp = /* @__PURE__ */ ready(jvpInner);
/** `vjp(f, primals)`: f and the function that pulls cotangents back. */
export const vjp = /* @__PURE__ */ ready(vjpInner);
/** `linearize(f, primals)`: f and its derivative as a function of the tangents. */
export const linearize = /* @__PURE__ */ ready(linearizeInner);
/** `linearTranspose(f, examples)`: the transpose of a linear function. */
export const linearTranspose = /* @__PURE__ */ ready(linearTransposeInner);
/** `jacfwd(f)`: all derivatives of all results, column by column in forward mode. */
export const jacfwd = /* @__PURE__ */ ready(jacfwdInner);
/** `jacrev(f)`: all derivatives of all results, row by row in reverse mode. */
export const jacrev = /* @__PURE__ */ ready(jacrevInner);
/** `jacobian(f)`: the same as `jacrev`. */
export const jacobian = /* @__PURE__ */ ready(jacobianInner);
/** `hessian(f)`: all second derivatives, forward over reverse. */
export const hessian = /* @__PURE__ */ ready(hessianInner);
/** `makeJaxpr(f)(...args)`: the trace of f, printable. */
export const makeJaxpr = /* @__PURE__ */ ready(makeJaxprInner);
/** `evalShape(f, ...args)`: shapes and dtypes of the results, without computing. */
export const evalShape = /* @__PURE__ */ ready(evalShapeInner);
/** `customJvp(f)`: f with a forward derivative of its own, given by `defjvp`. */
export const customJvp = /* @__PURE__ */ ready(customJvpInner);
/** `customVjp(f)`: f with a backward derivative of its own, given by `defvjp`. */
export const customVjp = /* @__PURE__ */ ready(customVjpInner);
/** `checkpoint(f, { policy })`: f, whose intermediate values reverse mode computes again instead of keeping them. */
export const checkpoint = /* @__PURE__ */ ready(checkpointInner);
/** `remat(f, { policy })`: the same as `checkpoint`. */
export const remat = /* @__PURE__ */ ready(checkpointInner);
/** `checkpointName(x, name)`: x under a name that policies of `checkpoint` know. */
export const checkpointName = /* @__PURE__ */ ready(checkpointNameInner);
/** `pureCallback(f, resultShape, ...args)`: the result of a function of JavaScript inside a program. */
export const pureCallback = /* @__PURE__ */ ready(pureCallbackInner);
/** `customGradient(f)`: the value of f, which returns `[value, pullback]`, with that derivative. */
export const customGradient = /* @__PURE__ */ ready(customGradientInner);
/** `closureConvert(f, ...examples)`: f with what it closes over as further arguments. */
export const closureConvert = /* @__PURE__ */ ready(closureConvertInner);
/** `customVmap(f)`: f with a batched version of its own, given by `defVmap`. */
export const customVmap = /* @__PURE__ */ ready(customVmapInner);
/** Functions with batched versions of their own: `customVmap`, and `sequentialVmap`, which vmap calls for one example after the other. */
export const customBatching = /* @__PURE__ */ ready({ customVmap: customVmapInner, sequentialVmap } as const);
/** `disableJit(f)`: `f()` with jitted functions and loops as plain JavaScript. */
export const disableJit = /* @__PURE__ */ ready(disableJitInner);
/** `namedScope(name, f)`: f, whose equations carry the name. */
export const namedScope = /* @__PURE__ */ ready(namedScopeInner);
