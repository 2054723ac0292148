/** What a call says while it runs, line by line. The bodies are bus messages. */
import { EventMessage, TranscriptMessage, UsageMessage } from "@struere/protocol/bus";
import type { WatchedMessage } from "../follow-call.ts";
import type { Paint } from "../paint.ts";
import { eventText } from "./call.ts";
import { utteranceText } from "./utterance.ts";

export function watchedText(paint: Paint, message: WatchedMessage): string {
  const { kind, body } = message;
  switch (kind) {
    case "transcript": {
      const { data } = TranscriptMessage.safeParse(body);
      if (!data) break;
      const { generatedText = null, heardMs = null, generatedMs = null, transcription = null } = data;
      return utteranceText(paint, { ...data, generatedText, heardMs, generatedMs, transcription }, 6);
    }
    case "event": {
      const { data } = EventMessage.safeParse(body);
      if (data) return paint("dim", eventText({ name: data.name, offsetMs: data.offsetMs, data: data.data }));
      break;
    }
    case "usage": {
      const { data } = UsageMessage.safeParse(body);
      if (!data) break;
      const { source, model, inputTextTokens, inputAudioTokens, outputTextTokens, outputAudioTokens, seconds = null } = data;
      const used = { model, in: inputTextTokens + inputAudioTokens, out: outputTextTokens + outputAudioTokens, seconds };
      return paint("dim", eventText({ name: `usage.${source}`, offsetMs: message.offsetMs, data: used }));
    }
    default:
      kind satisfies never;
  }
  // A newer server may say more than this command knows.
  return paint("dim", eventText({ name: message.name ?? kind, offsetMs: message.offsetMs, data: body }));
}
