// What this machine allows wasm to do: floating-point operations and bytes per second, on one thread and on two. Prints JSON.
// The main thread only starts the workers, which is this file again.
import { setFlagsFromString } from "node:v8";
import { fileURLToPath } from "node:url";
import { isMainThread, Worker, workerData } from "node:worker_threads";
import { assemble, flopsPerRound } from "./module.ts";
import { type Limits, sizes } from "./types.ts";

interface Exports {
  readonly peak: (rounds: number, a: number, b: number) => number;
  readonly read: (at: number, bytes: number) => number;
  readonly copy: (at: number, bytes: number, to: number) => void;
}
type Kind = "relaxed" | "plain" | "read" | "copy";
interface Job {
  readonly kind: Kind;
  readonly bytes: number;
  readonly threads: number;
  readonly rounds: number;
  /** `[how many have arrived, ...seconds of each thread]`: a barrier, and the results in microseconds. */
  readonly shared: SharedArrayBuffer;
  readonly index: number;
}
const page = 65_536;

/** Node 20 knows relaxed SIMD behind a flag, newer ones without (and not the flag any more). */
const relaxedWorks = (): boolean => {
  const accepted = (): boolean => WebAssembly.validate(assemble(true, 1));
  if (accepted()) return true;
  setFlagsFromString("--experimental-wasm-relaxed-simd");
  return accepted();
};

/** All threads begin a round together. */
const meet = (cells: Int32Array, threads: number, round: number): void => {
  Atomics.add(cells, 0, 1);
  while (Atomics.load(cells, 0) < threads * (round + 1));
};
const work = ({ kind, bytes, threads, rounds, shared, index }: Job): void => {
  setFlagsFromString("--no-liftoff"); // straight to the optimizing tier
  if (kind === "relaxed") relaxedWorks();
  const pages = kind === "read" || kind === "copy" ? Math.ceil(bytes / page) + 1 : 1;
  const module = new WebAssembly.Module(assemble(kind === "relaxed", pages));
  const { peak, read, copy } = new WebAssembly.Instance(module).exports as unknown as Exports;
  const half = bytes / 2,
    amount = 1e5,
    repeats = Math.max(1, Math.floor((1 << 26) / bytes));
  const run = (): void => {
    if (kind === "read") for (let i = 0; i < repeats; i++) read(0, bytes);
    else if (kind === "copy") for (let i = 0; i < repeats; i++) copy(0, half, half);
    else peak(amount, 0.5, 1);
  };
  const done = kind === "read" || kind === "copy" ? repeats * bytes : amount * flopsPerRound;
  const cells = new Int32Array(shared),
    speeds = new Float64Array(shared, 8);
  // What was never written is one page of zeros in the first cache, however much of it is read.
  if (bytes > 0) for (const from of [0, half]) copy(from, half, half - from);
  run();
  for (let round = 0; round < rounds; round++) {
    meet(cells, threads, round);
    const begin = performance.now();
    run();
    speeds[index * rounds + round] = done / ((performance.now() - begin) / 1000);
  }
};

/** The best round of all threads together. */
const speed = async (kind: Kind, threads: number, bytes: number, rounds: number): Promise<number> => {
  const shared = new SharedArrayBuffer(8 + 8 * threads * rounds);
  await Promise.all(
    Array.from({ length: threads }, async (_, index) => {
      const job: Job = { kind, bytes: bytes / threads, threads, rounds, shared, index };
      const worker = new Worker(fileURLToPath(import.meta.url), { workerData: job });
      await new Promise<void>((resolve, reject) => {
        worker.on("exit", () => resolve());
        worker.on("error", reject);
      });
    }),
  );
  const speeds = new Float64Array(shared, 8);
  const totals = Array.from({ length: rounds }, (_, r) =>
    Array.from({ length: threads }, (_, i) => speeds[i * rounds + r] as number).reduce((a, b) => a + b),
  );
  return Math.max(...totals);
};

const measure = async (rounds: number): Promise<Limits> => {
  const relaxedThere = relaxedWorks();
  const onThreads = async (threads: 1 | 2): Promise<Limits["threads"][1]> => {
    const curve = async (kind: Kind): Promise<readonly number[]> => {
      const speeds: number[] = [];
      for (const bytes of sizes) speeds.push(await speed(kind, threads, bytes, rounds));
      return speeds;
    };
    return {
      plain: await speed("plain", threads, 0, rounds),
      relaxed: relaxedThere ? await speed("relaxed", threads, 0, rounds) : null,
      read: await curve("read"),
      copy: await curve("copy"),
    };
  };
  return { threads: { 1: await onThreads(1), 2: await onThreads(2) } };
};

if (isMainThread) console.log(JSON.stringify(await measure(Number(process.argv[2] ?? 5))));
else work(workerData as Job);
