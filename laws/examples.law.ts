// The examples, the benchmarks and the README never rot: every one of them runs here, in its smallest size.
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import * as bricks from "../src/bricks/index.ts";
import * as data from "../src/data/index.ts";
import * as main from "../src/index.ts";
import * as io from "../src/io/index.ts";
import * as optim from "../src/optim/index.ts";
import { claimsOf, runExample } from "./examples.ts";
import { root } from "./source.ts";

const folder = mkdtempSync(join(tmpdir(), "brickbox-examples-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const execute = promisify(execFile);
/** What a script prints; rejects with it when the script fails. */
const run = async (script: string, ...args: readonly string[]): Promise<string> => {
  const { stdout } = await execute(process.execPath, ["--import", "tsx", script, ...args], { cwd: root });
  return stdout;
};
const lastLine = (text: string): string => text.trimEnd().split("\n").at(-1) as string;

/** How each example is run, and what its last line must say. */
const examples: Readonly<Record<string, readonly [args: readonly string[], last: RegExp]>> = {
  "adding.ts": [
    ["--quick"],
    /^adding lstm: squared error after 50 numbers 0\.\d+, at most 0\.1 expected \(baseline 0\.6667\), .* PASS$/,
  ],
  "charlm.ts": [
    ["--quick"],
    /^charlm: held-out bits per character [\d.]+, at most [\d.]+ expected \(baseline [\d.]+\), .* PASS$/,
  ],
  "logistic.ts": [[], /^logistic: test accuracy 0\.9\d+, at least 0\.95 expected .* PASS$/],
  "tour.ts": [[], /^\d+ questions answered, every claim checked\.$/],
};

describe("examples", () => {
  const timeout = 60_000;
  for (const [name, [args, last]] of Object.entries(examples))
    it(name, { timeout }, async () => {
      expect(lastLine(await run(`examples/${name}`, ...args))).toMatch(last);
    });
  it("every file is an example or part of one", () => {
    const files = readdirSync(join(root, "examples")).filter((file) => file.endsWith(".ts"));
    const texts = files.map((file) => readFileSync(join(root, "examples", file), "utf8"));
    const parts = files.filter((file) => texts.some((text) => text.includes(`from "./${file}"`)));
    expect(["mnist.ts", ...Object.keys(examples), ...parts].sort()).toEqual(files.sort());
  });
  it("mnist.ts: the same seed gives the same bits, and the pictures are PNG files", { timeout }, async () => {
    const [one, other] = await Promise.all(
      ["a", "b"].map(async (name) => {
        const out = join(folder, name),
          text = await run("examples/mnist.ts", "--images", "20", "--epochs", "2", "--batch", "16", "--out", out);
        expect(lastLine(text)).toMatch(/^mnist lenet: test accuracy 0\.\d+, .* PASS$/);
        const pictures = ["loss.png", "mistakes.png"].map((file) => readFileSync(join(out, file)));
        for (const picture of pictures) expect(picture.subarray(0, 4)).toEqual(Buffer.from("\x89PNG", "latin1"));
        return { report: lastLine(text).replace(/[\d.]+ s,/, ""), pictures };
      }),
    );
    expect(other).toEqual(one);
  });
  it("mnist.ts shows its options when it is called wrongly", { timeout }, async () => {
    const failure = await run("examples/mnist.ts", "--model", "nonsense").catch((error: unknown) => error);
    for (const option of ["model", "epochs", "batch", "rate", "seed", "images", "out", "help"])
      expect((failure as { readonly stdout: string }).stdout).toContain(`--${option} `);
  });
});

describe("benchmarks", () => {
  it("check their results and measure", { timeout: 60_000 }, async () => {
    const options = ["--quick", "--rivals", "plain", "--suite", "overhead", "--out", folder];
    expect(await run("bench/index.ts", ...options)).toMatch(/brickbox2 [\d.]+ [nµm]s/);
    const [file] = readdirSync(folder).filter((name) => /^node-\d+\.json$/.test(name));
    const { rows } = JSON.parse(readFileSync(join(folder, file as string), "utf8")) as {
      readonly rows: readonly { readonly cells: Readonly<Record<string, { readonly median?: number }>> }[];
    };
    expect(rows.length).toBe(4);
    for (const { cells } of rows)
      for (const who of ["brickbox1", "brickbox2", "plain"]) expect(cells[who]?.median).toBeGreaterThan(0);
    expect(readdirSync(folder)).toContain((file as string).replace("json", "html"));
  });
  it("show their options", { timeout: 60_000 }, async () => {
    const text = await run("bench/index.ts", "--help");
    for (const word of ["--suite", "--rivals", "--quick", "--readme", "matmul", "torch"]) expect(text).toContain(word);
  });
});

describe("README", () => {
  const text = readFileSync(join(root, "README.md"), "utf8");
  const blocks = [...text.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, code]) => code as string);
  const entries = {
    brickbox: { ...main },
    "brickbox/bricks": bricks,
    "brickbox/optim": optim,
    "brickbox/io": io,
    "brickbox/data": data,
  };
  it("has examples with claims", () => {
    expect(blocks.reduce((sum, code) => sum + claimsOf(`@example\n${code}`), 0)).toBeGreaterThan(2);
  });
  blocks.forEach((code, i) => {
    it(`example ${i + 1} runs`, async () => {
      expect(await runExample({ file: "README.md", line: i + 1, code }, {}, entries)).toEqual([]);
    });
  });
  it("links lead somewhere", () => {
    const links = [...text.matchAll(/\]\(([^)#:]+)\)/g)].map(([, path]) => path as string);
    for (const path of links) expect(() => readdirSync(join(root, path, "..")), path).not.toThrow();
    expect(links.length).toBeGreaterThan(3);
  });
});
