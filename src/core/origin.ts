// Where equations come from: the named scopes around the code, and the user's line. Derived equations come from where the
// equation that they are derived from does.
import { userLine } from "./errors.ts";

/** What an equation tells of its origin. */
export interface Origin {
  /** Named scopes, from the outside in: `encoder/attention`. */
  readonly scope?: string;
  /** The user's line, if lines are noted. */
  readonly at?: string;
}

let scope = "",
  line: string | null = null,
  noting = false;
/** Note lines from now on, or no longer: each costs a stack. */
export const noteLines = (on: boolean): void => {
  noting = on;
};

const nowhere: Origin = {};
/** The origin of an equation that is noted now. */
export const originNow = (): Origin => {
  if (scope === "" && line === null && !noting) return nowhere;
  const at = line ?? (noting ? userLine() : null);
  return { ...(scope === "" ? {} : { scope }), ...(at === null ? {} : { at }) };
};
/** The line of the equation that is applied now, or the user's. */
export const lineNow = (): string | null => line ?? userLine();

/** A scope inside another one; one that begins with it is taken as it is. */
export const joinScopes = (outer: string, inner: string): string =>
  outer === "" || inner === outer || inner.startsWith(`${outer}/`) ? inner : inner === "" ? outer : `${outer}/${inner}`;

/** The origin of an equation whose jaxpr stands in the place of `outer`. */
export const originIn = (outer: Origin, { scope: own = "", at = outer.at }: Origin): Origin => {
  const joined = joinScopes(outer.scope ?? "", own);
  return { ...(joined === "" ? {} : { scope: joined }), ...(at === undefined ? {} : { at }) };
};

const within = <A>(newScope: string, newLine: string | null, f: () => A): A => {
  const saved = [scope, line] as const;
  scope = newScope;
  line = newLine;
  try {
    return f();
  } finally {
    [scope, line] = saved;
  }
};
/** Run `f` inside the scope `name`. */
export const withScope = <A>(name: string, f: () => A): A => within(scope === "" ? name : `${scope}/${name}`, line, f);
/** Run `f` in no scope: what is traced on its own does not depend on who traces it first. */
export const outsideScopes = <A>(f: () => A): A => (scope === "" ? f() : within("", line, f));
/** Run `f`, which applies an equation again, where that comes from. */
export const withOrigin = <A>(origin: Origin, f: () => A): A =>
  origin.scope === undefined && origin.at === undefined
    ? f()
    : within(joinScopes(scope, origin.scope ?? ""), origin.at ?? line, f);
