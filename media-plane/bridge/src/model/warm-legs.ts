/**
 * Model legs that were opened and configured while the phone still rang. A call takes its own when it opens its model, if it was prepared
 * for the same agent and voice; one that nobody takes is closed, and so is one that does not fit.
 */
import { type AgentProfile, opensAutoResponding, type VoiceProfile } from "@struere/call";
import type { CallId, Clock } from "@struere/kernel";
import { legFingerprint, type Preparation } from "../control/call-config.ts";
import type { Events } from "../events.ts";
import { type OpenAIAccount, OpenAILeg } from "./openai-leg.ts";

export interface WarmLegs {
  /** Opens and configures a leg for this call. Full, or prepared already: does nothing. */
  prepare(preparation: Preparation & { /** Default 15 s. */ readonly keepMs?: number }): void;
  /** The call does not come. */
  dismiss(callId: CallId): void;
  /** The leg of this call, if there is one, it lives, and it fits. It is the caller's from now on. */
  take(wanted: { readonly callId: CallId; readonly agent: AgentProfile; readonly voice: VoiceProfile }): OpenAILeg | undefined;
  readonly size: number;
  close(): void;
}

export interface WarmLegsOptions {
  readonly account: OpenAIAccount;
  readonly clock: Clock;
  /** Most legs that wait at a time. A call without a warm leg opens its own: it only takes longer. */
  readonly most: number;
  readonly events: Pick<Events, "warmLeg">;
}

const UNCLAIMED_MS = 15_000;
/** The longest that a called phone may ring. */
const UNCLAIMED_MAX_MS = 150_000;

export function createWarmLegs({ account, clock, most, events }: WarmLegsOptions): WarmLegs {
  const waiting = new Map<CallId, { readonly leg: OpenAILeg; readonly fingerprint: string; off(): void }>();

  function remove(callId: CallId): { readonly leg: OpenAILeg; readonly fingerprint: string } | undefined {
    const found = waiting.get(callId);
    found?.off();
    waiting.delete(callId);
    return found;
  }

  return {
    prepare: (preparation) => {
      const { callId, agent, voice, keepMs = UNCLAIMED_MS } = preparation;
      if (waiting.has(callId)) return;
      if (waiting.size >= most) return events.warmLeg("refused_full", callId);
      const leg = new OpenAILeg({ account, model: voice.model, clock });
      leg.configure({ requestId: "warm", agent, voice, autoRespond: opensAutoResponding(preparation) });
      const off = clock.arm(clock.now() + Math.min(keepMs, UNCLAIMED_MAX_MS), () => {
        remove(callId)?.leg.close();
        events.warmLeg("unclaimed", callId);
      });
      waiting.set(callId, { leg, fingerprint: legFingerprint(preparation), off });
      events.warmLeg("opened", callId);
    },
    dismiss: (callId) => {
      const found = remove(callId);
      if (found === undefined) return;
      found.leg.close();
      events.warmLeg("dismissed", callId);
    },
    take: (wanted) => {
      const found = remove(wanted.callId);
      if (found === undefined) return undefined;
      if (found.leg.isAlive && found.fingerprint === legFingerprint(wanted)) {
        events.warmLeg("taken", wanted.callId);
        return found.leg;
      }
      events.warmLeg(found.leg.isAlive ? "unlike" : "failed", wanted.callId);
      found.leg.close();
      return undefined;
    },
    get size() {
      return waiting.size;
    },
    close: () => {
      for (const callId of waiting.keys()) remove(callId)?.leg.close();
    },
  };
}
