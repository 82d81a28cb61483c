// The studs of bricks are checked by the compiler: nets that fit compile, nets that do not are errors on their own line.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { root } from "./source.ts";

const folder = mkdtempSync(join(tmpdir(), "brickbox-studs-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const head = `import { bidirectional, type Brick, type Cell, concat, conv, type DenseParams, dense, dropout, each, embedding, flatten, globalAvgPool, gru, type Image, lastStep, layerNorm, lstm, masked, maxPool, parallel, recurrent, relu, repeat, residual, rnn, type Sequence, serial, stackCells, type Vec } from "${join(root, "src/bricks/index.ts")}"; import type { NDArray } from "${join(root, "src/index.ts")}"; declare const some: number; declare const array: NDArray;`;
/** What the compiler says about the lines, counted from 0. */
const check = (name: string, lines: readonly string[]): readonly { readonly line: number; readonly text: string }[] => {
  const file = join(folder, `${name}.ts`);
  writeFileSync(file, [head, ...lines].join("\n"));
  const config = join(folder, `${name}.json`);
  const compilerOptions = {
    rewriteRelativeImportExtensions: false,
    allowImportingTsExtensions: true,
    noUnusedLocals: false,
    typeRoots: [join(root, "node_modules", "@types")],
  };
  const project = { extends: join(root, "tsconfig.json"), compilerOptions, include: [], files: [file] };
  writeFileSync(config, JSON.stringify(project));
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const said = spawnSync(process.execPath, [tsc, "-p", config], { encoding: "utf8" }).stdout;
  // Only what it says about this file: the rest of the project is checked by `npm run check`.
  const messages = said.split(/^(?=\S+\(\d+,\d+\): error)/m).filter((m) => m.includes(`${name}.ts(`));
  return messages.map((text) => ({ line: Number(/\((\d+),/.exec(text)?.[1]) - 2, text }));
};

const fitting: readonly string[] = [
  "export const a: Brick<unknown, Vec<784>, Vec<10>> = serial(dense(784, 512), relu, dropout(0.5), dense(512, 10));",
  "export const b: Brick<unknown, Image<1>, Vec<10>> = serial(conv(1, 6, 5), relu, maxPool(2), conv(6, 16, 5), flatten(), dense(256, 10));",
  "export const c = serial(conv(3, 8, [3, 3]), globalAvgPool(), dense(8, 1));",
  "export const d: Brick<DenseParams, Vec<4>, Vec<4>> = residual(dense(4, 4));",
  "export const e = serial(residual(serial(dense(4, 4), relu)), layerNorm(4), dense(4, 2));",
  "export const f = serial(dense(some, some), relu, dense(6, 7), dense(some, 3));",
  "export const g: Vec<3> = dense(2, 3).apply({ w: array, b: null }, array);",
  "export const h: NDArray = serial(dense(4, 8), dense(8, 2)).init(null as never)[0].w;",
  "export const i = serial(parallel(dense(1, 2), relu), concat([relu, relu]) as never);",
  "export const j = serial(...[relu, relu]);",
  "export const k: Brick<unknown, Sequence<3>, Vec<2>> = serial(recurrent(gru(3, 4)), relu, recurrent(lstm(4, 5), { reverse: true }), lastStep(), dense(5, 2));",
  "export const l: Cell<unknown, readonly [null, unknown, null], NDArray, Vec<9>> = stackCells(embedding(9, 4), lstm(4, 8), dense(8, 9));",
  "export const m: Brick<DenseParams, Vec<4>, Vec<4>> = repeat(dense(4, 4), 8);",
  "export const n: NDArray = bidirectional(masked(rnn(3, 4))).apply(null as never, [array, array]);",
  "export const o: NDArray = recurrent(lstm(3, 4), { returnState: true }).apply(null as never, array)[0].c;",
  "export const p = serial(recurrent(lstm(some, some)), each(dense(5, 6)), each(layerNorm(6)));",
];
const clashing: readonly (readonly [code: string, message: RegExp])[] = [
  [
    "export const a = serial(dense(784, 512), relu, dense(256, 10));",
    /'Vec<256>' is not assignable to type 'Vec<512>'/,
  ],
  ["export const b = serial(dense(784, 512), dropout(0.5), relu, dense(513, 10));", /'Vec<513>' .* 'Vec<512>'/],
  [
    "export const c = serial(conv(1, 6, 5), relu, maxPool(2), conv(8, 16, 5));",
    /'Image<8, number, number>' .* 'Image<6, number, number>'/,
  ],
  ["export const d = residual(dense(4, 5));", /'Vec<5>' is not assignable to type 'Vec<4>'/],
  ["export const e = serial(serial(dense(3, 4), relu), dense(5, 2));", /'Vec<5>' .* 'Vec<4>'/],
  ["export const f = serial(conv(3, 8, 3), globalAvgPool(), dense(9, 1));", /'Vec<9>' .* 'Vec<8>'/],
  ["export const g = serial(flatten(400), dense(401, 1));", /'Vec<401>' .* 'Vec<400>'/],
  ["export const h = serial(dense(4, 3), conv(3, 8, 3));", /'Image<3, number, number>' .* 'Vec<3>'/],
  [
    "export const i: Vec<4> = dense(2, 3).apply({ w: array, b: null }, array);",
    /'Vec<3>' is not assignable to type 'Vec<4>'/,
  ],
  ["export const j: string = dense(2, 3).init(null as never).w;", /not assignable to type 'string'/],
  ["export const k = serial(dense(2, 3), layerNorm(4));", /'Vec<4>' .* 'Vec<3>'/],
  ["export const l = serial(recurrent(lstm(3, 4)), recurrent(gru(5, 2)));", /'Sequence<5>' .* 'Sequence<4>'/],
  ["export const m = serial(recurrent(lstm(3, 4)), dense(4, 2));", /'Vec<4>' .* 'Sequence<4>'/],
  ["export const n = stackCells(rnn(3, 4), gru(5, 6));", /'Vec<4>' .* 'Vec<5>'/],
  ["export const o = stackCells(dense(3, 4), lstm(5, 6));", /'Vec<4>' .* 'Vec<5>'/],
  ["export const p = repeat(dense(4, 5), 3);", /'Vec<5>' is not assignable to type 'Vec<4>'/],
];

describe("studs", () => {
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  it("bricks that fit compile", () => {
    expect(check("fitting", fitting)).toEqual([]);
  });
  it("bricks that do not fit are errors, and each says which sizes clash", () => {
    const messages = check(
      "clashing",
      clashing.map(([code]) => code),
    );
    clashing.forEach(([code, message], i) => {
      const own = messages.filter(({ line }) => line === i).map(({ text }) => text);
      expect(own.join(""), code).toMatch(message);
    });
    expect(messages.filter(({ line }) => line < 0)).toEqual([]);
  });
});
