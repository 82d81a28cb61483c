// Place every computation: each node is computed once, in the outermost loop that binds all its variables.
// Reductions become loops with accumulators there, which is what fuses a softmax or a layer normalization into one kernel.
import type { Buffer, Expr, Read, Reduce, ScalarType, Var } from "../kernel/expr.ts";
import { binary, byteSize, int, localVar, topological, withArgs } from "../kernel/expr.ts";
import { iclamp, linear, rangeOf } from "../kernel/index.ts";
import type { Accumulator, Mark, Stmt, Store } from "../kernel/program.ts";
import { letsOf, writtenBy } from "./bound.ts";
import { deepest, isBound, placedAs, type Scope, scopeAt, scopeIn } from "./scope.ts";
import { branchesOf, inOrder } from "./seldom.ts";
import { vectorizes } from "./vectorize.ts";

/** Memory on both sides of all arrays that may be read (never written) by mistake. */
const guardBytes = 1 << 19;

/** Turn statements over bare expressions into loops, lets and stores, which write no element of `operands` that is read. */
export const hoist = (body: readonly Stmt[], operands: ReadonlySet<Buffer> = new Set()): readonly Stmt[] =>
  new Hoister(new Set([...writtenBy(body)].filter((b) => !operands.has(b)))).run(body);

// The state of one kernel's placement: what is written, which names are taken, which variables a node depends on.
class Hoister {
  private readonly written: ReadonlySet<Buffer>;
  private readonly mutable = new Set<Var>();
  private names = 0;
  private readonly free = new Map<Expr, ReadonlySet<Var>>();
  private readonly volatile = new Map<Expr, boolean>();
  constructor(written: ReadonlySet<Buffer>) {
    this.written = written;
  }

  run(body: readonly Stmt[]): readonly Stmt[] {
    const top = scopeIn(null, letsOf(body), null);
    this.block(body, top);
    return top.stmts;
  }

  private name(type: ScalarType): Var {
    return localVar(`t${this.names++}`, type);
  }

  private block(stmts: readonly Stmt[], s: Scope): void {
    for (let i = 0; i < stmts.length; i++) {
      const st = stmts[i] as Stmt;
      switch (st.op) {
        case "store": {
          // Neighbouring stores share their work unless they read what one of them writes.
          const run: Store[] = [st];
          while (stmts[i + 1]?.op === "store" && this.apart([...run, stmts[i + 1] as Store]))
            run.push(stmts[++i] as Store);
          const done = this.process(
            run.map((x) => x.value),
            run.flatMap((x) => x.at),
            s,
          );
          run.forEach((x, k) => {
            s.stmts.push({ ...x, value: done[k] as Expr, at: [done[run.length + k] as Expr] });
          });
          break;
        }
        case "let": {
          if (st.mutable) this.mutable.add(st.name);
          const [value] = this.process([st.value], [], s);
          s.stmts.push({ ...st, value: value as Expr });
          break;
        }
        case "set": {
          const [value] = this.process([st.value], [], s);
          s.stmts.push({ ...st, value: value as Expr });
          break;
        }
        case "for": {
          const limit = st.limit === undefined ? undefined : this.process([st.limit], [], s)[0];
          const inner = scopeIn(s, [st.index, ...letsOf(st.body)], st.mark === "vector" ? st.index : s.vector);
          this.block(st.body, inner);
          const values = this.process(
            st.accs.map((a) => a.value),
            [],
            inner,
          );
          s.stmts.push({
            ...st,
            body: inner.stmts,
            accs: st.accs.map((a, k) => ({ ...a, value: values[k] as Expr })),
            ...(limit === undefined ? {} : { limit }),
          });
          break;
        }
        case "if": {
          const [cond] = this.process([st.cond], [], s);
          const then = scopeIn(s, letsOf(st.then), s.vector),
            other = scopeIn(s, letsOf(st.else), s.vector);
          this.block(st.then, then);
          this.block(st.else, other);
          s.stmts.push({ ...st, cond: cond as Expr, then: then.stmts, else: other.stmts });
          break;
        }
        case "while": {
          // The condition runs before every round: nothing of it may be placed outside, so it stays one expression.
          const inner = scopeIn(s, letsOf(st.body), s.vector);
          this.block(st.body, inner);
          s.stmts.push({ ...st, cond: this.flat(st.cond, s), body: inner.stmts });
          break;
        }
        default:
          st satisfies never;
      }
    }
  }

  private flat(e: Expr, s: Scope): Expr {
    const done = new Map<Expr, Expr>();
    for (const x of topological([e]))
      done.set(
        x,
        placedAs(x, s) ??
          withArgs(
            x,
            x.args.map((a) => done.get(a) as Expr),
          ),
      );
    return done.get(e) as Expr;
  }

  private freeVars(e: Expr): ReadonlySet<Var> {
    const known = this.free.get(e);
    if (known !== undefined) return known;
    for (const x of topological([e], this.free)) {
      if (x.op === "var") {
        this.free.set(x, new Set([x]));
        continue;
      }
      let all: ReadonlySet<Var> = nothing;
      for (const a of x.args) all = union(all, this.free.get(a) as ReadonlySet<Var>);
      if (x.op === "reduce" && all.has(x.index)) {
        const less = new Set(all);
        less.delete(x.index);
        all = less;
      }
      this.free.set(x, all);
    }
    return this.free.get(e) as ReadonlySet<Var>;
  }
  /** Whether a node reads what the kernel writes or a name that changes: it must stay where it is. */
  private isVolatile(e: Expr): boolean {
    const known = this.volatile.get(e);
    if (known !== undefined) return known;
    for (const x of topological([e], this.volatile))
      this.volatile.set(
        x,
        (x.op === "read" && this.written.has(x.buffer)) ||
          (x.op === "var" && this.mutable.has(x)) ||
          x.args.some((a) => this.volatile.get(a) === true),
      );
    return this.volatile.get(e) as boolean;
  }

  /** Whether none of the stores changes what one of them reads. */
  private apart(run: readonly Store[]): boolean {
    const changing = run.flatMap((x) => [x.value, ...x.at]).filter((e) => this.isVolatile(e)),
      buffers = new Set(run.map((x) => x.buffer));
    return topological(changing).every((e) => e.op !== "read" || !buffers.has(e.buffer));
  }

  private depthOf(e: Expr, s: Scope): number {
    const known = s.depths.get(e);
    if (known !== undefined) return known;
    const free = this.isVolatile(e) ? s.depth : deepest(this.freeVars(e), s);
    const found = free >= (s.floor ?? Infinity) ? s.depth : free;
    s.depths.set(e, found);
    return found;
  }
  /** Offsets that may lie so far outside the buffer that memory beside it need not exist are clamped; nearer ones hit the guard zone. */
  private safe(e: Read): Expr {
    const offset = e.args[0] as Expr,
      [lo, hi] = rangeOf(offset),
      size = e.buffer.shape.reduce((a, b) => a * b, 1),
      reach = guardBytes / byteSize[e.buffer.type];
    return lo >= -reach && hi < size + reach ? offset : iclamp(offset, 0, Math.max(0, size - 1));
  }
  /** Index sums ordered so that the part that changes least comes first and can be hoisted; the vector index and the constant come last. */
  private ordered(offset: Expr, s: Scope): Expr {
    const { c, terms } = linear(offset);
    const rank = (t: Expr): number => (s.vector !== null && this.freeVars(t).has(s.vector) ? 1e6 : this.depthOf(t, s));
    let sum: Expr | null = null;
    for (const [t, k] of [...terms].sort(([a], [b]) => rank(a) - rank(b) || a.id - b.id)) {
      const p: Expr = k === 1 ? t : binary("mul", t, int(k));
      sum = sum === null ? p : binary("add", sum, p);
    }
    return sum === null ? int(c) : c === 0 ? sum : binary("add", sum, int(c));
  }

  /** Rewrite `roots` (and `offsets` of stores) for use in scope `s`, placing whatever they need. */
  private process(roots: readonly Expr[], offsets: readonly Expr[], s: Scope): readonly Expr[] {
    const all = [...roots, ...offsets.map((o) => this.ordered(o, s))];
    const uses = new Map<Expr, number>(),
      reach = new Map<Expr, number>();
    const addresses = new Set<Expr>(all.slice(roots.length)),
      data = new Set<Expr>(roots);
    const operandsOf = (e: Expr): readonly Expr[] =>
      e.op === "reduce" || placedAs(e, s) !== undefined
        ? []
        : e.op === "read"
          ? [this.ordered(this.safe(e), s)]
          : e.op === "rare"
            ? [e.args[0] as Expr, e.args[2] as Expr]
            : e.args;
    let { order, operands } = inOrder(all, operandsOf);
    const branches = branchesOf(order, operands, (e) => this.depthOf(e, s));
    if (branches.size > 0) ({ order, operands } = inOrder(all, (e) => branches.get(e)?.needed ?? operandsOf(e)));
    const use = (e: Expr, by: number): void => {
      uses.set(e, (uses.get(e) ?? 0) + 1);
      reach.set(e, Math.max(reach.get(e) ?? -1, by));
    };
    for (const e of all) use(e, s.depth);
    for (const e of order) {
      const d = this.depthOf(e, s);
      for (const a of operands.get(e) as readonly Expr[]) use(a, d);
    }
    for (const e of [...order].reverse())
      for (const a of operands.get(e) as readonly Expr[])
        if (e.op === "read" || (addresses.has(e) && !data.has(e))) addresses.add(a);
        else data.add(a);
    const done = new Map<Expr, Expr>();
    const reductions = order.filter((e): e is Reduce => e.op === "reduce");
    for (const e of order) {
      if (done.has(e)) continue;
      const known = placedAs(e, s);
      if (known !== undefined) {
        done.set(e, known);
        continue;
      }
      if (e.op === "const" || e.op === "var") {
        done.set(e, e);
        continue;
      }
      const d = this.depthOf(e, s),
        home = scopeAt(s, d);
      if (e.op === "reduce") {
        this.place(e, reductions, home);
        done.set(e, home.placed.get(e) as Expr);
        continue;
      }
      const branch = branches.get(e);
      if (branch !== undefined) {
        this.branch(branch.group, done, home);
        continue;
      }
      const rebuilt = withArgs(
        e,
        (operands.get(e) as readonly Expr[]).map((a) => done.get(a) as Expr),
      );
      // An address that moves with the vector loop stays in sight of the load that uses it.
      const address =
        addresses.has(e) && !data.has(e) && e.op !== "read" && s.vector !== null && this.freeVars(e).has(s.vector);
      if (
        address ||
        ((uses.get(e) as number) === 1 && (reach.get(e) as number) === d) ||
        rebuilt.op === "const" ||
        rebuilt.op === "var"
      ) {
        done.set(e, rebuilt);
        continue;
      }
      const name = this.name(e.type);
      home.stmts.push({ op: "let", name, value: rebuilt });
      if (!this.isVolatile(e)) home.placed.set(e, name);
      done.set(e, name);
    }
    for (const e of reductions) if (this.isVolatile(e)) s.placed.delete(e);
    return all.map((e) => done.get(e) as Expr);
  }

  /** Names for the choices of a group, and a branch that sets them where the condition holds. */
  private branch(group: readonly Expr[], done: Map<Expr, Expr>, home: Scope): void {
    const names = group.map((e) => this.name(e.type)),
      inner: Scope = { ...scopeIn(home, [], home.vector), floor: home.floor ?? home.depth };
    group.forEach((e, i) => {
      home.stmts.push({ op: "let", name: names[i] as Var, value: done.get(e.args[2] as Expr) as Expr, mutable: true });
    });
    const values = this.process(
      group.map((e) => e.args[1] as Expr),
      [],
      inner,
    );
    values.forEach((value, i) => {
      inner.stmts.push({ op: "set", name: names[i] as Var, value });
    });
    home.stmts.push({ op: "if", cond: done.get(group[0]?.args[0] as Expr) as Expr, then: inner.stmts, else: [] });
    group.forEach((e, i) => {
      done.set(e, names[i] as Var);
      if (!this.isVolatile(e)) home.placed.set(e, names[i] as Var);
    });
  }

  /** Run a reduction as a loop in `home`, together with the independent ones over the same index. */
  private place(e: Reduce, candidates: readonly Reduce[], home: Scope): void {
    const mark = this.markOf(e, home);
    const ready = (x: Reduce): boolean =>
      topological(x.args).every(
        (y) =>
          y.op !== "reduce" ||
          this.freeVars(y).has(x.index) ||
          placedAs(y, home) !== undefined ||
          topological(y.args).includes(x.index),
      );
    const group = candidates.filter(
      (x) =>
        x === e ||
        (x.index === e.index &&
          placedAs(x, home) === undefined &&
          this.depthOf(x, home) === home.depth &&
          this.freeVars(x) !== undefined &&
          [...this.freeVars(x)].every((v) => isBound(v, home)) &&
          !this.isVolatile(x) &&
          ready(x) &&
          this.markOf(x, home) === mark),
    );
    const inner = scopeIn(home, [e.index], mark === "vector" ? e.index : home.vector);
    const values = this.process(
      group.map((x) => x.args[0] as Expr),
      [],
      inner,
    );
    const accs = group.map(
      (x, i): Accumulator => ({ name: this.name(x.type), combine: x.combine, value: values[i] as Expr }),
    );
    home.stmts.push({ op: "for", index: e.index, mark, body: inner.stmts, accs });
    group.forEach((x, i) => {
      home.placed.set(x, (accs[i] as Accumulator).name);
    });
  }
  private markOf(e: Reduce, home: Scope): Mark {
    return home.vector === null && vectorizes(e.args, e.index) ? "vector" : "serial";
  }
}

const nothing: ReadonlySet<Var> = new Set();
/** One of the two sets, where it holds the other, or a new one. */
const union = (a: ReadonlySet<Var>, b: ReadonlySet<Var>): ReadonlySet<Var> => {
  if (a === b || b.size === 0) return a;
  if (a.size === 0) return b;
  const [small, big] = a.size < b.size ? [a, b] : [b, a];
  for (const v of small) if (!big.has(v)) return new Set([...big, ...small]);
  return big;
};
