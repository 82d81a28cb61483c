// Control flow over scalars becomes one kernel: its loops are statements, what they carry are names, and nothing is stored between
// rounds. Arrays may be read in it, sliced or at computed indices, and results of every round stored.
import type { Aval } from "../core/aval.ts";
import { scalarOf } from "../core/dtype.ts";
import type { Atom, Eqn, Jaxpr, Structure, Var } from "../core/jaxpr.ts";
import { isCall, isVar } from "../core/jaxpr.ts";
import type { AnyPrimitive } from "../core/primitive.ts";
import type { Buffer, Expr, Var as Index } from "../kernel/expr.ts";
import { compare, constant, freshVar, int, localVar, read, topological } from "../kernel/expr.ts";
import { iadd, imul, isub } from "../kernel/index.ts";
import { expandMath } from "../kernel/math.ts";
import type { Stmt } from "../kernel/program.ts";
import { loop, store } from "../kernel/statement.ts";
import { simplifyExprs } from "./algebra.ts";
import { canonical } from "./canonical.ts";
import { hoist } from "./hoist.ts";
import { inlineCalls } from "./inline.ts";
import { roundsOf } from "./repeated.ts";
import { simplify } from "./simplify.ts";
import { bindRounds, storeThrough, throughViews, type Views } from "./views.ts";

/** An element of a value at an index: of a scalar at []. */
type Pull = (at: readonly Expr[]) => Expr;
type Block = Stmt[];
type Of<K extends Structure["kind"]> = Structure & { readonly kind: K };

/** Expressions beyond these are better off in kernels of their own. */
const limits = { nodes: 600, depth: 24 } as const;
/** Thrown where one kernel will not do. */
const unfit = Symbol("unfit");
const give = (): never => {
  throw unfit;
};

const isScalar = ({ aval }: Atom): boolean => aval.shape.length === 0;
/** Whether control flow has scalar carries and results, so that it may be one kernel. */
const looksScalar = (s: Structure): boolean => {
  if (s.kind === "host") return false;
  const bodies = s.kind === "scan" ? [s.body] : s.kind === "while" ? [s.cond, s.body] : s.branches;
  return bodies.every(
    (j) =>
      j.outs.every(isScalar) &&
      j.eqns.every((e) => (isCall(e.prim) ? e.prim.inline !== null || e.outs.every(isScalar) : "lower" in e.prim)),
  );
};

/** Statements of one kernel in the making. */
class Builder {
  readonly used = new Map<Index, Buffer>();
  private readonly views: Views;
  private names = 0;
  constructor(views: Views) {
    this.views = views;
  }

  private finish(e: Expr): Expr {
    const [done] = throughViews(canonical(simplifyExprs(expandMath([e]))), this.views, this.used) as [Expr];
    const nodes = topological([done]);
    return nodes.length > limits.nodes || nodes.some((x) => x.op === "reduce") ? give() : done;
  }
  private bind(block: Block, value: Expr, mutable = false): Index {
    const name = localVar(`s${this.names++}`, value.type);
    block.push({ op: "let", name, value: this.finish(value), ...(mutable ? { mutable: true } : {}) });
    return name;
  }
  private bindAll(block: Block, values: readonly Pull[]): readonly Expr[] {
    return values.map((v) => this.bind(block, v([])));
  }
  store(block: Block, to: Buffer, at: readonly Expr[], value: Expr): void {
    const [offset] = canonical([read(to, at)]) as [Expr];
    const [buffer, place] = storeThrough(to, offset.args[0] as Expr, this.views, this.used);
    block.push(store(buffer, [place], this.finish(value)));
  }

  /** Values of a jaxpr on these operands. */
  run(jaxpr: Jaxpr, ins: readonly Pull[], block: Block): readonly Pull[] {
    const body = simplify(inlineCalls(jaxpr)),
      env = new Map<Var, Pull>(),
      depths = new Map<Var, number>();
    body.ins.forEach((v, i) => {
      env.set(v, ins[i] as Pull);
    });
    const pull = (a: Atom): Pull => (isVar(a) ? (env.get(a) as Pull) : () => constant(scalarOf(a.aval.dtype), a.value));
    for (const e of body.eqns) {
      const given = e.ins.map(pull);
      if (isCall(e.prim)) {
        const results = this.control(e, given, block);
        e.outs.forEach((v, i) => {
          env.set(v, results[i] as Pull);
        });
        continue;
      }
      const out = e.outs[0] as Var,
        value = this.element(e, given),
        depth = 1 + Math.max(0, ...e.ins.map((a) => (isVar(a) ? (depths.get(a) ?? 0) : 0)));
      if (isScalar(out) && depth >= limits.depth) {
        const name = this.bind(block, value([]));
        env.set(out, () => name);
      } else {
        depths.set(out, depth);
        env.set(out, value);
      }
    }
    return body.outs.map(pull);
  }
  private element({ prim, ins, attrs, outs }: Eqn, given: readonly Pull[]): Pull {
    const p = prim as AnyPrimitive,
      avals: readonly Aval[] = ins.map((a) => a.aval),
      own = (outs[0] as Var).aval;
    if (!("lower" in p)) return give();
    const { lower } = p,
      known: { readonly at: readonly Expr[]; readonly value: Expr }[] = [];
    return (at) => {
      const found = known.find((k) => k.at.every((x, i) => x === at[i]));
      if (found !== undefined) return found.value;
      const value = lower(given, at, attrs, avals, own);
      known.push({ at, value });
      return value;
    };
  }
  private control({ prim, attrs, outs }: Eqn, ins: readonly Pull[], block: Block): readonly Pull[] {
    if (!isCall(prim) || prim.structure === undefined || !outs.every(isScalar)) return give();
    const s = prim.structure(attrs);
    return looksScalar(s) ? this.structure(s, ins, block, null) : give();
  }
  /** Values that control flow gives; `ys` are where a scan stores the results of its rounds. */
  structure(s: Structure, ins: readonly Pull[], block: Block, ys: readonly Buffer[] | null): readonly Pull[] {
    switch (s.kind) {
      case "scan":
        return this.scan(s, ins, block, ys);
      case "while":
        return this.loop(s, ins, block);
      case "cond":
        return this.branch(s, ins, block);
      case "host":
        return give();
      default:
        return s satisfies never;
    }
  }

  private scan(s: Of<"scan">, ins: readonly Pull[], block: Block, ys: readonly Buffer[] | null): readonly Pull[] {
    const { roles, length, reverse, body } = s,
      count = roles.filter((r) => typeof r === "number").length;
    if (ys === null && body.outs.length > count) return give();
    const carries = Array.from({ length: count }, (_, k) =>
      this.bind(block, (ins[roles.indexOf(k)] as Pull)([]), true),
    );
    for (const { count: rounds, each, first } of roundsOf(s)) {
      const round = freshVar(rounds, "round"),
        inner: Block = [];
      let now: readonly Expr[] = carries.map((c) => this.bind(inner, c));
      for (let k = 0; k < each; k++) {
        const along = iadd(imul(round, each), int(first + k)),
          slice = reverse ? isub(int(length - 1), along) : along,
          carry = now;
        const given = ins.map((x, i): Pull => {
          const role = roles[i];
          if (typeof role === "number") return () => carry[role] as Expr;
          return role === "slice" ? (at) => x([slice, ...at]) : x;
        });
        const next = this.bindAll(inner, this.run(body, given, inner));
        next.slice(count).forEach((y, i) => {
          this.store(inner, (ys as readonly Buffer[])[i] as Buffer, [slice], y);
        });
        now = next.slice(0, count);
      }
      carries.forEach((name, i) => {
        inner.push({ op: "set", name, value: now[i] as Expr });
      });
      block.push(loop(round, inner));
    }
    return this.after(block, carries);
  }
  // The condition is computed at the end of a round, where it may share what the round has computed.
  private loop(s: Of<"while">, ins: readonly Pull[], block: Block): readonly Pull[] {
    const { roles, results, cond, body } = s;
    const of = (role: "cond" | "body"): readonly Pull[] => ins.filter((_, i) => roles[i] === role);
    const starts = this.bindAll(
      block,
      body.outs.map((_, k) => ins[roles.indexOf(k)] as Pull),
    );
    const test = (carry: readonly Expr[], where: Block): Expr =>
      (this.run(cond, [...of("cond"), ...carry.map((c) => () => c)], where)[0] as Pull)([]);
    const carries = starts.map((c) => this.bind(block, c, true)),
      going = this.bind(block, test(starts, block), true);
    const inner: Block = [],
      now = carries.map((c) => this.bind(inner, c));
    const next = this.bindAll(inner, this.run(body, [...of("body"), ...now.map((c) => () => c)], inner)),
      more = this.bind(inner, test(next, inner));
    carries.forEach((name, i) => {
      inner.push({ op: "set", name, value: next[i] as Expr });
    });
    inner.push({ op: "set", name: going, value: more });
    block.push({ op: "while", cond: going, body: inner });
    return this.after(
      block,
      results.map((r) => carries[r] as Index),
    );
  }
  // Operands get names inside the branch, so that what is computed from them stays there.
  private branch(s: Of<"cond">, ins: readonly Pull[], block: Block): readonly Pull[] {
    const { branches, chooser } = s,
      operands = ins.filter((_, i) => i !== chooser);
    const index = this.bind(block, (ins[chooser] as Pull)([])),
      results = (branches[0] as Jaxpr).outs.map(({ aval }) =>
        this.bind(block, constant(scalarOf(aval.dtype), 0), true),
      );
    const choose = (k: number, where: Block): void => {
      const j = branches[k] as Jaxpr,
        last = k === branches.length - 1,
        inner: Block = last ? where : [];
      const given = operands.map((x, i): Pull => {
        if (!isScalar(j.ins[i] as Var)) return x;
        const name = this.bind(inner, x([]));
        return () => name;
      });
      this.run(j, given, inner).forEach((y, i) => {
        inner.push({ op: "set", name: results[i] as Index, value: this.finish(y([])) });
      });
      if (last) return;
      const rest: Block = [];
      choose(k + 1, rest);
      where.push({ op: "if", cond: compare("le", index, int(k)), then: inner, else: rest });
    };
    choose(0, block);
    return this.after(block, results);
  }
  /** Names that change no more. */
  private after(block: Block, names: readonly Index[]): readonly Pull[] {
    return names.map((n) => {
      const value = this.bind(block, n);
      return () => value;
    });
  }
}

/** The statements of control flow from operands to the buffers of its results, or null if it is more than scalars. */
export const scalarStatements = (
  s: Structure,
  ins: readonly Pull[],
  outs: readonly Buffer[],
  views: Views,
): readonly Stmt[] | null => {
  if (!looksScalar(s)) return null;
  const builder = new Builder(views),
    body: Stmt[] = [];
  try {
    const carries = s.kind === "scan" ? s.roles.filter((r) => typeof r === "number").length : outs.length;
    const results = builder.structure(s, ins, body, outs.slice(carries));
    results.forEach((r, i) => {
      builder.store(body, outs[i] as Buffer, [], r([]));
    });
  } catch (e) {
    if (e === unfit) return null;
    throw e;
  }
  return hoist([...bindRounds(builder.used), ...body]);
};
