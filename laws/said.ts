// The name and text of an error as laws pin them: the line of the user's that it names must be the one that ends with a mark.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { BrickboxError } from "../src/index.ts";

/** A reader of errors thrown in the file of this url: `Name: text`, the place being `here` if it is a line that ends with the mark. */
export const saidIn = (url: string): ((f: () => unknown) => string) => {
  const here = fileURLToPath(url),
    lines = readFileSync(here, "utf8").split("\n");
  const isMarked = (file: string, line: string): boolean =>
    file === here && /\/\/ here$/.test(lines[Number(line) - 1] as string);
  return (f) => {
    try {
      f();
    } catch (e) {
      expect(e).toBeInstanceOf(BrickboxError);
      const { name, message } = e as Error;
      return `${name}: ${message.replaceAll(/(\/[^\n()]*):(\d+):\d+/g, (place: string, file: string, line: string) =>
        isMarked(file, line) ? "here" : place,
      )}`;
    }
    return "nothing was thrown";
  };
};
