// The errors that the folders above numpy throw.
export { ArgumentError, BrickboxError, ShapeError, TreeError } from "../core/errors.ts";
