// The namespace `random`: JAX's random numbers, bit for bit.
export { categorical, choice } from "./random/choice.ts";
export {
  cauchy,
  exponential,
  laplace,
  logistic,
  pareto,
  rayleigh,
  triangular,
  weibullMin,
} from "./random/continuous.ts";
export { geometric, gumbel } from "./random/discrete.ts";
export { clone, foldIn, Key, key, keyData, type Keys, PRNGKey, split, wrapKeyData } from "./random/key.ts";
export { doubleSidedMaxwell, lognormal, maxwell, normal, truncatedNormal, wald } from "./random/normal.ts";
export { permutation } from "./random/permutation.ts";
export { bernoulli, bits, rademacher, randint, uniform } from "./random/uniform.ts";
