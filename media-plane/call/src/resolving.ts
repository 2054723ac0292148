/**
 * Before anybody knows what this call is: the stream begins, the configuration is awaited. Without a configuration there is no epoch, so
 * nothing can be published or recorded; if it does not come, all that can be done is to close the socket, and Twilio goes on with its next
 * verb. If the caller hangs up first, the configuration is still awaited: it says where to record that.
 */
import { FAILED, POLICY } from "./closing.ts";
import { stateOf } from "./draft.ts";
import type { Effect } from "./effect.ts";
import type { CallEvent } from "./event.ts";
import { isSeen, seen } from "./injection.ts";
import { CONFIG_MS } from "./limits.ts";
import { beginCall } from "./opening.ts";
import { settle } from "./settle.ts";
import type { CallState, Ending, Resolving } from "./state.ts";
import { gone, heardMedia, streaming } from "./telephony-leg.ts";

type Step = readonly [CallState, readonly Effect[]];

export function resolve(before: Resolving, event: CallEvent): Step {
  const at = Math.max(before.at, event.at);
  const state: Resolving = { ...before, at };
  switch (event.type) {
    case "telephony.started":
      if (state.telephony.state !== "waiting") return unexpected(state);
      return waitOn({ ...state, telephony: streaming(event.streamSid, at), startedAt: at, until: at + CONFIG_MS }, HOLD);
    case "config.resolved": {
      if (state.telephony.state === "waiting") return unexpected(state);
      const draft = beginCall(state, event.config, at);
      settle(draft);
      return [stateOf(draft), draft.effects];
    }
    case "config.rejected":
      return giveUp(state, { outcome: "failed", reason: event.reason }, POLICY);
    case "telephony.stopped":
      if (state.telephony.state === "waiting") return giveUp({ ...state, telephony: gone(at) }, HUNG_UP, FAILED);
      return waitOn({ ...state, telephony: gone(at), ending: state.ending ?? HUNG_UP }, []);
    case "operator.hung_up": {
      const ending: Ending = { outcome: "stopped", reason: event.reason };
      if (state.telephony.state === "waiting") return giveUp(state, ending, FAILED);
      return waitOn({ ...state, ending: state.ending ?? ending }, []);
    }
    case "lease.lost":
      return giveUp(state, { outcome: "failed", reason: "lease_lost" }, POLICY);
    case "auditor.injected":
      return refuse(state, event.injectionId);
    case "clock.struck":
      return waitOn({ ...state, armedAt: null, telephony: heardMedia(state.telephony, event.lastMediaAt, at) }, []);
    default:
      return unexpected(state);
  }
}

const HUNG_UP: Ending = { outcome: "completed", reason: "caller_hung_up" };
const HOLD: readonly Effect[] = [{ type: "lane.route", inbound: "hold" }];

/** Nobody can be told anything yet. */
function refuse(state: Resolving, injectionId: string): Step {
  if (isSeen(state.injection, injectionId)) return unexpected(state);
  const receipt: Effect = { type: "bus.receipt", injectionId, outcome: "refused", reason: "call_not_started", heardMs: null };
  return waitOn({ ...state, injection: seen(state.injection, injectionId) }, [receipt]);
}

function unexpected(state: Resolving): Step {
  return waitOn(state, [{ type: "note", name: "unexpected_event", value: 1 }]);
}

/** Stays, until the deadline. */
function waitOn(state: Resolving, effects: readonly Effect[]): Step {
  if (state.at >= state.until) return giveUp(state, state.ending ?? { outcome: "failed", reason: "not_resolved" }, FAILED, effects);
  if (state.armedAt === state.until) return [state, effects];
  return [{ ...state, armedAt: state.until }, [...effects, { type: "clock.arm", at: state.until }]];
}

function giveUp(state: Resolving, ending: Ending, code: number, effects: readonly Effect[] = []): Step {
  const close: readonly Effect[] = state.telephony.state === "gone" ? [] : [{ type: "telephony.close", code }];
  const disarm: readonly Effect[] = state.armedAt === null ? [] : [{ type: "clock.arm", at: null }];
  return [{ phase: "ended", at: state.at, ...ending }, [...effects, ...close, ...disarm]];
}
