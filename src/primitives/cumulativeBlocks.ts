// Running reductions of long rows: a row is cut into pieces, each of which is reduced first, so that it is known what every piece
// begins with; then several pieces run side by side, which hides how long one step waits for the one before.
import type { Buffer, Expr, ReduceOp, ScalarType, Var } from "../kernel/expr.ts";
import { binary, buffer, cast, compare, freshVar, int, localVar, read, registerType } from "../kernel/expr.ts";
import { iadd, imul, isub } from "../kernel/index.ts";
import type { Stmt } from "../kernel/program.ts";
import { loop, store } from "../kernel/statement.ts";

/** Rows shorter than this run in one piece. */
export const longRun = 4096;
const abreast = 8,
  groups = 8;
/** Pieces of an odd number of cache lines: places in the cache that many of them have in common would be too few for all. */
const oddLines = 48;

/** What runs along a row, and where its elements are: `at(k)` is the index of element k of the row. */
export interface Run {
  readonly combine: ReduceOp;
  readonly carried: ScalarType;
  readonly length: number;
  readonly reverse: boolean;
  readonly at: (k: Expr) => readonly Expr[];
}

/** Statements for one row, the last of which is a loop that threads may share. */
export const runInPieces = (x: Buffer, out: Buffer, run: Run): readonly Stmt[] => {
  const { combine, carried, length, reverse, at } = run,
    count = abreast * groups,
    size = Math.floor((length / count - oddLines) / 64) * 64 + oddLines,
    wholes = buffer(carried as Buffer["type"], [count]),
    starts = buffer(carried as Buffer["type"], [count]);
  /** The place of the k-th element in the direction of the run. */
  const place = (k: Expr): readonly Expr[] => at(reverse ? isub(int(length - 1), k) : k);
  const value = (where: readonly Expr[]): Expr => cast(carried, read(x, where));

  const piece = freshVar(count, "p"),
    within = freshVar(size, "i"),
    whole = localVar(`whole${piece.name}`, carried),
    // A piece is reduced in the order of memory, whichever way the run goes.
    first = reverse ? isub(int(length - size), imul(piece, size)) : imul(piece, size);
  const reduced = loop(piece, [
    loop(within, [], { mark: "vector", accs: [{ name: whole, combine, value: value(at(iadd(first, within))) }] }),
    store(wholes, [piece], whole),
  ]);

  // Every thread works out for itself what the pieces begin with: names that change would keep threads from sharing the loop.
  const next = freshVar(count, "p"),
    earlier = freshVar(count, "q"),
    before = localVar(`before${next.name}`, carried);
  const begun = loop(next, [
    loop(earlier, [], { limit: next, accs: [{ name: before, combine, value: read(wholes, [earlier]) }] }),
    store(starts, [next], before),
  ]);

  const group = freshVar(groups, "g"),
    step = freshVar(size, "i"),
    rest = freshVar(length - count * size, "i"),
    accs = Array.from({ length: abreast }, (_, u) => localVar(`acc${u}${step.name}`, carried));
  const advance = (name: Var, k: Expr): readonly Stmt[] => [
    { op: "set", name, value: binary(combine, name, value(place(k))) },
    store(out, place(k), cast(registerType(out.type), name)),
  ];
  const number = (u: number): Expr => iadd(imul(group, abreast), int(u));
  const runs = loop(
    group,
    [
      ...accs.map((name, u): Stmt => ({ op: "let", name, value: read(starts, [number(u)]), mutable: true })),
      loop(
        step,
        accs.flatMap((name, u) => advance(name, iadd(imul(number(u), size), step))),
      ),
      ...(rest.extent === 0
        ? []
        : [
            {
              op: "if",
              cond: compare("eq", group, int(groups - 1)),
              then: [loop(rest, advance(accs[abreast - 1] as Var, iadd(int(count * size), rest)))],
              else: [],
            } as const,
          ]),
    ],
    { mark: "parallel" },
  );
  return [reduced, begun, runs];
};
