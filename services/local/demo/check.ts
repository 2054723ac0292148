/** Compares the record with what the simulators know: what the phone heard, what the vendor billed. */
import type { HeardUtterance, InvoiceLine } from "@struere/simulators";
import type { CallRecord } from "../world.ts";

export interface Verdict {
  readonly held: readonly string[];
  readonly broken: readonly string[];
}

/** One frame: what is heard is known no better. */
export const HEARD_TOLERANCE_MS = 20;

/** What the phone knows of a call that is over. */
export interface PhonesView {
  readonly heard: readonly HeardUtterance[];
  readonly ending: { readonly reason: string } | null;
}

export function checkRecord(record: CallRecord, call: PhonesView, invoice: readonly InvoiceLine[]): Verdict {
  const held: string[] = [];
  const broken: string[] = [];
  const check = (promise: string, holds: boolean, detail = ""): void =>
    void (holds ? held.push(promise) : broken.push(`${promise}${detail && `: ${detail}`}`));

  const spoken = record.utterances.filter((line) => line.speaker === "agent");
  const heard = call.heard;
  check(
    "every utterance of the agent that the phone heard is in the record, and no other",
    spoken.length === heard.length,
    `${heard.length} heard, ${spoken.length} recorded`,
  );
  const apart = spoken.map((line, index) => Math.abs((line.heardMs ?? 0) - (heard[index]?.heardMs ?? 0)));
  check(
    `what was heard is recorded to ${HEARD_TOLERANCE_MS} ms`,
    apart.every((ms) => ms <= HEARD_TOLERANCE_MS),
    `apart by ${apart.map((ms) => `${ms} ms`).join(", ")}`,
  );
  const cuts = spoken.filter((line) => line.interrupted);
  check("the barge-in cut the agent", cuts.length === heard.filter((utterance) => !utterance.complete).length && cuts.length > 0);
  const seqs = [...record.events, ...record.utterances, ...record.usage].map((line) => line.seq).sort((a, b) => a - b);
  check(
    "the numbers of all messages run without a gap",
    seqs.every((seq, index) => seq === index + 1),
    seqs.join(" "),
  );
  const billed = new Set(invoice.map((line) => ("responseId" in line ? line.responseId : line.itemId)));
  const recorded = new Set(record.usage.map((line) => line.usageId));
  check(
    "every response and transcription that the vendor bills is in the record, once",
    billed.size === record.usage.length && [...billed].every((id) => recorded.has(id)),
  );
  check(
    "the agent hung up, and the phone heard it out",
    call.ending?.reason !== "caller-hung-up" && record.status === "completed",
    `${call.ending?.reason}, ${record.status}`,
  );
  return { held, broken };
}
