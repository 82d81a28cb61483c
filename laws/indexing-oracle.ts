// NumPy's indexing written down once more, element by element: for each index of the result, the index of the operand.
import fc from "fast-check";
import type { NDArray } from "../src/index.ts";
import type { Index } from "../src/numpy/indexing.ts";
import { indicesOf, type Plain, read, sizeOf, toNumpy } from "./numpy-oracle.ts";

/** An entry of an index as plain data. */
export type Entry =
  | { readonly kind: "position"; readonly at: number }
  | { readonly kind: "span"; readonly span: readonly (number | null)[] }
  | { readonly kind: "positions"; readonly positions: Plain }
  | { readonly kind: "mask"; readonly mask: Plain }
  | { readonly kind: "new" }
  | { readonly kind: "dots" };

/** Python's `range(*slice(...).indices(n))`. */
const pythonRange = ([a = null, b = null, c = null]: readonly (number | null)[], n: number): readonly number[] => {
  const step = c ?? 1,
    out: number[] = [];
  const bound = (x: number | null, missing: number): number => {
    if (x === null) return missing;
    const i = x < 0 ? x + n : x;
    return step > 0 ? Math.max(0, Math.min(i, n)) : Math.max(-1, Math.min(i, n - 1));
  };
  const stop = bound(b, step > 0 ? n : -1);
  for (let i = bound(a, step > 0 ? 0 : n - 1); step > 0 ? i < stop : i > stop; i += step) out.push(i);
  return out;
};

/** What an index names: the shape of the result, and the (perhaps impossible) operand index for every index of it. */
export interface Located {
  readonly shape: readonly number[];
  readonly places: readonly (readonly number[])[];
}
export const locate = (shape: readonly number[], entries: readonly Entry[]): Located => {
  const takes = (e: Entry): number =>
    e.kind === "new" || e.kind === "dots" ? 0 : e.kind === "mask" ? e.mask.shape.length : 1;
  const used = entries.reduce((n, e) => n + takes(e), 0),
    missing: readonly Entry[] = Array.from({ length: shape.length - used }, () => ({ kind: "span", span: [] }));
  const complete = entries.some((e) => e.kind === "dots") ? entries : [...entries, { kind: "dots" } as const];
  // Masks become one array of positions per axis; "..." becomes whole axes.
  const plain = complete.flatMap((e): readonly Entry[] => {
    if (e.kind === "dots") return missing;
    if (e.kind !== "mask") return [e];
    const found = indicesOf(e.mask.shape).filter((at) => read(e.mask, at) !== 0);
    return e.mask.shape.map((_, d) => ({
      kind: "positions",
      positions: { shape: [found.length], data: found.map((at) => at[d] as number) },
    }));
  });
  const arrays = plain.some((e) => e.kind === "positions");
  const all = plain.map(
    (e): Entry => (arrays && e.kind === "position" ? { kind: "positions", positions: { shape: [], data: [e.at] } } : e),
  );
  const blocks = all.flatMap((e) => (e.kind === "positions" ? [e.positions.shape] : [])),
    rank = Math.max(0, ...blocks.map((s) => s.length));
  const block = Array.from({ length: rank }, (_, d) =>
    blocks.map((s) => s[s.length - rank + d] ?? 1).reduce((m, n) => (m === 1 ? n : m), 1),
  );
  const where = all.flatMap((e, i) => (e.kind === "positions" ? [i] : [])),
    first = where[0] ?? 0,
    together = where.every((i, k) => i === first + k);
  // Axes of the result: [entry, extent], or the block.
  const axes: { readonly entry: number; readonly extent: number }[] = [];
  let axis = 0;
  const axisOf = all.map((e) => (e.kind === "new" ? -1 : axis++));
  const ranges = all.map((e, i) =>
    e.kind === "span" ? pythonRange(e.span, shape[axisOf[i] as number] as number) : [],
  );
  const blockAxes = block.map((extent) => ({ entry: -1, extent }));
  all.forEach((e, i) => {
    if (i === first && together) axes.push(...blockAxes);
    if (e.kind === "span") axes.push({ entry: i, extent: (ranges[i] as readonly number[]).length });
    if (e.kind === "new") axes.push({ entry: i, extent: 1 });
  });
  if (!together) axes.unshift(...blockAxes);
  const out = axes.map((a) => a.extent),
    wrap = (i: number, n: number): number => (i < 0 ? i + n : i);
  const places = indicesOf(out).map((r) => {
    const at = r.filter((_, d) => axes[d]?.entry === -1);
    return all.flatMap((e, i): readonly number[] => {
      const n = shape[axisOf[i] as number] as number;
      if (e.kind === "new") return [];
      if (e.kind === "position") return [wrap(e.at, n)];
      if (e.kind === "span")
        return [(ranges[i] as readonly number[])[r[axes.findIndex((a) => a.entry === i)] as number] as number];
      if (e.kind !== "positions") throw new Error(e.kind);
      const { positions } = e,
        own = at.slice(at.length - positions.shape.length).map((k, d) => (positions.shape[d] === 1 ? 0 : k));
      return [wrap(read(positions, own), n)];
    });
  });
  return { shape: out, places };
};
/** Whether an operand index is one. */
export const exists = (shape: readonly number[], at: readonly number[]): boolean =>
  at.every((i, d) => i >= 0 && i < (shape[d] as number));
/** The nearest index that exists. */
export const nearest = (shape: readonly number[], at: readonly number[]): readonly number[] =>
  at.map((i, d) => Math.min(Math.max(i, 0), (shape[d] as number) - 1));
/** Row-major offset. */
export const offset = (shape: readonly number[], at: readonly number[]): number =>
  at.reduce((o, i, d) => o * (shape[d] as number) + i, 0);

/** Arrays of positions in an index. */
export const arraysIn = (entries: readonly Entry[]): readonly NDArray[] =>
  entries.flatMap((e) => (e.kind === "positions" ? [toNumpy(e.positions, "int32")] : []));
/** Masks in an index, made where they are concrete. */
export const masksIn = (entries: readonly Entry[]): readonly NDArray[] =>
  entries.flatMap((e) => (e.kind === "mask" ? [toNumpy(e.mask, "bool")] : []));
/** The entries as a user writes them; `arrays` stand for the arrays of positions, `masks` for the masks. */
export const written = (
  entries: readonly Entry[],
  arrays: readonly NDArray[] = arraysIn(entries),
  masks: readonly NDArray[] = masksIn(entries),
): readonly Index[] => {
  let k = 0,
    m = 0;
  return entries.map((e): Index => {
    switch (e.kind) {
      case "position":
        return e.at;
      case "span":
        return e.span as Index;
      case "positions":
        return arrays[k++] as NDArray;
      case "mask":
        return masks[m++] as NDArray;
      case "new":
        return null;
      default:
        return "...";
    }
  });
};

const extents = fc.constantFrom(0, 1, 2, 3, 5);
/** What an index may be made of. */
export interface Allowed {
  readonly positions?: boolean;
  readonly masks?: boolean;
  /** Positions may lie outside the array. */
  readonly outside?: boolean;
}
const entryFor = (
  n: number,
  block: readonly number[],
  { positions = true, outside = true }: Allowed,
): fc.Arbitrary<Entry> => {
  const beyond = outside ? 2 : 0;
  const at = fc.integer({ min: -n - beyond, max: Math.max(-n - beyond, n - 1 + beyond) });
  const bound = fc.option(fc.integer({ min: -n - 2, max: n + 2 }), { freq: 1 });
  const span = fc
    .tuple(bound, bound, fc.constantFrom(null, 1, 2, 3, -1, -1, -2), fc.constantFrom(0, 1, 2, 3, 3))
    .map(([a, b, c, length]): Entry => ({ kind: "span", span: [a, b, c].slice(0, length) }));
  const array = fc
    .tuple(fc.array(fc.boolean(), { minLength: block.length, maxLength: block.length }), fc.nat(block.length))
    .chain(([ones, drop]) => {
      const shape = block.map((d, i) => (ones[i] ? 1 : d)).slice(drop);
      const size = sizeOf(shape);
      return fc
        .array(at, { minLength: size, maxLength: size })
        .map((data): Entry => ({ kind: "positions", positions: { shape, data } }));
    });
  const inside = n > 0 || outside;
  return fc.oneof(
    { weight: 3, arbitrary: span },
    ...(inside ? [{ weight: 2, arbitrary: at.map((i): Entry => ({ kind: "position", at: i })) }] : []),
    ...(positions && inside ? [{ weight: 3, arbitrary: array }] : []),
  );
};
/** A shape and an index into it. */
export const indexed = (
  allowed: Allowed = {},
): fc.Arbitrary<{ readonly shape: readonly number[]; readonly entries: readonly Entry[] }> =>
  fc
    .tuple(
      fc.array(allowed.outside === false ? extents : fc.constantFrom(1, 2, 3, 5), { minLength: 1, maxLength: 3 }),
      fc.constantFrom<readonly number[]>([], [2], [3], [1, 2], [3, 2], [0]),
      fc.nat(3),
    )
    .chain(([shape, block, skip]) =>
      fc
        .tuple(
          fc.tuple(...shape.map((n) => entryFor(n, block, allowed))),
          fc.constantFrom<"none" | "middle" | "end">("none", "middle", "end"),
          fc.array(fc.nat(4), { maxLength: 2 }),
          allowed.masks === true
            ? fc.option(fc.tuple(fc.nat(shape.length - 1), fc.array(fc.boolean(), { minLength: 5, maxLength: 5 })))
            : fc.constant(null),
        )
        .map(([each, dots, news, mask]) => {
          let entries: Entry[] = [...each];
          if (mask !== null) {
            const [axis, bits] = mask,
              of = shape.slice(axis, axis + 1);
            const data = Array.from({ length: sizeOf(of) }, (_, i) => Number(bits[i]));
            // Arrays of the block's shape would not broadcast with the mask's positions.
            entries = entries.map((e) => (e.kind === "positions" ? { kind: "span", span: [] } : e));
            entries[axis] = { kind: "mask", mask: { shape: of, data } };
          }
          if (dots === "end") entries = entries.slice(0, Math.max(0, entries.length - skip));
          if (dots === "middle") {
            const from = Math.min(skip, entries.length);
            entries = [...entries.slice(0, from), { kind: "dots" }, ...entries.slice(from + 1)];
          }
          for (const at of news) entries.splice(Math.min(at, entries.length), 0, { kind: "new" });
          return { shape, entries };
        }),
    );
