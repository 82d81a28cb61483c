// How an example ends: one line with what was reached, what was expected, and the exit code.

/** The outcome of an example. */
export interface Outcome {
  readonly name: string;
  readonly metric: string;
  readonly value: number;
  /** What it must reach. */
  readonly threshold: number;
  /** What something trivial reaches. */
  readonly baseline: number;
  readonly seconds: number;
  /** Whether less is better: then the threshold is what it must not exceed. */
  readonly less?: boolean;
}
/** Print the outcome; the process fails if the threshold is missed. */
export const verdict = ({ name, metric, value, threshold, baseline, seconds, less = false }: Outcome): void => {
  const passed = less ? value <= threshold : value >= threshold;
  console.log(
    `${name}: ${metric} ${value.toFixed(4)}, at ${less ? "most" : "least"} ${threshold} expected ` +
      `(baseline ${baseline.toFixed(4)}), ${seconds.toFixed(1)} s, ${passed ? "PASS" : "FAIL"}`,
  );
  if (!passed) process.exitCode = 1;
};
