/** Compares the record with what the simulators know: what the phone heard, what the vendor billed. */
import type { HeardUtterance, InvoiceLine } from "@struere/simulators";
import type { CallRecord } from "../world.ts";

/** @param promise in the indicative. @param detail what was seen instead. */
export type Check = (promise: string, holds: boolean, detail?: string) => void;

export interface Verdict {
  readonly held: readonly string[];
  readonly broken: readonly string[];
}

/** An empty one, and what fills it. */
export function verdict(): Verdict & { readonly check: Check } {
  const held: string[] = [];
  const broken: string[] = [];
  return {
    held,
    broken,
    check: (promise, holds, detail = "") => void (holds ? held.push(promise) : broken.push(`${promise}${detail && `: ${detail}`}`)),
  };
}

/** One frame: what is heard is known no better. */
export const HEARD_TOLERANCE_MS = 20;

export function checkRecord(
  record: CallRecord,
  { heard }: { readonly heard: readonly HeardUtterance[] },
  invoice: readonly InvoiceLine[],
): Verdict {
  const { check, held, broken } = verdict();
  const spoken = record.utterances.filter((line) => line.speaker === "agent");
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
  check("what the phone heard cut is cut in the record", cuts.length === heard.filter((utterance) => !utterance.complete).length);
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
  check("the call is completed", record.status === "completed", record.status);
  return { held, broken };
}
