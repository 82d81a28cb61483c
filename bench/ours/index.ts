// brickbox as a contestant.
import { configure } from "../../src/index.ts";
import type { Contestant } from "../serve.ts";
import { arrayOps } from "./arrays.ts";
import { reportOps } from "./reports.ts";
import { stepOps } from "./steps.ts";

export const contestant: Contestant = {
  start: ({ threads }) => {
    configure({ threads: threads as number });
    return { version: `${threads} thread${threads === 1 ? "" : "s"}` };
  },
  ops: { ...arrayOps, ...stepOps, ...reportOps },
};
