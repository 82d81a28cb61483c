// jit: trace once per structure and avals of the arguments, then call the jaxpr.
import { scopeKey } from "../core/axes.ts";
import { ArgumentError } from "../core/errors.ts";
import { modes } from "../core/modes.ts";
import { type Explanation, explainStaging, type StagedFunction, type Staging, tally, traceOf } from "../core/staged.ts";
import { bindCall } from "../core/trace.ts";
import type { TreeDef } from "../core/tree.ts";
import { flatten, unflatten } from "../core/tree.ts";
import { Tracer, Value } from "../core/value.ts";
import { call as callUser, callable, leavesOf, rebuild } from "../transforms/leaves.ts";
import { traceJaxpr } from "../transforms/trace.ts";
import type { Arrays, Fn, Loose } from "../transforms/types.ts";
import { callP } from "./call.ts";
import { internedProgram } from "./intern.ts";
import { type Argument, type Entry, explainLookup, operands, toValue } from "./traced.ts";

/** What `jit` can be told. */
export interface JitOptions {
  /** Positions of arguments that are no arrays: functions count by identity, everything else by `Object.is`. */
  readonly staticArgnums?: number | readonly number[];
  /** Positions of arguments that the caller will not use again; their memory is used for the results. */
  readonly donate?: number | readonly number[];
  /** The backend to run on, if not the configured one. */
  readonly device?: string;
}
/** A function like F that also takes numbers for arrays. `lower` gives all stages of its compilation without running it. */
export type Jitted<F extends Fn> = ((...args: Loose<Parameters<F>>) => Arrays<ReturnType<F>>) &
  F & {
    readonly lower: (...args: Loose<Parameters<F>>) => Explanation;
  } & StagedFunction;

/** Traces that one function keeps; the least recently used goes first. */
const limit = 512;

const positions = (op: string, xs: number | readonly number[] | undefined): readonly number[] => {
  const all = xs === undefined ? [] : typeof xs === "number" ? [xs] : xs;
  for (const i of all)
    if (!Number.isInteger(i))
      throw new ArgumentError({ op: "jit", expected: `${op} to hold positions of arguments`, got: String(i) });
  return all;
};
/** Per argument, whether its position is in the list; negative positions count from the end. */
const chosen = (list: readonly number[], i: number, n: number): boolean => list.includes(i) || list.includes(i - n);

const make = <F extends Fn>(f: F, options: JitOptions): Jitted<F> => {
  if (typeof f !== "function")
    throw new ArgumentError({
      op: "jit",
      expected: "a function",
      got: f === null ? "null" : (f as unknown) instanceof Value ? "an array" : typeof f,
    });
  const name = f.name === "" ? "jit" : f.name,
    device = options.device ?? null;
  const statics = positions("staticArgnums", options.staticArgnums),
    donated = positions("donate", options.donate);
  const entries: Entry[] = [];

  const trace = (args: readonly unknown[]): readonly [entry: Entry, ins: Value[]] => {
    const leaves: Value[] = [],
      flags: boolean[] = [],
      n = args.length;
    const wanted = args.map((x, i): Argument => {
      if (chosen(statics, i, n)) {
        if (chosen(donated, i, n))
          throw new ArgumentError({
            op: name,
            expected: "donated arguments to be arrays",
            got: `argument ${i}, which is static`,
          });
        return { kind: "static", value: x };
      }
      const [own, def] = flatten(x, name);
      for (const leaf of own) {
        leaves.push(toValue(leaf));
        flags.push(chosen(donated, i, n));
      }
      return { kind: "tree", def };
    });
    const avals = leaves.map((v) => v.aval);
    let out: TreeDef | null = null;
    const flat = (...ins: Value[]): readonly Value[] => {
      let at = 0;
      const given = wanted.map((a) => {
        if (a.kind === "static") return a.value;
        const count = a.def.kind === "leaf" ? 1 : a.def.kind === "none" ? 0 : a.def.size;
        at += count;
        return unflatten(a.def, ins.slice(at - count, at));
      });
      const result = callUser(callable(f), given, name);
      const [results, def] = flatten(result, name);
      out = def;
      return results.map(toValue);
    };
    const { jaxpr, consts } = internedProgram(name, traceJaxpr(flat, avals, f.name === "" ? "jit" : `jit(${name})`));
    tally.traces++;
    const pattern = flags.includes(true) ? [...consts.map(() => false), ...flags] : null;
    const entry: Entry = {
      args: wanted,
      avals,
      scope: scopeKey(),
      attrs: { jaxpr, name, donated: pattern, device },
      consts,
      out: out as unknown as TreeDef,
    };
    return [entry, [...consts, ...leaves]];
  };
  const find = (args: readonly unknown[]): readonly [entry: Entry, ins: Value[]] => {
    for (let i = 1; i < entries.length; i++) {
      const e = entries[i] as Entry,
        ins = operands(e, args);
      if (ins === null) continue;
      entries.splice(i, 1);
      entries.unshift(e);
      return [e, ins];
    }
    const fresh = trace(args);
    // A trace over a tracer of an outer trace is right for this call only.
    if (!fresh[0].consts.some((c) => c instanceof Tracer)) {
      entries.unshift(fresh[0]);
      if (entries.length > limit) entries.pop();
    }
    return fresh;
  };
  const lookup = (args: readonly unknown[]): readonly [entry: Entry, ins: Value[]] => {
    const e = entries[0],
      ins = e === undefined ? null : operands(e, args);
    return ins === null ? find(args) : [e as Entry, ins];
  };
  /** The function itself, on arrays. */
  const plain = (args: readonly unknown[]): unknown => {
    const given = args.map((x, i) => {
      if (chosen(statics, i, args.length)) return x;
      const { leaves, def } = leavesOf(x, name);
      return unflatten(def, leaves);
    });
    const { leaves, def } = leavesOf(callUser(callable(f), given, name), name);
    return rebuild(def, leaves, name);
  };
  const call = (...args: readonly unknown[]): unknown => {
    if (!modes.jit) return plain(args);
    const [{ attrs, out }, ins] = lookup(args),
      outs = bindCall(callP, ins, attrs);
    return out.kind === "leaf" ? outs[0] : unflatten(out, outs);
  };
  const stage = (...args: readonly unknown[]): Staging => {
    const lookedUp = explainLookup(entries, args),
      [{ attrs, consts, out }] = lookup(args);
    return { name, closed: { jaxpr: attrs.jaxpr, consts }, out, donated: attrs.donated, device, lookup: lookedUp };
  };
  Object.defineProperty(call, "name", { value: name });
  return Object.assign(call, {
    [traceOf]: stage,
    lower: (...args: readonly unknown[]) => explainStaging(stage(...args)),
  }) as unknown as Jitted<F>;
};

/** Both forms of `jit`. */
export interface Jit {
  (options?: JitOptions): <F extends Fn>(f: F) => Jitted<F>;
  <F extends Fn>(f: F, options?: JitOptions): Jitted<F>;
}
/**
 * `f` as one program: it is traced once for each structure, dtype and shape of its arguments (and value of static ones),
 * compiled, and run. Numbers count as float32 scalars. Nested, it becomes part of the outer function.
 * Throws TraceError if `f` looks at traced values or is asynchronous, TreeError for arguments that are no pytrees.
 * @example
 * const f = jit((x: NDArray) => np.sum(np.square(x)));
 * f(np.array([1, 2, 3])) // => 14
 */
export const jit: Jit = ((f?: Fn | JitOptions, options: JitOptions = {}) =>
  f === undefined || (typeof f === "object" && f !== null && !(f instanceof Value))
    ? <F extends Fn>(g: F) => make(g, f ?? {})
    : make(f as Fn, options)) as Jit;
