// Positions on a grid: open meshes, and many axes as one.
import { showAval } from "../core/aval.ts";
import type { Shape } from "../core/aval.ts";
import { ArgumentError, ShapeError } from "../core/errors.ts";
import { settle } from "../core/lift.ts";
import { Literal, type Value } from "../core/value.ts";
import { add, clamp, mul, rem } from "../primitives/elementwise.ts";
import { reshape } from "../primitives/linear.ts";
import type { ArrayLike, NDArray } from "./array.ts";
import { broadcastTogether, expandTo } from "./broadcasting.ts";
import { positionsOf } from "./indexingMask.ts";
import { asInt32, positionArray, wrapped } from "./indexingPositions.ts";
import { named } from "./named.ts";
import * as given from "./given.ts";

/**
 * Vectors of positions, each along an axis of its own, so that `x.slice(...ix(rows, columns))` is every row with every column. A mask
 * stands for the positions of its true elements. Throws ShapeError, DTypeError, and TraceError for a traced mask.
 * @example
 * ix([0, 2], [1]) // => [[[0] [2]], [[1]]]
 */
export const ix = (...vectors: readonly ArrayLike[]): readonly NDArray[] =>
  vectors.map((x, i) => {
    const v = positionArray("ix", x, true);
    if (v.ndim !== 1) throw new ShapeError({ op: "ix", expected: "vectors", got: showAval(v.aval) });
    const positions = v.dtype === "bool" ? (positionsOf(v, "ix")[0] as Value) : v;
    return settle(
      reshape(
        positions,
        vectors.map((_, d) => (d === i ? positions.size : 1)),
      ),
      "ix",
    );
  });

/**
 * The row-major position in an array of shape `dims` of the element at one position per axis; they broadcast. Out of range the nearest,
 * or for mode "wrap" the remainder. Throws ShapeError, DTypeError, and ArgumentError unless there is one array per axis.
 * @example
 * ravelMultiIndex([[1, 0], [2, 1]], [3, 4]) // => [6 1]
 */
export const ravelMultiIndex = named(
  "ravelMultiIndex",
  [],
  ["mode"],
  (
    multiIndex: readonly ArrayLike[],
    dims: Shape,
    { mode = "clip" }: { readonly mode?: "clip" | "wrap" } = {},
  ): NDArray => {
    const op = "ravelMultiIndex";
    given.list(op, "index arrays", multiIndex);
    given.shape(op, given.list(op, "extents", dims));
    if (multiIndex.length !== dims.length || dims.length === 0)
      throw new ArgumentError({ op, expected: `${dims.length} arrays, one per axis`, got: `${multiIndex.length}` });
    const c = (n: number, like: Value): Value => expandTo(op, new Literal(n, "int32"), like.shape);
    const places = broadcastTogether(
      op,
      multiIndex.map((x) => asInt32(positionArray(op, x))),
    ).map((v, d) => {
      const n = dims[d] as number;
      return mode === "wrap" && n > 0 ? wrapped(rem(v, c(n, v)), n) : clamp(c(0, v), v, c(n - 1, v));
    });
    const flat = places.reduce((sum, v, d) => add(mul(sum, c(dims[d] as number, v)), v));
    return settle(flat, op);
  },
);
