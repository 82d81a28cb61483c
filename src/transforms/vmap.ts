// Vectorization: a value may carry a batch axis that the mapped function does not see.
import type { Aval } from "../core/aval.ts";
import { usesAxis } from "../core/axes.ts";
import type { Jaxpr } from "../core/jaxpr.ts";
import type { MappedAxis } from "../core/primitive.ts";
import type { Trace } from "../core/trace.ts";
import { checkAlive, currentTrace, withTrace } from "../core/trace.ts";
import type { Life } from "../core/value.ts";
import { Tracer, type Value } from "../core/value.ts";
import { broadcast, insertAt, moveAxis, without } from "../primitives/linear.ts";
import { cached, type Derived } from "./derived.ts";
import { evalJaxpr, type Flat, traceJaxpr } from "./trace.ts";

/** A value with a batch axis. Values without one are not wrapped. */
class Batched extends Tracer {
  readonly life: Life;
  readonly value: Value;
  readonly axis: number;
  readonly aval: Aval;
  constructor(life: Life, value: Value, axis: number) {
    super();
    this.life = life;
    this.value = value;
    this.axis = axis;
    this.aval = { dtype: value.dtype, shape: without(value.shape, [axis]) };
  }
}

/** Where a batch axis is, or null. */
export type Axis = number | null;
/** Results of `f` over a batch, with the axes where the batch ended up; null for results that do not depend on it. */
export const vmapFlat = (
  f: Flat,
  ins: readonly Value[],
  axes: readonly Axis[],
  axis: MappedAxis,
  name = "vmap",
): readonly [outs: readonly Value[], axes: readonly Axis[]] => {
  const parent = currentTrace(),
    life: Life = { name, alive: true };
  const owns = (v: Value): v is Batched => v instanceof Batched && v.life === life;
  const wrap = (v: Value, a: Axis): Value => (a === null ? v : new Batched(life, v, a));
  const named = axis.name === null ? null : { size: axis.size, name: axis.name };
  const separate = (values: readonly Value[]): readonly [readonly Value[], readonly Axis[]] => [
    values.map((v) => (owns(v) ? v.value : v)),
    values.map((v) => (owns(v) ? v.axis : null)),
  ];
  const split = (values: readonly Value[], op: string): readonly [readonly Value[], readonly Axis[]] | null => {
    let some = false;
    for (const v of values) {
      if (owns(v)) some = true;
      else checkAlive(v, op);
    }
    return some ? separate(values) : null;
  };
  const trace: Trace = {
    axis,
    parent,
    process: (prim, values, attrs) => {
      const parts = split(values, prim.name);
      return withTrace(parent, () => {
        const { collective } = prim,
          across = named !== null && collective?.names(attrs).includes(named.name) === true;
        if (parts === null && !across) return parent.process(prim, values, attrs);
        prim.abstractEval(
          values.map((v) => v.aval),
          attrs,
        ); // complains about the shapes that the user sees
        const operands = parts ?? separate(values);
        return wrap(
          ...(across ? collective.across(named, ...operands, attrs) : prim.batch(axis.size, ...operands, attrs)),
        );
      });
    },
    processCall: (prim, values, attrs) => {
      const parts = split(values, prim.name);
      return withTrace(parent, () => {
        if (parts === null && (named === null || !usesAxis(prim, attrs, named.name)))
          return parent.processCall(prim, values, attrs);
        const [outs, at] = prim.batch(axis, ...(parts ?? separate(values)), attrs);
        return outs.map((v, i) => wrap(v, at[i] ?? null));
      });
    },
  };
  try {
    const outs = withTrace(trace, () => f(...ins.map((v, i) => wrap(v, axes[i] ?? null))));
    for (const v of outs) if (!owns(v)) checkAlive(v, name);
    return [outs.map((v) => (owns(v) ? v.value : v)), outs.map((v) => (owns(v) ? v.axis : null))];
  } finally {
    life.alive = false;
  }
};

/** Move the batch axis of a result to `to` (of the result with its batch axis), repeating the result if it has none. */
export const placeAxis = (v: Value, from: Axis, to: number, size: number): Value =>
  from === null ? broadcast(v, insertAt(v.shape, to, size), [to]) : moveAxis(v, from, to);

/** A derived jaxpr together with the batch axes of its results. */
export interface BatchJaxpr extends Derived {
  readonly axes: readonly Axis[];
}
/**
 * The jaxpr over a batch. Where `force` is given, every batched result has its axis at 0, and so has each result for which it
 * holds true, batched or not: loops need their carry to stay what it was.
 */
export const batchJaxpr = (
  jaxpr: Jaxpr,
  axis: MappedAxis,
  axes: readonly Axis[],
  force: readonly boolean[] | null = null,
): BatchJaxpr =>
  cached(
    jaxpr,
    `vmap ${axis.size} ${axis.name === null ? "" : JSON.stringify(axis.name)} ${axes.join(",")} ${force === null ? "" : force.map(Number).join("")}`,
    () => {
      const { size } = axis;
      let outAxes: readonly Axis[] = [];
      const avals = jaxpr.ins.map(({ aval: { dtype, shape } }, i): Aval => {
        const a = axes[i] ?? null;
        return { dtype, shape: a === null ? shape : insertAt(shape, a, size) };
      });
      const closed = traceJaxpr(
        (...ins) => {
          const [outs, at] = vmapFlat((...xs) => evalJaxpr(jaxpr, xs), ins, axes, axis);
          outAxes = force === null ? at : at.map((a, i) => (a !== null || force[i] === true ? 0 : null));
          return outs.map((v, i) =>
            outAxes[i] === null ? v : placeAxis(v, at[i] ?? null, outAxes[i] as number, size),
          );
        },
        avals,
        "vmap",
      );
      return { closed, axes: outAxes };
    },
  );
