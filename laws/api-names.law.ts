// How much of JAX's and optax's surface exists, by name. The baseline only ever rises: `npm run golden` raises it.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root, sources } from "./source.ts";
import { surface } from "./surface.ts";

type Counts = Readonly<Record<string, number>>;
const json = (name: string): unknown => JSON.parse(readFileSync(join(root, "laws", name), "utf8"));
const wanted = json("api-names.json") as Readonly<Record<string, readonly string[]>>;
const baseline = json("api-baseline.json") as Counts;

/** Where each module's names live: an entry point's file, and the path of the namespace in it. */
const homes: Readonly<Record<string, readonly [file: string, ...path: string[]]>> = {
  jax: ["src/index.ts"],
  "jax.numpy": ["src/index.ts", "np"],
  "jax.numpy.fft": ["src/index.ts", "np", "fft"],
  "jax.numpy.linalg": ["src/index.ts", "np", "linalg"],
  "jax.random": ["src/index.ts", "random"],
  "jax.nn": ["src/index.ts", "nn"],
  "jax.nn.initializers": ["src/index.ts", "nn", "initializers"],
  "jax.lax": ["src/index.ts", "lax"],
  "jax.lax.linalg": ["src/index.ts", "lax", "linalg"],
  "jax.tree": ["src/index.ts", "tree"],
  "jax.scipy.special": ["src/index.ts", "scipy", "special"],
  "jax.scipy.linalg": ["src/index.ts", "scipy", "linalg"],
  "jax.ops": ["src/index.ts", "ops"],
  "jax.debug": ["src/index.ts", "debug"],
  optax: ["src/optim/index.ts"],
};

/** The wanted names that a set of dotted public names lacks; a namespace counts as a name. */
const lacking = (names: readonly string[], path: readonly string[], present: ReadonlySet<string>): readonly string[] =>
  names.filter((name) => !present.has([...path, name].join(".")));

/** Modules that have fewer names than they had. */
const fallen = (now: Counts, before: Counts): readonly string[] =>
  Object.entries(before).flatMap(([module, count]) =>
    (now[module] ?? 0) < count ? [`${module}: ${now[module] ?? 0} names, there were ${count}`] : [],
  );

const namesOf = surface(sources("src"));
const dotted = (file: string): ReadonlySet<string> =>
  new Set(namesOf(file).flatMap(({ path }) => path.map((_, i) => path.slice(0, i + 1).join("."))));
const present = new Map([...new Set(Object.values(homes).map(([file]) => file))].map((file) => [file, dotted(file)]));
const missing = Object.entries(wanted).map(([module, names]) => {
  const [file, ...path] = homes[module] as readonly [string, ...string[]];
  return { module, names, lacks: lacking(names, path, present.get(file) as ReadonlySet<string>) };
});
const counts: Counts = Object.fromEntries(
  missing.map(({ module, names, lacks }) => [module, names.length - lacks.length]),
);

const table = (): string =>
  [
    "module                 have  of",
    ...missing.map(({ module, names }) =>
      [module.padEnd(21), String(counts[module]).padStart(6), String(names.length).padStart(4)].join(""),
    ),
    ...missing.flatMap(({ module, lacks }) => (lacks.length === 0 ? [] : [`\n${module} lacks ${lacks.join(" ")}`])),
  ].join("\n");

describe("names of the API", () => {
  it("every module of the list has a home", () => {
    expect(Object.keys(wanted).sort()).toEqual(Object.keys(homes).sort());
    expect(Object.keys(baseline).sort()).toEqual(Object.keys(homes).sort());
  });
  it("no module has fewer names than before", () => {
    console.log(table());
    expect(fallen(counts, baseline)).toEqual([]);
    if (process.env.UPDATE_GOLDEN === "1")
      writeFileSync(join(root, "laws", "api-baseline.json"), `${JSON.stringify(counts, null, 2)}\n`);
  });
  it("has teeth", () => {
    expect(fallen({ jax: 2, optax: 4 }, { jax: 3, optax: 4, "jax.ops": 1 })).toEqual([
      "jax: 2 names, there were 3",
      "jax.ops: 0 names, there were 1",
    ]);
    expect(lacking(["add", "fft", "sub"], ["np"], new Set(["np", "np.add", "np.fft", "np.fft.ifft", "sub"]))).toEqual([
      "sub",
    ]);
  });
});
