import type { Part } from "./conversation.ts";
import type { InvoiceLine } from "./invoice.ts";
import type { LatencyProfile } from "./latency.ts";
import { transcriptionUsage } from "./usage.ts";
import type { Wire } from "./wire.ts";

/**
 * The separate transcription of a committed turn: some time later, and in no order with the reply, it comes as deltas and `completed`,
 * as `failed`, or never. It is billed for what there is to transcribe, whether or not anybody is there to be told.
 */
export function transcribe(
  session: { readonly id: string; readonly wire: Wire; readonly latency: LatencyProfile; readonly jittered: (ms: number) => number },
  turn: {
    readonly itemId: string;
    readonly part: Extract<Part, { readonly type: "input_audio" }>;
    readonly model: string;
    readonly bill: (line: InvoiceLine) => void;
  },
): void {
  const { wire } = session;
  const outcome = wire.strike("transcription")?.outcome;
  if (outcome === "never") return;
  const place = { item_id: turn.itemId, content_index: 0 };
  const prefix = "conversation.item.input_audio_transcription";
  const transcript = outcome === "empty" ? "" : turn.part.understood;
  const usage = transcriptionUsage(turn.model, turn.part.audioMs, transcript);
  if (outcome !== "failed") turn.bill({ kind: "transcription", sessionId: session.id, model: turn.model, itemId: turn.itemId, usage });
  wire.after(session.jittered(session.latency.transcriptionMs), () => {
    if (outcome === "failed") {
      const error = {
        type: "transcription_error",
        code: "audio_unintelligible",
        message: "The audio could not be transcribed.",
        param: null,
      };
      return wire.emit(`${prefix}.failed`, { ...place, error });
    }
    turn.part.transcript = transcript;
    const half = transcript.indexOf(" ", transcript.length / 2);
    const deltas = half > 0 ? [transcript.slice(0, half), transcript.slice(half)] : [transcript];
    for (const delta of deltas) if (delta) wire.emit(`${prefix}.delta`, { ...place, delta });
    wire.emit(`${prefix}.completed`, { ...place, transcript, usage });
  });
}
