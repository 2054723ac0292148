/**
 * The model leg: opening → configuring → open, or gone. Legs are numbered; what an older leg reports changes nothing, so that a leg can be
 * replaced at any time without waiting for the last words of the one before.
 *
 * An attempt that breaks or hangs is followed by one more, after a pause, as long as the caller's patience (CONNECT_MS) lasts. Nothing here
 * reopens a leg that was open once.
 */
import { ATTEMPT_MS, ATTEMPT_PAUSE_MS, ATTEMPTS_MAX, CONNECT_MS } from "./limits.ts";

export type ModelLeg = { readonly leg: number } & (
  | { readonly state: "opening"; readonly giveUpAt: number; readonly until: number }
  | {
      readonly state: "configuring";
      readonly giveUpAt: number;
      readonly until: number;
      readonly requestId: string;
      readonly sessionId: string;
    }
  /** Between two attempts; `leg` is the one that broke. */
  | { readonly state: "pausing"; readonly giveUpAt: number; readonly until: number }
  | { readonly state: "open"; readonly sessionId: string }
  | { readonly state: "gone" }
);

export function openingLeg(options: { readonly leg: number; readonly at: number; readonly giveUpAt: number }): ModelLeg {
  const { leg, at, giveUpAt } = options;
  return { state: "opening", leg, giveUpAt, until: Math.min(at + ATTEMPT_MS, giveUpAt) };
}

/** There is a session. It has as long again to be configured: what gets on is not given up for one that begins anew. */
export function configuringLeg(options: {
  readonly leg: number;
  readonly at: number;
  readonly giveUpAt: number;
  readonly requestId: string;
  readonly sessionId: string;
}): ModelLeg {
  const { leg, at, giveUpAt, requestId, sessionId } = options;
  return { state: "configuring", leg, giveUpAt, until: Math.min(at + ATTEMPT_MS, giveUpAt), requestId, sessionId };
}

export function firstLeg(at: number): ModelLeg {
  return openingLeg({ leg: 1, at, giveUpAt: at + CONNECT_MS });
}

/** What follows an attempt that broke: a pause before the next one, or nothing. */
export function brokenLeg(model: ModelLeg, at: number): ModelLeg {
  if (model.state !== "opening" && model.state !== "configuring") return { state: "gone", leg: model.leg };
  const again = model.leg < ATTEMPTS_MAX && at + ATTEMPT_PAUSE_MS < model.giveUpAt;
  if (!again) return { state: "gone", leg: model.leg };
  return { state: "pausing", leg: model.leg, giveUpAt: model.giveUpAt, until: at + ATTEMPT_PAUSE_MS };
}

/** There is a socket, or one is being opened: something to close. */
export function hasSocket(model: ModelLeg): boolean {
  return model.state !== "gone" && model.state !== "pausing";
}

export function modelDeadline(model: ModelLeg): number {
  return model.state === "open" || model.state === "gone" ? Number.POSITIVE_INFINITY : model.until;
}
