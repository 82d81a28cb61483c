// Every example in a docstring of src runs and prints what it claims (laws/examples.ts has the rules), and every public
// name has a docstring, every public function an example with a claim.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { claimsOf, type Example, examplesOf, runExample, show } from "./examples.ts";
import { parse, root, type Source, sources } from "./source.ts";
import { type PublicName, surface } from "./surface.ts";

type Module = Readonly<Record<string, unknown>>;
const load = async (file: string): Promise<Module> =>
  (await import(/* @vite-ignore */ pathToFileURL(join(root, file)).href)) as Module;

const src = sources("src");
const parts = ["bricks", "optim", "io", "data", "laws"] as const;
const entryFiles: Readonly<Record<string, string>> = {
  brickbox: "src/index.ts",
  ...Object.fromEntries(parts.map((part) => [`brickbox/${part}`, `src/${part}/index.ts`])),
};
const documented = src
  .map((source) => [source.file, examplesOf(source)] as const)
  .filter(([, examples]) => examples.length > 0);

/** The value of a public name; undefined if there is none. */
const valueAt = (module: Module, path: readonly string[]): unknown =>
  path.reduce<unknown>((value, name) => (value as Module | undefined)?.[name], module);

const isFunction = (value: unknown): boolean => typeof value === "function" && !(value.prototype instanceof Error);

/** Public names without a docstring, and functions without an example that claims something. */
const missing = (names: readonly PublicName[], module: Module): readonly string[] =>
  names.flatMap(({ path, doc, file, type }) => {
    const name = `${path.join(".")} (${file})`;
    if (doc === null) return [`${name}: no docstring`];
    return !type && isFunction(valueAt(module, path)) && claimsOf(doc) === 0 ? [`${name}: no example`] : [];
  });

/** Exports that the source reader did not find: it would be blind to them. */
const unseen = (names: readonly PublicName[], module: Module): readonly string[] => {
  const seen = new Set(names.map(({ path }) => path[0]));
  return Object.keys(module).filter((name) => !seen.has(name));
};

describe("docstrings: every example runs", () => {
  const entries: Record<string, Module> = {};
  let scope: Module = {};
  beforeAll(async () => {
    for (const [name, file] of Object.entries(entryFiles)) entries[name] = await load(file);
    scope = { ...Object.fromEntries(parts.map((part) => [part, entries[`brickbox/${part}`]])), ...entries.brickbox };
  });
  it("there are examples", () => {
    const count = documented.reduce((sum, [, examples]) => sum + examples.length, 0);
    console.log(`${count} examples in ${documented.length} files`);
    expect(count).toBeGreaterThan(0);
  });
  for (const [file, examples] of documented)
    it(file, async () => {
      const own = await load(file);
      const wrong: string[] = [];
      for (const example of examples) wrong.push(...(await runExample(example, { ...scope, ...own }, entries)));
      expect(wrong).toEqual([]);
    });
});

describe("docstrings: nothing public is without", () => {
  const namesOf = surface(src);
  for (const [name, file] of Object.entries(entryFiles))
    it(name, async () => {
      const module = await load(file);
      const names = namesOf(file);
      expect(unseen(names, module)).toEqual([]);
      expect(missing(names, module)).toEqual([]);
    });
});

describe("docstrings: the laws have teeth", () => {
  const doc = (code: string): Example => {
    const [example] = examplesOf(
      parse(
        "src/a.ts",
        `/** A.\n * @example\n * ${code.replaceAll("\n", "\n * ")}\n * @see b\n */\nexport const a = 1;`,
      ),
    );
    return example as Example;
  };
  const add = (a: number, b: number): number => a + b;
  const run = (code: string): Promise<readonly string[]> => runExample(doc(code), { add }, { brickbox: { add } });
  it.each([
    ["add(1, 2) // => 3"],
    ["const f = (x: number) => add(x, 1); f(3) // => 4"],
    ["const y: number = add(1, 1); // => 2"],
    ["[add(1, 1), { b: add(1, 2) }] // => [2, { b: 3 }]"],
    ["Promise.resolve(add(2, 2)) // => 4"],
    ['import { add as plus } from "brickbox";\nplus(1, 1) // => 2'],
    ["const add = 5;\nadd // => 5"],
    ['"a  b"\n// => a\n//    b'],
    ["new Float32Array([1, 2]) // => [1, 2]"],
  ])("accepts %j", async (code) => expect(await run(code)).toEqual([]));
  it.each([
    ["add(1, 2) // => 4", "src/a.ts:2: got 3, not 4"],
    ["add(1, // => 4", "src/a.ts:2: SyntaxError"],
    ["missing(1) // => 4", "src/a.ts:2: ReferenceError: missing is not defined"],
    ["const { x } = { x: 1 }; // => 1", "src/a.ts:2: SyntaxError: // => needs an expression before it"],
    ["const a = 3;\nif (a === 3) {\n  a // => 3\n}", "src/a.ts:2: SyntaxError"],
  ])("refuses %j", async (code, complaint) => {
    expect((await run(code)).map((text) => text.slice(0, complaint.length))).toEqual([complaint]);
  });
  it("a nested toString wins over the look of the data", () => {
    expect(show({ a: { toString: () => "A" }, b: [new Date(0).getTime(), null] })).toBe("{a:A,b:[0,null]}");
  });
  it("sees names without docstring or example", () => {
    const files: readonly Source[] = [
      parse(
        "src/index.ts",
        'export * as np from "./np.ts";\nexport { f as g } from "./f.ts";\nexport * from "./f.ts";',
      ),
      parse(
        "src/np.ts",
        'import { f } from "./f.ts";\nexport const linalg = { /** No example. */ inv: () => 1, f };\nexport const pi = 3;',
      ),
      parse(
        "src/f.ts",
        "/** F.\n * @example\n * f() // => 1\n */\nconst f = () => 1;\nexport { f };\n/** T. */\nexport interface T {}\nexport type U = T;",
      ),
    ];
    const f = (): number => 1;
    const module: Module = { f, g: f, h: f, np: { linalg: { f, inv: f }, pi: 3 } };
    const names = surface(files)("src/index.ts");
    expect(names.map(({ path }) => path.join("."))).toEqual([
      "np.linalg.inv",
      "np.linalg.f",
      "np.pi",
      "g",
      "f",
      "T",
      "U",
    ]);
    expect(missing(names, module)).toEqual([
      "np.linalg.inv (src/np.ts): no example",
      "np.pi (src/np.ts): no docstring",
      "U (src/f.ts): no docstring",
    ]);
    expect(unseen(names, module)).toEqual(["h"]);
  });
});
