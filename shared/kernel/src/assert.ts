/** A programmer's error: what was promised inside the system did not hold. It ends the request or the call, never the process. */
export class AssertionFault extends Error {
  override readonly name = "AssertionFault";
}

export function assert(condition: unknown, promise: string): asserts condition {
  if (!condition) throw new AssertionFault(`broken promise: ${promise}`);
}

/** Ends an exhaustive `switch`: a new member of the union is a compile error here. */
export function unreachable(value: never): never {
  throw new AssertionFault(`unreachable: ${JSON.stringify(value)}`);
}
