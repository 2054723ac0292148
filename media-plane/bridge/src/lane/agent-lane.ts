/**
 * The agent's audio on its way to the caller: the model's `response.output_audio.delta` events become Twilio `media` messages with
 * marks between them (https://platform.openai.com/docs/api-reference/realtime-server-events,
 * https://www.twilio.com/docs/voice/media-streams/websocket-messages).
 *
 * - Only audio of the response that `play` named is passed on; `mute` and `clear` drop what waits, and every late delta.
 * - Big deltas are cut into pieces of 360 ms (whole frames, whole groups of base64), so that marks can stand between them.
 * - Marks go out in an item each 360 ms of its first second and each 720 ms after it, before audio that comes after a pause of the model,
 *   and at the item's end. Each comes back as a message of its own; between two of them the machine goes by its clock.
 * - The model is faster than speech: at most 20 s may lie unplayed at Twilio, the rest waits here; more than 5 min is not kept.
 *
 * The lane reports by counters (`takeProgress`), which the session reads before it hands an event to the machine, never by an
 * event per frame.
 */
import type { Clock } from "@struere/kernel";
import { BYTES_PER_MS } from "@struere/protocol/twilio";
import { z } from "zod";
import type { LaneSocket } from "../wire/index.ts";
import { decodedBytes, isBase64 } from "./base64.ts";
import { equals, FlatObject, isOtherwise } from "./flat-object.ts";
import { Item } from "./item.ts";
import type { LaneTap } from "./lane-tap.ts";
import { Shapes } from "./shape.ts";
import { tonesOf } from "./tones.ts";
import { Unplayed } from "./unplayed.ts";
import { type Piece, WaitingAudio } from "./waiting-audio.ts";
import { type SpokenWords, TYPE_OPENING, WordReader } from "./word-reader.ts";

export interface AgentLaneOptions {
  readonly telephony: LaneSocket;
  readonly clock: Clock;
  /** The name of a mark; `markName` of `@struere/call`. */
  markName(position: { readonly generation: number; readonly itemId: string; readonly sentMs: number }): string;
  /** Every message of the model that is not audio, as text. */
  onMessage(text: string): void;
  /**
   * A piece of the transcript of the agent's speech, other than of the item that is being sent (see `takeWords`). They come several times
   * a second, so that reading them without parsing pays; without `onWords` they are messages like all others, as those are that are spelt
   * strangely.
   */
  onWords?(words: SpokenWords): void;
  /** The first audio of an item has come, and is about to be sent. */
  onAudioStarted(responseId: string, itemId: string): void;
  /** It has been sent: news by itself, because the caller hears the agent from now on. */
  onSounding?(progress: ItemProgress): void;
  /** More waits than may wait: the rest of this response is dropped. Once for a response. */
  onOverflow(responseId: string): void;
}

/** Cumulative, in milliseconds of audio. */
export interface ItemProgress {
  readonly responseId: string;
  readonly itemId: string;
  readonly generatedMs: number;
  readonly sentMs: number;
  /** The model has said that there is no more, and all of it was sent. */
  readonly finished: boolean;
  /** On the clock: when the last of it came, or was sent, or its end was known. */
  readonly at: number;
  /** On the clock: when what was sent of it is over, if all is played as soon as it can be. */
  readonly playsUntil: number;
}

/** What a mark that came back says: an item has been played to its end, or other audio; or nothing, because the name is not awaited. */
export type MarkNews = "item_ended" | "played" | "unknown";

const PIECE_MS = 360;
const PIECE_CHARS = ((PIECE_MS * BYTES_PER_MS) / 3) * 4;
/** So long a pause is worth a mark: without one, nothing tells which part of the item was heard before it (recording/heard-audio.ts). */
const PAUSE_MS = 1_000;
const MAX_UNPLAYED_MS = 20_000;
const MAX_WAITING_MS = 5 * 60_000;

const AUDIO = Buffer.from("response.output_audio.");
const DELTA = Buffer.from("response.output_audio.delta");
const DONE = Buffer.from("response.output_audio.done");
const MEDIA_AFTER = Buffer.from('"}}');

/** One scan at a time in a process: shared, because a scan does not outlive the call to `take`. */
const audioMessage = new FlatObject({ strings: ["type", "response_id", "item_id"], base64: "delta" });
const deltaShapes = new Shapes();
const SpelledAudio = z.object({
  type: z.enum(["response.output_audio.delta", "response.output_audio.done"]),
  response_id: z.string(),
  item_id: z.string(),
  delta: z.exactOptional(z.string()),
});

export class AgentLane {
  readonly #telephony: LaneSocket;
  readonly #clock: Clock;
  readonly #options: AgentLaneOptions;
  #model: LaneSocket | undefined;
  readonly #unplayed = new Unplayed<Item>();
  readonly #waiting = new WaitingAudio<Item>();
  #mediaBefore: Buffer = Buffer.alloc(0);
  #markBefore = "";
  #streamSidJson = "";
  #playing: { readonly responseId: string; readonly idBytes: Buffer; readonly generation: number; overflowed: boolean } | undefined;
  /** Items whose end has not been reported yet, oldest first; the last one may still grow. */
  #items: Item[] = [];
  #latest: Item | undefined;
  readonly #words: WordReader | undefined;
  #dirty = false;
  #deltasDropped = 0;
  #audioBytesOut = 0;
  #tap: LaneTap | undefined;

  constructor(options: AgentLaneOptions) {
    this.#telephony = options.telephony;
    this.#clock = options.clock;
    this.#options = options;
    this.#words = options.onWords === undefined ? undefined : new WordReader((words) => options.onWords?.(words));
  }

  /** Deltas of responses that may not be played, or that did not fit. */
  get deltasDropped(): number {
    return this.#deltasDropped;
  }
  /** Bytes of audio sent to Twilio; 8 are a millisecond. */
  get audioBytesOut(): number {
    return this.#audioBytesOut;
  }
  /** Sent to Twilio and not known to be played. */
  get unplayedMs(): number {
    return this.#unplayed.bytes / BYTES_PER_MS;
  }

  /** Twilio's `start` was accepted: audio can be sent from now on. */
  begin(streamSid: string): void {
    this.#streamSidJson = JSON.stringify(streamSid);
    this.#markBefore = `{"event":"mark","streamSid":${this.#streamSidJson},"mark":{"name":`;
    this.#mediaBefore = Buffer.from(`{"event":"media","streamSid":${this.#streamSidJson},"media":{"payload":"`);
  }

  /** From now on it is told what is sent to the caller, and what becomes of it. */
  tapped(tap: LaneTap): void {
    this.#tap = tap;
  }

  /** Audio of this response may be played; its marks carry `generation`. What waits of an earlier response goes out first. */
  play(options: { readonly responseId: string; readonly generation: number }): void {
    const { responseId, generation } = options;
    this.#playing = { responseId, idBytes: Buffer.from(responseId), generation, overflowed: false };
    this.#latest = undefined;
  }

  /** Nothing may be played: what waits is dropped, and so is every delta until the next `play`. */
  mute(): void {
    this.#playing = undefined;
    this.#latest = undefined;
    this.#waiting.clear();
    this.#items = [];
    this.#dirty = false;
  }

  /** Tells Twilio to forget what it has not played, and forgets what waits here. Marks of before mean nothing any more. */
  clear(): void {
    this.#waiting.clear();
    this.#unplayed.clear();
    this.#tap?.cleared();
    this.#telephony.sendText(`{"event":"clear","streamSid":${this.#streamSidJson}}`);
  }

  /** Keys as tones, after all that was sent, and a mark of this name after them. Not audio of an item: it counts for nothing but room. */
  playTones(digits: string, mark: string): void {
    const tones = tonesOf(digits);
    const pieceBytes = PIECE_MS * BYTES_PER_MS;
    const before = this.#mediaBefore.toString("latin1");
    for (let at = 0; at < tones.length; at += pieceBytes) {
      const piece = tones.subarray(at, at + pieceBytes);
      const base64 = piece.toString("base64");
      if (!this.#telephony.sendText(`${before}${base64}"}}`)) return;
      this.#tap?.toCaller(Buffer.from(base64, "latin1"));
      this.#audioBytesOut += piece.length;
      this.#unplayed.sent(piece.length, this.#now());
    }
    if (this.#telephony.sendText(`${this.#markBefore}${JSON.stringify(mark)}}}`)) {
      this.#unplayed.awaits(mark, null);
      this.#tap?.awaits(mark);
    }
  }

  /** A mark came back: there may be room for what waits. Names that are not ours, or were cleared, change nothing. */
  marked(name: string): MarkNews {
    this.#tap?.marked(name);
    const place = this.#unplayed.marked(name);
    if (place === undefined) return "unknown";
    const ends = place !== null && place.item.finished && place.itemBytes === place.item.sentBytes;
    this.#sendWaiting();
    return ends ? "item_ended" : "played";
  }

  /** The response is over, whatever the vendor did not say about its items. Call it at `response.done`. */
  finish(responseId: string): void {
    for (const item of this.#items) if (item.responseId === responseId) this.#complete(item);
  }

  /** What has changed since it was last asked for, oldest item first. */
  takeProgress(): readonly ItemProgress[] {
    if (!this.#dirty) return [];
    this.#dirty = false;
    const news: ItemProgress[] = [];
    for (const item of this.#items) {
      if (!item.changed) continue;
      item.changed = false;
      news.push(progressOf(item));
    }
    if (news.some((item) => item.finished)) this.#items = this.#items.filter((item) => !item.finished);
    return news;
  }

  /** What was spoken of the item that is being sent since it was last asked for. */
  takeWords(): SpokenWords | undefined {
    return this.#words?.takeAll();
  }

  /** Whose messages come to `take`. What another one has said is forgotten. */
  attachModel(model: LaneSocket): void {
    this.#model = model;
    this.#words?.takeAll();
  }

  /** A message of the model: audio, or not. */
  take(bytes: Buffer, start: number, end: number): void {
    const shape = deltaShapes.find(bytes, start, end);
    if (shape === undefined) {
      this.#takeUnlike(bytes, start, end);
      return;
    }
    const { ids } = shape;
    const audioStart = start + shape.audioStart;
    const audioEnd = start + shape.audioEnd;
    this.#takeDelta(
      bytes,
      start + (ids[0] ?? 0),
      start + (ids[1] ?? 0),
      start + (ids[2] ?? 0),
      start + (ids[3] ?? 0),
      audioStart,
      audioEnd,
    );
  }

  #takeUnlike(bytes: Buffer, start: number, end: number): void {
    if (isOtherwise(bytes, start, TYPE_OPENING, AUDIO)) {
      if (this.#words?.take(bytes, start, end, this.#latest)) return;
    } else if (audioMessage.scan(bytes, start, end) === end) {
      const { starts, ends } = audioMessage;
      const typeStart = starts[0] ?? -1;
      const typeEnd = ends[0] ?? -1;
      const complete = (starts[1] ?? -1) >= 0 && (starts[2] ?? -1) >= 0;
      if (complete && (starts[3] ?? -1) >= 0 && equals(bytes, typeStart, typeEnd, DELTA)) {
        const ids = [starts[1] ?? 0, ends[1] ?? 0, starts[2] ?? 0, ends[2] ?? 0] as const;
        const audioStart = starts[3] ?? 0;
        const audioEnd = ends[3] ?? 0;
        const { otherStrings: strings, otherNumbers: numbers } = audioMessage;
        deltaShapes.learn({ bytes, start, end, audioStart, audioEnd, ids, strings, numbers });
        this.#takeDelta(bytes, ...ids, audioStart, audioEnd);
        return;
      }
      if (complete && equals(bytes, typeStart, typeEnd, DONE)) {
        this.#takeDone(bytes.toString("latin1", starts[2] ?? 0, ends[2] ?? 0));
        return;
      }
    }
    const text = this.#model?.decode(bytes, start, end);
    if (text !== undefined) this.#takeOther(text);
  }

  #takeDelta(
    bytes: Buffer,
    responseStart: number,
    responseEnd: number,
    itemStart: number,
    itemEnd: number,
    payloadStart: number,
    payloadEnd: number,
  ): void {
    const latest = this.#latest;
    if (latest !== undefined && latest.isCalled(bytes, responseStart, responseEnd, itemStart, itemEnd)) {
      this.#takeAudio(latest, bytes, payloadStart, payloadEnd, decodedBytes(bytes, payloadStart, payloadEnd));
      return;
    }
    const playing = this.#playing;
    if (playing === undefined || playing.overflowed || !equals(bytes, responseStart, responseEnd, playing.idBytes)) {
      this.#deltasDropped++;
      return;
    }
    const item = this.#startItem(bytes.toString("latin1", itemStart, itemEnd), playing.responseId, playing.generation);
    // The machine may have answered with `mute`.
    if (this.#playing !== playing) return;
    const isFirst = item.sentBytes === 0;
    this.#takeAudio(item, bytes, payloadStart, payloadEnd, decodedBytes(bytes, payloadStart, payloadEnd));
    if (isFirst && item.sentBytes > 0 && this.#playing === playing) this.#options.onSounding?.(progressOf(item));
  }

  #takeAudio(item: Item, bytes: Buffer, payloadStart: number, payloadEnd: number, audioBytes: number): void {
    const now = this.#now();
    item.generatedBytes += audioBytes;
    this.#changed(item, now);
    let at = payloadStart;
    for (let left = audioBytes; left > 0; ) {
      const pieceEnd = Math.min(at + PIECE_CHARS, payloadEnd);
      const pieceBytes = Math.min(left, PIECE_MS * BYTES_PER_MS);
      if (this.#waiting.bytes > 0 || this.#unplayed.bytes + pieceBytes > MAX_UNPLAYED_MS * BYTES_PER_MS) {
        if (!this.#wait(item, bytes, at, pieceEnd, pieceBytes)) return;
      } else {
        this.#send(item, bytes, at, pieceEnd, pieceBytes, now);
      }
      at = pieceEnd;
      left -= pieceBytes;
    }
  }

  #startItem(itemId: string, responseId: string, generation: number): Item {
    // The vendor may come back to an item of before (several items in one response, in turn).
    const known = this.#items.find((candidate) => candidate.id === itemId && candidate.responseId === responseId);
    const item = known ?? new Item(itemId, responseId, generation);
    this.#latest = item;
    if (known === undefined) {
      this.#items.push(item);
      this.#options.onAudioStarted(responseId, itemId);
    }
    return item;
  }

  /** False when there is no room, and the rest of the response was given up. */
  #wait(item: Item, bytes: Buffer, start: number, end: number, audioBytes: number): boolean {
    if (this.#waiting.bytes + audioBytes <= MAX_WAITING_MS * BYTES_PER_MS) {
      this.#waiting.push({ item, payload: Buffer.from(bytes.subarray(start, end)), audioBytes });
      return true;
    }
    const playing = this.#playing;
    if (playing !== undefined) playing.overflowed = true;
    this.#latest = undefined;
    this.#deltasDropped++;
    // What was dropped will never be sent: the item ends with what waits.
    item.generatedBytes = item.sentBytes + this.#waiting.bytesOf(item);
    this.#options.onOverflow(item.responseId);
    return false;
  }

  #send(item: Item, bytes: Buffer, start: number, end: number, audioBytes: number, now: number): void {
    if (item.sentBytes > item.markedBytes && now - this.#unplayed.playsUntil >= PAUSE_MS) this.#mark(item);
    const before = this.#mediaBefore;
    const at = this.#telephony.beginText(before.length + end - start + MEDIA_AFTER.length);
    if (at >= 0) {
      const out = this.#telephony.outgoing;
      out.set(before, at);
      bytes.copy(out, at + before.length, start, end);
      const after = at + before.length + end - start;
      out[after] = MEDIA_AFTER[0] ?? 0;
      out[after + 1] = MEDIA_AFTER[1] ?? 0;
      out[after + 2] = MEDIA_AFTER[2] ?? 0;
      this.#telephony.commitText();
      this.#audioBytesOut += audioBytes;
      this.#unplayed.sent(audioBytes, now);
      item.playsUntil = this.#unplayed.playsUntil;
      this.#tap?.toCaller(bytes.subarray(start, end));
    } else {
      this.#deltasDropped++;
    }
    item.sentBytes += audioBytes;
    this.#changed(item, now);
    if (item.isMarkDue) this.#mark(item);
  }

  #changed(item: Item, now: number): void {
    item.changed = true;
    item.changedAt = now;
    this.#dirty = true;
  }

  /** Whole milliseconds: a fraction would be an object for each frame. */
  #now(): number {
    return Math.floor(this.#clock.now());
  }

  #mark(item: Item): void {
    item.markedBytes = item.sentBytes;
    const sentMs = Math.floor(item.sentBytes / BYTES_PER_MS);
    const name = this.#options.markName({ generation: item.generation, itemId: item.id, sentMs });
    const nameJson = item.hasPlainId ? `"${name}"` : JSON.stringify(name);
    if (this.#telephony.sendText(`${this.#markBefore}${nameJson}}}`)) {
      this.#unplayed.awaits(name, { item, itemBytes: item.sentBytes });
      this.#tap?.awaits(name);
    }
  }

  #sendWaiting(): void {
    for (let piece = this.#waiting.peek(); piece !== undefined; piece = this.#waiting.peek()) {
      if (this.#unplayed.bytes + piece.audioBytes > MAX_UNPLAYED_MS * BYTES_PER_MS) return;
      this.#waiting.shift();
      this.#sendPiece(piece);
    }
  }

  #sendPiece(piece: Piece<Item>): void {
    this.#send(piece.item, piece.payload, 0, piece.payload.length, piece.audioBytes, this.#now());
  }

  #takeDone(itemId: string): void {
    const item = this.#items.find((candidate) => candidate.id === itemId);
    if (item !== undefined) this.#complete(item);
  }

  #complete(item: Item): void {
    if (item.complete) return;
    item.complete = true;
    this.#changed(item, this.#now());
    if (item.isMarkDue) this.#mark(item);
  }

  /** Not audio, or audio in a spelling that the scan does not know. */
  #takeOther(text: string): void {
    const audio = parseAudio(text);
    if (audio === undefined) {
      this.#words?.handOver();
      this.#options.onMessage(text);
    } else if (audio.type === "response.output_audio.done") {
      this.#takeDone(audio.item_id);
    } else if (audio.delta === undefined || !isBase64(audio.delta)) {
      this.#deltasDropped++;
    } else {
      const ids = Buffer.from(`${audio.response_id}${audio.item_id}`, "latin1");
      const bytes = Buffer.concat([ids, Buffer.from(audio.delta, "latin1")]);
      const split = audio.response_id.length;
      this.#takeDelta(bytes, 0, split, split, ids.length, ids.length, bytes.length);
    }
  }
}

function progressOf(item: Item): ItemProgress {
  return {
    responseId: item.responseId,
    itemId: item.id,
    generatedMs: Math.floor(item.generatedBytes / BYTES_PER_MS),
    sentMs: Math.floor(item.sentBytes / BYTES_PER_MS),
    finished: item.finished,
    at: item.changedAt,
    playsUntil: item.playsUntil,
  };
}

function parseAudio(text: string): z.infer<typeof SpelledAudio> | undefined {
  if (!text.includes("output_audio.") && !text.includes("\\u")) return undefined;
  try {
    return SpelledAudio.safeParse(JSON.parse(text)).data;
  } catch {
    // Not JSON: whoever gets the text says so.
    return undefined;
  }
}
