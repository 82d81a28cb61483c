// Rows that are no whole number of vectors: the last vector is moved up, so that it ends with the row. It computes a few elements
// again, which costs less than what is left of a short row would, one element at a time.
import type { Expr, Read, Var } from "../kernel/expr.ts";
import { loopVar, topological } from "../kernel/expr.ts";
import { iadd, iclamp, imul, isub, linear } from "../kernel/index.ts";
import type { For, Mark, Stmt, Store } from "../kernel/program.ts";
import { loop } from "../kernel/statement.ts";
import { at } from "./indices.ts";
import { strideOf } from "./vectorize.ts";

/** Elements of a vector, and the longest rows that are short. */
const lanes = 4,
  longest = 64;

const isSame = (a: Expr, b: Expr): boolean => {
  const { c, terms } = linear(isub(a, b));
  return c === 0 && terms.size === 0;
};
/** Whether elements may be computed twice: nothing is summed, and no result can take the place of an operand that is read there. */
const isRepeatable = (stores: readonly Store[]): boolean => {
  const nodes = topological(stores.map((s) => s.value)),
    offsets = stores.map((s) => s.at[0] as Expr);
  return (
    nodes.every((e) => e.op !== "reduce" && e.type !== "f64" && e.type !== "i64") &&
    nodes.filter((e): e is Read => e.op === "read").every((r) => offsets.every((o) => !isSame(r.args[0] as Expr, o)))
  );
};

/** Whether a row is nothing but consecutive elements, none of a buffer that is written: code for that ends with a vector by itself. */
const isPlain = (stores: readonly Store[], index: Var): boolean => {
  const written = new Set(stores.map((s) => s.buffer));
  return (
    stores.every((s) => s.combine === undefined && strideOf(s.at[0] as Expr, index) === 1) &&
    topological(stores.map((s) => s.value)).every((e) => e.op !== "rare" && !(e.op === "read" && written.has(e.buffer)))
  );
};

/** The loop over a row around stores, one of whose loops outside is not shared by threads element by element. */
export const rowLoop = (index: Var, stores: readonly Store[], mark: Mark): For => {
  const { extent } = index;
  const short = mark === "vector" && extent > lanes && extent % lanes !== 0 && extent <= longest;
  if (!short || isPlain(stores, index) || !isRepeatable(stores)) return loop(index, stores, { mark });
  const vector = loopVar(`${index.name}v`, Math.ceil(extent / lanes)),
    lane = loopVar(`${index.name}l`, lanes),
    place = iadd(iclamp(imul(vector, lanes), 0, extent - lanes), lane);
  const moved = stores.map(
    (s): Stmt => ({ ...s, at: at(s.at, [index], [place]), value: at([s.value], [index], [place])[0] as Expr }),
  );
  return loop(vector, [loop(lane, moved, { mark })]);
};
