// Joining arrays, taking them apart, repeating them.
import { ArgumentError, ShapeError } from "../core/errors.ts";
import { settle } from "../core/lift.ts";
import { Value } from "../core/value.ts";
import * as linear from "../primitives/linear.ts";
import * as m from "../primitives/movement.ts";
import { type ArrayLike, asArray, type NDArray, promote } from "./array.ts";
import { normalAxis } from "./axes.ts";
import { atleast1d, atleast2d, atleast3d, ravel } from "./shapes.ts";
import { named } from "./named.ts";
import * as given from "./given.ts";

/** Arrays to join: a list of them, or an array whose rows they are. */
export type Arrays = readonly ArrayLike[] | NDArray;
const listOf = (op: string, xs: Arrays): readonly ArrayLike[] => {
  const list = given.list(op, "arrays", xs instanceof Value ? [...xs] : xs);
  if (list.length === 0) throw new ArgumentError({ op, expected: "at least one array", got: "none" });
  return list;
};
const join = (op: string, xs: readonly ArrayLike[], axis: number): NDArray => {
  // A number in a list is an array here, not a weak scalar: lists of lists are arrays too.
  const arrays = promote(op, ...xs.map((x) => asArray(x, op))),
    first = arrays[0] as Value;
  if (first.ndim === 0)
    throw new ShapeError({ op, expected: "arrays with at least one axis", got: "a scalar", remedy: "use np.stack" });
  return settle(m.concatenate(arrays, normalAxis(axis, first.ndim, op)), op);
};
/**
 * Arrays behind one another along an axis (0 by default; null flattens them first). Throws ShapeError unless the other axes agree.
 * @example
 * np.concatenate([[1, 2], [3]]) // => [1 2 3]
 */
export const concatenate = named("concatenate", ["axis"], [], (xs: Arrays, axis: number | null = 0): NDArray => {
  const list = listOf("concatenate", xs);
  return axis === null
    ? join(
        "concatenate",
        list.map((x) => ravel(x)),
        0,
      )
    : join("concatenate", list, axis);
});
/**
 * Arrays of one shape along a new axis.
 * @example
 * np.stack([[1, 2], [3, 4]], 1) // => [[1 3] [2 4]]
 */
export const stack = named("stack", ["axis"], [], (xs: Arrays, axis: number = 0): NDArray => {
  const arrays = promote("stack", ...listOf("stack", xs).map((x) => asArray(x, "stack"))),
    first = arrays[0] as Value;
  const at = normalAxis(axis, first.ndim + 1, "stack");
  for (const x of arrays)
    if (x.ndim !== first.ndim || x.shape.some((d, i) => d !== first.shape[i]))
      throw new ShapeError({
        op: "stack",
        expected: `arrays of one shape, here [${first.shape}]`,
        got: `one of shape [${x.shape}]`,
        remedy: "np.concatenate joins arrays of different extents",
      });
  return m.concatenate(
    arrays.map((x) => m.expandDims(x, [at])),
    at,
  );
});
/**
 * Arrays on top of one another: rows are added; vectors are rows.
 * @example
 * np.vstack([[1, 2], [3, 4]]) // => [[1 2] [3 4]]
 */
export const vstack = (xs: Arrays): NDArray => join("vstack", listOf("vstack", xs).map(atleast2d), 0);
/**
 * Arrays side by side: columns are added; vectors are joined.
 * @example
 * np.hstack([[1, 2], [3]]) // => [1 2 3]
 */
export const hstack = (xs: Arrays): NDArray => {
  const list = listOf("hstack", xs).map(atleast1d);
  return join("hstack", list, (list[0] as Value).ndim === 1 ? 0 : 1);
};
/**
 * Arrays behind one another along the third axis.
 * @example
 * np.dstack([[1, 2], [3, 4]]).shape // => [1, 2, 2]
 */
export const dstack = (xs: Arrays): NDArray => join("dstack", listOf("dstack", xs).map(atleast3d), 2);
/**
 * Arrays side by side as columns; a vector is one column.
 * @example
 * np.columnStack([[1, 2], [3, 4]]) // => [[1 3] [2 4]]
 */
export const columnStack = (xs: Arrays): NDArray =>
  join(
    "columnStack",
    listOf("columnStack", xs).map((x) => {
      const v = atleast1d(x);
      return v.ndim === 1 ? m.expandDims(v, [1]) : v;
    }),
    1,
  );
/**
 * `values` behind x along an axis; both flattened without one.
 * @example
 * np.append([1, 2], [3]) // => [1 2 3]
 */
export const append = named(
  "append",
  ["axis"],
  [],
  (x: ArrayLike, values: ArrayLike, axis: number | null = null): NDArray =>
    concatenate([asArray(x, "append"), asArray(values, "append")], axis),
);
/**
 * The slices of x along an axis.
 * @example
 * np.unstack([[1, 2], [3, 4]]) // => [[1 2], [3 4]]
 */
export const unstack = named(
  "unstack",
  [],
  ["axis"],
  (x: ArrayLike, { axis = 0 }: { readonly axis?: number } = {}): readonly NDArray[] => {
    const v = asArray(x, "unstack"),
      along = normalAxis(axis, v.ndim, "unstack");
    return Array.from({ length: v.shape[along] as number }, (_, i) =>
      m.squeeze(m.sliceAxis(v, along, i, i + 1), [along]),
    );
  },
);

const parts = (
  op: string,
  x: ArrayLike,
  sections: number | readonly number[],
  axis: number,
  even: boolean,
): readonly NDArray[] => {
  const v = asArray(x, op),
    along = normalAxis(axis, v.ndim, op),
    n = v.shape[along] as number;
  const place = (i: number): number => Math.min(Math.max(i < 0 ? i + n : i, 0), n);
  let bounds: readonly number[];
  if (typeof sections === "number") {
    if (!Number.isInteger(sections) || sections < 1 || (even && n % sections !== 0))
      throw new ShapeError({
        op,
        expected: even ? `a number of parts that divides ${n}` : "at least one part",
        got: String(sections),
        ...(even ? { remedy: "np.arraySplit makes parts of different extents" } : {}),
      });
    const small = Math.floor(n / sections),
      longer = n % sections;
    bounds = Array.from({ length: sections + 1 }, (_, i) => i * small + Math.min(i, longer));
  } else bounds = [0, ...given.integers(op, "positions", sections).map(place), n];
  return bounds
    .slice(1)
    .map((end, i) => m.sliceAxis(v, along, Math.min(bounds[i] as number, end), end))
    .map((y) => settle(y, op));
};
/**
 * x in parts along an axis: a number of equal ones, or cut before given positions. Throws ShapeError if they cannot be equal.
 * @example
 * np.split([1, 2, 3, 4], 2) // => [[1 2], [3 4]]
 * np.split([1, 2, 3, 4], [1, 3]) // => [[1], [2 3], [4]]
 */
export const split = named(
  "split",
  ["axis"],
  [],
  (x: ArrayLike, sections: number | readonly number[], axis: number = 0): readonly NDArray[] =>
    parts("split", x, sections, axis, true),
);
/**
 * x in parts along an axis; the first ones are longer by one if they cannot be equal.
 * @example
 * np.arraySplit([1, 2, 3], 2) // => [[1 2], [3]]
 */
export const arraySplit = named(
  "arraySplit",
  ["axis"],
  [],
  (x: ArrayLike, sections: number | readonly number[], axis: number = 0): readonly NDArray[] =>
    parts("arraySplit", x, sections, axis, false),
);
/**
 * x in parts along axis 0.
 * @example
 * np.vsplit([[1], [2]], 2) // => [[[1]], [[2]]]
 */
export const vsplit = (x: ArrayLike, sections: number | readonly number[]): readonly NDArray[] =>
  parts("vsplit", x, sections, 0, true);
/**
 * x in parts along axis 1 (axis 0 of a vector).
 * @example
 * np.hsplit([1, 2], 2) // => [[1], [2]]
 */
export const hsplit = (x: ArrayLike, sections: number | readonly number[]): readonly NDArray[] => {
  const v = asArray(x, "hsplit");
  return parts("hsplit", v, sections, v.ndim === 1 ? 0 : 1, true);
};
/**
 * x in parts along axis 2.
 * @example
 * np.dsplit(np.zeros([1, 1, 2]), 2).length // => 2
 */
export const dsplit = (x: ArrayLike, sections: number | readonly number[]): readonly NDArray[] =>
  parts("dsplit", x, sections, 2, true);

/**
 * x side by side with itself, `reps[i]` times along axis i (counted from the last).
 * @example
 * np.tile([1, 2], 2) // => [1 2 1 2]
 * np.tile([1, 2], [2, 1]) // => [[1 2] [1 2]]
 */
export const tile = (x: ArrayLike, reps: number | readonly number[]): NDArray => {
  const v = asArray(x, "tile"),
    counts = given.integersOrOne("tile", "repetitions", reps);
  if (!counts.every((c) => Number.isInteger(c) && c >= 0))
    throw new ArgumentError({ op: "tile", expected: "repetitions from 0 on", got: `[${counts}]` });
  const rank = Math.max(v.ndim, counts.length),
    extents = [...new Array<number>(rank - v.ndim).fill(1), ...v.shape],
    times = [...new Array<number>(rank - counts.length).fill(1), ...counts];
  const pairs = extents.flatMap((d, i) => [times[i] as number, d]);
  const repeated = linear.broadcast(
    linear.reshape(v, extents),
    pairs,
    extents.map((_, i) => 2 * i),
  );
  return settle(
    linear.reshape(
      repeated,
      extents.map((d, i) => d * (times[i] as number)),
    ),
    "tile",
  );
};
/**
 * Each element along an axis (or of the flattened array) `repeats` times.
 * @example
 * np.repeat([1, 2], 2) // => [1 1 2 2]
 * np.repeat([1, 2], [1, 3]) // => [1 2 2 2]
 */
export const repeat = named(
  "repeat",
  ["axis"],
  [],
  (x: ArrayLike, repeats: number | readonly number[], axis: number | null = null): NDArray => {
    const whole = asArray(x, "repeat"),
      v = axis === null ? linear.reshape(whole, [whole.size]) : whole;
    const along = axis === null ? 0 : normalAxis(axis, v.ndim, "repeat"),
      n = v.shape[along] as number;
    const counts = given.integersOrOne("repeat", "repetitions", repeats);
    if (!counts.every((c) => Number.isInteger(c) && c >= 0) || (counts.length !== 1 && counts.length !== n))
      throw new ArgumentError({ op: "repeat", expected: `one repetition from 0 on, or ${n}`, got: `[${counts}]` });
    const times = (y: Value, k: number): Value => {
      const paired = y.shape.toSpliced(along + 1, 0, k);
      return linear.reshape(
        linear.broadcast(y, paired, [along + 1]),
        y.shape.map((d, i) => (i === along ? d * k : d)),
      );
    };
    if (counts.length === 1) return times(v, counts[0] as number);
    return m.concatenate(
      counts.map((k, i) => times(m.sliceAxis(v, along, i, i + 1), k)),
      along,
    );
  },
);
/** Arrays in nested lists. */
export type Blocks = ArrayLike | readonly Blocks[];
const depthOf = (x: Blocks): number =>
  Array.isArray(x) ? 1 + Math.max(0, ...(x as readonly Blocks[]).map(depthOf)) : 0;
/**
 * Blocks in nested lists (numbers or arrays innermost) joined to one array: the innermost lists along the last axis, those around
 * them along the axis before.
 * @example
 * np.block([[np.ones([1, 2]), np.zeros([1, 1])], [np.zeros([1, 3])]]) // => [[1 1 0] [0 0 0]]
 */
export const block = (xs: Blocks): NDArray => {
  const depth = depthOf(xs);
  const build = (x: Blocks, level: number): Value => {
    if (Array.isArray(x))
      return join(
        "block",
        (x as readonly Blocks[]).map((y) => build(y, level + 1)),
        level - depth,
      );
    const v = asArray(x as ArrayLike, "block"),
      missing = Math.max(depth, 1) - v.ndim;
    return missing > 0
      ? m.expandDims(
          v,
          Array.from({ length: missing }, (_, i) => i),
        )
      : v;
  };
  return settle(build(xs, 0), "block");
};
export { concatenate as concat };
