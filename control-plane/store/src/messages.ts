/** What was written in a thread: users, agents, tools, numbered without gaps. Only who has the thread's turn appends. */
import { Fault, type ThreadId } from "@struere/kernel";
import { type Db, inTransaction } from "./database.ts";
import { cleanJson, cleanText } from "./plain-text.ts";
import type { Message, ToolCallRecord } from "./schema.ts";
import type { Scope } from "./scope.ts";
import { recordTextUsage, type TextUsage } from "./thread-usage.ts";

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
 * Appends in order, and records the usage with it.
 * @returns the seq of the last message.
 * @throws Fault aborted when the turn is not (any more) this one's.
 */
export async function appendMessages(
  db: Db,
  scope: Scope,
  append: { readonly threadId: ThreadId; readonly turnToken: string; readonly messages: readonly MessageToAppend[]; readonly now: Date },
): Promise<number> {
  const { threadId, messages, now } = append;
  return await inTransaction(db, async (tx) => {
    const thread = await tx
      .updateTable("threads")
      .set((of) => ({ last_seq: of("last_seq", "+", messages.length), last_message_at: now, updated_at: now }))
      .where("organization_id", "=", scope.organizationId)
      .where("environment", "=", scope.environment)
      .where("id", "=", threadId)
      .where("turn_token", "=", append.turnToken)
      .returning("last_seq")
      .executeTakeFirst();
    if (!thread) throw new Fault("aborted", "this message took so long that the thread went on without it; send it again");
    const first = thread.last_seq - messages.length + 1;
    const rows = messages.map((message, index) => rowOf(message, { threadId, ...scope, seq: first + index, now }));
    if (rows.length > 0) await tx.insertInto("messages").values(rows).execute();
    const usage = messages.flatMap((message) => (message.role === "assistant" && message.usage ? [message.usage] : []));
    await recordTextUsage(tx, scope, { threadId, usage, now });
    return thread.last_seq;
  });
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

function rowOf(message: MessageToAppend, place: Scope & { readonly threadId: ThreadId; readonly seq: number; readonly now: Date }) {
  const spoken = message.role === "assistant" ? message : null;
  return {
    thread_id: place.threadId,
    organization_id: place.organizationId,
    environment: place.environment,
    seq: place.seq,
    role: message.role,
    content: cleanText(message.content),
    agent_slug: spoken?.agent.slug ?? null,
    agent_version: spoken?.agent.version ?? null,
    tool_calls: spoken && spoken.toolCalls.length > 0 ? cleanJson(spoken.toolCalls) : null,
    tool_call_id: message.role === "tool" ? message.toolCallId : null,
    usage: spoken?.usage ? cleanJson(spoken.usage) : null,
    created_at: place.now,
  };
}
