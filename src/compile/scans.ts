// A scan taken apart, so that passes can move equations out of its rounds and change what it stacks.
import type { Aval } from "../core/aval.ts";
import { aval } from "../core/aval.ts";
import type { Atom, Eqn, Role, Structure, Var } from "../core/jaxpr.ts";
import { inlineCalls } from "./inline.ts";
import { simplify } from "./simplify.ts";

export interface Operand {
  readonly outer: Atom;
  readonly inner: Var;
  /** A carry by what it becomes. */
  readonly role: "const" | "slice" | Carried;
}
export interface Carried {
  readonly result: Var;
  readonly next: Atom;
}
export interface Stacked {
  readonly result: Var;
  readonly value: Atom;
}
/** A scan taken apart, and the equations that are to stand around it. */
export interface Scan {
  readonly eqn: Eqn;
  readonly of: Structure & { readonly kind: "scan" };
  operands: readonly Operand[];
  carries: readonly Carried[];
  stacks: readonly Stacked[];
  eqns: readonly Eqn[];
  readonly before: Eqn[];
  readonly after: Eqn[];
  /** Sums that are added up after it: where each starts, and what its equation gives. */
  readonly sums: { readonly start: Atom; readonly result: Var }[];
  /** Bytes of stacks that were added. */
  bytes: number;
  changed: boolean;
}

export const takeApart = (eqn: Eqn, of: Scan["of"]): Scan => {
  const body = simplify(inlineCalls(of.body)),
    count = of.roles.filter((r) => typeof r === "number").length;
  const carries = body.outs.slice(0, count).map((next, i): Carried => ({ next, result: eqn.outs[i] as Var }));
  return {
    eqn,
    of,
    operands: body.ins.map((inner, i) => {
      const role = of.roles[i] as Role;
      return { inner, outer: eqn.ins[i] as Atom, role: typeof role === "number" ? (carries[role] as Carried) : role };
    }),
    carries,
    stacks: body.outs.slice(count).map((value, i) => ({ value, result: eqn.outs[count + i] as Var })),
    eqns: body.eqns,
    before: [],
    after: [],
    sums: [],
    bytes: 0,
    changed: false,
  };
};
export const putTogether = ({ eqn, of, operands, carries, stacks, eqns, before, after }: Scan): readonly Eqn[] => {
  const structure: Structure = {
    ...of,
    roles: operands.map(({ role }) => (typeof role === "string" ? role : carries.indexOf(role))),
    body: {
      consts: 0,
      ins: operands.map((o) => o.inner),
      eqns,
      outs: [...carries.map((c) => c.next), ...stacks.map((s) => s.value)],
    },
  };
  const whole: Eqn = {
    ...eqn,
    prim: { ...eqn.prim, structure: () => structure } as Eqn["prim"],
    ins: operands.map((o) => o.outer),
    outs: [...carries.map((c) => c.result), ...stacks.map((s) => s.result)],
  };
  return [...before, whole, ...after];
};

/** The aval of all rounds' values. */
export const stackOf = ({ of }: Scan, { shape, dtype }: Aval): Aval => aval([of.length, ...shape], dtype);
/** How often a value is used in a round, its results included. */
export const usesIn = ({ eqns, carries, stacks }: Scan): ReadonlyMap<Atom, number> => {
  const uses = new Map<Atom, number>();
  for (const a of [...eqns.flatMap((e) => e.ins), ...carries.map((c) => c.next), ...stacks.map((s) => s.value)])
    uses.set(a, (uses.get(a) ?? 0) + 1);
  return uses;
};
/** The equation of a round that gives a value. */
export const makers = ({ eqns }: Scan): ReadonlyMap<Atom, Eqn> =>
  new Map(eqns.flatMap((e) => e.outs.map((v) => [v, e])));
