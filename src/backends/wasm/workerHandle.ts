// Starting a worker thread: in Node, and in browsers whose page may share memory.
import { threadsSupported } from "./features.ts";
import { workerSource } from "./worker.ts";

/** What a worker is told: who it is, a module to keep, a module to drop. */
export type Message =
  | { readonly memory: WebAssembly.Memory; readonly thread: number; readonly era: number; readonly seen: number }
  | { readonly id: number; readonly module?: WebAssembly.Module };

/** A worker thread as its owner sees it. */
export interface Helper {
  readonly send: (message: Message) => void;
  /** Whether the thread still exists, as far as one can tell without giving up control. */
  readonly alive: () => boolean;
  /** The next thing that it has to say, or null. */
  readonly said: () => string | null;
  /** End it by force. */
  readonly kill: () => void;
}
/** Start a worker; `gone` is called when it has ended, whatever the reason. */
export type Start = (gone: () => void) => Helper;

// Asked for without an import, so that bundlers and browsers see none.
const builtin = () => (typeof process === "undefined" ? undefined : process.getBuiltinModule?.("node:worker_threads"));

const inNode =
  (
    { Worker: NodeWorker, MessageChannel: Channel, receiveMessageOnPort }: NonNullable<ReturnType<typeof builtin>>,
    source: string,
  ): Start =>
  (gone) => {
    const { port1: mine, port2: port } = new Channel(),
      worker = new NodeWorker(source, {
        eval: true,
        name: "brickbox",
        execArgv: [],
        workerData: { port },
        transferList: [port],
      });
    // Neither keeps the process alive; an error in a worker is no event that ends the process, `gone` follows anyway.
    worker.unref();
    mine.unref();
    worker.on("error", () => {});
    let ended = false;
    worker.on("exit", () => {
      ended = true;
      gone();
    });
    return {
      send: (message) => mine.postMessage(message),
      // Says false once nobody is at the other end: the only sign of death that comes without a turn of the event loop.
      alive: () => !ended && (mine.postMessage(null) as unknown) !== false,
      said: () => (receiveMessageOnPort(mine)?.message as string | undefined) ?? null,
      kill: () => void worker.terminate(),
    };
  };

let url: string | null = null;
const inBrowser: Start = () => {
  url ??= URL.createObjectURL(new Blob([workerSource], { type: "text/javascript" }));
  const worker = new Worker(url, { name: "brickbox" }),
    texts: string[] = [];
  worker.onmessage = ({ data }) => texts.push(String(data));
  worker.onerror = ({ message }) => texts.push(message);
  return {
    send: (message) => worker.postMessage(message),
    alive: () => true,
    said: () => texts.shift() ?? null,
    kill: () => worker.terminate(),
  };
};

/** How workers are started here, or null where memory cannot be shared. In Node another program can take the place of ours, for laws. */
export const workerStart = (source = workerSource): Start | null => {
  if (!threadsSupported()) return null;
  const threads = builtin();
  if (threads !== undefined) return inNode(threads, source);
  return globalThis.crossOriginIsolated === true && typeof Worker === "function" ? inBrowser : null;
};
