// Arguments by name: what is optional may be given in its place, or in an object at the end, as JAX's keyword arguments.
import { ArgumentError } from "../core/errors.ts";
import { show } from "./given.ts";

type Function = (...args: never[]) => unknown;
/** What stands behind the last required parameter. */
type Optional<P extends readonly unknown[]> = P extends readonly [unknown, ...infer Rest]
  ? Optional<Rest>
  : Required<P>;
type Front<P extends readonly unknown[]> = P extends readonly [...infer Before, unknown] ? Before : never;
type Back<P extends readonly unknown[]> = P extends readonly [...unknown[], infer Last] ? Last : never;
/** Whether a function has no parameter for options besides the named ones. */
type Bare<F extends Function, N extends readonly string[]> = Optional<Parameters<F>>["length"] extends N["length"]
  ? true
  : false;
type OptionsOf<F extends Function, N extends readonly string[]> =
  // biome-ignore lint/complexity/noBannedTypes: the options of a function that has none
  Bare<F, N> extends true ? {} : Back<Required<Parameters<F>>>;
type PlacesOf<F extends Function, N extends readonly string[]> =
  Bare<F, N> extends true ? Required<Parameters<F>> : Front<Required<Parameters<F>>>;
/** The function with its last k optional parameters by name, for every k. */
type Shifted<P extends readonly unknown[], N extends readonly string[], O, T> = N extends readonly [
  ...infer Rest extends readonly string[],
  infer Name extends string,
]
  ? P extends readonly [...infer Before, infer V]
    ? Shifted<Before, Rest, O & { readonly [K in Name]?: V }, T> &
        ((...args: [...Before, options: O & { readonly [K in Name]?: V }]) => T)
    : never
  : unknown;
/** A function whose last parameters, called N, may also be given in the object of its options. */
export type Named<F extends Function, N extends readonly string[]> = Shifted<
  PlacesOf<F, N>,
  N,
  OptionsOf<F, N>,
  ReturnType<F>
> &
  F;

const isRecord = (x: unknown): x is Readonly<Record<string, unknown>> => {
  if (typeof x !== "object" || x === null) return false;
  const proto: unknown = Object.getPrototypeOf(x);
  return proto === Object.prototype || proto === null;
};
const list = (names: readonly string[]): string =>
  names.length === 0 ? "no options" : `options among ${names.join(", ")}`;

/**
 * `f`, whose optional parameters are `places` and, behind them, an object with `options`: all of them may be given in that object,
 * which may take the first place that is left. Throws ArgumentError, naming `op`, for names that `f` does not know, for an argument
 * given twice, and for options that are no object.
 */
export const named = <
  const N extends readonly string[],
  F extends Function,
  const K extends readonly (keyof OptionsOf<F, N> & string)[],
>(
  op: string,
  places: N,
  options: [Exclude<keyof OptionsOf<F, N>, K[number]>] extends [never] ? K : never,
  f: F,
): Named<F, N> => {
  const required = f.length, // parameters before the first one with a default
    behind = required + places.length,
    known: readonly string[] = [...places, ...options];
  const run = f as unknown as (...args: readonly unknown[]) => unknown;
  const call = (...args: readonly unknown[]): unknown => {
    const at = args.length - 1,
      last = args[at];
    if (at < required) return run(...args);
    if (!isRecord(last)) {
      if (at >= behind && args[behind] !== undefined)
        throw new ArgumentError({
          op,
          expected: `${list(known)}, in an object behind at most ${behind} arguments`,
          got: Array.isArray(args[behind]) ? "a list" : show(args[behind]),
          remedy: `to pass ${op} to map, write (x) => ${op}(x)`,
        });
      return run(...args);
    }
    for (const name in last)
      if (!known.includes(name)) throw new ArgumentError({ op, expected: list(known), got: `one called ${name}` });
    const all: unknown[] = args.slice(0, at);
    for (let i = 0; i < places.length; i++) {
      const value = last[places[i] as string];
      if (value === undefined) continue;
      if (all[required + i] !== undefined)
        throw new ArgumentError({ op, expected: `${places[i]} once`, got: "it in its place and among the options" });
      all[required + i] = value;
    }
    all[behind] = last;
    return run(...all);
  };
  return Object.defineProperty(call, "name", { value: op }) as unknown as Named<F, N>;
};
