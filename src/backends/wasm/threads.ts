// The pool of threads: workers that share the jobs of one memory with the thread that calls.
//
// A job is one run of a split kernel. The caller fills a free slot, publishes the ticket, takes chunks itself until none is
// left, and waits for those that workers hold. There is one job at a time, since the caller waits.
import type { Helper, Message, Start } from "./workerHandle.ts";
import { firstSlot, job, slotWords, slots, words } from "./layout.ts";

/** A job that could not be finished because a worker was lost or failed. What it should have written is undefined. */
export class LostWork extends Error {}

/** A module as workers know it. */
export interface Unit {
  readonly id: number;
  readonly module: WebAssembly.Module;
}

/** What a module imports to have its kernels shared; addresses of jobs are in bytes. */
export interface Sharing {
  /** An empty job. */
  readonly open: () => number;
  /** Show it to workers: which of the module's kernels, for how many threads. */
  readonly publish: (address: number, kernel: number, threads: number) => void;
  /** Wait until all its chunks are done. Throws LostWork. */
  readonly join: (address: number, chunks: number) => void;
}

/** How often a wait looks before it asks for the time. */
const looks = 1000,
  /** How long `join` looks before it begins to sleep (waking takes as long as a small kernel), how long it sleeps at a time, and after how long without progress it has a look at the workers, in ms. */
  hope = 1,
  nap = 0.05,
  suspicious = 1000;
/** Between two looks: where the processor runs two threads on one core, the other one gets more of it. */
const breathe: () => void = (Atomics as { readonly pause?: () => void }).pause ?? (() => undefined);
/** Workers that may be lost before the pool gives up starting new ones. */
const mostLosses = 16;

/** Whether this thread may sleep: browsers forbid it to the main one. */
const maySleep = (control: Int32Array): boolean => {
  try {
    Atomics.wait(control, words.era, Atomics.load(control, words.era) + 1, 0);
    return true;
  } catch {
    return false;
  }
};

export class ThreadPool {
  private readonly memory: WebAssembly.Memory;
  private readonly control: Int32Array;
  private readonly start: Start;
  private readonly sleeps: boolean;
  /** Worker i is thread i + 1; null where one was lost. */
  private readonly helpers: (Helper | null)[] = [];
  /** The modules that each worker has been sent. */
  private sent = new WeakMap<Helper, Set<number>>();
  /** What `ready` has made ready already, until a worker changes. */
  private readonly prepared = new Map<number, number>();
  private losses = 0;
  private ticket: number;
  /** First word of the job that is running, or -1. */
  private running = -1;

  constructor(memory: WebAssembly.Memory, start: Start) {
    this.memory = memory;
    this.start = start;
    this.control = new Int32Array(memory.buffer);
    this.sleeps = maySleep(this.control);
    this.ticket = Atomics.load(this.control, words.ticket);
  }

  /** Workers that are there. */
  get workers(): readonly Helper[] {
    return this.helpers.filter((h) => h !== null);
  }

  /** Make sure that there are workers for `threads` threads, as far as they can be had, and that they know the module. */
  ready(threads: number, unit: Unit): void {
    if ((this.prepared.get(unit.id) ?? 0) >= threads) return;
    for (let i = 0; i < threads - 1; i++) {
      const helper = this.helpers[i] ?? this.hire(i + 1);
      if (helper === null) continue;
      const known = this.sent.get(helper) as Set<number>;
      if (known.has(unit.id)) continue;
      helper.send(unit);
      known.add(unit.id);
    }
    this.prepared.set(unit.id, threads);
  }
  /** Workers may forget a module. */
  drop(id: number): void {
    this.prepared.delete(id);
    for (const helper of this.workers) if (this.sent.get(helper)?.delete(id) === true) helper.send({ id });
  }

  /** The imports of a module. */
  readonly sharing = (module: number): Sharing => ({
    open: () => {
      const { control } = this,
        latest = this.ticket & (slots - 1);
      let slot = latest;
      do slot = (slot + 1) & (slots - 1);
      while (slot !== latest && this.watched(slot));
      // Every slot has a thread that is about to look at it: this job stays with the caller.
      if (slot === latest) slot = slots;
      const at = firstSlot + slot * slotWords;
      control[at + job.next] = 0;
      control[at + job.done] = 0;
      this.running = at;
      return at * 4;
    },
    publish: (address, kernel, threads) => {
      const { control } = this,
        at = address / 4,
        slot = (at - firstSlot) / slotWords;
      if (slot === slots) return;
      control[at + job.module] = module;
      control[at + job.kernel] = kernel;
      control[at + job.threads] = threads;
      this.ticket = ((this.ticket & -slots) + slots) | slot;
      Atomics.store(control, words.ticket, this.ticket);
      if (Atomics.load(control, words.parked) > 0) Atomics.notify(control, words.ticket, threads - 1);
    },
    join: (address, chunks) => {
      const at = address / 4;
      // Most waits are short: the time is not even asked for.
      if (!this.seen(at + job.done, chunks)) {
        const until = performance.now() + hope;
        let done = false;
        do done = this.seen(at + job.done, chunks);
        while (!done && performance.now() < until);
        if (!done) this.wait(at, chunks);
      }
      this.running = -1;
    },
  });

  /** After an error of the caller in the midst of a job: no further chunk is begun, and nobody is at work when this returns. */
  settle(): void {
    const at = this.running;
    if (at < 0) return;
    Atomics.store(this.control, at + job.next, 1 << 30);
    this.running = -1;
    this.whileLookedAt((at - firstSlot) / slotWords);
    this.complaints();
  }

  /** Let all workers end. */
  end(): void {
    const { control } = this;
    Atomics.add(control, words.era, 1);
    // The ticket changes, its slot does not: who looks finds the new era.
    this.ticket = (this.ticket + slots) | 0;
    Atomics.store(control, words.ticket, this.ticket);
    Atomics.notify(control, words.ticket);
    for (let slot = 0; slot < slots; slot++) this.whileLookedAt(slot);
    this.helpers.length = 0;
    this.prepared.clear();
  }

  private hire(thread: number): Helper | null {
    while (this.helpers.length < thread) this.helpers.push(null);
    if (this.losses >= mostLosses) return null;
    let helper: Helper | null = null;
    try {
      helper = this.start(() => {
        if (this.helpers[thread - 1] === helper) this.lose(thread);
      });
    } catch {
      // The engine refuses (a limit, a permission): we do with what there is.
      this.losses = mostLosses;
      return null;
    }
    const hello: Message = {
      memory: this.memory,
      thread,
      era: Atomics.load(this.control, words.era),
      seen: this.ticket,
    };
    helper.send(hello);
    this.helpers[thread - 1] = helper;
    this.sent.set(helper, new Set());
    return helper;
  }
  /** A worker is gone: what it was looking at is free, another may take its place. */
  private lose(thread: number): void {
    this.helpers[thread - 1] = null;
    this.losses++;
    this.prepared.clear();
    Atomics.store(this.control, words.looking + thread, 0);
  }

  /** Whether any thread may be looking at a slot. */
  private watched(slot: number): boolean {
    for (let t = 1; t <= this.helpers.length; t++)
      if (Atomics.load(this.control, words.looking + t) === slot + 1) return true;
    return false;
  }
  /** Wait until no living thread looks at a slot; those that are not alive are lost, and counted. */
  private whileLookedAt(slot: number): number {
    let lost = 0;
    for (let i = 0; this.watched(slot); i++) {
      if (i < looks) continue;
      this.pause(words.era);
      if (i % looks === 0) lost += this.bury(slot);
    }
    return lost;
  }
  /** Drop the workers that are dead; counts those that looked at a slot. */
  private bury(slot: number): number {
    let lost = 0;
    this.helpers.forEach((h, i) => {
      if (h === null || h.alive()) return;
      if (Atomics.load(this.control, words.looking + i + 1) === slot + 1) lost++;
      this.lose(i + 1);
    });
    return lost;
  }

  private wait(at: number, chunks: number): void {
    const { control } = this,
      slot = (at - firstSlot) / slotWords;
    let last = -1,
      since = 0;
    for (;;) {
      const done = Atomics.load(control, at + job.done);
      if (done === chunks) return;
      if (Atomics.load(control, words.faults) > 0) {
        this.whileLookedAt(slot);
        throw new LostWork(this.complaints());
      }
      const now = performance.now();
      if (done !== last) {
        last = done;
        since = now;
      } else if (now - since > suspicious) {
        since = now;
        // Only when all who live have left the job is it certain that nobody will finish it.
        if (this.bury(slot) > 0) {
          this.whileLookedAt(slot);
          if (Atomics.load(control, at + job.done) < chunks)
            throw new LostWork("a worker thread that was ended while it held part of the work");
        }
      }
      this.pause(at + job.done, done);
    }
  }
  /** Look whether a word becomes `value`, for some microseconds. */
  private seen(word: number, value: number): boolean {
    for (let i = 0; i < looks; i++) {
      if (Atomics.load(this.control, word) === value) return true;
      breathe();
    }
    return false;
  }
  /** Sleep for a moment, or until nobody knows: a nap leaves the processor to others. */
  private pause(word: number, value = Atomics.load(this.control, word)): void {
    if (this.sleeps) Atomics.wait(this.control, word, value, nap);
    else for (let i = 0; i < 1000 && Atomics.load(this.control, word) === value; i++);
  }
  /** What workers have to say about their errors; those that had one are let go, and others take their places. */
  private complaints(): string {
    if (Atomics.exchange(this.control, words.faults, 0) === 0) return "no errors";
    const texts: string[] = [];
    this.helpers.forEach((h, i) => {
      const text = h?.said() ?? null;
      if (h === null || text === null) return;
      texts.push(text);
      h.kill();
      this.lose(i + 1);
    });
    return `an error in a worker thread: ${texts.length === 0 ? "unknown" : texts.join("; ")}`;
  }
}
