/**
 * What is known of uses that the books do not have as they should: who was killed when, what the vendor did in the sessions of that call, and
 * what its nodes left in the record. On one wall clock, so that it can be read as one story.
 */
import { type Clock, parseId } from "@struere/kernel";
import { systemClock } from "@struere/runtime";
import { callerIn } from "./order-desk.ts";
import type { KillSystem } from "./kill-system.ts";

export interface Kill {
  /** Who was killed. */
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly backAt: number;
}

/** Line by line, by call. */
export interface Stories {
  readonly [callId: string]: readonly string[];
}

interface Moment {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly by: "killer" | "vendor" | "node" | "record";
  readonly what: string;
}

/** Of what the vendor sends, what money has to do with. */
const TOLD: ReadonlySet<string> = new Set([
  "session.created",
  "session.updated",
  "input_audio_buffer.speech_started",
  "input_audio_buffer.speech_stopped",
  "input_audio_buffer.committed",
  "conversation.item.input_audio_transcription.completed",
  "response.created",
  "response.done",
  "error",
]);

/** @param clock of the simulators. @returns the story of each call, oldest first. */
export async function storiesOf(
  { db, openai }: Pick<KillSystem, "db" | "openai">,
  callIds: Iterable<string>,
  kills: readonly Kill[],
  clock: Clock = systemClock(),
): Promise<Stories> {
  const wallOf = (atMs: number): number => clock.wall() - clock.now() + atMs;
  const stories: { [callId: string]: readonly string[] } = {};
  for (const given of new Set(callIds)) {
    const callId = parseId("call", given);
    if (callId === undefined) continue;
    const call = await db.selectFrom("calls").selectAll().where("id", "=", callId).executeTakeFirst();
    if (!call) continue;
    const number = call.direction === "inbound" ? call.from_number : call.to_number;
    const events = await db.selectFrom("call_events").selectAll().where("call_id", "=", callId).execute();
    const moments: Moment[] = [
      { at: call.created_at.getTime(), by: "record", what: `created, ${call.direction}` },
      ...(call.answered_at ? [{ at: call.answered_at.getTime(), by: "record" as const, what: "answered" }] : []),
      ...(call.carrier_ended_at
        ? [{ at: call.carrier_ended_at.getTime(), by: "record" as const, what: `carrier: ${call.carrier_status}` }]
        : []),
      ...(call.ended_at
        ? [{ at: call.ended_at.getTime(), by: "record" as const, what: `${call.status}: ${call.reason}, epoch ${call.epoch}` }]
        : []),
      ...events.map(({ at, epoch, seq, kind, name, body }) => ({
        at: at.getTime(),
        by: "node" as const,
        what: `${epoch}.${seq} ${name ?? kind} ${JSON.stringify(body).slice(0, 160)}`,
      })),
      ...openai.sessions
        .filter((session) => callerIn(session.config().instructions) === number)
        .flatMap((session) => [
          ...session.emitted
            .filter(({ event }) => TOLD.has(event.type))
            .map(({ atMs, event }) => ({ at: wallOf(atMs), by: "vendor" as const, what: `${session.id} ${event.type} ${idIn(event)}` })),
        ]),
    ];
    const first = Math.min(...moments.map(({ at }) => at));
    const last = Math.max(...moments.map(({ at }) => at));
    const during = kills.filter(({ at, backAt }) => at <= last + 1_000 && backAt >= first);
    for (const { name, at, backAt } of during)
      moments.push({ at, by: "killer", what: `${name} is killed` }, { at: backAt, by: "killer", what: `${name} is back` });
    stories[callId] = moments
      .toSorted((a, b) => a.at - b.at)
      .map(({ at, by, what }) => `${((at - first) / 1_000).toFixed(3).padStart(8)} ${by.padEnd(6)} ${what}`);
  }
  return stories;
}

function idIn(event: { readonly [field: string]: unknown }): string {
  const {
    item_id: itemId,
    response,
    error,
  } = event as { item_id?: string; response?: { id: string; status: string }; error?: { code: string } };
  return itemId ?? (response ? `${response.id} ${response.status}` : (error?.code ?? ""));
}
