/** What the loop of a text agent needs of tools: which ones an agent has, and to run one. Built in tools/. */
import type { ToolDefinition } from "@struere/domain";
import type { ApiKeyId, CallId, ThreadId } from "@struere/kernel";
import type { Scope, Thread } from "@struere/store";
import type { TextAgent } from "./text-agent.ts";

/** Who acts when a tool runs: the agent, within one organization and environment, with its own roles. Never the key that asked. */
export interface AgentActor extends Scope {
  readonly kind: "agent";
  readonly slug: string;
  /** Slugs; none: full access within the scope. */
  readonly roles: readonly string[];
}

/** An auditor's reading of a call: the only place where voice.inject does something. */
export interface AuditInHand {
  readonly auditId: string;
  readonly callId: CallId;
  readonly epoch: number;
  /** Place in the conversation of the last utterance that it reads, of this epoch. */
  readonly basedOn: number;
  /** What the caller has said so far. */
  readonly callerWords: readonly string[];
  /** The entity that the call shall fill: it is not complete before that is. */
  readonly entity: { readonly type: string; readonly id: string } | null;
  /** 1, 2, 3 … with each injection that the model asks for: with the audit's id, the injection's own. */
  nextInjection(): number;
}

export interface ToolRequest {
  readonly actor: AgentActor;
  readonly agent: TextAgent;
  readonly threadId: ThreadId;
  readonly name: string;
  /** JSON; the runner checks it against the tool's schema before anything runs. */
  readonly argumentsJson: string;
  readonly idempotencyKey: string;
  readonly audit?: AuditInHand;
  /** Whose caps it counts against when other agents are asked; `null`: no key's. */
  readonly keyId: ApiKeyId | null;
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
    /** As it was when its turn was taken. */
    readonly thread: Thread;
  }): Promise<readonly ToolDefinition[]>;
  /** What the tool did or why it did not, for the model. Throws only what nobody foresaw. */
  runTool(request: ToolRequest): Promise<ToolResult>;
}
