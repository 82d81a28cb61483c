// A contestant in a process of its own: `node serve.js MODULE [OPTIONS]`. It answers one line of JSON on stdin with one line on
// stdout. The module holds a table of operations; whatever else it prints goes to stderr.
import { readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import benny from "benny";

type Data = Float32Array | Int32Array;
/** An operation with its arguments and inputs, as it crosses the pipe. */
export interface Task {
  readonly op: string;
  readonly args: Readonly<Record<string, string | number | boolean | null>>;
  readonly inputs: readonly {
    readonly name: string;
    readonly file: string;
    readonly dtype: "float32" | "int32";
    readonly shape: readonly number[];
    readonly trained: boolean;
  }[];
}
export interface Given {
  readonly data: Data;
  readonly shape: readonly number[];
  readonly trained: boolean;
}
type Maybe<T> = T | Promise<T>;
/** An operation that is ready to run. */
export interface Prepared {
  /** Results to compare, in the order and layout of the row; runs the operation once. */
  readonly check: () => Maybe<readonly ArrayLike<number>[]>;
  /** What is timed. */
  readonly run?: () => unknown;
  /** One run does only this part of the work. */
  readonly share?: number;
}
export interface Contestant {
  /** Load the library; what it says of itself. */
  readonly start: (options: Readonly<Record<string, unknown>>) => Maybe<{ readonly version: string }>;
  readonly ops: Readonly<
    Record<string, (given: Readonly<Record<string, Given>>, args: Task["args"]) => Maybe<Prepared>>
  >;
}

const [, , file, options = "{}"] = process.argv;
console.log = console.error;
console.info = console.error;
const { contestant } = (await import(pathToFileURL(file as string).href)) as { readonly contestant: Contestant };

const given = ({ inputs }: Task): Readonly<Record<string, Given>> =>
  Object.fromEntries(
    inputs.map(({ name, file, dtype, shape, trained }) => {
      const { buffer } = new Uint8Array(readFileSync(file));
      return [name, { data: dtype === "int32" ? new Int32Array(buffer) : new Float32Array(buffer), shape, trained }];
    }),
  );
const prepare = async (task: Task): Promise<Prepared> => {
  const op = Object.hasOwn(contestant.ops, task.op) ? contestant.ops[task.op] : undefined;
  if (op === undefined) throw new Error("has no such operation");
  return op(given(task), task.args);
};
const secondsOf = async (f: () => unknown): Promise<number> => {
  const begin = performance.now();
  await f();
  return (performance.now() - begin) / 1000;
};
/** Samples of about `seconds`; what is slow runs once, without what benny does before it measures. */
const sample = async (run: () => unknown, seconds: number, expected: number): Promise<readonly number[]> => {
  if (expected > seconds / 4) return [await secondsOf(run)];
  // benny would call a function that is returned.
  const once = (): unknown => {
    const out = run();
    return out instanceof Promise ? out : undefined;
  };
  const { results } = await benny.suite(
    "slice",
    benny.add("run", once, { minSamples: 3, minTime: 0.001, maxTime: seconds, delay: 0 }),
  );
  return results[0]?.details.sampleResults ?? [];
};

let current: Prepared | null = null,
  expected = 0;
const commands: Readonly<Record<string, (request: Readonly<Record<string, unknown>>) => Promise<object>>> = {
  /** Make the operation ready and write down its results. */
  prepare: async ({ task, out }) => {
    current = null;
    current = await prepare(task as Task);
    let outputs: readonly ArrayLike<number>[] = [];
    const firstSeconds = await secondsOf(async () => {
      outputs = await (current as Prepared).check();
    });
    outputs.forEach((values, i) => {
      writeFileSync(`${out}.${i}`, Float32Array.from(values));
    });
    return { firstSeconds, outputs: outputs.length };
  },
  /** Run until a run takes what runs take. */
  warm: async ({ seconds }) => {
    const { run, share = 1 } = current as Prepared;
    if (run === undefined) throw new Error("cannot be timed");
    let spent = 0,
      runs = 0;
    do {
      expected = await secondsOf(run);
      spent += expected;
      runs++;
    } while (spent < (seconds as number) && runs < 10_000);
    return { expected: expected / share };
  },
  time: async ({ seconds }) => {
    const { run, share = 1 } = current as Prepared;
    const samples = await sample(run as () => unknown, seconds as number, expected);
    return { samples: samples.map((s) => s / share) };
  },
};

const say = (message: object): void => {
  process.stdout.write(`${JSON.stringify(message)}\n`);
};
const message = (error: unknown): string => (error instanceof Error ? error.message : String(error));
try {
  say(await contestant.start(JSON.parse(options) as Record<string, unknown>));
} catch (error) {
  say({ error: message(error) });
}
for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line) as Readonly<Record<string, unknown>>;
  try {
    say(await (commands[request.command as string] as (typeof commands)[string])(request));
  } catch (error) {
    say({ error: message(error) });
  }
}
process.exit();
