// `explain`, ready for use; its own file has the docstring.
import { explain as explainInner } from "../runtime/explain.ts";
import { ready } from "./ready.ts";

/** `explain(jit(f), ...args)`: every stage of its compilation, printable, without running it. */
export const explain = /* @__PURE__ */ ready(explainInner);
