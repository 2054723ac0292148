/**
 * Servers of tools (https://modelcontextprotocol.io), through the official client over streamable HTTP. Every request of it takes the
 * guarded way, and is signed. A connection lives for one list or one call.
 */
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ErrorCode, McpError } from "@modelcontextprotocol/sdk/types.js";
import type { ToolArguments, ToolDefinition } from "@struere/domain";
import { Fault } from "@struere/kernel";
import { getMcpCatalog, type JsonObject, openToolSigningSecret, type Scope, setMcpCatalog } from "@struere/store";
import type { McpServer } from "struere";
import { z } from "zod";
import { guardedRequest, UnknownOutcome } from "./guard/guarded-request.ts";
import type { HttpToolServices } from "./http-tool.ts";
import { SIGNATURE_HEADER, signBody } from "./sign-request.ts";

type Server = McpServer["mcp"];

const LIST_MS = 4_000;
const CALL_MS = 15_000;
const RESPONSE_MAX_BYTES = 256 * 1024;
/** A list this old is used once more, and fetched anew. */
const FRESH_MS = 10 * 60_000;
const TOOLS_MAX = 200;
const DESCRIPTION_MAX = 2_000;
const SCHEMA_MAX = 16_000;

const RemoteTool = z.object({
  name: z.string().min(1),
  description: z.string().default(""),
  inputSchema: z.looseObject({ type: z.literal("object") }),
});
type RemoteTool = z.infer<typeof RemoteTool>;

export interface McpCall {
  readonly scope: Scope;
  readonly server: Server;
  readonly tool: string;
  readonly arguments: ToolArguments;
  readonly idempotencyKey: string;
  readonly signal: AbortSignal;
}

/** The tool as it is offered to a model; `undefined`: the server has none of this name. @throws Fault when the server was never reached. */
export async function describeMcpTool(
  services: HttpToolServices,
  scope: Scope,
  wanted: { readonly server: Server; readonly tool: string },
): Promise<ToolDefinition | undefined> {
  const tool = (await catalogOf(services, scope, wanted.server)).find((one) => one.name === wanted.tool);
  const parametersJson = JSON.stringify(tool?.inputSchema ?? {});
  if (!tool || parametersJson.length > SCHEMA_MAX) return undefined;
  return { name: `${wanted.server.name}.${tool.name}`, description: tool.description.slice(0, DESCRIPTION_MAX), parametersJson };
}

/** Names that the schema requires, and that are not there: the server checks the rest. */
export async function missingArguments(
  services: HttpToolServices,
  { scope, server, tool, arguments: given }: Pick<McpCall, "scope" | "server" | "tool" | "arguments">,
): Promise<readonly string[]> {
  const found = (await catalogOf(services, scope, server)).find((one) => one.name === tool);
  if (!found) throw new Fault("not_found", `the server "${server.name}" has no tool "${tool}"`);
  const required = z.array(z.string()).catch([]).parse(found.inputSchema["required"]);
  return required.filter((name) => !Object.hasOwn(given, name));
}

/** @throws Fault; UnknownOutcome when it was sent and no whole answer came. */
export async function callMcpTool(services: HttpToolServices, call: McpCall): Promise<unknown> {
  // What broke off the call itself; before it nothing has happened at the server.
  let sent = false;
  try {
    const result = await connected(services, call.scope, { ...call, timeoutMs: CALL_MS }, async (client) => {
      sent = true;
      return await client.callTool(
        { name: call.tool, arguments: { ...call.arguments }, _meta: { idempotencyKey: call.idempotencyKey } },
        undefined,
        { timeout: CALL_MS, signal: call.signal },
      );
    });
    const answer = result.structuredContent ?? result["content"] ?? null;
    if (result.isError === true) throw new Fault("failed_precondition", `the tool failed: ${JSON.stringify(answer).slice(0, 500)}`);
    return answer;
  } catch (thrown) {
    if (thrown instanceof Fault) throw thrown;
    if (thrown instanceof McpError && thrown.code !== ErrorCode.RequestTimeout && thrown.code !== ErrorCode.ConnectionClosed)
      throw new Fault("failed_precondition", `the server "${call.server.name}" refused: ${thrown.message.slice(0, 500)}`);
    if (sent) throw new UnknownOutcome("no whole answer came", { cause: thrown });
    throw new Fault("unavailable", `the server "${call.server.name}" can not be reached`, { cause: thrown });
  }
}

async function catalogOf(services: HttpToolServices, scope: Scope, server: Server): Promise<readonly RemoteTool[]> {
  const kept = await getMcpCatalog(services.db, scope, server.url);
  const age = kept ? services.clock.wall() - kept.fetchedAt.getTime() : Number.POSITIVE_INFINITY;
  if (kept && age < FRESH_MS) return readTools(kept.tools);
  try {
    const tools = await listTools(services, scope, server);
    await setMcpCatalog(services.db, scope, server.url, {
      tools: tools.map((tool): JsonObject => ({ ...tool })),
      fetchedAt: new Date(services.clock.wall()),
    });
    return tools;
  } catch (thrown) {
    // Yesterday's list is better than a phone that nobody answers.
    if (kept) return readTools(kept.tools);
    const fault = thrown instanceof Fault ? thrown : undefined;
    throw new Fault(fault?.code ?? "unavailable", fault?.sentence ?? `the server "${server.name}" can not be asked which tools it has`, {
      cause: thrown,
    });
  }
}

/** What the server says now. @throws whatever keeps it from saying so. */
async function listTools(services: HttpToolServices, scope: Scope, server: Server): Promise<readonly RemoteTool[]> {
  const signal = new AbortController().signal;
  const listed = await connected(services, scope, { server, timeoutMs: LIST_MS, signal }, async (client) => {
    const tools: unknown[] = [];
    let cursor: string | undefined;
    do {
      const page = await client.listTools(cursor === undefined ? {} : { cursor }, { timeout: LIST_MS });
      tools.push(...page.tools);
      cursor = page.nextCursor;
    } while (cursor !== undefined && tools.length < TOOLS_MAX);
    return tools;
  });
  return readTools(listed);
}

function readTools(tools: readonly unknown[]): readonly RemoteTool[] {
  return tools.slice(0, TOOLS_MAX).flatMap((tool) => {
    const read = RemoteTool.safeParse(tool);
    return read.success ? [read.data] : [];
  });
}

async function connected<Answer>(
  services: HttpToolServices,
  scope: Scope,
  { server, timeoutMs, signal }: { readonly server: Server; readonly timeoutMs: number; readonly signal: AbortSignal },
  work: (client: Client) => Promise<Answer>,
): Promise<Answer> {
  const secret = await openToolSigningSecret(services.db, services.keyRing, scope, new Date(services.clock.wall()));
  const client = new Client({ name: "struere-voice", version: "0.1.0" });
  // A fault of the guard would be lost in the client's own error.
  let refusal: Fault | undefined;
  const transport = new StreamableHTTPClientTransport(new URL(server.url), {
    reconnectionOptions: { maxRetries: 0, initialReconnectionDelay: 1_000, maxReconnectionDelay: 1_000, reconnectionDelayGrowFactor: 1 },
    fetch: async (url, init) => {
      // Nobody listens between calls.
      if (init?.method === "GET") return new Response(null, { status: 405 });
      const body = typeof init?.body === "string" ? init.body : "";
      try {
        const answer = await guardedRequest(services, {
          url: String(url),
          method: init?.method === "DELETE" ? "DELETE" : "POST",
          headers: { ...Object.fromEntries(new Headers(init?.headers)), [SIGNATURE_HEADER]: signBody(secret, body, services.clock.wall()) },
          body,
          timeoutMs,
          maxBytes: RESPONSE_MAX_BYTES,
          signal,
        });
        const empty = answer.status === 204 || answer.status === 304;
        return new Response(empty ? null : answer.text, { status: answer.status, headers: answer.headers });
      } catch (thrown) {
        if (thrown instanceof Fault) refusal ??= thrown;
        throw thrown;
      }
    },
  });
  try {
    // The class predates exact optional properties; the shape is the protocol's.
    await client.connect(transport as Parameters<Client["connect"]>[0], { timeout: timeoutMs });
    return await work(client);
  } catch (thrown) {
    throw refusal ?? thrown;
  } finally {
    await client.close().catch(() => undefined);
  }
}
