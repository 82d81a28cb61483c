// Benchmarks. `npm run bench` runs all suites, `npm run bench -- matmul rows` some; `--quick` takes few samples.
// Results go to a table and to out/bench/node-<version>.json. Another Node: `<path of node> --import tsx bench/index.ts`.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import benny from "benny";
import { contraction } from "./contraction.ts";
import { elementwise } from "./elementwise.ts";
import { limits } from "./limits.ts";
import { overhead } from "./overhead.ts";
import { rows } from "./rows.ts";
import type { Once, Suite, Timed } from "./subject.ts";
import { training } from "./training.ts";

const suites: readonly Suite[] = [overhead, elementwise, rows, contraction, training, limits];

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    out: { type: "string", default: "out/bench" },
    help: { type: "boolean", default: false },
    once: { type: "string" },
  },
});
const unknown = positionals.filter((name) => !suites.some((s) => s.name === name));
if (options.help || unknown.length > 0) {
  console.log(`usage: npm run bench -- [--quick] [--out FOLDER] [suite...]\n`);
  for (const { name, question } of suites) console.log(`  ${name.padEnd(12)} ${question}`);
  process.exit(unknown.length > 0 ? 1 : 0);
}

// What is measured once has a process of its own, which prints the number: first calls profit from what ran before them,
// and memory remembers it.
if (options.once !== undefined) {
  const subject = suites.flatMap(({ subjects }) => subjects).find(({ name }) => name === options.once);
  console.log((subject as Once).measure());
  process.exit();
}
const inOwnProcess = (name: string): number => {
  const words = [...process.execArgv, fileURLToPath(import.meta.url), "--once", name];
  return Number(execFileSync(process.execPath, words, { encoding: "utf8" }));
};

/** One line of the table. */
interface Result {
  readonly suite: string;
  readonly name: string;
  readonly value: number;
  readonly unit: "s" | "MB";
  readonly gflops: number | null;
  /** What is promised, if anything is. */
  readonly limit: number | null;
  readonly margin: number | null;
}

const effort = options.quick ? { minSamples: 3, maxTime: 0.2 } : { minSamples: 20, maxTime: 2 };

/** Measure what is measured once, then time the others. Everything is prepared, and checked, before the clock runs. */
const measure = async (suite: Suite, report: (result: Result) => void): Promise<void> => {
  for (const { name, limit = null, ...subject } of suite.subjects)
    if (subject.kind === "once") {
      const value = inOwnProcess(name);
      report({ suite: suite.name, name, value, unit: subject.unit, gflops: null, limit, margin: null });
    }
  const subjects = suite.subjects.filter((s): s is Timed => s.kind === "timed");
  if (subjects.length === 0) return;
  const cases = subjects.map(({ name, prepare }) => {
    const run = prepare();
    return benny.add(name, () => void run(), effort);
  });
  const finished = benny.cycle(({ name, details, margin }) => {
    const { flops, limit = null } = subjects.find((s) => s.name === name) as Timed;
    const gflops = flops === undefined ? null : flops / details.median / 1e9;
    report({ suite: suite.name, name, value: details.median, unit: "s", gflops, limit, margin });
  });
  await benny.suite(suite.name, ...cases, finished);
};

const scales = [
  [1, "s"],
  [1e-3, "ms"],
  [1e-6, "us"],
  [0, "ns"],
] as const;
const show = (value: number, unit: Result["unit"]): string => {
  if (unit === "MB") return `${value.toFixed(0)} MB`;
  const [scale, name] = scales.find(([s]) => value >= s) ?? scales[3];
  return `${(value / (scale || 1e-9)).toPrecision(3)} ${name}`;
};
const line = ({ name, value, unit, gflops, limit, margin }: Result): string =>
  [
    `  ${name.padEnd(52)}`,
    show(value, unit).padStart(10),
    (margin === null ? "" : `±${margin.toFixed(0)} %`).padStart(7),
    (gflops === null ? "" : `${gflops.toFixed(1)} GFLOP/s`).padStart(15),
    limit === null ? "" : `   ${value <= limit ? "ok  " : "SLOW"} at most ${show(limit, unit)}`,
  ].join("");

console.log(`Node ${process.versions.node}, ${process.platform} ${process.arch}`);
const results: Result[] = [];
for (const suite of suites.filter(({ name }) => positionals.length === 0 || positionals.includes(name))) {
  console.log(`\n${suite.name}: ${suite.question}`);
  await measure(suite, (result) => {
    results.push(result);
    console.log(line(result));
  });
}
mkdirSync(options.out, { recursive: true });
const file = `${options.out}/node-${process.versions.node}.json`;
writeFileSync(
  file,
  `${JSON.stringify({ node: process.versions.node, date: new Date().toISOString(), results }, null, 2)}\n`,
);
console.log(`\n${file}`);
