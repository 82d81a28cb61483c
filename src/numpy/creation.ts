// New arrays: from data, full of a number, ranges, grids.
import { type Shape, showAval } from "../core/aval.ts";
import type { DType } from "../core/dtype.ts";
import { ArgumentError, ShapeError } from "../core/errors.ts";
import { settle } from "../core/lift.ts";
import type { Value } from "../core/value.ts";
import * as p from "../primitives/elementwise.ts";
import { full as fill, reshape } from "../primitives/linear.ts";
import { iota } from "../primitives/movement.ts";
import { fullLike } from "../primitives/pointwise.ts";
import { demandRoom } from "../runtime/array.ts";
import { type ArrayLike, asArray, elementOf, type NDArray } from "./array.ts";
import { expandTo } from "./broadcasting.ts";
import { checkDTypeName } from "./dtypes.ts";
import * as given from "./given.ts";
import { named } from "./named.ts";

/** The element type of a new array. */
export interface DTypeOptions {
  readonly dtype?: DType;
}
/**
 * An array of numbers, nested lists, typed arrays or other arrays: float32 by default (bool for booleans, the element type of a
 * typed array). Throws ShapeError for ragged lists.
 * @example
 * np.array([[1, 2], [3, 4]]) // => [[1 2] [3 4]]
 * np.array([1, 2.7], { dtype: "int32" }) // => [1 2]
 */
export const array = named(
  "array",
  [],
  ["dtype"],
  (x: ArrayLike, { dtype }: DTypeOptions = {}): NDArray =>
    settle(asArray(x, "array", checkDTypeName("array", dtype)), "array"),
);

/**
 * An array of shape `shape` full of `value`, a number or an array that broadcasts to it; of the value's dtype by default.
 * @example
 * np.full([2, 2], 7) // => [[7 7] [7 7]]
 */
export const full = named(
  "full",
  [],
  ["dtype"],
  (shape: number | Shape, value: ArrayLike, { dtype }: DTypeOptions = {}): NDArray => {
    const to = given.shape("full", shape);
    checkDTypeName("full", dtype);
    if (typeof value === "number" || typeof value === "boolean") {
      const type = dtype ?? (typeof value === "number" ? "float32" : "bool");
      return constant("full", to, elementOf(value, type), type);
    }
    return expandTo("full", asArray(value, "full", dtype), to);
  },
);
const constant = (op: string, shape: Shape, value: number, dtype: DType): Value => {
  demandRoom({ shape, dtype }, op);
  return settle(fill(shape, value, dtype), op);
};
/**
 * Zeros, float32 by default. Throws OutOfMemoryError if they can never fit.
 * @example
 * np.zeros([2, 3]) // => [[0 0 0] [0 0 0]]
 */
export const zeros = named(
  "zeros",
  [],
  ["dtype"],
  (shape: number | Shape, { dtype = "float32" }: DTypeOptions = {}): NDArray =>
    constant("zeros", given.shape("zeros", shape), 0, checkDTypeName("zeros", dtype)),
);
/**
 * Ones, float32 by default. Throws OutOfMemoryError if they can never fit.
 * @example
 * np.ones(3, { dtype: "int32" }) // => [1 1 1]
 */
export const ones = named(
  "ones",
  [],
  ["dtype"],
  (shape: number | Shape, { dtype = "float32" }: DTypeOptions = {}): NDArray =>
    constant("ones", given.shape("ones", shape), 1, checkDTypeName("ones", dtype)),
);
/**
 * An array whose elements are nobody's business: zeros.
 * @example
 * np.empty([2]).shape // => [2]
 */
export const empty = zeros;

/** What a new array takes from another one unless it is given. */
export interface LikeOptions extends DTypeOptions {
  readonly shape?: number | Shape;
}
const like = (x: ArrayLike, op: string, { dtype, shape }: LikeOptions): readonly [Shape, DTypeOptions] => {
  const a = asArray(x, op);
  return [shape === undefined ? a.shape : given.shape(op, shape), { dtype: dtype ?? a.dtype }];
};
/**
 * Zeros in the shape and dtype of x.
 * @example
 * np.zerosLike([1, 2]) // => [0 0]
 */
export const zerosLike = named(
  "zerosLike",
  [],
  ["dtype", "shape"],
  (x: ArrayLike, options: LikeOptions = {}): NDArray => zeros(...like(x, "zerosLike", options)),
);
/**
 * Ones in the shape and dtype of x.
 * @example
 * np.onesLike([1, 2]) // => [1 1]
 */
export const onesLike = named(
  "onesLike",
  [],
  ["dtype", "shape"],
  (x: ArrayLike, options: LikeOptions = {}): NDArray => ones(...like(x, "onesLike", options)),
);
/**
 * An array in the shape and dtype of x, full of `value`.
 * @example
 * np.fullLike([1, 2], 5) // => [5 5]
 */
const fullLikeOf = named(
  "fullLike",
  [],
  ["dtype", "shape"],
  (x: ArrayLike, value: ArrayLike, options: LikeOptions = {}): NDArray => {
    const [shape, rest] = like(x, "fullLike", options);
    return full(shape, value, rest);
  },
);

const finite = (op: string, name: string, x: number): number => {
  given.refuseTraced(x);
  if (!Number.isFinite(x)) throw new ArgumentError({ op, expected: `a finite number as ${name}`, got: given.show(x) });
  return x;
};
/**
 * `start, start + step, ...` below `stop`: `arange(stop)` or `arange(start, stop, step)`. int32 for integers as in NumPy, else
 * float32. Throws ArgumentError for a step of 0.
 * @example
 * np.arange(4) // => [0 1 2 3]
 * np.arange(1, 2, 0.25) // => [1 1.25 1.5 1.75]
 */
export const arange = named(
  "arange",
  ["stop", "step"],
  ["dtype"],
  (start: number, stop: number | null = null, step: number = 1, { dtype }: DTypeOptions = {}): NDArray => {
    const [from, to] = stop === null ? [0, start] : [start, stop];
    for (const [name, x] of [
      ["start", from],
      ["stop", to],
      ["step", step],
    ] as const)
      finite("arange", name, x);
    if (step === 0) throw new ArgumentError({ op: "arange", expected: "a step other than 0", got: "0" });
    const integral = [from, to, step].every(Number.isInteger),
      type = checkDTypeName("arange", dtype) ?? (integral ? "int32" : "float32");
    const n = Math.max(0, Math.ceil((to - from) / step));
    return ramp("arange", n, from, step, type);
  },
);
/** `start + i step` for i below n. */
const ramp = (op: string, n: number, start: number, step: number, dtype: DType): Value => {
  demandRoom({ shape: [n], dtype }, op);
  // Computed in float32 an index beyond 2^24 would be rounded before it is scaled; float64 holds every index.
  const exact = Number.isInteger(start) && Number.isInteger(step) && (dtype === "int32" || dtype === "uint32");
  if (dtype === "bool" || dtype === "uint8") return p.convertElementType(ramp(op, n, start, step, "int32"), dtype);
  if (exact || dtype === "float64") {
    const i = iota([n], 0, dtype),
      scaled = step === 1 ? i : p.mul(i, fullLike(i, elementOf(step, dtype)));
    return start === 0 ? scaled : p.add(scaled, fullLike(i, elementOf(start, dtype)));
  }
  return p.convertElementType(ramp(op, n, start, step, "float64"), dtype);
};

/** Options of `linspace`, `logspace` and `geomspace`. */
export interface SpaceOptions extends DTypeOptions {
  /** Whether `stop` is the last point; true by default. */
  readonly endpoint?: boolean;
}
/**
 * `num` points evenly from `start` to `stop`, both included.
 * @example
 * np.linspace(0, 1, 5) // => [0 0.25 0.5 0.75 1]
 */
export const linspace = named(
  "linspace",
  ["num"],
  ["dtype", "endpoint"],
  (start: number, stop: number, num: number = 50, { endpoint = true, dtype = "float32" }: SpaceOptions = {}): NDArray =>
    p.convertElementType(points("linspace", start, stop, num, endpoint), checkDTypeName("linspace", dtype)),
);
const points = (op: string, start: number, stop: number, num: number, endpoint: boolean): Value => {
  given.refuseTraced(num);
  if (!Number.isInteger(num) || num < 0)
    throw new ArgumentError({ op, expected: "a number of points from 0 on", got: given.show(num) });
  finite(op, "start", start);
  finite(op, "stop", stop);
  const gaps = endpoint ? num - 1 : num,
    i = iota([num], 0, "float64");
  const even = ramp(op, num, start, gaps > 0 ? (stop - start) / gaps : 0, "float64");
  return endpoint && num > 1 ? p.select(p.eq(i, fullLike(i, num - 1)), fullLike(i, stop), even) : even;
};
/** Options of `logspace`. */
export interface LogSpaceOptions extends SpaceOptions {
  /** 10 by default. */
  readonly base?: number;
}
/**
 * `base ** y` for `num` values y evenly from `start` to `stop`.
 * @example
 * np.logspace(0, 2, 3) // => [1 10 100]
 */
export const logspace = named(
  "logspace",
  ["num"],
  ["dtype", "endpoint", "base"],
  (
    start: number,
    stop: number,
    num: number = 50,
    { endpoint = true, base = 10, dtype = "float32" }: LogSpaceOptions = {},
  ): NDArray => {
    const y = points("logspace", start, stop, num, endpoint);
    return p.convertElementType(p.pow(fullLike(y, base), y), checkDTypeName("logspace", dtype));
  },
);
/**
 * `num` points from `start` to `stop`, each a constant multiple of the one before.
 * @example
 * np.geomspace(1, 8, 4) // => [1 2 4 8]
 */
export const geomspace = named(
  "geomspace",
  ["num"],
  ["dtype", "endpoint"],
  (
    start: number,
    stop: number,
    num: number = 50,
    { endpoint = true, dtype = "float32" }: SpaceOptions = {},
  ): NDArray => {
    if (!(finite("geomspace", "start", start) * finite("geomspace", "stop", stop) > 0))
      throw new ArgumentError({
        op: "geomspace",
        expected: "start and stop of one sign, not 0",
        got: `${start} and ${stop}`,
      });
    const y = points("geomspace", Math.log2(Math.abs(start)), Math.log2(Math.abs(stop)), num, endpoint);
    return p.convertElementType(p.mul(fullLike(y, Math.sign(start)), p.exp2(y)), checkDTypeName("geomspace", dtype));
  },
);

/**
 * n rows and m columns (n by default), 1 on the k-th diagonal and 0 elsewhere.
 * @example
 * np.eye(2) // => [[1 0] [0 1]]
 */
export const eye = named(
  "eye",
  ["M", "k"],
  ["dtype"],
  (n: number, m: number | null = n, k: number = 0, { dtype = "float32" }: DTypeOptions = {}): NDArray =>
    p.convertElementType(
      belowDiagonal("eye", [...given.shape("eye", [n]), ...given.shape("eye", [m ?? n])], k, p.eq),
      checkDTypeName("eye", dtype),
    ),
);
/**
 * The identity matrix.
 * @example
 * np.identity(2) // => [[1 0] [0 1]]
 */
export const identity = named(
  "identity",
  [],
  ["dtype"],
  (n: number, options: DTypeOptions = {}): NDArray => eye(n, n, 0, options),
);
/** Compares row + k with the column, over the last two axes. */
const belowDiagonal = (op: string, shape: Shape, k: number, f: (row: Value, column: Value) => Value): Value => {
  const rank = shape.length;
  if (rank < 2) throw new ShapeError({ op, expected: "at least two axes", got: showAval({ dtype: "float32", shape }) });
  const row = iota(shape, rank - 2),
    column = iota(shape, rank - 1);
  return f(k === 0 ? row : p.add(row, fullLike(row, given.integer(op, "k", k))), column);
};
/**
 * n rows and m columns, 1 on and below the k-th diagonal.
 * @example
 * np.tri(3) // => [[1 0 0] [1 1 0] [1 1 1]]
 */
export const tri = named(
  "tri",
  ["M", "k"],
  ["dtype"],
  (n: number, m: number | null = n, k: number = 0, { dtype = "float32" }: DTypeOptions = {}): NDArray =>
    p.convertElementType(
      belowDiagonal("tri", [...given.shape("tri", [n]), ...given.shape("tri", [m ?? n])], k, p.ge),
      checkDTypeName("tri", dtype),
    ),
);
/**
 * x (of at least two axes) with zeros above the k-th diagonal.
 * @example
 * np.tril([[1, 2], [3, 4]]) // => [[1 0] [3 4]]
 */
export const tril = named("tril", ["k"], [], (x: ArrayLike, k: number = 0): NDArray => {
  const a = asArray(x, "tril");
  return p.select(belowDiagonal("tril", a.shape, k, p.ge), a, fullLike(a, 0));
});
/**
 * x (of at least two axes) with zeros below the k-th diagonal.
 * @example
 * np.triu([[1, 2], [3, 4]]) // => [[1 2] [0 4]]
 */
export const triu = named("triu", ["k"], [], (x: ArrayLike, k: number = 0): NDArray => {
  const a = asArray(x, "triu");
  return p.select(belowDiagonal("triu", a.shape, k, p.le), a, fullLike(a, 0));
});

/** Options of `meshgrid`. */
export interface GridOptions {
  /** "xy" (the default: the first array runs along axis 1) or "ij" (along axis 0). */
  readonly indexing?: "xy" | "ij";
  /** Leave the repeated axes at extent 1; false by default. */
  readonly sparse?: boolean;
}
/**
 * Coordinates of a grid: one array per vector, which runs along its own axis and repeats along the others.
 * @example
 * np.meshgrid([[1, 2], [3, 4, 5]]) // => [[[1 2] [1 2] [1 2]], [[3 3] [4 4] [5 5]]]
 */
export const meshgrid = named(
  "meshgrid",
  [],
  ["indexing", "sparse"],
  (vectors: readonly ArrayLike[], { indexing = "xy", sparse = false }: GridOptions = {}): readonly NDArray[] => {
    const xs = given.list("meshgrid", "vectors", vectors).map((v) => asArray(v, "meshgrid")),
      axis = (i: number): number => (indexing === "xy" && i < 2 && xs.length > 1 ? 1 - i : i);
    for (const x of xs)
      if (x.ndim > 1) throw new ShapeError({ op: "meshgrid", expected: "vectors", got: showAval(x.aval) });
    const shape = xs.map((_, i) => (xs[axis(i)] as Value).size);
    return xs.map((x, i) => {
      const column = reshape(
        x,
        shape.map((_, a) => (a === axis(i) ? x.size : 1)),
      );
      return sparse ? column : expandTo("meshgrid", column, shape);
    });
  },
);
/**
 * The indices of an array of shape `shape`: `out[d, ...]` is the index along axis d.
 * @example
 * np.indices([2, 2]) // => [[[0 0] [1 1]] [[0 1] [0 1]]]
 */
export const indices = named(
  "indices",
  [],
  ["dtype"],
  (shape: Shape, { dtype = "int32" }: DTypeOptions = {}): NDArray => {
    const type = checkDTypeName("indices", dtype),
      to = given.shape("indices", shape);
    if (to.length === 0) return zeros([0], { dtype: type });
    return array(to.map((_, d) => iota(to, d, type)));
  },
);
/**
 * `f` of the indices of an array of shape `shape`, which it gets as arrays.
 * @example
 * np.fromfunction((i, j) => i.mul(10).add(j), [2, 2]) // => [[0 1] [10 11]]
 */
export const fromfunction = named(
  "fromfunction",
  [],
  ["dtype"],
  (f: (...indices: NDArray[]) => ArrayLike, shape: Shape, { dtype = "float32" }: DTypeOptions = {}): NDArray =>
    array(
      given.fn(
        "fromfunction",
        f,
      )(...given.shape("fromfunction", shape).map((_, d) => iota(shape, d, checkDTypeName("fromfunction", dtype)))),
    ),
);

/**
 * An array with the elements of x; since arrays never change, x itself if it is one.
 * @example
 * np.copy([1, 2]) // => [1 2]
 */
export const copy = (x: ArrayLike): NDArray => array(x);

export { array as asarray, fullLikeOf as fullLike, zerosLike as emptyLike };
