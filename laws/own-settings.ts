// For laws that change the number of threads, or what is worth sharing: both are put back.
import { afterAll, afterEach } from "vitest";
import { economy } from "../src/compile/split.ts";
import { configure } from "../src/index.ts";

/** From now on one thread, and again after each law; after all of them the settings that were there before. */
export const fromOneThread = (): void => {
  const usual = { ...economy },
    settings = configure({ threads: 1 });
  afterEach(() => {
    Object.assign(economy, usual);
    configure({ threads: 1 });
  });
  afterAll(() => {
    configure(settings);
  });
};
