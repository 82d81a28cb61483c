// Recipes: a program and its arguments, from which a result can be computed again. A full heap then forgets the result instead
// of copying it out, which is what a synchronous loop over big arrays needs: its results die, but nobody can know before it ends.
import { Literal, type Value } from "../core/value.ts";
import type { Step } from "../kernel/program.ts";
import { ConcreteArray, type Donation, donate } from "./array.ts";
import { type Cell, type Device, hostBytes, type Recipe } from "./device.ts";

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

/** The recipe of result k of `run`, whose arguments are `ins`. */
export const recipeOf = (
  device: Device,
  ins: readonly Value[],
  k: number,
  run: () => readonly ConcreteArray[],
  name: string,
): Recipe => ({
  isPossible: () => ins.every((x) => !(x instanceof ConcreteArray) || x.host !== null || x.cell !== null),
  compute: () => {
    device.fleeting.regret();
    const results = run(),
      cell = (results[k] as ConcreteArray).cell as Cell;
    if (cell.device !== null) cell.device.spill(cell, name);
    const bytes = hostBytes(cell),
      donation: Donation = { name, at: new Error(name) };
    for (const x of results) donate(x, donation);
    return bytes;
  },
});
