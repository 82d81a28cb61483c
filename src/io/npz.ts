// NumPy's .npz files: a zip archive with one .npy file per array.
import { pipe } from "fp-ts/lib/function.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import * as TE from "fp-ts/lib/TaskEither.js";
import type { NDArray } from "../numpy/index.ts";
import { inflateRaw } from "./compression.ts";
import { attempt, FormatError } from "./format.ts";
import { parseNpyWithin, writeNpy } from "./npy.ts";
import { crc32, type Entry, readZip, writeZip } from "./zip.ts";

const verified = (entry: Entry, contents: Uint8Array): Uint8Array => {
  const got = `${contents.length} bytes with checksum ${crc32(contents).toString(16)}`,
    expected = `${entry.size} bytes with checksum ${entry.crc.toString(16)}`;
  if (got !== expected) throw new FormatError(`npz entry ${entry.name}`, entry.at, expected, got);
  return contents;
};
const contentsOf = (entry: Entry): TaskEither<FormatError, Uint8Array> =>
  pipe(
    entry.method === "stored" ? TE.right(entry.bytes) : inflateRaw(entry.bytes),
    TE.chainEitherK((contents) => attempt(() => verified(entry, contents))),
  );
const readEntry = (entry: Entry): TaskEither<FormatError, readonly [string, NDArray]> =>
  pipe(
    contentsOf(entry),
    TE.chainEitherK((contents) => parseNpyWithin(`npz entry ${entry.name}`, contents)),
    TE.map((x) => [entry.name.replace(/\.npy$/, ""), x] as const),
  );

/**
 * The arrays of a `.npz` file by name, compressed (`numpy.savez_compressed`) or not; checksums are verified.
 * @example
 * const file = io.writeNpz({ w: np.ones([2]), b: np.array(0.5) });
 * io.orThrow(await io.parseNpz(file)()) // => { b: 0.5, w: [1 1] }
 */
export const parseNpz = (bytes: Uint8Array): TaskEither<FormatError, { readonly [name: string]: NDArray }> =>
  pipe(
    TE.fromEither(attempt(() => readZip("npz", bytes))),
    TE.chain(TE.traverseSeqArray(readEntry)),
    TE.map((arrays) => Object.fromEntries(arrays)),
  );

/**
 * The bytes of a `.npz` file with the arrays under their names (in sorted order), not compressed, as `numpy.savez` writes them.
 * @example
 * io.writeNpz({ x: np.ones([2]) }).length // => 244
 */
export const writeNpz = (arrays: { readonly [name: string]: NDArray }): Uint8Array =>
  writeZip(
    Object.keys(arrays)
      .sort()
      .map((name) => [`${name}.npy`, writeNpy(arrays[name] as NDArray)] as const),
  );
