/** All outboxes of a node: their common bounds, the clock that looks for lag, and what is left over at the start and the end. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Bus } from "@struere/bus";
import { type Clock, Fault } from "@struere/kernel";
import { type CallAddress, parseCallSubject } from "@struere/protocol/bus";
import { Outbox, parseLetter, type OutboxGround, type OutboxLimits, type OutboxReport } from "./outbox.ts";
import { OpenSet } from "../open-set.ts";
import { Logbook } from "./logbook.ts";
import { Spool } from "./spool.ts";

export const OUTBOX_LIMITS: OutboxLimits = { messages: 10_000, bytes: 4 * 1024 * 1024, nodeBytes: 64 * 1024 * 1024 };

const TICK_MS = 5_000;
/** `<callId>.<epoch>.jsonl`, and what was left in a logbook. */
const SPOOL_NAME = /^(call_[0-9a-z]{24})\.([1-9][0-9]*)(?:\.left)?\.jsonl$/;

export interface Outboxes {
  open(address: CallAddress, epoch: number): Outbox;
  /** Messages that no watermark covers yet. */
  readonly depth: number;
  /** Whether messages that did not fit into memory could be written to the file, the last time it was tried. */
  readonly healthy: boolean;
  /** Publishes again what an earlier process left in the directory. Returns how many calls that concerns. */
  adopt(): Promise<number>;
  /** Waits until everything is covered, at most so long. Returns whether it is. */
  settle(withinMs: number): Promise<boolean>;
  /** Stops publishing; what is not covered is written to the directory. */
  close(): Promise<void>;
}

export interface OutboxesOptions {
  readonly bus: Bus;
  readonly clock: Clock;
  /** Where files go; made when it is needed. One process per directory. */
  readonly spoolDir: string;
  readonly limits?: OutboxLimits;
  readonly report: (name: OutboxReport, fault: Fault) => void;
}

export function createOutboxes({ bus, clock, spoolDir, limits = OUTBOX_LIMITS, report }: OutboxesOptions): Outboxes {
  const open = new OpenSet<Outbox>();
  const removals = new Set<Promise<void>>();
  const logbook = new Logbook(spoolDir, clock.wall());
  const held = { bytes: 0, messages: 0, spoolFailing: false, logbookFailing: false };

  const ground: OutboxGround = {
    bus,
    clock,
    limits,
    logbook,
    held,
    spoolPath: (name) => join(spoolDir, name),
    report,
    emptied: (outbox) => void open.delete(outbox),
    remove: (spool) => {
      const removal = spool.remove().catch((thrown: unknown) => report("spool_failed", Fault.from(thrown)));
      removals.add(removal);
      void removal.finally(() => removals.delete(removal));
    },
  };

  function tidy(): void {
    try {
      logbook.tidy();
    } catch (thrown) {
      report("spool_failed", Fault.from(thrown));
    }
  }

  let tickOff = clock.arm(clock.now() + TICK_MS, tick);
  function tick(): void {
    const now = clock.now();
    for (const outbox of open) outbox.tick(now);
    tidy();
    tickOff = clock.arm(now + TICK_MS, tick);
  }

  return {
    open: (address, epoch) => {
      const outbox = new Outbox(address, epoch, ground);
      open.add(outbox);
      return outbox;
    },
    get depth() {
      return held.messages;
    },
    get healthy() {
      return !held.spoolFailing;
    },
    adopt: async () => {
      await logbook.unpack((line) => leftFileOf(line, spoolDir));
      let adopted = 0;
      for (const name of await filesIn(spoolDir)) {
        const outbox = await adoptFile(join(spoolDir, name), name, ground);
        if (outbox === undefined) continue;
        open.add(outbox);
        adopted += 1;
      }
      return adopted;
    },
    settle: (withinMs) => open.emptied(clock, withinMs),
    close: async () => {
      tickOff();
      for (const outbox of open) {
        await outbox.close().catch((thrown: unknown) => report("spool_failed", Fault.from(thrown)));
      }
      open.clear();
      logbook.close();
      await Promise.all(removals);
    },
  };
}

/** Where a line of a logbook belongs. A line that was torn by the death of its writer belongs nowhere. */
function leftFileOf(line: string, spoolDir: string): string | undefined {
  const letter = parseLetter(line);
  const address = letter === undefined ? undefined : parseCallSubject(letter.subject);
  const epoch = letter === undefined ? undefined : /\.([1-9][0-9]*)\.[1-9][0-9]*$/.exec(letter.id)?.[1];
  return address === undefined || epoch === undefined ? undefined : join(spoolDir, `${address.callId}.${epoch}.left.jsonl`);
}

/** The subject in the first letter says whose file it is. */
async function adoptFile(path: string, name: string, ground: OutboxGround): Promise<Outbox | undefined> {
  const [, , epoch] = SPOOL_NAME.exec(name) ?? [];
  if (epoch === undefined) return undefined;
  const [first] = await (await Spool.reopen(path)).read();
  const letter = first === undefined ? undefined : parseLetter(first);
  const address = letter === undefined ? undefined : parseCallSubject(letter.subject);
  if (address === undefined) return undefined;
  return new Outbox(address, Number(epoch), ground, await Spool.reopen(path));
}

async function filesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT") return [];
    throw new Fault("failed_precondition", `the spool directory ${directory} can not be read; check SPOOL_DIR`, { cause: thrown });
  }
}
