/**
 * How fast an auditor is: from the caller's last word, as transcribed, to the start of its audit, and from an injection to the first byte of
 * it at the model, the thinking left out; and what a pool that is full does to the audio of calls.
 */
import { pause, systemClock } from "@struere/runtime";
import type { Mind, MindReply, PhoneCall, SimulatedSession } from "@struere/simulators";
import { AgentDefinition, RouterDefinition } from "struere";
import { readAuditReport, toolOutputs } from "../minds/audit-report.ts";
import { type CallRecord, wholeRecord } from "./audited-calls.ts";
import { type Outcome, placeCall } from "./calls.ts";
import { type Quantiles, quantiles } from "./quantiles.ts";
import { startSystem } from "./system.ts";

/** `normal`: a pool with room. `full`: one worker with two places. `none`: the same calls, and nobody audits them. */
export const AUDIT_PHASES = ["normal", "full", "none"] as const;
export type AuditPhase = (typeof AUDIT_PHASES)[number];

export interface AuditBenchFigures {
  readonly phase: AuditPhase;
  readonly calls: number;
  readonly failures: readonly string[];
  readonly audits: number;
  readonly skipped: number;
  /** From the transcript's publication to the audit's start, where the gap between two audits was over. */
  readonly startMs: Quantiles;
  /** The same words, looked for every 5 s from the beginning of the call: what polling would have done at best. */
  readonly pollingMs: Quantiles;
  /** From the injection's row to its first byte at the model, on a line that was quiet. */
  readonly injectMs: Quantiles;
  /** From the model's first audio of an utterance to the phone's. */
  readonly audioMs: Quantiles;
}

const RAMP_MS = 12_000;
const TALK_MS = 40_000;
const POLL_MS = 5_000;
const GAP_MS = 3_000;
const THINK_MS = 1_200;
const HELLO = "Item desk, good morning.";

const agents = [
  { name: "Item desk", slug: "item-desk", systemPrompt: "You take down items.", tools: [] },
  {
    name: "Auditor",
    slug: "item-auditor",
    systemPrompt: "You check items.",
    model: { model: "openai/gpt-6.1-terra" },
    tools: ["voice.inject"],
  },
].map((agent) => AgentDefinition.parse(agent));

const router = (audited: boolean) =>
  RouterDefinition.parse({
    name: "Items",
    slug: "items",
    mode: "rules",
    agents: [{ slug: "item-desk" }],
    rules: [{ conditions: [{ field: "channel", operator: "eq", value: "voice" }], route: "item-desk" }],
    fallback: "item-desk",
    voiceConfig: audited ? { auditorAgent: "item-auditor", pollInterval: GAP_MS } : {},
  });

/** Every other item is noted again by the auditor, in words of its own that tell which it was. */
const mind: Mind = (turn): MindReply => {
  const report = readAuditReport(turn.lastUser);
  if (report === undefined) {
    const order = /saying where it comes from: (Noted [\d-]+)/.exec(turn.requestInstructions ?? "")?.[1];
    return { say: order ?? (turn.lastUser === null ? HELLO : "All right.") };
  }
  if (toolOutputs(turn).length > 0) return { say: "Noted." };
  const item = report.lines.findLast((line) => line.new && line.speaker === "caller")?.text ?? "";
  const [, name, place] = /item (\d+) (\d+)/i.exec(item) ?? [];
  if (name === undefined || Number(place) % 2 === 1 || report.call.status === "over") return { say: "Nothing." };
  return { toolCalls: [{ name: "voice.inject", arguments: { action: "correction", message: `Noted ${name}-${place}` } }] };
};

export async function auditBench(options: {
  readonly calls: number;
  readonly phase: AuditPhase;
  readonly signal: AbortSignal;
}): Promise<AuditBenchFigures> {
  const { calls: count, phase, signal } = options;
  await using system = await startSystem({
    project: { agents, routers: [router(phase !== "none")] },
    answeredBy: { router: "items" },
    mind,
    latency: { textMs: THINK_MS },
    auditors: phase === "normal" ? 2 : 1,
    ...(phase === "full" ? { auditorEnv: { AUDITOR_CONCURRENCY: "2" } } : {}),
  });
  const { api, twilio, openai } = system;
  const clock = systemClock();
  const placed: { readonly index: number; readonly at: number; readonly outcome: Promise<Outcome> }[] = [];
  const startedAt = clock.now();
  for (let index = 0; index < count; index++) {
    await pause(clock, startedAt + (index * RAMP_MS) / count - clock.now(), signal);
    signal.throwIfAborted();
    const at = clock.now();
    placed.push({ index, at, outcome: placeCall(twilio, index, caller(index, startedAt + RAMP_MS + TALK_MS - at)) });
  }
  const failures: string[] = [];
  const records: CallRecord[] = [];
  const audio: number[] = [];
  for (const { index, at, outcome } of placed) {
    const { call, failure } = await outcome;
    if (failure !== null && call.ending?.reason !== "caller-hung-up") failures.push(failure);
    audio.push(...audioOf(call, at, openai.sessions));
    if (phase !== "normal") continue;
    const record = await wholeRecord(api, call.sid);
    if (record) records.push(record);
    else failures.push(`call ${index} has no record`);
  }
  const wallOf = Date.now() - performance.now();
  const told = toldAt(openai.sessions);
  const starts = records.flatMap(startsOf);
  const stats = await system.db
    .selectFrom("audits")
    .select(["status"])
    .select((of) => of.fn.countAll<number>().as("count"))
    .groupBy("status")
    .execute();
  return {
    phase,
    calls: count,
    failures,
    audits: stats.find(({ status }) => status === "done")?.count ?? 0,
    skipped: stats.find(({ status }) => status === "skipped")?.count ?? 0,
    startMs: quantiles(starts.map(({ waitedMs }) => waitedMs)),
    pollingMs: quantiles(starts.map(({ pollingMs }) => pollingMs)),
    injectMs: quantiles(
      records.flatMap((record) =>
        record.injections.flatMap(({ message, createdAt, outcome }) => {
          const at = told.get(message);
          const created = new Date(createdAt).getTime();
          return at === undefined || outcome !== "spoken" || !wasQuiet(record, created) ? [] : [wallOf + at - created];
        }),
      ),
    ),
    audioMs: quantiles(audio),
  };
}

function caller(index: number, talkMs: number): (call: PhoneCall) => Promise<void> {
  return async (call) => {
    const clock = systemClock();
    const until = clock.now() + talkMs;
    await call.hears(HELLO, { withinMs: 30_000 });
    for (let item = 1; clock.now() < until; item++) {
      await call.says(`Item ${index} ${item} please.`);
      await call.staysSilent(6_000 + ((index * 137 + item * 611) % 3_000));
    }
    await call.hangUp();
  };
}

/** What an audit waited for, besides the gap after the one before it; and what it would have waited for a poll. */
function startsOf(record: CallRecord): readonly { readonly waitedMs: number; readonly pollingMs: number }[] {
  const audits = record.audits.filter(({ status, afterCall }) => status === "done" && !afterCall);
  const answered = new Date(record.answeredAt ?? 0).getTime();
  return audits.flatMap(({ spokenAt, startedAt }, index) => {
    const spoken = new Date(spokenAt).getTime();
    const before = audits[index - 1]?.endedAt;
    if (before && new Date(before).getTime() + GAP_MS > spoken) return [];
    const sinceAnswer = spoken - answered;
    return [{ waitedMs: new Date(startedAt).getTime() - spoken, pollingMs: Math.ceil(sinceAnswer / POLL_MS) * POLL_MS - sinceAnswer }];
  });
}

/** Nobody spoke, and nobody was about to: the agent had answered the caller's last words. */
function wasQuiet(record: CallRecord, at: number): boolean {
  const floor = record.events.filter(
    ({ name, at: when }) => /^(agent|caller)\.(speaking|silent)$/.test(name ?? "") && new Date(when).getTime() <= at,
  );
  return floor.at(-1)?.name === "agent.silent";
}

/** By message: when the simulated model was told of it, on its clock. */
function toldAt(sessions: readonly SimulatedSession[]): ReadonlyMap<string, number> {
  const told = new Map<string, number>();
  for (const { received } of sessions) {
    for (const { event, atMs } of received) {
      if (event.type !== "conversation.item.create") continue;
      const message = /(Noted \d+-\d+)/.exec(JSON.stringify(event))?.[1];
      if (message !== undefined && !told.has(message)) told.set(message, atMs);
    }
  }
  return told;
}

/** From the model's first delta of each response to the phone's first sound of it. */
function audioOf(call: PhoneCall, placedAt: number, sessions: readonly SimulatedSession[]): readonly number[] {
  const mine = sessions.find((session) => speaksFor(session, call));
  if (!mine) return [];
  const first = new Map<string, number>();
  for (const { event, atMs } of mine.emitted) {
    const id = event.type === "response.output_audio.delta" ? String(event["response_id"]) : null;
    if (id !== null && !first.has(id)) first.set(id, atMs);
  }
  const sent = [...first.values()];
  const heard = call.heard;
  return heard.length === sent.length ? heard.map(({ fromMs }, index) => placedAt + fromMs - (sent[index] ?? 0)) : [];
}

/** The model understood what this phone said. */
function speaksFor(session: SimulatedSession, call: PhoneCall): boolean {
  const item = `Item ${Number(call.from.slice(-7)) - 5_550_000} `;
  return session.emitted.some(
    ({ event }) => event.type === "conversation.item.input_audio_transcription.completed" && String(event["transcript"]).startsWith(item),
  );
}
