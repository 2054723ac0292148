/** What a server of tools said that it offers, kept so that a ringing phone does not wait for it. */
import type { Db } from "./database.ts";
import { cleanJson } from "./plain-text.ts";
import type { JsonObject } from "./schema.ts";
import type { Scope } from "./scope.ts";

export interface McpCatalog {
  readonly tools: readonly JsonObject[];
  readonly fetchedAt: Date;
}

export async function getMcpCatalog(db: Db, scope: Scope, url: string): Promise<McpCatalog | undefined> {
  const row = await db
    .selectFrom("mcp_catalogs")
    .select(["tools", "fetched_at"])
    .where("organization_id", "=", scope.organizationId)
    .where("environment", "=", scope.environment)
    .where("url", "=", url)
    .executeTakeFirst();
  return row && { tools: row.tools, fetchedAt: row.fetched_at };
}

export async function setMcpCatalog(db: Db, scope: Scope, url: string, { tools, fetchedAt }: McpCatalog): Promise<void> {
  const changing = { tools: cleanJson(tools), fetched_at: fetchedAt };
  await db
    .insertInto("mcp_catalogs")
    .values({ organization_id: scope.organizationId, environment: scope.environment, url, ...changing })
    .onConflict((conflict) => conflict.columns(["organization_id", "environment", "url"]).doUpdateSet(changing))
    .execute();
}
