// The errors that the folders above numpy throw.
export { ArgumentError, BrickboxError, DTypeError, ShapeError, TreeError } from "../core/errors.ts";
