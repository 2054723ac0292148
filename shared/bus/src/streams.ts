/** The streams of the system: what is stored, how long, how much. Both adapters make them as they stand here. */
import { Fault } from "@struere/kernel";
import { everyCallSubject, RECORDED_KINDS } from "@struere/protocol/bus";
import { subjectMatcher } from "./subject-match.ts";

export interface StreamSettings {
  readonly name: string;
  readonly subjects: readonly string[];
  /** The same message id within this time is stored once. */
  readonly dedupeWindowMs: number;
  readonly maxAgeMs: number;
  /** A full stream refuses what is new: the publisher learns of it, and nothing that was promised is lost. */
  readonly maxBytes: number;
}

/** Streams by what they hold. */
export const STREAMS = {
  calls: {
    name: "VOICE_CALLS",
    subjects: RECORDED_KINDS.map((kind) => everyCallSubject(kind)),
    dedupeWindowMs: 120_000,
    maxAgeMs: 24 * 60 * 60_000,
    maxBytes: 1024 ** 3,
  },
  /** Wake-ups of auditors. What waits longer than this is of calls that are long over, and the control plane sends it again if need be. */
  audits: {
    name: "VOICE_AUDITS",
    subjects: [everyCallSubject("audit")],
    dedupeWindowMs: 120_000,
    maxAgeMs: 60 * 60_000,
    maxBytes: 128 * 1024 ** 2,
  },
} as const satisfies { readonly [what: string]: StreamSettings };

/** Largest data of one message; nats-server's own default limit is four times as much. */
export const MESSAGE_MAX_BYTES = 256 * 1024;

/** Messages of one durable that are handed over and not yet acknowledged, unless it says otherwise; the next ones wait. */
export const UNACKNOWLEDGED_MAX = 1_000;

const MATCHERS = Object.values(STREAMS).map((stream) => ({ stream, matches: stream.subjects.map((subject) => subjectMatcher(subject)) }));

/** @throws Fault invalid_argument when no stream stores this subject or the data is too large. */
export function streamFor(message: { readonly subject: string; readonly data: string }): StreamSettings {
  const found = MATCHERS.find(({ matches }) => matches.some((match) => match(message.subject)));
  if (!found) {
    const legal = Object.values(STREAMS).flatMap((stream) => stream.subjects);
    throw new Fault("invalid_argument", `no stream stores ${message.subject}; stored are ${legal.join(", ")}`);
  }
  const bytes = Buffer.byteLength(message.data);
  if (bytes > MESSAGE_MAX_BYTES) {
    throw new Fault("invalid_argument", `a message for ${message.subject} has ${bytes} bytes; at most ${MESSAGE_MAX_BYTES} are allowed`);
  }
  return found.stream;
}

/** @throws Fault not_found naming the streams there are. */
export function streamNamed(name: string): StreamSettings {
  const streams = Object.values(STREAMS);
  const found = streams.find((stream) => stream.name === name);
  if (!found) throw new Fault("not_found", `there is no stream ${name}; there are ${streams.map((stream) => stream.name).join(", ")}`);
  return found;
}
