// The chart: one page without scripts. Every row is a strip with a logarithmic axis, every contestant a dot, the limit a bar.
import { isMeasured, missed, oursOf, ratios, type RowResult, type Run } from "../results.ts";
import { show, showPercent, showRatio } from "./format.ts";

const colours: Readonly<Record<string, string>> = {
  brickbox2: "#c2410c",
  brickbox1: "#fdba74",
  plain: "#737373",
  jaxjs: "#7c3aed",
  "tfjs-wasm": "#0284c7",
  "tfjs-cpu": "#7dd3fc",
  onnx: "#15803d",
  torch: "#111111",
};
const htmlText = (text: string): string =>
  text.replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c] as string);

const left = 360,
  width = 590,
  right = 290,
  high = 24;
const decades = (rows: readonly RowResult[]): readonly [low: number, high: number] => {
  const values = rows.flatMap((row) => [
    ...Object.values(row.cells).flatMap((cell) => (isMeasured(cell) ? [cell.median] : [])),
    ...(row.kind === "time" && row.least[0] !== null ? [row.least[0]] : []),
  ]);
  const logs = values.map(Math.log10);
  return logs.length === 0 ? [0, 1] : [Math.floor(Math.min(...logs)), Math.ceil(Math.max(...logs) + 1e-9)];
};

const strip = (row: RowResult, y: number, x: (value: number) => number, run: Run): string => {
  const labels = new Map(run.contestants.map(({ id, label }) => [id, label]));
  const least = row.kind === "time" ? row.least[0] : null;
  const bar =
    least === null
      ? ""
      : `<rect x="${x(least) - 1.5}" y="${y - 9}" width="3" height="18" fill="#65a30d"><title>limit: ${show(least, row.unit)}</title></rect>`;
  // Ours is drawn last, on top.
  const dots = Object.entries(row.cells)
    .reverse()
    .flatMap(([id, cell]) => {
      if (!isMeasured(cell)) return [];
      const [q1, q3] = cell.quartiles,
        title = `${labels.get(id) ?? id}: ${show(cell.median, row.unit)} (${show(q1, row.unit)} to ${show(q3, row.unit)}, ${cell.samples} samples)`;
      const whisker = `<line x1="${x(q1)}" x2="${x(q3)}" y1="${y}" y2="${y}" stroke="${colours[id]}" stroke-width="2"/>`;
      return [
        `${whisker}<circle cx="${x(cell.median)}" cy="${y}" r="${id === "brickbox2" ? 6 : 4.5}" fill="${colours[id]}"><title>${htmlText(title)}</title></circle>`,
      ];
    });
  const got = ratios(row),
    ours = oursOf(row),
    misses = missed(row);
  const facts = [
    ours === null ? "-" : show(ours, row.unit),
    showPercent(got.limit),
    showRatio(got.js),
    showRatio(got.torch),
  ];
  const keys = ["most", "limit", "js", "torch"];
  const texts = facts.map((text, i) => {
    const bad = misses.includes(keys[i] as string);
    return `<text x="${left + width + 75 + i * 68}" y="${y + 4}" text-anchor="end"${bad ? ' fill="#b91c1c"' : ""}>${text}</text>`;
  });
  return [
    `<line x1="${left}" x2="${left + width}" y1="${y}" y2="${y}" stroke="#e5e5e5"/>`,
    `<text x="${left - 10}" y="${y + 4}" text-anchor="end">${htmlText(row.name)}</text>`,
    bar,
    ...dots,
    ...texts,
  ].join("\n");
};
const chart = (rows: readonly RowResult[], run: Run): string => {
  const [low, top] = decades(rows),
    unit = (rows[0] as RowResult).unit;
  const x = (value: number): number =>
    Math.round(10 * (left + (width * (Math.log10(value) - low)) / Math.max(1, top - low))) / 10;
  const bottom = 34 + rows.length * high;
  const grid = Array.from({ length: top - low + 1 }, (_, i) => {
    const value = 10 ** (low + i),
      label = unit === "1" ? String(value) : show(value * (1 + 1e-9), unit).replace(/\.0+(?= )/, "");
    return `<line x1="${x(value)}" x2="${x(value)}" y1="20" y2="${bottom - 10}" stroke="#d4d4d4"/><text x="${x(value)}" y="14" text-anchor="middle" fill="#737373">${label}</text>`;
  });
  const headings = ["brickbox", "of limit", "x JS", "x PyTorch"].map(
    (text, i) => `<text x="${left + width + 75 + i * 68}" y="14" text-anchor="end" fill="#737373">${text}</text>`,
  );
  const strips = rows.map((row, i) => strip(row, 36 + i * high, x, run));
  return `<svg viewBox="0 0 ${left + width + right} ${bottom}" width="100%">${[...grid, ...headings, ...strips].join("\n")}</svg>`;
};
const legend = (run: Run): string =>
  [
    ...run.contestants.map(
      ({ id, label, about }) =>
        `<span><i style="background:${colours[id]}"></i>${htmlText(label)} <small>${htmlText(about)}</small></span>`,
    ),
    '<span><i class="bar"></i>limit of the machine, two threads</span>',
  ].join("\n");
const absences = (rows: readonly RowResult[], run: Run): string => {
  const labels = new Map(run.contestants.map(({ id, label }) => [id, label]));
  const lines = rows.flatMap((row) =>
    Object.entries(row.cells).flatMap(([id, cell]) =>
      isMeasured(cell) ? [] : [`<li>${htmlText(row.name)}, ${labels.get(id) ?? id}: ${htmlText(cell.missing)}</li>`],
    ),
  );
  return lines.length === 0
    ? ""
    : `<details><summary>${lines.length} missing</summary><ul>${lines.join("")}</ul></details>`;
};

export const htmlPage = (run: Run, questions: ReadonlyMap<string, string>): string => {
  const suites = [...new Set(run.rows.map(({ suite }) => suite))];
  const sections = suites.map((suite) => {
    const rows = run.rows.filter((row) => row.suite === suite),
      units = [...new Set(rows.map(({ unit }) => unit))];
    const charts = units.map((unit) =>
      chart(
        rows.filter((row) => row.unit === unit),
        run,
      ),
    );
    return `<h2>${suite}: ${htmlText(questions.get(suite) ?? "")}</h2>${charts.join("")}${absences(rows, run)}`;
  });
  const limit = run.limits?.threads[2];
  const peak =
    limit === undefined
      ? ""
      : ` Two threads: ${(Math.max(limit.plain, limit.relaxed ?? 0) / 1e9).toFixed(0)} GFLOP/s, ${((limit.copy[3] as number) / 1e9).toFixed(0)} GB/s copied in 8 MB.`;
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>brickbox: benchmarks</title>
<style>
body { font: 14px/1.5 system-ui, "DejaVu Sans", sans-serif; max-width: 1240px; margin: 2em auto; padding: 0 1em; color: #262626; background: #fff }
h2 { font-size: 16px; margin: 2em 0 0.5em }
svg { font: 12px system-ui, "DejaVu Sans", sans-serif; display: block }
.legend { position: sticky; top: 0; background: #fffd; padding: 0.5em 0; display: flex; flex-wrap: wrap; gap: 0.2em 1.6em }
.legend i { display: inline-block; width: 11px; height: 11px; border-radius: 6px; margin-right: 5px }
.legend i.bar { width: 3px; height: 14px; border-radius: 0; background: #65a30d; vertical-align: -2px }
small, summary { color: #737373 }
</style>
<h1>brickbox: benchmarks</h1>
<p>Node ${htmlText(run.node)}, ${htmlText(run.processor)}, ${run.cores} cores, ${run.date.slice(0, 10)}${run.quick ? ", a quick run" : ""}.${peak}
Medians; the line through a dot is the middle half of the samples. Left is faster; the axis is logarithmic. Red: a target is missed. Details: point at a dot.</p>
<div class="legend">${legend(run)}</div>
${sections.join("\n")}
</html>
`;
};
