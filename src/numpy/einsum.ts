// einsum: sums of products in Einstein's notation.
import { ArgumentError } from "../core/errors.ts";
import { settle } from "../core/lift.ts";
import { type ArrayLike, type NDArray, promote } from "./array.ts";
import { contract, contractionPath, type Labels, prepared, type Term } from "./contraction.ts";
import { type EinsumSpec, parseEinsum } from "./einsumSpec.ts";

const termsOf = (op: string, spec: string, operands: readonly ArrayLike[]): readonly [readonly Term[], EinsumSpec] => {
  if (typeof spec !== "string" || operands.length === 0)
    throw new ArgumentError({
      op,
      expected: 'a spec such as "ij,jk->ik", then the operands',
      got: typeof spec === "string" ? "no operands" : typeof spec,
    });
  const values = promote(op, ...operands),
    parsed = parseEinsum(
      spec,
      values.map((v) => v.ndim),
    );
  return [values.map((value, i) => ({ value, labels: parsed.ins[i] as Labels })), parsed];
};

/**
 * Sums of products: in `"ij,jk->ik"` a letter names an axis of each operand, and letters that the result lacks are summed over. A
 * letter twice in one operand takes the diagonal; "..." stands for axes without a name, which broadcast; without `->` the
 * result has every letter that stands once, in alphabetical order. More than two operands are multiplied pair by pair in the
 * order with the fewest multiplications (greedily beyond five). Throws ArgumentError for a bad spec and ShapeError for operands
 * that do not fit it.
 * @example
 * const x = np.array([[1, 2], [3, 4]]);
 * einsum("ij,jk->ik", x, x) // => [[7 10] [15 22]]
 * einsum("ii->i", x) // => [1 4]
 * einsum("ij->", x) // => 10
 */
export const einsum = (spec: string, ...operands: readonly ArrayLike[]): NDArray => {
  const [terms, { out }] = termsOf("einsum", spec, operands);
  return settle(contract("einsum", terms, out), "einsum");
};

/**
 * The order in which `einsum` multiplies its operands: at each step the positions of two of those that are left, whose product goes
 * to the end; and a text that says so. Throws as `einsum` does.
 * @example
 * const [a, b, c] = [np.array([[1, 2]]), np.array([[1], [2]]), np.array([3])];
 * einsumPath("ij,jk,k->i", a, b, c)[0] // => [[0, 1], [0, 1]]
 */
export const einsumPath = (
  spec: string,
  ...operands: readonly ArrayLike[]
): readonly [path: readonly (readonly [number, number])[], text: string] => {
  const [terms, { out }] = termsOf("einsumPath", spec, operands),
    [ready, extents] = prepared("einsumPath", terms);
  let left: readonly Labels[] = ready.map((t) => t.labels);
  const path = contractionPath(left, out, extents),
    lines: string[] = [];
  for (const [i, j] of path) {
    const [a, b] = [left[i] as Labels, left[j] as Labels],
      rest = left.filter((_, k) => k !== i && k !== j);
    const kept = [...new Set([...a, ...b])].filter((l) => out.includes(l) || rest.some((t) => t.includes(l)));
    lines.push(`${a.join("")},${b.join("")}->${kept.join("")}`);
    left = [...rest, kept];
  }
  return [path, lines.join("\n")];
};
