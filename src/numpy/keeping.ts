// What reductions share: axes that stay at extent 1, and roots whose slope at 0 is 0.
import type { Shape } from "../core/aval.ts";
import type { Value } from "../core/value.ts";
import * as p from "../primitives/elementwise.ts";
import { reshape } from "../primitives/linear.ts";
import { fullLike } from "../primitives/pointwise.ts";

/** `y`, of which `axes` of `shape` are reduced, with axes of extent 1 in their places if `keepdims`. */
export const keep = (y: Value, shape: Shape, axes: readonly number[], keepdims: boolean): Value =>
  keepdims
    ? reshape(
        y,
        shape.map((d, i) => (axes.includes(i) ? 1 : d)),
      )
    : y;

/** `f(s)` for an f with `f(0) = 0`, with slope 0 there: the slope of a root is infinite at 0, that of a norm or a deviation is not. */
export const rooted = (s: Value, f: (x: Value) => Value): Value => {
  const flat = p.eq(s, fullLike(s, 0));
  return p.select(flat, s, f(p.select(flat, fullLike(s, 1), s)));
};
