// Fusion: which values get a buffer, and which values one kernel computes. Equations are visited from the last to the first, so
// that all uses of a value are known when it is decided; a use is a read at an index, the fusion the replacement of the read.
import { sizeOf } from "../core/aval.ts";
import { isEffect } from "../core/effects.ts";
import type { Atom, Eqn, Jaxpr, Var } from "../core/jaxpr.ts";
import { isCall, isVar } from "../core/jaxpr.ts";
import type { Buffer, Expr, Var as Index, Read } from "../kernel/expr.ts";
import { topological } from "../kernel/expr.ts";
import { costOf, indicesOf } from "./cost.ts";
import { type Group, isIdentity, isPermuted, lowerAt, newGroup, readsOf, waits } from "./group.ts";
import { hasReduce, type Roles, rolesOf } from "./roles.ts";

/** Groups in an order in which they can run, and why each value that has a buffer has one. */
export interface Fusion {
  readonly groups: readonly Group[];
  readonly reasons: ReadonlyMap<Var, string>;
  /** For groups that sum: one whose only value is read by nobody else, so that it could be made there. */
  readonly makers: ReadonlyMap<Group, Group>;
}

/** Limits that keep kernels, and the time to compile them, small. */
const limits = { nodes: 1500, depth: 150, contexts: 12, roots: 12, packing: 8 } as const;

/** The state of one pass. */
class Fuser {
  readonly groups: Group[] = [];
  readonly reasons = new Map<Var, string>();
  readonly bufferOf: (v: Var) => Buffer;
  private readonly jaxpr: Jaxpr;
  private readonly uses = new Map<Var, Map<Group, Set<Read>>>();
  private readonly homes = new Map<Var, Group>();
  /** Groups that read the roots of a group. */
  private readonly readers = new Map<Group, Set<Group>>();
  private readonly varOf = new Map<Buffer, Var>();
  private readonly order = new Map<Var, number>();
  private readonly numbers = new Map<Eqn, number>();
  private readonly roles: Roles;
  /** The group of the effect that comes next: it waits for the one before, as if it read something of it. */
  private nextEffect: Group | null = null;
  /** Values that wait for others. */
  private readonly waiting = new Set<Var>();

  constructor(jaxpr: Jaxpr, bufferOf: (v: Var) => Buffer) {
    this.jaxpr = jaxpr;
    this.bufferOf = bufferOf;
    const known = (v: Var): void => {
      this.varOf.set(this.bufferOf(v), v);
    };
    jaxpr.ins.forEach(known);
    jaxpr.eqns.forEach((e, i) => {
      for (const v of e.outs) {
        known(v);
        this.order.set(v, i);
        if (waits(e)) this.waiting.add(v);
      }
      this.numbers.set(e, i);
    });
    this.roles = rolesOf(jaxpr, bufferOf, this.varOf);
  }

  run(): Fusion {
    const { jaxpr } = this;
    for (const a of jaxpr.outs) if (isVar(a)) this.reasons.set(a, "a result");
    for (let i = jaxpr.eqns.length - 1; i >= 0; i--) this.visit(jaxpr.eqns[i] as Eqn);
    return { groups: this.sorted(), reasons: this.reasons, makers: this.makers() };
  }

  private makers(): ReadonlyMap<Group, Group> {
    const found = new Map<Group, Group>(),
      results = new Set<Atom>(this.jaxpr.outs);
    for (const [v, maker] of this.homes) {
      const [reader, more] = this.readers.get(maker) ?? [];
      if (reader === undefined || more !== undefined || reader.routine !== null || results.has(v)) continue;
      if (maker.routine !== null || maker.roots.size > 1 || maker.main !== null || maker.hasReduce) continue;
      if (reader.main !== null || reader.hasReduce) found.set(reader, maker);
    }
    return found;
  }

  private visit(e: Eqn): void {
    if (e.outs.every((v) => !this.uses.has(v) && !this.reasons.has(v)) && !isEffect(e)) return;
    if (isCall(e.prim) || "routine" in e.prim) {
      this.routine(e);
      return;
    }
    if (waits(e)) {
      this.wait(e);
      return;
    }
    const v = e.outs[0] as Var,
      uses = this.uses.get(v) ?? new Map<Group, Set<Read>>();
    const own = this.roles.owns.get(v) as Expr;
    const heavy = this.roles.heavy.has(v);
    const reason = this.reasons.get(v) ?? this.refusal(v, own, heavy, uses);
    if (reason === null) {
      for (const [g, reads] of uses) this.inline(e, v, g, reads, heavy);
      return;
    }
    this.reasons.set(v, reason);
    const reduces = hasReduce(own);
    const g = this.partner(v, own, heavy, reduces, uses) ?? this.fresh(v.aval.shape, null);
    this.settle(e, v, g, heavy);
  }

  private routine(e: Eqn): void {
    const what = isCall(e.prim) ? "control flow" : "a routine",
      g = this.fresh(e.outs[0]?.aval.shape ?? [], e);
    g.eqns.push(e);
    if (isEffect(e)) {
      if (this.nextEffect !== null) (this.readers.get(g) as Set<Group>).add(this.nextEffect);
      this.nextEffect = g;
    }
    for (const v of e.outs) {
      this.reasons.set(v, this.reasons.get(v) ?? `made by ${what}`);
      this.homes.set(v, g);
      this.linkReaders(v, g);
    }
    for (const a of e.ins) {
      if (!isVar(a)) continue;
      if (!this.reasons.has(a)) this.reasons.set(a, `an operand of ${what}`);
      this.use(a, g, null);
    }
  }

  /**
   * A value that waits for others is another name for its first operand. A group without code stands between what it waits for and the
   * kernels that use it, so that none of them runs, or becomes part of a kernel that runs, too early.
   */
  private wait(e: Eqn): void {
    const [v] = e.outs as readonly [Var],
      g = this.fresh(v.aval.shape, e);
    g.eqns.push(e);
    this.linkReaders(v, g);
    for (const [h, reads] of this.uses.get(v) ?? []) if (h.routine === null) this.inline(e, v, h, reads, false);
    if (this.reasons.has(v)) {
      const copy = this.fresh(v.aval.shape, null);
      (this.readers.get(g) as Set<Group>).add(copy);
      this.settle(e, v, copy, false);
    }
    for (const a of e.ins) {
      if (!isVar(a)) continue;
      if (!this.reasons.has(a) && !this.waiting.has(a)) this.reasons.set(a, "something waits for it");
      this.use(a, g, null);
    }
  }

  private fresh(shape: readonly number[], routine: Eqn | null): Group {
    const g = newGroup(this.groups.length, shape, routine);
    this.groups.push(g);
    this.readers.set(g, new Set());
    return g;
  }

  private use(v: Var, g: Group, read: Read | null): void {
    const of = this.uses.get(v) ?? new Map<Group, Set<Read>>(),
      reads = of.get(g) ?? new Set<Read>();
    if (read !== null) reads.add(read);
    of.set(g, reads);
    this.uses.set(v, of);
  }

  /** Why `v` cannot stand in the kernels that use it, or null. */
  private refusal(v: Var, own: Expr, heavy: boolean, uses: ReadonlyMap<Group, ReadonlySet<Read>>): string | null {
    const reduces = hasReduce(own);
    let evaluations = 0,
      contexts = 0;
    for (const [g, reads] of uses) {
      if (g.routine !== null) return "an operand of a routine";
      if (
        heavy &&
        !(
          uses.size === 1 &&
          reads.size === 1 &&
          g.main === null &&
          !g.hasReduce &&
          isPermuted(g, [...reads][0] as Read)
        )
      )
        return "a contraction";
      if (g.main !== null && reduces) return "a reduction beside a contraction";
      if (this.depthOf(v, g) > limits.depth || g.nodes > limits.nodes) return "the size of the kernel";
      contexts = Math.max(contexts, reads.size);
      let most = 0;
      for (const r of reads) most = Math.max(most, this.evaluations(g, r.args));
      evaluations += most;
    }
    if (heavy) return null;
    // An operand is packed number by number, a result is stored vector by vector: what is between two contractions belongs to the first.
    const packed = [...uses].some(([g, reads]) => g.main !== null && [...reads].some((r) => !isIdentity(g, r)));
    if (this.roles.following.has(v) && (uses.size > 1 || contexts > 1 || packed)) return "what a contraction gives";
    if (contexts > limits.contexts) return `${contexts} places that read it`;
    const n = Math.max(1, sizeOf(v.aval.shape)),
      cost = costOf(own),
      again = evaluations - n;
    if (packed && cost > 0 && (this.roles.costs.get(v) ?? 0) > limits.packing) return "an operand that costs much";
    if (packed && cost > 0 && this.roles.beside.has(v)) return "what a contraction gives";
    if (this.roles.joined.has(v) && again > 0) return "what is put together";
    // What reads nothing is cheap to compute again; so is a choice, which lies in memory in another form than in registers.
    const remembering = readsOf(own).length === 0 || v.aval.dtype === "bool" ? 8 : 3;
    if (cost === 0 || again <= 0 || cost * again <= remembering * n) return null;
    return `${Number((evaluations / n).toPrecision(3))} evaluations for each element`;
  }

  /** How often an expression at these indices is evaluated in a run of the kernel, each being hoisted as far as it goes. */
  private evaluations(g: Group, at: readonly Expr[]): number {
    const free = indicesOf(at);
    let product = 1;
    if (g.main !== null) {
      for (const v of free) product *= v.extent;
      return product;
    }
    const all = new Set<Index>(free);
    for (const v of free) for (const w of g.enclosing.get(v) ?? []) all.add(w);
    let deepest = -1;
    g.vars.forEach((v, i) => {
      if (all.has(v)) deepest = i;
    });
    for (let i = 0; i <= deepest; i++) product *= (g.vars[i] as Index).extent;
    for (const v of all) if (!g.vars.includes(v)) product *= v.extent;
    return product;
  }

  private depthOf(v: Var, g: Group): number {
    return g.depth.get(v) ?? 0;
  }

  /** Put the expression of `v` in the place of its reads in `g`. */
  private inline(e: Eqn, v: Var, g: Group, reads: ReadonlySet<Read>, heavy: boolean): void {
    if (heavy) g.main = v;
    g.eqns.push(e);
    for (const r of reads) {
      const value = lowerAt(e, r.args, this.bufferOf);
      g.defs.set(r, value);
      this.absorb(g, v, value, r.args, heavy);
    }
  }

  /** Make `v` a result of `g`. */
  private settle(e: Eqn, v: Var, g: Group, heavy: boolean): void {
    const value = this.roles.owns.get(v) as Expr; // groups of one shape have the same loops
    if (heavy) g.main = v;
    g.roots.set(v, value);
    g.eqns.push(e);
    for (const r of this.uses.get(v)?.get(g) ?? []) g.defs.set(r, value);
    this.homes.set(v, g);
    this.absorb(g, v, value, g.vars, heavy);
    this.linkReaders(v, g);
  }
  private linkReaders(v: Var, g: Group): void {
    for (const h of this.uses.get(v)?.keys() ?? []) if (h !== g) (this.readers.get(g) as Set<Group>).add(h);
  }

  private absorb(g: Group, v: Var, value: Expr, at: readonly Expr[], heavy: boolean): void {
    const nodes = topological([value]),
      outer = indicesOf(at);
    for (const x of nodes) {
      if (x.op !== "reduce") continue;
      const around = new Set<Index>(outer);
      for (const o of outer) for (const w of g.enclosing.get(o) ?? []) around.add(w);
      g.enclosing.set(x.index, around);
      if (!heavy) g.hasReduce = true;
    }
    g.nodes += nodes.length;
    const depth = this.depthOf(v, g) + 1;
    for (const r of readsOf(value)) {
      const u = this.varOf.get(r.buffer) as Var;
      if (!this.order.has(u)) continue; // an input
      this.use(u, g, r);
      g.depth.set(u, Math.max(g.depth.get(u) ?? 0, depth));
    }
  }

  /** A group that can compute `v` too: one that reads it where it computes its own element, or one over the same data. */
  private partner(
    v: Var,
    own: Expr,
    heavy: boolean,
    reduces: boolean,
    uses: ReadonlyMap<Group, ReadonlySet<Read>>,
  ): Group | null {
    const fits = (g: Group): boolean =>
      g.routine === null &&
      g.roots.size < limits.roots &&
      g.nodes < limits.nodes &&
      g.shape.length === v.aval.shape.length &&
      g.shape.every((d, i) => d === v.aval.shape[i]) &&
      (heavy ? g.main === null && !g.hasReduce : g.main === null || !reduces);
    const free = (g: Group): boolean => [...uses.keys()].every((h) => h === g || !this.reaches(h, g));
    for (const [g, reads] of uses)
      if (fits(g) && [...reads].every((r) => isIdentity(g, r)) && this.depthOf(v, g) <= limits.depth && free(g))
        return g;
    if (heavy) return null;
    const siblings = new Set<Group>();
    for (const r of readsOf(own)) {
      const u = this.varOf.get(r.buffer) as Var;
      if (sizeOf(u.aval.shape) > 1) for (const g of this.uses.get(u)?.keys() ?? []) siblings.add(g);
    }
    for (const g of siblings)
      if (!uses.has(g) && g.main === null && fits(g) && g.hasReduce === reduces && free(g)) return g;
    return null;
  }

  /** Whether `to` runs after `from` because it uses, at some remove, what `from` computes. */
  private reaches(from: Group, to: Group): boolean {
    const seen = new Set<Group>(),
      stack = [from];
    while (stack.length > 0) {
      const g = stack.pop() as Group;
      if (g === to) return true;
      if (seen.has(g)) continue;
      seen.add(g);
      for (const h of this.readers.get(g) ?? []) stack.push(h);
    }
    return false;
  }

  /** Groups after those that they read from; among the ready ones the earliest in the source goes first. */
  private sorted(): readonly Group[] {
    const place = (g: Group): number => g.eqns.reduce((most, e) => Math.max(most, this.numbers.get(e) as number), 0);
    const places = new Map(this.groups.map((g) => [g, place(g)])),
      waiting = new Map<Group, number>(this.groups.map((g) => [g, 0]));
    for (const hs of this.readers.values()) for (const h of hs) waiting.set(h, (waiting.get(h) as number) + 1);
    const ready = this.groups.filter((g) => waiting.get(g) === 0),
      done: Group[] = [];
    const later = (a: Group, b: Group): number => (places.get(b) as number) - (places.get(a) as number);
    ready.sort(later);
    while (ready.length > 0) {
      const g = ready.pop() as Group;
      done.push(g);
      let grew = false;
      for (const h of this.readers.get(g) as Set<Group>) {
        const left = (waiting.get(h) as number) - 1;
        waiting.set(h, left);
        if (left > 0) continue;
        ready.push(h);
        grew = true;
      }
      if (grew) ready.sort(later);
    }
    if (done.length < this.groups.length) throw new Error("fusion made kernels that wait for each other");
    return done;
  }
}

/** Decide the kernels of a simplified jaxpr whose calls are control flow; `bufferOf` gives each value its buffer. */
export const fuse = (jaxpr: Jaxpr, bufferOf: (v: Var) => Buffer): Fusion => new Fuser(jaxpr, bufferOf).run();
