/** The environment's own tools: requests to the owner's server, and servers of tools. */
import type { ToolDefinition } from "@struere/domain";
import { Fault } from "@struere/kernel";
import { type Call, type Db, getTools, getToolsAt, type JsonObject, type Scope } from "@struere/store";
import { type HttpTool, isMcpServer, type McpServer, ToolsDefinition } from "struere";

export interface OwnTools {
  http(name: string): HttpTool | undefined;
  /** The server that has a tool of this name, and what the server itself calls it. */
  remote(name: string): { readonly server: McpServer["mcp"]; readonly tool: string } | undefined;
  readonly names: readonly string[];
}

/** On a call: as they were when it came. */
export async function readOwnTools(db: Db, scope: Scope, call?: Call): Promise<OwnTools> {
  const stored = call ? await getToolsAt(db, scope, call.created_at) : ((await getTools(db, scope))?.tools ?? []);
  return ownTools(stored);
}

export function ownTools(stored: readonly JsonObject[]): OwnTools {
  const read = ToolsDefinition.safeParse(stored);
  if (!read.success) throw new Fault("internal", "the stored tools can not be read; sync them again");
  const tools = read.data;
  const servers = tools.filter(isMcpServer).map((one) => one.mcp);
  const own = tools.filter((tool): tool is HttpTool => !isMcpServer(tool));
  return {
    http: (name) => own.find((tool) => tool.name === name),
    remote: (name) => {
      const server = servers.find((one) => name.startsWith(`${one.name}.`) && name.length > one.name.length + 1);
      return server && { server, tool: name.slice(server.name.length + 1) };
    },
    names: [...own.map((tool) => tool.name), ...servers.map((server) => `${server.name}.…`)],
  };
}

export function definitionOf(tool: HttpTool): ToolDefinition {
  return {
    name: tool.name,
    description: tool.description,
    parametersJson: JSON.stringify({ ...tool.parameters, additionalProperties: false }),
  };
}
