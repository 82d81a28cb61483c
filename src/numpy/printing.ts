// Arrays as NumPy prints them: columns aligned at their points, long axes shortened, long rows wrapped. One difference: whole
// numbers have no point, `[1 2]` and not `[1. 2.]`, since numbers of JavaScript are floats.
import { showAval, type Shape } from "../core/aval.ts";
import type { DType, TypedArray } from "../core/dtype.ts";
import { isInteger } from "../core/dtype.ts";
import { DonatedError } from "../core/errors.ts";
import { Tracer, type Value } from "../core/value.ts";
import { elements } from "./reading.ts";

/** NumPy's defaults: elements from which on axes are shortened, what then remains at each end, line width, digits. */
const threshold = 1000,
  edge = 3,
  lineWidth = 75,
  digits = 8;

/** The number with the fewest decimal digits that is `v` in float32. */
const shortest = (v: number, dtype: DType): number => {
  if (dtype !== "float32" || v === 0 || !Number.isFinite(v)) return v;
  for (let k = 1; k < 9; k++) {
    const x = Number(v.toPrecision(k));
    if (Math.fround(x) === v) return x;
  }
  return Number(v.toPrecision(9));
};
const special = (v: number): string => (Number.isNaN(v) ? "nan" : v > 0 ? "inf" : "-inf");
const signed = (v: number, text: string): string => (Object.is(v, -0) ? `-${text}` : text);

/** `1.5e-7` becomes `1.50e-07` with two digits. */
const scientific = (v: number, decimals: number): string => v.toExponential(decimals).replace(/e([+-])(\d)$/, "e$10$2");
const decimalsOf = (text: string): number => {
  const point = text.indexOf(".");
  return point < 0 ? 0 : text.length - point - 1;
};

/** The texts of finite numbers, so that their points stand in one column. */
const aligned = (xs: readonly number[]): readonly string[] => {
  const sizes = xs.map(Math.abs).filter((v) => v > 0 && Number.isFinite(v)),
    whole = xs.every((v) => !Number.isFinite(v) || Number.isInteger(v));
  const largest = Math.max(0, ...sizes),
    tiny = sizes.length > 0 && Math.min(...sizes) < 1e-4;
  if (largest >= 1e8 || tiny) {
    const decimals = xs.map((v) =>
      Number.isFinite(v) ? decimalsOf((v.toExponential().split("e") as [string])[0]) : 0,
    );
    const most = Math.min(digits, Math.max(0, ...decimals));
    return xs.map((v) => (Number.isFinite(v) ? signed(v, scientific(v, most)) : special(v)));
  }
  const texts = xs.map((v) => {
    if (!Number.isFinite(v)) return special(v);
    const text = String(v);
    return signed(v, whole || decimalsOf(text) <= digits ? text : String(Number(v.toFixed(digits))));
  });
  const most = Math.max(0, ...texts.map(decimalsOf));
  return texts.map((text, i) => {
    const missing = most - decimalsOf(text);
    return missing === 0 || !Number.isFinite(xs[i])
      ? text
      : `${text}${" ".repeat(missing + (text.includes(".") ? 0 : 1))}`;
  });
};
/** Texts of one width. */
const cells = (xs: readonly number[], dtype: DType): readonly string[] => {
  const texts =
    dtype === "bool"
      ? xs.map((v) => (v === 0 ? "False" : "True"))
      : isInteger(dtype)
        ? xs.map(String)
        : aligned(dtype === "float32" ? xs.map((v) => shortest(v, dtype)) : xs);
  const width = texts.reduce((w, t) => Math.max(w, t.length), 0);
  return texts.map((t) => t.padStart(width));
};
const scalar = (v: number, dtype: DType): string =>
  dtype === "bool"
    ? v === 0
      ? "False"
      : "True"
    : Number.isFinite(v)
      ? signed(v, String(shortest(v, dtype)))
      : special(v);

/** Nested positions that are printed; null stands for those left out. */
const shown = (extent: number, short: boolean): readonly (number | null)[] =>
  short && extent > 2 * edge
    ? [...Array.from({ length: edge }, (_, i) => i), null, ...Array.from({ length: edge }, (_, i) => extent - edge + i)]
    : Array.from({ length: extent }, (_, i) => i);

/** One row, wrapped; `indent` is the number of brackets before it. */
const row = (texts: readonly string[], indent: number): string => {
  const lines: string[] = [];
  let line = "";
  for (const text of texts) {
    if (line !== "" && indent + line.length + 1 + text.length >= lineWidth) {
      lines.push(line);
      line = text;
    } else line = line === "" ? text : `${line} ${text}`;
  }
  lines.push(line);
  return lines.join(`\n${" ".repeat(indent)}`);
};
const layout = (flat: TypedArray, shape: Shape, dtype: DType): string => {
  const short = flat.length > threshold,
    places = shape.map((d) => shown(d, short));
  const visible: number[] = [];
  const collect = (depth: number, at: number): void => {
    if (depth === shape.length) visible.push(flat[at] as number);
    else
      for (const i of places[depth] as readonly (number | null)[])
        if (i !== null) collect(depth + 1, at * (shape[depth] as number) + i);
  };
  collect(0, 0);
  const texts = cells(visible, dtype);
  let next = 0;
  const build = (depth: number): string => {
    const here = places[depth] as readonly (number | null)[];
    if (depth === shape.length - 1)
      return `[${row(
        here.map((i) => (i === null ? "..." : (texts[next++] as string))),
        depth + 1,
      )}]`;
    const gap = `${"\n".repeat(shape.length - depth - 1)}${" ".repeat(depth + 1)}`;
    return `[${here.map((i) => (i === null ? "..." : build(depth + 1))).join(gap)}]`;
  };
  return build(0);
};

/** The elements as NumPy prints them: `[[1 2]\n [3 4]]`, at most 8 digits behind the point, long axes shortened. */
export const print = (x: Value): string => {
  if (x instanceof Tracer) return `Traced<${showAval(x.aval)}>`;
  const flat = elements(x);
  if (x.ndim === 0) return scalar(flat[0] as number, x.dtype);
  return flat.length === 0 ? "[]" : layout(flat, x.shape, x.dtype);
};
/** What the inspector of Node shows: the elements, then dtype and shape. */
export const inspect = (x: Value): string => {
  const type = `${x.dtype}[${x.shape.join(",")}]`;
  if (x instanceof Tracer) return print(x);
  try {
    return `${print(x)} ${type}`;
  } catch (error) {
    if (error instanceof DonatedError) return `donated ${type}`;
    throw error;
  }
};
