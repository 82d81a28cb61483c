// What is compared: a row of the table is an operation with its arguments and inputs, which every contestant runs in its own way.

/** An array that every contestant gets: numbers of a seeded generator between -1 and 1, times `scale`, plus `offset`; or integers below `below`. */
export interface Input {
  readonly shape: readonly number[];
  readonly scale?: number;
  readonly offset?: number;
  /** Make it `int32`. */
  readonly below?: number;
  /** A parameter that a training step changes. */
  readonly trained?: boolean;
}
export type Inputs = Readonly<Record<string, Input>>;

/** How a row is measured: the median time of a call; the time of the first call of a fresh process; what a fresh process reports. */
export type Kind = "time" | "first" | "report";
export type Unit = "s" | "B" | "1";

/** What issue and README promise. */
export interface Target {
  /** Fraction of what the measured peak and bandwidth allow. */
  readonly limit?: number;
  /** PyTorch's time divided by ours. */
  readonly torch?: number;
  /** The time of the faster of jax-js and TensorFlow.js divided by ours. */
  readonly js?: number;
  /** At most so much, in the unit of the row. */
  readonly most?: number;
}
export interface Row {
  readonly name: string;
  /** What contestants look up in their tables. */
  readonly op: string;
  readonly args?: Readonly<Record<string, string | number | boolean | null>>;
  readonly inputs: Inputs;
  readonly kind?: Kind;
  readonly unit?: Unit;
  /** Floating-point operations that cannot be saved, for the limit. */
  readonly flops?: number;
  /** Bytes that must be read and written, for the limit. */
  readonly reads?: number;
  readonly writes?: number;
  /** How far results may differ, relative to the largest element. */
  readonly tolerance?: number;
  readonly target?: Target;
  /** Who takes part; everyone who has the operation if left out. */
  readonly only?: readonly string[];
}
/** Rows that answer one question. */
export interface Suite {
  readonly name: string;
  readonly question: string;
  readonly rows: readonly Row[];
}

export const elements = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
/** Bytes of arrays of so many float32. */
export const bytes = (...shapes: readonly (readonly number[])[]): number =>
  shapes.reduce((sum, shape) => sum + 4 * elements(shape), 0);

/** The same numbers every time: a linear congruential generator with the constants of Numerical Recipes. */
export const fill = ({ shape, scale = 1, offset = 0, below }: Input, seed: number): Float32Array | Int32Array => {
  let state = Math.imul(seed, 2654435761) >>> 0;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const length = elements(shape);
  return below === undefined
    ? Float32Array.from({ length }, () => scale * (2 * next() - 1) + offset)
    : Int32Array.from({ length }, () => Math.floor(next() * below));
};
