/** What was written in a thread: users, agents, tools, numbered without gaps. Only who has the thread's turn appends. */
import { Fault, type ThreadId } from "@struere/kernel";
import { sql } from "kysely";
import type { Db } from "./database.ts";
import { cleanJson } from "./plain-text.ts";
import type { JsonObject, Message, ToolCallRecord } from "./schema.ts";
import type { Scope } from "./scope.ts";
import type { TextUsage } from "./thread-usage.ts";

export type MessageToAppend =
  | { readonly role: "user"; readonly content: string }
  | {
      readonly role: "assistant";
      readonly content: string;
      readonly agent: { readonly slug: string; readonly version: number };
      readonly toolCalls: readonly ToolCallRecord[];
      /** Of the response that this message was in. */
      readonly usage: TextUsage | null;
    }
  | { readonly role: "tool"; readonly content: string; readonly toolCallId: string };

/**
 * Appends in order, and records the usage with it, in one statement.
 * @param append.endsTurn the last message of this turn: it is given back with it.
 * @returns the seq of the last message.
 * @throws Fault aborted when the turn is not (any more) this one's.
 */
export async function appendMessages(
  db: Db,
  scope: Scope,
  append: {
    readonly threadId: ThreadId;
    readonly turnToken: string;
    readonly messages: readonly MessageToAppend[];
    readonly endsTurn: boolean;
    readonly now: Date;
  },
): Promise<number> {
  const { threadId, messages, now } = append;
  const usage = messages.flatMap((message) => (message.role === "assistant" && message.usage ? [message.usage] : []));
  const requestIds = usage.flatMap(({ requestId }) => (requestId === undefined ? [] : [requestId]));
  const { rows } = await sql<{ readonly lastSeq: number }>`
    with turn as (
      update threads set last_seq = last_seq + ${messages.length}::int, last_message_at = ${now}, updated_at = ${now}
        ${append.endsTurn ? sql`, turn_token = null, turn_expires_at = null` : sql``}
      where organization_id = ${scope.organizationId} and environment = ${scope.environment} and id = ${threadId}
        and turn_token = ${append.turnToken}
      returning id, organization_id, environment, last_seq
    ), written as (
      insert into messages (thread_id, organization_id, environment, seq, role, content, agent_slug, agent_version, tool_calls,
        tool_call_id, usage, created_at)
      select turn.id, turn.organization_id, turn.environment, turn.last_seq - ${messages.length}::int + message.place, message.role,
        message.content, message.agent_slug, message.agent_version, message.tool_calls, message.tool_call_id, message.usage, ${now}
      from turn, jsonb_to_recordset(${cleanJson(messages.map(columnsOf))}::jsonb) as message (place int, role text, content text,
        agent_slug text, agent_version int, tool_calls jsonb, tool_call_id text, usage jsonb)
    ), used as (
      insert into text_usage (response_id, organization_id, environment, thread_id, purpose, agent_slug, model, input_tokens,
        cached_input_tokens, output_tokens, reasoning_tokens, cache_write_tokens, estimated, request_id, api_key_id, at)
      select used."responseId", turn.organization_id, turn.environment, turn.id, used.purpose, used."agentSlug", used.model,
        used."inputTokens", used."cachedInputTokens", used."outputTokens", used."reasoningTokens",
        coalesce(used."cacheWriteTokens", 0), coalesce(used.estimated, false), used."requestId", used."keyId", ${now}
      from turn, jsonb_to_recordset(${cleanJson(usage)}::jsonb) as used ("responseId" text, purpose text, "agentSlug" text, model text,
        "inputTokens" bigint, "cachedInputTokens" bigint, "outputTokens" bigint, "reasoningTokens" bigint,
        "cacheWriteTokens" bigint, estimated boolean, "requestId" text, "keyId" text)
      on conflict (response_id) do nothing
    ), answered as (
      delete from text_requests using turn
      where text_requests.id = any(${requestIds}::text[]) and text_requests.organization_id = turn.organization_id
    )
    select last_seq as "lastSeq" from turn`.execute(db);
  const [turn] = rows;
  if (!turn) throw new Fault("aborted", "this message took so long that the thread went on without it; send it again");
  return turn.lastSeq;
}

/** The newest `limit` messages, oldest first. */
export async function listThreadMessages(db: Db, scope: Scope, threadId: ThreadId, limit: number): Promise<readonly Message[]> {
  const rows = await db
    .selectFrom("messages")
    .selectAll()
    .where("organization_id", "=", scope.organizationId)
    .where("environment", "=", scope.environment)
    .where("thread_id", "=", threadId)
    .orderBy("seq", "desc")
    .limit(limit)
    .execute();
  return rows.toReversed();
}

function columnsOf(message: MessageToAppend, index: number): JsonObject {
  const spoken = message.role === "assistant" ? message : null;
  const { requestId: _request, keyId: _key, ...usage } = spoken?.usage ?? {};
  return {
    place: index + 1,
    role: message.role,
    content: message.content,
    agent_slug: spoken?.agent.slug ?? null,
    agent_version: spoken?.agent.version ?? null,
    tool_calls: spoken && spoken.toolCalls.length > 0 ? spoken.toolCalls : null,
    tool_call_id: message.role === "tool" ? message.toolCallId : null,
    usage: spoken?.usage ? usage : null,
  };
}
