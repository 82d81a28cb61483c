// The Node binaries that the package promises to run on: the running one and the others from the npm registry
// (packages `node-<platform>-<arch>`), kept below node_modules/.cache. `npx tsx laws/nodes.ts` prints their paths.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "./source.ts";

const promised = [20, 22, 24] as const;
const cache = join(root, "node_modules", ".cache", "brickbox");
const onWindows = process.platform === "win32";
const packageName = `node-${onWindows ? "win" : process.platform}-${process.arch}`;

/** A Node binary. */
export interface NodeBinary {
  readonly major: number;
  /** As `node --version` prints it, without the v. */
  readonly version: string;
  readonly path: string;
}

/** Run npm quietly in a folder and return what it prints. Throws with npm's own words when it fails. */
export const npm = (args: readonly string[], cwd: string): string => {
  try {
    return execFileSync("npm", [...args, "--no-audit", "--no-fund", "--loglevel=error"], {
      cwd,
      encoding: "utf8",
      shell: onWindows,
      stdio: ["ignore", "pipe", "pipe"],
    });
  } catch (error) {
    const { stdout, stderr } = error as { readonly stdout?: string; readonly stderr?: string };
    throw new Error(`npm ${args.join(" ")} failed:\n${stdout ?? ""}${stderr ?? String(error)}`);
  }
};

/** Path of the binary of `major`, installed first if it is not there. The rename makes parallel callers safe. */
const obtain = (major: number): string => {
  const home = join(cache, `node-${major}`);
  const binary = join(home, "node_modules", packageName, "bin", onWindows ? "node.exe" : "node");
  if (existsSync(binary)) return binary;
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "install-"));
  try {
    npm(
      ["install", "--prefix", folder, "--no-save", "--ignore-scripts", "--prefer-offline", `${packageName}@${major}`],
      folder,
    );
    if (!existsSync(binary)) renameSync(folder, home);
  } catch (error) {
    if (!existsSync(binary)) throw new Error(`no Node ${major} for the laws: ${(error as Error).message}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return binary;
};

const versionOf = (path: string): string => execFileSync(path, ["--version"], { encoding: "utf8" }).trim().slice(1);

/** The promised majors and the running Node, oldest first. Throws when one cannot be obtained. */
export const nodeBinaries = (): readonly NodeBinary[] => {
  const running = Number(process.versions.node.split(".")[0]);
  return [...new Set<number>([...promised, running])]
    .sort((a, b) => a - b)
    .map((major) => {
      const path = major === running ? process.execPath : obtain(major);
      return { major, path, version: versionOf(path) };
    });
};

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  for (const { version, path } of nodeBinaries()) console.log(`${version} ${path}`);
