// Numbers of JavaScript that a trace stands in for: they are weak, as the numbers themselves are, while it is found out which
// dtype a loop gives them.
import type { Value } from "./value.ts";

/** What a number says about the dtype of a result: like JavaScript's numbers it takes that of the array it meets. */
export type Weakness = "integral" | "fractional";
interface Mark {
  readonly weakness: Weakness;
  readonly asked: () => void;
}
const marks = new WeakMap<Value, Mark>();
/** Let `v` count as a weak number; `asked` is called when that decides a dtype. */
export const markWeak = (v: Value, weakness: Weakness, asked: () => void): void => {
  marks.set(v, { weakness, asked });
};
/** How weak `v` is; null if it is an array like any other. */
export const weaknessOf = (v: Value): Weakness | null => {
  const mark = marks.get(v);
  if (mark === undefined) return null;
  mark.asked();
  return mark.weakness;
};
