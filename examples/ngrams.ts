// What a language model must beat: counts of characters after the few before them.

/** How often each character followed a context, and in all. */
interface Followers {
  readonly counts: Map<number, number>;
  total: number;
}
/**
 * Bits per character of `held` under an interpolated n-gram model of `seen`: the share of a character after n - 1 others, where d different
 * ones were seen in n places, is `(count + d shorter) / (n + d)`, with the share `shorter` after one character less, down to equal shares
 * (Witten and Bell 1991, IEEE Trans. Inf. Theory 37). Characters are numbers below `symbols`.
 */
export const ngramBits = (seen: ArrayLike<number>, held: ArrayLike<number>, n: number, symbols: number): number => {
  /** The number of the context of `length` characters before `at`, in base `symbols`. */
  const contextOf = (text: ArrayLike<number>, at: number, length: number): number => {
    let number = 0;
    for (let i = at - length; i < at; i++) number = number * symbols + (text[i] as number);
    return number;
  };
  const tables = Array.from({ length: n }, (_, length) => {
    const table = new Map<number, Followers>();
    for (let at = length; at < seen.length; at++) {
      const context = contextOf(seen, at, length),
        next = seen[at] as number,
        followers = table.get(context) ?? { counts: new Map<number, number>(), total: 0 };
      followers.counts.set(next, (followers.counts.get(next) ?? 0) + 1);
      followers.total++;
      table.set(context, followers);
    }
    return table;
  });
  let bits = 0;
  for (let at = 0; at < held.length; at++) {
    const next = held[at] as number;
    const share = tables.reduce((shorter, table, length) => {
      const followers = length <= at ? table.get(contextOf(held, at, length)) : undefined;
      if (followers === undefined) return shorter;
      const { counts, total } = followers;
      return ((counts.get(next) ?? 0) + counts.size * shorter) / (total + counts.size);
    }, 1 / symbols);
    bits -= Math.log2(share);
  }
  return bits / held.length;
};
