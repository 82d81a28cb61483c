// What a traced value cannot do, and what to do instead.
import { showAval } from "./aval.ts";
import { TraceError } from "./errors.ts";
import type { Value } from "./value.ts";
import { Tracer } from "./value.ts";

interface Advice {
  readonly got: string;
  readonly remedy: string;
}

const branch =
  "lax.cond or np.where choose by a traced value, lax.whileLoop repeats by one; or make the argument static (staticArgnums)";
const later = "return it from the transformed function and read it there, or print it with debug.print";
/** Misuses by the name under which the methods of arrays report them: `number`, `string` and `default` are the hints of Symbol.toPrimitive. */
const advice = {
  number: {
    got: "a conversion to a number, as in `if (x > 0)`, `x < y`, `-x` or Math.sin(x)",
    remedy: `${branch}; arithmetic is x.neg(), np.sin(x)`,
  },
  string: { got: "a conversion to a string, as in a template literal or String(x)", remedy: later },
  default: {
    got: "an operator of JavaScript, as in `x + 1` or `x == 0`",
    remedy: `write x.add(1) or np.equal(x, 0); ${branch}`,
  },
  boolean: { got: "a conversion to a boolean", remedy: branch },
  item: { got: "item()", remedy: later },
  js: { got: "js()", remedy: later },
  data: { got: "data()", remedy: later },
  jsAsync: { got: "jsAsync()", remedy: later },
  dataSync: { got: "dataSync()", remedy: later },
  iterate: {
    got: "iteration over it (for ... of, spread, destructuring) without a known length",
    remedy: "index it with x.slice(i), or loop with lax.scan",
  },
  mask: {
    got: "an index by a traced boolean mask, whose result has no static shape",
    remedy: "choose with np.where(mask, x, 0)",
  },
  shape: {
    got: "a traced value where a static number is needed (a shape, an axis, a length)",
    remedy: "take it from x.shape, or make the argument static (staticArgnums)",
  },
} as const satisfies Readonly<Record<string, Advice>>;

/** A misuse that has its own advice; any other text names the operation itself. */
export type Misuse = keyof typeof advice;

/**
 * Throw the TraceError of a traced value used as a concrete one. `what` is a `Misuse` or the text of what was done.
 * The error names the trace, what was done, the user's line and the remedy.
 */
export const tracerMisuse = (value: Value, what: Misuse | (string & {})): never => {
  const { got, remedy }: Advice = Object.hasOwn(advice, what) ? advice[what as Misuse] : { got: what, remedy: later };
  const where = value instanceof Tracer ? value.life.name : "a trace";
  const state = value instanceof Tracer && !value.life.alive ? ", which has ended," : "";
  throw new TraceError({
    op: where,
    expected: `an array with a value, but inside ${where}${state} ${showAval(value.aval)} only stands for one`,
    got,
    remedy,
  });
};
