/** What the text agents need to let an auditor read a call. */
import type { ThreadId } from "@struere/kernel";
import type { JsonObject, Scope } from "@struere/store";
import type { AuditInHand } from "./tool-runner.ts";

export interface AuditQuestion {
  readonly scope: Scope;
  readonly agentSlug: string;
  /** The call's: the auditor's own is below it. */
  readonly parentThread: ThreadId;
  /** Names the auditor's thread of this call. */
  readonly externalThreadId: string;
  readonly params: JsonObject;
  /** Behind the agent's own prompt. */
  readonly rules: string;
  /** The report on the call: data. */
  readonly report: string;
  readonly audit: AuditInHand;
  /** 1, 2, 3 …: from the second on the agent sees what the attempts before have done. */
  readonly attempt: number;
  /** Told of the thread and the agent before the agent is asked. */
  begun(thread: { readonly id: ThreadId; readonly agentVersion: number }): Promise<void>;
  readonly signal: AbortSignal;
}
