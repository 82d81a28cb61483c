// What a run leaves: plain data, as it is saved. Times are in seconds.
import type { Limits } from "./limits/types.ts";
import type { Kind, Target, Unit } from "./row.ts";

export interface Measured {
  readonly median: number;
  readonly least: number;
  /** The quartiles: half of the samples lie between them. */
  readonly quartiles: readonly [number, number];
  readonly samples: number;
}
/** A number, or why there is none. */
export type Cell = Measured | { readonly missing: string };
export interface RowResult {
  readonly suite: string;
  readonly name: string;
  readonly kind: Kind;
  readonly unit: Unit;
  readonly target: Target;
  readonly flops: number | null;
  /** The least time that the machine allows with two threads, and with one. */
  readonly least: readonly [two: number | null, one: number | null];
  readonly cells: Readonly<Record<string, Cell>>;
}
export interface Run {
  readonly date: string;
  readonly node: string;
  readonly processor: string;
  readonly cores: number;
  readonly quick: boolean;
  readonly seconds: number;
  /** What each contestant said of itself, or why it is missing. */
  readonly contestants: readonly { readonly id: string; readonly label: string; readonly about: string }[];
  readonly limits: Limits | null;
  readonly rows: readonly RowResult[];
}

export const isMeasured = (cell: Cell | undefined): cell is Measured => cell !== undefined && "median" in cell;
const quantile = (sorted: readonly number[], q: number): number => {
  const at = q * (sorted.length - 1),
    low = Math.floor(at),
    a = sorted[low] as number;
  return a + (at - low) * ((sorted[Math.min(low + 1, sorted.length - 1)] as number) - a);
};
export const summarize = (samples: readonly number[]): Measured => {
  const sorted = samples.toSorted((a, b) => a - b);
  return {
    median: quantile(sorted, 0.5),
    least: sorted[0] as number,
    quartiles: [quantile(sorted, 0.25), quantile(sorted, 0.75)],
    samples: samples.length,
  };
};

const median = (row: RowResult, id: string): number | null => {
  const cell = row.cells[id];
  return isMeasured(cell) ? cell.median : null;
};
/** Ratios of a row: larger is better, null where there is nothing to compare with. */
export interface Ratios {
  readonly limit: number | null;
  readonly torch: number | null;
  readonly js: number | null;
}
/** Ours is the run with two threads, or what there is. */
export const oursOf = (row: RowResult): number | null => median(row, "brickbox2") ?? median(row, "brickbox1");
export const ratios = (row: RowResult): Ratios => {
  const ours = oursOf(row),
    over = (other: number | null): number | null => (ours === null || other === null ? null : other / ours);
  const rivals = ["jaxjs", "tfjs-wasm", "tfjs-cpu"].flatMap((id) => median(row, id) ?? []);
  const two = median(row, "brickbox2") !== null;
  return {
    limit: row.kind === "time" ? over(two ? row.least[0] : row.least[1]) : null,
    torch: over(median(row, "torch")),
    js: over(rivals.length === 0 ? null : Math.min(...rivals)),
  };
};
/** The targets that a row misses. */
export const missed = (row: RowResult): readonly string[] => {
  const got = ratios(row),
    ours = oursOf(row);
  const below = (["limit", "torch", "js"] as const).filter((key) => {
    const want = row.target[key],
      have = got[key];
    return want !== undefined && have !== null && have < want;
  });
  return [...below, ...(row.target.most !== undefined && ours !== null && ours > row.target.most ? ["most"] : [])];
};
