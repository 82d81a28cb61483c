// How user code is run, as `configure` says.

/** `jit`: whether functions are compiled and loops are programs. `check`: whether traces hold what checks need. */
export const modes = { jit: true, check: false };
