// What the platform inflates: gzip files and the entries of zip archives.
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import { tryCatch } from "fp-ts/lib/TaskEither.js";
import { FormatError } from "./format.ts";

/** All bytes that come out of `DecompressionStream(method)`. */
const inflate = async (method: "gzip" | "deflate-raw", bytes: Uint8Array): Promise<Uint8Array> => {
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream(method));
  return new Uint8Array(await new Response(stream).arrayBuffer());
};
const inflating =
  (method: "gzip" | "deflate-raw") =>
  (bytes: Uint8Array): TaskEither<FormatError, Uint8Array> =>
    tryCatch(
      () => inflate(method, bytes),
      (error) => new FormatError(method, 0, `data compressed by ${method}`, (error as Error).message),
    );

/**
 * The contents of a gzip file.
 * @example
 * const stream = new Blob([Uint8Array.of(1, 2, 3)]).stream().pipeThrough(new CompressionStream("gzip"));
 * const file = new Uint8Array(await new Response(stream).arrayBuffer());
 * io.orThrow(await io.gunzip(file)()) // => [1, 2, 3]
 */
export const gunzip = (bytes: Uint8Array): TaskEither<FormatError, Uint8Array> => inflating("gzip")(bytes);
/** The contents of a deflated entry of an archive. */
export const inflateRaw = inflating("deflate-raw");
