/** Calls as sound: parts of ten seconds as media nodes send them. */
import { type Kysely, sql } from "kysely";

const STATEMENTS = [
  `create table call_recording_parts (
    call_id text not null references calls (id) on delete cascade,
    epoch integer not null check (epoch > 0),
    part integer not null check (part >= 0),
    organization_id text not null,
    environment environment not null,
    started_at timestamptz not null,
    audio bytea not null check (length(audio) between 1 and 160000),
    created_at timestamptz not null,
    primary key (call_id, epoch, part)
  )`,
  // It is compressed already, as far as speech in mu-law can be.
  `alter table call_recording_parts alter column audio set storage external`,
  `create index call_recording_parts_age on call_recording_parts (created_at)`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
