/** What is asked of a text model is written down before the answer is there: a process that dies meanwhile is billed for it all the same. */
import { type Kysely, sql } from "kysely";

const STATEMENTS = [
  `create table text_requests (
    id text primary key,
    organization_id text not null,
    environment environment not null,
    thread_id text not null,
    purpose text not null check (purpose in ('reply', 'route')),
    model text not null,
    input_chars integer not null check (input_chars >= 0),
    asked_at timestamptz not null,
    foreign key (thread_id, organization_id, environment) references threads (id, organization_id, environment)
  )`,
  `create index text_requests_asked on text_requests (asked_at)`,
  `create index text_requests_thread on text_requests (thread_id)`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
