/** The model's side of a call, in the words of the call machine. */
import type { AgentProfile, CallEvent, HeardUtterance, ResponsePurpose, TurnDetection, VoiceProfile } from "@struere/call";

/** What a leg has to say: the machine's events without time and leg number, which the session adds. */
export type ModelNews = WithoutPlace<Extract<CallEvent, { readonly type: `model.${string}` }>>;
type WithoutPlace<Event> = Event extends unknown ? Omit<Event, "at" | "leg"> : never;

/** Everything is fire and forget; what becomes of it is news. After `model.closed` there is none, and requests do nothing. */
export interface ModelLeg {
  configure(request: Configuration): void;
  /** The session is in use: only what is given changes. Its echo is `model.configured`, its refusal `model.errored`. */
  reconfigure(request: Reconfiguration): void;
  replay(requestId: string, history: readonly HeardUtterance[]): void;
  request(requestId: string, purpose: ResponsePurpose, instructions: string | null): void;
  cancel(requestId: string, responseId: string): void;
  truncate(requestId: string, itemId: string, audioEndMs: number): void;
  delete(requestId: string, itemId: string): void;
  tell(requestId: string, role: "system" | "user", text: string): void;
  answerTool(requestId: string, toolCallId: string, output: string): void;
  /** Ends it without news. */
  close(): void;
}

export interface Reconfiguration {
  readonly requestId: string;
  readonly agent: AgentProfile | null;
  readonly turns: { readonly turnDetection: TurnDetection; readonly autoRespond: boolean } | null;
}

export interface Configuration {
  readonly requestId: string;
  readonly agent: AgentProfile;
  readonly voice: VoiceProfile;
  readonly autoRespond: boolean;
}
