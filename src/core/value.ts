// Values: whatever a primitive may be applied to. An array, a literal, or a tracer that stands for an array.
import type { Aval, Shape } from "./aval.ts";
import { showAval, sizeOf } from "./aval.ts";
import type { DType } from "./dtype.ts";

/** An array or something that stands for one. The numpy layer gives every value its methods. */
export abstract class Value {
  abstract readonly aval: Aval;
  get shape(): Shape {
    return this.aval.shape;
  }
  get dtype(): DType {
    return this.aval.dtype;
  }
  get ndim(): number {
    return this.aval.shape.length;
  }
  /** Number of elements. */
  get size(): number {
    return sizeOf(this.aval.shape);
  }
}

/** A scalar known while tracing; kernels hold it as a constant. `value` is a number of the dtype (bool: 0 or 1). */
export class Literal extends Value {
  readonly kind = "literal";
  readonly aval: Aval;
  readonly value: number;
  constructor(value: number, dtype: DType) {
    super();
    this.aval = { dtype, shape: [] };
    this.value = dtype === "float32" ? Math.fround(value) : value;
  }
}

/** What a trace knows about its own life; a tracer outliving its trace has leaked. */
export interface Life {
  readonly name: string;
  alive: boolean;
}

/** A value that belongs to a trace. */
export abstract class Tracer extends Value {
  abstract readonly life: Life;
  override toString(): string {
    return `Traced<${showAval(this.aval)}>`;
  }
}
