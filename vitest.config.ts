import { defineConfig } from "vitest/config";

const updating = process.argv.some((word) => word === "-u" || word.startsWith("--update"));

export default defineConfig({
  test: {
    include: ["laws/**/*.law.ts"],
    pool: "forks",
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Golden files that vitest does not write itself are refreshed when this is set (`npm run golden`).
    env: { UPDATE_GOLDEN: updating ? "1" : "" },
  },
});
