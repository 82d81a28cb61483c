// The largest resident set of this process so far, in bytes.
import { existsSync, readFileSync } from "node:fs";

const status = "/proc/self/status";
/** What `resourceUsage` says on Linux includes the process that started this one, so ask the kernel about this program alone. */
export const peakResident = () =>
  existsSync(status)
    ? 1024 * Number(/VmHWM:\s*(\d+) kB/.exec(readFileSync(status, "utf8"))?.[1])
    : 1024 * process.resourceUsage().maxRSS;
