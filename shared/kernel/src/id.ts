/**
 * Ids: a prefix that names the thing, an underscore, and 24 characters of Crockford's base 32 (120 bits).
 * They are safe as NATS subject tokens, URL segments and XML attribute values.
 */
import type { Brand } from "./brand.ts";

export type OrganizationId = Brand<string, "OrganizationId">;
export type AgentId = Brand<string, "AgentId">;
export type RouterId = Brand<string, "RouterId">;
export type ConnectionId = Brand<string, "ConnectionId">;
export type ThreadId = Brand<string, "ThreadId">;
export type CallId = Brand<string, "CallId">;
export type ApiKeyId = Brand<string, "ApiKeyId">;
export type NodeId = Brand<string, "NodeId">;
export type EntityId = Brand<string, "EntityId">;
export type MessageId = Brand<string, "MessageId">;
export type RoleId = Brand<string, "RoleId">;
export type ToolId = Brand<string, "ToolId">;

type IdByPrefix = {
  readonly org: OrganizationId;
  readonly agent: AgentId;
  readonly router: RouterId;
  readonly conn: ConnectionId;
  readonly thread: ThreadId;
  readonly call: CallId;
  readonly key: ApiKeyId;
  readonly node: NodeId;
  readonly ent: EntityId;
  readonly msg: MessageId;
  readonly role: RoleId;
  readonly tool: ToolId;
};
export type IdPrefix = keyof IdByPrefix;

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const LENGTH = 24;
const SHAPE = /^([a-z]+)_([0-9a-hjkmnp-tv-z]{24})$/;

/** Bytes of randomness that one id needs. */
export const ID_RANDOM_BYTES = LENGTH;

/** Makes an id from randomness that the caller supplies, so that pure code can be replayed. */
export function mintId<P extends IdPrefix>(prefix: P, random: Uint8Array): IdByPrefix[P] {
  if (random.length < ID_RANDOM_BYTES) throw new RangeError(`mintId needs ${ID_RANDOM_BYTES} random bytes, got ${random.length}`);
  let text = "";
  for (let index = 0; index < LENGTH; index++) text += ALPHABET[(random[index] ?? 0) & 31];
  return `${prefix}_${text}` as IdByPrefix[P];
}

/** The id when `text` has this prefix and shape, otherwise `undefined`. */
export function parseId<P extends IdPrefix>(prefix: P, text: string): IdByPrefix[P] | undefined {
  return SHAPE.exec(text)?.[1] === prefix ? (text as IdByPrefix[P]) : undefined;
}
