// while: a body that is run as long as a condition on the carry holds. How often is not known before, so there is no reverse mode.
import { atFlags } from "../transforms/flags.ts";
import type { Aval } from "../core/aval.ts";
import { sameAval, showAval } from "../core/aval.ts";
import { withoutEffects } from "../core/effects.ts";
import { ShapeError, TraceError } from "../core/errors.ts";
import type { CallPrimitive, Jaxpr, WhileRole } from "../core/jaxpr.ts";
import { Var } from "../core/jaxpr.ts";
import { showAttrs } from "../core/print.ts";
import { bindCall } from "../core/trace.ts";
import type { Value } from "../core/value.ts";
import { select } from "../primitives/elementwise.ts";
import { broadcast, moveAxis, zerosOf } from "../primitives/linear.ts";
import { reduceOr } from "../primitives/reductions.ts";
import { partialJaxpr } from "../transforms/partial.ts";
import { evalJaxpr, traceJaxpr } from "../transforms/trace.ts";
import { batchJaxpr, placeAxis } from "../transforms/vmap.ts";
import { fixpoint, jvpBody } from "./bodies.ts";
import { interned } from "./intern.ts";

/** cond takes its constants and the carry, body its own and the carry; results are the carries that `results` numbers. */
export interface WhileAttrs {
  readonly cond: Jaxpr;
  readonly body: Jaxpr;
  readonly roles: readonly WhileRole[];
  readonly results: readonly number[];
}

const all = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);
const positions = (roles: readonly WhileRole[], role: WhileRole): readonly number[] =>
  roles.flatMap((r, i) => (r === role ? [i] : []));
/** Positions of the operands: constants of cond, constants of body, carry. */
const parts = ({
  roles,
  body,
}: WhileAttrs): {
  readonly cond: readonly number[];
  readonly body: readonly number[];
  readonly carry: readonly number[];
} => ({
  cond: positions(roles, "cond"),
  body: positions(roles, "body"),
  carry: all(body.outs.length).map((k) => roles.indexOf(k)),
});
const canonicalRoles = (conds: number, bodies: number, carries: number): readonly WhileRole[] => [
  ...new Array<WhileRole>(conds).fill("cond"),
  ...new Array<WhileRole>(bodies).fill("body"),
  ...all(carries),
];
/** The same condition on a longer carry. */
const widen = (cond: Jaxpr, more: readonly Aval[]): Jaxpr => ({
  ...cond,
  ins: [...cond.ins, ...more.map((a) => new Var(a))],
});

const jvp: CallPrimitive<WhileAttrs>["jvp"] = (ins, tangents, attrs) => {
  const { cond, body, results } = attrs,
    p = parts(attrs),
    own = (at: readonly number[]): readonly boolean[] => at.map((i) => tangents[i] !== null);
  const bodyFlags = own(p.body),
    derive = (carry: readonly boolean[]) => jvpBody(body, [...bodyFlags, ...carry], carry);
  const carry = fixpoint(own(p.carry), (now) => derive(now).nonzero),
    { closed } = derive(carry);
  const n = p.body.length,
    m = p.carry.length,
    extra = closed.consts.length,
    dBody = bodyFlags.filter((f) => f).length;
  // The derived body takes (constants, carry, tangents of constants, tangents of the carry); a loop wants constants first.
  const given = closed.jaxpr.ins,
    at = extra + n + m;
  const reordered: Jaxpr = {
    ...closed.jaxpr,
    ins: [
      ...given.slice(0, extra + n),
      ...given.slice(at, at + dBody),
      ...given.slice(extra + n, at),
      ...given.slice(at + dBody),
    ],
  };
  const value = (i: number): Value => ins[i] as Value,
    tangent = (i: number): Value => tangents[i] ?? zerosOf(value(i).aval);
  const dCarry = p.carry.filter((_, k) => carry[k]);
  const count = m + dCarry.length;
  const outs = bindCall(
    whileP,
    [
      ...p.cond.map(value),
      ...closed.consts,
      ...p.body.map(value),
      ...p.body.filter((_, k) => bodyFlags[k]).map(tangent),
      ...p.carry.map(value),
      ...dCarry.map(tangent),
    ],
    {
      cond: widen(
        cond,
        dCarry.map((i) => value(i).aval),
      ),
      body: reordered,
      roles: canonicalRoles(p.cond.length, extra + n + dBody, count),
      results: all(count),
    },
  );
  const ts = atFlags(carry, outs, m);
  return [results.map((r) => outs[r] as Value), results.map((r) => ts[r] ?? null)];
};

/** `pred` [size] over the shape of `x`, whose first axis is the batch. */
const over = (pred: Value, x: Value): Value => broadcast(pred, x.shape, x.shape.map((_, i) => i).slice(1));

const batch: CallPrimitive<WhileAttrs>["batch"] = (axis, ins, axes, attrs) => {
  const { cond, body, results } = attrs,
    p = parts(attrs),
    own = (at: readonly number[]): readonly boolean[] => at.map((i) => axes[i] !== null);
  const zeros = (flags: readonly boolean[]): readonly (number | null)[] => flags.map((b) => (b ? 0 : null));
  const condOf = (carry: readonly boolean[]) => batchJaxpr(cond, axis, zeros([...own(p.cond), ...carry]), [false]),
    bodyOf = (carry: readonly boolean[]) => batchJaxpr(body, axis, zeros([...own(p.body), ...carry]), carry);
  const carry = fixpoint(own(p.carry), (now) =>
    condOf(now).axes[0] === null ? bodyOf(now).axes.map((a) => a !== null) : now.map(() => true),
  );
  const mapped = condOf(carry),
    inner = bodyOf(carry);
  const at = (i: number, flag: boolean): Value => {
    const x = ins[i] as Value,
      from = axes[i] ?? null;
    return !flag ? x : from === null ? placeAxis(x, null, 0, axis.size) : moveAxis(x, from, 0);
  };
  const condIns = p.cond.map((i) => at(i, axes[i] !== null)),
    bodyIns = p.body.map((i) => at(i, axes[i] !== null)),
    carryIns = p.carry.map((i, k) => at(i, carry[k] as boolean));
  const condConsts = [...mapped.closed.consts, ...condIns],
    bodyConsts = [...inner.closed.consts, ...bodyIns];
  const outAxes = results.map((r) => (carry[r] ? 0 : null));
  if (mapped.axes[0] === null) {
    const roles = canonicalRoles(condConsts.length, bodyConsts.length, p.carry.length);
    return [
      bindCall(whileP, [...condConsts, ...bodyConsts, ...carryIns], {
        cond: mapped.closed.jaxpr,
        body: inner.closed.jaxpr,
        roles,
        results,
      }),
      outAxes,
    ];
  }
  // The examples stop at different times: the loop runs while any wants to, and those that are done keep their values.
  const avalsOf = (xs: readonly Value[]): readonly Aval[] => xs.map((x) => x.aval);
  const some = interned(
    traceJaxpr(
      (...xs) => [reduceOr(evalJaxpr(mapped.closed.jaxpr, xs)[0] as Value, [0])],
      avalsOf([...condConsts, ...carryIns]),
      "while",
    ),
  );
  const c = condConsts.length;
  const guarded = interned(
    traceJaxpr(
      (...xs) => {
        const [going] = evalJaxpr(withoutEffects(mapped.closed.jaxpr), [
            ...xs.slice(0, c),
            ...xs.slice(c + bodyConsts.length),
          ]) as readonly [Value],
          next = evalJaxpr(inner.closed.jaxpr, xs.slice(c));
        return next.map((y, k) => select(over(going, y), y, xs[c + bodyConsts.length + k] as Value));
      },
      avalsOf([...condConsts, ...bodyConsts, ...carryIns]),
      "while",
    ),
  );
  const first = [...some.consts, ...condConsts],
    second = [...guarded.consts, ...condConsts, ...bodyConsts];
  const outs = bindCall(whileP, [...first, ...second, ...carryIns], {
    cond: some.jaxpr,
    body: guarded.jaxpr,
    roles: canonicalRoles(first.length, second.length, p.carry.length),
    results,
  });
  return [outs, outAxes];
};

const partial: CallPrimitive<WhileAttrs>["partial"] = (unknown, _ins, attrs) => {
  const { cond, body, roles, results } = attrs,
    p = parts(attrs),
    own = (at: readonly number[]): readonly boolean[] => at.map((i) => unknown[i] as boolean);
  const stops = (carry: readonly boolean[]): boolean =>
    partialJaxpr(cond, [...own(p.cond), ...carry]).unknownOuts[0] === true;
  const carry = fixpoint(own(p.carry), (now) =>
    stops(now) ? now.map(() => true) : partialJaxpr(body, [...own(p.body), ...now]).unknownOuts,
  );
  // The known part runs by itself; the second loop repeats it, since it must know when to stop.
  const keep = carry.map((c) => !c),
    rank = (k: number): number => keep.slice(0, k).filter((f) => f).length;
  const knownBody = partialJaxpr(body, [...own(p.body), ...carry]).known,
    count = keep.filter((f) => f).length;
  // Effects happen once: in the known loop if there is one.
  const first = count === 0 ? withoutEffects : (j: Jaxpr): Jaxpr => j,
    second = count === 0 ? (j: Jaxpr): Jaxpr => j : (j: Jaxpr): Jaxpr => withoutEffects(j, knownBody.eqns);
  const known: WhileAttrs = {
    cond: {
      ...first(cond),
      ins: cond.ins.filter((_, i) => (i < p.cond.length ? !own(p.cond)[i] : keep[i - p.cond.length])),
    },
    body: { ...first(knownBody), outs: knownBody.outs.slice(0, count) },
    roles: roles.flatMap((r, i) =>
      unknown[i] || (typeof r === "number" && !keep[r]) ? [] : [typeof r === "number" ? rank(r) : r],
    ),
    results: results.filter((r) => keep[r]).map(rank),
  };
  const forwarded = roles.flatMap((_, i) => (unknown[i] ? [] : [i])),
    order = [...forwarded, ...roles.flatMap((_, i) => (unknown[i] ? [i] : []))];
  // A known start of an unknown carry is no operand of the known loop.
  const takes = roles.map((r, i) => !unknown[i] && !(typeof r === "number" && !keep[r]));
  return {
    known: { ...known, results: count === 0 ? [] : known.results },
    unknown: {
      cond: count === 0 ? cond : withoutEffects(cond),
      body: second(body),
      roles: order.map((i) => roles[i] as WhileRole),
      results: results.filter((r) => !keep[r]),
    },
    unknownOuts: results.map((r) => !keep[r]),
    residuals: 0,
    forwarded,
    knownIns: takes,
  };
};

/** The loop with a condition. */
export const whileP: CallPrimitive<WhileAttrs> = {
  name: "while",
  abstractEval: (ins, attrs) => {
    const p = parts(attrs),
      { cond, body, results } = attrs;
    const want = new Array<Aval>(ins.length);
    p.cond.forEach((at, i) => {
      want[at] = (cond.ins[i] as Var).aval;
    });
    [...p.body, ...p.carry].forEach((at, i) => {
      want[at] = (body.ins[i] as Var).aval;
    });
    if (!want.every((a, i) => sameAval(a, ins[i] as Aval)))
      throw new ShapeError({
        op: "whileLoop",
        expected: `operands (${want.map(showAval).join(", ")})`,
        got: `(${ins.map(showAval).join(", ")})`,
      });
    return results.map((r) => (body.outs[r] as Value).aval);
  },
  jvp,
  batch,
  partial,
  transpose: () => {
    throw new TraceError({
      op: "whileLoop",
      expected: "a number of rounds that is known, to run the loop backwards",
      got: "reverse-mode differentiation of a loop that runs until its condition fails",
      remedy:
        "use lax.scan, or lax.foriLoop with static bounds; or forward mode (jvp, jacfwd); or give the fixed point its own rule with customVjp",
    });
  },
  inline: null,
  structure: ({ cond, body, roles, results }) => ({ kind: "while", cond, body, roles, results }),
  show: ({ cond, body, roles, results }) => showAttrs({ roles, results, cond, body }),
};
