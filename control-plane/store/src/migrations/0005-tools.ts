/** Tools: each run once, the secret that signs requests to owners' servers, what servers of tools offer, and whom a routed call is pinned to. */
import { type Kysely, sql } from "kysely";

const STATEMENTS = [
  `create table tool_runs (
    organization_id text not null references organizations,
    environment environment not null,
    idempotency_key text not null,
    thread_id text not null,
    call_id text references calls,
    agent_slug text not null,
    name text not null,
    arguments_digest text not null,
    status text not null check (status in ('running', 'done')),
    outcome jsonb,
    started_at timestamptz not null,
    deadline_at timestamptz not null,
    finished_at timestamptz,
    primary key (organization_id, environment, idempotency_key),
    foreign key (thread_id, organization_id, environment) references threads (id, organization_id, environment),
    constraint tool_runs_done_has_its_outcome check ((status = 'done') = (outcome is not null and finished_at is not null))
  )`,
  `create index tool_runs_thread on tool_runs (thread_id)`,

  `create table tool_signing_secrets (
    organization_id text not null references organizations,
    environment environment not null,
    secret bytea not null,
    key_id text not null,
    created_at timestamptz not null,
    primary key (organization_id, environment)
  )`,

  `create table mcp_catalogs (
    organization_id text not null references organizations,
    environment environment not null,
    url text not null,
    tools jsonb not null,
    fetched_at timestamptz not null,
    primary key (organization_id, environment, url)
  )`,

  // The router's agents as they were when the call came: [{ slug, agentId, version }].
  `alter table calls add column pinned_agents jsonb not null default '[]'`,
  // On a call: who handed over last.
  `alter table threads add column transferred_from text`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
