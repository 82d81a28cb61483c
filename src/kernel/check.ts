// The checker of kernels, programs and memory plans: types, scopes, who may write what, and who lives where when.
import * as E from "fp-ts/lib/Either.js";
import { combines, indexComplaint, nodeComplaint } from "./checkExpr.ts";
import type { Buffer, Expr, Var } from "./expr.ts";
import { byteSize, registerType } from "./expr.ts";
import { carriesOf, kernelsOf } from "./print.ts";
import { newNames, showBuffer, showShared } from "./printExpr.ts";
import type { Carry, Kernel, Placement, Plan, Program, Split, Step, Stmt } from "./program.ts";

const either = <A>(found: readonly string[], value: A): E.Either<readonly string[], A> =>
  found.length === 0 ? E.right(value) : E.left(found);

/** Bytes of a buffer. */
const bytesOf = (b: Buffer): number => b.shape.reduce((n, d) => n * d, byteSize[b.type]);

// Names that are bound here, and whether `set` may rebind them.
type Scope = ReadonlyMap<Var, boolean>;

/** Buffers that statements store to. */
const storedBy = (stmts: readonly Stmt[]): readonly Buffer[] =>
  stmts.flatMap((s) => {
    if (s.op === "store") return [s.buffer];
    if (s.op === "if") return [...storedBy(s.then), ...storedBy(s.else)];
    return s.op === "for" || s.op === "while" ? storedBy(s.body) : [];
  });
const splitComplaints = ({ body, scratch }: Kernel, { index, chunk }: Split): readonly string[] => {
  const last = body[body.length - 1];
  return [
    ...(last?.op === "for" && last.index === index && last.limit === undefined && last.accs.length === 0
      ? []
      : ["the kernel is split, but does not end with a plain loop over that index"]),
    ...(Number.isInteger(chunk) && chunk > 0 ? [] : [`chunks of ${chunk} rounds`]),
    ...(storedBy(body.slice(0, -1)).every((b) => scratch.includes(b))
      ? []
      : ["the kernel is split, but stores results before its last loop"]),
  ];
};

const kernelComplaints = (k: Kernel): readonly string[] => {
  const found: string[] = [],
    names = newNames(),
    readable = new Set([...k.params, ...k.scratch]),
    writable = new Set([...k.outputs, ...k.scratch]),
    checked = new Set<Expr>();
  const complain = (what: string, e?: Expr): void => {
    const text = e === undefined ? "" : showShared(e, names).text;
    found.push(`${k.name}: ${what}${text === "" ? "" : ` in ${text.length > 80 ? `${text.slice(0, 77)}...` : text}`}`);
  };
  [...k.params, ...k.scratch].forEach(names.buffer);
  if (readable.size < k.params.length + k.scratch.length) complain("a buffer is declared twice");
  for (const b of k.outputs)
    if (!k.params.includes(b)) complain(`the output ${names.buffer(b)} is not among the parameters`);

  // Types are properties of nodes; only the variables depend on the scope.
  const types = (order: readonly Expr[]): void => {
    for (const x of order) {
      if (checked.has(x)) continue;
      checked.add(x);
      const wrong = nodeComplaint(x);
      if (wrong !== null) complain(wrong, x);
      if (x.op === "read" && !readable.has(x.buffer)) complain("a read of a buffer that is not declared", x);
    }
  };
  const expression = (e: Expr, scope: Scope): void => {
    // Depth first with the indices of reductions as scopes: a stack of nodes, each with the reductions around it.
    const seen = new Set<Expr>(),
      unbound = new Set<Var>(),
      order: Expr[] = [],
      stack: (readonly [Expr, ReadonlySet<Var>])[] = [[e, new Set()]];
    while (stack.length > 0) {
      const [x, inner] = stack.pop() as readonly [Expr, ReadonlySet<Var>];
      if (x.op === "var" && !scope.has(x) && !inner.has(x)) unbound.add(x);
      if (seen.has(x)) continue;
      seen.add(x);
      order.push(x);
      const around = x.op === "reduce" ? new Set([...inner, x.index]) : inner;
      for (const a of x.args) stack.push([a, around]);
    }
    for (const v of unbound) complain(`the variable ${names.variable(v)} is not bound`, e);
    types(order.reverse());
  };
  const typed = (e: Expr, type: string, what: string): void => {
    if (e.type !== type) complain(`${what} is ${e.type}, not ${type}`, e);
  };
  const bind = (v: Var, mutable: boolean, scope: Map<Var, boolean>): void => {
    if (scope.has(v)) complain(`${names.variable(v)} is bound again`);
    scope.set(v, mutable);
  };
  const block = (body: readonly Stmt[], outer: Scope): Scope => {
    const scope = new Map(outer);
    for (const s of body) statement(s, scope);
    return scope;
  };
  const statement = (s: Stmt, scope: Map<Var, boolean>): void => {
    switch (s.op) {
      case "let":
        expression(s.value, scope);
        typed(s.value, s.name.type, `the value of ${names.variable(s.name)}`);
        bind(s.name, s.mutable === true, scope);
        return;
      case "set":
        expression(s.value, scope);
        typed(s.value, s.name.type, `the value of ${names.variable(s.name)}`);
        if (scope.get(s.name) !== true) complain(`${names.variable(s.name)} is set, but is not mutable here`);
        return;
      case "store": {
        for (const a of s.at) expression(a, scope);
        expression(s.value, scope);
        const b = names.buffer(s.buffer),
          type = registerType(s.buffer.type),
          wrong = indexComplaint(s.buffer, s.at);
        if (wrong !== null) complain(`a store to ${b} with ${wrong}`);
        if (!writable.has(s.buffer)) complain(`a store to ${b}, which is neither an output nor scratch memory`);
        typed(s.value, type, `the value stored to ${b}`);
        if (s.combine !== undefined && !combines(s.combine, type))
          complain(`a store to ${b} by ${s.combine} of ${type}`);
        return;
      }
      case "if":
        expression(s.cond, scope);
        typed(s.cond, "bool", "a condition");
        block(s.then, scope);
        block(s.else, scope);
        return;
      case "while":
        expression(s.cond, scope);
        typed(s.cond, "bool", "a condition");
        block(s.body, scope);
        return;
      case "for": {
        if (s.index.extent < 0) complain(`a loop over ${names.variable(s.index)}, which is no loop index`);
        if (s.limit !== undefined) {
          expression(s.limit, scope);
          typed(s.limit, "i32", "the limit of a loop");
        }
        const inner = new Map(scope);
        bind(s.index, false, inner);
        const inside = block(s.body, inner);
        for (const a of s.accs) {
          expression(a.value, inside);
          typed(a.value, a.name.type, `the value of ${names.variable(a.name)}`);
          if (!combines(a.combine, a.name.type)) complain(`a reduction by ${a.combine} of ${a.name.type}`);
          bind(a.name, false, scope);
        }
        return;
      }
      default:
        s satisfies never;
    }
  };
  block(k.body, new Map());
  if (k.split !== undefined) for (const wrong of splitComplaints(k, k.split)) complain(wrong);
  return found;
};
/** The kernel if it is well formed, else what is wrong with it: types, scopes, stores to what it may not write. */
export const checkKernel = (k: Kernel): E.Either<readonly string[], Kernel> => either(kernelComplaints(k), k);

const programComplaints = (p: Program): readonly string[] => {
  const found: string[] = [],
    nexts = carriesOf(p.steps).map((c) => c.next),
    declared = new Set([...p.inputs, ...p.outputs, ...p.temporaries, ...nexts]);
  const title = (b: Buffer): string => {
    for (const [list, role] of [
      [p.inputs, "in"],
      [p.outputs, "out"],
      [p.temporaries, "tmp"],
      [nexts, "next"],
    ] as const)
      if (list.includes(b)) return `${role}${list.indexOf(b)}`;
    return `an undeclared ${showBuffer(b)}`;
  };
  const use = (b: Buffer, defined: ReadonlySet<Buffer>, by: string): void => {
    if (!declared.has(b)) found.push(`${by}: ${title(b)} is not a buffer of the program`);
    else if (!defined.has(b)) found.push(`${by}: ${title(b)} is used before anything is written to it`);
  };
  const write = (b: Buffer, defined: Set<Buffer>, by: string): void => {
    if (!declared.has(b)) found.push(`${by}: ${title(b)} is not a buffer of the program`);
    if (p.inputs.includes(b)) found.push(`${by}: writes ${title(b)}, which is an input`);
    defined.add(b);
  };
  /** The body of a loop: what it carries must be there before, and be written anew by every round. */
  const rounds = (carries: readonly Carry[], body: readonly Step[], defined: Set<Buffer>, by: string): void => {
    for (const { now, next } of carries) {
      use(now, defined, by);
      if (now.type !== next.type || bytesOf(now) !== bytesOf(next))
        found.push(`${by}: carries ${showBuffer(next)} as ${showBuffer(now)}`);
    }
    const before = new Set(defined);
    for (const { next } of carries) before.delete(next);
    steps(body, before);
    for (const { next } of carries) if (!before.has(next)) found.push(`${by}: nothing is written to ${title(next)}`);
    for (const b of before) defined.add(b);
  };
  /** Adds to `defined` what the steps write for certain. */
  const steps = (list: readonly Step[], defined: Set<Buffer>): void => {
    for (const s of list)
      switch (s.op) {
        case "call":
          for (const b of s.kernel.params) if (!s.kernel.outputs.includes(b)) use(b, defined, s.kernel.name);
          for (const b of s.kernel.outputs) write(b, defined, s.kernel.name);
          break;
        case "copy":
          use(s.from, defined, "copy");
          if (s.from.type !== s.to.type || bytesOf(s.from) !== bytesOf(s.to))
            found.push(`copy: ${showBuffer(s.from)} to ${showBuffer(s.to)}`);
          write(s.to, defined, "copy");
          break;
        case "host":
          for (const b of s.ins) use(b, defined, s.name);
          for (const b of s.outs) write(b, defined, s.name);
          break;
        case "loop":
          if (s.count < 0) found.push(`loop: ${s.count} times`);
          if (s.counter !== undefined) {
            if (s.counter.type !== "i32") found.push(`loop: the counter is ${showBuffer(s.counter)}`);
            write(s.counter, defined, "loop");
          }
          rounds(s.carries ?? [], s.body, s.count > 0 ? defined : new Set(defined), "loop");
          break;
        case "while":
          steps(s.cond, defined);
          use(s.flag, defined, "while");
          if (s.flag.type !== "bool") found.push(`while: the flag is ${showBuffer(s.flag)}`);
          rounds(s.carries ?? [], s.body, new Set(defined), "while");
          break;
        case "branch": {
          use(s.index, defined, "branch");
          if (s.index.type !== "i32") found.push(`branch: the index is ${showBuffer(s.index)}`);
          if (s.branches.length === 0) found.push("branch: no branches");
          const ends = s.branches.map((b) => {
            const own = new Set(defined);
            steps(b, own);
            return own;
          });
          for (const b of ends[0] ?? []) if (ends.every((e) => e.has(b))) defined.add(b);
          break;
        }
        default:
          s satisfies never;
      }
  };
  const defined = new Set(p.inputs);
  steps(p.steps, defined);
  for (const b of p.outputs) if (!defined.has(b)) found.push(`program: nothing is written to ${title(b)}`);
  return found;
};

const planComplaints = (p: Program, plan: Plan): readonly string[] => {
  const found: string[] = [],
    placed = new Map<Buffer, Placement>(),
    scratch = kernelsOf(p.steps).flatMap((k) => k.scratch);
  const where = (x: Placement): string => `${showBuffer(x.buffer)} at ${x.offset}`;
  for (const x of plan.placements) {
    if (placed.has(x.buffer)) found.push(`plan: ${where(x)} has a second place`);
    placed.set(x.buffer, x);
    if (x.bytes < bytesOf(x.buffer) * (x.copies ?? 1)) found.push(`plan: ${x.bytes} bytes for ${where(x)}`);
    if (x.offset % 16 !== 0) found.push(`plan: ${where(x)} is not aligned to 16 bytes`);
    if (x.offset < 0 || x.offset + x.bytes > plan.arenaBytes)
      found.push(`plan: ${where(x)} lies outside of the arena of ${plan.arenaBytes} bytes`);
    if (x.to < x.from) found.push(`plan: ${where(x)} lives from step ${x.from} to ${x.to}`);
  }
  const outside = new Set([...p.inputs, ...p.outputs]);
  /** Where a buffer is: some share the place of another. */
  const home = (b: Buffer): Buffer => {
    let at = b;
    for (let to = plan.shared?.get(at); to !== undefined && to !== b; to = plan.shared?.get(at)) at = to;
    return at;
  };
  for (const b of new Set([...p.temporaries, ...scratch, ...carriesOf(p.steps).map((c) => c.next)]))
    if (!placed.has(home(b)) && !outside.has(home(b))) found.push(`plan: ${showBuffer(b)} has no place`);
  for (const [b, at] of plan.shared ?? []) {
    if (placed.has(b)) found.push(`plan: ${showBuffer(b)} shares a place and has its own`);
    if (bytesOf(b) > bytesOf(at)) found.push(`plan: ${showBuffer(b)} in the place of ${showBuffer(at)}`);
  }
  // Sorted by offset, so that only neighbours in memory are compared.
  const sorted = [...plan.placements].filter((x) => x.bytes > 0).sort((a, b) => a.offset - b.offset);
  sorted.forEach((a, i) => {
    for (let j = i + 1; j < sorted.length && (sorted[j] as Placement).offset < a.offset + a.bytes; j++) {
      const b = sorted[j] as Placement,
        meet = Math.min(a.to, b.to) - Math.max(a.from, b.from);
      // A step may write its result over the operand that it reads last, element by element: then both start together.
      const inPlace = meet === 0 && a.offset === b.offset && a.from !== b.from;
      if (meet >= 0 && !inPlace) found.push(`plan: ${where(a)} and ${where(b)} live at the same time and overlap`);
    }
  });
  for (const [out, input] of plan.aliases) {
    if (!p.outputs.includes(out) || !p.inputs.includes(input))
      found.push("plan: an alias that is not of an output to an input");
    if (bytesOf(out) > bytesOf(input)) found.push(`plan: ${showBuffer(out)} in the memory of ${showBuffer(input)}`);
  }
  if (plan.livenessBytes > plan.arenaBytes)
    found.push(`plan: ${plan.livenessBytes} bytes live at once in an arena of ${plan.arenaBytes}`);
  return found;
};
/** The program if it is well formed, else what is wrong with it: its kernels, the order of its steps, and the places in its plan. */
export const checkProgram = (p: Program, plan?: Plan): E.Either<readonly string[], Program> =>
  either(
    [
      ...kernelsOf(p.steps).flatMap(kernelComplaints),
      ...programComplaints(p),
      ...(plan === undefined ? [] : planComplaints(p, plan)),
    ],
    p,
  );
