// A scan that products go before or after, in blocks of rounds: a scan over blocks, in each of which the products and the rounds of
// the block take turns. What they leave for each other is as long as a block, not as the whole, and still in a cache when it is read.
import { aval } from "../core/aval.ts";
import type { Atom, Eqn, Role, Structure } from "../core/jaxpr.ts";
import { isVar, Var } from "../core/jaxpr.ts";
import { type Carried, type Operand, putTogether, type Scan } from "./scans.ts";

/** Bytes that the rounds of a block may leave (less than that in all rounds is not worth a loop more), and its fewest rounds; laws lower them. */
export const blocking = { bytes: 1 << 21, rounds: 8 };

/** Rounds of a block where each round leaves so many bytes: a divisor of all rounds; null where there are to be no blocks. */
export const roundsOfBlock = (length: number, bytes: number): number | null => {
  if (length * bytes <= blocking.bytes) return null;
  for (let n = Math.min(length >> 1, Math.floor(blocking.bytes / bytes)); n >= blocking.rounds; n--)
    if (length % n === 0) return n;
  return null;
};

/** The scan with all that is before and after it, over blocks of `rounds` rounds; null if a value has two meanings in it. */
export const overBlocks = (s: Scan, rounds: number): Eqn | null => {
  const { eqn, of, operands, carries, sums, stacks, before, after } = s,
    results = eqn.outs.slice(of.roles.filter((r) => typeof r === "number").length);
  const outers = (role: Role): readonly Atom[] => operands.filter((o) => o.role === role).map((o) => o.outer);
  const long = new Set<Atom>([
    ...outers("slice"),
    ...before.flatMap((e) => e.outs),
    ...stacks.map((y) => y.result),
    ...results,
  ]);
  if (outers("const").some((a) => long.has(a))) return null;
  const startOf = (c: Carried): Atom => (operands.find((o) => o.role === c) as Operand).outer,
    all = [...carries.map((c) => ({ start: startOf(c), result: c.result })), ...sums];
  // Each carry of the blocks has a name of its own, even if many start from one value.
  const starts = all.map(({ start }) => new Var(start.aval)),
    start = (k: number): Var => starts[k] as Var;
  const inner = putTogether({
    ...s,
    of: { ...of, length: rounds },
    operands: operands.map((o) => (typeof o.role === "string" ? o : { ...o, outer: start(carries.indexOf(o.role)) })),
    after: after.map((e) => {
      const k = sums.findIndex((x) => x.result === e.outs[0]);
      return k < 0 ? e : { ...e, ins: [start(carries.length + k), e.ins[1] as Atom] };
    }),
  });
  const names = new Map<Var, Var>();
  const name = (v: Var): Var => {
    const { shape, dtype } = v.aval,
      known = names.get(v) ?? new Var(long.has(v) ? aval([rounds, ...shape.slice(1)], dtype) : v.aval);
    names.set(v, known);
    return known;
  };
  const own = new Set<Atom>([...starts, ...inner.flatMap((e) => e.outs)]),
    given = [...new Set(inner.flatMap((e) => e.ins.filter(isVar)))].filter((v) => !own.has(v)),
    outs = [...all.map((c) => c.result), ...results];
  const structure: Structure = {
    kind: "scan",
    length: of.length / rounds,
    reverse: of.reverse,
    roles: [...given.map((v): Role => (long.has(v) ? "slice" : "const")), ...starts.keys()],
    body: {
      consts: 0,
      ins: [...given, ...starts].map(name),
      eqns: inner.map((e) => ({ ...e, ins: e.ins.map((a) => (isVar(a) ? name(a) : a)), outs: e.outs.map(name) })),
      outs: outs.map(name),
    },
  };
  return {
    ...eqn,
    prim: { ...eqn.prim, structure: () => structure } as Eqn["prim"],
    ins: [...given, ...all.map((c) => c.start)],
    outs,
  };
};
