/** A call's record as tables. */
import type { CallRecord } from "../world.ts";
import { table, title } from "./show.ts";

export function showRecord(record: CallRecord): void {
  title(`The record of ${record.id}: ${record.status}, ${record.reason ?? ""}, ${((record.durationMs ?? 0) / 1_000).toFixed(1)} s`);
  table(
    [{ name: "who" }, { name: "heard" }, { name: "ms", right: true }],
    record.utterances.map((line) => [
      line.speaker === "agent" ? line.agent : "caller",
      line.interrupted ? `${line.text} ✂ ${(line.generatedText ?? "").slice(line.text.length).trim()}` : line.text,
      line.heardMs === null ? "" : line.interrupted ? `${line.heardMs} of ${line.generatedMs ?? ""}` : String(line.heardMs),
    ]),
  );
}

export function showUsage(record: CallRecord): void {
  title("What it used");
  table(
    [
      { name: "for" },
      { name: "model" },
      { name: "text in", right: true },
      { name: "audio in", right: true },
      { name: "cached", right: true },
      { name: "text out", right: true },
      { name: "audio out", right: true },
      { name: "s", right: true },
    ],
    record.usage.map((line) => [
      line.source,
      line.model,
      ...[
        line.inputTextTokens,
        line.inputAudioTokens,
        line.cachedTextTokens + line.cachedAudioTokens,
        line.outputTextTokens,
        line.outputAudioTokens,
      ].map(String),
      line.seconds === null ? "" : line.seconds.toFixed(1),
    ]),
  );
}
