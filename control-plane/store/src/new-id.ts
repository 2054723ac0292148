/** Ids out of the operating system's randomness; the kernel knows their shape. */
import { randomBytes } from "node:crypto";
import { ID_RANDOM_BYTES, type IdPrefix, mintId } from "@struere/kernel";

export function newId<Prefix extends IdPrefix>(prefix: Prefix): ReturnType<typeof mintId<Prefix>> {
  return mintId(prefix, randomBytes(ID_RANDOM_BYTES));
}
