/** Everything that one phone call needs: who may, who answers, what was said, what it cost. */
import { type Kysely, sql } from "kysely";

const STATEMENTS = [
  `create domain environment as text check (value in ('development', 'production', 'eval'))`,

  `create table organizations (
    id text primary key,
    name text not null,
    created_at timestamptz not null
  )`,

  `create table api_keys (
    id text primary key,
    organization_id text not null references organizations,
    environment environment not null,
    name text not null,
    prefix text not null,
    hash bytea not null unique check (length(hash) = 32),
    permissions text[] not null check (cardinality(permissions) > 0),
    created_at timestamptz not null,
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz
  )`,
  `create index api_keys_page on api_keys (organization_id, environment, created_at, id)`,

  // An agent is one identity in all environments; what it is in an environment is its head there.
  `create table agents (
    id text primary key,
    organization_id text not null references organizations,
    slug text not null,
    name text not null,
    description text,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz,
    unique (id, organization_id)
  )`,
  `create unique index agents_slug on agents (organization_id, slug) where deleted_at is null`,
  `create table agent_versions (
    agent_id text not null references agents,
    environment environment not null,
    version integer not null check (version > 0),
    definition jsonb not null,
    digest text not null,
    created_at timestamptz not null,
    primary key (agent_id, environment, version)
  )`,
  `create table agent_heads (
    agent_id text not null references agents,
    environment environment not null,
    version integer not null,
    updated_at timestamptz not null,
    primary key (agent_id, environment),
    foreign key (agent_id, environment, version) references agent_versions
  )`,

  `create table routers (
    id text primary key,
    organization_id text not null references organizations,
    environment environment not null,
    slug text not null,
    name text not null,
    version integer not null check (version > 0),
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz,
    unique (id, organization_id, environment)
  )`,
  `create unique index routers_slug on routers (organization_id, environment, slug) where deleted_at is null`,
  `create table router_versions (
    router_id text not null references routers,
    version integer not null check (version > 0),
    definition jsonb not null,
    digest text not null,
    created_at timestamptz not null,
    primary key (router_id, version)
  )`,

  `create table twilio_credentials (
    organization_id text not null references organizations,
    environment environment not null,
    account_sid text not null,
    auth_token bytea not null,
    key_id text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    verified_at timestamptz,
    primary key (organization_id, environment)
  )`,

  `create table voice_connections (
    id text primary key,
    organization_id text not null references organizations,
    environment environment not null,
    status text not null check (status in ('disconnected', 'connected', 'removed')),
    label text,
    twilio_account_sid text not null,
    twilio_phone_number text not null,
    phone_number_sid text,
    agent_id text,
    router_id text,
    former_settings jsonb,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    connected_at timestamptz,
    removed_at timestamptz,
    foreign key (agent_id, organization_id) references agents (id, organization_id),
    foreign key (router_id, organization_id, environment) references routers (id, organization_id, environment),
    constraint voice_connections_one_target check (status <> 'connected' or num_nonnulls(agent_id, router_id) = 1)
  )`,
  // Twilio's webhook names only the number: it must lead to one connection among all organizations.
  `create unique index voice_connections_number on voice_connections (twilio_phone_number) where status <> 'removed'`,
  `create index voice_connections_page on voice_connections (organization_id, environment, created_at, id)`,
  `create index voice_connections_agent on voice_connections (agent_id) where status <> 'removed'`,
  `create index voice_connections_router on voice_connections (router_id) where status <> 'removed'`,

  `create table threads (
    id text primary key,
    organization_id text not null references organizations,
    environment environment not null,
    channel text not null,
    channel_status text not null check (channel_status in ('pending', 'active', 'stopped', 'completed', 'failed')),
    channel_params jsonb not null,
    parent_thread_id text references threads,
    metadata jsonb not null,
    entity_type text,
    entity_id text,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    unique (id, organization_id, environment)
  )`,
  `create index threads_page on threads (organization_id, environment, created_at, id)`,

  `create table nodes (
    id text primary key,
    public_url text not null,
    version text not null,
    capacity integer not null check (capacity >= 0),
    calls integer not null check (calls >= 0),
    draining boolean not null,
    loop_delay_p99_ms double precision not null,
    registered_at timestamptz not null,
    heartbeat_at timestamptz not null
  )`,
  `create index nodes_alive on nodes (heartbeat_at)`,

  `create table calls (
    id text primary key,
    organization_id text not null references organizations,
    environment environment not null,
    thread_id text not null,
    connection_id text references voice_connections,
    direction text not null check (direction in ('inbound', 'outbound')),
    from_number text not null,
    to_number text not null,
    twilio_account_sid text not null,
    twilio_call_sid text unique,
    stream_sid text,
    status text not null check (status in ('pending', 'active', 'completed', 'stopped', 'failed')),
    reason text,
    agent_id text references agents,
    agent_version integer,
    router_id text references routers,
    router_version integer,
    config jsonb,
    epoch integer not null default 0 check (epoch >= 0),
    node_id text,
    grant_expires_at timestamptz,
    pending_deadline timestamptz,
    lease_expires_at timestamptz,
    frames_in bigint not null default 0,
    audio_moved_at timestamptz,
    carrier_status text,
    carrier_sequence integer,
    carrier_ended_at timestamptz,
    created_at timestamptz not null,
    answered_at timestamptz,
    ended_at timestamptz,
    duration_ms bigint check (duration_ms >= 0),
    last_seq bigint check (last_seq >= 0),
    foreign key (thread_id, organization_id, environment) references threads (id, organization_id, environment),
    constraint calls_end_is_dated check ((ended_at is not null) = (status in ('completed', 'stopped', 'failed'))),
    constraint calls_live_is_configured check (config is not null or status in ('completed', 'stopped', 'failed'))
  )`,
  `create index calls_page on calls (organization_id, environment, created_at, id)`,
  `create index calls_thread on calls (thread_id)`,
  `create index calls_live on calls (status, pending_deadline, lease_expires_at) where status in ('pending', 'active')`,
  `create index calls_node on calls (node_id) where status in ('pending', 'active')`,

  `create table call_events (
    call_id text not null references calls,
    epoch integer not null check (epoch > 0),
    seq bigint not null check (seq > 0),
    kind text not null check (kind in ('transcript', 'event', 'usage')),
    name text,
    offset_ms bigint,
    at timestamptz not null,
    body jsonb not null,
    primary key (call_id, epoch, seq)
  )`,

  `create table utterances (
    call_id text not null references calls,
    epoch integer not null,
    seq bigint not null,
    delta integer not null,
    position integer not null,
    item_id text not null,
    speaker text not null check (speaker in ('caller', 'agent')),
    agent_slug text not null,
    text text not null,
    generated_text text,
    heard_ms bigint,
    generated_ms bigint,
    interrupted boolean not null,
    transcription text,
    started_ms bigint not null,
    ended_ms bigint not null,
    at timestamptz not null,
    primary key (call_id, epoch, seq)
  )`,
  `create index utterances_order on utterances (call_id, epoch, position, seq)`,

  `create table call_usage (
    call_id text not null references calls,
    usage_id text not null,
    epoch integer not null,
    seq bigint not null,
    source text not null check (source in ('response', 'transcription')),
    model text not null,
    estimated boolean not null,
    input_text_tokens bigint not null,
    input_audio_tokens bigint not null,
    cached_text_tokens bigint not null,
    cached_audio_tokens bigint not null,
    output_text_tokens bigint not null,
    output_audio_tokens bigint not null,
    seconds double precision,
    at timestamptz not null,
    primary key (call_id, usage_id)
  )`,

  `create table call_watermarks (
    call_id text not null references calls,
    epoch integer not null check (epoch > 0),
    seq bigint not null check (seq >= 0),
    updated_at timestamptz not null,
    primary key (call_id, epoch)
  )`,

  // Messages that can never be recorded, kept for whoever has to find out why.
  `create table dead_letters (
    digest text primary key,
    subject text not null,
    data text not null,
    reason text not null,
    at timestamptz not null
  )`,
  `create index dead_letters_at on dead_letters (at)`,

  `create table audit_log (
    id bigint generated always as identity primary key,
    organization_id text,
    environment text,
    at timestamptz not null,
    actor text not null,
    action text not null,
    subject text not null,
    detail jsonb not null
  )`,
  `create index audit_log_page on audit_log (organization_id, environment, id)`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
