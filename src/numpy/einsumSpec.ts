// The language of einsum: "ij,jk->ik", with "..." for axes without a name.
import { ArgumentError, ShapeError } from "../core/errors.ts";
import type { Labels } from "./contraction.ts";

/** A name per axis of every operand and of the result. Axes that "..." stands for are named from the end. */
export interface EinsumSpec {
  readonly ins: readonly Labels[];
  readonly out: Labels;
}
const op = "einsum";
const refuse = (spec: string, expected: string, got: string, remedy?: string): never => {
  throw new ArgumentError({
    op,
    expected: `${expected} in ${JSON.stringify(spec)}`,
    got,
    ...(remedy === undefined ? {} : { remedy }),
  });
};
/** The letters of one operand before and behind "...", null behind if there is no "...". */
const lettersOf = (spec: string, text: string): readonly [before: Labels, behind: Labels | null] => {
  const parts = text.split("...");
  if (parts.length > 2) refuse(spec, 'at most one "..." per operand', JSON.stringify(text));
  for (const c of parts.join(""))
    if (!/[A-Za-z]/.test(c)) refuse(spec, 'letters, "...", "," and one "->"', JSON.stringify(c));
  return [[...(parts[0] as string)], parts[1] === undefined ? null : [...parts[1]]];
};
/** Names of `n` axes that "..." stands for. */
const dots = (n: number): Labels => Array.from({ length: n }, (_, i) => `.${n - 1 - i}`);

/** Read `spec` for operands of the given ranks. Throws ArgumentError for a bad spec, ShapeError for ranks that do not fit. */
export const parseEinsum = (spec: string, ranks: readonly number[]): EinsumSpec => {
  const sides = spec.replaceAll(" ", "").split("->");
  if (sides.length > 2) refuse(spec, 'at most one "->"', `${sides.length - 1}`);
  const [left, right] = sides as [string, string | undefined],
    texts = left.split(",");
  if (texts.length !== ranks.length)
    refuse(spec, `as many operands as it names (${texts.length})`, `${ranks.length} operands`);
  let widest = 0;
  const ins = texts.map((text, i): Labels => {
    const [before, behind] = lettersOf(spec, text),
      rank = ranks[i] as number,
      named = before.length + (behind?.length ?? 0);
    if (behind === null ? rank !== named : rank < named)
      throw new ShapeError({
        op,
        expected: `operand ${i} to have ${behind === null ? "" : "at least "}${named} axes, as ${JSON.stringify(text)} in ${JSON.stringify(spec)} says`,
        got: `${rank} axes`,
      });
    if (behind === null) return before;
    widest = Math.max(widest, rank - named);
    return [...before, ...dots(rank - named), ...behind];
  });
  if (right === undefined) {
    // Without a result: what "..." stands for, then in alphabetical order every letter that stands once.
    const letters = ins.flat().filter((l) => !l.startsWith("."));
    const once = letters.filter((l) => letters.indexOf(l) === letters.lastIndexOf(l)).sort();
    return { ins, out: [...dots(widest), ...once] };
  }
  const [before, behind] = lettersOf(spec, right),
    letters = [...before, ...(behind ?? [])],
    known = new Set(ins.flat());
  for (const l of letters) {
    if (!known.has(l)) refuse(spec, "a result of letters that the operands have", JSON.stringify(l));
    if (letters.indexOf(l) !== letters.lastIndexOf(l))
      refuse(spec, "a result that names every letter once", JSON.stringify(l));
  }
  if (behind === null && widest > 0)
    refuse(
      spec,
      'a result with "..."',
      JSON.stringify(right),
      'write "..." in the result, or sum over those axes first',
    );
  return { ins, out: behind === null ? before : [...before, ...dots(widest), ...behind] };
};
