/**
 * From audio to record: what happens when an item leaves playback, because it was heard to its end or because it was cut.
 *
 * The model's memory is made to agree with the caller's ears: an item of which a part was heard is truncated there, one that was never
 * heard is deleted, one that was heard whole is left alone. The transcript gets what was heard, and an injection its account.
 */
import { type Draft, emit, hasModel, mintRequest, note } from "./draft.ts";
import { heardOf } from "./injection.ts";
import { heardMsOf, heardToTheEnd, itemClosed, nextGeneration, type PlaybackItem } from "./playback.ts";
import { publishAgentUtterance, publishEvent } from "./record.ts";
import { activeResponseId, dismissed, withdrawn } from "./response.ts";
import { NO_TONES } from "./tones.ts";
import { finalAgentUtterance, heardUntil } from "./transcript.ts";

/** Whatever has been heard to its end leaves playback. True if something did. */
export function closeHeard(draft: Draft): boolean {
  const { call, at } = draft;
  const item = heardToTheEnd(call.playback, activeResponseId(call.response), at);
  if (!item) return false;
  closeItem(draft, item, { heardMs: Math.floor(item.sentMs), interrupted: false, tellModel: true });
  return true;
}

/**
 * The agent falls silent at once: what plays is cleared, what is generated is cancelled, what was heard is all that was said.
 * @param cut.interrupted the caller did it, and the record says so.
 * @param cut.tellModel its memory still matters; not when the call is over.
 */
export function fallSilent(draft: Draft, cut: { readonly interrupted: boolean; readonly tellModel: boolean }): void {
  const { call, at } = draft;
  const { items } = call.playback;
  const audible = items[0];
  if ((audible || call.tones.playsUntil !== null) && call.telephony.state === "streaming") emit(draft, { type: "telephony.clear" });
  emit(draft, { type: "lane.mute" });
  cancelResponse(draft);
  call.response = withdrawn(call.response);
  call.tones = NO_TONES;
  const before = call.playback;
  for (const item of items) closeItem(draft, item, { ...cut, heardMs: heardMsOf(before, item, at) });
  call.playback = nextGeneration(call.playback, at);
  if (audible && cut.interrupted) {
    const { itemId, generatedMs } = audible;
    publishEvent(draft, "agent.interrupted", { itemId, heardMs: heardMsOf(before, audible, at), generatedMs: Math.floor(generatedMs) });
  }
}

/** The response in flight, if any, is not wanted any more. */
export function cancelResponse(draft: Draft): void {
  const { call, at } = draft;
  const { slot } = call.response;
  if (slot.state !== "requested" && slot.state !== "active") return;
  const requestId = slot.state === "active" ? mintRequest(draft) : "";
  call.response = dismissed(call.response, { requestId, at });
  if (slot.state === "active" && hasModel(draft)) emit(draft, { type: "model.cancel", requestId, responseId: slot.responseId });
}

/** Utterances that are heard and whose words are complete. True if one was published. */
export function publishFinal(draft: Draft): boolean {
  const { call } = draft;
  const utterance = finalAgentUtterance(call.transcript, activeResponseId(call.response));
  if (!utterance?.heard) return false;
  publishAgentUtterance(draft, utterance, utterance.heard);
  return true;
}

/** Tells whoever watches when the agent can be heard, and when not. */
export function announceFloor(draft: Draft): void {
  const { call } = draft;
  const agent = call.playback.audible ? "speaking" : "silent";
  if (call.turn.agent === agent) return;
  call.turn = { ...call.turn, agent };
  const itemId = call.playback.items[0]?.itemId ?? null;
  if (agent === "speaking") publishEvent(draft, "agent.speaking", { itemId });
  else publishEvent(draft, "agent.silent");
}

function closeItem(
  draft: Draft,
  item: PlaybackItem,
  end: { readonly heardMs: number; readonly interrupted: boolean; readonly tellModel: boolean },
): void {
  const { call, at } = draft;
  const { itemId, responseId } = item;
  const { heardMs, interrupted, tellModel } = end;
  const generatedMs = Math.floor(item.generatedMs);
  const complete = item.finished || responseId !== activeResponseId(call.response);
  const whole = heardMs >= generatedMs && complete;
  call.playback = itemClosed(call.playback, itemId, heardMs, draft.at);
  call.transcript = heardUntil(call.transcript, itemId, { heardMs, generatedMs, endedAt: at, interrupted: interrupted && !whole });
  call.injection = heardOf(call.injection, responseId, { heardMs, whole });
  if (whole || !tellModel || !hasModel(draft)) return;
  if (heardMs > 0) emit(draft, { type: "model.truncate", requestId: mintRequest(draft), itemId, audioEndMs: heardMs });
  else emit(draft, { type: "model.delete", requestId: mintRequest(draft), itemId });
  note(draft, "unheard_ms", generatedMs - heardMs);
}
