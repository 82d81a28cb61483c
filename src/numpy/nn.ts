// The namespace `nn`: functions of neural networks.
export {
  gelu,
  glu,
  identity,
  log1mexp,
  logSigmoid,
  mish,
  sigmoid,
  silu,
  softplus,
  softSign,
  squareplus,
  swish,
  tanh,
} from "./nn/activations.ts";
export { dotProductAttention } from "./nn/attention.ts";
export { oneHot } from "./nn/categories.ts";
export {
  celu,
  elu,
  hardSigmoid,
  hardSilu,
  hardSwish,
  hardTanh,
  leakyRelu,
  relu,
  relu6,
  selu,
  sparsePlus,
  sparseSigmoid,
} from "./nn/piecewise.ts";
export { logmeanexp, logSoftmax, logsumexp, softmax, standardize } from "./nn/softmax.ts";
export * as initializers from "./initializers.ts";
