/** The versions of what an environment defines, side by side with the head that says which one is current. */
import { sql } from "kysely";
import type { Db } from "./database.ts";
import { digestOf } from "./digest.ts";
import type { JsonObject } from "./schema.ts";

/** By the table of the heads: that of their versions, and what names the head there. */
const VERSIONS = {
  definitions: { table: "definition_versions", head: "definition_id" },
  routers: { table: "router_versions", head: "router_id" },
} as const;

/**
 * A new version only when the content differs from the current one's; a head that was just made has none yet.
 * @param head locked by whoever asks, so that two who set the same slug at once come one after the other.
 * @returns whether there is a new one.
 */
export async function setVersion(
  tx: Db,
  heads: keyof typeof VERSIONS,
  head: { readonly id: number | string; readonly version: number },
  given: { readonly definition: JsonObject; readonly now: Date },
): Promise<boolean> {
  const versions = sql.table(VERSIONS[heads].table);
  const ofHead = sql.ref(VERSIONS[heads].head);
  const digest = digestOf(given.definition);
  const { rows } = await sql<{ digest: string }>`
    select digest from ${versions} where ${ofHead} = ${head.id} and version = ${head.version}`.execute(tx);
  const [current] = rows;
  if (current?.digest === digest) return false;
  const version = current ? head.version + 1 : head.version;
  await sql`
    insert into ${versions} (${ofHead}, version, definition, digest, created_at)
    values (${head.id}, ${version}, ${JSON.stringify(given.definition)}, ${digest}, ${given.now})`.execute(tx);
  await sql`update ${sql.table(heads)} set version = ${version}, updated_at = ${given.now} where id = ${head.id}`.execute(tx);
  return true;
}
