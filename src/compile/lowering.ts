// From jaxprs to steps: kernels in their order, control flow as loops and branches around the steps of its bodies.
import { scalarOf, storageOf } from "../core/dtype.ts";
import type { Aval } from "../core/aval.ts";
import type { Atom, Eqn, Jaxpr, Role, Structure, Var, WhileRole } from "../core/jaxpr.ts";
import { isCall, isVar } from "../core/jaxpr.ts";
import { aval } from "../core/aval.ts";
import { hostCall } from "../core/host.ts";
import type { Buffer, Expr } from "../kernel/expr.ts";
import { buffer, constant, read } from "../kernel/expr.ts";
import type { Carry, Kernel, Step } from "../kernel/program.ts";
import type { Steady } from "./contraction.ts";
import { callSteps } from "./copyFirst.ts";
import { fuse } from "./fuse.ts";
import { bufferTable, waits } from "./group.ts";
import { inlineCalls } from "./inline.ts";
import { hoistInvariant } from "./invariant.ts";
import { pruneControl } from "./pruneControl.ts";
import { repeated, roundsOf } from "./repeated.ts";
import { reworkScans } from "./rework.ts";
import { scalarStatements } from "./scalarLoop.ts";
import { copyKernel, kernelOf, schedule } from "./schedule.ts";
import { showGroup } from "./showFusion.ts";
import { simplify } from "./simplify.ts";
import { cutSteady } from "./steady.ts";
import { roundOf, type View, type Views } from "./views.ts";

/** What all levels of one program share. */
export interface Site {
  readonly views: Views;
  /** Kernels so far. */
  count: number;
  /** A line for each kernel and each loop, indented. */
  readonly notes: string[];
  readonly timed: <A>(pass: string, f: () => A) => A;
}

const bufferFor = ({ dtype, shape }: Aval): Buffer => buffer(storageOf[dtype], shape);
type Of<K extends Structure["kind"]> = Structure & { readonly kind: K };

/** One jaxpr being lowered: its buffers, and the steps so far. */
interface Frame {
  readonly site: Site;
  readonly bufferOf: (v: Var) => Buffer;
  readonly steps: Step[];
  readonly depth: number;
  /** Buffers that do not change in the loop around. */
  readonly steady: Steady;
}
const note = ({ site, depth }: Frame, text: string): void => {
  site.notes.push(`${"  ".repeat(depth)}${text}`);
};
const copy = ({ site, steps }: Frame, from: Buffer | number, to: Buffer): void => {
  if (typeof from !== "number" && !site.views.has(from) && !site.views.has(to)) steps.push({ op: "copy", from, to });
  else steps.push({ op: "call", kernel: copyKernel(from, to, site.count++, site.views) });
};
/** The buffer of an operand; a literal gets one. */
const operand = (frame: Frame, a: Atom): Buffer => {
  if (isVar(a)) return frame.bufferOf(a);
  const b = bufferFor(a.aval);
  copy(frame, a.value, b);
  return b;
};

/** Steps that run `jaxpr` on what is in `ins` and put its results into `outs`. */
const lowerBody = (
  frame: Frame,
  jaxpr: Jaxpr,
  ins: readonly Buffer[],
  outs: readonly Buffer[],
  steady: Steady = frame.steady,
): readonly Step[] => {
  const { site } = frame,
    body = site.timed("simplify", () => simplify(inlineCalls(jaxpr)));
  const given = new Map<Var, Buffer>(body.ins.map((v, i) => [v, ins[i] as Buffer]));
  const left: (readonly [Atom, Buffer])[] = [];
  body.outs.forEach((a, i) => {
    if (isVar(a) && !given.has(a)) given.set(a, outs[i] as Buffer);
    else left.push([a, outs[i] as Buffer]);
  });
  const inner: Frame = { site, bufferOf: bufferTable(given), steps: [], depth: frame.depth + 1, steady };
  lowerEqns(inner, body);
  for (const [a, to] of left) copy(inner, isVar(a) ? inner.bufferOf(a) : a.value, to);
  return inner.steps;
};

/** A carry begins as a copy of its operand and lives where its result is wanted, unless that is a view. */
const carriesOf = (frame: Frame, operands: readonly Buffer[], results: readonly Buffer[]): readonly Carry[] =>
  results.map((result, i) => {
    const now = frame.site.views.has(result) ? buffer(result.type, result.shape) : result;
    copy(frame, operands[i] as Buffer, now);
    return { now, next: buffer(result.type, result.shape) };
  });
const deliver = (frame: Frame, carries: readonly Carry[], results: readonly Buffer[]): void => {
  carries.forEach(({ now }, i) => {
    if (now !== results[i]) copy(frame, now, results[i] as Buffer);
  });
};

/** A body without what can be computed before its loop, and the buffers that hold this. */
const invariant = (
  frame: Frame,
  jaxpr: Jaxpr,
  constant: readonly boolean[],
  ins: readonly Buffer[],
): { readonly body: Jaxpr; readonly more: readonly Buffer[] } => {
  const body = frame.site.timed("simplify", () => simplify(inlineCalls(jaxpr))),
    cut = hoistInvariant(body, constant);
  if (cut === null) return { body, more: [] };
  const more = cut.before.outs.map((a) => bufferFor(a.aval));
  note(frame, "before the loop:");
  frame.steps.push(
    ...lowerBody(
      frame,
      cut.before,
      ins.filter((_, i) => constant[i]),
      more,
    ),
  );
  return { body: cut.inside, more };
};

const lowerScan = (frame: Frame, scan: Of<"scan">, operands: readonly Buffer[], outs: readonly Buffer[]): void => {
  const { length, reverse } = scan,
    constant = scan.roles.map((r) => r === "const");
  const { body, more } = invariant(frame, scan.body, constant, operands);
  const ins = [...operands, ...more],
    roles: readonly Role[] = [...scan.roles, ...more.map((): Role => "const")];
  const starts = roles
    .flatMap((r, i) => (typeof r === "number" ? [[r, ins[i] as Buffer] as const] : []))
    .sort(([a], [b]) => a - b);
  const results = outs.slice(0, starts.length),
    carries = carriesOf(
      frame,
      starts.map(([, b]) => b),
      results,
    );
  for (const { count, each, first } of roundsOf(scan)) {
    const counter = bufferFor(aval([], "int32")),
      round = roundOf(count);
    const slice = (base: Buffer, { aval: a }: Atom, k: number): Buffer => {
      const b = bufferFor(a),
        view: View = { base, round, counter, stride: each, first: first + k, count: length, reverse };
      frame.site.views.set(b, view);
      return b;
    };
    const slices = (base: Buffer, a: Atom): readonly Buffer[] =>
      Array.from({ length: each }, (_, k) => slice(base, a, k));
    note(frame, `scan over ${count}${each === 1 ? "" : ` times ${each}`}${reverse ? " from the end" : ""}:`);
    const mine = carries.map(({ now }) => ({ now, next: buffer(now.type, now.shape) }));
    const given = ins.flatMap((b, i) => {
      const role = roles[i] as Role;
      if (typeof role === "number") return [(carries[role] as Carry).now];
      return role === "const" ? [b] : slices(b, body.ins[i] as Atom);
    });
    const ys = outs.slice(results.length).flatMap((b, i) => slices(b, body.outs[results.length + i] as Atom));
    const steady = new Set(ins.filter((_, i) => roles[i] === "const")),
      all = lowerBody(frame, repeated(body, roles, each), given, [...mine.map((c) => c.next), ...ys], steady),
      { before, rest } = cutSteady(all, [counter, ...mine.flatMap((c) => [c.now, c.next])]);
    frame.steps.push(...before, { op: "loop", count, counter, carries: mine, body: rest });
  }
  deliver(frame, carries, results);
};

const lowerWhile = (frame: Frame, s: Of<"while">, ins: readonly Buffer[], outs: readonly Buffer[]): void => {
  const { roles, results } = s,
    flag = bufferFor(aval([], "bool"));
  const among = (role: WhileRole): readonly Buffer[] => ins.filter((_, i) => roles[i] === role);
  const starts = s.body.outs.map((_, k) => among(k)[0] as Buffer);
  // A carry that nobody asked for has a place of its own.
  const places = starts.map((b, k) => outs[results.indexOf(k)] ?? buffer(b.type, b.shape)),
    carries = carriesOf(frame, starts, places),
    now = carries.map((c) => c.now);
  const { body: rest, more } = invariant(
    frame,
    s.body,
    s.body.ins.map((_, i) => i < among("body").length),
    among("body"),
  );
  note(frame, "while:");
  const cond = lowerBody(frame, s.cond, [...among("cond"), ...now], [flag]);
  note(frame, "do:");
  const next = carries.map((c) => c.next),
    all = lowerBody(frame, rest, [...among("body"), ...now, ...more], next, new Set([...among("body"), ...more])),
    { before, rest: body } = cutSteady(all, [flag, ...now, ...next]);
  frame.steps.push(...before, { op: "while", cond, flag, body, carries });
  deliver(frame, carries, places);
};

const lowerCond = (frame: Frame, s: Of<"cond">, ins: readonly Buffer[], outs: readonly Buffer[]): void => {
  const index = ins[s.chooser] as Buffer,
    operands = ins.filter((_, i) => i !== s.chooser);
  // The chooser must be memory that a step can read.
  const own = frame.site.views.has(index) ? buffer("i32", []) : index;
  if (own !== index) copy(frame, index, own);
  frame.steps.push({
    op: "branch",
    index: own,
    branches: s.branches.map((j, i) => {
      note(frame, `branch ${i}:`);
      return lowerBody(frame, j, operands, outs);
    }),
  });
};

/** JavaScript reads and writes memory, so views are copied from before and to after. */
const lowerHost = (frame: Frame, s: Of<"host">, e: Eqn, ins: readonly Buffer[], outs: readonly Buffer[]): void => {
  const { steps, site } = frame,
    own = (b: Buffer): Buffer => (site.views.has(b) ? buffer(b.type, b.shape) : b);
  const given = ins.map(own),
    made = outs.map(own);
  note(frame, `${e.prim.name}: ${s.name} in JavaScript`);
  given.forEach((b, i) => {
    if (b !== ins[i]) copy(frame, ins[i] as Buffer, b);
  });
  const avals = (xs: readonly Atom[]): readonly Aval[] => xs.map((x) => x.aval);
  steps.push({ op: "host", name: s.name, call: hostCall(s.call, avals(e.ins), avals(e.outs)), ins: given, outs: made });
  made.forEach((b, i) => {
    if (b !== outs[i]) copy(frame, b, outs[i] as Buffer);
  });
};

/** Control flow over scalars as one kernel, or null. */
const scalarKernel = (e: Eqn, s: Structure, outs: readonly Buffer[], { site, bufferOf }: Frame): Kernel | null => {
  const ins = e.ins.map(
    (a) =>
      (at: readonly Expr[]): Expr =>
        isVar(a) ? read(bufferOf(a), at) : constant(scalarOf(a.aval.dtype), a.value),
  );
  const body = scalarStatements(s, ins, outs, site.views);
  return body === null ? null : kernelOf(`${e.prim.name}_${site.count++}`, { body, scratch: [] });
};

const lowerControl = (frame: Frame, e: Eqn): void => {
  if (!isCall(e.prim) || e.prim.structure === undefined)
    throw new Error(`${e.prim.name} cannot be compiled: it has no structure`);
  const { site } = frame,
    s = e.prim.structure(e.attrs),
    outs = e.outs.map(frame.bufferOf);
  const scalars = site.timed("schedule", () => scalarKernel(e, s, outs, frame));
  if (scalars !== null) {
    note(frame, `${scalars.name}: ${s.kind} of scalars`);
    frame.steps.push({ op: "call", kernel: scalars });
    return;
  }
  const ins = e.ins.map((a) => operand(frame, a));
  switch (s.kind) {
    case "scan":
      lowerScan(frame, s, ins, outs);
      return;
    case "while":
      lowerWhile(frame, s, ins, outs);
      return;
    case "cond":
      lowerCond(frame, s, ins, outs);
      return;
    case "host":
      lowerHost(frame, s, e, ins, outs);
      return;
    default:
      s satisfies never;
  }
};

/** Without dead results, also those that moving products leaves behind. */
const withoutDead = (given: Jaxpr): Jaxpr => {
  const live = pruneControl(given),
    moved = reworkScans(live);
  return moved === live ? live : pruneControl(moved);
};
/** Append the steps of the equations of a simplified jaxpr. */
const lowerEqns = (frame: Frame, given: Jaxpr): void => {
  const { site, bufferOf, steps } = frame,
    jaxpr = site.timed("simplify", () => withoutDead(given)),
    fusion = site.timed("fuse", () => fuse(jaxpr, bufferOf));
  for (const g of fusion.groups) {
    if (g.routine !== null && waits(g.routine)) continue;
    if (g.routine !== null && isCall(g.routine.prim)) {
      lowerControl(frame, g.routine);
      continue;
    }
    const kernels = site.timed("schedule", () => schedule(g, site.count++, bufferOf, site.views, frame.steady));
    note(frame, showGroup((kernels[kernels.length - 1] as Kernel).name, g, fusion.reasons));
    steps.push(...kernels.flatMap(callSteps));
  }
};

/** The steps of a simplified jaxpr whose buffers `bufferOf` gives. */
export const lower = (site: Site, jaxpr: Jaxpr, bufferOf: (v: Var) => Buffer): readonly Step[] => {
  const frame: Frame = { site, bufferOf, steps: [], depth: 0, steady: new Set() };
  lowerEqns(frame, jaxpr);
  return frame.steps;
};
