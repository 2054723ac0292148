/** What a tool call is, wherever it comes from, and what comes of it. */
import type { ApiKeyId, Clock, ThreadId } from "@struere/kernel";
import type { Log } from "@struere/runtime";
import type { Call, Db, KeyRing, Scope } from "@struere/store";
import type { Dialler } from "../outbound/dialler.ts";
import type { AgentChatAnswer, AgentChatQuestion } from "../text/text-agents.ts";
import type { AuditInHand } from "../text/tool-runner.ts";
import type { Injector } from "../injections/injector.ts";
import type { GuardPolicy } from "./guard/guard-policy.ts";

/** The agent that acts, as it was pinned for this conversation. */
export interface ToolAgent {
  readonly slug: string;
  readonly name: string;
  readonly version: number;
  /** A template still. */
  readonly systemPrompt: string;
  /** What it may call; nothing else runs. */
  readonly tools: readonly string[];
  /** Slugs; none: full access within the scope. */
  readonly roles: readonly string[];
}

export interface ToolRequest {
  /** Organization and environment come from here, never from the arguments. */
  readonly scope: Scope;
  readonly agent: ToolAgent;
  readonly threadId: ThreadId;
  /** On the phone: its row. */
  readonly call?: Call;
  readonly name: string;
  /** While an auditor reads a call. */
  readonly audit?: AuditInHand;
  /** Whose caps it counts against when other agents are asked; `null`: no key's. */
  readonly keyId: ApiKeyId | null;
  /** As the model wrote them: not trusted. */
  readonly argumentsJson: string;
  /** The same key, the same run: `<callId>:<toolCallId>` on the phone. */
  readonly idempotencyKey: string;
  /** Aborted when nobody waits for the result any more. */
  readonly signal: AbortSignal;
}

export type ToolErrorType = "integration" | "permission" | "validation" | "timeout" | "unknown";

/** What the media node does besides handing the output to the model. */
export type ToolEffect =
  | { readonly kind: "end_call" }
  | { readonly kind: "transferred" }
  /** `digits`: 0-9 * # w. */
  | { readonly kind: "send_digits"; readonly digits: string };

export interface ToolOutcome {
  /** JSON for the model; data, never instructions. At most 32 KB. */
  readonly outputJson: string;
  /** Then the output is `{ error: { code, message } }`. */
  readonly isError: boolean;
  readonly errorType?: ToolErrorType;
  /** The conversation goes to this agent. */
  readonly handoff?: { readonly slug: string; readonly name: string; readonly version: number };
  readonly effect?: ToolEffect;
}

/** Twilio, as far as a tool needs it. */
export interface CallRedirector {
  /** Takes the live call away from its media stream. @throws Fault */
  redirect(scope: Scope, call: { readonly accountSid: string; readonly callSid: string; readonly twiml: string }): Promise<void>;
}

export interface ToolServices {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Log;
  readonly keyRing: KeyRing;
  /** Where requests to owners' servers may go. */
  readonly guard: GuardPolicy;
  /** Default: the operating system's look-up of names. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
  /** The tool agent.chat. */
  readonly chatWithAgent: (question: AgentChatQuestion) => Promise<AgentChatAnswer>;
  readonly redirector: CallRedirector;
  /** The tool voice.inject. */
  readonly injector: Injector;
  /** The tool voice.call. */
  readonly dialler: Pick<Dialler, "place">;
  /** Absolute, asked by Twilio when a transferred call's other leg is over. */
  readonly dialActionUrl: () => string;
}
