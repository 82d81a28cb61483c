// Programs as text: steps and kernels with stable names, one statement a line.
import type { Buffer, Expr, Var } from "../../kernel/expr.ts";
import { topological } from "../../kernel/expr.ts";
import type { Kernel, Program, Step, Stmt } from "../../kernel/program.ts";

const infix: { readonly [op: string]: string } = {
  add: "+",
  sub: "-",
  mul: "*",
  div: "/",
  rem: "%",
  and: "&",
  or: "|",
  xor: "^",
  shl: "<<",
  shr: ">>",
  eq: "==",
  ne: "!=",
  lt: "<",
  le: "<=",
  gt: ">",
  ge: ">=",
};
type Names = (b: Buffer) => string;

const bufferNames = (): Names => {
  const names = new Map<Buffer, string>();
  return (b) => {
    const known = names.get(b) ?? `b${names.size}`;
    names.set(b, known);
    return known;
  };
};
const declared =
  (name: Names) =>
  (b: Buffer): string =>
    `${name(b)}: ${b.type}[${b.shape.join(", ")}]`;

/** An expression, fully bracketed; built bottom-up, so that depth is no limit. */
const showExpr = (e: Expr, name: Names): string => {
  const done = new Map<Expr, string>();
  for (const x of topological([e])) {
    const args = x.args.map((a) => done.get(a) as string);
    done.set(x, showNode(x, args, name));
  }
  return done.get(e) as string;
};
const showNode = (e: Expr, args: readonly string[], name: Names): string => {
  const list = args.join(", ");
  switch (e.op) {
    case "const":
      return Object.is(e.value, -0) ? "-0" : `${e.value}${e.type === "i32" ? "" : `:${e.type}`}`;
    case "var":
      return e.name;
    case "read":
      return `${name(e.buffer)}[${list}]`;
    case "cast":
    case "bitcast":
      return `${e.op}<${e.type}>(${list})`;
    case "reduce":
      return `${e.combine}(${e.index.name} < ${e.index.extent}: ${list})`;
    default: {
      const sign = infix[e.op];
      return sign !== undefined && args.length === 2 ? `(${args[0]} ${sign} ${args[1]})` : `${e.op}(${list})`;
    }
  }
};

const indent = (lines: readonly string[]): readonly string[] => lines.map((l) => `  ${l}`);
const braced = (head: string, lines: readonly string[]): readonly string[] => [`${head} {`, ...indent(lines), "}"];

const showStmt = (s: Stmt, name: Names): readonly string[] => {
  const show = (e: Expr): string => showExpr(e, name),
    all = (stmts: readonly Stmt[]): readonly string[] => stmts.flatMap((x) => showStmt(x, name)),
    typed = (v: Var): string => `${v.name}: ${v.type}`;
  switch (s.op) {
    case "let":
      return [`${s.mutable ? "let mut" : "let"} ${typed(s.name)} = ${show(s.value)}`];
    case "set":
      return [`${s.name.name} = ${show(s.value)}`];
    case "store":
      return [`${name(s.buffer)}[${s.at.map(show).join(", ")}] ${s.combine ?? ""}= ${show(s.value)}`];
    case "if":
      return [
        ...braced(`if ${show(s.cond)}`, all(s.then)),
        ...(s.else.length === 0 ? [] : braced("else", all(s.else))),
      ];
    case "while":
      return braced(`while ${show(s.cond)}`, all(s.body));
    case "for":
      return [
        ...braced(
          `${s.mark} for ${s.index.name} < ${s.index.extent}${s.limit === undefined ? "" : `, ${show(s.limit)}`}`,
          [...all(s.body), ...s.accs.map((a) => `yield ${show(a.value)}`)],
        ),
        ...s.accs.map((a) => `let ${typed(a.name)} = ${a.combine} of them`),
      ];
    default:
      return s satisfies never;
  }
};

/** One kernel. */
export const showKernel = (k: Kernel, name: Names = bufferNames()): readonly string[] =>
  braced(`kernel ${k.name}(${k.params.map(declared(name)).join(", ")})`, [
    ...k.scratch.map((b) => `scratch ${declared(name)(b)}`),
    ...k.body.flatMap((s) => showStmt(s, name)),
  ]);

const showStep = (s: Step, name: Names): readonly string[] => {
  const all = (list: readonly Step[]): readonly string[] => list.flatMap((x) => showStep(x, name));
  switch (s.op) {
    case "call":
      return showKernel(s.kernel, name);
    case "copy":
      return [`copy ${name(s.from)} to ${name(s.to)}`];
    case "host":
      return [`host ${s.name}(${s.ins.map(name).join(", ")}) to (${s.outs.map(name).join(", ")})`];
    case "loop":
      return braced(
        `loop ${s.count}${s.counter === undefined ? "" : ` counted by ${name(s.counter)}`}${carried(s.carries, name)}`,
        all(s.body),
      );
    case "while":
      return [
        ...braced(`while ${name(s.flag)} of`, all(s.cond)),
        ...braced(`do${carried(s.carries, name)}`, all(s.body)),
      ];
    case "branch":
      return braced(
        `branch by ${name(s.index)}`,
        s.branches.flatMap((b, i) => braced(`${i}:`, all(b))),
      );
    default:
      return s satisfies never;
  }
};
const carried = (carries: (Step & { readonly op: "loop" })["carries"], name: Names): string =>
  (carries ?? []).map((c) => ` with ${name(c.now)} from ${name(c.next)}`).join();

/** A whole program. */
export const showProgram = (p: Program): string => {
  const name = bufferNames(),
    list = (bs: readonly Buffer[]): string => bs.map(declared(name)).join(", ");
  return [`program (${list(p.inputs)}) -> (${list(p.outputs)})`, ...p.steps.flatMap((s) => showStep(s, name))].join(
    "\n",
  );
};
