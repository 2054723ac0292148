/** Carrying out what tones.ts keeps account of: when the keys may sound, and when they have sounded. */
import { type Draft, emit, isLive } from "./draft.ts";
import { isFree } from "./response.ts";
import { arePressing, tonesBegan, tonesEnded } from "./tones.ts";
import { hasFloor } from "./turn.ts";

/** State-triggered. True if something was done. */
export function playTones(draft: Draft): boolean {
  const { call, at } = draft;
  const { tones } = call;
  if (tones.playsUntil !== null) {
    if (at < tones.playsUntil) return false;
    call.tones = tonesEnded(tones);
    return true;
  }
  if (!isLive(draft) || tones.waiting === "" || !isFree(call.response) || call.playback.items.length > 0) return false;
  if (hasFloor(call.turn) && !arePressing(tones, at)) return false;
  call.tones = tonesBegan(tones, at);
  emit(draft, { type: "lane.play_tones", digits: tones.waiting });
  return true;
}
