// Collectives: primitives that work across a named axis. What they mean on an axis that `vmap` maps stands in `across`; a program
// that runs in several processes may give them another meaning. Each is closed under transposition with its neighbours.
import { type Aval, aval, showAval } from "../core/aval.ts";
import { ShapeError, TraceError } from "../core/errors.ts";
import type { Primitive, Unary } from "../core/primitive.ts";
import { bind } from "../core/trace.ts";
import type { Value } from "../core/value.ts";
import type { Expr } from "../kernel/expr.ts";
import { convertElementType, div, eq, mul } from "../primitives/elementwise.ts";
import { full, insertAt, moveAxis, reshape, shiftAxes, sum, without, zerosOf } from "../primitives/linear.ts";
import { concatenate, iota, sliceAxis } from "../primitives/movement.ts";
import { checkDType, fullLike, numeric } from "../primitives/pointwise.ts";
import { reduceMax, reduceMin } from "../primitives/reductions.ts";
import { placeAxis } from "../transforms/vmap.ts";

/** A program whose axes are not mapped by anything cannot be run. */
const unbound =
  (op: string) =>
  (_reads: unknown, _at: unknown, attrs: { readonly names?: readonly string[]; readonly name?: string }): Expr => {
    throw new TraceError({
      op,
      expected: "every named axis to be mapped by a vmap around it",
      got: `an axis ${JSON.stringify(attrs.name ?? attrs.names)} that nothing maps`,
      remedy: "call it inside of vmap(f, { axisName })",
    });
  };

/** Reductions across several axes. */
export interface AcrossAttrs {
  readonly names: readonly string[];
}
/** A reduction across axes: `reduce` along one of them, `same` where all elements are equal. */
const reduction = (
  op: string,
  reduce: (x: Value, axes: readonly number[]) => Value,
  same: (x: Value, size: number) => Value,
  rules: Pick<Primitive<AcrossAttrs, Unary>, "jvp" | "transpose">,
): Primitive<AcrossAttrs, Unary> => {
  const prim: Primitive<AcrossAttrs, Unary> = {
    name: op,
    abstractEval: ([x]) => {
      checkDType(op, x, numeric);
      return x;
    },
    ...rules,
    batch: (_size, [x], [a], attrs) => [bind(prim, [x], attrs), a as number],
    collective: {
      names: ({ names }) => names,
      across: ({ name, size }, [x], [a], { names }) => {
        const here = a === null ? same(x, size) : reduce(x, [a]),
          rest = names.filter((n) => n !== name);
        return [rest.length === 0 ? here : bind(prim, [here], { names: rest }), null];
      },
    },
    lower: unbound(op),
  };
  return prim;
};
/** Sum across axes: its own transpose. */
export const psumP = reduction("psum", sum, (x, size) => mul(x, fullLike(x, size)), {
  jvp: "linear",
  transpose: [(ct, _ins, attrs) => psum(ct, attrs.names)],
});
/** `sum_i x_i` across the axes, the same for all. */
export const psum = (x: Value, names: readonly string[]): Value => bind(psumP, [x], { names });
/** Elements that tie for an extreme share the tangent evenly. */
const share: Primitive<AcrossAttrs, Unary>["jvp"] = [
  (dx, out, [x], { names }) => {
    const chosen = convertElementType(eq(x, out), dx.dtype);
    return psum(mul(dx, div(chosen, psum(chosen, names))), names);
  },
];
const itself = (x: Value): Value => x;
export const pmaxP = reduction("pmax", reduceMax, itself, { jvp: share, transpose: "nonlinear" });
export const pminP = reduction("pmin", reduceMin, itself, { jvp: share, transpose: "nonlinear" });

/** What works across one axis of known extent. */
interface OneAxis {
  readonly name: string;
  readonly size: number;
}
const one = { names: ({ name }: OneAxis): readonly string[] => [name] };
/** The position of each element on the axis, `i32[]`. */
export const axisIndexP: Primitive<OneAxis, readonly []> = {
  name: "axisIndex",
  abstractEval: () => aval([], "int32"),
  jvp: "zero",
  transpose: "nonlinear",
  batch: (_size, _ins, _axes, attrs) => [bind(axisIndexP, [], attrs), 0],
  collective: { ...one, across: ({ size }) => [iota([size]), 0] },
  lower: unbound("axisIndex"),
};

/** Elements sent from place to place: pairs `[from, to]`, each place at most once on either side. */
export interface PermuteAttrs extends OneAxis {
  readonly pairs: readonly (readonly [from: number, to: number])[];
}
export const ppermuteP: Primitive<PermuteAttrs, Unary> = {
  name: "ppermute",
  abstractEval: ([x]) => x,
  jvp: "linear",
  transpose: [(ct, _ins, attrs) => ppermute(ct, { ...attrs, pairs: attrs.pairs.map(([from, to]) => [to, from]) })],
  batch: (_size, [x], [a], attrs) => [ppermute(x, attrs), a as number],
  collective: {
    ...one,
    across: ({ size }, [x], [a], { pairs }) => {
      const all = placeAxis(x, a, 0, size),
        from = new Array<number>(size).fill(-1);
      for (const [s, t] of pairs) from[t] = s;
      const parts: Value[] = [];
      for (let t = 0, end = 0; t < size; t = end) {
        const start = from[t] as number;
        end = t + 1;
        while (end < size && from[end] === (start < 0 ? -1 : start + end - t)) end++;
        parts.push(
          start < 0
            ? zerosOf(aval([end - t, ...all.shape.slice(1)], x.dtype))
            : sliceAxis(all, 0, start, start + end - t),
        );
      }
      return [size === 0 ? all : concatenate(parts, 0), 0];
    },
  },
  lower: unbound("ppermute"),
};
export const ppermute = (x: Value, attrs: PermuteAttrs): Value => bind(ppermuteP, [x], attrs);

/** `axis` is where the named axis is in the result (gather) or the operand (scatter), on its own or, `tiled`, inside of an axis. */
export interface GatherAttrs extends OneAxis {
  readonly axis: number;
  readonly tiled: boolean;
}
const splitAt = (x: Value, axis: number, size: number): Value => {
  const n = x.shape[axis] as number;
  return reshape(x, [...x.shape.slice(0, axis), size, n / size, ...x.shape.slice(axis + 1)]);
};
const mergeAt = (x: Value, axis: number): Value =>
  reshape(x, [
    ...x.shape.slice(0, axis),
    (x.shape[axis] as number) * (x.shape[axis + 1] as number),
    ...x.shape.slice(axis + 2),
  ]);
const scaled = (shape: readonly number[], axis: number, factor: number): readonly number[] =>
  shape.map((d, i) => (i === axis ? d * factor : d));
/** Throw unless the named axis can be taken out of `axis`: it is as long, or, tiled, a multiple. */
const checkSplit = (
  op: string,
  x: Aval,
  axis: number,
  { name, size, tiled }: OneAxis & { readonly tiled: boolean },
) => {
  const n = x.shape[axis];
  if (n === undefined || (tiled ? n % size !== 0 : n !== size))
    throw new ShapeError({
      op,
      expected:
        `axis ${axis} to have ${tiled ? "a multiple of" : ""} the extent ${size} of ${JSON.stringify(name)}`.replace(
          "  ",
          " ",
        ),
      got: showAval(x),
    });
};

/** Everybody's arrays, stacked: transpose of psumScatter. */
export const allGatherP: Primitive<GatherAttrs, Unary> = {
  name: "allGather",
  abstractEval: ([x], { axis, size, tiled }) =>
    aval(tiled ? scaled(x.shape, axis, size) : insertAt(x.shape, axis, size), x.dtype),
  jvp: "linear",
  transpose: [(ct, _ins, attrs) => psumScatter(ct, attrs)],
  batch: (_size, [x], [a], attrs) => [allGather(moveAxis(x, a as number, 0), { ...attrs, axis: attrs.axis + 1 }), 0],
  collective: {
    ...one,
    across: ({ size }, [x], [a], { axis, tiled }) => {
      const all = placeAxis(x, a, axis, size);
      return [tiled ? mergeAt(all, axis) : all, null];
    },
  },
  lower: unbound("allGather"),
};
export const allGather = (x: Value, attrs: GatherAttrs): Value => bind(allGatherP, [x], attrs);

/** The sum across the axis, of which each place keeps its own part. */
export const psumScatterP: Primitive<GatherAttrs, Unary> = {
  name: "psumScatter",
  abstractEval: ([x], attrs) => {
    const { axis, size, tiled } = attrs;
    checkDType("psumScatter", x, numeric);
    checkSplit("psumScatter", x, axis, attrs);
    return aval(tiled ? scaled(x.shape, axis, 1 / size) : without(x.shape, [axis]), x.dtype);
  },
  jvp: "linear",
  transpose: [(ct, _ins, attrs) => allGather(ct, attrs)],
  batch: (_size, [x], [a], attrs) => [psumScatter(moveAxis(x, a as number, 0), { ...attrs, axis: attrs.axis + 1 }), 0],
  collective: {
    ...one,
    across: ({ size }, [x], [a], { axis, tiled }) => {
      const all = a === null ? mul(x, full(x.shape, size, x.dtype)) : sum(x, [a]);
      return [tiled ? splitAt(all, axis, size) : all, axis];
    },
  },
  lower: unbound("psumScatter"),
};
export const psumScatter = (x: Value, attrs: GatherAttrs): Value => bind(psumScatterP, [x], attrs);

/** The axis `split` is dealt out, one part to each place; what a place gets is lined up at `concat`. */
export interface ExchangeAttrs extends OneAxis {
  readonly split: number;
  readonly concat: number;
  readonly tiled: boolean;
}
export const allToAllP: Primitive<ExchangeAttrs, Unary> = {
  name: "allToAll",
  abstractEval: ([x], attrs) => {
    const { size, split, concat, tiled } = attrs;
    checkSplit("allToAll", x, split, attrs);
    const rest = tiled ? scaled(scaled(x.shape, split, 1 / size), concat, size) : without(x.shape, [split]);
    return aval(tiled ? rest : insertAt(rest, concat, size), x.dtype);
  },
  jvp: "linear",
  transpose: [(ct, _ins, attrs) => allToAll(ct, { ...attrs, split: attrs.concat, concat: attrs.split })],
  batch: (_size, [x], [a], attrs) => {
    const [split, concat] = shiftAxes([attrs.split, attrs.concat], 0) as readonly [number, number];
    return [allToAll(moveAxis(x, a as number, 0), { ...attrs, split, concat }), 0];
  },
  collective: {
    ...one,
    across: ({ size }, [x], [a], { split, concat, tiled }) => {
      const all = placeAxis(x, a, 0, size); // [from, ...]
      const dealt = moveAxis(tiled ? splitAt(all, split + 1, size) : all, split + 1, 0); // [to, from, ...]
      const lined = moveAxis(dealt, 1, concat + 1);
      return [tiled ? mergeAt(lined, concat + 1) : lined, 0];
    },
  },
  lower: unbound("allToAll"),
};
export const allToAll = (x: Value, attrs: ExchangeAttrs): Value => bind(allToAllP, [x], attrs);
/** The position on an axis. */
export const axisIndex = (attrs: OneAxis): Value => bind(axisIndexP, [], attrs);
