/** A LaneSocket without a network: what is sent through it can be read as messages. */
import { Duplex } from "node:stream";
import type { Clock } from "@struere/kernel";
import { FrameReader, LaneSocket } from "../src/wire/index.ts";
import { wordsOf } from "../src/wire/mask.ts";
import { realClock } from "./wire-peers.ts";

export interface LaneEnd {
  readonly lane: LaneSocket;
  /** Everything sent since it was last asked for. */
  sent(): string[];
}

/** @param role of the lane: towards Twilio we are the server, towards the model the client. */
export function laneEnd(role: "server" | "client"): LaneEnd {
  const written: Buffer[] = [];
  const wire = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      // The memory is used again once the write is done.
      written.push(Buffer.from(chunk));
      done();
    },
  });
  const lane = new LaneSocket(wire, Buffer.alloc(0), {
    role,
    clock: realClock,
    maxMessageBytes: 1024 * 1024,
    maxBufferedBytes: 64 * 1024 * 1024,
  });
  lane.start({ onText: () => undefined, onClose: () => undefined });
  const texts: string[] = [];
  const reader = new FrameReader({
    role: role === "server" ? "client" : "server",
    maxMessageBytes: 1024 * 1024,
    maxFragments: 1,
    sink: {
      text: (bytes, start, end) => texts.push(bytes.toString("utf8", start, end)),
      ping: () => undefined,
      pong: () => undefined,
      closed: () => undefined,
      failed: (code, reason) => {
        throw new Error(`sent what nobody understands: ${code} ${reason}`);
      },
    },
  });
  return {
    lane,
    sent: () => {
      lane.flush();
      for (const bytes of written.splice(0)) reader.read(bytes, wordsOf(bytes), 0, bytes.length);
      return texts.splice(0);
    },
  };
}

/** Stands still until it is set. */
export function standingClock(): Clock & { at: number } {
  const clock = { at: 0, now: () => clock.at, wall: () => 0, arm: () => () => undefined };
  return clock;
}

/** Gives a lane a message at an odd place of a larger buffer, as it comes from a socket. */
export function hand(take: (bytes: Buffer, start: number, end: number) => void, text: string | Buffer, at = 7): void {
  const message = Buffer.from(text);
  const bytes = Buffer.alloc(at + message.length + 9, "}");
  message.copy(bytes, at);
  take(bytes, at, at + message.length);
}
