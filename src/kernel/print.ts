// The printer of statements, kernels, programs and plans: a small loop language. Names depend on the order of appearance
// only, so equal programs have equal texts.
import type { Buffer, Expr, ReduceOp } from "./expr.ts";
import type { Names } from "./printExpr.ts";
import { newNames, reduceName, showBuffer, showExpr, showShared } from "./printExpr.ts";
import type { Carry, Copy, For, HostStep, Kernel, Plan, Program, Step, Stmt, Store } from "./program.ts";

export { showExpr };

type Lines = readonly string[];
const indented = (lines: Lines): Lines => lines.map((l) => `  ${l}`);
const block = (head: string, body: Lines, end = "}"): Lines => [`${head} {`, ...indented(body), end];

/** Lines for the shared values of an expression, and its text. */
const expr = (e: Expr, names: Names): { readonly before: Lines; readonly text: string } => {
  const { lets, text } = showShared(e, names);
  return { before: lets.map(([name, value]) => `let ${name} = ${value}`), text };
};
const assignment: { readonly [K in ReduceOp]: string } = {
  add: "+=",
  mul: "*=",
  min: "min=",
  max: "max=",
  and: "&=",
  or: "|=",
};
const store = (s: Store, names: Names): Lines => {
  const at = s.at.map((a) => expr(a, names)),
    value = expr(s.value, names),
    how = s.combine === undefined ? "=" : assignment[s.combine];
  return [
    ...at.flatMap((a) => a.before),
    ...value.before,
    `${names.buffer(s.buffer)}[${at.map((a) => a.text).join(", ")}] ${how} ${value.text}`,
  ];
};
const loop = (s: For, names: Names, depth: number): Lines => {
  const limit = s.limit === undefined ? null : expr(s.limit, names),
    end = limit === null ? String(s.index.extent) : `min(${s.index.extent}, ${limit.text})`,
    index = names.loop(s.index, depth),
    body = statements(s.body, names, depth + 1);
  const results = s.accs.flatMap((a): Lines => {
    const value = expr(a.value, names);
    return [...value.before, `yield ${names.variable(a.name)} = ${reduceName[a.combine]}(${value.text})`];
  });
  return [
    ...(limit?.before ?? []),
    ...block(`for ${index} in 0..${end}${s.mark === "serial" ? "" : ` ${s.mark}`}`, [...body, ...results]),
  ];
};
const statement = (s: Stmt, names: Names, depth: number): Lines => {
  switch (s.op) {
    case "let":
    case "set": {
      if (s.op === "let") names.local(s.name);
      const { before, text } = expr(s.value, names),
        word = s.op === "set" ? "" : s.mutable === true ? "var " : "let ",
        type = s.op === "set" ? "" : `: ${s.name.type}`;
      return [...before, `${word}${names.variable(s.name)}${type} = ${text}`];
    }
    case "store":
      return store(s, names);
    case "for":
      return loop(s, names, depth);
    case "if": {
      const { before, text } = expr(s.cond, names),
        then = statements(s.then, names, depth);
      return s.else.length === 0
        ? [...before, ...block(`if ${text}`, then)]
        : [...before, ...block(`if ${text}`, then, "} else {"), ...indented(statements(s.else, names, depth)), "}"];
    }
    case "while": {
      // The condition is evaluated anew in every round, so its shared values may not stand before the loop.
      const { before, text } = expr(s.cond, names),
        cond = before.length === 0 ? text : `{ ${[...before, text].join("; ")} }`;
      return block(`while ${cond}`, statements(s.body, names, depth));
    }
    default:
      return s satisfies never;
  }
};
const statements = (body: readonly Stmt[], names: Names, depth: number): Lines =>
  body.flatMap((s) => statement(s, names, depth));

const kernelLines = (k: Kernel, title: string): Lines => {
  const names = newNames();
  const params = k.params.map((b) => `${k.outputs.includes(b) ? "out " : ""}${names.buffer(b)}: ${showBuffer(b)}`);
  k.scratch.forEach((b, i) => {
    names.call(b, `s${i}`);
  });
  const scratch = k.scratch.map((b) => `scratch ${names.buffer(b)}: ${showBuffer(b)}`);
  const shared = k.split === undefined ? "" : ` in chunks of ${k.split.chunk}`;
  return block(`kernel ${title}(${params.join(", ")})${shared}`, [...scratch, ...statements(k.body, names, 0)]);
};
/** A kernel as text: its buffers, then its loops. */
export const showKernel = (k: Kernel): string => kernelLines(k, k.name).join("\n");

/** Names of a program's buffers by their role: in0, out0, tmp0, and s0 for scratch memory of kernels. */
const roles = (p: Program): Names => {
  const names = newNames(),
    given = new Set<Buffer>();
  const call = (bs: readonly Buffer[], role: string): void =>
    bs.forEach((b, i) => {
      if (given.has(b)) return; // an output may be an input
      given.add(b);
      names.call(b, `${role}${i}`);
    });
  call(p.inputs, "in");
  call(p.outputs, "out");
  call(p.temporaries, "tmp");
  call(
    carriesOf(p.steps).map((c) => c.next),
    "next",
  );
  call([...new Set(kernelsOf(p.steps).flatMap((k) => k.scratch))], "s");
  return names;
};
/** The steps inside of one. */
const within = (s: Step): readonly Step[] => {
  switch (s.op) {
    case "call":
    case "copy":
    case "host":
      return [];
    case "loop":
      return s.body;
    case "while":
      return [...s.cond, ...s.body];
    case "branch":
      return s.branches.flat();
    default:
      return s satisfies never;
  }
};
/** All steps, each before those inside of it. */
const everyStep = (steps: readonly Step[]): readonly Step[] => steps.flatMap((s) => [s, ...everyStep(within(s))]);
/** All kernels of a list of steps, each once, in order of their first call. */
export const kernelsOf = (steps: readonly Step[]): readonly Kernel[] => [
  ...new Set(everyStep(steps).flatMap((s) => (s.op === "call" ? [s.kernel] : []))),
];
/** All calls of functions of JavaScript in a list of steps. */
export const hostsOf = (steps: readonly Step[]): readonly HostStep[] =>
  everyStep(steps).flatMap((s) => (s.op === "host" ? [s] : []));
/** All copies in a list of steps, besides those of carries. */
export const copiesOf = (steps: readonly Step[]): readonly Copy[] =>
  everyStep(steps).flatMap((s) => (s.op === "copy" ? [s] : []));
/** All carries of the loops in a list of steps. */
export const carriesOf = (steps: readonly Step[]): readonly Carry[] =>
  everyStep(steps).flatMap((s) => (s.op === "loop" || s.op === "while" ? (s.carries ?? []) : []));
/** What the rounds of a loop hand on. */
const carried = (carries: readonly Carry[], names: Names): string =>
  carries.length === 0
    ? ""
    : ` with ${carries.map((c) => `${names.buffer(c.now)} <- ${names.buffer(c.next)}`).join(", ")}`;
const step = (s: Step, names: Names, titles: ReadonlyMap<Kernel, string>): Lines => {
  const steps = (body: readonly Step[]): Lines => body.flatMap((x) => step(x, names, titles));
  switch (s.op) {
    case "call":
      return [`${titles.get(s.kernel)}(${s.kernel.params.map(names.buffer).join(", ")})`];
    case "copy":
      return [`copy ${names.buffer(s.from)} to ${names.buffer(s.to)}`];
    case "host": {
      const list = (bs: readonly Buffer[]): string => bs.map(names.buffer).join(", ");
      return [`host ${s.name}(${list(s.ins)})${s.outs.length === 0 ? "" : ` to ${list(s.outs)}`}`];
    }
    case "loop":
      return block(
        `loop ${s.counter === undefined ? "" : `${names.buffer(s.counter)} in 0..`}${s.count}${carried(s.carries ?? [], names)}`,
        steps(s.body),
      );
    case "while":
      return [
        ...block("while", [...steps(s.cond), names.buffer(s.flag)], `} do${carried(s.carries ?? [], names)} {`),
        ...indented(steps(s.body)),
        "}",
      ];
    case "branch":
      return block(
        `branch ${names.buffer(s.index)}`,
        s.branches.flatMap((b, i) => block(String(i), steps(b))),
      );
    default:
      return s satisfies never;
  }
};
/** Titles of kernels, unlike ones of equal names being numbered. */
const titlesOf = (kernels: readonly Kernel[]): ReadonlyMap<Kernel, string> => {
  const taken = new Map<string, number>();
  return new Map(
    kernels.map((k): [Kernel, string] => {
      const n = taken.get(k.name) ?? 0;
      taken.set(k.name, n + 1);
      return [k, n === 0 ? k.name : `${k.name}#${n + 1}`];
    }),
  );
};
/** A program as text: its steps, then its kernels. */
export const showProgram = (p: Program): string => {
  const names = roles(p),
    kernels = kernelsOf(p.steps),
    titles = titlesOf(kernels);
  const list = (bs: readonly Buffer[]): string => bs.map((b) => `${names.buffer(b)}: ${showBuffer(b)}`).join(", ");
  const main = block(`program (${list(p.inputs)}) -> (${list(p.outputs)})`, [
    ...p.temporaries.map((b) => `let ${names.buffer(b)}: ${showBuffer(b)}`),
    ...p.steps.flatMap((s) => step(s, names, titles)),
  ]);
  return [main, ...kernels.map((k) => kernelLines(k, titles.get(k) as string))].map((l) => l.join("\n")).join("\n\n");
};

/** A memory plan as a table of placements: offset, bytes, first and last step; with the program, buffers have its names. */
export const showPlan = (plan: Plan, program?: Program): string => {
  const names = program === undefined ? newNames() : roles(program);
  const rows = plan.placements.map((p) => [
    names.buffer(p.buffer),
    showBuffer(p.buffer),
    `at ${p.offset}`,
    `${p.bytes} bytes${p.copies === undefined ? "" : ` in ${p.copies} copies`}`,
    `steps ${p.from}..${p.to}`,
  ]);
  const widths = [0, 1, 2, 3].map((c) => Math.max(0, ...rows.map((r) => (r[c] as string).length)));
  return [
    `arena ${plan.arenaBytes} bytes, at least ${plan.livenessBytes} live at once`,
    ...rows.map((r) => `  ${r.map((cell, c) => cell.padEnd(widths[c] ?? 0)).join("  ")}`),
    ...[...(plan.shared ?? [])].map(([b, at]) => `  ${names.buffer(b)} is where ${names.buffer(at)} is`),
    ...[...plan.aliases].map(([out, input]) => `  ${names.buffer(out)} takes the memory of ${names.buffer(input)}`),
  ].join("\n");
};
