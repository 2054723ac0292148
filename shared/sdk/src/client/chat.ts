/** Talking with a text agent. */
import { type Connection, sendForJson } from "./request.ts";

type OneOf<Names extends string> = {
  [Name in Names]: { readonly [Given in Name]: string } & { readonly [Other in Exclude<Names, Name>]?: never };
}[Names];

/** Exactly one target. */
export type ChatRequest = OneOf<"agentSlug" | "agentId" | "routerSlug"> & {
  readonly message: string;
  /** Goes on with this conversation. */
  readonly threadId?: string;
  /** The caller's own name for the conversation: the first message makes it, later ones go on with it. */
  readonly externalThreadId?: string;
  readonly threadContext?: { readonly params?: Readonly<Record<string, string | number | boolean>> };
  readonly signal?: AbortSignal;
};

export interface ChatAnswer {
  readonly threadId: string;
  /** What the agent says. */
  readonly message: string;
  readonly usage: { readonly inputTokens: number; readonly outputTokens: number; readonly totalTokens: number };
  readonly assistantMessageId?: string;
  readonly executionMeta?: { readonly toolCallSummary?: readonly ToolCallSummary[] };
}

export interface ToolCallSummary {
  readonly name: string;
  readonly durationMs: number;
  readonly status: "success" | "error" | "permission_denied";
  readonly errorType?: "integration" | "permission" | "validation" | "timeout" | "unknown";
  readonly result?: unknown;
}

/** @throws TypeError unless exactly one of agentSlug, agentId and routerSlug is given. */
export async function chat(connection: Connection, request: ChatRequest): Promise<ChatAnswer> {
  const { signal, agentSlug, agentId, routerSlug, ...body } = request;
  const given = [agentSlug, agentId, routerSlug].filter((target) => target !== undefined);
  if (given.length !== 1) throw new TypeError(`chat needs exactly one of agentSlug, agentId, routerSlug; given: ${given.length}`);
  const path =
    agentSlug !== undefined
      ? ["v1", "agents", agentSlug, "chat"]
      : routerSlug !== undefined
        ? ["v1", "routers", routerSlug, "chat"]
        : ["v1", "chat"];
  return await sendForJson<ChatAnswer>(connection, {
    method: "POST",
    path,
    body: agentId === undefined ? body : { agentId, ...body },
    signal,
  });
}
