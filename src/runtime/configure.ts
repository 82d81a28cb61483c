// Settings of the whole library.
import { ArgumentError } from "../core/errors.ts";
import { modes } from "../core/modes.ts";
import { noteLines } from "../core/origin.ts";

/** Names of the backends that programs can run on. */
export type BackendName = "wasm" | "reference";
/** What `configure` takes; what is left out stays as it is. */
export interface Settings {
  /** Threads that share big kernels: the number of cores, at most 8, if not said. Results are the same, bit by bit, for any number. */
  readonly threads: number;
  /** Bytes of arrays that the backend's memory caches; null starts at 256 MiB and grows with the working set. */
  readonly memoryBudget: number | null;
  /** Report compilations to `log`. */
  readonly debug: boolean;
  /** Check what costs time to check: results that are not finite, indices out of range, random keys that are used twice. */
  readonly check: boolean;
  /** Compile functions and loops; without it they run as plain JavaScript (see `disableJit`). */
  readonly jit: boolean;
  readonly backend: BackendName;
  /** Where `debug` reports go. */
  readonly log: (message: string) => void;
}

/** What this machine offers; asked for without an import, so that bundlers and browsers see none. */
const cores = (): number => {
  const os = typeof process === "undefined" ? undefined : process.getBuiltinModule?.("node:os");
  return os?.availableParallelism?.() ?? globalThis.navigator?.hardwareConcurrency ?? 1;
};

let state: Settings = {
  threads: Math.min(cores(), 8),
  memoryBudget: null,
  debug: false,
  check: false,
  jit: true,
  backend: "wasm",
  log: (message) => console.error(message),
};
let listeners: (() => void)[] = [];

const refuse = (name: string, expected: string, got: unknown): never => {
  throw new ArgumentError({
    op: "configure",
    expected: `${name} to be ${expected}`,
    got: typeof got === "string" ? JSON.stringify(got) : String(got),
  });
};
const flag = (name: string, x: unknown): void => {
  if (typeof x !== "boolean") refuse(name, "true or false", x);
};
const rules: { readonly [K in keyof Settings]: (x: unknown) => void } = {
  threads: (x) => {
    if (!Number.isInteger(x) || (x as number) < 1 || (x as number) > 256)
      refuse("threads", "an integer from 1 to 256", x);
  },
  memoryBudget: (x) => {
    if (x !== null && !(typeof x === "number" && x > 0))
      refuse("memoryBudget", "a positive number of bytes, or null for the default", x);
  },
  debug: (x) => flag("debug", x),
  check: (x) => flag("check", x),
  jit: (x) => flag("jit", x),
  backend: (x) => {
    if (x !== "wasm" && x !== "reference") refuse("backend", '"wasm" or "reference"', x);
  },
  log: (x) => {
    if (typeof x !== "function") refuse("log", "a function of a message", x);
  },
};

/** The settings in force. */
export const settings = (): Settings => state;
/** Call `f` after every change of the settings. */
export const onConfigure = (f: () => void): void => {
  listeners = [...listeners, f];
};

/**
 * Change settings of the whole library and return the previous ones, which `configure` takes back.
 * Throws `ArgumentError` for unknown names and impossible values.
 * @example
 * const before = configure({ memoryBudget: 64 << 20 });
 * before.memoryBudget // => null
 * configure(before).memoryBudget // => 67108864
 */
export const configure = (changes: Partial<Settings>): Settings => {
  const before = state,
    given = Object.entries(changes).filter(([, x]) => x !== undefined);
  for (const [name, x] of given) {
    const rule = Object.hasOwn(rules, name) ? rules[name as keyof Settings] : undefined;
    if (rule === undefined) refuse("settings", `among ${Object.keys(rules).join(", ")}`, name);
    else rule(x);
  }
  state = { ...state, ...(Object.fromEntries(given) as Partial<Settings>) };
  if (changes.jit !== undefined) modes.jit = changes.jit;
  modes.check = state.check;
  noteLines(state.check);
  for (const f of listeners) f();
  return before;
};
