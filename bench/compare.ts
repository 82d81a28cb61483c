// Do two contestants agree? Nobody is timed before.
import { readFileSync } from "node:fs";

export type Outputs = readonly Float32Array[];
export const readOutputs = (file: string, count: number): Outputs =>
  Array.from({ length: count }, (_, i) => new Float32Array(new Uint8Array(readFileSync(`${file}.${i}`)).buffer));

const largest = (x: Float32Array): number => x.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
/** What is wrong with `got`, or null. Differences count relative to the largest element of the expected array. */
export const difference = (got: Outputs, expected: Outputs, tolerance: number): string | null => {
  if (got.length !== expected.length) return `gives ${got.length} arrays instead of ${expected.length}`;
  for (const [n, want] of expected.entries()) {
    const have = got[n] as Float32Array;
    if (have.length !== want.length) return `output ${n} has ${have.length} elements instead of ${want.length}`;
    const scale = Math.max(largest(want), 1e-30);
    for (let i = 0; i < want.length; i++)
      if (!(Math.abs((have[i] as number) - (want[i] as number)) <= tolerance * scale))
        return `output ${n}, element ${i} is ${have[i]}, not ${want[i]}`;
  }
  return null;
};
/** Who is believed when results differ, in this order: the simplest code first. */
export const witnesses = [
  "plain",
  "torch",
  "tfjs-cpu",
  "tfjs-wasm",
  "onnx",
  "jaxjs",
  "brickbox1",
  "brickbox2",
] as const;
