/**
 * Playback: what the caller has actually heard.
 *
 * The model speaks several times faster than real time and Twilio buffers what we send, so generated, sent and played are three different
 * lengths of the same item: always played ≤ sent ≤ generated. The lane reports the first two; marks, which Twilio sends back when playback
 * reaches them, give the third (twilio.com/docs/voice/media-streams/websocket-messages). Audio plays strictly in order, so a mark within an
 * item says that everything before it was heard to its end.
 *
 * `clear` makes Twilio send back all outstanding marks at once, heard or not. So every mark carries the generation in which it was sent, a
 * cut begins the next generation, and marks of older ones say nothing. A mark that never comes back must not hold the floor forever: audio
 * counts as heard once its length, and a grace, have passed on the clock.
 *
 * An item stays here until it is heard to its end or cut, whatever has become of its response. What follows from that (truncation,
 * transcript, floor) is decided by those who close it.
 */
import { FRAME_MS, INTERPOLATED_MS, ITEMS_REMEMBERED, MARK_GRACE_MS } from "./limits.ts";
import { NOTHING_RECENT, type Recent, remember } from "./recent.ts";

export interface PlaybackItem {
  readonly itemId: string;
  readonly responseId: string;
  /** Milliseconds of audio. */
  readonly generatedMs: number;
  readonly sentMs: number;
  readonly playedMs: number;
  /** When `playedMs` last grew, or the item became the one that plays. */
  readonly playedAt: number;
  /** No more audio will come, and all of it was sent. */
  readonly finished: boolean;
  /** When what was sent of it is over, if Twilio plays all it was sent as soon as it can; it can not be over earlier. */
  readonly playsUntil: number;
}

export interface Playback {
  readonly generation: number;
  /** In the order in which they are heard. */
  readonly items: readonly PlaybackItem[];
  /** When all that was sent is over, in the same way. */
  readonly playsUntil: number;
  /** The caller hears the agent: audio was sent and is not over. */
  readonly audible: boolean;
  /** Milliseconds ever heard. */
  readonly heardMs: number;
  readonly closed: Recent;
}

export const SILENT: Playback = { generation: 1, items: [], playsUntil: 0, audible: false, heardMs: 0, closed: NOTHING_RECENT };

/** `g<generation>:<ms>:<item>`: the item comes last, so that it may contain anything. */
export function markName(mark: Mark): string {
  return `g${mark.generation}:${mark.sentMs}:${mark.itemId}`;
}

/** Undefined for names that are not ours. */
export function parseMark(name: string): Mark | undefined {
  const first = name.indexOf(":");
  const second = name.indexOf(":", first + 1);
  if (!name.startsWith("g") || first < 0 || second < 0 || second + 1 === name.length) return undefined;
  const generation = wholeNumber(name, 1, first);
  const sentMs = wholeNumber(name, first + 1, second);
  return generation === undefined || sentMs === undefined ? undefined : { generation, sentMs, itemId: name.slice(second + 1) };
}

/** Of one to nine digits in `text[start, end)`. Marks come back many times a second on a node: this is several times cheaper than a RegExp. */
function wholeNumber(text: string, start: number, end: number): number | undefined {
  if (end <= start || end - start > 9) return undefined;
  let value = 0;
  for (let index = start; index < end; index++) {
    const digit = text.codePointAt(index) ?? 0;
    if (digit < ZERO || digit > NINE) return undefined;
    value = value * 10 + digit - ZERO;
  }
  return value;
}

const ZERO = 0x30;
const NINE = 0x39;

export interface Mark {
  readonly generation: number;
  readonly itemId: string;
  /** How much of the item had been sent when the mark was. */
  readonly sentMs: number;
}

export function findItem(playback: Playback, itemId: string): PlaybackItem | undefined {
  return playback.items.find((item) => item.itemId === itemId);
}

export function itemStarted(playback: Playback, item: { readonly itemId: string; readonly responseId: string }, at: number): Playback {
  const fresh: PlaybackItem = { ...item, generatedMs: 0, sentMs: 0, playedMs: 0, playedAt: at, finished: false, playsUntil: at };
  return { ...playback, items: [...playback.items, fresh], playsUntil: Math.max(playback.playsUntil, at) };
}

export interface Progress {
  readonly itemId: string;
  readonly generatedMs: number;
  readonly sentMs: number;
  readonly finished: boolean;
  readonly playsUntil: number;
}

/** The lane's counters only grow; whatever says otherwise is old. */
export function progressed(playback: Playback, progress: Progress): Playback {
  const item = findItem(playback, progress.itemId);
  if (!item) return playback;
  const generatedMs = Math.max(item.generatedMs, progress.generatedMs);
  const sentMs = Math.min(Math.max(item.sentMs, progress.sentMs), generatedMs);
  const finished = item.finished || progress.finished;
  if (generatedMs === item.generatedMs && sentMs === item.sentMs && finished === item.finished) return playback;
  const playsUntil = Math.max(item.playsUntil, progress.playsUntil);
  return {
    ...playback,
    playsUntil: Math.max(playback.playsUntil, playsUntil),
    audible: playback.audible || sentMs > 0,
    items: replaced(playback.items, { ...item, generatedMs, sentMs, finished, playsUntil }),
  };
}

/** A mark of this generation came back. */
export function marked(playback: Playback, mark: Mark, at: number): Playback {
  const index = playback.items.findIndex((item) => item.itemId === mark.itemId);
  if (index < 0) return playback;
  const items = playback.items.map((item, place) => {
    const playedMs =
      place < index ? item.sentMs : place === index ? Math.max(item.playedMs, Math.min(mark.sentMs, item.sentMs)) : item.playedMs;
    return playedMs > item.playedMs ? { ...item, playedMs, playedAt: at } : item;
  });
  return { ...playback, items };
}

/** The first item, when it has been heard to its end, or counts as heard because its time has passed. */
export function heardToTheEnd(playback: Playback, activeResponseId: string | null, at: number): PlaybackItem | undefined {
  const item = playback.items[0];
  if (!item) return undefined;
  if (item.finished && item.playedMs >= item.sentMs) return item;
  const due = at >= overdueAt(playback, activeResponseId);
  return due && isComplete(item, activeResponseId) ? { ...item, playedMs: item.sentMs } : undefined;
}

/** When the first item counts as heard although no mark said so. An item that may still grow is the response's to watch. */
export function overdueAt(playback: Playback, activeResponseId: string | null): number {
  const item = playback.items[0];
  return item && isComplete(item, activeResponseId) ? item.playsUntil + MARK_GRACE_MS : Number.POSITIVE_INFINITY;
}

/**
 * Whole milliseconds of an item that the caller has heard by now: up to its last mark, and for the item that plays, the time since then,
 * if so much of it had been sent early enough, and the rest of the frame that has begun. An item behind another has not begun.
 */
export function heardMsOf(playback: Playback, item: PlaybackItem, at: number): number {
  const plays = playback.items[0]?.itemId === item.itemId;
  const sinceMark = plays ? Math.min(Math.max(at - item.playedAt, 0), INTERPOLATED_MS) : 0;
  const atMost = item.sentMs - Math.max(item.playsUntil - at, 0);
  const heardMs = Math.max(item.playedMs, Math.min(item.playedMs + sinceMark, atMost));
  const frames = Math.ceil(heardMs / FRAME_MS);
  return Math.floor(Math.min(frames * FRAME_MS, item.sentMs));
}

/** Takes an item out of playback, heard or not. */
export function itemClosed(playback: Playback, itemId: string, heardMs: number, at: number): Playback {
  const items = playback.items
    .filter((item) => item.itemId !== itemId)
    // The next one begins to play when the one before it is over.
    .map((item, place) => (place === 0 && item.playedMs === 0 ? { ...item, playedAt: Math.max(item.playedAt, at) } : item));
  return {
    ...playback,
    items,
    audible: items.some((item) => item.sentMs > 0),
    heardMs: playback.heardMs + heardMs,
    closed: remember(playback.closed, itemId, ITEMS_REMEMBERED),
  };
}

/** Never to be played: known as closed without having been an item. */
export function itemRefused(playback: Playback, itemId: string): Playback {
  return { ...playback, closed: remember(playback.closed, itemId, ITEMS_REMEMBERED) };
}

/** Everything was dropped: marks sent until now say nothing any more. */
export function nextGeneration(playback: Playback, at: number): Playback {
  return { ...playback, generation: playback.generation + 1, playsUntil: at };
}

/** How much the caller has heard of the agent since the call went live. */
export function totalHeardMs(playback: Playback): number {
  return playback.items.reduce((sum, item) => sum + item.playedMs, playback.heardMs);
}

function isComplete(item: PlaybackItem, activeResponseId: string | null): boolean {
  return item.finished || item.responseId !== activeResponseId;
}

function replaced(items: readonly PlaybackItem[], changed: PlaybackItem): readonly PlaybackItem[] {
  return items.map((item) => (item.itemId === changed.itemId ? changed : item));
}
