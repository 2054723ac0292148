/**
 * Row-level security: the second wall behind the questions' own conditions. A connection that asks for somebody says for which organization,
 * and then sees that organization's rows only, whatever a question forgets. The planes' own work (webhooks, claims, recording) belongs to no
 * single organization; it says nothing, and proves itself by signature, token and epoch.
 *
 * Who asks for somebody does so as the role `struere_scoped`, which owns nothing, has rights on nothing but what is secured here, and sees
 * nothing without an organization. Where the database's user may not make such a role, it keeps its own: then the policies are forced upon the
 * tables' owner. (Upon a superuser nothing can be forced; but that one can make the role.)
 *
 * A table with a column `organization_id` is secured by itself; any other new table has to be named below.
 */
import { sql } from "kysely";
import { type Db, inTransaction } from "./database.ts";
import { ORGANIZATION_SETTING, SCOPED_ROLE } from "./scoped-role.ts";

const ASKER = `(select current_setting('${ORGANIZATION_SETTING}', true))`;
const NOBODYS = `(coalesce(${ASKER}, '') = '' and current_user <> '${SCOPED_ROLE}')`;

/** Whose rows they are is said by the row that they belong to, which is under the same wall. */
const CHILDREN: { readonly [table: string]: { readonly column: string; readonly of: string } } = {
  agent_versions: { column: "agent_id", of: "agents" },
  agent_heads: { column: "agent_id", of: "agents" },
  router_versions: { column: "router_id", of: "routers" },
  definition_versions: { column: "definition_id", of: "definitions" },
  call_events: { column: "call_id", of: "calls" },
  utterances: { column: "call_id", of: "calls" },
  call_usage: { column: "call_id", of: "calls" },
  call_watermarks: { column: "call_id", of: "calls" },
  ledger_postings: { column: "transaction_id", of: "ledger_transactions" },
};

/** Of nobody in particular: may be read. */
export const SHARED_TABLES: readonly string[] = ["nodes", "rate_cards"];
/** Nobody's question reaches them. */
export const CLOSED_TABLES: readonly string[] = ["dead_letters", "rounds", "kysely_migration", "kysely_migration_lock"];

interface Table {
  readonly name: string;
  readonly owned: boolean;
  readonly secured: boolean;
}

/** Brings the wall around all tables that there are; does nothing, and locks nothing, when it stands. */
export async function secureRows(db: Db): Promise<void> {
  if ((await unsecured(db)).length === 0) return;
  await inTransaction(db, async (tx) => {
    await sql`select pg_advisory_xact_lock(hashtextextended('row-security', 0))`.execute(tx);
    const hasRole = await ensureRole(tx);
    for (const { name, owned } of await unsecured(tx)) {
      const statements = [...wallAround(name, owned), ...(hasRole ? [rightsOn(name)] : [])];
      for (const statement of statements) await sql.raw(statement).execute(tx);
    }
    if (hasRole) await sql.raw(`grant usage on all sequences in schema public to ${SCOPED_ROLE}`).execute(tx);
  });
}

function wallAround(name: string, owned: boolean): readonly string[] {
  const child = CHILDREN[name];
  const isTheirs = SHARED_TABLES.includes(name)
    ? "true"
    : child
      ? `exists (select from ${child.of} as parent where parent.id = ${name}.${child.column})`
      : `${owned ? "organization_id" : "id"} = ${ASKER}`;
  return [
    `alter table ${name} enable row level security, force row level security`,
    `create policy organization on ${name} using (${NOBODYS} or ${isTheirs}) with check (${NOBODYS} or ${isTheirs})`,
  ];
}

function rightsOn(name: string): string {
  // What is only ever added to is so for everybody.
  const rights = name.startsWith("ledger_") ? "select, insert" : "select, insert, update, delete";
  return `grant ${SHARED_TABLES.includes(name) ? "select" : rights} on ${name} to ${SCOPED_ROLE}`;
}

/** Tables of ours that have no wall yet. */
async function unsecured(db: Db): Promise<readonly Table[]> {
  const { rows } = await sql<Table>`
    select table_.relname as name,
      exists (
        select from pg_attribute
        where attrelid = table_.oid and attname = 'organization_id' and not attisdropped
      ) as owned,
      exists (select from pg_policy where polrelid = table_.oid and polname = 'organization') as secured
    from pg_class as table_
    where table_.relkind = 'r' and table_.relnamespace = 'public'::regnamespace
    order by table_.relname`.execute(db);
  const isOurs = ({ name, owned }: Table) => owned || name in CHILDREN || SHARED_TABLES.includes(name) || name === "organizations";
  return rows.filter((table) => !table.secured && isOurs(table));
}

/**
 * Roles belong to the whole server: another database's migration may have made it.
 * @returns whether there is one.
 */
async function ensureRole(tx: Db): Promise<boolean> {
  const attempt = (statement: string) =>
    `begin ${statement}; exception when insufficient_privilege or duplicate_object or unique_violation then null; end;`;
  await sql
    .raw(
      `do $$ begin
        if not exists (select from pg_roles where rolname = '${SCOPED_ROLE}') then ${attempt(`create role ${SCOPED_ROLE} nologin`)} end if;
        if exists (select from pg_roles where rolname = '${SCOPED_ROLE}') then
          ${attempt(`execute format('grant ${SCOPED_ROLE} to %I', current_user)`)}
          ${attempt(`grant usage on schema public to ${SCOPED_ROLE}`)}
        end if;
      end $$`,
    )
    .execute(tx);
  const { rows } = await sql`select from pg_roles where rolname = ${SCOPED_ROLE}`.execute(tx);
  return rows.length > 0;
}
