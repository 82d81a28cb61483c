// Trees of arrays, parameters for instance, as safetensors files: every array under the name of its place, `layers.0.w`.
import { TreeError } from "../numpy/errors.ts";
import { type NDArray, np, tree } from "../numpy/index.ts";
import { attempt, FormatError, type Parsed } from "./format.ts";
import { parseSafetensors, type Safetensors, writeSafetensors } from "./safetensors.ts";

/** Names and arrays of the leaves, in order. Throws TreeError if two places have the same name. */
const named = (op: string, x: unknown): readonly (readonly [name: string, leaf: NDArray])[] => {
  const leaves = tree.leavesWithPath(x).map(([path, leaf]) => [path.join("."), np.asarray(leaf)] as const);
  const seen = new Set<string>();
  for (const [name] of leaves) {
    if (seen.has(name))
      throw new TreeError({
        op,
        expected: "places with different names",
        got: `two that are called ${JSON.stringify(name)}`,
        remedy: "rename a key that has a dot in it",
      });
    seen.add(name);
  }
  return leaves;
};

/**
 * The bytes of a safetensors file with the arrays of a tree; `parseTree` reads them back. Throws TreeError for what is no tree.
 * @example
 * const file = io.writeTree({ layers: [{ w: np.ones([2]) }] });
 * io.orThrow(io.parseSafetensors(file)).tensors // => { layers.0.w: [1 1] }
 */
export const writeTree = (x: unknown, metadata: Safetensors["metadata"] = {}): Uint8Array =>
  writeSafetensors(Object.fromEntries(named("writeTree", x)), metadata);

/**
 * A tree with the structure of `like`, whose arrays come from a file of `writeTree`; the file must have the same names, shapes and
 * dtypes, no more and no less.
 * @example
 * const params = { w: np.array([1, 2]), b: np.array(3) };
 * io.orThrow(io.parseTree(params, io.writeTree(params))) // => { b: 3, w: [1 2] }
 * io.parseTree({ w: np.zeros([3]) }, io.writeTree({ w: np.zeros([2]) })).left.message
 * // => safetensors, byte 8: expected w: float32[3], got w: float32[2]
 */
export const parseTree = <T>(like: T, bytes: Uint8Array): Parsed<T> => {
  const parsed = parseSafetensors(bytes);
  if (parsed._tag === "Left") return parsed;
  const { tensors } = parsed.right;
  return attempt(() => {
    const wanted = named("parseTree", like);
    const extra = Object.keys(tensors).find((name) => !wanted.some(([n]) => n === name));
    if (extra !== undefined) throw new FormatError("safetensors", 8, "no other names", extra);
    const leaves = wanted.map(([name, leaf]) => {
      const found = Object.hasOwn(tensors, name) ? tensors[name] : undefined;
      const look = (x: NDArray | undefined): string =>
        x === undefined ? "nothing" : `${name}: ${x.dtype}[${x.shape}]`;
      if (look(found) !== look(leaf)) throw new FormatError("safetensors", 8, look(leaf), look(found));
      return found;
    });
    return tree.unflatten<T>(tree.structure(like), leaves);
  });
};
