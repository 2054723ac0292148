import { defineTools } from "struere";

/**
 * Tools of your own: a request to your server, or an MCP server. An agent that has one in its `tools` may call it.
 *
 *   { name: "free_days", description: "Which days are free.", parameters: { type: "object", properties: {} }, url: "https://…" },
 *   { mcp: { name: "calendar", url: "https://…/mcp" } },
 */
export default defineTools([]);
