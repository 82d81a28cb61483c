// Benchmarks against rivals: `npm run bench -- --help`. Everyone runs in a process of its own, in turns, in the same run; results are
// compared before anything is timed.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startChild } from "./child.ts";
import { type Contestant, contestants, isOurs, type Place, somePython } from "./contestants.ts";
import { leastTime, type Limits, sizes } from "./limits/types.ts";
import { type Effort, measureSuite } from "./measure.ts";
import { show, showPercent, showRatio } from "./report/format.ts";
import { htmlPage } from "./report/html.ts";
import { writeTable } from "./report/markdown.ts";
import { isMeasured, missed, ratios, type RowResult, type Run } from "./results.ts";
import type { Suite } from "./row.ts";
import { build, installRivals, measureLimits, nodeVersion } from "./setup.ts";
import { convolution } from "./suites/conv.ts";
import { compile, memory, overhead } from "./suites/costs.ts";
import { elementwise } from "./suites/elementwise.ts";
import { matmul } from "./suites/matmul.ts";
import { reductions } from "./suites/reductions.ts";
import { attention, rnn } from "./suites/sequences.ts";
import { train } from "./suites/train.ts";

const limitsSuite: Suite = { name: "limits", question: "What does this machine allow WebAssembly to do?", rows: [] };
const suites: readonly Suite[] = [
  limitsSuite,
  elementwise,
  reductions,
  matmul,
  convolution,
  attention,
  rnn,
  train,
  overhead,
  compile,
  memory,
];
const questions = new Map(suites.map(({ name, question }) => [name, question]));

const usage = `usage: npm run bench -- [options]

  --suite NAME    a suite, several times or with commas (default all)
  --row TEXT      only rows whose name contains the text
  --rivals WHO    all (default), none, or some of ${contestants
    .filter((c) => !isOurs(c))
    .map(({ id }) => id)
    .join(",")}
  --quick         few samples: does it run at all?
  --node PATH     the Node that runs JavaScript (default the present one)
  --python PATH   a python3 that has torch (default Debian's)
  --out FOLDER    where JSON and chart go (default bench/results for a full run, else out/bench)
  --readme        put the table into README.md
  --from FILE     measure nothing, report what this JSON says
  --help          this text

suites:
${suites.map(({ name, question }) => `  ${name.padEnd(12)} ${question}`).join("\n")}`;

const root = fileURLToPath(new URL("..", import.meta.url));
const stop = (complaint: string): never => {
  console.error(`${complaint}\n\n${usage}`);
  process.exit(1);
};
const parsed = (() => {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        suite: { type: "string", multiple: true, default: [] },
        row: { type: "string", default: "" },
        rivals: { type: "string", default: "all" },
        quick: { type: "boolean", default: false },
        node: { type: "string", default: process.execPath },
        python: { type: "string", default: somePython() },
        out: { type: "string" },
        readme: { type: "boolean", default: false },
        from: { type: "string" },
        help: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    return stop(error instanceof Error ? error.message : String(error));
  }
})();
const { values: options, positionals } = parsed;
if (options.help) {
  console.log(usage);
  process.exit();
}
const wanted = [...options.suite, ...positionals].flatMap((names) => names.split(",")),
  unknownSuite = wanted.find((name) => !questions.has(name));
if (unknownSuite !== undefined) stop(`There is no suite ${unknownSuite}.`);
const rivalNames = options.rivals.split(","),
  everybody = options.rivals === "all";
const unknownRival = rivalNames.find((id) => !["all", "none", ...contestants.map((c) => c.id)].includes(id));
if (unknownRival !== undefined) stop(`There is no rival ${unknownRival}.`);

const place: Place = { root, built: join(root, "out/bench/js"), node: options.node, python: options.python };
const effort: Effort = options.quick
  ? { warmSeconds: 0, sliceSeconds: 0.01, rounds: 1, fresh: 1 }
  : { warmSeconds: 0.15, sliceSeconds: 0.1, rounds: 4, fresh: 3 };

/** Start everybody once: who is there, and in what version? */
const present = async (): Promise<readonly (Contestant & { readonly about: string; readonly there: boolean })[]> => {
  const asked = contestants.filter((c) => isOurs(c) || everybody || rivalNames.includes(c.id));
  const missing = asked.some(({ installed }) => installed) ? installRivals(place) : null;
  const found = [];
  for (const contestant of asked) {
    const refusal = contestant.installed === true ? missing : null;
    const child = refusal === null ? await startChild(contestant.command(place)) : null;
    const error = refusal ?? child?.hello.error;
    child?.close();
    const about = error === undefined ? String(child?.hello.version ?? "") : `missing: ${error}`;
    found.push({ ...contestant, about, there: error === undefined });
  }
  return found;
};

const showLimits = ({ threads }: Limits): string =>
  ([1, 2] as const)
    .flatMap((n) => {
      const { plain, relaxed, read, copy } = threads[n];
      const giga = (x: number | null): string => (x === null ? "-" : (x / 1e9).toFixed(0)).padStart(4);
      const curve = (name: string, speeds: readonly number[]): string =>
        `  ${n} thread${n === 1 ? " " : "s"}  ${name} GB/s ${sizes.map((s, i) => `${show(s, "B")}: ${giga(speeds[i] as number)}`).join("  ")}`;
      return [
        `  ${n} thread${n === 1 ? " " : "s"}  GFLOP/s with relaxed madd ${giga(relaxed)}, with mul and add ${giga(plain)}`,
        curve("read", read),
        curve("copy", copy),
      ];
    })
    .join("\n");

const showRow = (row: RowResult, position: string): string => {
  const cells = Object.entries(row.cells).map(
    ([id, cell]) => `${id} ${isMeasured(cell) ? show(cell.median, row.unit) : "-"}`,
  );
  const { limit, js, torch } = ratios(row);
  const facts = [
    limit === null ? "" : `${showPercent(limit)} of the limit`,
    js === null ? "" : `x JS ${showRatio(js)}`,
    torch === null ? "" : `x PyTorch ${showRatio(torch)}`,
    missed(row).length > 0 ? `misses ${missed(row).join(", ")}` : "",
  ].filter((text) => text !== "");
  const ours = Object.entries(row.cells).flatMap(([id, cell]) =>
    id.startsWith("brickbox") && !isMeasured(cell) ? [`\n    ${id}: ${cell.missing}`] : [],
  );
  return `${position} ${row.name}\n    ${cells.join("   ")}${facts.length > 0 ? `\n    ${facts.join(", ")}` : ""}${ours.join("")}`;
};

const measureAll = async (): Promise<Run> => {
  const begin = performance.now();
  console.log("Building...");
  build(place);
  const found = await present();
  for (const { label, about } of found) console.log(`  ${label.padEnd(22)} ${about}`);
  const chosen = suites
    .filter(({ name }) => wanted.length === 0 || wanted.includes(name))
    .map((suite) => ({ ...suite, rows: suite.rows.filter(({ name }) => name.includes(options.row)) }));
  console.log("\nlimits: measuring peak and bandwidth...");
  const limits = measureLimits(place, options.quick ? 1 : 8);
  console.log(showLimits(limits));
  const rows: RowResult[] = [],
    total = chosen.reduce((sum, suite) => sum + suite.rows.length, 0);
  for (const suite of chosen) {
    if (suite.rows.length > 0) console.log(`\n${suite.name}: ${suite.question}`);
    await measureSuite(
      suite,
      found.filter(({ there }) => there),
      place,
      effort,
      (row, cells) => {
        const least = [leastTime(row, limits, 2), leastTime(row, limits, 1)] as const;
        const { name, kind = "time", unit = "s", target = {}, flops = null } = row;
        rows.push({ suite: suite.name, name, kind, unit, target, flops, least, cells });
        const seconds = ((performance.now() - begin) / 1000).toFixed(0);
        console.log(showRow(rows.at(-1) as RowResult, `[${rows.length}/${total}, ${seconds} s]`));
      },
    );
  }
  return {
    date: new Date().toISOString(),
    node: nodeVersion(place),
    processor: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    quick: options.quick,
    seconds: (performance.now() - begin) / 1000,
    contestants: found.map(({ id, label, about }) => ({ id, label, about })),
    limits,
    rows,
  };
};

const run = options.from === undefined ? await measureAll() : (JSON.parse(readFileSync(options.from, "utf8")) as Run);
/** Only a full run replaces the results that are kept. */
const full = !options.quick && wanted.length === 0 && options.row === "" && everybody;
const out = resolve(options.out ?? join(root, full ? "bench/results" : "out/bench"));
mkdirSync(out, { recursive: true });
const name = join(out, `node-${run.node.split(".")[0]}`);
if (options.from === undefined) writeFileSync(`${name}.json`, `${JSON.stringify(run, null, 1)}\n`);
writeFileSync(`${name}.html`, htmlPage(run, questions));
if (options.readme) writeTable(join(root, "README.md"), run);
const wrong = run.rows.filter(({ cells }) =>
  Object.entries(cells).some(([id, cell]) => id.startsWith("brickbox") && !isMeasured(cell)),
);
for (const row of wrong) console.log(`brickbox has no number for ${row.name}`);
console.log(`\n${run.rows.length} rows in ${run.seconds.toFixed(0)} s: ${name}.json, ${name}.html`);
