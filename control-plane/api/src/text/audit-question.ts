/** What the text agents need to let an auditor read a call. */
import type { ApiKeyId } from "@struere/kernel";
import type { Scope, Turn } from "@struere/store";
import type { TextAgent } from "./text-agent.ts";
import type { AuditInHand } from "./tool-runner.ts";

export interface AuditQuestion {
  readonly scope: Scope;
  /** The auditor, as the call is pinned to it. */
  readonly agent: TextAgent;
  /** In the auditor's thread of this call; the report stands in it already. */
  readonly turn: Turn;
  /** Behind the agent's own prompt. */
  readonly rules: string;
  /** The report on the call: data. */
  readonly report: string;
  readonly audit: AuditInHand;
  /** The key that the call was placed with, whose caps count; `null`: none. */
  readonly keyId: ApiKeyId | null;
  /** 1, 2, 3 …: from the second on the agent sees what the attempts before have done. */
  readonly attempt: number;
  readonly signal: AbortSignal;
}
