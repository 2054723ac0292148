/** A call's recording as one file: the parts in their places, silence where there is none. */
import type { CallId } from "@struere/kernel";
import { BYTES_PER_MS, MULAW_SILENCE, mulawWavHeader } from "@struere/protocol/twilio";
import { type Db, getRecordingAudio, listRecordingParts, type RecordingPart, type Scope } from "@struere/store";

/** Two channels: a sample of each. */
const SAMPLE_BYTES = 2;
const PART_MS = 10_000;
/** Longer is no call. It bounds what a node with a wrong clock can make of a recording. */
const LONGEST_MS = 24 * 60 * 60_000;

export interface Recording {
  readonly durationMs: number;
  /** How many parts of ten seconds are missing before the last one: silence in the file. */
  readonly missingParts: number;
  readonly sizeBytes: number;
  /** The file, part after part. */
  wav(): AsyncIterable<Uint8Array>;
}

/** `undefined`: the call has none, or none any more. */
export async function recordingOf(db: Db, scope: Scope, callId: CallId): Promise<Recording | undefined> {
  const parts = await listRecordingParts(db, scope, callId);
  const places = placesOf(parts);
  const last = places.at(-1);
  if (!last) return undefined;
  const samples = last.from + last.samples;
  const header = mulawWavHeader({ samples, channels: 2 });
  const dataBytes = samples * SAMPLE_BYTES;
  return {
    durationMs: Math.round(samples / BYTES_PER_MS),
    missingParts: missingIn(parts),
    sizeBytes: header.length + dataBytes,
    async *wav() {
      yield header;
      let written = 0;
      for (const { from, samples: count, part } of places) {
        yield* silence((from - written) * SAMPLE_BYTES);
        const audio = await getRecordingAudio(db, scope, callId, part);
        if (audio) yield audio;
        else yield* silence(count * SAMPLE_BYTES);
        written = from + count;
      }
    },
  };
}

interface Place {
  readonly from: number;
  readonly samples: number;
  readonly part: RecordingPart;
}

/** By the nodes' clocks; what would lie over something before it comes right after that. */
function placesOf(parts: readonly RecordingPart[]): readonly Place[] {
  const startedAt = parts[0]?.startedAt.getTime() ?? 0;
  const places: Place[] = [];
  for (const part of parts) {
    const offsetMs = part.startedAt.getTime() - startedAt + part.part * PART_MS;
    const end = places.at(-1);
    const earliest = end ? end.from + end.samples : 0;
    const from = Math.max(earliest, Math.min(offsetMs, LONGEST_MS) * BYTES_PER_MS);
    places.push({ from, samples: Math.floor(part.bytes / SAMPLE_BYTES), part });
  }
  return places;
}

function missingIn(parts: readonly RecordingPart[]): number {
  const epochs = new Map<number, { last: number; count: number }>();
  for (const { epoch, part } of parts) epochs.set(epoch, { last: part, count: (epochs.get(epoch)?.count ?? 0) + 1 });
  return [...epochs.values()].reduce((sum, { last, count }) => sum + last + 1 - count, 0);
}

const SILENCE = new Uint8Array(64 * 1024).fill(MULAW_SILENCE);

function* silence(bytes: number): Generator<Uint8Array> {
  for (let left = bytes; left > 0; left -= SILENCE.length) yield SILENCE.subarray(0, Math.min(left, SILENCE.length));
}
