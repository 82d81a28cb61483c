// Sums of products of arrays with named axes: `out[i, k] = sum_j x[i, j] y[j, k]`. Everything here ends in `dotGeneral`.
import { showAval } from "../core/aval.ts";
import type { DType } from "../core/dtype.ts";
import { ShapeError } from "../core/errors.ts";
import type { Value } from "../core/value.ts";
import { dotGeneral } from "../primitives/dot.ts";
import { convertElementType } from "../primitives/elementwise.ts";
import { reshape, sum, transpose } from "../primitives/linear.ts";
import { sliceAxis } from "../primitives/movement.ts";
import { reduceOr } from "../primitives/reductions.ts";

/** Names of axes. */
export type Labels = readonly string[];
/** An array with a name for every axis; a name that stands twice takes the diagonal. */
export interface Term {
  readonly value: Value;
  readonly labels: Labels;
}

/**
 * The diagonal of the last two axes, `out[..., i] = x[..., i, i + offset]`. The two axes as one have it at equal distances, so it is
 * a strided slice, whose transpose is a pad: no gather.
 */
export const lastDiagonal = (x: Value, offset = 0): Value => {
  const lead = x.shape.slice(0, -2),
    [rows, cols] = x.shape.slice(-2) as [number, number];
  const n = Math.max(0, offset >= 0 ? Math.min(rows, cols - offset) : Math.min(rows + offset, cols));
  const start = n === 0 ? 0 : offset >= 0 ? offset : -offset * cols;
  const stop = n === 0 ? 0 : start + (n - 1) * (cols + 1) + 1;
  return sliceAxis(reshape(x, [...lead, rows * cols]), lead.length, start, stop, cols + 1);
};

const sumOut = (x: Value, axes: readonly number[]): Value => (x.dtype === "bool" ? reduceOr(x, axes) : sum(x, axes));
const keepOnly = ({ value, labels }: Term, needed: ReadonlySet<string>): Term => ({
  value: sumOut(
    value,
    labels.flatMap((l, d) => (needed.has(l) ? [] : [d])),
  ),
  labels: labels.filter((l) => needed.has(l)),
});
const withoutRepeats = (term: Term): Term => {
  const { value, labels } = term,
    second = labels.findIndex((l, d) => labels.indexOf(l) < d);
  if (second < 0) return term;
  const first = labels.indexOf(labels[second] as string),
    others = labels.map((_, d) => d).filter((d) => d !== first && d !== second);
  return withoutRepeats({
    value: lastDiagonal(transpose(value, [...others, first, second])),
    labels: [...others, first].map((d) => labels[d] as string),
  });
};

type Extents = ReadonlyMap<string, number>;
/** The extent of every axis; an axis of extent 1 repeats. Throws ShapeError. */
const extentsOf = (op: string, terms: readonly Term[]): Extents => {
  const extents = new Map<string, number>();
  for (const { value, labels } of terms)
    labels.forEach((l, d) => {
      const n = value.shape[d] as number,
        known = extents.get(l) ?? 1;
      if (n !== known && n !== 1 && known !== 1)
        throw new ShapeError({
          op,
          expected: `equal extents along "${l}"`,
          got: `${known} and ${n} in ${terms.map((t) => `${showAval(t.value.aval)} "${t.labels.join("")}"`).join(" and ")}`,
        });
      extents.set(l, known === 1 ? n : known);
    });
  return extents;
};
/** A term without the axes that would repeat. */
const withoutUnits = ({ value, labels }: Term, extents: Extents): Term => {
  const stays = labels.map((l, d) => value.shape[d] === extents.get(l));
  return {
    value: reshape(
      value,
      value.shape.filter((_, d) => stays[d]),
    ),
    labels: labels.filter((_, d) => stays[d]),
  };
};

/** What the product of two terms is made of. */
interface Split {
  readonly batch: Labels;
  readonly contract: Labels;
  readonly order: Labels;
}
const splitOf = (a: Labels, b: Labels, needed: ReadonlySet<string>, out: Labels): Split => {
  const shared = a.filter((l) => b.includes(l));
  const batch = shared.filter((l) => needed.has(l)).sort((p, q) => out.indexOf(p) - out.indexOf(q));
  return {
    batch,
    contract: shared.filter((l) => !needed.has(l)),
    order: [...batch, ...a.filter((l) => !b.includes(l)), ...b.filter((l) => !a.includes(l))],
  };
};
/** The product of two terms, summed over what nobody needs any more. */
const pair = (x: Term, y: Term, needed: ReadonlySet<string>, out: Labels): Term => {
  const a = keepOnly(x, new Set([...needed, ...y.labels])),
    b = keepOnly(y, new Set([...needed, ...x.labels]));
  const there = splitOf(a.labels, b.labels, needed, out),
    back = splitOf(b.labels, a.labels, needed, out);
  // If the other order of factors gives the result's order of axes, nothing has to be transposed.
  const swap = back.order.join() === out.join();
  const [l, r, { batch, contract, order }] = swap ? [b, a, back] : [a, b, there];
  const axes = (names: Labels): readonly [readonly number[], readonly number[]] => [
    names.map((n) => l.labels.indexOf(n)),
    names.map((n) => r.labels.indexOf(n)),
  ];
  return { value: dotGeneral(l.value, r.value, { contract: axes(contract), batch: axes(batch) }), labels: order };
};

const sizeOfLabels = (labels: Iterable<string>, extents: Extents): number => {
  let n = 1;
  for (const l of labels) n *= extents.get(l) as number;
  return n;
};
const neededBy = (terms: readonly Labels[], but: readonly number[], out: Labels): ReadonlySet<string> =>
  new Set([...out, ...terms.filter((_, i) => !but.includes(i)).flat()]);

/** Positions of two terms. */
type Step = readonly [number, number];
/** The terms after two of them were multiplied, and the multiplications that this takes. */
interface Product {
  readonly step: Step;
  readonly work: number;
  /** Elements of the product beyond those of its factors. */
  readonly growth: number;
  readonly terms: readonly Labels[];
}
const products = (terms: readonly Labels[], out: Labels, extents: Extents): readonly Product[] =>
  terms.flatMap((b, j) =>
    terms.slice(0, j).map((a, i): Product => {
      const both = [...new Set([...a, ...b])],
        needed = neededBy(terms, [i, j], out),
        kept = both.filter((l) => needed.has(l));
      return {
        step: [i, j],
        work: sizeOfLabels(both, extents),
        growth: sizeOfLabels(kept, extents) - sizeOfLabels(a, extents) - sizeOfLabels(b, extents),
        terms: [...terms.filter((_, k) => k !== i && k !== j), kept],
      };
    }),
  );
const least = <T>(xs: readonly T[], cost: (x: T) => number): T =>
  xs.reduce((best, x) => (cost(x) < cost(best) ? x : best), xs[0] as T);

/** So many terms are searched for the order with the fewest multiplications: 180 orders of 5. */
const searched = 5;
/**
 * The order in which `contract` multiplies: at each step the positions of two terms; their product goes to the end. Greedy, by the
 * growth in elements, while there are many terms; the best of all orders for the last ones.
 */
export const contractionPath = (terms: readonly Labels[], out: Labels, extents: Extents): readonly Step[] => {
  const best = (left: readonly Labels[]): readonly [work: number, path: readonly Step[]] => {
    const steps = products(left, out, extents);
    if (steps.length === 0) return [0, []];
    if (left.length > searched) {
      const { step, work, terms: rest } = least(steps, (s) => s.growth),
        [more, path] = best(rest);
      return [work + more, [step, ...path]];
    }
    return least(
      steps.map(({ step, work, terms: rest }) => {
        const [more, path] = best(rest);
        return [work + more, [step, ...path]] as const;
      }),
      ([work]) => work,
    );
  };
  return best(terms)[1];
};

/** Terms as they enter the products, and the extents of their axes. */
export const prepared = (op: string, terms: readonly Term[]): readonly [terms: readonly Term[], extents: Extents] => {
  const extents = extentsOf(op, terms);
  return [terms.map((t) => withoutRepeats(withoutUnits(t, extents))), extents];
};
/**
 * `out[...] = sum of the product of all terms` over the axes that `out` does not name; operands have one dtype. On bool `or` of `and`.
 * Throws ShapeError if extents differ.
 */
export const contract = (op: string, terms: readonly Term[], out: Labels): Value => {
  const dtype = (terms[0] as Term).value.dtype as DType;
  const wide = dtype === "uint8" ? terms.map((t) => ({ ...t, value: convertElementType(t.value, "int32") })) : terms;
  const [ready, extents] = prepared(op, wide);
  let left = ready;
  for (const [i, j] of contractionPath(
    ready.map((t) => t.labels),
    out,
    extents,
  )) {
    const needed = neededBy(
      left.map((t) => t.labels),
      [i, j],
      out,
    );
    left = [
      ...left.filter((_, k) => k !== i && k !== j),
      pair(left[i] as Term, left[j] as Term, needed, left.length === 2 ? out : []),
    ];
  }
  const { value, labels } = keepOnly(left[0] as Term, new Set(out));
  return convertElementType(
    transpose(
      value,
      out.map((l) => labels.indexOf(l)),
    ),
    dtype,
  );
};
