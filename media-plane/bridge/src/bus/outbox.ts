/**
 * What one call says to the record, until the record has it.
 *
 * Messages are published in the order of their `seq`, one at a time, each again and again until the bus has it; they are kept until the
 * recorder's watermark covers them, because a bus that lost its disk had them too. The outbox outlives the call: it goes when it is
 * covered, or with the process.
 *
 * Until the bus has taken a message it stands in the node's logbook too, so that a process which is killed leaves it to the next one.
 *
 * Bounds: so many messages and bytes in memory, per call and per node. What does not fit goes to an append-only file and comes back
 * in order when there is room. When the file can not be written either, memory takes it after all and the node reports itself not
 * ready: it grows by running calls only, and those end.
 */
import type { Bus, Subscription } from "@struere/bus";
import { type CallAddress, callSubject, type RecordedKind, WatermarkMessage } from "@struere/protocol/bus";
import { type Clock, Fault } from "@struere/kernel";
import { z } from "zod";
import type { Logbook, Page } from "./logbook.ts";
import { Spool } from "./spool.ts";

export interface OutboxLimits {
  /** In memory, per call. */
  readonly messages: number;
  readonly bytes: number;
  /** In memory, over all calls of the node. */
  readonly nodeBytes: number;
}

/** What all outboxes of a node share. */
export interface OutboxGround {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly limits: OutboxLimits;
  readonly logbook: Logbook;
  /** Where the file of a call lies. */
  spoolPath(name: string): string;
  /** Over all calls: bytes in memory, messages that no watermark covers, and whether the last write to a call's file, or to the logbook, failed. */
  readonly held: { bytes: number; messages: number; spoolFailing: boolean; logbookFailing: boolean };
  report(name: OutboxReport, fault: Fault): void;
  /** The outbox has nothing left and nobody writes to it any more. */
  emptied(outbox: Outbox): void;
  /** Nobody needs this file any more. */
  remove(spool: Spool): void;
}

export type OutboxReport = "publish_failed" | "unpublishable" | "logbook_failed" | "spool_failed" | "watermark_invalid";

interface Letter {
  readonly subject: string;
  readonly id: string;
  readonly seq: number;
  readonly data: string;
}

const StoredLetter = z.object({ subject: z.string(), id: z.string(), seq: z.number().int(), data: z.string() });

/** A covered watermark is expected within so long after publishing; then the letters are published again. */
const LAG_MS = 30_000;
const LAG_MAX_MS = 300_000;
/** Most letters that are published again for one lag: a recorder that is away should not find a flood. */
const AGAIN_AT_ONCE = 500;
/** So many are on their way to the bus at a time. */
const AT_ONCE = 32;
const RETRY_FIRST_MS = 200;
const RETRY_MAX_MS = 5_000;

export class Outbox {
  readonly #address: CallAddress;
  readonly #epoch: number;
  readonly #ground: OutboxGround;
  readonly #subscription: Subscription;
  /** Of this turn of the event loop: what follows from one event is several messages, which go on their way together. */
  #fresh: Letter[] = [];
  /** Not covered yet, by `seq`. The first `#sent` of them are on the bus. */
  #letters: Letter[] = [];
  #sent = 0;
  #bytes = 0;
  /** Letters that are in the file and not in memory. */
  #spooled = 0;
  #spool: Spool | undefined;
  /** An earlier process left its letters in a file, and may have published some: see `#readBack`. */
  readonly #isLeft: boolean;
  readonly #openedAt: number;
  /** Where letters that the bus has not taken stand in the logbook. */
  readonly #pages = new Map<Letter, Page>();
  #publishing = false;
  #refilling = false;
  #failures = 0;
  #retryOff: (() => void) | undefined;
  #sentAt = 0;
  #lagMs = LAG_MS;
  #finished = false;
  #closed = false;

  /** @param left what an earlier process left behind: it is published again, and kept until covered */
  constructor(address: CallAddress, epoch: number, ground: OutboxGround, left?: Spool) {
    this.#address = address;
    this.#epoch = epoch;
    this.#ground = ground;
    this.#isLeft = left !== undefined;
    this.#openedAt = Math.trunc(ground.clock.wall());
    this.#subscription = ground.bus.subscribe(callSubject(address, "watermark"), (data) => this.#watermark(data));
    if (left === undefined) return;
    this.#spool = left;
    this.#spooled = left.unread;
    ground.held.messages += left.unread;
    this.#finished = true;
    this.#refill();
  }

  /** Messages that no watermark covers yet, in memory and in the file. */
  get depth(): number {
    return this.#fresh.length + this.#letters.length + this.#spooled;
  }

  /** @param body without `epoch`, `seq` and `at`, which are added here */
  add(kind: RecordedKind, seq: number, body: { readonly [field: string]: unknown }): void {
    const letter: Letter = {
      subject: callSubject(this.#address, kind),
      id: `${this.#address.callId}.${this.#epoch}.${seq}`,
      seq,
      data: JSON.stringify({ ...body, epoch: this.#epoch, seq, at: Math.trunc(this.#ground.clock.wall()) }),
    };
    this.#ground.held.messages += 1;
    if (this.#fresh.push(letter) === 1) queueMicrotask(() => this.#post());
  }

  #post(): void {
    const fresh = this.#fresh;
    if (fresh.length === 0) return;
    this.#fresh = [];
    this.#note(fresh);
    for (const letter of fresh) {
      if (this.#spooled > 0 || !this.#hasRoomFor(letter)) this.#spill([letter]);
      else this.#keep(letter);
    }
    this.#pump();
  }

  /** Nothing more will be added. */
  finish(): void {
    this.#finished = true;
    this.#leaveWhenEmpty();
  }

  /** Called by the node every few seconds: publishes again what was not covered in time. */
  tick(now: number): void {
    if (this.#sent === 0 || now - this.#sentAt < this.#lagMs) return;
    this.#lagMs = Math.min(this.#lagMs * 2, LAG_MAX_MS);
    this.#sentAt = now;
    const again = this.#letters.slice(0, Math.min(this.#sent, AGAIN_AT_ONCE));
    void this.#publishAgain(again);
  }

  /** The process ends: what is not covered goes to the file, for the next process to take up. */
  async close(): Promise<void> {
    this.#post();
    this.#closed = true;
    this.#subscription.unsubscribe();
    this.#retryOff?.();
    if (this.#letters.length > 0) await this.#file().append(this.#letters.map((letter) => JSON.stringify(letter)));
    for (const letter of this.#letters) this.#strike(letter);
  }

  #watermark(data: string): void {
    const parsed = parseWatermark(data);
    if (parsed === undefined) {
      this.#ground.report("watermark_invalid", new Fault("invalid_argument", "a watermark is not { epoch, seq }"));
      return;
    }
    if (parsed.epoch !== this.#epoch) return;
    // Not just a prefix: what was left behind by another process need not lie in the order of its numbers.
    const isLeft = (letter: Letter): boolean => letter.seq > parsed.seq;
    const covered = this.#letters.filter((letter) => !isLeft(letter));
    if (covered.length === 0) return;
    this.#sent = this.#letters.slice(0, this.#sent).filter(isLeft).length;
    this.#letters = this.#letters.filter(isLeft);
    for (const letter of covered) {
      this.#strike(letter);
      this.#bytes -= letter.data.length;
      this.#ground.held.bytes -= letter.data.length;
    }
    this.#ground.held.messages -= covered.length;
    this.#sentAt = this.#ground.clock.now();
    this.#lagMs = LAG_MS;
    this.#refill();
    this.#leaveWhenEmpty();
  }

  /** Publishes what is not on the bus yet, in order, until the bus refuses; then again after a growing wait. */
  async #publishAll(): Promise<void> {
    while (this.#sent < this.#letters.length && !this.#closed) {
      const letters = this.#letters.slice(this.#sent, this.#sent + AT_ONCE);
      const published = await this.#send(letters);
      for (const [index, letter] of letters.entries()) {
        const result = published[index];
        if (result?.status === "rejected" && !this.#passOver(Fault.from(result.reason))) return;
        this.#failures = 0;
        this.#strike(letter);
        // A watermark may have covered the letter while its acknowledgement was under way: then it is not in the list any more.
        if (this.#letters[this.#sent] !== letter) continue;
        if (this.#sent === 0) this.#sentAt = this.#ground.clock.now();
        this.#sent += 1;
      }
    }
  }

  /** False when the letter, and those behind it, must be published again later. */
  #passOver(fault: Fault): boolean {
    if (fault.code !== "invalid_argument") {
      this.#ground.report("publish_failed", fault);
      this.#retryLater();
      return false;
    }
    // No bus will ever take it. It must not hold up the others; it stays here, uncovered, and goes to the file in the end.
    this.#ground.report("unpublishable", fault);
    return true;
  }

  #pump(): void {
    if (this.#publishing || this.#retryOff || this.#closed) return;
    this.#publishing = true;
    void this.#publishAll().finally(() => {
      this.#publishing = false;
      if (!this.#retryOff && this.#sent < this.#letters.length) this.#pump();
    });
  }

  #retryLater(): void {
    const { clock } = this.#ground;
    const waitMs = Math.min(RETRY_FIRST_MS * 2 ** this.#failures, RETRY_MAX_MS);
    this.#failures = Math.min(this.#failures + 1, 10);
    if (this.#closed) return;
    this.#retryOff = clock.arm(clock.now() + waitMs, () => {
      this.#retryOff = undefined;
      this.#pump();
    });
  }

  async #publishAgain(letters: readonly Letter[]): Promise<void> {
    for (let at = 0; at < letters.length && !this.#closed; at += AT_ONCE) {
      const published = await this.#send(letters.slice(at, at + AT_ONCE));
      const failed = published.find((result) => result.status === "rejected");
      if (failed === undefined) continue;
      this.#ground.report("publish_failed", Fault.from(failed.reason));
      return;
    }
  }

  #send(letters: readonly Letter[]): Promise<PromiseSettledResult<void>[]> {
    const { bus } = this.#ground;
    return Promise.allSettled(letters.map(({ subject, id, data }) => bus.publish({ subject, id, data })));
  }

  #hasRoomFor({ data }: Letter): boolean {
    const { limits, held } = this.#ground;
    return (
      this.#letters.length < limits.messages &&
      this.#bytes + data.length <= limits.bytes &&
      (held.bytes + data.length <= limits.nodeBytes || this.#letters.length === 0)
    );
  }

  #keep(letter: Letter): void {
    this.#letters.push(letter);
    this.#bytes += letter.data.length;
    this.#ground.held.bytes += letter.data.length;
  }

  #spill(letters: readonly Letter[]): void {
    this.#spooled += letters.length;
    this.#file()
      .append(letters.map((letter) => JSON.stringify(letter)))
      .then(() => {
        this.#ground.held.spoolFailing = false;
        for (const letter of letters) this.#strike(letter);
      })
      .catch((thrown: unknown) => {
        this.#ground.held.spoolFailing = true;
        this.#ground.report("spool_failed", Fault.from(thrown));
        this.#spooled -= letters.length;
        if (this.#closed) return;
        for (const letter of letters) this.#keep(letter);
        this.#letters.splice(this.#sent, this.#letters.length, ...this.#letters.slice(this.#sent).sort((a, b) => a.seq - b.seq));
        this.#pump();
      });
  }

  /** Reads back from the file when half of the room is free. */
  #refill(): void {
    const { limits } = this.#ground;
    if (this.#refilling || this.#closed || this.#spooled === 0) return;
    if (this.#letters.length > limits.messages / 2 || this.#bytes > limits.bytes / 2) return;
    this.#refilling = true;
    void this.#readBack()
      .catch((thrown: unknown) => this.#ground.report("spool_failed", Fault.from(thrown)))
      .finally(() => {
        this.#refilling = false;
        this.#pump();
        this.#leaveWhenEmpty();
      });
  }

  async #readBack(): Promise<void> {
    const lines = await this.#file().read();
    const letters = lines.map(parseLetter).filter((letter) => letter !== undefined);
    // A bus that has a letter already would swallow it under its own id, and nobody would say that it is covered.
    const idOf = ({ id, seq }: Letter): string => (this.#isLeft ? `${this.#name}.${seq}.${this.#openedAt}` : id);
    for (const letter of letters) this.#keep({ ...letter, id: idOf(letter) });
    this.#spooled -= lines.length;
    this.#ground.held.messages -= lines.length - letters.length;
  }

  #leaveWhenEmpty(): void {
    if (!this.#finished || this.#closed || this.#refilling || this.depth > 0) return;
    this.#closed = true;
    this.#subscription.unsubscribe();
    this.#retryOff?.();
    if (this.#spool) this.#ground.remove(this.#spool);
    this.#ground.emptied(this);
  }

  /** A disk that does not take it costs no calls: what is at stake are some milliseconds of a process that would have to be killed in them. */
  #note(letters: readonly Letter[]): void {
    const { logbook, held } = this.#ground;
    try {
      const page = logbook.write(letters.map((letter) => JSON.stringify(letter)));
      for (const letter of letters) this.#pages.set(letter, page);
      held.logbookFailing = false;
    } catch (thrown) {
      // Told once, until it can be written again: messages come many times a second.
      if (!held.logbookFailing) this.#ground.report("logbook_failed", Fault.from(thrown));
      held.logbookFailing = true;
    }
  }

  /** The bus has it, or its own file, or the record. */
  #strike(letter: Letter): void {
    const page = this.#pages.get(letter);
    if (page === undefined) return;
    this.#pages.delete(letter);
    this.#ground.logbook.strike(page);
  }

  get #name(): string {
    return `${this.#address.callId}.${this.#epoch}`;
  }

  #file(): Spool {
    this.#spool ??= new Spool(this.#ground.spoolPath(`${this.#name}.jsonl`));
    return this.#spool;
  }
}

function parseWatermark(data: string): WatermarkMessage | undefined {
  try {
    return WatermarkMessage.parse(JSON.parse(data));
  } catch {
    return undefined;
  }
}

/** A line that was torn by the death of its writer is no letter. */
export function parseLetter(line: string): Letter | undefined {
  try {
    return StoredLetter.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}
