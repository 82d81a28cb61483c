// The entry point `brickbox/data`: data sets as pytrees of arrays, shuffling, batches, splits, scaling, and judging predictions.
export { type BatchOptions, batches, batchPositions } from "./batches.ts";
export { accuracy, areaUnderRoc, confusionMatrix } from "./judging.ts";
export { rowCount, takeRows } from "./rows.ts";
export { fitScaling, type Scaling, standardize } from "./scaling.ts";
export { type Split, type SplitOptions, splitPositions, trainTestSplit } from "./split.ts";
