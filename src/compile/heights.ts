// How many rows the register tiles of a contraction have.

/** Tiles of so many rows, and what a row costs in them: fewer rows hide less of the latency and load more. */
const heights = [
  [6, 1],
  [5, 1.03],
  [4, 1.08],
] as const;
/** Tiles of one height, and how many. */
export type Height = readonly [rows: number, tiles: number];
const costOf = ([n, tiles]: Height): number => n * tiles * (heights.find(([h]) => h === n)?.[1] ?? 1);

/** What ends so many rows left over by tiles of six: one lower tile, or two of them in the place of a tile of six. */
const endings: readonly (Height | null)[] = [null, [4, 2], [4, 2], [5, 2], [4, 1], [5, 1]];
/** What a second height must leave of the cost: it has code of its own. */
const worthTwo = 0.95;

/** The tiles that waste least on `rows` rows; of two heights if they are `mixed` and it is worth it. */
export const heightsOf = (rows: number, mixed: boolean): readonly [Height, ...Height[]] => {
  const alike = heights.map(([n]): Height => [n, Math.ceil(rows / n)]),
    costs = alike.map(costOf),
    least = Math.min(...costs),
    best = alike[costs.indexOf(least)] as Height,
    ending = endings[rows % 6] ?? null;
  if (!mixed || ending === null) return [best];
  const tall: Height = [6, Math.floor(rows / 6) + 1 - ending[1]];
  return tall[1] > 0 && costOf(tall) + costOf(ending) < worthTwo * least ? [tall, ending] : [best];
};
/** Columns of a tile for the accumulator's type: two vectors. */
export const widthOf = (type: "f32" | "f64"): number => (type === "f32" ? 8 : 4);
