// The namespace `random`: JAX's random numbers, bit for bit.
export { clone, foldIn, Key, key, keyData, type Keys, PRNGKey, split, wrapKeyData } from "./random/key.ts";
export { bernoulli, bits, rademacher, randint, uniform } from "./random/uniform.ts";
