// A contestant's process: one line of JSON goes in, one comes out.
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

export type Reply = Readonly<Record<string, unknown>> & { readonly error?: string };
export interface Child {
  /** What it said when it started. */
  readonly hello: Reply;
  /** Ask; a process that dies or takes longer than `seconds` is gone, and so says the reply's `error`. */
  readonly ask: (request: object, seconds?: number) => Promise<Reply>;
  readonly alive: () => boolean;
  readonly close: () => void;
}

const lastWords = (text: string): string => {
  const lines = text.trim().split("\n");
  return (lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1) ?? "").trim().slice(0, 200);
};

export const startChild = async (command: readonly string[], startSeconds = 60): Promise<Child> => {
  const [program, ...words] = command as readonly [string, ...string[]];
  const child: ChildProcess = spawn(program, words, { stdio: ["pipe", "pipe", "pipe"] });
  let errors = "",
    gone: string | null = null,
    waiting: ((reply: Reply) => void) | null = null;
  const answer = (reply: Reply): void => {
    const resolve = waiting;
    waiting = null;
    resolve?.(reply);
  };
  const end = (reason: string): void => {
    gone ??= reason;
    answer({ error: gone });
  };
  child.stderr?.on("data", (chunk: Buffer) => {
    errors = (errors + chunk.toString()).slice(-4000);
  });
  child.on("error", (error) => end(error.message));
  child.on("close", (code, signal) => end(lastWords(errors) || `ended (${signal ?? code})`));
  child.stdin?.on("error", () => undefined); // the end is reported by "close"
  if (child.stdout !== null)
    createInterface({ input: child.stdout }).on("line", (line) => answer(JSON.parse(line) as Reply));

  const next = (seconds: number): Promise<Reply> =>
    new Promise((resolve) => {
      if (gone !== null) return resolve({ error: gone });
      const timer = setTimeout(() => {
        child.kill("SIGKILL");
        end(`took more than ${seconds} s`);
      }, seconds * 1000);
      waiting = (reply) => {
        clearTimeout(timer);
        resolve(reply);
      };
    });
  return {
    hello: await next(startSeconds),
    ask: (request, seconds = 60) => {
      const reply = next(seconds);
      if (gone === null) child.stdin?.write(`${JSON.stringify(request)}\n`);
      return reply;
    },
    alive: () => gone === null,
    close: () => {
      child.stdin?.end();
      setTimeout(() => child.kill("SIGKILL"), 2000).unref();
    },
  };
};
