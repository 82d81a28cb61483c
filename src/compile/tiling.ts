// Transposes walk in square tiles: a read that runs along another index than the store would touch a new cache line for every
// element. In a tile every line is read as a whole, into scratch memory that holds the tile, and written as a whole from there.
import type { Buffer, Expr, Read, Var } from "../kernel/expr.ts";
import { buffer, int, loopVar, read, substitute, topological } from "../kernel/expr.ts";
import { iadd, imul, isub } from "../kernel/index.ts";
import type { For, Stmt } from "../kernel/program.ts";
import { loop, nest, store, storeEach } from "../kernel/statement.ts";
import { at } from "./indices.ts";
import { strideOf } from "./vectorize.ts";

/** Elements along each side of a tile: a cache line of float32. */
const side = 16;

/** The index along which some operands are contiguous although the last one jumps through them, and these reads; or null. */
const crossing = (
  vars: readonly Var[],
  roots: readonly Expr[],
): { readonly across: Var; readonly reads: readonly Read[] } | null => {
  const last = vars[vars.length - 1];
  if (last === undefined || last.extent < 2 * side || topological(roots).some((e) => e.op === "reduce")) return null;
  const jumps = topological(roots).filter(
    (e): e is Read => e.op === "read" && Math.abs(strideOf(e.args[0] as Expr, last)) >= side,
  );
  for (const e of jumps) {
    const along = (r: Read, v: Var): boolean => strideOf(r.args[0] as Expr, v) === 1,
      across = vars.slice(0, -1).find((v) => v.extent >= side && along(e, v));
    if (across !== undefined) return { across, reads: jumps.filter((r) => along(r, across)) };
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
): { readonly body: readonly Stmt[]; readonly scratch: readonly Buffer[] } | null => {
  const found = crossing(vars, roots);
  if (found === null) return null;
  const { across, reads } = found,
    last = vars[vars.length - 1] as Var,
    rows = cut(across),
    columns = cut(last);
  const inTile = (xs: readonly Expr[]): readonly Expr[] => at(xs, [across, last], [rows.whole, columns.whole]),
    scratch = reads.map((r) => buffer(r.buffer.type, [side * side])),
    place = iadd(imul(columns.place, side), rows.place);
  const held = new Map(reads.map((r, i): [Expr, Expr] => [r, read(scratch[i] as Buffer, [place])])),
    values = inTile(substitute(roots, held)),
    offsets = inTile(stores);
  const fill = inTile(reads).map((value, i) => store(scratch[i] as Buffer, [place], value));
  const tile = [
    loop(columns.place, [loop(rows.place, fill, { mark: "vector", ...rows.limit })], columns.limit),
    loop(
      rows.place,
      [loop(columns.place, storeEach(outs, offsets, values), { mark: "vector", ...columns.limit })],
      rows.limit,
    ),
  ];
  const outer = [...vars.filter((v) => v !== across && v !== last), rows.tile, columns.tile];
  return { body: nest(outer, tile), scratch };
};
