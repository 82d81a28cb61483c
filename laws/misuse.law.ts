// What happens to traced values that are used as concrete ones: every misuse is a TraceError that says where the trace is, what
// was done, on which line of the user, and what to do instead. Texts are pinned. The line is right under vitest, tsx and plain Node.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jit } from "../src/control/jit.ts";
import { TraceError, userLine } from "../src/core/errors.ts";
import { isEager } from "../src/core/trace.ts";
import type { Value } from "../src/core/value.ts";
import * as E from "../src/primitives/elementwise.ts";
import { makeJaxpr } from "../src/transforms/abstract.ts";
import { vmap } from "../src/transforms/batching.ts";
import { grad } from "../src/transforms/grad.ts";
import { jacfwd } from "../src/transforms/jacobian.ts";
import { linearize } from "../src/transforms/linearmap.ts";
import { vjp } from "../src/transforms/pullback.ts";
import { jvp } from "../src/transforms/pushforward.ts";
import { root } from "./source.ts";
import { array, scalar } from "./transforms-subjects.ts";

const caught = (f: () => unknown): Error => {
  try {
    f();
  } catch (e) {
    return e as Error;
  }
  throw new Error("nothing was thrown");
};
const here = fileURLToPath(import.meta.url);
/** The message with the user's line checked to be in this file, and left out. */
const message = (f: () => unknown): string => {
  const error = caught(f);
  expect(error).toBeInstanceOf(TraceError);
  expect(isEager()).toBe(true);
  const at = /\n {2}at (.*):\d+:\d+/.exec(error.message);
  expect(at?.[1]).toBe(here);
  return error.message.replace(/\n {2}at .*/, "");
};
const x = scalar(3, "float32");
type F = (x: Value) => unknown;
const branch =
  "lax.cond or np.where choose by a traced value, lax.whileLoop repeats by one; or make the argument static (staticArgnums)";
const later = "return it from the transformed function and read it there, or print it with debug.print";
const stands = (trace: string): string =>
  `${trace}: expected an array with a value, but inside ${trace} f32[] only stands for one, got `;

const positive = (v: Value): unknown => ((v as unknown as number) > 0 ? v : E.neg(v));
const misuses: Readonly<Record<string, readonly [f: F, said: string, remedy: string]>> = {
  "if (x > 0)": [
    positive,
    "a conversion to a number, as in `if (x > 0)`, `x < y`, `-x` or Math.sin(x)",
    `${branch}; arithmetic is x.neg(), np.sin(x)`,
  ],
  "Math.sin(x)": [
    (v) => Math.sin(v as unknown as number),
    "a conversion to a number, as in `if (x > 0)`, `x < y`, `-x` or Math.sin(x)",
    `${branch}; arithmetic is x.neg(), np.sin(x)`,
  ],
  "x + 1": [
    (v) => (v as unknown as number) + 1,
    "an operator of JavaScript, as in `x + 1` or `x == 0`",
    `write x.add(1) or np.equal(x, 0); ${branch}`,
  ],
  "a template literal": [(v) => `${v}`, "a conversion to a string, as in a template literal or String(x)", later],
  "String(x)": [(v) => String(v), "a conversion to a string, as in a template literal or String(x)", later],
  "item()": [(v) => v.item(), "item()", later],
  "js()": [(v) => v.js(), "js()", later],
  "dataSync()": [(v) => v.dataSync(), "dataSync()", later],
};
const traces: Readonly<Record<string, (f: F) => unknown>> = {
  "jit(f)": (f) => jit(Object.defineProperty((v: Value) => f(v) as Value, "name", { value: "f" }))(x),
  grad: (f) => grad((v: Value) => f(v) as Value)(x),
  jvp: (f) => jvp((v: Value) => f(v) as Value, [x], [x]),
  vjp: (f) => vjp((v: Value) => f(v) as Value, [x]),
  linearize: (f) => linearize((v: Value) => f(v) as Value, [x]),
  vmap: (f) => vmap((v: Value) => f(v) as Value)(array([1, -1], [2], "float32")),
  jacfwd: (f) => jacfwd((v: Value) => f(v) as Value)(x),
  makeJaxpr: (f) => makeJaxpr((v: Value) => f(v) as Value)(x),
};
describe("misuse of a traced value", () => {
  it.each(Object.keys(misuses).flatMap((what) => Object.keys(traces).map((trace) => [what, trace] as const)))(
    "%s inside %s",
    (what, trace) => {
      const [f, said, remedy] = misuses[what] as (typeof misuses)[string];
      const run = traces[trace] as (f: F) => unknown;
      expect(message(() => run(f))).toBe(`${stands(trace)}${said}\n  remedy: ${remedy}`);
    },
  );
  it("`if (x > 0)` on a tracer does not take the else branch", () => {
    let taken = "none";
    const f = (v: Value): Value => {
      if ((v as unknown as number) > 0) taken = "then";
      else taken = "else";
      return v;
    };
    for (const run of [() => jit(f)(x), () => grad(f)(x), () => vmap(f)(array([1, 2]))])
      expect(run).toThrow(TraceError);
    expect(taken).toBe("none");
  });
  it("outside all traces values are values", () => {
    expect((x as unknown as number) > 0).toBe(true);
    expect(`${x}`).toBe("3");
    expect(positive(x)).toBe(x);
  });
  it("the innermost trace is named, and its shapes", () => {
    const inner = (v: Value): Value => vmap((w: Value) => w.item() as unknown as Value)(v);
    expect(message(() => jit(inner)(array([1, 2])))).toMatch(
      /^vmap: .* inside vmap f64\[\] only stands for one, got item\(\)/,
    );
  });
});

describe("a leaked tracer", () => {
  const remedy = "\n  remedy: return it from the transformed function instead of storing it in a variable outside";
  it.each(Object.keys(traces))("of %s", (trace) => {
    let leak: Value = x;
    (traces[trace] as (f: F) => unknown)((v) => {
      leak = E.mul(v, v);
      return leak;
    });
    const text = (op: string): string =>
      `${op}: expected values that are alive, got a traced value that has leaked out of ${trace}${remedy}`;
    expect(message(() => E.add(leak, leak))).toBe(text("add"));
    expect(message(() => jit((v: Value) => E.add(leak, v))(x))).toBe(text("add"));
    expect(message(() => grad((v: Value) => E.mul(leak, v))(x))).toBe(text("mul"));
    expect(message(() => vmap((v: Value) => E.mul(v, leak))(array([1], [1], "float32")))).toBe(text("mul"));
    expect(message(() => leak.item())).toBe(
      `${trace}: expected an array with a value, but inside ${trace}, which has ended, f32[] only stands for one, got item()\n  remedy: ${later}`,
    );
  });
  it("returned from another trace", () => {
    let leak: Value = x;
    jit((v: Value) => {
      leak = v;
      return v;
    })(x);
    for (const run of [
      () => jit(() => leak)(),
      () => grad((_: Value) => leak)(x),
      () => vmap((_: Value) => leak)(array([1])),
      () => jvp((_: Value) => leak, [x], [x]),
    ])
      expect(message(run)).toMatch(/expected values that are alive, got a traced value that has leaked out of jit\n/);
  });
});

describe("an asynchronous function", () => {
  it.each(Object.keys(traces))("in %s", (trace) => {
    const op = trace === "jit(f)" ? "f" : trace;
    expect(message(() => (traces[trace] as (f: F) => unknown)(async (v) => v))).toBe(
      `${op}: expected a synchronous function, got an asynchronous function: it returned a Promise\n  remedy: await what it needs before, and pass the results as arguments`,
    );
  });
});

describe("an asynchronous function that fails later", () => {
  it("leaves no unhandled rejection behind", async () => {
    const unhandled: unknown[] = [];
    const note = (e: unknown): void => {
      unhandled.push(e);
    };
    process.on("unhandledRejection", note);
    const f = async (v: Value): Promise<number> => {
      await v.data();
      return 1;
    };
    for (const trace of Object.keys(traces))
      expect(() => (traces[trace] as (f: F) => unknown)(f)).toThrow(/asynchronous/);
    await new Promise((done) => {
      setTimeout(done, 20);
    });
    process.off("unhandledRejection", note);
    expect(unhandled).toEqual([]);
  });
});

describe("the user's line", () => {
  it("is the innermost one outside the library", () => {
    const inner = jit((w: Value) => {
      return w.item() as unknown as Value; // this line
    });
    const text = caught(() => grad((v: Value) => E.mul(v, inner(v)))(x)).message;
    const wanted =
      readFileSync(here, "utf8")
        .split("\n")
        .findIndex((line) => line.endsWith("// this line")) + 1;
    expect(text).toContain(`${here}:${wanted}:`);
  });
  it("is found below a hundred frames of the library", () => {
    let f = (v: Value): Value => v.item() as unknown as Value;
    for (let i = 0; i < 12; i++) {
      const g = f;
      f = [grad, vmap, jit][i % 3] === vmap ? vmapped(g) : i % 3 === 0 ? jit(g) : grad(g);
    }
    expect(caught(() => f(x)).message).toContain(`${here}:`);
    // and where the user only calls
    expect(caught(() => vmap(E.neg, 3)(x)).message).toContain(`${here}:`);
  });
  const vmapped =
    (g: (v: Value) => Value) =>
    (v: Value): Value =>
      vmap(() => g(v), { axisSize: 1, outAxes: 0 })();
  it("knows the library by its folder, not by names of folders", () => {
    const stack = (...lines: readonly string[]): string =>
      ["Error: here", ...lines.map((l) => `    at ${l}`)].join("\n");
    const library = join(root, "src", "numpy", "array.ts");
    expect(userLine(stack(`f (${library}:1:2)`, "g (/home/me/src/core/model.ts:3:4)"))).toBe(
      "/home/me/src/core/model.ts:3:4",
    );
    expect(userLine(stack("file:///home/me/app/src/data/load.js:5:6", `h (${library}:1:2)`))).toBe(
      "/home/me/app/src/data/load.js:5:6",
    );
    expect(userLine(stack("async C:\\Users\\me\\src\\io\\main.ts:7:8"))).toBe("C:/Users/me/src/io/main.ts:7:8");
    expect(userLine(stack("f (file:///C:/me/main.js:7:8)"))).toBe("C:/me/main.js:7:8");
    expect(userLine(stack("f (http://localhost:5173/src/main.ts:9:1)"))).toBe("http://localhost:5173/src/main.ts:9:1");
    const pipe = "pipe (/a/node_modules/fp-ts/lib/function.js:1:1)";
    expect(userLine(stack(pipe, `f (${library}:1:2)`, "g (/a/b.js:2:3)"))).toBe("/a/b.js:2:3");
    expect(userLine(stack(`f (${library}:1:2)`, pipe, "node:internal/main:1:1"))).toBe(
      "/a/node_modules/fp-ts/lib/function.js:1:1",
    );
    expect(userLine(stack(`f (${library}:1:2)`, "node:internal/main:1:1"))).toBeNull();
    expect(userLine("")).toBeNull();
  });

  const cache = join(root, "node_modules", ".cache", "brickbox");
  let folder = "";
  beforeAll(() => {
    mkdirSync(cache, { recursive: true });
    folder = mkdtempSync(join(cache, "misuse-"));
    // Emits whatever the types say: they are checked elsewhere.
    spawnSync(
      process.execPath,
      [
        join(root, "node_modules", "typescript", "bin", "tsc"),
        "-p",
        "src",
        "--outDir",
        join(folder, "dist"),
        "--declaration",
        "false",
        "--declarationMap",
        "false",
      ],
      { cwd: root },
    );
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"), "junction");
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const script = (library: string, extension: string, type: string): string =>
    [
      `import { np } from "${library}/numpy/index.${extension}";`,
      `import { grad } from "${library}/transforms/grad.${extension}";`,
      `import { jit } from "${library}/control/jit.${extension}";`,
      "void np;",
      `const relu = (x${type}) => {`,
      "  if (x > 0) return x;",
      "  return 0;",
      "};",
      "try {",
      "  jit(grad(relu))(3);",
      "} catch (e) {",
      `  console.log(/at (.*)/.exec((e${type === "" ? "" : " as Error"}).message)?.[1]);`,
      "}",
    ].join("\n");
  it.each([
    ["plain Node", "user.js", ["./dist", "js", ""], []],
    ["tsx", "user.ts", [join(root, "src"), "ts", ": any"], ["--import", "tsx"]],
  ] as const)("under %s", (_name, file, [library, extension, type], flags) => {
    const path = join(folder, file);
    writeFileSync(path, script(library, extension, type));
    const printed = execFileSync(process.execPath, [...flags, path], { cwd: folder, encoding: "utf8" });
    expect(printed.trim().replace(/^.*[\\/]/, "")).toMatch(new RegExp(`^${file}:6:\\d+$`));
  });
});
