// The public surface: every name that a user can import, with the docstring of its declaration. Names come from the
// source (types included), values from the modules themselves.
import type { ESTree } from "vite";
import type { Node, Source } from "./source.ts";
import { imports } from "./source.ts";

/** What a name stands for: a declaration with its docstring, a module, or an object of more names. */
type Target =
  | { readonly kind: "declaration"; readonly file: string; readonly doc: string | null; readonly type: boolean }
  | { readonly kind: "module"; readonly file: string }
  | {
      readonly kind: "object";
      readonly file: string;
      readonly doc: string | null;
      readonly node: ESTree.ObjectExpression;
    };

/** A public name such as `np.fft.fft`. */
export interface PublicName {
  readonly path: readonly string[];
  /** The file of its declaration. */
  readonly file: string;
  /** The text of its docstring, without stars. */
  readonly doc: string | null;
  readonly type: boolean;
}

/** The text of a block comment without its stars. */
export const plain = (comment: string): string =>
  comment
    .replace(/^\*/, "")
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/, ""))
    .join("\n")
    .trim();

/** The docstring right before a node. */
const docBefore = ({ text, comments }: Source, { start }: Node): string | null => {
  const doc = comments.findLast((c) => c.end <= start);
  const adjacent = doc?.type === "Block" && doc.value.startsWith("*") && text.slice(doc.end, start).trim() === "";
  return adjacent ? plain(doc.value) : null;
};

const nameOf = (node: ESTree.ModuleExportName): string => (node.type === "Literal" ? node.value : node.name);

/** `Object.freeze({...})`, `({...}) as const` and `{...} satisfies T` are all the object. */
const bare = (node: ESTree.Expression): ESTree.Expression => {
  if (node.type === "TSAsExpression" || node.type === "TSSatisfiesExpression") return bare(node.expression);
  if (node.type === "ParenthesizedExpression") return bare(node.expression);
  const [first] = node.type === "CallExpression" ? node.arguments : [];
  const frozen = node.type === "CallExpression" && node.callee.type === "MemberExpression" && first !== undefined;
  return frozen && first.type === "ObjectExpression" ? first : node;
};

/** The name that is wrapped in `ready(name)`, or null. */
const readied = (node: ESTree.Expression): string | null => {
  if (node.type !== "CallExpression" || node.callee.type !== "Identifier" || node.callee.name !== "ready") return null;
  const [only] = node.arguments;
  return only?.type === "Identifier" ? only.name : null;
};

const isType = (node: { readonly type: string }): boolean =>
  node.type === "TSInterfaceDeclaration" || node.type === "TSTypeAliasDeclaration";

/** Resolves the names of a set of sources. */
export const surface = (files: readonly Source[]): ((entry: string) => readonly PublicName[]) => {
  const byFile = new Map(files.map((source) => [source.file, source]));
  const cached = new Map<string, ReadonlyMap<string, Target>>();

  const targetFile = (source: Source, node: Node): string => {
    const inside = { ...source, body: [node as ESTree.Statement] };
    return imports(inside)[0]?.target ?? "";
  };

  /** What an expression of `source` stands for, given the source's own names. */
  const ofExpression = (
    source: Source,
    node: ESTree.Expression,
    doc: string | null,
    local: (name: string) => Target | undefined,
  ): Target => {
    const value = bare(node);
    const other: Target = { kind: "declaration", file: source.file, doc, type: false };
    if (value.type === "ObjectExpression") return { kind: "object", file: source.file, doc, node: value };
    if (value.type === "Identifier") {
      const target = local(value.name);
      return target === undefined || (target.kind === "declaration" && doc !== null) ? other : target;
    }
    // `ready(inner)` is inner: its docstring follows the one that the export has here.
    const inner = readied(value);
    const target = inner === null ? undefined : local(inner);
    if (target?.kind === "declaration" && doc !== null)
      return { ...target, doc: target.doc === null ? null : `${doc}\n${target.doc}` };
    if (target !== undefined) return target;
    if (value.type === "MemberExpression" && !value.computed && value.object.type === "Identifier") {
      const owner = local(value.object.name);
      const member = owner && members(owner).get((value.property as ESTree.IdentifierName).name);
      return member === undefined || doc !== null ? other : member;
    }
    return other;
  };

  const declared = (source: Source, node: Node, doc: string | null): readonly (readonly [string, Target])[] => {
    const n = node as ESTree.Node;
    const target = (type: boolean): Target => ({ kind: "declaration", file: source.file, doc, type });
    if (n.type === "VariableDeclaration")
      return n.declarations.flatMap(({ id, init }) => {
        if (id.type !== "Identifier") return [];
        // With a type, or an example of its own, an object is a value; otherwise it is a namespace.
        if (init == null || id.typeAnnotation != null || doc?.includes("@example"))
          return [[id.name, target(false)] as const];
        return [[id.name, ofExpression(source, init, doc, (name) => locals(source).get(name))] as const];
      });
    if ("id" in n && n.id !== null && n.id !== undefined && n.id.type === "Identifier")
      return [[n.id.name, target(isType(n))]];
    return [];
  };

  const scopes = new Map<string, Map<string, Target>>();
  /** Every name at the top level of a file, imports included. Filled in order, so it may be read while it grows. */
  const locals = (source: Source): ReadonlyMap<string, Target> => {
    const known = scopes.get(source.file);
    if (known !== undefined) return known;
    const scope = new Map<string, Target>();
    scopes.set(source.file, scope);
    const put = (name: string, target: Target): void => {
      const before = scope.get(name);
      // Overloads, or a type and a value of one name: the first docstring speaks for all.
      if (before?.kind === "declaration" && target.kind === "declaration")
        scope.set(name, { ...target, doc: before.doc ?? target.doc, type: before.type && target.type });
      else scope.set(name, target);
    };
    for (const node of source.body) {
      if (node.type === "ImportDeclaration") {
        const file = targetFile(source, node);
        for (const s of node.specifiers) {
          if (s.type === "ImportNamespaceSpecifier") put(s.local.name, { kind: "module", file });
          else if (s.type === "ImportSpecifier") {
            const target = exported(file).get(nameOf(s.imported));
            if (target !== undefined) put(s.local.name, target);
          }
        }
      } else if (node.type === "ExportNamedDeclaration" && node.declaration !== null) {
        for (const [name, target] of declared(source, node.declaration, docBefore(source, node))) put(name, target);
      } else for (const [name, target] of declared(source, node, docBefore(source, node))) put(name, target);
    }
    return scope;
  };

  /** What a file exports. */
  const exported = (file: string): ReadonlyMap<string, Target> => {
    const known = cached.get(file);
    if (known !== undefined) return known;
    const out = new Map<string, Target>();
    cached.set(file, out);
    const source = byFile.get(file);
    if (source === undefined) return out;
    const scope = locals(source);
    for (const node of source.body) {
      if (node.type === "ExportAllDeclaration") {
        const from = targetFile(source, node);
        if (node.exported !== null) out.set(nameOf(node.exported), { kind: "module", file: from });
        else for (const [name, target] of exported(from)) if (!out.has(name)) out.set(name, target);
      } else if (node.type === "ExportNamedDeclaration") {
        const from = node.source === null ? scope : exported(targetFile(source, node));
        for (const s of node.specifiers) {
          const target = from.get(nameOf(s.local));
          if (target !== undefined) out.set(nameOf(s.exported), target);
        }
        if (node.declaration !== null)
          for (const [name] of declared(source, node.declaration, null)) {
            const target = scope.get(name);
            if (target !== undefined) out.set(name, target);
          }
      }
    }
    return out;
  };

  /** The names inside a module or an object. */
  const members = (target: Target): ReadonlyMap<string, Target> => {
    if (target.kind === "module") return exported(target.file);
    if (target.kind === "declaration") return new Map();
    const source = byFile.get(target.file) as Source;
    const local = (name: string): Target | undefined => locals(source).get(name);
    const out = new Map<string, Target>();
    for (const property of target.node.properties) {
      if (property.type === "SpreadElement") {
        const inner = ofExpression(source, property.argument, null, local);
        for (const [name, member] of members(inner)) out.set(name, member);
      } else if (!property.computed) {
        const { key } = property;
        const name = key.type === "Literal" ? String(key.value) : (key as ESTree.IdentifierName).name;
        out.set(name, ofExpression(source, property.value, docBefore(source, property), local));
      }
    }
    return out;
  };

  const flatten = (names: ReadonlyMap<string, Target>, path: readonly string[]): readonly PublicName[] =>
    [...names].flatMap(([name, target]): readonly PublicName[] => {
      const here = [...path, name];
      if (path.length > 4) return []; // a namespace that holds itself
      if (target.kind !== "declaration") return flatten(members(target), here);
      return [{ path: here, file: target.file, doc: target.doc, type: target.type }];
    });

  return (entry) => flatten(exported(entry), []);
};
