/**
 * The watchdogs of the response in flight. The vendor's socket can be open and yet nothing come: each wait has a deadline (response.ts),
 * and here is what follows. Whatever was heard stays said; the rest is taken back and asked for again.
 */
import { askAgain, mayBeAsked } from "./asking.ts";
import { type Draft, note } from "./draft.ts";
import { cancelResponse, fallSilent } from "./play-out.ts";
import { forgotten, rivalDeadline, rivalForgotten, slotDeadline } from "./response.ts";

/** State-triggered. True if something was overdue. */
export function watchResponse(draft: Draft): boolean {
  const { call, at } = draft;
  const { slot } = call.response;
  if (at >= rivalDeadline(call.response)) {
    call.response = rivalForgotten(call.response);
    return true;
  }
  if (at < slotDeadline(slot)) return false;
  switch (slot.state) {
    case "idle":
      return false;
    case "requested":
      note(draft, "response_unanswered");
      call.response = forgotten(call.response);
      if (!slot.unwanted) askAgain(draft, slot.ask, "unanswered");
      return true;
    case "cancelling":
      note(draft, "cancel_unanswered");
      call.response = forgotten(call.response);
      return true;
    case "active":
      if (slot.audio === "none") {
        note(draft, "response_silent");
        cancelResponse(draft);
        askAgain(draft, slot.ask, "silent");
      } else if (slot.audio === "moving") {
        note(draft, "response_stalled");
        fallSilent(draft, { interrupted: false, tellModel: mayBeAsked(draft, slot.ask) });
        askAgain(draft, slot.ask, "stalled");
      } else {
        note(draft, "response_unfinished");
        call.response = forgotten(call.response);
      }
      return true;
  }
}
