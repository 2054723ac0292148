/** Conversations in writing: who answers in a thread, whose turn it is, what was written, what it cost. */
import { type Kysely, sql } from "kysely";

const STATEMENTS = [
  `alter table threads
    add column external_id text,
    add column target_kind text check (target_kind in ('agent', 'router')),
    add column target_slug text,
    add column current_agent text,
    add column routed_decision text,
    add column transfer_count integer not null default 0 check (transfer_count >= 0),
    add column last_seq integer not null default 0 check (last_seq >= 0),
    add column last_message_at timestamptz,
    add column turn_token text,
    add column turn_expires_at timestamptz,
    add constraint threads_target_is_whole check ((target_kind is null) = (target_slug is null)),
    add constraint threads_turn_is_bounded check ((turn_token is null) = (turn_expires_at is null))`,
  // The caller's own name for a thread means nothing outside of its organization and environment.
  `create unique index threads_external_id on threads (organization_id, environment, external_id) where external_id is not null`,
  `create index threads_parent on threads (parent_thread_id) where parent_thread_id is not null`,

  `create table messages (
    thread_id text not null,
    organization_id text not null,
    environment environment not null,
    seq integer not null check (seq > 0),
    role text not null check (role in ('user', 'assistant', 'tool')),
    content text not null,
    agent_slug text,
    agent_version integer,
    tool_calls jsonb,
    tool_call_id text,
    usage jsonb,
    created_at timestamptz not null,
    primary key (thread_id, seq),
    foreign key (thread_id, organization_id, environment) references threads (id, organization_id, environment),
    constraint messages_tool_names_its_call check ((tool_call_id is not null) = (role = 'tool'))
  )`,

  // What the vendor bills, by the vendor's id of the response, so that nothing is counted twice.
  `create table text_usage (
    response_id text primary key,
    organization_id text not null,
    environment environment not null,
    thread_id text not null,
    purpose text not null check (purpose in ('reply', 'route')),
    agent_slug text,
    model text not null,
    input_tokens bigint not null check (input_tokens >= 0),
    cached_input_tokens bigint not null check (cached_input_tokens >= 0),
    output_tokens bigint not null check (output_tokens >= 0),
    reasoning_tokens bigint not null check (reasoning_tokens >= 0),
    at timestamptz not null,
    foreign key (thread_id, organization_id, environment) references threads (id, organization_id, environment)
  )`,
  `create index text_usage_thread on text_usage (thread_id)`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
