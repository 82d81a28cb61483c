// Elements at positions along one axis: take and put, and their relatives that pair positions with the other axes.
import type { Shape } from "../core/aval.ts";
import { showAval } from "../core/aval.ts";
import { ArgumentError, ShapeError } from "../core/errors.ts";
import { settle } from "../core/lift.ts";
import type { Value } from "../core/value.ts";
import { rem } from "../primitives/elementwise.ts";
import { gather } from "../primitives/indexing.ts";
import { reshape } from "../primitives/linear.ts";
import { scatter } from "../primitives/scatter.ts";
import { type ArrayLike, asArray, type NDArray } from "./array.ts";
import { normalAxis } from "./axes.ts";
import { broadcastShapes, expandTo } from "./broadcasting.ts";
import { watchPositions } from "./indexCheck.ts";
import { asInt32, positionArray, wrapped } from "./indexingPositions.ts";
import { named } from "./named.ts";

/** Positions out of range: a fill value (negative ones count from the end), the nearest element, or the remainder by the extent. */
export interface TakeOptions {
  readonly mode?: "fill" | "clip" | "wrap";
  /** Default NaN, the least int32, the largest uint32 or uint8, true. */
  readonly fillValue?: number;
}
const modes = ["fill", "clip", "wrap"] as const;
/** Positions as int32 as a mode takes them. */
const placed = (op: string, positions: Value, n: number, mode: (typeof modes)[number]): Value => {
  if (!modes.includes(mode))
    throw new ArgumentError({ op, expected: 'a mode of "fill", "clip" or "wrap"', got: JSON.stringify(mode) });
  if (mode === "fill") return wrapped(positions, n);
  const i = asInt32(positions);
  return mode === "clip" || n === 0 ? i : wrapped(rem(i, expandTo(op, asArray(n, op, "int32"), i.shape)), n);
};
const filling = ({ mode = "fill", fillValue }: TakeOptions) =>
  mode === "fill"
    ? ({ mode, ...(fillValue === undefined ? {} : { fillValue }) } as const)
    : ({ mode: "clip" } as const);
const flat = (x: Value): Value => reshape(x, [x.size]);

/**
 * Elements at positions along an axis: the axes of `indices` take its place. Without an axis `x` is flat. Out of range: a fill value,
 * NaN for floats, unless `mode` says otherwise. Throws ShapeError, DTypeError and ArgumentError.
 * @example
 * take([10, 20, 30], [2, 0, -1]) // => [30 10 30]
 * take([[1, 2], [3, 4]], [1], 1) // => [[2] [4]]
 * take([10, 20], [5]) // => [nan]
 */
export const take = named(
  "take",
  ["axis"],
  ["mode", "fillValue"],
  (x: ArrayLike, indices: ArrayLike, axis: number | null = null, options: TakeOptions = {}): NDArray => {
    const op = "take",
      given = asArray(x, op),
      v = axis === null ? flat(given) : given,
      d = normalAxis(axis ?? 0, v.ndim, op);
    const rows = placed(
        op,
        watchPositions(op, v.aval, d, positionArray(op, indices), options.mode),
        v.shape[d] as number,
        options.mode ?? "fill",
      ),
      others = v.shape.map((_, e) => e).filter((e) => e !== d);
    const out = gather(v, reshape(rows, [...rows.shape, 1]), {
      dimensionNumbers: {
        offsetDims: others.map((e) => (e < d ? e : e + rows.ndim - 1)),
        collapsedSliceDims: [d],
        startIndexMap: [d],
      },
      sliceSizes: v.shape.map((n, e) => (e === d ? Math.min(1, n) : n)),
      ...filling(options),
    });
    return settle(out, op);
  },
);

/** Operand and positions with equal extents but along `axis`. */
const aligned = (op: string, x: Value, positions: Value, axis: number): readonly [Value, Value] => {
  if (positions.ndim !== x.ndim)
    throw new ShapeError({
      op,
      expected: `positions with as many axes as ${showAval(x.aval)}`,
      got: showAval(positions.aval),
      remedy: "give them axes of extent 1 where they should repeat",
    });
  const without = (s: Shape): Shape => s.map((n, d) => (d === axis ? 1 : n)),
    all = broadcastShapes(without(x.shape), without(positions.shape));
  const grown = (v: Value): Value =>
    expandTo(
      op,
      v,
      all.map((n, d) => (d === axis ? (v.shape[d] as number) : n)),
    );
  return [grown(x), grown(positions)];
};
const pairing = (rank: number, axis: number) => {
  const others = Array.from({ length: rank }, (_, d) => d).filter((d) => d !== axis);
  return { axis: [axis], others };
};
/**
 * `out[a, i, b] = x[a, indices[a, i, b], b]` along an axis: positions of their own for every place on the other axes, which broadcast.
 * Without an axis both are flat. Throws ShapeError, DTypeError and ArgumentError.
 * @example
 * takeAlongAxis([[1, 2, 3], [4, 5, 6]], [[2], [0]], 1) // => [[3] [4]]
 */
export const takeAlongAxis = named(
  "takeAlongAxis",
  ["axis"],
  ["mode", "fillValue"],
  (x: ArrayLike, indices: ArrayLike, axis: number | null = -1, options: TakeOptions = {}): NDArray => {
    const op = "takeAlongAxis",
      given = [asArray(x, op), positionArray(op, indices)] as const;
    const [v, p] = axis === null ? [flat(given[0]), flat(given[1])] : given,
      d = normalAxis(axis ?? 0, v.ndim, op);
    const [from, rows] = aligned(
        op,
        v,
        placed(op, watchPositions(op, v.aval, d, p, options.mode), v.shape[d] as number, options.mode ?? "fill"),
        d,
      ),
      { others } = pairing(v.ndim, d);
    const out = gather(from, reshape(rows, [...rows.shape, 1]), {
      dimensionNumbers: {
        offsetDims: [],
        collapsedSliceDims: [d],
        startIndexMap: [d],
        operandBatchingDims: others,
        startIndicesBatchingDims: others,
      },
      sliceSizes: from.shape.map((n) => Math.min(1, n)),
      ...filling(options),
    });
    return settle(out, op);
  },
);

/** What to do with positions out of range: leave them out (negative ones count from the end), take the nearest, or the remainder. */
export interface PutOptions {
  readonly mode?: "drop" | "clip" | "wrap";
}
const putMode = ({ mode = "drop" }: PutOptions): "fill" | "clip" | "wrap" => (mode === "drop" ? "fill" : mode);
/**
 * A new array with `x[a, indices[a, i, b], b] = values[a, i, b]` along an axis; `values` broadcast. The last value stays where positions
 * repeat. Throws ShapeError, DTypeError and ArgumentError.
 * @example
 * putAlongAxis([[1, 2, 3], [4, 5, 6]], [[2], [0]], 9, 1) // => [[1 2 9] [9 5 6]]
 */
export const putAlongAxis = named(
  "putAlongAxis",
  [],
  ["mode"],
  (x: ArrayLike, indices: ArrayLike, values: ArrayLike, axis: number | null, options: PutOptions = {}): NDArray => {
    const op = "putAlongAxis",
      given = [asArray(x, op), positionArray(op, indices)] as const;
    const [v, p] = axis === null ? [flat(given[0]), flat(given[1])] : given,
      d = normalAxis(axis ?? 0, v.ndim, op);
    const [to, rows] = aligned(op, v, placed(op, p, v.shape[d] as number, putMode(options)), d),
      { others } = pairing(v.ndim, d);
    if (to !== v)
      throw new ShapeError({ op, expected: `positions that fit ${showAval(v.aval)}`, got: showAval(p.aval) });
    const out = scatter(v, reshape(rows, [...rows.shape, 1]), expandTo(op, asArray(values, op, v.dtype), rows.shape), {
      dimensionNumbers: {
        updateWindowDims: [],
        insertedWindowDims: [d],
        scatterDimsToOperandDims: [d],
        operandBatchingDims: others,
        scatterIndicesBatchingDims: others,
      },
      mode: putMode(options) === "fill" ? "drop" : "clip",
    });
    return settle(reshape(out, given[0].shape), op);
  },
);
/**
 * A new array with `values` at positions of the flat array; they are repeated as often as it takes. Throws ShapeError, DTypeError and
 * ArgumentError.
 * @example
 * put([1, 2, 3, 4], [0, 2], [8, 9]) // => [8 2 9 4]
 */
export const put = named(
  "put",
  [],
  ["mode"],
  (x: ArrayLike, indices: ArrayLike, values: ArrayLike, options: PutOptions = {}): NDArray => {
    const v = asArray(x, "put"),
      p = flat(positionArray("put", indices));
    const given = flat(asArray(values, "put", v.dtype)),
      cyclic = Int32Array.from({ length: p.size }, (_, i) => i);
    const repeated = given.size === p.size ? given : take(given, cyclic, 0, { mode: "wrap" });
    return settle(reshape(putAlongAxis(flat(v), p, repeated, 0, options), v.shape), "put");
  },
);
