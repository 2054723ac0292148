/** One process of load: phones on the one side of the subject, the model on the other, stamps in the audio between them. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { laneAcceptor } from "../src/wire/index.ts";
import { Direction } from "./direction.ts";
import { FakeModel } from "./fake-model.ts";
import { FakePhone } from "./fake-phone.ts";
import { Histogram } from "./histogram.ts";
import type { GeneratorAnswer, GeneratorQuestion } from "./messages.ts";
import { monotonicClock, monotonicMs } from "./monotonic.ts";

const FRAME_MS = 20;
const DIALS_AT_ONCE = 10;
const FLOW_DEADLINE_MS = 30_000;

const up = new Direction();
const down = new Direction();
const lateness = new Histogram();
/** Phones and models by the millisecond of each 20 in which they speak. */
const slots: Set<FakePhone | FakeModel>[] = Array.from({ length: FRAME_MS }, () => new Set());
const phones: FakePhone[] = [];
const NOBODY: ReadonlySet<FakePhone | FakeModel> = new Set();
let modelsSeen = 0;
let measuredFrom = { cpuUs: 0, marks: 0 };
/** Of what is measured: time in which the phones spoke, without the spell that runs. */
let spokenMs = 0;
let speaksSince: number | null = null;

const answer = (message: GeneratorAnswer): void => {
  process.send?.(message);
};

function listen(port: number): void {
  const acceptor = laneAcceptor({ clock: monotonicClock, maxMessageBytes: 16 * 1024 * 1024 });
  const server = createServer();
  server.on("upgrade", (request, socket, head) => {
    acceptor.accept(request, socket, head, (lane) => {
      const model = new FakeModel({ socket: lane, number: modelsSeen, up });
      // Half a frame after a phone: whose, nobody knows.
      const slot = slotOf(modelsSeen++, FRAME_MS / 2);
      slot?.add(model);
      lane.start({ onText: (bytes, start, end) => model.take(bytes, start, end), onClose: () => slot?.delete(model) });
      model.begin();
    });
  });
  server.listen({ port, host: "127.0.0.1", reusePort: port !== 0 }, () =>
    answer({ type: "listening", port: (server.address() as AddressInfo).port }),
  );
}

interface Load {
  readonly first: number;
  readonly count: number;
  readonly speechPercent: number;
}

async function call(mediaUrl: string, { first, count, speechPercent }: Load): Promise<void> {
  for (let from = first; from < first + count; from += DIALS_AT_ONCE) {
    const batch = Array.from(
      { length: Math.min(DIALS_AT_ONCE, first + count - from) },
      (_, index) => new FakePhone({ number: from + index, speechPercent, down }),
    );
    await Promise.all(
      batch.map(async (phone, index) => {
        await phone.dial(mediaUrl);
        phones.push(phone);
        slotOf(from + index, 0)?.add(phone);
      }),
    );
  }
  const deadline = monotonicMs() + FLOW_DEADLINE_MS;
  const check = (): void => {
    const calls = phones.filter((phone) => phone.hears).length;
    if (calls === phones.length || monotonicMs() > deadline) answer({ type: "flowing", calls });
    else setTimeout(check, 50);
  };
  check();
}

function slotOf(number: number, shift: number): Set<FakePhone | FakeModel> | undefined {
  return slots[(number * 7 + shift) % FRAME_MS];
}

let startedAt = monotonicMs();
let slot = 0;
let ticking: NodeJS.Timeout | undefined;

/** Speaks for every slot whose millisecond has come. */
function tick(): void {
  for (let due = startedAt + slot; due <= monotonicMs(); due = startedAt + slot) {
    const speaking = slots[slot % FRAME_MS] ?? NOBODY;
    if (speaking.size > 0) lateness.add(monotonicMs() - due);
    for (const one of speaking) one.speak();
    slot++;
  }
  ticking = setTimeout(tick, Math.max(1, Math.round(startedAt + slot - monotonicMs())));
}

function speak(): void {
  speaksSince = monotonicMs();
  startedAt = speaksSince - slot;
  tick();
}

function pause(): void {
  clearTimeout(ticking);
  spokenMs += spellMs();
  speaksSince = null;
}

function spellMs(): number {
  return speaksSince === null ? 0 : monotonicMs() - speaksSince;
}

function measure(): void {
  up.clear();
  down.clear();
  lateness.clear();
  measuredFrom = { cpuUs: cpuUs(), marks: marks() };
  spokenMs = 0;
  if (speaksSince !== null) speaksSince = monotonicMs();
}

function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

function marks(): number {
  return phones.reduce((sum, phone) => sum + phone.marksEchoed, 0);
}

function report(): void {
  answer({
    type: "report",
    up: up.figures(),
    down: down.figures(),
    lateness: lateness.toJSON(),
    cpuUs: cpuUs() - measuredFrom.cpuUs,
    spokenMs: spokenMs + spellMs(),
    callsLost: phones.filter((phone) => phone.lost).length,
    marksEchoed: marks() - measuredFrom.marks,
  });
}

function hangUp(): void {
  for (const phone of phones.splice(0)) phone.hangUp();
  for (const speaking of slots) speaking.clear();
  answer({ type: "quiet" });
}

function fail(error: unknown): void {
  console.error(error);
  process.exit(1);
}

process.on("disconnect", () => process.exit(0));
process.on("message", (question: GeneratorQuestion) => {
  switch (question.type) {
    case "listen":
      listen(question.port);
      return speak();
    case "call":
      call(question.mediaUrl, question).catch(fail);
      return;
    case "pause":
      pause();
      return answer({ type: "paused" });
    case "speak":
      speak();
      return answer({ type: "speaking" });
    case "measure":
      measure();
      return answer({ type: "measuring" });
    case "report":
      return report();
    case "hang_up":
      return hangUp();
  }
});
