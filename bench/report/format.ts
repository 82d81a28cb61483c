// Numbers as people read them.
import type { Unit } from "../row.ts";

const units: Readonly<Record<Unit, readonly (readonly [size: number, name: string])[]>> = {
  s: [
    [1, "s"],
    [1e-3, "ms"],
    [1e-6, "µs"],
    [1e-9, "ns"],
  ],
  B: [
    [1e9, "GB"],
    [1e6, "MB"],
    [1e3, "kB"],
  ],
  "1": [[1, ""]],
};
/** Three digits that count: 12.3, 0.456, 1230. */
const digits = (x: number): string => (x >= 100 ? String(Math.round(x)) : x.toPrecision(3));
export const show = (value: number, unit: Unit): string => {
  const all = units[unit],
    [size, name] = all.find(([s]) => value >= s) ?? (all.at(-1) as (typeof all)[number]);
  return `${digits(value / size)} ${name}`.trim();
};
export const showRatio = (x: number | null): string =>
  x === null ? "" : x >= 10 ? String(Math.round(x)) : x.toPrecision(2);
export const showPercent = (x: number | null): string => (x === null ? "" : `${Math.round(100 * x)} %`);
