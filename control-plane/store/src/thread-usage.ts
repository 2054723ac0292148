/** What text models were used for a thread, response by response. */
import type { ApiKeyId, ThreadId } from "@struere/kernel";
import { type Db, inTransaction } from "./database.ts";
import type { TextUsageRow } from "./schema.ts";
import type { Scope } from "./scope.ts";
import { closeTextRequests } from "./text-requests.ts";

export interface TextUsage {
  /** The vendor's id of the response: what makes it count once. */
  readonly responseId: string;
  /** `route`: a router's classifier chose by it. */
  readonly purpose: "reply" | "route";
  readonly agentSlug: string | null;
  readonly model: string;
  readonly inputTokens: number;
  /** Part of `inputTokens`. */
  readonly cachedInputTokens: number;
  readonly outputTokens: number;
  /** Part of `outputTokens`. */
  readonly reasoningTokens: number;
  /** Part of `inputTokens`; absent: the vendor counts none. */
  readonly cacheWriteTokens?: number;
  /** We counted, since the vendor did not say. */
  readonly estimated?: boolean;
  /** What was opened when it was asked for. */
  readonly requestId?: string;
  /** Who asked, where a key did. */
  readonly keyId?: ApiKeyId;
}

/** The same response again changes nothing. The thread must be the scope's own: the database refuses any other. */
export async function recordTextUsage(
  db: Db,
  scope: Scope,
  record: { readonly threadId: ThreadId; readonly usage: readonly TextUsage[]; readonly now: Date },
): Promise<void> {
  if (record.usage.length === 0) return;
  const rows = record.usage.map((usage) => ({
    response_id: usage.responseId,
    organization_id: scope.organizationId,
    environment: scope.environment,
    thread_id: record.threadId,
    purpose: usage.purpose,
    agent_slug: usage.agentSlug,
    model: usage.model,
    input_tokens: usage.inputTokens,
    cached_input_tokens: usage.cachedInputTokens,
    output_tokens: usage.outputTokens,
    reasoning_tokens: usage.reasoningTokens,
    cache_write_tokens: usage.cacheWriteTokens ?? 0,
    estimated: usage.estimated ?? false,
    request_id: usage.requestId ?? null,
    api_key_id: usage.keyId ?? null,
    at: record.now,
  }));
  await inTransaction(db, async (tx) => {
    await tx
      .insertInto("text_usage")
      .values(rows)
      .onConflict((conflict) => conflict.column("response_id").doNothing())
      .execute();
    await closeTextRequests(
      tx,
      record.usage.flatMap(({ requestId }) => (requestId === undefined ? [] : [requestId])),
    );
  });
}

export async function listTextUsage(db: Db, scope: Scope, threadId: ThreadId): Promise<readonly TextUsageRow[]> {
  return await db
    .selectFrom("text_usage")
    .selectAll()
    .where("organization_id", "=", scope.organizationId)
    .where("environment", "=", scope.environment)
    .where("thread_id", "=", threadId)
    .orderBy("at")
    .orderBy("response_id")
    .limit(10_000)
    .execute();
}
