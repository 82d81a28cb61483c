// Examples in docstrings. An example is what follows `@example`, or a fenced block. A line that ends in `// => text`
// claims that the value of the last statement on it prints as `text`; `//    more` on the next line continues the text.
// In scope are all exports of the package, `bricks optim io data laws`, and the exports of the example's own file;
// `import ... from "brickbox/..."` works too, and so does `await`.
//
// How a value prints: NDArrays and everything else with its own toString by it; lists and plain objects like JSON, with
// their members printed by the same rule. Quotes, white space beside `,:[]{}()`, and the sign of zero do not count.
import { type ESTree, parseSync, transformWithOxc } from "vite";
import { lineOf, type Source } from "./source.ts";
import { plain } from "./surface.ts";

/** One example, with the place where it starts. */
export interface Example {
  readonly file: string;
  readonly line: number;
  readonly code: string;
}

const sections = (doc: string): readonly { readonly code: string; readonly line: number }[] => {
  const found: { code: string[]; line: number }[] = [];
  let mode: "text" | "example" | "fence" = "text";
  const begin = (line: number, first: string): void => {
    found.push({ code: [first], line });
  };
  doc.split("\n").forEach((text, line) => {
    const example = /^@example\b(.*)$/.exec(text);
    const fence = /^\s*```/.test(text);
    if (example !== null && mode !== "fence") {
      mode = "example";
      begin(line, example[1] as string);
    } else if (fence && mode === "text") {
      mode = "fence";
      begin(line, "");
    } else if (fence && mode === "fence") mode = "text";
    else if (mode === "example" && /^@\w/.test(text)) mode = "text";
    else if (mode !== "text") found.at(-1)?.code.push(fence ? "" : text);
  });
  return found.map(({ code, line }) => ({ code: code.join("\n"), line }));
};

/** The examples of a file. */
export const examplesOf = (source: Source): readonly Example[] =>
  source.comments
    .filter(({ type, value }) => type === "Block" && value.startsWith("*"))
    .flatMap((comment) =>
      sections(plain(comment.value)).map(({ code, line }) => ({
        file: source.file,
        line: lineOf(source, comment.start) + line,
        code,
      })),
    );

/** How many claims (`// =>`) a docstring makes. */
export const claimsOf = (doc: string): number =>
  sections(doc).reduce((sum, { code }) => sum + [...code.matchAll(/\/\/ =>/g)].length, 0);

/** How a value prints. */
export const show = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(show).join(",")}]`;
  if (ArrayBuffer.isView(value) && Symbol.iterator in value)
    return show([...(value as Iterable<unknown> & typeof value)]);
  const proto: unknown = typeof value === "object" && value !== null ? Object.getPrototypeOf(value) : undefined;
  if ((proto !== Object.prototype && proto !== null) || Object.hasOwn(value as object, "toString"))
    return String(value);
  return `{${Object.entries(value as object)
    .map(([key, member]) => `${key}:${show(member)}`)
    .join(",")}}`;
};

const canonical = (text: string): string =>
  text
    .replace(/["'`]/g, "")
    .replace(/\s+/g, " ")
    .replace(/(?<![\w.])-0(?![\w.])/g, "0")
    .replace(/ ?([,:[\]{}()]) ?/g, "$1")
    .trim();

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Report the value of the statement before a claim; a claim inside a statement has no such value. */
const claim = (before: ESTree.Statement | undefined, at: number, code: string, i: number): Edit => {
  const statement = before !== undefined && before.end <= at ? before : undefined;
  if (statement?.type === "ExpressionStatement") {
    const { start, end } = statement.expression;
    return { start: statement.start, end: statement.end, text: `$claim(${i}, await (${code.slice(start, end)}));` };
  }
  const [only] = statement?.type === "VariableDeclaration" ? statement.declarations : [];
  if (statement === undefined || only?.id.type !== "Identifier")
    throw new SyntaxError("// => needs an expression before it");
  return { start: statement.end, end: statement.end, text: `;$claim(${i}, ${only.id.name});` };
};

const importing = (node: ESTree.ImportDeclaration): string =>
  node.specifiers
    .map((s) => {
      const entry = `$entries[${JSON.stringify(node.source.value)}]`;
      if (s.type !== "ImportSpecifier") return `const ${s.local.name} = ${entry};`;
      const name = s.imported.type === "Literal" ? s.imported.value : s.imported.name;
      return `const ${s.local.name} = ${entry}[${JSON.stringify(name)}];`;
    })
    .join(" ");

interface Program {
  /** Statements in TypeScript that call `$claim(i, value)`. */
  readonly text: string;
  readonly expected: readonly string[];
}

const compile = (code: string): Program => {
  const { program, comments, errors } = parseSync("example.ts", code);
  if (errors[0] !== undefined) throw new SyntaxError(errors[0].message);
  const statements = program.body as readonly ESTree.Statement[];
  const edits: Edit[] = statements.flatMap((node) =>
    node.type === "ImportDeclaration" ? [{ start: node.start, end: node.end, text: importing(node) }] : [],
  );
  const expected: string[] = [];
  let end = -1;
  for (const comment of comments) {
    const text = /^ =>(.*)$/.exec(comment.value)?.[1];
    const continues = text === undefined && expected.length > 0 && /^\s*$/.test(code.slice(end, comment.start));
    if (text !== undefined) {
      edits.push(
        claim(
          statements.findLast((s) => s.start < comment.start),
          comment.start,
          code,
          expected.length,
        ),
      );
      expected.push(text);
      end = comment.end;
    } else if (continues && comment.value.startsWith("   ")) {
      expected.push(`${expected.pop()} ${comment.value}`);
      end = comment.end;
    }
  }
  const text = edits
    .sort((a, b) => b.start - a.start)
    .reduce((done, edit) => done.slice(0, edit.start) + edit.text + done.slice(edit.end), code);
  return { text, expected };
};

type Scope = Readonly<Record<string, unknown>>;
const AsyncFunction = (async () => {}).constructor as new (...args: string[]) => (...args: unknown[]) => Promise<void>;

/** Whether a parameter may have this name: `var` and `delete` are exports, but no identifiers. */
const isIdentifier = (name: string): boolean => {
  const known = identifiers.get(name);
  if (known !== undefined) return known;
  let valid = /^[A-Za-z_$][\w$]*$/.test(name);
  try {
    if (valid) new Function(name, '"use strict";');
  } catch {
    valid = false;
  }
  identifiers.set(name, valid);
  return valid;
};
const identifiers = new Map<string, boolean>();

/** Run an example and say what is wrong with it; an empty list if every claim holds. */
export const runExample = async (
  example: Example,
  scope: Scope,
  entries: Readonly<Record<string, Scope>>,
): Promise<readonly string[]> => {
  const place = `${example.file}:${example.line}`;
  try {
    const { text, expected } = compile(example.code);
    const { code } = await transformWithOxc(text, "example.ts", { target: "es2022", sourcemap: false });
    const names = Object.keys(scope).filter(isIdentifier);
    const wrong: string[] = [];
    let seen = 0;
    const $claim = (i: number, value: unknown): void => {
      seen++;
      const got = show(value);
      if (canonical(got) !== canonical(expected[i] as string)) wrong.push(`${place}: got ${got}, not${expected[i]}`);
    };
    // The inner block lets an example declare a name that is also in scope.
    const run = new AsyncFunction("$claim", "$entries", ...names, `"use strict"; {\n${code}\n}`);
    await run($claim, entries, ...names.map((name) => scope[name]));
    if (seen !== expected.length) wrong.push(`${place}: ${expected.length} claims, ${seen} reached`);
    return wrong;
  } catch (error) {
    return [`${place}: ${String(error)}`];
  }
};
