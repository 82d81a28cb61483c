// Recipes: a program and its arguments, from which a result can be computed again. A full heap then forgets the result instead
// of copying it out, which is what a synchronous loop over big arrays needs: its results die, but nobody can know before it ends.
import { Literal, type Value } from "../core/value.ts";
import type { Step } from "../kernel/program.ts";
import { ConcreteArray, type Donation, donate } from "./array.ts";
import { type Cell, type Device, hostBytes, type Recipe } from "./device.ts";
import type { Bet, Ledger } from "./ledger.ts";

/** Arguments must have lived for so many calls: those of a chain (`x = f(x)`) are younger and would be kept alive by it. */
const settled = 8;

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

/** Whether results of these arguments may have recipes. */
export const isSettled = (ins: readonly Value[], device: Device): boolean => {
  for (const x of ins) {
    if (x instanceof Literal) continue;
    if (!(x instanceof ConcreteArray)) return false;
    if (x.host === null && (x.cell === null || device.tick - x.cell.born < settled)) return false;
  }
  return true;
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
  lasts: boolean,
  bet: Bet,
  made = maker.device.fleeting.clock,
): Recipe => {
  const { name, device, latest } = maker;
  const recipe: Recipe = {
    isPossible: () => ins.every((x) => isThere(keptOf(x))),
    compute: (wanted) => {
      device.fleeting.regret(wanted, made);
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
    holding: () => {
      for (const x of ins) if (x instanceof ConcreteArray) x.wanted ??= { by: null };
      return recipe;
    },
    loose: () => (lasts ? looseOf(maker, ins, k, bet, made) : null),
  };
  return recipe;
};
/** The same for arguments that may be collected meanwhile. */
const looseOf = (maker: Maker, ins: readonly Value[], k: number, bet: Bet, made: number): Recipe => {
  const refs = ins.map((x) => (x instanceof ConcreteArray && x.cell !== null ? new WeakRef(x) : x));
  const held = (): Recipe | null => {
    const all = refs.flatMap((x) => (x instanceof WeakRef ? (x.deref() ?? []) : x));
    return all.length < refs.length ? null : recipeOf(maker, all, k, true, bet, made);
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
    holding: () => held()?.holding() ?? null,
    loose: () => recipe,
  };
  return recipe;
};
