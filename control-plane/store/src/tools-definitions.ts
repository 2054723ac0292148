/** The custom tools and MCP servers of an environment: one list, which is defined and removed as a whole. */
import { agentsOf } from "./agents.ts";
import { type Db, inTransaction } from "./database.ts";
import { agentsNaming, type DefinitionRow, dropDefinition, getDefinition, lockDefinition, setDefinition } from "./definitions.ts";
import type { JsonObject } from "./schema.ts";
import type { Scope } from "./scope.ts";

const KIND = "tools";
const SLUG = "tools";

export interface ToolsRow {
  readonly version: number;
  /** Valid by the SDK's schema when it was written; parse it again when it is used. */
  readonly tools: readonly JsonObject[];
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export async function setTools(
  db: Db,
  scope: Scope,
  given: { readonly tools: readonly JsonObject[]; readonly now: Date },
): Promise<{ readonly row: ToolsRow; readonly changed: boolean }> {
  const { row, changed } = await setDefinition(db, scope, KIND, {
    slug: SLUG,
    name: "Tools",
    definition: { tools: given.tools },
    now: given.now,
  });
  return { row: toolsOf(row), changed };
}

export async function getTools(db: Db, scope: Scope): Promise<ToolsRow | undefined> {
  const row = await getDefinition(db, scope, KIND, SLUG);
  return row && toolsOf(row);
}

export type ToolsRemoval =
  | { readonly outcome: "removed" | "not_found" }
  /** Slugs of the agents that name one of the tools. */
  | { readonly outcome: "in_use"; readonly agents: readonly string[] };

export async function removeTools(db: Db, scope: Scope, now: Date): Promise<ToolsRemoval> {
  return await inTransaction(db, async (tx) => {
    const row = await lockDefinition(tx, scope, KIND, SLUG);
    if (!row) return { outcome: "not_found" };
    const agents = await agentsUsing(tx, scope, toolsOf(row).tools);
    if (agents.length > 0) return { outcome: "in_use", agents };
    await dropDefinition(tx, scope, KIND, { slug: SLUG, now });
    return { outcome: "removed" };
  });
}

/** Slugs of the agents whose tools are among these; of an MCP server by its name and a dot. */
async function agentsUsing(tx: Db, scope: Scope, tools: readonly JsonObject[]): Promise<readonly string[]> {
  const names = tools.flatMap((tool) => (typeof tool["name"] === "string" ? [tool["name"]] : []));
  const servers = tools.flatMap((tool) => serverName(tool["mcp"]));
  const rows = await agentsOf(tx, scope).select("version.definition").execute();
  const named = rows.flatMap(({ definition }) => (Array.isArray(definition["tools"]) ? definition["tools"] : []));
  const remote = named.filter((tool) => typeof tool === "string" && servers.some((server) => tool.startsWith(`${server}.`)));
  return await agentsNaming(tx, scope, "tools", [...names, ...remote.filter((tool) => typeof tool === "string")]);
}

function serverName(mcp: unknown): string[] {
  const name: unknown = typeof mcp === "object" && mcp !== null ? Reflect.get(mcp, "name") : undefined;
  return typeof name === "string" ? [name] : [];
}

function toolsOf(row: DefinitionRow): ToolsRow {
  const { tools } = row.definition as { readonly tools: readonly JsonObject[] };
  return { version: row.version, tools, createdAt: row.createdAt, updatedAt: row.updatedAt };
}
