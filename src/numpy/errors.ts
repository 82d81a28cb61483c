// The errors that the folders above numpy throw.
export { ArgumentError, DTypeError, ShapeError, TreeError } from "../core/errors.ts";
