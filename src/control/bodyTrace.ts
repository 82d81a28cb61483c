// Bodies of loops and branches, as users write them, become jaxprs: traced once for each function and kind of arguments.
import type { Aval } from "../core/aval.ts";
import { sameAval } from "../core/aval.ts";
import { scopeKey } from "../core/axes.ts";
import { type DType, isFloating } from "../core/dtype.ts";
import { ArgumentError } from "../core/errors.ts";
import type { Jaxpr } from "../core/jaxpr.ts";
import { lift } from "../core/lift.ts";
import { tally } from "../core/staged.ts";
import { flatten, leafCount, sameDef, type TreeDef, unflatten } from "../core/tree.ts";
import { Literal, Tracer, type Value } from "../core/value.ts";
import { markWeak, type Weakness } from "../core/weak.ts";
import { type Callable, call } from "../transforms/leaves.ts";
import { traceJaxpr } from "../transforms/trace.ts";
import { interned } from "./intern.ts";

/** An argument of a body: its structure, and what its leaves are. */
export interface Argument {
  readonly def: TreeDef;
  readonly avals: readonly Aval[];
  /** Leaves that stand for numbers of JavaScript, while their dtype is looked for. */
  readonly weak?: readonly (Weakness | null)[];
}
/** A traced body. */
export interface Body {
  /** Its first inputs are `consts`. */
  readonly jaxpr: Jaxpr;
  readonly consts: readonly Value[];
  /** Structure of the result. */
  readonly out: TreeDef;
  /** Per result, the number of JavaScript that it is, or null. */
  readonly numbers: readonly (number | null)[];
  /** Whether the weakness of an argument decided a dtype. */
  readonly asked: boolean;
}

interface Entry {
  readonly op: string;
  readonly args: readonly Argument[];
  /** The named axes that it was traced under. */
  readonly scope: string;
  readonly body: Body;
}
/** Traces that one function keeps; the least recently used goes first. */
const limit = 64;
const cache = new WeakMap<Callable, Entry[]>();

const same = (a: Argument, b: Argument): boolean =>
  sameDef(a.def, b.def) &&
  a.avals.length === b.avals.length &&
  a.avals.every((x, i) => sameAval(x, b.avals[i] as Aval) && (a.weak?.[i] ?? null) === (b.weak?.[i] ?? null));

/** The value that a leaf of a result is. */
export const toValue = (x: unknown, op: string): Value =>
  typeof x === "number"
    ? new Literal(x, "float32")
    : typeof x === "boolean"
      ? new Literal(Number(x), "bool")
      : lift(x, op);

const trace = (op: string, f: Callable, args: readonly Argument[]): Body => {
  let out: TreeDef = { kind: "none", value: null },
    numbers: readonly (number | null)[] = [],
    asked = false;
  const closed = traceJaxpr(
    (...ins) => {
      let at = 0;
      const given = args.map(({ def, weak }) => {
        const own = ins.slice(at, at + leafCount(def));
        at += own.length;
        own.forEach((v, i) => {
          const w = weak?.[i] ?? null;
          if (w !== null)
            markWeak(v, w, () => {
              asked = true;
            });
        });
        return unflatten(def, own);
      });
      const [leaves, def] = flatten(call(f, given, op), op);
      out = def;
      numbers = leaves.map((x) => (typeof x === "number" ? x : null));
      return leaves.map((x) => toValue(x, op));
    },
    args.flatMap((a) => a.avals),
    op,
  );
  tally.traces++;
  return { ...interned(closed), out, numbers, asked };
};

/** The body `f` at these arguments. Throws TraceError if it is asynchronous or looks at values, ArgumentError if it is no function. */
export const traceBody = (op: string, f: unknown, args: readonly Argument[], what = "a body"): Body => {
  if (typeof f !== "function")
    throw new ArgumentError({ op, expected: `${what} that is a function`, got: f === null ? "null" : typeof f });
  const user = f as Callable,
    entries = cache.get(user) ?? [],
    scope = scopeKey();
  const i = entries.findIndex(
    (e) =>
      e.op === op &&
      e.scope === scope &&
      e.args.length === args.length &&
      e.args.every((a, k) => same(a, args[k] as Argument)),
  );
  if (i >= 0) {
    const [e] = entries.splice(i, 1) as [Entry];
    entries.unshift(e);
    return e.body;
  }
  const body = trace(op, user, args);
  // A trace over a tracer of an outer trace is right for this call only.
  if (!body.consts.some((c) => c instanceof Tracer)) {
    entries.unshift({ op, args, scope, body });
    if (entries.length > limit) entries.pop();
    cache.set(user, entries);
  }
  return body;
};

/** The i-th results replaced by constants where `values` has one. */
export const withOuts = (jaxpr: Jaxpr, values: readonly (Literal | null)[]): Jaxpr =>
  values.every((v) => v === null)
    ? jaxpr
    : interned({ jaxpr: { ...jaxpr, outs: jaxpr.outs.map((a, i) => values[i] ?? a) }, consts: [] }).jaxpr;

/** A number of JavaScript as a scalar of a dtype; null if there is no such scalar. */
export const literalOf = (x: number, dtype: DType): Literal | null => {
  if (isFloating(dtype)) return new Literal(x, dtype);
  if (dtype === "bool" || !Number.isInteger(x)) return null;
  const v = dtype === "uint32" ? x >>> 0 : dtype === "uint8" ? x & 255 : x | 0;
  return v === x ? new Literal(x, dtype) : null;
};
