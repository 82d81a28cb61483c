// Random orthogonal matrices: products of reflections.
import { type Initializer, lax, type NDArray, np, random } from "../numpy/index.ts";

/**
 * Initial weights `f32[m, n]` with orthonormal columns (rows if `m < n`), uniform among all such: the product of the reflections
 * that would bring a normal matrix into triangular form, column by column, with the signs that make its diagonal positive
 * (Stewart 1980, SIAM J. Numer. Anal. 17; Mezzadri 2007, arXiv:math-ph/0609050). Each reflection `I - 2 v v' / v'v` is exactly as orthogonal
 * as rounding allows, so the product is too.
 */
export const orthogonal: Initializer = (key, shape, { dtype = "float32" } = {}) => {
  const [rows, columns] = shape as readonly [number, number],
    order = Math.max(rows, columns);
  const draws = random.normal(key, [order, order], { dtype: dtype as "float32" }),
    positions = np.arange(order);
  const reflect = (q: NDArray, [draw, k]: readonly [NDArray, NDArray]): readonly [NDArray, NDArray] => {
    const rest = np.where(np.greaterEqual(positions, k), draw, 0),
      first = np.equal(positions, k);
    const head = np.sum(np.where(first, rest, 0)),
      sign = np.where(np.less(head, 0), -1, 1);
    // Away from the axis that it is reflected to, so that nothing cancels.
    const v = np.add(rest, np.where(first, np.multiply(sign, np.sqrt(np.sum(np.square(rest)))), 0));
    const norm = np.sum(np.square(v)),
      along = np.multiply(np.matmul(q, v), np.divide(2, np.where(np.equal(norm, 0), 1, norm)));
    return [np.subtract(q, np.outer(along, v)), np.astype(np.negative(sign), q.dtype)];
  };
  const [q, signs] = lax.scan(reflect, np.identity(order, { dtype }), [draws, positions] as const);
  return np.multiply(q, signs).slice([0, rows], [0, columns]);
};
