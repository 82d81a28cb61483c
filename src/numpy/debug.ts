// The namespace `debug`: looking into programs while they run.
import { callbackP } from "../control/callback.ts";
import { ArgumentError } from "../core/errors.ts";
import { bindCall } from "../core/trace.ts";
import { flatten, unflatten } from "../core/tree.ts";
import { Value } from "../core/value.ts";
import { call, type Callable } from "../transforms/leaves.ts";
import type { Arrays } from "../transforms/types.ts";
import { asArray, type ArrayLike } from "./array.ts";
import { nested, type NestedList } from "./reading.ts";

const isArrayLike = (x: unknown): boolean =>
  x instanceof Value || typeof x === "number" || typeof x === "boolean" || ArrayBuffer.isView(x);
/** Call `f` with `args` when the program comes here. Leaves that are no arrays pass as they are. */
const whenReached = (name: string, f: Callable, args: readonly unknown[]): void => {
  const [leaves, def] = flatten(args, name, (x) => !isArrayLike(x) && !isTree(x)),
    arrays = leaves.filter(isArrayLike).map((x) => asArray(x as ArrayLike, name));
  bindCall(callbackP, arrays, {
    name,
    outs: [],
    effect: true,
    method: "sequential",
    f: (ins) => {
      let k = 0;
      call(
        f,
        unflatten(
          def,
          leaves.map((x) => (isArrayLike(x) ? ins[k++] : x)),
        ) as readonly unknown[],
        name,
      );
      return [];
    },
  });
};
const isTree = (x: unknown): boolean => {
  if (x === null || x === undefined || Array.isArray(x)) return true;
  return typeof x === "object";
};

/**
 * Call `f(...args)` for what it does, with concrete arrays, whenever the program comes here: in jit, in every round of a loop, in the branch
 * that is taken, for every example of vmap. Calls keep the order of the program. What `f` returns is ignored, derivatives ignore it.
 * Throws TraceError if `f` is asynchronous.
 * @example
 * const seen: number[] = [];
 * const f = jit((x: NDArray) => {
 *   debug.callback((y) => seen.push(y.item()), x);
 *   return x.mul(2);
 * });
 * f(3) // => 6
 * seen // => [3]
 */
export const callback = <A extends readonly unknown[]>(
  f: (...args: { readonly [K in keyof A]: Arrays<A[K]> }) => unknown,
  ...args: A
): void => {
  if (typeof f !== "function") throw new ArgumentError({ op: "debug.callback", expected: "a function", got: typeof f });
  whenReached("debug.callback", f as unknown as Callable, args);
};

/** A piece of a format: text, or the place of a value with how it is written. */
type Piece =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "value"; readonly name: string | number; readonly spec: Spec | null };
interface Spec {
  readonly digits: number;
  readonly scientific: boolean;
}
const fault = (expected: string, got: string, remedy?: string): never => {
  throw new ArgumentError({ op: "debug.print", expected, got, ...(remedy === undefined ? {} : { remedy }) });
};
const specOf = (text: string | undefined): Spec | null => {
  if (text === undefined) return null;
  const [, digits, letter] = /^\.(\d{1,3})([fe])$/.exec(text) ?? [];
  return digits === undefined
    ? fault("a format like {x:.3f} or {x:.2e}", `{:${text}}`)
    : { digits: Math.min(Number(digits), 100), scientific: letter === "e" };
};
/** `"a {} {x:.2f} {{}}"` taken apart. */
const piecesOf = (format: string): readonly Piece[] => {
  let next = 0;
  return (format.match(/\{\{|\}\}|\{[^{}]*\}|[^{}]+|[{}]/g) ?? []).map((part): Piece => {
    if (part === "{{" || part === "}}") return { kind: "text", text: part.slice(1) };
    if (part === "{" || part === "}")
      return fault("every brace to have its partner", JSON.stringify(format), `write "{{" for a brace that is printed`);
    if (!part.startsWith("{")) return { kind: "text", text: part };
    const [, name = "", spec] = /^\{([^:]*)(?::(.*))?\}$/.exec(part) ?? [];
    return { kind: "value", name: name === "" ? next++ : /^\d+$/.test(name) ? Number(name) : name, spec: specOf(spec) };
  });
};
const formatted = (x: NestedList, spec: Spec): string =>
  typeof x === "object"
    ? `[${x.map((y) => formatted(y, spec)).join(" ")}]`
    : spec.scientific
      ? Number(x).toExponential(spec.digits)
      : Number(x).toFixed(spec.digits);
/** A tree as it is printed: `{ w: [1 2], b: 3 }`. */
const shown = (x: unknown, spec: Spec | null): string => {
  if (x instanceof Value) return spec === null ? String(x) : formatted(nested(x), spec);
  if (Array.isArray(x)) return `[${x.map((y) => shown(y, spec)).join(", ")}]`;
  if (typeof x === "object" && x !== null && Object.getPrototypeOf(x) === Object.prototype) {
    const entries = Object.entries(x).map(([k, y]) => `${k}: ${shown(y, spec)}`);
    return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
  }
  return String(x);
};
const isNames = (x: unknown): x is Readonly<Record<string, unknown>> =>
  typeof x === "object" && x !== null && Object.getPrototypeOf(x) === Object.prototype;

/**
 * Print values with `console.log` whenever the program comes here: `{}` stands for the next argument, `{1}` for one by its position, `{x}`
 * for a member of the object in the last place, `{x:.3f}` and `{x:.2e}` say the digits, `{{` is a brace. Works in jit, in every round of
 * loops, in branches, and for every example of vmap; prints keep their order. Values may be trees. Throws ArgumentError if the format asks
 * for what is not there.
 * @example
 * debug.print("x = {x}, loss {:.2f}", 0.123, { x: np.array([1, 2]) }) // => undefined
 */
export const print = (format: string, ...args: readonly unknown[]): void => {
  if (typeof format !== "string")
    fault("a format in the first place", format === null ? "null" : typeof format, 'write debug.print("x = {}", x)');
  const pieces = piecesOf(format),
    last = args.at(-1),
    names = isNames(last) ? last : {};
  for (const p of pieces)
    if (p.kind === "value" && (typeof p.name === "number" ? p.name >= args.length : !Object.hasOwn(names, p.name)))
      fault(
        typeof p.name === "number" ? `a value for {${p.name}}` : `a value named ${p.name} in the last argument`,
        `${args.length} argument${args.length === 1 ? "" : "s"}${Object.keys(names).length === 0 ? "" : `, named ${Object.keys(names).join(", ")}`}`,
        'write debug.print("{} {x}", value, { x })',
      );
  const say = (...values: readonly unknown[]): void => {
    const named = values.at(-1) as Readonly<Record<string, unknown>>;
    const text = pieces.map((p) =>
      p.kind === "text" ? p.text : shown(typeof p.name === "number" ? values[p.name] : named[p.name], p.spec),
    );
    console.log(text.join(""));
  };
  whenReached("debug.print", say, args);
};
