// Loops whose bodies choose by the index are cut where the choice changes: what two arrays joined give is two copies, and what
// every second element is (the gradient of pooling) is two stores a round, each of which knows its choice.
import type { Buffer, Expr, Var } from "../kernel/expr.ts";
import { constant, int, loopVar, read, rewrite, topological } from "../kernel/expr.ts";
import { fromLinear, iadd, idiv, imod, imul, isub, linear, rangeOf } from "../kernel/index.ts";
import type { Stmt } from "../kernel/program.ts";
import { nest, storeEach } from "../kernel/statement.ts";
import { at } from "./indices.ts";
import { rowLoop } from "./shortRows.ts";
import { vectorizes } from "./vectorize.ts";

/** The most pieces, rounds that a piece should have, and periods of choices. */
const mostPieces = 8,
  shortest = 8,
  periods = [2, 3, 4];
/** Expressions larger than this are not repeated. */
const mostNodes = 160;

const truth = (yes: boolean): Expr => constant("bool", yes ? 1 : 0);
/** What the ranges of indices decide about one node. */
export const decide = (e: Expr): Expr => {
  const [a, b] = e.args as readonly [Expr, Expr];
  switch (e.op) {
    case "read":
      return read(e.buffer, [fromLinear(linear(a))]);
    case "div":
    case "rem": {
      if (e.type !== "i32" || b.op !== "const" || Number(b.value) <= 0 || rangeOf(a)[0] < 0) return e;
      return (e.op === "div" ? idiv : imod)(a, Number(b.value));
    }
    case "lt":
    case "ge":
    case "eq":
    case "ne": {
      if (a.type !== "i32") return e;
      const [lo, hi] = rangeOf(isub(a, b)),
        apart = lo > 0 || hi < 0,
        same = lo === 0 && hi === 0;
      if (e.op === "lt") return hi < 0 ? truth(true) : lo >= 0 ? truth(false) : e;
      if (e.op === "ge") return lo >= 0 ? truth(true) : hi < 0 ? truth(false) : e;
      return same ? truth(e.op === "eq") : apart ? truth(e.op === "ne") : e;
    }
    case "and":
      if (e.type !== "bool") return e;
      return a.op === "const" ? (a.value ? b : a) : b.op === "const" ? (b.value ? a : b) : e;
    case "or":
      if (e.type !== "bool") return e;
      return a.op === "const" ? (a.value ? a : b) : b.op === "const" ? (b.value ? b : a) : e;
    case "not":
      return e.type === "bool" && a.op === "const" ? truth(!a.value) : e;
    case "select":
      return a.op === "const" ? (e.args[a.value ? 1 : 2] as Expr) : e;
    default:
      return e;
  }
};

/** A period of the choices that the index makes, or 1. */
const periodOf = (nodes: readonly Expr[], v: Var): number => {
  for (const e of nodes) {
    if (e.op !== "rem" || e.type !== "i32") continue;
    const [a, n] = e.args as readonly [Expr, Expr];
    if (n.op !== "const" || !periods.includes(Number(n.value)) || v.extent % Number(n.value) !== 0) continue;
    if (linear(a).terms.get(v) === 1) return Number(n.value);
  }
  return 1;
};
/** Where choices change along the index, its ends included. */
const cutsOf = (nodes: readonly Expr[], v: Var): readonly number[] => {
  const cuts = new Set([0, v.extent]);
  for (const e of nodes) {
    if (e.op !== "lt" && e.op !== "ge") continue;
    const [a, b] = e.args as readonly [Expr, Expr];
    if (a.type !== "i32" || b.op !== "const") continue;
    const { c, terms } = linear(a),
      cut = Number(b.value) - c;
    if (terms.size === 1 && terms.get(v) === 1 && cut > 0 && cut < v.extent) cuts.add(cut);
  }
  return [...cuts].sort((x, y) => x - y);
};

/** Loops around the stores, cut in pieces, or null where no choice depends on an index alone. */
export const inPieces = (
  vars: readonly Var[],
  roots: readonly Expr[],
  stores: readonly Expr[],
  outs: readonly Buffer[],
): readonly Stmt[] | null => {
  const nodes = topological(roots),
    last = vars[vars.length - 1];
  if (last === undefined || nodes.length > mostNodes) return null;
  if (!nodes.some((e) => e.op === "select") || nodes.some((e) => e.op === "reduce")) return null;
  const each = vars.map((v) => periodOf(nodes, v)),
    cuts = vars.length < 2 || each.some((n) => n > 1) ? [0, last.extent] : cutsOf(nodes, last);
  const copies = each.reduce((n, m) => n * m, 1),
    lengths = cuts.slice(1).map((to, i) => to - (cuts[i] as number));
  if (copies > mostPieces || cuts.length - 1 > mostPieces || (copies === 1 && cuts.length === 2)) return null;
  if (copies === 1 && lengths.some((n) => n < shortest)) return null;
  const outer = vars.slice(0, -1).map((v, d) => loopVar(`${v.name}q`, v.extent / (each[d] as number)));
  const loops = lengths.map((length, p): Stmt => {
    const step = each[vars.length - 1] as number,
      inner = loopVar(`${last.name}q`, length / step),
      from = cuts[p] as number;
    const made = Array.from(
      { length: copies },
      (_, k): { readonly values: readonly Expr[]; readonly at: readonly Expr[] } => {
        let rest = k;
        const places = [...outer, inner].map((v, d) => {
          const n = each[d] as number,
            phase = rest % n;
          rest = Math.floor(rest / n);
          return iadd(imul(v, n), int(phase + (d === vars.length - 1 ? from : 0)));
        });
        return { values: rewrite(at(roots, vars, places), decide), at: at(stores, vars, places) };
      },
    );
    const values = made.flatMap((m) => m.values);
    const body = made.flatMap((m) => storeEach(outs, m.at, m.values));
    return rowLoop(inner, body, vectorizes(values, inner) ? "vector" : "serial");
  });
  return nest(outer, loops);
};
