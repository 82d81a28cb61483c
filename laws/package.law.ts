// What a user gets: the packed tarball, installed in an empty project, works from plain Node, type-checks under both
// module resolutions, and survives a bundler. Nothing here reads src or dist of the working tree.
import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nodeBinaries, npm } from "./nodes.ts";
import { root } from "./source.ts";

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, unknown>>;
};
const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
const entries = Object.keys(manifest.exports)
  .filter((name) => !name.endsWith(".json"))
  .map((name) => name.replace(/^\./, "brickbox"));

const folder = mkdtempSync(join(tmpdir(), "brickbox-package-"));
const app = join(folder, "app");
const write = (name: string, text: string): void => writeFileSync(join(app, name), text);

/** Type-check the project `config`; returns what the compiler says, "" if nothing. */
const typeCheck = (config: string): string =>
  spawnSync(process.execPath, [tsc, "-p", join(app, config)], { encoding: "utf8" }).stdout;

/** Build a copy of the package away from the working tree, and pack it. Returns the tarball's path. */
const pack = (): string => {
  const stage = join(folder, "stage");
  for (const name of ["package.json", "tsconfig.json", "src", "LICENSE", "README.md", "CHANGELOG.md"])
    cpSync(join(root, name), join(stage, name), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(stage, "node_modules"), "junction");
  npm(["run", "build"], stage);
  npm(["pack", "--pack-destination", folder], stage);
  return join(folder, `brickbox-${manifest.version}.tgz`);
};

const smoke = `
import assert from "node:assert/strict";
import { grad, jit, np } from "brickbox";
for (const name of ${JSON.stringify(entries)})
  assert.ok(Object.keys(await import(name)).length > 0, name + " exports nothing");
assert.equal(String(np.add(np.array([1, 2]), 3)), "[4 5]");
assert.equal(grad((x) => np.mul(x, x))(3).item(), 6);
const loss = jit((w, x) => np.sum(np.square(np.sub(np.matmul(x, w), 1))));
const [w, x] = [np.array([0.5, -1]), np.array([[1, 2], [3, 4], [5, 6]])];
assert.equal(loss(w, x).item(), 2.5 ** 2 + 3.5 ** 2 + 4.5 ** 2);
assert.deepEqual(jit(grad(loss))(w, x).js(), [-71, -92]);
assert.throws(() => np.add(w, np.ones([3])), { name: "ShapeError", message: /at .*(smoke\\.mjs|out\\.mjs):\\d+/ });
console.log("works");
`;

const consumer = `
import { grad, jit, np, type NDArray, vmap } from "brickbox";
${entries
  .slice(1)
  .map((name, i) => `import * as entry${i} from "${name}";`)
  .join("\n")}
interface Params { readonly w: NDArray; readonly b: NDArray }
const loss = (p: Params, x: NDArray): NDArray => np.sum(np.add(np.mul(p.w, x), p.b));
const start: Params = { w: np.zeros([3]), b: np.zeros([3]) };
const slope: Params = grad(loss)(start, np.ones([3]));
const step: (p: Params, x: NDArray) => Params = jit(grad(loss));
const many: NDArray = vmap((x: NDArray) => np.sum(x))(np.ones([2, 3]));
export const shape: readonly number[] = [...slope.w.shape, ...step(start, many).b.shape];
export const all: readonly object[] = [${entries
  .slice(1)
  .map((_, i) => `entry${i}`)
  .join(", ")}];
`;

// An \`any\` in the declarations would swallow each of these.
const mistakes: readonly string[] = [
  'np.add("one", 2);',
  "const s: string = np.add(1, 2);",
  "const g: { readonly a: string } = grad((p: { readonly a: NDArray }) => np.sum(p.a))({ a: np.zeros([3]) });",
  "jit((x: NDArray) => x)(1, 2);",
];

const projects = {
  NodeNext: { module: "nodenext", moduleResolution: "nodenext" },
  Bundler: { module: "preserve", moduleResolution: "bundler" },
} as const;
const project = (modules: object, file: string): string =>
  JSON.stringify({
    // skipLibCheck is off: our declarations themselves are checked, as the strictest user would.
    compilerOptions: {
      ...modules,
      target: "es2022",
      lib: ["es2023", "dom"],
      types: [],
      strict: true,
      noEmit: true,
      skipLibCheck: false,
    },
    files: [file],
  });

/** Bundle one file of the app and return the path of the bundle. */
const bundle = async (name: string, text: string): Promise<string> => {
  write(`${name}.js`, text);
  const outDir = join(app, `bundle-${name}`);
  await build({
    root: app,
    configFile: false,
    logLevel: "error",
    build: {
      outDir,
      target: "es2022",
      lib: { entry: join(app, `${name}.js`), formats: ["es"], fileName: () => "out.mjs" },
    },
  });
  return join(outDir, "out.mjs");
};

beforeAll(() => {
  mkdirSync(app);
  write("package.json", JSON.stringify({ name: "app", private: true, type: "module" }));
  const checker = `fast-check@${manifest.devDependencies["fast-check"]}`;
  npm(["install", "--prefer-offline", "--ignore-scripts", pack(), checker], app);
}, 180_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("package", () => {
  it("installs itself and its one dependency", () => {
    expect(Object.keys(manifest.dependencies)).toEqual(["fp-ts"]);
    const installed = JSON.parse(readFileSync(join(app, "node_modules", ".package-lock.json"), "utf8")) as {
      readonly packages: Readonly<Record<string, unknown>>;
    };
    const checker = ["fast-check", "pure-rand"];
    const names = Object.keys(installed.packages).map((path) => path.replace(/^node_modules\//, ""));
    expect(names.filter((name) => !checker.includes(name))).toEqual(["brickbox", "fp-ts"]);
    for (const file of [
      "README.md",
      "LICENSE",
      "CHANGELOG.md",
      "dist/index.js",
      "dist/index.d.ts",
      "dist/index.js.map",
    ])
      expect(existsSync(join(app, "node_modules", "brickbox", file)), file).toBe(true);
  });

  it("works from plain Node 20, 22 and 24", () => {
    write("smoke.mjs", smoke);
    const binaries = nodeBinaries();
    expect(binaries.map(({ major }) => major)).toEqual(expect.arrayContaining([20, 22, 24]));
    // The time limit is part of the law: a process that used the library ends by itself.
    for (const { path, version } of binaries) {
      const out = spawnSync(path, ["smoke.mjs"], { cwd: app, encoding: "utf8", timeout: 20_000 });
      expect({ version, out: out.stdout, err: out.stderr, status: out.status }).toEqual({
        version,
        out: "works\n",
        err: "",
        status: 0,
      });
    }
  }, 180_000);

  for (const [name, modules] of Object.entries(projects))
    it(`type-checks under ${name}`, () => {
      write("consumer.ts", consumer);
      write(`${name}.json`, project(modules, "consumer.ts"));
      expect(typeCheck(`${name}.json`)).toBe("");
    });

  it("has types that catch mistakes", () => {
    const head = 'import { grad, jit, np, type NDArray } from "brickbox";';
    write("mistakes.ts", [head, "export {};", ...mistakes].join("\n"));
    write("mistakes.json", project(projects.NodeNext, "mistakes.ts"));
    const lines = [...typeCheck("mistakes.json").matchAll(/mistakes\.ts\((\d+),\d+\): error/g)].map((match) =>
      Number(match[1]),
    );
    expect([...new Set(lines)]).toEqual(mistakes.map((_, i) => i + 3));
  });

  it("runs from a vite bundle", async () => {
    const file = await bundle(
      "main",
      smoke.replace(/^for .*\n.*;$/m, "").replace(
        /import assert.*/,
        `import * as optim from "brickbox/optim";
import * as bricks from "brickbox/bricks";
const assert = { equal(a, b) { if (a !== b) throw new Error(a + " is not " + b); }, deepEqual(a, b) { this.equal(String(a), String(b)); },
  throws(f, { name }) { try { f(); } catch (e) { this.equal(e.name, name); return; } throw new Error("no " + name); } };
assert.equal(Object.keys(optim).length * Object.keys(bricks).length > 0, true);`,
      ),
    );
    const out = spawnSync(process.execPath, [file], { cwd: folder, encoding: "utf8", timeout: 20_000 });
    expect({ out: out.stdout, err: out.stderr, status: out.status }).toEqual({ out: "works\n", err: "", status: 0 });
  }, 60_000);

  it("costs a bundle nothing where it is not used", async () => {
    const file = await bundle(
      "idle",
      `${entries.map((name) => `import "${name}";`).join("\n")}\nimport { np } from "brickbox";\nexport const one = 1;`,
    );
    expect(statSync(file).size).toBeLessThan(200);
  }, 60_000);
});
