/** What owners define beside agents and routers, and the data that they keep. */
import { type Kysely, sql } from "kysely";

const STATEMENTS = [
  `create table definitions (
    id bigint generated always as identity primary key,
    organization_id text not null references organizations,
    environment environment not null,
    kind text not null check (kind in ('entity_type', 'role', 'tools')),
    slug text not null,
    name text not null,
    version integer not null check (version > 0),
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz
  )`,
  `create unique index definitions_slug on definitions (organization_id, environment, kind, slug) where deleted_at is null`,
  `create table definition_versions (
    definition_id bigint not null references definitions,
    version integer not null check (version > 0),
    definition jsonb not null,
    digest text not null,
    created_at timestamptz not null,
    primary key (definition_id, version)
  )`,

  `create table entities (
    id text primary key,
    organization_id text not null references organizations,
    environment environment not null,
    type text not null,
    data jsonb not null check (jsonb_typeof(data) = 'object'),
    status text not null default 'active',
    version integer not null default 1 check (version > 0),
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz,
    constraint entities_deleted check ((status = 'deleted') = (deleted_at is not null))
  )`,
  `create index entities_page on entities (organization_id, environment, type, created_at, id) where deleted_at is null`,
  `create index entities_data on entities using gin (data jsonb_path_ops) where deleted_at is null`,

  // Text was validated when it was written, but the schema may have changed since: what is no moment compares with nothing.
  `create function entity_moment(text) returns timestamptz language plpgsql stable strict as $$
  begin
    return $1::timestamptz;
  exception when data_exception then
    return null;
  end $$`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
