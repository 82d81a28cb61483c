// What has to be there before anything is measured: the build, the rivals, the numbers of the machine.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Place } from "./contestants.ts";
import type { Limits } from "./limits/types.ts";

/** Compile library and benchmarks to plain JavaScript. */
export const build = ({ root }: Place): void => {
  execFileSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", join(root, "bench")], {
    stdio: "inherit",
  });
};
/** Install the rivals' packages at their locked versions; null, or why they are not there. */
export const installRivals = ({ root }: Place): string | null => {
  const folder = join(root, "bench/rivals");
  if (existsSync(join(folder, "node_modules/.package-lock.json"))) return null;
  console.log("Installing rivals (once, about 450 MB)...");
  try {
    execFileSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
      cwd: folder,
      stdio: ["ignore", "ignore", "inherit"],
      timeout: 600_000,
    });
    return null;
  } catch (error) {
    return `npm ci in bench/rivals failed: ${error instanceof Error ? (error.message.split("\n")[0] as string) : error}`;
  }
};
export const measureLimits = ({ node, built }: Place, rounds: number): Limits =>
  JSON.parse(execFileSync(node, [join(built, "bench/limits/main.js"), String(rounds)], { encoding: "utf8" })) as Limits;
export const nodeVersion = ({ node }: Place): string =>
  execFileSync(node, ["--version"], { encoding: "utf8" }).trim().slice(1);
