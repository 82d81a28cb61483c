// The largest resident set of this process so far.
import { existsSync, readFileSync } from "node:fs";

const status = "/proc/self/status";
/** In bytes. What `resourceUsage` says on Linux includes the process that started this one, so ask the kernel about this program alone. */
export const peakResident = (): number => {
  const line = existsSync(status) ? /VmHWM:\s*(\d+) kB/.exec(readFileSync(status, "utf8"))?.[1] : undefined;
  return 1024 * (line === undefined ? process.resourceUsage().maxRSS : Number(line));
};
