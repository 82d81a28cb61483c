// From jaxprs to steps: kernels in their order, control flow as loops and branches around the steps of its bodies.
import { scalarOf, storageOf } from "../core/dtype.ts";
import type { Aval } from "../core/aval.ts";
import type { Atom, Eqn, Jaxpr, Role, Structure, Var, WhileRole } from "../core/jaxpr.ts";
import { isCall, isVar } from "../core/jaxpr.ts";
import { aval, sizeOf } from "../core/aval.ts";
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
import { type Trail, trailsOf } from "./trails.ts";
import { roundOf, type Slots, slotInLoop, slotOf, type Turn, type Views, viewed } from "./views.ts";

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
  /** Buffers that are known outside: operands and results. */
  readonly given: ReadonlySet<Buffer>;
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
  const inner: Frame = {
    site,
    bufferOf: bufferTable(given),
    steps: [],
    depth: frame.depth + 1,
    steady,
    given: new Set(given.values()),
  };
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
    { views } = frame.site,
    constant = scan.roles.map((r) => r === "const");
  const { body, more } = invariant(frame, scan.body, constant, operands);
  const ins = [...operands, ...more],
    roles: readonly Role[] = [...scan.roles, ...more.map((): Role => "const")];
  const starts = roles
    .flatMap((r, i) => (typeof r === "number" ? [[r, ins[i] as Buffer] as const] : []))
    .sort(([a], [b]) => a - b)
    .map(([, b]) => b);
  const cuts = roundsOf(scan),
    isFree = (b: Buffer): boolean => !frame.given.has(b) && !views.has(b);
  const trails = cuts.every((c) => c.each === 1)
    ? trailsOf(body, roles, scan, outs, isFree, views)
    : new Map<number, Trail>();
  for (const [k, { slots }] of trails)
    copy(frame, starts[k] as Buffer, viewed(slotOf(slots, 0), starts[k] as Buffer, views));
  const kept = [...starts.keys()].filter((k) => !trails.has(k)),
    results = kept.map((k) => outs[k] as Buffer),
    carries = carriesOf(
      frame,
      kept.map((k) => starts[k] as Buffer),
      results,
    );
  const trailing = new Set([...trails.values()].flatMap((t) => [...t.stacks])),
    stacks = [...outs.keys()].filter((i) => i >= starts.length && !trailing.has(i)),
    inner: Jaxpr = { ...body, outs: [...starts.keys(), ...stacks].map((i) => body.outs[i] as Atom) };
  for (const { count, each, first } of cuts) {
    const turn: Turn = { counter: bufferFor(aval([], "int32")), round: roundOf(count), each };
    const slices = (base: Buffer, { aval: { shape } }: Atom): readonly Buffer[] => {
      const slots: Slots = { base, count: length, size: sizeOf(shape), reverse };
      return Array.from({ length: each }, (_, k) =>
        viewed(slotInLoop(slots, first + k, turn), { type: base.type, shape }, views),
      );
    };
    note(frame, `scan over ${count}${each === 1 ? "" : ` times ${each}`}${reverse ? " from the end" : ""}:`);
    const mine = carries.map(({ now }) => ({ now, next: buffer(now.type, now.shape) }));
    const carried = (k: number, when: "now" | "next"): Buffer => {
      const trail = trails.get(k);
      return trail === undefined
        ? (mine[kept.indexOf(k)] as Carry)[when]
        : viewed(slotInLoop(trail.slots, when === "now" ? 0 : 1, turn), starts[k] as Buffer, views);
    };
    const given = ins.flatMap((b, i) => {
      const role = roles[i] as Role;
      if (typeof role === "number") return [carried(role, "now")];
      return role === "const" ? [b] : slices(b, body.ins[i] as Atom);
    });
    const left = [
      ...[...starts.keys()].map((k) => carried(k, "next")),
      ...stacks.flatMap((i) => slices(outs[i] as Buffer, body.outs[i] as Atom)),
    ];
    const steady = new Set(ins.filter((_, i) => roles[i] === "const")),
      all = lowerBody(frame, repeated(inner, roles, each), given, left, steady),
      { before, rest } = cutSteady(all, [turn.counter, ...mine.flatMap((c) => [c.now, c.next])]);
    frame.steps.push(...before, { op: "loop", count, counter: turn.counter, carries: mine, body: rest });
  }
  deliver(frame, carries, results);
  for (const [k, { slots }] of trails) {
    const result = outs[k] as Buffer;
    if (isFree(result)) views.set(result, slotOf(slots, length));
    else copy(frame, viewed(slotOf(slots, length), result, views), result);
  }
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
  const around = { bufferOf, views: site.views, steady: frame.steady, number: () => site.count++ };
  const waiting = new Set(fusion.makers.values());
  for (const g of fusion.groups) {
    if (waiting.has(g) || (g.routine !== null && waits(g.routine))) continue;
    if (g.routine !== null && isCall(g.routine.prim)) {
      lowerControl(frame, g.routine);
      continue;
    }
    const done = site.timed("schedule", () => schedule(g, fusion.makers.get(g) ?? null, around));
    for (const { groups, kernels } of done) {
      const { name } = kernels[kernels.length - 1] as Kernel;
      note(frame, groups.map((one, i) => showGroup(i === 0 ? name : "after", one, fusion.reasons)).join(", "));
      steps.push(...kernels.flatMap(callSteps));
    }
  }
};

/** The steps of a simplified jaxpr whose buffers `bufferOf` gives. */
export const lower = (site: Site, jaxpr: Jaxpr, bufferOf: (v: Var) => Buffer): readonly Step[] => {
  const given = new Set([...jaxpr.ins, ...jaxpr.outs.filter(isVar)].map(bufferOf)),
    frame: Frame = { site, bufferOf, steps: [], depth: 0, steady: new Set(), given };
  lowerEqns(frame, jaxpr);
  return frame.steps;
};
