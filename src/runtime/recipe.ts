// Recipes: a program and its arguments, from which a result can be computed again. A full heap then forgets the result instead
// of copying it out, which is what a synchronous loop over big arrays needs: its results die, but nobody can know before it ends.
import { Literal, type Value } from "../core/value.ts";
import type { Step } from "../kernel/program.ts";
import { ConcreteArray, type Donation, donate } from "./array.ts";
import { type Cell, type Device, hostBytes, type Recipe } from "./device.ts";
import type { Bet, Ledger } from "./ledger.ts";

/** Arguments that have lived for so many calls are there to be used again: recipes may begin with them. */
const settled = 8;
/** Recipes of recipes go so deep: a chain (`x = f(x)`) would keep its whole history alive. */
const deepest = 4;

/** Whether the steps do nothing but compute. */
export const isPure = (steps: readonly Step[]): boolean =>
  steps.every((s) => {
    switch (s.op) {
      case "call":
      case "copy":
        return true;
      case "loop":
        return isPure(s.body);
      case "while":
        return isPure(s.cond) && isPure(s.body);
      case "branch":
        return s.branches.every(isPure);
      default:
        return false;
    }
  });

/** How deep recipes of these arguments' results go, at least 1; 0 if they may have none. Young arguments must be light: results keep them. */
export const depthOf = (ins: readonly Value[], device: Device, light: boolean): number => {
  let depth = 1;
  for (const x of ins) {
    if (x instanceof Literal) continue;
    if (!(x instanceof ConcreteArray)) return 0;
    const { cell } = x;
    if (cell === null) continue;
    const below = cell.recipe?.depth ?? 0,
      old = device.tick - cell.born >= settled;
    if (below > 0 && below < deepest && (old || light)) depth = Math.max(depth, below + 1);
    else if (!old) return 0;
    else if (below > 0) {
      // Others may begin with it.
      device.fleeting.remove(cell);
      cell.recipe = null;
    }
  }
  return depth;
};
/** Milliseconds that it takes to have the arguments again which are themselves results of this moment. */
export const costOf = (ins: readonly Value[], device: Device): number => {
  let cost = 0;
  for (const x of ins)
    if (x instanceof ConcreteArray && x.cell !== null && device.tick - x.cell.born < settled)
      cost += x.cell.recipe?.bet.cost ?? 0;
  return cost;
};

/** The program of a recipe. */
export interface Maker {
  readonly name: string;
  readonly device: Device;
  /** What its last run made, as far as that is fleeting. */
  readonly latest: Cell[];
  readonly ledger: Ledger;
  readonly again: (ins: readonly Value[]) => readonly ConcreteArray[];
}
/** The argument, or what the recipe kept of it. */
const keptOf = (x: Value): Value => (x instanceof ConcreteArray ? (x.wanted?.by ?? x) : x);
const isThere = (x: Value): boolean =>
  !(x instanceof ConcreteArray) || x.host !== null || x.cell !== null || x.repeats !== null;

/** The recipe of result k of a program with these arguments; one that lasts is still of use when the job has ended. */
export const recipeOf = (
  maker: Maker,
  ins: readonly Value[],
  k: number,
  depth: number,
  lasts: boolean,
  bet: Bet,
  made = maker.device.fleeting.clock,
): Recipe => {
  const { name, device, latest } = maker;
  const recipe: Recipe = {
    isPossible: () => ins.every((x) => isThere(keptOf(x))),
    compute: (wanted) => {
      if (bet.isSure) device.fleeting.regret(wanted, made);
      const results = maker.again(ins.map(keptOf)),
        cell = (results[k] as ConcreteArray).cell as Cell;
      if (cell.device !== null) cell.device.spill(cell, name);
      const bytes = hostBytes(cell),
        donation: Donation = { name, at: new Error(name) };
      for (const x of results) donate(x, donation);
      return bytes;
    },
    latest,
    bet,
    depth,
    holding: () => {
      for (const x of ins) if (x instanceof ConcreteArray) x.wanted ??= { by: null };
      return recipe;
    },
    loose: () => (lasts ? looseOf(maker, ins, k, depth, bet, made) : null),
  };
  return recipe;
};
/** The same for arguments that may be collected meanwhile. */
const looseOf = (maker: Maker, ins: readonly Value[], k: number, depth: number, bet: Bet, made: number): Recipe => {
  const refs = ins.map((x) => (x instanceof ConcreteArray && x.cell !== null ? new WeakRef(x) : x));
  const held = (): Recipe | null => {
    const all = refs.flatMap((x) => (x instanceof WeakRef ? (x.deref() ?? []) : x));
    return all.length < refs.length ? null : recipeOf(maker, all, k, depth, true, bet, made);
  };
  const recipe: Recipe = {
    isPossible: () => held()?.isPossible() === true,
    compute: (wanted) => {
      const found = held();
      if (found === null) throw new Error("a recipe has lost its arguments");
      return found.compute(wanted);
    },
    latest: maker.latest,
    bet,
    depth,
    holding: () => held()?.holding() ?? null,
    loose: () => recipe,
  };
  return recipe;
};
