// The project's own TypeScript files, parsed: what the laws about source text read.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { type ESTree, type ParseResult, parseSync } from "vite";

/** The project's folder. */
export const root = fileURLToPath(new URL("..", import.meta.url));

/** A parsed file; `file` is its path from the root, with slashes. */
export interface Source {
  readonly file: string;
  readonly text: string;
  readonly body: readonly ESTree.Program["body"][number][];
  readonly comments: ParseResult["comments"];
}

/** Any node of the tree. */
export interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

/** An import or re-export: of a file (`target` is its path from the root) or of a package (`target` is its name). */
export interface Import {
  readonly target: string;
  readonly relative: boolean;
  /** "dynamic" is `import(...)` as a value: it is not part of the static graph. */
  readonly kind: "value" | "type" | "dynamic";
}

/** Parse one file. Throws when it is not TypeScript. */
export const parse = (file: string, text: string): Source => {
  const { program, comments, errors } = parseSync(file, text);
  const [error] = errors;
  if (error !== undefined) throw new SyntaxError(`${file}: ${error.message}`);
  return { file, text, body: program.body, comments };
};

/** Every path below a folder of the project, from the root; nothing if there is no such folder. */
export const paths = (folder: string): readonly string[] => {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .map((path) => posix.join(folder, path.replaceAll("\\", "/")))
    .filter((path) => !path.includes("node_modules/")) // what benchmarks install for themselves
    .sort();
};

/** The TypeScript files below the given folders. */
export const sources = (...folders: readonly string[]): readonly Source[] =>
  folders
    .flatMap(paths)
    .filter((file) => file.endsWith(".ts"))
    .map((file) => parse(file, readFileSync(join(root, file), "utf8")));

const isNode = (x: unknown): x is Node => typeof x === "object" && x !== null && "type" in x && "start" in x;

/** Visit every node below (and with) the given ones, in source order. */
export const walk = (nodes: readonly Node[], visit: (node: Node) => void): void => {
  const stack: Node[] = [...nodes].reverse();
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    visit(node);
    const children = Object.values(node).flatMap((value: unknown) =>
      Array.isArray(value) ? value.filter(isNode) : isNode(value) ? [value] : [],
    );
    stack.push(...children.reverse());
  }
};

const specifier = (node: Node | null | undefined): string | null => {
  const value = (node as { readonly value?: unknown } | null | undefined)?.value;
  return typeof value === "string" ? value : null;
};

/** What a file imports or re-exports. */
export const imports = ({ file, body }: Source): readonly Import[] => {
  const found: Import[] = [];
  const add = (from: string | null, kind: Import["kind"]): void => {
    if (from === null) return;
    const relative = from.startsWith(".");
    found.push({ target: relative ? posix.join(posix.dirname(file), from) : from, relative, kind });
  };
  walk(body, (node) => {
    const n = node as ESTree.Node;
    if (n.type === "ImportDeclaration") add(specifier(n.source), n.importKind === "type" ? "type" : "value");
    else if (n.type === "ExportAllDeclaration") add(specifier(n.source), n.exportKind === "type" ? "type" : "value");
    else if (n.type === "ExportNamedDeclaration") add(specifier(n.source), n.exportKind === "type" ? "type" : "value");
    else if (n.type === "ImportExpression") add(specifier(n.source), "dynamic");
    else if (n.type === "TSImportType") add(specifier(n.source), "type");
  });
  return found;
};

/** The line (from 1) of an offset. */
export const lineOf = ({ text }: Source, offset: number): number => text.slice(0, offset).split("\n").length;
