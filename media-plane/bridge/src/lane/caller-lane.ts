/**
 * The caller's audio on its way to the model: Twilio's `media` messages become `input_audio_buffer.append` events, payload untouched
 * (https://www.twilio.com/docs/voice/media-streams/websocket-messages, https://platform.openai.com/docs/api-reference/realtime-client-events).
 *
 * A frame is found by scanning, copied once, into the buffer it is sent from, and costs nothing else. Frames that come in one read
 * leave in one write, as one append each: 160 bytes are 53⅓ groups of base64, so that joining them would mean decoding them.
 * While the caller says nothing, five frames leave in one write: the first one that is not quiet takes those that wait with it, so that
 * the model hears of speech, and of its end within a second, when it would have anyway. An end that takes it longer to see
 * (silenceDurationMs above 1,000) it sees up to 80 ms later. If a line stops while frames wait, it is only silence that the model lacks: they
 * go with whatever comes next, and are at most four.
 * The call machine decides with `route` what becomes of the audio; the lane decides nothing but when it is written.
 */
import type { Clock } from "@struere/kernel";
import { z } from "zod";
import type { LaneSocket } from "../wire/index.ts";
import { decodedBytes, isBase64 } from "./base64.ts";
import { equals, FlatObject, isOtherwise } from "./flat-object.ts";
import { HeldFrames } from "./held-frames.ts";
import type { LaneTap } from "./lane-tap.ts";
import { isQuiet } from "./loudness.ts";
import { QuietFrames } from "./quiet-frames.ts";
import { Shapes } from "./shape.ts";

export interface CallerLaneOptions {
  /** The socket whose messages are given to `take`. */
  readonly telephony: LaneSocket;
  readonly clock: Clock;
  /** Every message that is not audio, as text; also audio that came before `begin`. */
  onMessage(text: string): void;
  /**
   * A mark of this stream came back. Marks come several times a second, so that finding their name without parsing pays; without
   * `onMark` they are messages like all others, as those are that are spelt strangely.
   */
  onMark?(name: string): void;
  /** Once: more than 150 messages a second for longer than ten seconds' worth of them. */
  onFlood(): void;
}

const MAX_HELD_BYTES = 15 * 8_000;
const MAX_FRAME_BYTES = 4_000;
const MESSAGES_PER_S = 150;
/** A stalled network delivers late, and all at once: ten seconds of it are no flood. */
const BURST_MESSAGES = 10 * MESSAGES_PER_S;
/** The pace is looked at each so many messages. */
const PACE_MESSAGES = 32;

const EVENT_OPENING = Buffer.from('{"event":"');
const MEDIA = Buffer.from("media");
const MARK = Buffer.from("mark");
const APPEND_BEFORE = Buffer.from('{"type":"input_audio_buffer.append","audio":"');
const APPEND_AFTER = Buffer.from('"}');
const APPEND_BYTES = APPEND_BEFORE.length + APPEND_AFTER.length;
const SILENCE_PIECE_MS = 200;
/** Of audio after the last loud frame nothing waits in so much, one second: by it the model decides whether the caller has finished. */
const LISTENED_BYTES = 8_000;

/** One scan at a time in a process: shared, because a scan does not outlive the call to `take`. */
const mediaPart = new FlatObject({ base64: "payload" });
const mediaMessage = new FlatObject({ strings: ["event", "streamSid"], nested: { key: "media", object: mediaPart } });
const mediaShapes = new Shapes();
const markPart = new FlatObject({ strings: ["name"] });
const markMessage = new FlatObject({ strings: ["event", "streamSid"], nested: { key: "mark", object: markPart } });
const SpelledMedia = z.object({ event: z.literal("media"), streamSid: z.string(), media: z.object({ payload: z.string() }) });

export class CallerLane {
  readonly #telephony: LaneSocket;
  readonly #clock: Clock;
  readonly #onMessage: (text: string) => void;
  readonly #onFlood: () => void;
  readonly #onMark: ((name: string) => void) | undefined;
  readonly #held = new HeldFrames(MAX_HELD_BYTES);
  readonly #quiet = new QuietFrames();
  #streamSid: Buffer | undefined;
  #model: LaneSocket | undefined;
  #route: "hold" | "flow" | "drop" = "hold";
  #framesIn = 0;
  #framesDropped = 0;
  #framesRefused = 0;
  #audioBytesIn = 0;
  /** Whole milliseconds: a fraction would be an object for each frame. */
  #lastMediaAt = Number.NEGATIVE_INFINITY;
  #quietBytes = 0;
  #messages = 0;
  #allowance = BURST_MESSAGES;
  #allowedAt: number;
  #flooded = false;
  #tap: LaneTap | undefined;

  constructor(options: CallerLaneOptions) {
    this.#telephony = options.telephony;
    this.#clock = options.clock;
    this.#onMessage = (text) => options.onMessage(text);
    this.#onFlood = () => options.onFlood();
    this.#onMark = options.onMark === undefined ? undefined : (name) => options.onMark?.(name);
    this.#allowedAt = Math.floor(options.clock.now());
  }

  /** Frames of this call's stream that came in well-formed, whatever became of them. */
  get framesIn(): number {
    return this.#framesIn;
  }
  /** Of those, how many never reached the model: dropped by `route`, pushed out while held, or no model to send them to. */
  get framesDropped(): number {
    return this.#framesDropped;
  }
  /** Frames of another stream, longer than 4,000 bytes, or not base64. */
  get framesRefused(): number {
    return this.#framesRefused;
  }
  /** Decoded bytes of `framesIn`; 8 are a millisecond. */
  get audioBytesIn(): number {
    return this.#audioBytesIn;
  }
  /** When the last of `framesIn` came, on the clock, to the millisecond before it; -Infinity before the first. */
  get lastMediaAt(): number {
    return this.#lastMediaAt;
  }

  /** Twilio's `start` was accepted: from now on this stream's audio is taken. */
  begin(streamSid: string): void {
    this.#streamSid = Buffer.from(streamSid);
  }

  /** From now on it is told what comes from the caller. */
  tapped(tap: LaneTap): void {
    this.#tap = tap;
  }

  /** Where audio flows to; `undefined` while there is no model leg. Held frames wait for `route("flow")`. */
  attachModel(model: LaneSocket | undefined): void {
    this.#sendQuiet();
    this.#model = model;
  }

  /** hold: keep the newest 15 s; flow: pass on what was held, then everything; drop: forget it. */
  route(inbound: "hold" | "flow" | "drop"): void {
    this.#sendQuiet();
    this.#route = inbound;
    if (inbound === "hold") return;
    for (const frame of this.#held.takeAll()) this.#pass(frame.payload, 0, frame.payload.length, frame.audioBytes);
  }

  /** The `onText` of the telephony socket. */
  take(bytes: Buffer, start: number, end: number): void {
    const now = Math.floor(this.#clock.now());
    this.#messages = (this.#messages + 1) % PACE_MESSAGES;
    if (this.#messages === 0) this.#pace(now);
    const shape = mediaShapes.find(bytes, start, end);
    const streamSid = this.#streamSid;
    if (shape === undefined || streamSid === undefined) {
      this.#takeUnlike(bytes, start, end, now);
    } else if (!equals(bytes, start + (shape.ids[0] ?? 0), start + (shape.ids[1] ?? 0), streamSid)) {
      this.#framesRefused++;
    } else {
      this.#takeFrame(bytes, start + shape.audioStart, start + shape.audioEnd, shape.audioBytes, now);
    }
  }

  /** Gives the model so much silence as if the caller had sent it, for a gap in the caller's media. */
  appendSilence(ms: number): void {
    this.#sendQuiet();
    for (let left = ms; left > 0; left -= SILENCE_PIECE_MS) {
      const payload = Buffer.from(Buffer.alloc(Math.min(left, SILENCE_PIECE_MS) * 8, 0xff).toString("base64"));
      this.#append(payload, 0, payload.length);
    }
  }

  #takeUnlike(bytes: Buffer, start: number, end: number, now: number): void {
    const streamSid = this.#streamSid;
    if (streamSid !== undefined && isOtherwise(bytes, start, EVENT_OPENING, MEDIA)) {
      if (this.#onMark === undefined || !this.#takeMark(bytes, start, end, streamSid)) this.#takeOther(bytes, start, end, now);
      return;
    }
    if (streamSid === undefined || mediaMessage.scan(bytes, start, end) !== end) {
      this.#takeOther(bytes, start, end, now);
      return;
    }
    const payloadStart = mediaPart.starts[0] ?? -1;
    const payloadEnd = mediaPart.ends[0] ?? -1;
    const sidStart = mediaMessage.starts[1] ?? -1;
    const sidEnd = mediaMessage.ends[1] ?? -1;
    if (payloadStart < 0 || !equals(bytes, mediaMessage.starts[0] ?? -1, mediaMessage.ends[0] ?? -1, MEDIA)) {
      this.#takeOther(bytes, start, end, now);
    } else if (!equals(bytes, sidStart, sidEnd, streamSid)) {
      this.#framesRefused++;
    } else {
      // The event's name is like no other's: it must stay what it is.
      mediaShapes.learn({
        bytes,
        start,
        end,
        audioStart: payloadStart,
        audioEnd: payloadEnd,
        ids: [sidStart, sidEnd],
        strings: [...mediaMessage.otherStrings, ...mediaPart.otherStrings],
        numbers: [...mediaMessage.otherNumbers, ...mediaPart.otherNumbers],
      });
      this.#takeFrame(bytes, payloadStart, payloadEnd, decodedBytes(bytes, payloadStart, payloadEnd), now);
    }
  }

  /** False when it is not plainly a mark of this stream. */
  #takeMark(bytes: Buffer, start: number, end: number, streamSid: Buffer): boolean {
    if (markMessage.scan(bytes, start, end) !== end || (markPart.starts[0] ?? -1) < 0) return false;
    if (!equals(bytes, markMessage.starts[0] ?? -1, markMessage.ends[0] ?? -1, MARK)) return false;
    if (!equals(bytes, markMessage.starts[1] ?? -1, markMessage.ends[1] ?? -1, streamSid)) return false;
    this.#onMark?.(bytes.toString("latin1", markPart.starts[0] ?? 0, markPart.ends[0] ?? 0));
    return true;
  }

  #takeFrame(bytes: Buffer, start: number, end: number, audioBytes: number, now: number): void {
    if (audioBytes > MAX_FRAME_BYTES) {
      this.#framesRefused++;
      return;
    }
    this.#lastMediaAt = now;
    this.#framesIn++;
    this.#audioBytesIn += audioBytes;
    this.#tap?.fromCaller(bytes.subarray(start, end));
    this.#quietBytes = isQuiet(bytes, start, end) ? this.#quietBytes + audioBytes : 0;
    if (this.#quietBytes > LISTENED_BYTES && this.#route === "flow" && this.#quiet.push(bytes, start, end, audioBytes)) return;
    if (this.#quiet.length > 0) this.#sendQuiet();
    this.#pass(bytes, start, end, audioBytes);
  }

  #pass(bytes: Buffer, start: number, end: number, audioBytes: number): void {
    if (this.#route === "hold") this.#framesDropped += this.#held.push(bytes, start, end, audioBytes);
    else if (this.#route === "drop" || !this.#append(bytes, start, end)) this.#framesDropped++;
  }

  #sendQuiet(): void {
    this.#quiet.takeAll((bytes, start, end) => {
      if (!this.#append(bytes, start, end)) this.#framesDropped++;
    });
  }

  #append(bytes: Buffer, start: number, end: number): boolean {
    const model = this.#model;
    if (model === undefined) return false;
    const at = model.beginText(APPEND_BYTES + end - start);
    if (at < 0) return false;
    const out = model.outgoing;
    out.set(APPEND_BEFORE, at);
    bytes.copy(out, at + APPEND_BEFORE.length, start, end);
    const after = at + APPEND_BEFORE.length + end - start;
    out[after] = APPEND_AFTER[0] ?? 0;
    out[after + 1] = APPEND_AFTER[1] ?? 0;
    model.commitText();
    return true;
  }

  /** Not a frame, or a frame in a spelling that the scan does not know. */
  #takeOther(bytes: Buffer, start: number, end: number, now: number): void {
    const text = this.#telephony.decode(bytes, start, end);
    if (text === undefined) return;
    const media = this.#streamSid === undefined ? undefined : parseMedia(text);
    if (media === undefined) {
      this.#onMessage(text);
    } else if (media.streamSid !== this.#streamSid?.toString() || !isBase64(media.media.payload)) {
      this.#framesRefused++;
    } else {
      const payload = Buffer.from(media.media.payload, "latin1");
      this.#takeFrame(payload, 0, payload.length, decodedBytes(payload, 0, payload.length), now);
    }
  }

  #pace(now: number): void {
    const allowance = this.#allowance + ((now - this.#allowedAt) * MESSAGES_PER_S) / 1_000 - PACE_MESSAGES;
    this.#allowedAt = now;
    this.#allowance = Math.min(Math.max(allowance, 0), BURST_MESSAGES);
    if (allowance >= 0 || this.#flooded) return;
    this.#flooded = true;
    this.#onFlood();
  }
}

function parseMedia(text: string): z.infer<typeof SpelledMedia> | undefined {
  if (!text.includes("media") && !text.includes("\\u")) return undefined;
  try {
    return SpelledMedia.safeParse(JSON.parse(text)).data;
  } catch {
    // Not JSON: whoever gets the text says so.
    return undefined;
  }
}
