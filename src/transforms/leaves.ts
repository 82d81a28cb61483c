// Between what users write (pytrees, numbers, functions of them) and flat lists of values.
import type { Aval } from "../core/aval.ts";
import { showAval } from "../core/aval.ts";
import { isFloating } from "../core/dtype.ts";
import { ArgumentError, DTypeError, TraceError, TreeError } from "../core/errors.ts";
import { lift, settle } from "../core/lift.ts";
import { flatten, leafCount, paths, pathString, type TreeDef, unflatten } from "../core/tree.ts";
import { Value } from "../core/value.ts";
import type { Flat } from "./trace.ts";
import type { Fn } from "./types.ts";

/** A tree taken apart. */
export interface Leaves<T = Value> {
  readonly leaves: readonly T[];
  readonly def: TreeDef;
}
/** A function whose arguments are not known to the compiler. */
export type Callable = (...args: readonly unknown[]) => unknown;
export const callable = (f: Fn): Callable => f as unknown as Callable;

/** True for `{ shape, dtype }`, which may stand for an array where only its shape and dtype matter. */
export const isShapeDtype = (x: unknown): x is Aval =>
  typeof x === "object" &&
  x !== null &&
  !(x instanceof Value) &&
  Object.keys(x).length === 2 &&
  "dtype" in x &&
  typeof x.dtype === "string" &&
  "shape" in x &&
  Array.isArray(x.shape);

/** The leaves of a tree as values. */
export const leavesOf = (tree: unknown, op: string): Leaves => {
  const [leaves, def] = flatten(tree, op);
  return { leaves: leaves.map((x) => lift(x, op)), def };
};
/** Shapes and dtypes of the leaves of a tree, which may hold `{ shape, dtype }` for arrays. */
export const avalsOf = (tree: unknown, op: string): Leaves<Aval> => {
  const [leaves, def] = flatten(tree, op, isShapeDtype);
  return { leaves: leaves.map((x) => (isShapeDtype(x) ? { dtype: x.dtype, shape: x.shape } : lift(x, op).aval)), def };
};
/** A tree for users. */
export const rebuild = (def: TreeDef, leaves: readonly (Value | null)[], op: string): unknown =>
  unflatten(
    def,
    leaves.map((v) => (v === null ? null : settle(v, op))),
  );
/** Key path of the i-th leaf below `root`. */
export const leafPath = (def: TreeDef, i: number, root: string): string => pathString(root, paths(def)[i] ?? []);

/** Throw DTypeError unless all leaves are floating. */
export const checkFloating = ({ leaves, def }: Leaves<Aval>, op: string, root: string, remedy: string): void => {
  leaves.forEach((v, i) => {
    if (!isFloating(v.dtype))
      throw new DTypeError({ op, expected: `${leafPath(def, i, root)} to be floating`, got: showAval(v), remedy });
  });
};

/** Call a user's function. Throws TraceError if it is asynchronous. */
export const call = (f: Callable, args: readonly unknown[], op: string): unknown => {
  const out = f(...args);
  if (typeof out === "object" && out !== null && "then" in out && typeof out.then === "function") {
    out.then(undefined, () => {}); // what it throws later is no news
    throw new TraceError({
      op,
      expected: "a synchronous function",
      got: "an asynchronous function: it returned a Promise",
      remedy: "await what it needs before, and pass the results as arguments",
    });
  }
  return out;
};

// Auxiliary results may hold anything at their leaves; what is not a value passes untouched.
const anything = (x: unknown): boolean => ["string", "function", "bigint", "symbol"].includes(typeof x);
/** A function on leaves, and what its last call said about the structure of the results. */
export interface Flattened {
  /** Gives the leaves of the result, then the values among the leaves of the auxiliary result. */
  readonly flat: Flat;
  /** Structure of the result. */
  readonly def: () => TreeDef;
  /** Number of leaves of the result, the auxiliary one not counted. */
  readonly count: () => number;
  /** The auxiliary result, with other values for those that `flat` gave. */
  readonly aux: (values: readonly Value[]) => unknown;
}
/** `f` on leaves; `argsOf` puts arguments together. With `hasAux`, `f` returns `[result, auxiliary]`. */
export const flattened = (
  f: Callable,
  argsOf: (leaves: readonly Value[]) => readonly unknown[],
  op: string,
  hasAux = false,
): Flattened => {
  let def: TreeDef = { kind: "none", value: null };
  let auxDef: TreeDef = def,
    auxLeaves: readonly unknown[] = [];
  return {
    flat: (...leaves) => {
      const out = call(f, argsOf(leaves), op);
      if (!hasAux) {
        const result = leavesOf(out, op);
        def = result.def;
        return result.leaves;
      }
      if (!Array.isArray(out) || out.length !== 2)
        throw new TreeError({
          op,
          expected: "a function that returns [result, aux], as hasAux says",
          got: Array.isArray(out) ? `a list of ${out.length}` : "something else",
        });
      const result = leavesOf(out[0], op);
      def = result.def;
      [auxLeaves, auxDef] = flatten(out[1], op, anything);
      return [...result.leaves, ...auxLeaves.filter((x) => x instanceof Value)];
    },
    def: () => def,
    count: () => leafCount(def),
    aux: (values) => {
      let k = 0;
      return unflatten(
        auxDef,
        auxLeaves.map((x) => (x instanceof Value ? settle(values[k++] as Value, op) : x)),
      );
    },
  };
};

/** The positions that `argnums` names among `count` arguments. */
export const positions = (
  argnums: number | readonly number[] | undefined,
  count: number,
  op: string,
): readonly number[] => {
  const list = typeof argnums === "number" ? [argnums] : (argnums ?? [0]);
  return list.map((n) => {
    if (!Number.isInteger(n) || n < -count || n >= count)
      throw new ArgumentError({
        op,
        expected: `argnums from ${-count} to ${count - 1}, since there are ${count} arguments`,
        got: String(n),
      });
    return n < 0 ? n + count : n;
  });
};

/** Some arguments taken apart, the others left as they are. */
export interface Arguments {
  /** Leaves of the chosen arguments, one after the other. */
  readonly leaves: readonly Value[];
  readonly parts: readonly Leaves[];
  /** All arguments, with other leaves. */
  readonly rebuild: (leaves: readonly Value[]) => readonly unknown[];
  /** One entry for each chosen argument, from one for each leaf. */
  readonly collect: (leaves: readonly (Value | null)[], op: string) => readonly unknown[];
}
const cut = <T>(xs: readonly T[], parts: readonly Leaves[]): readonly (readonly T[])[] => {
  let at = 0;
  return parts.map(({ leaves }) => {
    at += leaves.length;
    return xs.slice(at - leaves.length, at);
  });
};
/** Take the arguments at `chosen` apart. */
export const argumentsOf = (args: readonly unknown[], chosen: readonly number[], op: string): Arguments => {
  const parts = chosen.map((i) => leavesOf(args[i], op));
  return {
    parts,
    leaves: parts.flatMap((p) => p.leaves),
    rebuild: (leaves) => {
      const out = [...args];
      cut(leaves, parts).forEach((own, k) => {
        out[chosen[k] as number] = unflatten((parts[k] as Leaves).def, own);
      });
      return out;
    },
    collect: (leaves, name) => cut(leaves, parts).map((own, k) => rebuild((parts[k] as Leaves).def, own, name)),
  };
};

/** The arguments that `argnums` names, which must be floating. */
export const differentiable = (
  args: readonly unknown[],
  argnums: number | readonly number[] | undefined,
  op: string,
): Arguments => {
  const chosen = positions(argnums, args.length, op),
    out = argumentsOf(args, chosen, op);
  out.parts.forEach((p, k) => {
    const remedy = 'convert it with astype("float32"), or choose other arguments with argnums';
    checkFloating(p, op, `args[${chosen[k]}]`, remedy);
  });
  return out;
};

/** All arguments in a list, taken apart. `what` names the list in errors. */
export const listed = <T>(
  args: unknown,
  op: string,
  what: string,
  takeApart: (tree: unknown, op: string) => Leaves<T>,
): Leaves<T> & { readonly rebuild: (leaves: readonly Value[]) => readonly unknown[] } => {
  if (!Array.isArray(args))
    throw new ArgumentError({
      op,
      expected: `${what} in a list, one for each argument of the function`,
      got: args instanceof Value ? "an array" : args === null ? "null" : typeof args,
      remedy: `write [x] for a single one`,
    });
  const { leaves, def } = takeApart(args, op);
  return { leaves, def, rebuild: (values) => unflatten(def, values) as readonly unknown[] };
};
