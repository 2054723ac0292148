/** One stream in memory: messages in order, and for each durable name what it has seen, holds and must see again. */
import { type Clock, Fault } from "@struere/kernel";
import type { MemoryDurable } from "./memory-durable.ts";
import type { StreamSettings } from "./streams.ts";

export interface StoredMessage {
  /** 1, 2, 3 … in the order of publishing. */
  readonly seq: number;
  readonly subject: string;
  readonly data: string;
  readonly at: number;
  readonly bytes: number;
}

/** A process has less room than a server's disk. */
const MEMORY_MAX_BYTES = 64 * 1024 ** 2;

export class MemoryStream {
  readonly #settings: StreamSettings;
  readonly #clock: Clock;
  readonly #maxBytes: number;
  readonly #durables = new Map<string, MemoryDurable>();
  /** Insertion order is order of time: the oldest come first. */
  readonly #seenIds = new Map<string, number>();
  #messages: StoredMessage[] = [];
  #bytes = 0;
  #lastSeq = 0;

  constructor(settings: StreamSettings, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
    this.#maxBytes = Math.min(settings.maxBytes, MEMORY_MAX_BYTES);
  }

  /** @throws Fault resource_exhausted when there is no room and nothing may be forgotten. */
  append(message: { readonly subject: string; readonly id: string; readonly data: string }): void {
    const at = this.#clock.now();
    this.#forgetOldIds(at);
    if (this.#seenIds.has(message.id)) return;
    const bytes = Buffer.byteLength(message.data) + message.subject.length;
    this.#makeRoom(bytes, at);
    const stored = { seq: ++this.#lastSeq, subject: message.subject, data: message.data, at, bytes };
    this.#messages.push(stored);
    this.#bytes += bytes;
    this.#seenIds.set(message.id, at);
    for (const durable of this.#durables.values()) durable.offer();
  }

  durable(name: string, create: () => MemoryDurable): MemoryDurable {
    const known = this.#durables.get(name);
    if (known) return known;
    const made = create();
    this.#durables.set(name, made);
    return made;
  }

  /** The first message after `seq`, still there or not: forgotten ones are passed over. */
  after(seq: number): StoredMessage | undefined {
    const first = this.#messages[0];
    if (!first) return undefined;
    return this.#messages[Math.max(0, seq + 1 - first.seq)];
  }

  at(seq: number): StoredMessage | undefined {
    const first = this.#messages[0];
    return first && this.#messages[seq - first.seq];
  }

  close(): void {
    for (const durable of this.#durables.values()) durable.close();
  }

  #forgetOldIds(now: number): void {
    for (const [id, at] of this.#seenIds) {
      if (now - at < this.#settings.dedupeWindowMs) return;
      this.#seenIds.delete(id);
    }
  }

  /** Too old goes first; a full memory also forgets what every durable has behind it. */
  #makeRoom(bytes: number, now: number): void {
    const tooOld = this.#messages.findIndex((message) => now - message.at < this.#settings.maxAgeMs);
    this.#dropFirst(tooOld === -1 ? this.#messages.length : tooOld);
    if (this.#bytes + bytes <= this.#maxBytes) return;
    const settled = Math.min(...[...this.#durables.values()].map((durable) => durable.settledUpTo()));
    if (Number.isFinite(settled)) {
      const kept = this.#messages.findIndex((message) => message.seq > settled);
      this.#dropFirst(kept === -1 ? this.#messages.length : kept);
    }
    if (this.#bytes + bytes > this.#maxBytes) {
      throw new Fault(
        "resource_exhausted",
        `the stream ${this.#settings.name} is full (${this.#maxBytes} bytes) and its consumers lag behind`,
      );
    }
  }

  #dropFirst(count: number): void {
    if (count === 0) return;
    for (const message of this.#messages.slice(0, count)) this.#bytes -= message.bytes;
    this.#messages = this.#messages.slice(count);
  }
}
