// What an optimizer is made of: gradient transformations, schedules, and the values that configure them.
import type { NDArray } from "../numpy/index.ts";

/** A number, or an array of one element (so that it may be traced or change from step to step). */
export type Scalar = number | NDArray;
/** A hyperparameter as a function of the number of steps taken so far, `i32[] -> f32[]`; runs inside and outside `jit`. */
export type Schedule = (step: Scalar) => NDArray;
/** A hyperparameter that is fixed or follows a schedule. */
export type Scheduled = Scalar | Schedule;
/** A pytree of arrays with the structure of the parameters. */
export type Tree = unknown;

/**
 * Two pure functions: `init` makes the state for parameters, `update` turns gradients into updates and gives the next state.
 * The state is a pytree: it goes through `jit`, may be donated and saved.
 */
export interface GradientTransformation<S = unknown> {
  init(params: Tree): S;
  update<P>(updates: P, state: S, params?: P): readonly [updates: P, state: S];
}
/** The state of a transformation that remembers nothing: a tree without leaves. */
export type EmptyState = Readonly<Record<string, never>>;
