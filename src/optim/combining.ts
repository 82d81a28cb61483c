// Transformations made of transformations: one after the other, or different ones for different leaves.
import type { Monoid } from "fp-ts/lib/Monoid.js";
import { ArgumentError } from "../numpy/errors.ts";
import type { EmptyState, GradientTransformation, Tree } from "./types.ts";
import { stateless } from "./leaves.ts";

/**
 * The transformation that changes nothing; its state is empty.
 * @example
 * optim.identity().update({ w: np.array([1, 2]) }, {}) // => [{ w: [1 2] }, {}]
 */
export const identity = (): GradientTransformation<EmptyState> => stateless((updates) => updates);

type StateOf<T> = T extends GradientTransformation<infer S> ? S : never;
type StatesOf<T extends readonly unknown[]> = { readonly [K in keyof T]: StateOf<T[K]> };
/**
 * Transformations one after the other, the first one nearest to the gradients; the state is the list of their states.
 * @example
 * const clipped = optim.chain(optim.clipByGlobalNorm(1), optim.scale(-0.5));
 * clipped.update(np.array([3, 4]), clipped.init(np.zeros([2])))[0] // => [-0.3 -0.4]
 */
export const chain = <const T extends readonly GradientTransformation[]>(
  ...parts: T
): GradientTransformation<StatesOf<T>> => ({
  init: (params) => parts.map((t) => t.init(params)) as unknown as StatesOf<T>,
  update: (updates, state, params) => {
    let current = updates;
    const next = parts.map((t, i) => {
      const [out, s] = t.update(current, state[i], params);
      current = out;
      return s;
    });
    return [current, next as unknown as StatesOf<T>];
  },
});

/**
 * `chain` of two as a monoid of fp-ts, with `identity()` as its neutral element.
 * @example
 * const t = optim.monoid.concat(optim.scale(2), optim.monoid.concat(optim.monoid.empty, optim.scale(3)));
 * t.update(np.array([1, 2]), t.init(np.zeros([2])))[0] // => [6 12]
 */
export const monoid: Monoid<GradientTransformation> = {
  get empty(): GradientTransformation {
    return identity();
  },
  concat: (first, second) => chain(first, second),
};

/** Labels for the leaves: a tree like the parameters, cut short where a label speaks for all leaves below, or a function that gives it. */
export type Labels<L> =
  | L
  | readonly Labels<L>[]
  | { readonly [key: string]: Labels<L> }
  | ((params: Tree) => Labels<L>);

type Node = readonly unknown[] | Readonly<Record<string, unknown>>;
const isNode = (x: unknown): x is Node =>
  typeof x === "object" &&
  x !== null &&
  (Array.isArray(x) || [Object.prototype, null].includes(Object.getPrototypeOf(x) as object | null));
const childOf = (x: unknown, key: string): unknown => (x as Readonly<Record<string, unknown>> | undefined)?.[key];
/** `f(label, subtrees)` for every label, in a tree like the labels'. */
const mapLabels = (
  op: string,
  f: (label: unknown, subtrees: readonly unknown[]) => unknown,
  labels: unknown,
  trees: readonly unknown[],
  path = "",
): unknown => {
  if (!isNode(labels)) return f(labels, trees);
  const [first] = trees;
  const keys = Object.keys(labels);
  if (
    !isNode(first) ||
    Array.isArray(first) !== Array.isArray(labels) ||
    keys.some((k) => !Object.hasOwn(first, k)) ||
    Object.keys(first).length !== keys.length
  )
    throw new ArgumentError({
      op,
      expected: `labels${path} to have a label for each part of the parameters, or one for all`,
      got: isNode(first)
        ? `labels for ${keys.join(", ")}, parameters ${Object.keys(first).join(", ")}`
        : `labels for ${keys.join(", ")} of a leaf`,
    });
  const entries = keys.map(
    (k) =>
      [
        k,
        mapLabels(
          op,
          f,
          childOf(labels, k),
          trees.map((t) => childOf(t, k)),
          `${path}.${k}`,
        ),
      ] as const,
  );
  return Array.isArray(labels) ? entries.map(([, v]) => v) : Object.fromEntries(entries);
};
/** The parts of `tree` that are labelled `wanted`; null elsewhere. */
const only = (op: string, labels: unknown, wanted: unknown, tree: Tree): unknown =>
  mapLabels(op, (label, [t]) => (label === wanted ? t : null), labels, [tree]);
/** `tree`, with the parts that are labelled `wanted` from `part`. */
const patched = <P>(op: string, labels: unknown, wanted: unknown, tree: P, part: unknown): P =>
  mapLabels(op, (label, [t, p]) => (label === wanted ? p : t), labels, [tree, part]) as P;

/**
 * A transformation for each label, applied to the leaves that carry it; the state holds theirs by label. Throws ArgumentError for
 * a label without transformation, and where labels do not fit the parameters.
 * @example
 * const t = optim.multiTransform({ slow: optim.scale(0.1), fast: optim.scale(10) }, { w: "slow", b: "fast" });
 * const params = { w: np.array([1, 2]), b: np.array([3]) };
 * t.update(params, t.init(params))[0] // => { w: [0.1 0.2], b: [30] }
 */
export const multiTransform = <L extends string>(
  transforms: { readonly [K in L]: GradientTransformation },
  paramLabels: Labels<L>,
): GradientTransformation<{ readonly [K in L]: unknown }> => {
  const op = "multiTransform";
  const all = Object.entries(transforms) as unknown as readonly (readonly [L, GradientTransformation])[];
  const labelsFor = (x: Tree): unknown => {
    const labels = typeof paramLabels === "function" ? paramLabels(x) : paramLabels;
    mapLabels(op, (label) => checkLabel(label), labels, [x]);
    return labels;
  };
  const checkLabel = (label: unknown): void => {
    if (!all.some(([name]) => name === label))
      throw new ArgumentError({
        op,
        expected: `labels among ${all.map(([name]) => name).join(", ")}`,
        got: String(label),
      });
  };
  return {
    init: (params) => {
      const labels = labelsFor(params);
      return Object.fromEntries(all.map(([name, t]) => [name, t.init(only(op, labels, name, params))])) as never;
    },
    update: (updates, state, params) => {
      const labels = labelsFor(updates);
      let current = updates;
      const next = all.map(([name, t]) => {
        const part = params === undefined ? undefined : only(op, labels, name, params);
        const [out, s] = t.update(only(op, labels, name, updates), state[name], part as never);
        current = patched(op, labels, name, current, out);
        return [name, s] as const;
      });
      return [current, Object.fromEntries(next) as never];
    },
  };
};

/**
 * A transformation of the leaves for which `mask` is true; the others pass unchanged. Throws ArgumentError where the mask does
 * not fit the parameters.
 * @example
 * const t = optim.masked(optim.addDecayedWeights(0.5), { w: true, b: false });
 * const params = { w: np.array([2, 4]), b: np.array([2]) };
 * t.update({ w: np.zeros([2]), b: np.zeros([1]) }, t.init(params), params)[0] // => { w: [1 2], b: [0] }
 */
export const masked = <S>(inner: GradientTransformation<S>, mask: Labels<boolean>): GradientTransformation<S> => {
  const op = "masked";
  const maskFor = (x: Tree): unknown => (typeof mask === "function" ? mask(x) : mask);
  return {
    init: (params) => inner.init(only(op, maskFor(params), true, params)),
    update: (updates, state, params) => {
      const labels = maskFor(updates);
      const part = params === undefined ? undefined : only(op, labels, true, params);
      const [out, next] = inner.update<unknown>(only(op, labels, true, updates), state, part);
      return [patched(op, labels, true, updates, out), next];
    },
  };
};
