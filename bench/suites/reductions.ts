// How fast are sums, functions of rows and their gradients, sorting, running sums?
import { bytes, type Row, type Suite, type Target } from "../row.ts";

const large = [2048, 2048],
  square = [1024, 1024];
const sum = (name: string, axis: number | null, target: Target): Row => ({
  name: `sum of 2048x2048, ${name}`,
  op: "sum",
  args: { axis },
  inputs: { x: { shape: large } },
  reads: bytes(large),
  target: { limit: 0.7, ...target },
});
const vectorValued = (f: string): boolean => f !== "logsumexp";
const ofRows = (f: string): readonly Row[] => {
  const out = vectorValued(f) ? square : [1024];
  const shared = { args: { f }, reads: bytes(square), writes: bytes(out) };
  return [
    {
      ...shared,
      name: `${f} of 1024x1024`,
      op: "rows",
      inputs: { x: { shape: square } },
      target: { torch: 1, js: 3 },
    },
    {
      ...shared,
      name: `gradient of ${f} of 1024x1024`,
      op: "rowsGradient",
      inputs: { x: { shape: square }, ct: { shape: out } },
      reads: bytes(square, out),
      writes: bytes(square),
      target: { torch: 1.2, js: 8 },
    },
  ];
};

export const reductions: Suite = {
  name: "reductions",
  question: "How fast are sums, functions of rows with their gradients, sorting?",
  rows: [
    sum("all", null, { torch: 0.8, js: 20 }),
    sum("rows", 1, { torch: 0.8, js: 4 }),
    sum("columns", 0, { torch: 2, js: 5 }),
    ...["softmax", "logsumexp", "layernorm"].flatMap(ofRows),
    { name: "sort 100k", op: "sort", inputs: { x: { shape: [100_000] } }, target: { torch: 2, js: 2 } },
    {
      name: "cumsum of 1M",
      op: "cumsum",
      inputs: { x: { shape: [1 << 20] } },
      reads: bytes([1 << 20]),
      writes: bytes([1 << 20]),
      tolerance: 1e-3,
      target: { torch: 1.4, js: 5 },
    },
  ],
};
