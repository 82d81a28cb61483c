// Comparing trees of arrays: structure, shape and dtype exactly, elements to a tolerance.
import { BrickboxError } from "../numpy/errors.ts";
import { type NDArray, np, tree } from "../numpy/index.ts";

/** How far elements may be apart: `|expected - got| <= atol + rtol |expected|`. */
export interface Tolerance {
  readonly atol: number;
  readonly rtol: number;
}
/** What is compared, and what the two sides are called in errors. */
export interface Sides {
  readonly op: string;
  /** Where the trees come from, as in `args` or `result`. */
  readonly root: string;
  readonly expected: string;
  readonly got: string;
}
/** Thrown where a law does not hold; names the leaf and the element, what was expected and what came. */
export class LawError extends BrickboxError {
  override readonly name: string = "LawError";
}

/** `root.layers[2].w`. */
export const place = (root: string, path: readonly (string | number)[]): string =>
  path.reduce<string>((s, k) => (typeof k === "number" ? `${s}[${k}]` : `${s}.${k}`), root);
/** The position of the i-th element of an array of this shape, as in `[1, 0]`. */
export const position = (shape: readonly number[], i: number): string => {
  const out: number[] = [];
  let rest = i;
  for (const d of [...shape].reverse()) {
    out.unshift(rest % d);
    rest = Math.floor(rest / d);
  }
  return `[${out.join(", ")}]`;
};
/** True if the numbers agree; NaN agrees with NaN, an infinity with itself. */
export const near = (expected: number, got: number, { atol, rtol }: Tolerance): boolean =>
  Object.is(expected, got) || expected === got || Math.abs(expected - got) <= atol + rtol * Math.abs(expected);
const described = (x: NDArray): string => `${x.dtype}[${x.shape}]`;

/** Throw LawError unless `got` is `expected`; the tolerance is chosen by dtype (integers and booleans must be equal). */
export const agree = (
  sides: Sides,
  expected: unknown,
  got: unknown,
  toleranceOf: (dtype: string) => Tolerance,
): void => {
  const [want, have] = [tree.leavesWithPath(expected), tree.leavesWithPath(got)];
  const shown = [String(tree.structure(expected)), String(tree.structure(got))] as const;
  if (shown[0] !== shown[1])
    throw new LawError({
      op: sides.op,
      expected: `${sides.root} to have the structure ${shown[0]} (${sides.expected})`,
      got: `${shown[1]} (${sides.got})`,
    });
  want.forEach(([path, leaf], k) => {
    const [a, b] = [np.asarray(leaf), np.asarray((have[k] as (typeof have)[number])[1])];
    const where = place(sides.root, path);
    if (described(a) !== described(b))
      throw new LawError({
        op: sides.op,
        expected: `${where} to be ${described(a)} (${sides.expected})`,
        got: `${described(b)} (${sides.got})`,
      });
    const [xs, ys] = [a.dataSync(), b.dataSync()],
      tolerance = toleranceOf(a.dtype);
    const bad = Array.from(xs).findIndex((x, i) => !near(x, ys[i] as number, tolerance));
    if (bad >= 0)
      throw new LawError({
        op: sides.op,
        expected: `${xs[bad]} at ${where}${a.ndim === 0 ? "" : `, element ${position(a.shape, bad)}`} (${sides.expected})`,
        got: `${ys[bad]} (${sides.got})`,
      });
  });
};
