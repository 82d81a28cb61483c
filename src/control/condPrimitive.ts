// cond: one of several branches, chosen while the program runs. Only the chosen one is run, unless a batch chooses several.
import { atFlags } from "../transforms/flags.ts";
import type { Aval } from "../core/aval.ts";
import { aval, sameAval, showAval } from "../core/aval.ts";
import { isFloating } from "../core/dtype.ts";
import { jaxprHasEffects } from "../core/effects.ts";
import { ShapeError } from "../core/errors.ts";
import type { CallPrimitive, ClosedJaxpr, Jaxpr } from "../core/jaxpr.ts";
import type { MappedAxis } from "../core/primitive.ts";
import { showAttrs } from "../core/print.ts";
import { bindCall } from "../core/trace.ts";
import { Value } from "../core/value.ts";
import { clamp, eq, selectN } from "../primitives/elementwise.ts";
import { broadcast, full, moveAxis, zerosOf } from "../primitives/linear.ts";
import { cached } from "../transforms/derived.ts";
import { evalJaxpr, type Flat, traceJaxpr } from "../transforms/trace.ts";
import { backwardPass } from "../transforms/transpose.ts";
import { batchJaxpr, placeAxis } from "../transforms/vmap.ts";
import { jvpBody, splitBody } from "./bodies.ts";
import { callP } from "./call.ts";
import { gate } from "./gate.ts";
import { interned } from "./intern.ts";

/** Branches of equal signature; the operand at `chooser` is their number (int32, clamped), the others are theirs. */
export interface CondAttrs {
  readonly branches: readonly Jaxpr[];
  readonly chooser: number;
}

const anyOf = (flags: readonly (readonly boolean[])[]): readonly boolean[] =>
  (flags[0] ?? []).map((_, i) => flags.some((f) => f[i]));
/** Branches that take the constants of all of them, followed by their own operands; and these constants. */
const unify = (
  closed: readonly ClosedJaxpr[],
): { readonly branches: readonly Jaxpr[]; readonly consts: readonly Value[] } => {
  const consts = closed.flatMap((c) => c.consts);
  if (consts.length === 0) return { branches: closed.map((c) => c.jaxpr), consts };
  let from = 0;
  const branches = closed.map(({ jaxpr, consts: own }) => {
    const at = from;
    from += own.length;
    const rest = jaxpr.ins.slice(own.length).map((v) => v.aval);
    return interned(
      traceJaxpr(
        (...xs) => evalJaxpr(jaxpr, [...xs.slice(at, at + own.length), ...xs.slice(consts.length)]),
        [...consts.map((c) => c.aval), ...rest],
        "cond",
      ),
    ).jaxpr;
  });
  return { branches, consts };
};
/** Choose a branch and run it: `index` is int32[], branches may have constants. */
export const bindCond = (index: Value, closed: readonly ClosedJaxpr[], ins: readonly Value[]): readonly Value[] => {
  const { branches, consts } = unify(closed);
  return (branches[0] as Jaxpr).outs.length === 0 && !branches.some(jaxprHasEffects)
    ? []
    : bindCall(condP, [index, ...consts, ...ins], { branches, chooser: 0 });
};
const others = <T>(xs: readonly T[], { chooser }: CondAttrs): readonly T[] => xs.filter((_, i) => i !== chooser);

const jvp: CallPrimitive<CondAttrs>["jvp"] = (ins, tangents, attrs) => {
  const { branches, chooser } = attrs,
    given = others(tangents, attrs),
    flags = given.map((t) => t !== null);
  const force = anyOf(branches.map((b) => jvpBody(b, flags, []).nonzero)),
    closed = branches.map((b) => jvpBody(b, flags, force).closed);
  const all = bindCond(ins[chooser] as Value, closed, [...others(ins, attrs), ...given.filter((t) => t !== null)]);
  return [all.slice(0, force.length), atFlags(force, all, force.length)];
};

const batch: CallPrimitive<CondAttrs>["batch"] = (axis, ins, axes, attrs) => {
  const { branches, chooser } = attrs,
    index = ins[chooser] as Value,
    at = axes[chooser] ?? null,
    operands = others(ins, attrs),
    where = others(axes, attrs);
  if (at === null) {
    const natural = branches.map((b) =>
      batchJaxpr(
        b,
        axis,
        where,
        b.outs.map(() => false),
      ),
    );
    const force = anyOf(natural.map((n) => n.axes.map((a) => a !== null)));
    const derived = branches.map((b) => batchJaxpr(b, axis, where, force));
    return [
      bindCond(
        index,
        derived.map((d) => d.closed),
        operands,
      ),
      force.map((f) => (f ? 0 : null)),
    ];
  }
  return [
    chooseEach(axis, moveAxis(index, at, 0), branches, operands, where),
    (branches[0] as Jaxpr).outs.map(() => 0),
  ];
};

const staged = (f: Flat, avals: readonly Aval[]): Jaxpr => interned(traceJaxpr(f, avals, "cond")).jaxpr;
const alongBatch = (which: Value, x: Value): Value => broadcast(which, x.shape, x.shape.map((_, a) => a).slice(1));
/**
 * The examples choose for themselves: all branches run, and each example takes its own result. An operand counts as a constant for the
 * examples that take another branch: where a branch is not taken its derivative may be infinite, and must not meet a zero.
 */
const chooseEach = (
  axis: MappedAxis,
  index: Value,
  branches: readonly Jaxpr[],
  operands: readonly Value[],
  axes: readonly (number | null)[],
): readonly Value[] => {
  const { size } = axis;
  const placed = operands.map((x, i) => {
    const from = axes[i] ?? null;
    return isFloating(x.dtype) || from !== null ? placeAxis(x, from, 0, size) : x;
  });
  const at = placed.map((x, i) => (isFloating(x.dtype) || (axes[i] ?? null) !== null ? 0 : null));
  const { jaxpr, consts } = interned(
    traceJaxpr(
      (i, ...xs) => {
        const which = clamp(full([size], 0, "int32"), i as Value, full([size], branches.length - 1, "int32"));
        const results = branches.map((b, k) => {
          const { closed } = batchJaxpr(
            b,
            axis,
            at,
            b.outs.map(() => true),
          );
          const mine = eq(which, full([size], k, "int32"));
          const own = xs.map((x) => (isFloating(x.dtype) ? gate(alongBatch(mine, x), x) : x));
          return evalJaxpr(closed.jaxpr, [...closed.consts, ...own]);
        });
        return (results[0] as readonly Value[]).map((y, r) =>
          selectN(alongBatch(which, y), ...results.map((all) => all[r] as Value)),
        );
      },
      [index, ...placed].map((x) => x.aval),
      "cond",
    ),
  );
  return bindCall(callP, [...consts, index, ...placed], { jaxpr, name: "cond" });
};

const partial: CallPrimitive<CondAttrs>["partial"] = (unknown, _ins, attrs) => {
  const { branches, chooser } = attrs,
    flags = others(unknown, attrs);
  if (unknown[chooser]) {
    const forwarded = unknown.flatMap((u, i) => (u ? [] : [i])),
      order = [...forwarded, ...unknown.flatMap((u, i) => (u ? [i] : []))];
    const moved = branches.map(
      (b): Jaxpr =>
        cached(b, `moved ${chooser} ${order.join()}`, () => ({
          ...b,
          consts: 0,
          ins: others(order, { branches, chooser: order.indexOf(chooser) }).map(
            (i) => b.ins[i < chooser ? i : i - 1] as Jaxpr["ins"][number],
          ),
        })),
    );
    return {
      known: {
        branches: branches.map(
          (b): Jaxpr => ({ consts: 0, ins: b.ins.filter((_, i) => !flags[i]), eqns: [], outs: [] }),
        ),
        chooser,
      },
      unknown: { branches: moved, chooser: order.indexOf(chooser) },
      unknownOuts: (branches[0] as Jaxpr).outs.map(() => true),
      residuals: 0,
      forwarded,
    };
  }
  const nothing = flags.map(() => false);
  const force = anyOf(
      branches.map((b) => splitBody(b, flags, [], { forwardable: nothing, constant: nothing }).unknownOuts),
    ),
    cut = branches.map((b) => splitBody(b, flags, force, { forwardable: nothing.map(() => true), constant: nothing }));
  // Every branch gives the residuals of all, zeros for those of the others.
  const stored = cut.map(({ known, residuals }) => known.outs.slice(known.outs.length - residuals).map((a) => a.aval)),
    all = stored.flat(),
    start = (b: number): number => stored.slice(0, b).flat().length;
  const known = cut.map((c, b) =>
    staged(
      (...xs) => {
        const outs = evalJaxpr(c.known, xs),
          count = outs.length - c.residuals;
        return [
          ...outs.slice(0, count),
          ...all.map((a, i) =>
            i >= start(b) && i < start(b) + c.residuals ? (outs[count + i - start(b)] as Value) : zerosOf(a),
          ),
        ];
      },
      c.known.ins.map((v) => v.aval),
    ),
  );
  // Operands that some branch needs again are passed on to all.
  const again = flags.flatMap((_, i) => (cut.some((c) => c.forwarded.includes(i)) ? [i] : []));
  const later = cut.map((c, b) =>
    staged(
      (...xs) => {
        const own = xs.slice(start(b), start(b) + c.residuals),
          passed = c.forwarded.map((i) => xs[all.length + again.indexOf(i)] as Value);
        return evalJaxpr(c.unknown, [...own, ...passed, ...xs.slice(all.length + again.length)]);
      },
      [
        ...all,
        ...again.map((i) => ((branches[0] as Jaxpr).ins[i] as Value).aval),
        ...(branches[0] as Jaxpr).ins.filter((_, i) => flags[i]).map((v) => v.aval),
      ],
    ),
  );
  const position = (i: number): number => (i < chooser ? i : i + 1);
  return {
    known: { branches: known, chooser: unknown.slice(0, chooser).filter((u) => !u).length },
    unknown: { branches: later, chooser: all.length },
    unknownOuts: force,
    residuals: all.length,
    forwarded: [chooser, ...again.map(position)],
  };
};

/** The backward pass of a branch: `(what is not linear, cotangents where there are any) -> cotangents of what is linear`. */
const backward = (jaxpr: Jaxpr, linear: readonly boolean[], cts: readonly boolean[]): ClosedJaxpr =>
  cached(jaxpr, `transpose of branch ${linear.map(Number).join("")} ${cts.map(Number).join("")}`, () =>
    traceJaxpr(
      (...all) => {
        const known = linear.map((l) => !l),
          count = known.filter((f) => f).length;
        const back = backwardPass(jaxpr, atFlags(known, all), atFlags(cts, all, count));
        return linear.flatMap((l, i) => (l ? [back[i] ?? zerosOf((jaxpr.ins[i] as Value).aval)] : []));
      },
      [...jaxpr.ins.filter((_, i) => !linear[i]), ...jaxpr.outs.filter((_, i) => cts[i])].map((a) => a.aval),
      "transpose of cond",
    ),
  );
const transpose: CallPrimitive<CondAttrs>["transpose"] = (cts, ins, attrs) => {
  const { branches, chooser } = attrs,
    linear = ins.map((v) => !(v instanceof Value)),
    flags = others(linear, attrs);
  const given = cts.map((c) => c !== null),
    known = others(ins, attrs).filter((v): v is Value => v instanceof Value);
  const all = bindCond(
    ins[chooser] as Value,
    branches.map((b) => backward(b, flags, given)),
    [...known, ...cts.filter((c) => c !== null)],
  );
  return atFlags(linear, all);
};

/** The choice of a branch. */
export const condP: CallPrimitive<CondAttrs> = {
  name: "cond",
  abstractEval: (ins, attrs) => {
    const [first] = attrs.branches as readonly [Jaxpr],
      want = first.ins.map((v) => v.aval),
      got = others(ins, attrs),
      index = ins[attrs.chooser] as Aval;
    if (!sameAval(index, aval([], "int32")))
      throw new ShapeError({ op: "cond", expected: "an index i32[]", got: showAval(index) });
    if (want.length !== got.length || !want.every((a, i) => sameAval(a, got[i] as Aval)))
      throw new ShapeError({
        op: "cond",
        expected: `operands (${want.map(showAval).join(", ")})`,
        got: `(${got.map(showAval).join(", ")})`,
      });
    return first.outs.map((a) => a.aval);
  },
  jvp,
  batch,
  partial,
  transpose,
  inline: null,
  structure: ({ branches, chooser }) => ({ kind: "cond", branches, chooser }),
  show: ({ branches }) => showAttrs({ branches }),
};
