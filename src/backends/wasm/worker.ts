// The program of a worker thread, as text: it runs from a string in Node and from a blob in browsers, whatever bundles us.
import { firstSlot, job, slotWords, slots, words } from "./layout.ts";

/** How long a worker looks out for work before it parks, in milliseconds: waking it costs 40 to 130 microseconds, a few milliseconds if the system puts it on the caller's core. Programs have serial parts, loops of calls have JavaScript between them, and a turn of the event loop takes a millisecond if there is a timer. */
const patience = 2;

/**
 * A worker is told its memory and its number, then modules to keep (`id`, `module`) and to drop (`id` alone). It looks at the
 * ticket: when it changes, it announces the slot it is going to look at and looks at the ticket again, so that the caller either
 * sees the announcement or has moved on already. A module that it does not know has been sent before the job was: Node can
 * read messages at any time; in browsers the worker goes back to its event loop, and returns with the message.
 */
export const workerSource = `"use strict";
const node = typeof require === "function" ? require("node:worker_threads") : null;
const modules = new Map();
let port = null, memory = null, control = null, thread = 0, era = 0, seen = 0;
const breathe = Atomics.pause ?? (() => {});
const refuse = () => { throw new Error("only the first thread may do this"); };
const jobsOf = (module) => {
  const env = { memory };
  for (const { name, kind } of WebAssembly.Module.imports(module)) if (kind === "function") env[name] = refuse;
  return Object.entries(new WebAssembly.Instance(module, { env }).exports)
    .filter(([name]) => name !== "main")
    .map(([, f]) => f);
};
const take = (message) => {
  if (message === null) return;
  if (message.memory !== undefined) {
    ({ memory, thread, era, seen } = message);
    control = new Int32Array(memory.buffer);
  } else if (message.module !== undefined) modules.set(message.id, message.module);
  else modules.delete(message.id);
};
const known = (id) => {
  if (node !== null)
    while (!modules.has(id)) {
      const next = node.receiveMessageOnPort(port);
      if (next === undefined) break;
      take(next.message);
    }
  const found = modules.get(id);
  if (found === undefined || Array.isArray(found)) return found;
  const jobs = jobsOf(found);
  modules.set(id, jobs);
  return jobs;
};
const rest = () => {
  const until = performance.now() + ${patience};
  do {
    for (let i = 0; i < 50; i++) {
      if (Atomics.load(control, ${words.ticket}) !== seen) return;
      breathe();
    }
  } while (performance.now() < until);
  Atomics.add(control, ${words.parked}, 1);
  Atomics.wait(control, ${words.ticket}, seen);
  Atomics.sub(control, ${words.parked}, 1);
};
const work = () => {
  for (;;) {
    const ticket = Atomics.load(control, ${words.ticket});
    if (ticket === seen) {
      rest();
      continue;
    }
    const slot = ticket & ${slots - 1}, at = ${firstSlot} + slot * ${slotWords}, mine = ${words.looking} + thread;
    Atomics.store(control, mine, slot + 1);
    if (Atomics.load(control, ${words.era}) !== era) {
      Atomics.store(control, mine, 0);
      if (node === null) globalThis.close();
      return;
    }
    if (Atomics.load(control, ${words.ticket}) === ticket && thread < control[at + ${job.threads}])
      try {
        const jobs = known(control[at + ${job.module}]);
        if (jobs === undefined) {
          Atomics.store(control, mine, 0);
          return;
        }
        jobs[control[at + ${job.kernel}]](at * 4, thread);
      } catch (error) {
        port.postMessage(String(error));
        Atomics.add(control, ${words.faults}, 1);
      }
    seen = ticket;
    Atomics.store(control, mine, 0);
  }
};
if (node !== null) {
  ({ port } = node.workerData);
  take(node.receiveMessageOnPort(port).message);
  work();
} else {
  port = globalThis;
  globalThis.onmessage = ({ data }) => {
    take(data);
    work();
  };
}
`;
