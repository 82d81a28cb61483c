// Transposes walk in square tiles: a read that runs along another index than the store would touch a new cache line for every
// element, but in a tile the lines of one row are those of the next.
import type { Buffer, Expr, Var } from "../kernel/expr.ts";
import { int, loopVar, topological } from "../kernel/expr.ts";
import { iadd, imul, isub } from "../kernel/index.ts";
import type { For, Stmt } from "../kernel/program.ts";
import { at } from "./indices.ts";
import { strideOf } from "./vectorize.ts";

/** Elements along each side of a tile: a cache line of float32. */
const side = 16;

/** The index along which some operand is contiguous although the last one jumps through it, or null. */
const crossing = (vars: readonly Var[], roots: readonly Expr[]): Var | null => {
  const last = vars[vars.length - 1];
  if (last === undefined || last.extent < 2 * side || topological(roots).some((e) => e.op === "reduce")) return null;
  for (const e of topological(roots)) {
    if (e.op !== "read") continue;
    const offset = e.args[0] as Expr;
    if (Math.abs(strideOf(offset, last)) < side) continue;
    const across = vars.slice(0, -1).find((v) => v.extent >= side && strideOf(offset, v) === 1);
    if (across !== undefined) return across;
  }
  return null;
};

/** One index as a tile's number and a place in it. */
const cut = (
  v: Var,
): { readonly tile: Var; readonly place: Var; readonly whole: Expr; readonly limit: Partial<For> } => {
  const tile = loopVar(`${v.name}t`, Math.ceil(v.extent / side)),
    place = loopVar(`${v.name}p`, side);
  return {
    tile,
    place,
    whole: iadd(imul(tile, side), place),
    limit: v.extent % side === 0 ? {} : { limit: isub(int(v.extent), imul(tile, side)) },
  };
};

/** Loops in tiles around the stores, or null where nothing is transposed. */
export const tiled = (
  vars: readonly Var[],
  roots: readonly Expr[],
  stores: readonly Expr[],
  outs: readonly Buffer[],
): readonly Stmt[] | null => {
  const across = crossing(vars, roots);
  if (across === null) return null;
  const last = vars[vars.length - 1] as Var,
    rows = cut(across),
    columns = cut(last);
  const [values, offsets] = [roots, stores].map((xs) => at(xs, [across, last], [rows.whole, columns.whole])) as [
    readonly Expr[],
    readonly Expr[],
  ];
  const loop = (index: Var, body: readonly Stmt[], more: Partial<For> = {}): Stmt => ({
    op: "for",
    index,
    mark: "serial",
    body,
    accs: [],
    ...more,
  });
  const body = outs.map(
    (b, i): Stmt => ({ op: "store", buffer: b, at: [offsets[i] as Expr], value: values[i] as Expr }),
  );
  const tile = loop(rows.place, [loop(columns.place, body, { mark: "vector", ...columns.limit })], rows.limit);
  const outer = [...vars.filter((v) => v !== across && v !== last), rows.tile, columns.tile];
  return outer.reduceRight<readonly Stmt[]>((inner, v) => [loop(v, inner)], [tile]);
};
