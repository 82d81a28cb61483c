// `npm test`: every check, then every law; the last line is the count that a machine reads.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

interface Report {
  readonly numPassedTests: number;
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

const run = (command: string): number => spawnSync(command, { stdio: "inherit", shell: true }).status ?? 1;

/** A test that did not pass has failed (there is no skipping), and so has a file that could not be loaded. */
const failures = ({ testResults }: Report): number =>
  testResults.reduce((sum, file) => {
    const bad = file.assertionResults.filter((test) => test.status !== "passed").length;
    return sum + (bad === 0 && file.status !== "passed" ? 1 : bad);
  }, 0);

const laws = (): { passed: number; failed: number } => {
  const folder = mkdtempSync(join(tmpdir(), "brickbox-laws-"));
  const file = join(folder, "report.json");
  try {
    const status = run(`npx vitest run --reporter=default --reporter=json --outputFile.json="${file}"`);
    const report = JSON.parse(readFileSync(file, "utf8")) as Report;
    const failed = failures(report);
    return { passed: report.numPassedTests, failed: failed === 0 && status !== 0 ? 1 : failed };
  } catch {
    return { passed: 0, failed: 1 }; // vitest died before it could write
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const started = performance.now();
const { passed, failed } = run("npm run check") === 0 ? laws() : { passed: 0, failed: 1 };
console.log(`\nin ${((performance.now() - started) / 1000).toFixed(0)} s`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
