/** What was asked of a text model and is not answered yet; the usage of the answer closes it (thread-usage.ts). */
import type { EarlierAnswers } from "@struere/domain";
import type { CallId, Environment, OrganizationId, ThreadId } from "@struere/kernel";
import { type Selectable, sql } from "kysely";
import type { Db } from "./database.ts";
import type { TextRequestTable } from "./schema.ts";
import type { Scope } from "./scope.ts";

export interface TextRequestToOpen {
  readonly id: string;
  readonly threadId: ThreadId;
  readonly purpose: TextRequestTable["purpose"];
  readonly model: string;
  readonly inputChars: number;
  readonly now: Date;
}

export async function openTextRequest(db: Db, scope: Scope, request: TextRequestToOpen): Promise<void> {
  await db
    .insertInto("text_requests")
    .values({
      id: request.id,
      organization_id: scope.organizationId,
      environment: scope.environment,
      thread_id: request.threadId,
      purpose: request.purpose,
      model: request.model,
      input_chars: request.inputChars,
      asked_at: request.now,
    })
    .execute();
}

export async function closeTextRequests(db: Db, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await db
    .deleteFrom("text_requests")
    .where("id", "in", [...ids])
    .execute();
}

export interface UnansweredText extends Selectable<TextRequestTable> {
  readonly organization_id: OrganizationId;
  readonly environment: Environment;
  readonly call_id: CallId | null;
  readonly call_rate_card_version: string | null;
  readonly by_auditor: boolean;
  /** What this model answered this organization lately for the same purpose; `null`: nothing yet. */
  readonly earlier: EarlierAnswers | null;
}

const ANSWERS_LOOKED_AT = 50;

/** Asked before then, and whoever asked never said what came of it. */
export async function listUnansweredText(
  db: Db,
  options: { readonly askedBefore: Date; readonly limit: number },
): Promise<readonly UnansweredText[]> {
  const { rows } = await sql<UnansweredText>`
    select asked.*, call.id as call_id, call.rate_card_version as call_rate_card_version, (audited.call_id is not null) as by_auditor,
      (
        select case when count(*) > 0 then jsonb_build_object(
          'meanOutputTokens', round(avg(answer.output_tokens)),
          'cachedShare', coalesce(sum(answer.cached_input_tokens)::float8 / nullif(sum(answer.input_tokens), 0), 0)
        ) end from (
          select used.output_tokens, used.input_tokens, used.cached_input_tokens from text_usage used
          where used.organization_id = asked.organization_id and used.environment = asked.environment
            and used.model = asked.model and used.purpose = asked.purpose
          order by used.at desc limit ${ANSWERS_LOOKED_AT}
        ) as answer
      ) as earlier
    from (select * from text_requests where asked_at < ${options.askedBefore} order by asked_at limit ${options.limit}) as asked
    left join call_audits audited on audited.thread_id = asked.thread_id
    left join calls call on call.id = audited.call_id or call.thread_id = asked.thread_id
    order by asked.asked_at, asked.id`.execute(db);
  return rows;
}
