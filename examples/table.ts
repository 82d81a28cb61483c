// A matrix of counts as text.

/** The counts with row and column headings; zeros are dots, so that the others stand out. */
export const table = (corner: string, counts: readonly (readonly number[])[]): string => {
  const cell = (text: string | number): string => String(text).padStart(6);
  const heading = [corner.padEnd(16), ...counts.map((_, j) => cell(j))].join("");
  const lines = counts.map((row, i) =>
    [String(i).padStart(15), " ", ...row.map((n) => cell(n === 0 ? "·" : n))].join(""),
  );
  return [heading, ...lines].join("\n");
};
