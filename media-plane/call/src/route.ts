/**
 * Carrying out what routing.ts keeps account of: asking the router, taking its answer, and changing the agent of a running session.
 *
 * A change is one update of the session, with instructions and tools and nothing else (a voice can not be changed once it has been heard,
 * platform.openai.com/docs/guides/realtime-conversations), and one message that tells the model whom it speaks for now. It is made between
 * two responses: as soon as an answer is owed that the new agent shall give, else once the agent's words have been heard.
 */
import { tell } from "./asking.ts";
import { handedOver, notHandedOver } from "./directive.ts";
import { type Draft, emit, isLive, mintRequest, note } from "./draft.ts";
import type { EventOf } from "./event.ts";
import { publishEvent, warn } from "./record.ts";
import { isFree } from "./response.ts";
import { asksRouter, decidedByRouter, isHolding, nextQuestion, released, ROUTER_TRANSFER, unasked } from "./routing.ts";
import { isOursToAnswer, isAnsweredByVendor } from "./turn.ts";

export function routed(draft: Draft, event: EventOf<"router.routed">): void {
  const { call } = draft;
  const { question, newest } = call.routing;
  if (question?.questionId !== event.questionId) return note(draft, "late_route");
  const isFirst = isHolding(call.routing);
  call.routing = unasked(call.routing);
  if (!isLive(draft)) return;
  if (event.isError) note(draft, "route_failed");
  // The caller has talked past it; what they said since is asked about next.
  if (newest !== null && !isFirst) return note(draft, "route_outdated");
  letGo(draft);
  if (call.tools.running.some((tool) => tool.name === ROUTER_TRANSFER)) return note(draft, "route_overruled");
  if (!event.isError) call.routing = decidedByRouter(call.routing, event.agent && { agent: event.agent, by: event.by });
}

/** State-triggered: what is overdue, what is to be asked, what is to be changed. True if something was done. */
export function routeFurther(draft: Draft): boolean {
  return waitNoLonger(draft) || askRouter(draft) || changeAgent(draft) || letVendorAnswer(draft);
}

/** The vendor has taken the session's change. */
export function changeConfirmed(draft: Draft): boolean {
  const { call } = draft;
  if (!call.routing.changing) return false;
  call.routing = { ...call.routing, changing: null };
  return true;
}

/** The vendor refused the change: the session is what it was, and so is the call. True if it was that. */
export function changeRefused(draft: Draft, requestId: string | null): boolean {
  const { call } = draft;
  const { changing, agent } = call.routing;
  if (!changing || changing.requestId !== requestId) return false;
  const { from } = changing;
  call.routing = { ...call.routing, agent: from, changing: null, decided: null };
  warn(draft, "agent_change_refused");
  publishEvent(draft, "agent.changed", { from: agent.slug, to: from.slug, by: "refused" });
  tell(draft, "system", notHandedOver(from.name));
  return true;
}

function waitNoLonger(draft: Draft): boolean {
  const { call, at } = draft;
  const { first, question } = call.routing;
  if (first.state === "held" && at >= first.until) {
    note(draft, "route_hold_expired");
    letGo(draft);
    return true;
  }
  if (!question || at < question.until) return false;
  note(draft, "route_unanswered");
  call.routing = unasked(call.routing);
  return true;
}

function letGo(draft: Draft): void {
  const { call, at } = draft;
  const { first } = call.routing;
  if (first.state !== "held") return;
  note(draft, "route_hold_ms", Math.round(at - first.since));
  call.routing = released(call.routing);
}

function askRouter(draft: Draft): boolean {
  const { call, at } = draft;
  if (!isLive(draft)) return false;
  const utterances = nextQuestion(call.routing);
  if (utterances.length === 0) return false;
  const questionId = `q${call.config.epoch}.${call.routing.asked + 1}`;
  const mode = isHolding(call.routing) ? "first" : "background";
  call.routing = asksRouter(call.routing, questionId, at);
  emit(draft, { type: "router.ask", questionId, mode, currentAgent: call.routing.agent.slug, utterances });
  return true;
}

function changeAgent(draft: Draft): boolean {
  const { call } = draft;
  const { decided, agent: from, first } = call.routing;
  if (!decided || !mayChange(draft)) return false;
  const { agent, by } = decided;
  const autoRespond = first.state === "over";
  const turns = autoRespond === call.routing.autoRespond ? null : { turnDetection: call.config.voice.turnDetection, autoRespond };
  const requestId = mintRequest(draft);
  call.routing = {
    ...call.routing,
    agent,
    autoRespond,
    decided: null,
    transfers: call.routing.transfers + 1,
    changing: { requestId, from },
  };
  emit(draft, { type: "model.reconfigure", requestId, agent, turns });
  publishEvent(draft, "agent.changed", { from: from.slug, to: agent.slug, by });
  tell(draft, "system", handedOver({ from: from.name, to: agent.name }));
  return true;
}

/** The first utterance has been routed: from now on the vendor's VAD answers at once, as on any call. */
function letVendorAnswer(draft: Draft): boolean {
  const { call } = draft;
  const { first, autoRespond, decided } = call.routing;
  if (autoRespond || first.state !== "over" || decided || !isLive(draft)) return false;
  const { turnDetection } = call.config.voice;
  call.routing = { ...call.routing, autoRespond: true };
  emit(draft, { type: "model.reconfigure", requestId: mintRequest(draft), agent: null, turns: { turnDetection, autoRespond: true } });
  return true;
}

/** No response is in flight or about to be, and it is somebody's turn to speak, or nobody speaks. */
function mayChange(draft: Draft): boolean {
  const { call, at } = draft;
  const { response, turn, tools, playback } = call;
  if (!isLive(draft) || !isFree(response) || turn.caller.state === "pausing" || isAnsweredByVendor(turn, at)) return false;
  return tools.owed || isOursToAnswer(turn, at) || playback.items.length === 0;
}
