/**
 * Advice: what the control plane tells a running call when it has to come to its end. `wrap_up`: the model is told to finish, once, and the
 * conversation goes on. `end_call`: the agent says goodbye and the call ends, at the next turn boundary, or when ADVICE_WAIT_MS are over
 * whoever speaks; it is over within ADVISED_END_MS, which is what whoever pays for it counts on.
 *
 * The same advice comes again and again, so that none is lost; what came before, or is weaker, changes nothing. A call that ends already
 * needs none.
 */
import { tell } from "./asking.ts";
import { closeNow, closeWithFarewell } from "./closing.ts";
import { FAREWELL_ADVISED, WRAP_UP } from "./directive.ts";
import { type Draft, emit, isLive } from "./draft.ts";
import type { EventOf } from "./event.ts";
import { isTurnBoundary } from "./inject.ts";
import { ADVICE_WAIT_MS, FAREWELL_START_MS } from "./limits.ts";
import { fallSilent } from "./play-out.ts";
import { warn } from "./record.ts";
import { ask } from "./response.ts";

export type Advice =
  | { readonly state: "none" }
  | { readonly state: "wrap_up"; readonly reason: string; readonly told: boolean }
  | { readonly state: "end_call"; readonly reason: string; readonly until: number };

export const NO_ADVICE: Advice = { state: "none" };

export function advised(draft: Draft, { advice, reason }: EventOf<"operator.advised">): void {
  const { call, at, stage } = draft;
  if (stage.phase === "closing" || call.advice.state === "end_call") return;
  if (advice === "end_call") call.advice = { state: "end_call", reason, until: at + ADVICE_WAIT_MS };
  else if (call.advice.state === "none") call.advice = { state: "wrap_up", reason, told: false };
}

/** State-triggered: there is a model to tell it to, or the moment to end has come. True if something was done. */
export function followAdvice(draft: Draft): boolean {
  const { call, at, stage } = draft;
  const { advice } = call;
  switch (advice.state) {
    case "none":
      return false;
    case "wrap_up":
      if (advice.told || !isLive(draft)) return false;
      call.advice = { ...advice, told: true };
      warn(draft, advice.reason);
      tell(draft, "system", WRAP_UP);
      return true;
    case "end_call": {
      if (stage.phase === "closing") return false;
      const ending = { outcome: "stopped", reason: advice.reason } as const;
      if (!isLive(draft)) {
        closeNow(draft, ending);
        return true;
      }
      if (!isTurnBoundary(draft)) {
        if (at < advice.until) return false;
        fallSilent(draft, { interrupted: false, tellModel: true });
      }
      // What the caller still says is not answered any more, and so costs nothing.
      emit(draft, { type: "lane.route", inbound: "drop" });
      closeWithFarewell(draft, ending, { ask: ask("farewell"), tell: FAREWELL_ADVISED, startMs: FAREWELL_START_MS });
      return true;
    }
    default:
      return advice satisfies never;
  }
}

export function adviceDeadline(advice: Advice): number {
  return advice.state === "end_call" ? advice.until : Number.POSITIVE_INFINITY;
}
