// Any use of the library installs the runtime and the methods of arrays first. Public values are made by `ready`, so that
// loading a module has no side effect that a bundler would have to keep when nothing of it is used.
import { installLift } from "../core/lift.ts";
import { install } from "../runtime/eager.ts";
import { installExplanations } from "../runtime/explain.ts";
import { installHostCalls } from "../runtime/host.ts";
import { liftLeaf } from "../runtime/lift.ts";
import { installMethods } from "./methods.ts";

let done = false;
/** `x`, usable: everything that arrays need is in place. Write `/* @__PURE__ *\/ ready(x)`. */
export const ready = <T>(x: T): T => {
  if (!done) {
    done = true;
    install();
    installLift(liftLeaf);
    installHostCalls();
    installExplanations();
    installMethods();
  }
  return x;
};
