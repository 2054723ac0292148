/** What the loop of a text agent needs of tools: which ones an agent has, and to run one. Built in tools/. */
import type { ToolDefinition } from "@struere/domain";
import type { ThreadId } from "@struere/kernel";
import type { Scope } from "@struere/store";
import type { TextAgent } from "./text-agent.ts";

/** Who acts when a tool runs: the agent, within one organization and environment, with its own roles. Never the key that asked. */
export interface AgentActor extends Scope {
  readonly kind: "agent";
  readonly slug: string;
  /** Slugs; none: full access within the scope. */
  readonly roles: readonly string[];
}

export interface ToolRequest {
  readonly actor: AgentActor;
  readonly agent: TextAgent;
  readonly threadId: ThreadId;
  readonly name: string;
  /** JSON; the runner checks it against the tool's schema before anything runs. */
  readonly argumentsJson: string;
  readonly idempotencyKey: string;
  /** Aborted when nobody waits for the result any more. */
  readonly signal: AbortSignal;
}

export type ToolErrorType = "integration" | "permission" | "validation" | "timeout" | "unknown";

export interface ToolResult {
  /** JSON for the model. */
  readonly outputJson: string;
  readonly isError: boolean;
  /** Of an error; absent: `unknown`. */
  readonly errorType?: ToolErrorType;
  /** The conversation goes to this agent of the router. */
  readonly handoff?: { readonly slug: string };
}

export interface ToolRunner {
  /** What the model is offered, in the order of the definition. @throws Fault failed_precondition when a tool of the agent does not exist. */
  offeredTools(question: {
    readonly actor: AgentActor;
    readonly agent: TextAgent;
    readonly threadId: ThreadId;
  }): Promise<readonly ToolDefinition[]>;
  /** What the tool did or why it did not, for the model. Throws only what nobody foresaw. */
  runTool(request: ToolRequest): Promise<ToolResult>;
}
