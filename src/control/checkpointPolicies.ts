// What a checkpoint may keep for the backward pass, and names for values that such policies know.
import type { Aval } from "../core/aval.ts";
import { isCall, type Eqn } from "../core/jaxpr.ts";
import type { Primitive, Unary } from "../core/primitive.ts";
import { bind, isEager } from "../core/trace.ts";
import { leavesOf, rebuild } from "../transforms/leaves.ts";
import type { Arrays } from "../transforms/types.ts";

/** A value that the forward pass has and the backward pass needs: what computed it. */
export interface Saveable {
  /** The primitive. */
  readonly primitive: string;
  /** Shapes and dtypes of the operands. */
  readonly operands: readonly Aval[];
  readonly attrs: unknown;
}
/** Says of a value whether it is kept; what is not is computed again. */
export type Policy = (value: Saveable) => boolean;

/** A value with a name for policies. */
export const nameP: Primitive<{ readonly name: string }, Unary> = {
  name: "checkpointName",
  abstractEval: ([x]) => x,
  jvp: [(dx) => dx],
  transpose: [(ct) => ct],
  batch: (_size, [x], [a], attrs) => [bind(nameP, [x], attrs), a as number],
  lower: ([x], at) => x(at),
};
/**
 * The same tree of arrays, under a name by which the policies of `checkpoint` know it.
 * @example
 * checkpointName(np.array([1, 2]), "hidden") // => [1 2]
 */
export const checkpointName = <T>(tree: T, name: string): Arrays<T> => {
  const op = "checkpointName",
    { leaves, def } = leavesOf(tree, op);
  return rebuild(def, isEager() ? leaves : leaves.map((x) => bind(nameP, [x], { name })), op) as Arrays<T>;
};
const nameOf = ({ primitive, attrs }: Saveable): string | null =>
  primitive === nameP.name ? (attrs as { readonly name: string }).name : null;
const isDot = ({ primitive }: Saveable): boolean => primitive === "dotGeneral" || primitive === "conv";
const hasBatch = ({ attrs }: Saveable): boolean =>
  (attrs as { readonly batch?: readonly [readonly number[], readonly number[]] }).batch?.[0].length !== 0;

/** What an equation computes, as policies see it. */
export const saveableOf = ({ prim, ins, attrs }: Eqn): Saveable => ({
  primitive: prim.name,
  operands: ins.map((a) => a.aval),
  attrs: isCall(prim) ? null : attrs,
});

const dots: Policy = isDot;
const dotsWithWeights: Policy = (v) => v.primitive === "dotGeneral" && !hasBatch(v);
/** Policies of `checkpoint`, under the names that JAX gives them. Those of names are made anew by every call: keep them in a constant. */
export const checkpointPolicies = {
  /**
   * Keep all: nothing is computed again.
   * @example
   * checkpointPolicies.everythingSaveable({ primitive: "sin", operands: [], attrs: {} }) // => true
   */
  everythingSaveable: (() => true) as Policy,
  /**
   * Keep only the arguments: the default.
   * @example
   * checkpointPolicies.nothingSaveable({ primitive: "sin", operands: [], attrs: {} }) // => false
   */
  nothingSaveable: (() => false) as Policy,
  /**
   * Keep what products and convolutions give.
   * @example
   * checkpointPolicies.dotsSaveable({ primitive: "dotGeneral", operands: [], attrs: { batch: [[], []] } }) // => true
   * checkpointPolicies.dotsSaveable({ primitive: "sin", operands: [], attrs: {} }) // => false
   */
  dotsSaveable: dots,
  /**
   * The same as `dotsSaveable`.
   * @example
   * checkpointPolicies.checkpointDots({ primitive: "dotGeneral", operands: [], attrs: { batch: [[], []] } }) // => true
   */
  checkpointDots: dots,
  /**
   * Keep what products without batch axes give: those with weights.
   * @example
   * checkpointPolicies.dotsWithNoBatchDimsSaveable({ primitive: "dotGeneral", operands: [], attrs: { batch: [[], []] } }) // => true
   * checkpointPolicies.dotsWithNoBatchDimsSaveable({ primitive: "dotGeneral", operands: [], attrs: { batch: [[0], [0]] } }) // => false
   */
  dotsWithNoBatchDimsSaveable: dotsWithWeights,
  /**
   * The same as `dotsWithNoBatchDimsSaveable`.
   * @example
   * checkpointPolicies.checkpointDotsWithNoBatchDims({ primitive: "dotGeneral", operands: [], attrs: { batch: [[0], [0]] } }) // => false
   */
  checkpointDotsWithNoBatchDims: dotsWithWeights,
  /**
   * Keep all values that have a name (`checkpointName`).
   * @example
   * checkpointPolicies.saveAnyNames({ primitive: "checkpointName", operands: [], attrs: { name: "h" } }) // => true
   */
  saveAnyNames: ((v) => nameOf(v) !== null) as Policy,
  /**
   * Keep the values of these names.
   * @example
   * checkpointPolicies.saveOnlyTheseNames("a", "h")({ primitive: "checkpointName", operands: [], attrs: { name: "h" } }) // => true
   * checkpointPolicies.saveOnlyTheseNames("a")({ primitive: "checkpointName", operands: [], attrs: { name: "h" } }) // => false
   */
  saveOnlyTheseNames:
    (...names: readonly string[]): Policy =>
    (v) => {
      const name = nameOf(v);
      return name !== null && names.includes(name);
    },
  /**
   * Keep the values that have a name, but not these.
   * @example
   * checkpointPolicies.saveAnyNamesButThese("a")({ primitive: "checkpointName", operands: [], attrs: { name: "h" } }) // => true
   * checkpointPolicies.saveAnyNamesButThese("a")({ primitive: "sin", operands: [], attrs: {} }) // => false
   */
  saveAnyNamesButThese:
    (...names: readonly string[]): Policy =>
    (v) => {
      const name = nameOf(v);
      return name !== null && !names.includes(name);
    },
  /**
   * Keep all but the values of these names.
   * @example
   * checkpointPolicies.saveAnythingExceptTheseNames("h")({ primitive: "checkpointName", operands: [], attrs: { name: "h" } }) // => false
   * checkpointPolicies.saveAnythingExceptTheseNames("h")({ primitive: "sin", operands: [], attrs: {} }) // => true
   */
  saveAnythingExceptTheseNames:
    (...names: readonly string[]): Policy =>
    (v) => {
      const name = nameOf(v);
      return name === null || !names.includes(name);
    },
  /**
   * Keep what one of two policies keeps.
   * @example
   * checkpointPolicies.saveFromBothPolicies(checkpointPolicies.dotsSaveable, checkpointPolicies.saveAnyNames)({ primitive: "dotGeneral", operands: [], attrs: { batch: [[], []] } }) // => true
   */
  saveFromBothPolicies:
    (first: Policy, second: Policy): Policy =>
    (v) =>
      first(v) || second(v),
} as const;
