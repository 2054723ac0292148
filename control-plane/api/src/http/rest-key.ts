/** The API key of a REST request. */
import { mayCall, type RequiredPermission } from "@struere/domain";
import { type Clock, Fault } from "@struere/kernel";
import { type Db, findKeyHolder, type KeyHolder } from "@struere/store";
import type { FastifyRequest } from "fastify";

const BEARER = /^Bearer ([\w-]{1,200})$/i;

/** @throws Fault unauthenticated without a valid key, permission_denied when the key may not do what is asked. */
export async function restKey(
  { db, clock }: { readonly db: Db; readonly clock: Clock },
  request: FastifyRequest,
  permission: RequiredPermission,
): Promise<KeyHolder> {
  const { authorization } = request.headers;
  if (authorization === undefined) throw new Fault("unauthenticated", "Unauthorized: an API key is needed, as Authorization: Bearer sk_…");
  const [, plaintext = ""] = BEARER.exec(authorization) ?? [];
  const holder = await findKeyHolder(db, plaintext, new Date(clock.wall()));
  if (!holder) throw new Fault("unauthenticated", "Invalid API key: it is unknown, revoked or expired");
  if (!mayCall(holder.permissions, permission)) {
    const held = holder.permissions.map((one) => `"${one}"`).join(", ");
    throw new Fault("permission_denied", `this key may not do that: it needs the permission "${permission}" and has ${held}`);
  }
  return holder;
}
