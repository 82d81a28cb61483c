// The shape of the source: who may import whom, no cycles, short files, no `any`, no default exports, no enums, no
// drawers for leftovers, a README in every folder. Each rule is a function from sources to complaints, so that the
// last suite can feed it sources that break it.
import { readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { describe, expect, it } from "vitest";
import { imports, lineOf, type Node, parse, paths, root, type Source, sources, walk } from "./source.ts";

type Rule = (sources: readonly Source[]) => readonly string[];

/** What each folder of src may import besides itself. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  kernel: [],
  core: ["kernel"],
  primitives: ["core", "kernel"],
  transforms: ["core", "primitives"],
  control: ["core", "kernel", "primitives", "transforms"],
  compile: ["core", "kernel"],
  backends: ["kernel"],
  runtime: ["core", "kernel", "transforms", "compile", "backends"],
  numpy: ["core", "primitives", "transforms", "control", "runtime"],
  bricks: ["numpy"],
  optim: ["numpy"],
  io: ["numpy"],
  data: ["numpy"],
  laws: ["numpy", "transforms"],
};

/** The files behind the package's exports map. */
const entries = ["src/index.ts", ...["bricks", "optim", "io", "data", "laws"].map((name) => `src/${name}/index.ts`)];

/** The folder that the table speaks of: `src/kernel/x.ts` is in `kernel`, `bench/x.ts` in `bench`. */
const home = (file: string): string => {
  const [top, second, ...rest] = file.split("/");
  return top === "src" ? (rest.length === 0 ? "src" : (second as string)) : (top as string);
};

const allowed = (from: string, to: string): boolean => {
  if (from === "src/index.ts") return to.startsWith("src/");
  if (home(from) === "laws" && !from.startsWith("src/")) return true;
  if (home(from) === home(to) && from.split("/")[0] === to.split("/")[0]) return true;
  if (from.startsWith("bench/") || from.startsWith("examples/")) return entries.includes(to);
  return to.startsWith("src/") && (mayImport[home(from)]?.includes(home(to)) ?? false);
};

const importTable: Rule = (files) => {
  const strays = files
    .map(({ file }) => file)
    .filter((file) => file.startsWith("src/") && file !== "src/index.ts" && mayImport[home(file)] === undefined)
    .map((file) => `${file}: this folder is not in the import table`);
  const upward = files.flatMap((source) =>
    imports(source)
      .filter(({ relative, target }) => relative && !allowed(source.file, target))
      .map(({ target }) => `${source.file} must not import ${target}`),
  );
  return [...strays, ...upward];
};

/** A relative import that names no known file: the other rules would be blind to it. */
const resolvable: Rule = (files) => {
  const known = new Set(files.map(({ file }) => file));
  return files.flatMap((source) =>
    imports(source)
      .filter(({ relative, target }) => relative && !known.has(target) && !target.endsWith(".json"))
      .map(({ target }) => `${source.file} imports ${target}, which is not there`),
  );
};

/** The library runs in browsers and has one dependency. Builtins of Node may only be reached when they are needed. */
const packages: Rule = (files) =>
  files
    .filter(({ file }) => file.startsWith("src/"))
    .flatMap((source) =>
      imports(source)
        .filter(({ relative, kind, target }) => {
          if (relative || /^fp-ts\/lib\/\w+\.js$/.test(target)) return false;
          if (target === "fast-check") return !source.file.startsWith("src/laws/");
          return !(target.startsWith("node:") && kind !== "value");
        })
        .map(({ target }) => `${source.file} must not import the package ${target}`),
    );

/** Cycles of static imports, of values and types alike: one complaint for each back edge of a depth-first walk. */
const acyclic: Rule = (files) => {
  const edges = new Map(
    files.map((source) => [
      source.file,
      imports(source).flatMap(({ relative, kind, target }) => (relative && kind !== "dynamic" ? [target] : [])),
    ]),
  );
  const state = new Map<string, "open" | "done">();
  const path: string[] = [];
  const complaints: string[] = [];
  const visit = (file: string): void => {
    if (state.get(file) === "open") complaints.push([...path.slice(path.indexOf(file)), file].join(" -> "));
    if (state.has(file)) return;
    state.set(file, "open");
    path.push(file);
    edges.get(file)?.forEach(visit);
    path.pop();
    state.set(file, "done");
  };
  for (const file of edges.keys()) visit(file);
  return complaints;
};

const longest = 400;
const short: Rule = (files) =>
  files
    .map(({ file, text }) => ({ file, lines: text.split("\n").length - (text.endsWith("\n") ? 1 : 0) }))
    .filter(({ lines }) => lines > longest)
    .map(({ file, lines }) => `${file}: ${lines} lines, at most ${longest}`);

const forbidding =
  (what: string, bad: (node: Node) => boolean, inside: (file: string) => boolean = () => true): Rule =>
  (files) =>
    files
      .filter(({ file }) => inside(file))
      .flatMap((source) => {
        const found: string[] = [];
        walk(source.body, (node) => {
          if (bad(node)) found.push(`${source.file}:${lineOf(source, node.start)}: ${what}`);
        });
        return found;
      });

const noAny = forbidding(
  "`any`",
  ({ type }) => type === "TSAnyKeyword",
  (file) => file.startsWith("src/"),
);
const noEnum = forbidding("enum", ({ type }) => type === "TSEnumDeclaration");
const noDefault = forbidding("default export", (node) => {
  if (node.type === "ExportDefaultDeclaration") return true;
  const exported = (node as { exported?: { name?: string } | null }).exported;
  return node.type === "ExportSpecifier" && exported?.name === "default";
});

const drawer = /^(utils?|utilities|helpers?|misc|common)$/i;
const noDrawer: Rule = (files) =>
  files
    .map(({ file }) => file)
    .filter((file) => file.split("/").some((part) => drawer.test(part.replace(/(\.law)?\.ts$/, ""))))
    .map((file) => `${file}: say what it holds`);

/** Every folder below src has a README that says what may be imported; `read` gives a file's text or null. */
const readmes = (files: readonly string[], read: (file: string) => string | null): readonly string[] => {
  const folders = new Set(files.map((file) => posix.dirname(file)).filter((folder) => folder.startsWith("src/")));
  return [...folders].sort().flatMap((folder) => {
    const text = read(`${folder}/README.md`);
    if (text === null) return [`${folder}/README.md is missing`];
    return /import/i.test(text) ? [] : [`${folder}/README.md does not say what may be imported`];
  });
};

const read = (file: string): string | null => {
  try {
    return readFileSync(join(root, file), "utf8");
  } catch {
    return null;
  }
};

const everything = sources("src", "laws", "bench", "examples");

describe("architecture", () => {
  it("the scanner sees the project", () => {
    expect(everything.filter(({ file }) => file.startsWith("src/")).length).toBeGreaterThan(10);
    expect(everything.flatMap(imports).length).toBeGreaterThan(20);
  });
  const rules: readonly (readonly [string, Rule])[] = [
    ["imports follow the table", importTable],
    ["every relative import names a file", resolvable],
    ["src imports no package but fp-ts/lib (and fast-check in laws)", packages],
    ["no import cycles", acyclic],
    [`files have at most ${longest} lines`, short],
    ["no `any` in src", noAny],
    ["no enums", noEnum],
    ["no default exports", noDefault],
    ["no utils, helpers or misc", noDrawer],
  ];
  for (const [name, rule] of rules) it(name, () => expect(rule(everything)).toEqual([]));
  it("every folder of src has a README", () => {
    const files = paths("src").filter((file) => file.endsWith(".ts"));
    expect(readmes(files, read)).toEqual([]);
  });
});

describe("architecture: the rules have teeth", () => {
  const bad: readonly (readonly [string, Rule, Readonly<Record<string, string>>, readonly string[]])[] = [
    [
      "an upward import",
      importTable,
      { "src/kernel/a.ts": 'import { b } from "../core/b.ts";' },
      ["src/kernel/a.ts must not import src/core/b.ts"],
    ],
    [
      "an upward import of a type",
      importTable,
      { "src/backends/wasm/a.ts": 'export type T = import("../../core/b.ts").B;' },
      ["src/backends/wasm/a.ts must not import src/core/b.ts"],
    ],
    [
      "an upward re-export",
      importTable,
      { "src/bricks/a.ts": 'export * from "../transforms/grad.ts";' },
      ["src/bricks/a.ts must not import src/transforms/grad.ts"],
    ],
    [
      "an upward dynamic import",
      importTable,
      { "src/io/a.ts": 'export const f = () => import("../runtime/b.ts");' },
      ["src/io/a.ts must not import src/runtime/b.ts"],
    ],
    [
      "a folder that nobody knows",
      importTable,
      { "src/extra/a.ts": "" },
      ["src/extra/a.ts: this folder is not in the import table"],
    ],
    ["a stray file", importTable, { "src/a.ts": "" }, ["src/a.ts: this folder is not in the import table"]],
    [
      "an import of the root",
      importTable,
      { "src/numpy/a.ts": 'import { np } from "../index.ts";' },
      ["src/numpy/a.ts must not import src/index.ts"],
    ],
    [
      "a law imported by the library",
      importTable,
      { "src/laws/a.ts": 'import { b } from "../../laws/b.ts";' },
      ["src/laws/a.ts must not import laws/b.ts"],
    ],
    [
      "an example that looks inside",
      importTable,
      { "examples/a.ts": 'import { np } from "../src/index.ts";\nimport { b } from "../src/core/b.ts";' },
      ["examples/a.ts must not import src/core/b.ts"],
    ],
    [
      "a dangling import",
      resolvable,
      { "src/core/a.ts": 'import { b } from "./b.js";' },
      ["src/core/a.ts imports src/core/b.js, which is not there"],
    ],
    [
      "a package",
      packages,
      {
        "src/core/a.ts": 'import * as O from "fp-ts/lib/Option.js";\nimport { pipe } from "fp-ts/function";',
        "src/runtime/a.ts": 'import fs from "node:fs";\nconst os = await import("node:os");',
        "src/numpy/a.ts": 'import fc from "fast-check";',
        "src/laws/a.ts": 'import fc from "fast-check";',
      },
      [
        "src/core/a.ts must not import the package fp-ts/function",
        "src/runtime/a.ts must not import the package node:fs",
        "src/numpy/a.ts must not import the package fast-check",
      ],
    ],
    [
      "a cycle through types",
      acyclic,
      {
        "src/core/a.ts": 'import type { B } from "./b.ts";',
        "src/core/b.ts": 'export { c } from "./c.ts";',
        "src/core/c.ts": 'export type T = import("./a.ts").A;',
      },
      ["src/core/a.ts -> src/core/b.ts -> src/core/c.ts -> src/core/a.ts"],
    ],
    ["a long file", short, { "src/core/a.ts": "\n".repeat(401) }, ["src/core/a.ts: 401 lines, at most 400"]],
    ["any", noAny, { "src/core/a.ts": "\nexport const f = (x: any[]) => x;" }, ["src/core/a.ts:2: `any`"]],
    ["an enum", noEnum, { "src/core/a.ts": "export const enum E { A }" }, ["src/core/a.ts:1: enum"]],
    [
      "default exports",
      noDefault,
      { "src/core/a.ts": "export default 1;", "src/core/b.ts": "const x = 1;\nexport { x as default };" },
      ["src/core/a.ts:1: default export", "src/core/b.ts:2: default export"],
    ],
    [
      "drawers",
      noDrawer,
      { "src/core/utils.ts": "", "src/core/helpers/a.ts": "", "laws/misc.law.ts": "" },
      ["src/core/utils.ts", "src/core/helpers/a.ts", "laws/misc.law.ts"].map((file) => `${file}: say what it holds`),
    ],
  ];
  for (const [name, rule, texts, complaints] of bad)
    it(`sees ${name}`, () => {
      expect(rule(Object.entries(texts).map(([file, text]) => parse(file, text)))).toEqual(complaints);
    });
  it("sees a missing README", () => {
    const texts: Readonly<Record<string, string>> = {
      "src/core/README.md": "Data. May import kernel.",
      "src/io/README.md": "Files.",
    };
    expect(readmes(["src/core/a.ts", "src/io/a.ts", "src/io/npy/a.ts"], (file) => texts[file] ?? null)).toEqual([
      "src/io/README.md does not say what may be imported",
      "src/io/npy/README.md is missing",
    ]);
  });
});
