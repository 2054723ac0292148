/**
 * Calls that use money in every way that a call does: both talk, the caller cuts in, the agent uses a tool, some callers hang up in the middle
 * of a sentence, some calls are placed by us, some are audited. What a caller does is decided by the seed and the number of the call; a call
 * that something killed simply ends.
 */
import { pause, systemClock } from "@struere/runtime";
import { type Mind, type PhoneCall, scriptedMind, seededRandom } from "@struere/simulators";
import type { ProjectFiles } from "../sync-project.ts";
import { callerOf } from "./calls.ts";
import type { KillSystem } from "./kill-system.ts";
import { caller as auditedCaller, openForm } from "./audited-calls.ts";
import { NUMBER_DESK, numberDeskMind, numberOf } from "./number-desk.ts";

export const DESK_NUMBER = "+15550100200";
export const AUDITED_NUMBER = "+15550100300";
const DELIVERY = "delivery";
const THE_CALLER = "The caller's number is {{threadContext.params.callerNumber}}.";

export const KILL_NUMBERS = { [DESK_NUMBER]: "kill-desk", [AUDITED_NUMBER]: { router: "orders" } } as const;

export const KILL_PROJECT: ProjectFiles = {
  ...NUMBER_DESK,
  agents: [
    ...NUMBER_DESK.agents.map((agent) => ({ ...agent, systemPrompt: `${agent.systemPrompt} ${THE_CALLER}` })),
    { name: "Desk", slug: "kill-desk", systemPrompt: `You deliver things. ${THE_CALLER}`, tools: ["entity.create", "call.end"] },
  ],
  entityTypes: [
    ...NUMBER_DESK.entityTypes,
    { name: "Delivery", slug: DELIVERY, schema: { type: "object", properties: { what: { type: "string" } }, required: ["what"] } },
  ],
};

const GREETING = "Deliveries, good morning.";
const HOURS = "We deliver on Monday, Tuesday, Wednesday, Thursday and Friday from eight to six, and on Saturday from nine to one.";
const NOTED = "It is noted, and comes tomorrow.";

const deskMind = scriptedMind({
  greeting: GREETING,
  lines: [
    { when: /when/i, say: HOURS },
    { when: /parcel/i, call: { name: "entity.create", arguments: { type: DELIVERY, data: { what: "a parcel" } } }, thenSay: NOTED },
    { when: /bye/i, say: "Goodbye.", call: { name: "call.end" } },
  ],
  otherwise: "Pardon?",
});

/** Each mind for its own agents. */
export function killMind(seed: number): Mind {
  const desk = numberDeskMind(seed);
  return (turn) => (/You deliver things/.test(turn.instructions) ? deskMind(turn) : desk(turn));
}

/** How long a caller waits for what an agent says. */
const PATIENCE_MS = 20_000;

export type CallKind = "talk" | "hang-up" | "outbound" | "audited";

export interface PlacedCall {
  readonly index: number;
  readonly kind: CallKind;
  /** The phone's, if it rang or was used. */
  readonly phone: PhoneCall | null;
  /** Why nothing came of it, of a call that we were to place. */
  readonly refused: string | null;
}

export function kindOf(index: number, seed: number, auditors: number): CallKind {
  const chance = seededRandom(seed * 1_000_003 + index)();
  if (chance < 0.15) return "hang-up";
  if (chance < 0.3) return "outbound";
  return chance < 0.5 && auditors > 0 ? "audited" : "talk";
}

/** How often a caller who talks asks, cuts in and has something noted, at most. */
const TURNS_MAX = 3;

/** Resolves when the call is over; never rejects. */
export async function placeKillCall(
  system: KillSystem,
  index: number,
  { seed, kind, longestMs }: { readonly seed: number; readonly kind: CallKind; readonly longestMs: number },
): Promise<PlacedCall> {
  const random = seededRandom(seed * 7_001 + index);
  const turns = 1 + Math.floor(random() * TURNS_MAX);
  const number = callerOf(index);
  if (kind === "outbound") return await callOut(system, { index, number, seed, turns, longestMs });
  if (kind === "audited") await patiently(() => openForm(system.api, number));
  const phone = await system.twilio.phone(number).dial(kind === "audited" ? AUDITED_NUMBER : DESK_NUMBER);
  await live(phone, longestMs, async () => {
    if (kind === "audited") return await auditedCaller(numberOf(index), seed)(phone);
    if (kind === "hang-up") return await hangsUp(phone, random);
    return await talks(phone, turns);
  });
  return { index, kind, phone, refused: null };
}

/** The longest that a phone rings, and some. */
const RINGS_WITHIN_MS = 30_000;

async function callOut(
  system: KillSystem,
  {
    index,
    number,
    seed,
    turns,
    longestMs,
  }: { readonly index: number; readonly number: string; readonly seed: number; readonly turns: number; readonly longestMs: number },
): Promise<PlacedCall> {
  const kind = "outbound";
  const phone = system.twilio.phone(number);
  const rings = phone.rings({ withinMs: RINGS_WITHIN_MS }).catch(() => null);
  const order = {
    phoneNumber: number,
    agentSlug: KILL_NUMBERS[DESK_NUMBER],
    from: DESK_NUMBER,
    ringSeconds: 20,
    idempotencyKey: `kills-${seed}-${index}`,
  };
  const refused = await patiently(() => system.api.calls.place.mutate(order)).then(
    () => null,
    (thrown: unknown) => (thrown instanceof Error ? thrown.message : String(thrown)),
  );
  const call = await rings;
  if (call !== null) await live(call, longestMs, () => talks(call, turns));
  return { index, kind, phone: call, refused };
}

/** Whatever becomes of it, at its end the phone is down. */
async function live(phone: PhoneCall, longestMs: number, story: () => Promise<void>): Promise<void> {
  const over = new AbortController();
  await Promise.race([story(), phone.ended, pause(systemClock(), longestMs, over.signal)]).catch(() => undefined);
  over.abort();
  await phone.hangUp();
}

async function talks(phone: PhoneCall, turns: number): Promise<void> {
  await phone.hears(GREETING, { withinMs: PATIENCE_MS });
  for (let turn = 0; turn < turns; turn++) {
    await phone.says("When do you come?");
    await phone.interrupts("I have a parcel.", { after: "Wednesday", withinMs: PATIENCE_MS });
    await phone.hears(NOTED, { withinMs: PATIENCE_MS });
  }
  await phone.says("Bye.");
  await phone.ended;
}

async function hangsUp(phone: PhoneCall, random: () => number): Promise<void> {
  await phone.hears(GREETING, { withinMs: PATIENCE_MS });
  await phone.says("When do you come?");
  await phone.hearsSome("Monday", { withinMs: PATIENCE_MS });
  await phone.staysSilent(random() * 3_000);
}

/** What an owner's program does while a control plane or its database is being started: it asks again, with the same key. */
const ASKS = 40;
const ASK_EVERY_MS = 500;

async function patiently<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask();
    } catch (thrown) {
      if (attempt === ASKS) throw thrown;
      await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
    }
  }
}
