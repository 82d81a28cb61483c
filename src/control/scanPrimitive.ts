// scan: a body that is run once for each slice, carrying values from round to round. Its rules derive new bodies, so that the
// derivative of a loop is a loop, of the same size whatever the length.
import { atFlags } from "../transforms/flags.ts";
import type { Aval } from "../core/aval.ts";
import { aval, sameAval, showAval } from "../core/aval.ts";
import { jaxprHasEffects } from "../core/effects.ts";
import { ShapeError } from "../core/errors.ts";
import type { CallPrimitive, Jaxpr, Role } from "../core/jaxpr.ts";
import { showAttrs } from "../core/print.ts";
import { bindCall } from "../core/trace.ts";
import { Value } from "../core/value.ts";
import { add } from "../primitives/elementwise.ts";
import { moveAxis, zerosOf } from "../primitives/linear.ts";
import { cached } from "../transforms/derived.ts";
import { traceJaxpr } from "../transforms/trace.ts";
import { backwardPass } from "../transforms/transpose.ts";
import { batchJaxpr, placeAxis } from "../transforms/vmap.ts";
import { fixpoint, jvpBody, splitBody } from "./bodies.ts";

/** The body takes the operands in order, each in its role; it gives the next carry, then a slice of each of ys. */
export interface ScanAttrs {
  readonly jaxpr: Jaxpr;
  readonly roles: readonly Role[];
  readonly length: number;
  readonly reverse: boolean;
  /** Rounds written out one after the other; derived loops have as many. */
  readonly unroll?: number;
}

const isCarry = (r: Role): r is number => typeof r === "number";
const carriesIn = (roles: readonly Role[]): number => roles.filter(isCarry).length;
const stacked = (a: Aval, length: number): Aval => aval([length, ...a.shape], a.dtype);
/** Flags of the operands: their own, those of a carry being the carry's. */
const spread = (own: readonly boolean[], roles: readonly Role[], carry: readonly boolean[]): readonly boolean[] =>
  own.map((flag, i) => (isCarry(roles[i] as Role) ? (carry[roles[i] as number] as boolean) : flag));
/** Flags of the carry from those of the operands. */
const carried = (own: readonly boolean[], roles: readonly Role[]): readonly boolean[] =>
  Array.from({ length: carriesIn(roles) }, (_, k) => own[roles.indexOf(k)] as boolean);
const consts = (n: number): readonly Role[] => new Array<Role>(n).fill("const");
/** The number of flags that are set before position i. */
const rank = (flags: readonly boolean[], i: number): number => flags.slice(0, i).filter((f) => f).length;
/** The roles that flags choose, carries numbered anew. */
const chooseRoles = (roles: readonly Role[], flags: readonly boolean[], carry: readonly boolean[]): readonly Role[] =>
  roles.filter((_, i) => flags[i]).map((r) => (isCarry(r) ? rank(carry, r) : r));

const jvp: CallPrimitive<ScanAttrs>["jvp"] = (ins, tangents, attrs) => {
  const { jaxpr, roles } = attrs,
    own = tangents.map((t) => t !== null),
    m = carriesIn(roles);
  const derive = (carry: readonly boolean[]) => jvpBody(jaxpr, spread(own, roles, carry), carry);
  const carry = fixpoint(carried(own, roles), (now) => derive(now).nonzero.slice(0, m)),
    flags = spread(own, roles, carry);
  const { closed, nonzero } = derive(carry),
    count = jaxpr.outs.length;
  // The body gives values, then tangents; a scan wants all carries first.
  const outs = closed.jaxpr.outs,
    dCarries = carry.filter((c) => c).length;
  const body = cached(closed.jaxpr, `carries first ${m} ${count} ${dCarries}`, () => ({
    ...closed.jaxpr,
    outs: [
      ...outs.slice(0, m),
      ...outs.slice(count, count + dCarries),
      ...outs.slice(m, count),
      ...outs.slice(count + dCarries),
    ],
  }));
  const dRoles = roles.filter((_, i) => flags[i]).map((r) => (isCarry(r) ? m + rank(carry, r) : r));
  const given = ins.flatMap((x, i) => (flags[i] ? [tangents[i] ?? zerosOf(x.aval)] : []));
  const all = bindCall(scanP, [...closed.consts, ...ins, ...given], {
    ...attrs,
    jaxpr: body,
    roles: [...consts(closed.consts.length), ...roles, ...dRoles],
  });
  const values = [...all.slice(0, m), ...all.slice(m + dCarries, dCarries + count)],
    ts = [...all.slice(m, m + dCarries), ...all.slice(dCarries + count)];
  return [values, atFlags(nonzero, ts)];
};

const batch: CallPrimitive<ScanAttrs>["batch"] = (axis, ins, axes, attrs) => {
  const { jaxpr, roles } = attrs,
    own = axes.map((a) => a !== null),
    m = carriesIn(roles);
  const derive = (carry: readonly boolean[]) =>
    batchJaxpr(
      jaxpr,
      axis,
      spread(own, roles, carry).map((b) => (b ? 0 : null)),
      jaxpr.outs.map((_, i) => i < m && carry[i] === true),
    );
  const carry = fixpoint(carried(own, roles), (now) =>
      derive(now)
        .axes.slice(0, m)
        .map((a) => a !== null),
    ),
    flags = spread(own, roles, carry);
  const { closed, axes: outAxes } = derive(carry);
  const placed = ins.map((x, i) => {
    if (!flags[i]) return x;
    const to = roles[i] === "slice" ? 1 : 0,
      from = axes[i] ?? null;
    return from === null ? placeAxis(x, null, to, axis.size) : moveAxis(x, from, to);
  });
  const outs = bindCall(scanP, [...closed.consts, ...placed], {
    ...attrs,
    jaxpr: closed.jaxpr,
    roles: [...consts(closed.consts.length), ...roles],
  });
  return [outs, outAxes.map((a, i) => (a === null ? null : i < m ? 0 : 1))];
};

const partial: CallPrimitive<ScanAttrs>["partial"] = (unknown, _ins, attrs) => {
  const { jaxpr, roles } = attrs,
    m = carriesIn(roles),
    passing = { forwardable: roles.map((r) => !isCarry(r)), constant: roles.map((r) => r === "const") };
  const derive = (carry: readonly boolean[]) => splitBody(jaxpr, spread(unknown, roles, carry), carry, passing);
  const carry = fixpoint(carried(unknown, roles), (now) => derive(now).unknownOuts.slice(0, m)),
    flags = spread(unknown, roles, carry);
  const { known, unknown: later, unknownOuts, residuals, forwarded } = derive(carry);
  // A carry that becomes unknown on the way begins with a known value, which the second loop takes too.
  const flagged = flags.flatMap((f, i) => (f ? [i] : [])),
    passed = flagged.filter((i) => !unknown[i]),
    order = [...passed, ...flagged.filter((i) => unknown[i])];
  const head = residuals + forwarded.length,
    lateRoles = chooseRoles(roles, flags, carry);
  const pick = <T>(xs: readonly T[]): readonly T[] => order.map((i) => xs[flagged.indexOf(i)] as T);
  const notCarry = carry.map((c) => !c);
  return {
    known: {
      ...attrs,
      jaxpr: known,
      roles: chooseRoles(
        roles,
        flags.map((f) => !f),
        notCarry,
      ),
    },
    unknown: {
      ...attrs,
      jaxpr: cached(later, `from ${head}: ${order.join()}`, () => ({
        ...later,
        ins: [...later.ins.slice(0, head), ...pick(later.ins.slice(head))],
      })),
      roles: [
        ...new Array<Role>(residuals).fill("slice"),
        ...forwarded.map((i) => roles[i] as Role),
        ...pick(lateRoles),
      ],
    },
    unknownOuts,
    residuals,
    forwarded: [...forwarded, ...passed],
    knownIns: flags.map((f) => !f),
  };
};

/**
 * The body of the backward loop: `(what is not linear, sums of the cotangents of linear constants, cotangents of the carry and of
 * slices of ys where there are any) -> (those sums, cotangents of the carry before, cotangents of linear slices)`.
 */
const transposeBody = (jaxpr: Jaxpr, linear: readonly boolean[], roles: readonly Role[], ys: readonly boolean[]) =>
  cached(jaxpr, `transpose of scan ${linear.map(Number).join("")} ${roles.join()} ${ys.map(Number).join("")}`, () => {
    const m = carriesIn(roles),
      summed = linear.flatMap((l, i) => (l && roles[i] === "const" ? [i] : [])),
      sliced = linear.flatMap((l, i) => (l && roles[i] === "slice" ? [i] : []));
    const avalAt = (i: number): Aval => (jaxpr.ins[i] as Value).aval,
      carryAvals = jaxpr.outs.slice(0, m).map((a) => a.aval);
    return traceJaxpr(
      (...all) => {
        let k = 0;
        const take = (): Value => all[k++] as Value;
        const ins = roles.map((r, i) => (linear[i] || isCarry(r) ? null : take()));
        const sums = summed.map(take),
          cts = [...carryAvals.map(take), ...ys.map((y) => (y ? take() : null))];
        const back = backwardPass(jaxpr, ins, cts);
        const at = (i: number): Value => back[i] ?? zerosOf(avalAt(i));
        return [
          ...summed.map((i, s) =>
            back[i] === null || back[i] === undefined ? (sums[s] as Value) : add(sums[s] as Value, back[i] as Value),
          ),
          ...carryAvals.map((_, c) => at(roles.indexOf(c))),
          ...sliced.map(at),
        ];
      },
      [
        ...jaxpr.ins.filter((_, i) => !linear[i] && !isCarry(roles[i] as Role)).map((v) => v.aval),
        ...summed.map(avalAt),
        ...carryAvals,
        ...jaxpr.outs.slice(m).flatMap((a, i) => (ys[i] ? [a.aval] : [])),
      ],
      "transpose of scan",
    );
  });

const transpose: CallPrimitive<ScanAttrs>["transpose"] = (cts, ins, attrs) => {
  const { jaxpr, roles, reverse } = attrs,
    m = carriesIn(roles),
    linear = ins.map((v) => !(v instanceof Value));
  const ys = cts.slice(m).map((c) => c !== null);
  const { jaxpr: body, consts: extra } = transposeBody(jaxpr, linear, roles, ys);
  const known = ins.flatMap((v, i) => (v instanceof Value && !isCarry(roles[i] as Role) ? [v] : [])),
    knownRoles = roles.filter((r, i) => !linear[i] && !isCarry(r));
  const summed = linear.flatMap((l, i) => (l && roles[i] === "const" ? [i] : [])),
    sliced = linear.flatMap((l, i) => (l && roles[i] === "slice" ? [i] : []));
  const starts = [
    ...summed.map((i) => zerosOf(ins[i] as { readonly shape: Aval["shape"]; readonly dtype: Aval["dtype"] } as Aval)),
    ...jaxpr.outs.slice(0, m).map((a, i) => cts[i] ?? zerosOf(a.aval)),
  ];
  const all = bindCall(scanP, [...extra, ...known, ...starts, ...cts.slice(m).filter((c) => c !== null)], {
    ...attrs,
    jaxpr: body,
    roles: [
      ...consts(extra.length),
      ...knownRoles,
      ...starts.map((_, i): Role => i),
      ...ys.filter((y) => y).map((): Role => "slice"),
    ],
    reverse: !reverse,
  });
  return roles.map((r, i) => {
    if (!linear[i]) return null;
    const at =
      r === "const" ? summed.indexOf(i) : r === "slice" ? summed.length + m + sliced.indexOf(i) : summed.length + r;
    return all[at] as Value;
  });
};

/** The loop over slices. */
export const scanP: CallPrimitive<ScanAttrs> = {
  name: "scan",
  abstractEval: (ins, { jaxpr, roles, length }) => {
    const want = jaxpr.ins.map(({ aval: a }, i) => (roles[i] === "slice" ? stacked(a, length) : a));
    if (want.length !== ins.length || !want.every((a, i) => sameAval(a, ins[i] as Aval)))
      throw new ShapeError({
        op: "scan",
        expected: `operands (${want.map(showAval).join(", ")})`,
        got: `(${ins.map(showAval).join(", ")})`,
      });
    const m = carriesIn(roles);
    return jaxpr.outs.map(({ aval: a }, i) => (i < m ? a : stacked(a, length)));
  },
  jvp,
  batch,
  partial,
  transpose,
  inline: null,
  structure: ({ jaxpr, roles, length, reverse, unroll = 1 }) => ({
    kind: "scan",
    body: jaxpr,
    roles,
    length,
    reverse,
    unroll,
  }),
  show: ({ jaxpr, roles, length, reverse, unroll = 1 }) =>
    showAttrs({
      length,
      ...(reverse ? { reverse } : {}),
      ...(unroll === 1 ? {} : { unroll }),
      roles,
      jaxpr,
    }),
};
/** Bind a scan: results are the carry, then ys. */
export const bindScan = (ins: readonly Value[], attrs: ScanAttrs): readonly Value[] =>
  attrs.jaxpr.outs.length === 0 && !jaxprHasEffects(attrs.jaxpr) ? [] : bindCall(scanP, ins, attrs);
