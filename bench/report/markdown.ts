// The table in the README.
import { readFileSync, writeFileSync } from "node:fs";
import { type Cell, isMeasured, missed, oursOf, ratios, type RowResult, type Run } from "../results.ts";
import { show, showPercent, showRatio } from "./format.ts";

const markers = ["<!-- bench:begin -->", "<!-- bench:end -->"] as const;

const cell = (row: RowResult, ...ids: readonly string[]): string => {
  const medians = ids.flatMap((id) => {
    const got: Cell | undefined = row.cells[id];
    return isMeasured(got) ? [got.median] : [];
  });
  return medians.length === 0 ? "" : show(Math.min(...medians), row.unit);
};
const bold = (text: string, when: boolean): string => (when && text !== "" ? `**${text}**` : text);

/** Columns: heading, and what a row shows there. What beats the rivals is bold. */
const columns: readonly (readonly [string, (row: RowResult) => string])[] = [
  ["", ({ name }) => name],
  ["brickbox", (row) => (oursOf(row) === null ? "" : show(oursOf(row) as number, row.unit))],
  ["one thread", (row) => cell(row, "brickbox1")],
  ["of the limit", (row) => showPercent(ratios(row).limit)],
  ["jax-js", (row) => cell(row, "jaxjs")],
  ["TensorFlow.js", (row) => cell(row, "tfjs-wasm", "tfjs-cpu")],
  ["ONNX web", (row) => cell(row, "onnx")],
  ["plain JS", (row) => cell(row, "plain")],
  ["PyTorch", (row) => cell(row, "torch")],
  ["x JS", (row) => bold(showRatio(ratios(row).js), (ratios(row).js ?? 0) >= 1)],
  ["x PyTorch", (row) => bold(showRatio(ratios(row).torch), (ratios(row).torch ?? 0) >= 1)],
];
const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

export const markdownTable = (run: Run): string => {
  const suites = [...new Set(run.rows.map(({ suite }) => suite))];
  const body = suites.flatMap((suite) => [
    line([`**${suite}**`, ...columns.slice(1).map(() => "")]),
    ...run.rows.filter((row) => row.suite === suite).map((row) => line(columns.map(([, f]) => f(row)))),
  ]);
  const aimed = run.rows.filter(({ target }) => Object.keys(target).length > 0),
    reached = aimed.filter((row) => missed(row).length === 0).length;
  const peaks = run.limits?.threads[2];
  const where = [
    `Medians of one run on ${run.cores} cores (${run.processor}), Node ${run.node}, ${run.date.slice(0, 10)}.`,
    peaks === undefined
      ? ""
      : `The limit is the least time that the measured peak of WebAssembly (${(Math.max(peaks.plain, peaks.relaxed ?? 0) / 1e9).toFixed(0)} GFLOP/s on two threads) or its bandwidth allows.`,
    "*x JS* is the faster of jax-js and TensorFlow.js (the better of its wasm and cpu backends) divided by brickbox; brickbox and PyTorch have two threads.",
    `Targets are met in ${reached} of ${aimed.length} rows that have one. An empty cell: there is no such operation, it failed or disagreed; the JSON says which.`,
  ];
  return [
    where.filter((text) => text !== "").join(" "),
    "",
    line(columns.map(([heading]) => heading)),
    line(columns.map((_, i) => (i === 0 ? "---" : "--:"))),
    ...body,
  ].join("\n");
};

/** Put the table between the markers of the file. */
export const writeTable = (file: string, run: Run): void => {
  const text = readFileSync(file, "utf8"),
    [begin, end] = markers.map((marker) => text.indexOf(marker)) as [number, number];
  if (begin < 0 || end < begin) throw new Error(`${file} has no lines ${markers.join(" and ")}`);
  writeFileSync(file, `${text.slice(0, begin + markers[0].length)}\n\n${markdownTable(run)}\n\n${text.slice(end)}`);
};
