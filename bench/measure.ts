// Measuring: everyone computes, results are compared, then those who agree are timed in turns, in one run.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as quiet } from "node:timers/promises";
import { type Child, type Reply, startChild } from "./child.ts";
import { difference, type Outputs, readOutputs, witnesses } from "./compare.ts";
import type { Contestant, Place } from "./contestants.ts";
import { type Cell, summarize } from "./results.ts";
import { fill, type Row, type Suite } from "./row.ts";

export interface Effort {
  readonly warmSeconds: number;
  readonly sliceSeconds: number;
  /** How often everyone has a turn. */
  readonly rounds: number;
  /** Fresh processes for the time of a first call. */
  readonly fresh: number;
}
export type Report = (row: Row, cells: Readonly<Record<string, Cell>>) => void;
/** A contestant takes no more turns than this many seconds allow. */
const patience = 4;
/** Threads of the one before may spin for this long (ms) before they sleep: nobody should have to share the cores with them. */
const settling = 40;
const limitSeconds = 12;

const writeTask = (row: Row, folder: string): object => ({
  op: row.op,
  args: row.args ?? {},
  inputs: Object.entries(row.inputs).map(([name, input], seed) => {
    const data = fill(input, seed + 1),
      file = join(folder, `in.${seed}`);
    writeFileSync(file, data);
    const dtype = input.below === undefined ? "float32" : "int32";
    return { name, file, dtype, shape: input.shape, trained: input.trained ?? false };
  }),
});

interface Entry {
  readonly contestant: Contestant;
  readonly child: Child;
  readonly firstSeconds: number;
  readonly outputs: Outputs;
}
const cellOf = ({ error }: Reply): Cell => ({ missing: (error ?? "no reply").split("\n")[0]?.slice(0, 160) ?? "" });
const prepared = async (contestant: Contestant, child: Child, task: object, folder: string): Promise<Entry | Cell> => {
  const out = join(folder, contestant.id),
    reply = await child.ask({ command: "prepare", task, out }, limitSeconds);
  if (reply.error !== undefined) return cellOf(reply);
  return {
    contestant,
    child,
    firstSeconds: reply.firstSeconds as number,
    outputs: readOutputs(out, reply.outputs as number),
  };
};
const isEntry = (x: Entry | Cell): x is Entry => "child" in x;

/** Those who agree with the first witness; the others get a cell that says how they differ. */
const agreeing = (entries: readonly Entry[], row: Row, cells: Record<string, Cell>): readonly Entry[] => {
  const witness = witnesses.flatMap((id) => entries.find(({ contestant }) => contestant.id === id) ?? [])[0];
  return entries.filter((entry) => {
    const wrong = difference(entry.outputs, (witness as Entry).outputs, row.tolerance ?? 1e-3);
    if (wrong !== null)
      cells[entry.contestant.id] = { missing: `disagrees with ${witness?.contestant.label}: ${wrong}` };
    return wrong === null;
  });
};
const timeRow = async (entries: readonly Entry[], effort: Effort, cells: Record<string, Cell>): Promise<void> => {
  const samples = new Map<Entry, number[]>(),
    cost = new Map<Entry, number>();
  for (const entry of entries) {
    const reply = await entry.child.ask({ command: "warm", seconds: effort.warmSeconds }, limitSeconds);
    if (reply.error !== undefined) cells[entry.contestant.id] = cellOf(reply);
    else {
      const expected = reply.expected as number;
      cost.set(entry, expected);
      // What takes long has been measured by now; its first run is past.
      samples.set(entry, expected > patience / 2 ? [expected] : []);
    }
  }
  for (let round = 0; round < effort.rounds; round++)
    // There and back: nobody always runs after the same neighbour.
    for (const [entry, all] of round % 2 === 0 ? samples : [...samples].reverse()) {
      if (!entry.child.alive() || (cost.get(entry) as number) * (all.length + 1) > patience) continue;
      await quiet(settling);
      const reply = await entry.child.ask({ command: "time", seconds: effort.sliceSeconds }, limitSeconds);
      if (reply.error !== undefined) cells[entry.contestant.id] = cellOf(reply);
      else all.push(...(reply.samples as number[]));
    }
  for (const [{ contestant }, all] of samples) if (all.length > 0) cells[contestant.id] = summarize(all);
};

/** A row of which only fresh processes can tell: the first call, or what a process reports of itself. */
const fresh = async (
  row: Row,
  takingPart: readonly Contestant[],
  place: Place,
  effort: Effort,
  folder: string,
): Promise<Readonly<Record<string, Cell>>> => {
  const cells: Record<string, Cell> = {},
    values = new Map<string, number[]>(),
    task = writeTask(row, folder);
  for (let round = 0; round < (row.kind === "report" ? 1 : effort.fresh); round++) {
    const entries: Entry[] = [];
    for (const contestant of takingPart) {
      if (cells[contestant.id] !== undefined) continue;
      const child = await startChild(contestant.command(place));
      const entry =
        child.hello.error === undefined ? await prepared(contestant, child, task, folder) : cellOf(child.hello);
      child.close();
      if (isEntry(entry)) entries.push(entry);
      else cells[contestant.id] = entry;
    }
    const right = row.kind === "report" ? entries : agreeing(entries, row, cells);
    for (const { contestant, firstSeconds, outputs } of right) {
      const value = row.kind === "report" ? (outputs[0]?.[0] as number) : firstSeconds;
      values.set(contestant.id, [...(values.get(contestant.id) ?? []), value]);
    }
  }
  for (const [id, all] of values) cells[id] ??= summarize(all);
  return cells;
};

/** Measure the rows of a suite; a contestant has one process for all of them, unless it dies. */
export const measureSuite = async (
  suite: Suite,
  everyone: readonly Contestant[],
  place: Place,
  effort: Effort,
  report: Report,
): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), "brickbox-bench-"));
  const children = new Map<Contestant, Child>();
  try {
    for (const row of suite.rows) {
      const takingPart = everyone.filter(({ id }) => row.only?.includes(id) ?? true);
      if (row.kind !== undefined && row.kind !== "time") {
        report(row, await fresh(row, takingPart, place, effort, folder));
        continue;
      }
      const cells: Record<string, Cell> = {},
        task = writeTask(row, folder),
        entries: Entry[] = [];
      for (const contestant of takingPart) {
        if (children.get(contestant)?.alive() !== true)
          children.set(contestant, await startChild(contestant.command(place)));
        const child = children.get(contestant) as Child;
        const entry =
          child.hello.error === undefined ? await prepared(contestant, child, task, folder) : cellOf(child.hello);
        if (isEntry(entry)) entries.push(entry);
        else cells[contestant.id] = entry;
      }
      await timeRow(agreeing(entries, row, cells), effort, cells);
      report(row, cells);
    }
  } finally {
    for (const child of children.values()) child.close();
    rmSync(folder, { recursive: true, force: true });
  }
};
