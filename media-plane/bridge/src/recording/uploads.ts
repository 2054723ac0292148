/**
 * Parts of recordings on their way to the control plane. A recording is worth less than the call: parts wait for a control plane that is away,
 * but only so many and so long, and what is given up is said.
 */
import { type CallId, type Clock, Fault } from "@struere/kernel";
import type { ControlClient } from "@struere/protocol/grpc";
import { retrying } from "@struere/runtime";
import { OpenSet } from "../open-set.ts";
import type { Part } from "./parts.ts";

/** The recording of a call under one epoch. */
export interface RecordingOf {
  readonly callId: CallId;
  readonly epoch: number;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
}

export interface Uploads {
  send(of: RecordingOf, part: Part): void;
  /** Waits until nothing is on its way, at most so long. Returns whether all arrived. */
  settle(withinMs: number): Promise<boolean>;
  close(): void;
}

/** 160 kB each: some 40 MB of a node. A further part is given up. */
const MAX_WAITING = 240;
/** About a minute in all. */
const RETRY = { attempts: 9, firstDelayMs: 500, maxDelayMs: 15_000 } as const;

export function createUploads(options: {
  readonly control: Pick<ControlClient, "appendRecording">;
  readonly clock: Clock;
  readonly report: (of: RecordingOf, part: number, fault: Fault) => void;
}): Uploads {
  const { control, clock, report } = options;
  const waiting = new OpenSet<Part>();
  const closing = new AbortController();

  async function upload(of: RecordingOf, part: Part): Promise<void> {
    const request = { ...of, part: part.number, audio: Buffer.from(part.audio) };
    try {
      await retrying({ ...RETRY, clock, signal: closing.signal }, () => control.appendRecording(request, { signal: closing.signal }));
    } catch (thrown) {
      report(of, part.number, Fault.from(thrown));
    } finally {
      waiting.delete(part);
    }
  }

  return {
    send(of, part) {
      if (waiting.size >= MAX_WAITING)
        return report(
          of,
          part.number,
          new Fault("resource_exhausted", `${MAX_WAITING} parts of recordings wait for the control plane already`),
        );
      waiting.add(part);
      void upload(of, part);
    },
    settle: (withinMs) => waiting.emptied(clock, withinMs),
    close: () => closing.abort(),
  };
}
