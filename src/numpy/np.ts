// The namespace `np`: NumPy's functions, in JAX's meaning and defaults.
export * from "./arithmetic.ts";
export { broadcastArrays, broadcastShapes, broadcastTo } from "./broadcasting.ts";
export * from "./choice.ts";
export * from "./comparison.ts";
export {
  arange,
  array,
  asarray,
  copy,
  empty,
  emptyLike,
  eye,
  fromfunction,
  full,
  fullLike,
  geomspace,
  identity,
  indices,
  linspace,
  logspace,
  meshgrid,
  ones,
  onesLike,
  tri,
  tril,
  triu,
  zeros,
  zerosLike,
} from "./creation.ts";
export type { DTypeOptions, GridOptions, LikeOptions, LogSpaceOptions, SpaceOptions } from "./creation.ts";
export * from "./diagonals.ts";
export {
  astype,
  bool,
  canCast,
  e,
  eulerGamma,
  finfo,
  float32,
  float64,
  iinfo,
  inf,
  int32,
  isdtype,
  isscalar,
  issubdtype,
  nan,
  newaxis,
  pi,
  promoteTypes,
  resultType,
  uint32,
  uint8,
} from "./dtypes.ts";
export type { DTypeKind, FloatInfo, IntegerInfo, StandardKind } from "./dtypes.ts";
export { einsum, einsumPath } from "./einsum.ts";
export type { At, GetOptions, Index, IndexMode, Span, UpdateOptions } from "./indexing.ts";
export { at, slice } from "./indexing.ts";
export * from "./joining.ts";
export * as linalg from "./linalg.ts";
export * from "./mapping.ts";
export * from "./mathematical.ts";
export type { DotOptions } from "./matmul.ts";
export { dot, inner, kron, matmul, matvec, outer, tensordot, vdot, vecdot, vecmat } from "./matmul.ts";
export * from "./nanReductions.ts";
export * from "./padding.ts";
export * from "./positions.ts";
export * from "./quantiles.ts";
export * from "./reductions.ts";
export * from "./running.ts";
export {
  atleast1d,
  atleast2d,
  atleast3d,
  expandDims,
  flatten,
  flip,
  fliplr,
  flipud,
  matrixTranspose,
  moveaxis,
  ndim,
  permuteDims,
  ravel,
  reshape,
  roll,
  rollaxis,
  rot90,
  shape,
  size,
  squeeze,
  swapaxes,
  transpose,
} from "./shapes.ts";
export type { OrderOptions } from "./shapes.ts";
export * from "./polynomials.ts";
export * from "./sets.ts";
export * from "./signals.ts";
export type { SortOptions } from "./sorting.ts";
export { argpartition, argsort, lexsort, partition, sort } from "./sorting.ts";
export * from "./statistics.ts";
export * from "./windows.ts";
export { ix, ravelMultiIndex } from "./indexingGrid.ts";
export type { BincountOptions, HistogramOptions } from "./indexingSearch.ts";
export { bincount, digitize, histogram, histogramBinEdges, isin, searchsorted } from "./indexingSearch.ts";
export type { SizeOptions } from "./indexingSelect.ts";
export { choose, compress, extract } from "./indexingSelect.ts";
export type { PutOptions, TakeOptions } from "./take.ts";
export { put, putAlongAxis, take, takeAlongAxis } from "./take.ts";
