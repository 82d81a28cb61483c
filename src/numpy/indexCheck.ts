// Positions out of range, which are clipped, dropped or filled without a word, are errors while `configure({ check: true })` watches:
// unless a `mode` says what is to happen. The check is a callback, so that it sees what traced positions become.
import { callbackP } from "../control/callback.ts";
import type { Shape } from "../core/aval.ts";
import { showAval } from "../core/aval.ts";
import type { Aval } from "../core/aval.ts";
import { ArgumentError } from "../core/errors.ts";
import { modes } from "../core/modes.ts";
import { lineNow } from "../core/origin.ts";
import { bindCall } from "../core/trace.ts";
import type { Value } from "../core/value.ts";
import { elements } from "./reading.ts";

/** From the first to the last position that an axis has for a window of `size`, counting from the end if `negative`. */
interface Limits {
  readonly axis: number;
  readonly extent: number;
  readonly size: number;
  readonly negative: boolean;
}
const refuse = (
  op: string,
  x: Aval,
  { axis, extent, size, negative }: Limits,
  got: number,
  at: string | null,
): never => {
  const last = extent - size,
    what = size === 1 ? "positions" : `starts of windows of ${size}`;
  throw new ArgumentError(
    {
      op,
      expected:
        last < 0
          ? `no ${what} along axis ${axis} of ${showAval(x)}, which has no room for one`
          : `${what} from ${negative ? -extent : 0} to ${last} along axis ${axis} of ${showAval(x)}`,
      got: String(got),
      remedy:
        'correct the position, or say with mode what is to happen ("clip", "fill" or "drop"); configure({ check: false }) lets it pass',
    },
    at,
  );
};
const outside = (p: number, { extent, size, negative }: Limits): boolean =>
  p > extent - size || p < (negative ? -extent : 0);

/** Whether positions are to be checked at all: `mode` is what the user said about those out of range. */
export const watches = (mode: unknown): boolean => modes.check && mode === undefined;
/** Check positions that are known. */
export const checkPosition = (op: string, x: Aval, axis: number, position: number): void => {
  const limits = { axis, extent: x.shape[axis] as number, size: 1, negative: true };
  if (outside(position, limits)) refuse(op, x, limits, position, lineNow());
};
/** Check positions when they become known. The last axis of `positions` goes along `limits` if there are several. */
const watch = (op: string, x: Aval, positions: Value, limits: readonly Limits[]): void => {
  const at = lineNow();
  bindCall(callbackP, [positions], {
    name: `${op}: positions in range`,
    outs: [],
    effect: true,
    method: "expandDims",
    f: ([p]) => {
      elements(p as Value).forEach((v, i) => {
        const l = limits[i % limits.length] as Limits;
        if (outside(v, l)) refuse(op, x, l, v, at);
      });
      return [];
    },
  });
};
/** Watch positions along one axis of `x`; gives them back. */
export const watchPositions = (op: string, x: Aval, axis: number, positions: Value, mode?: unknown): Value => {
  if (watches(mode)) watch(op, x, positions, [{ axis, extent: x.shape[axis] as number, size: 1, negative: true }]);
  return positions;
};
/** Watch the rows of `starts` of windows, a start for each of `axes`. */
export const watchWindows = (
  op: string,
  x: Aval,
  axes: readonly number[],
  sizes: Shape,
  starts: Value,
  mode?: unknown,
): void => {
  if (!watches(mode)) return;
  const limits = axes.map((axis, k) => ({
    axis,
    extent: x.shape[axis] as number,
    size: sizes[k] as number,
    negative: false,
  }));
  if (limits.length > 0) watch(op, x, starts, limits);
};
