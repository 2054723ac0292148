/** A call's record for people: the conversation as it was heard, what happened around it, what it used. */
import type { CallRecord, CallSummary, CallUsage } from "../api-types.ts";
import type { Paint } from "../paint.ts";
import { plainText } from "../plain-text.ts";
import { table } from "../table.ts";
import { injectionLine } from "./injection.ts";
import { offsetText, secondsText } from "./time.ts";
import { utteranceText } from "./utterance.ts";

export function callTable(paint: Paint, calls: readonly CallSummary[]): string {
  return table(paint, {
    columns: ["CALL", "STATUS", "REASON", "FROM", "TO", "AGENT", "STARTED", "LASTED"],
    rows: calls.map((call) => [call.id, call.status, call.reason, call.from, call.to, call.agent, call.createdAt, lasted(call.durationMs)]),
    nothing: "no calls",
  });
}

export function callHead(paint: Paint, call: CallSummary): string {
  const ending = call.reason === null ? "" : ` (${call.reason})`;
  const version = call.agentVersion === null ? "" : ` version ${call.agentVersion}`;
  const who = call.agent === null ? "nobody answered" : `answered by ${call.agent}${version}`;
  const facts = [`${call.direction}, ${call.from} to ${call.to}`, who, call.createdAt, lasted(call.durationMs)].filter(
    (fact) => fact !== null,
  );
  const moved = call.epoch > 1 ? `, moved between media nodes ${call.epoch - 1} time${call.epoch === 2 ? "" : "s"}` : "";
  return `${paint("bold", call.id)} ${call.status}${ending}${moved}\n${plainText(facts.join(" · "))}`;
}

export function callText(paint: Paint, call: CallRecord): string {
  const width = Math.max(6, ...call.utterances.map((utterance) => (utterance.speaker === "agent" ? utterance.agent.length : 0)));
  const conversation = call.utterances.map((utterance) => utteranceText(paint, utterance, width));
  const events = call.events.map((event) =>
    paint("dim", eventText({ name: event.name, offsetMs: event.offsetMs, data: event.body["data"] })),
  );
  return [
    callHead(paint, call),
    "",
    ...(conversation.length === 0 ? ["nothing was said"] : conversation),
    ...section(
      paint,
      "Injections",
      call.injections.map((injection) => injectionLine(paint, injection, injection.offsetMs)),
    ),
    ...section(paint, "Events", events),
    ...section(paint, "Usage", call.usage.length === 0 ? [] : [usageTable(paint, call.usage)]),
  ].join("\n");
}

/** `    1:02.3  agent.interrupted item=… heardMs=1200` */
export function eventText(event: { readonly name: string | null; readonly offsetMs: number | null; readonly data: unknown }): string {
  const { data } = event;
  const fields = typeof data === "object" && data !== null ? Object.entries(data).filter(([, value]) => value !== null) : [];
  const words = fields.map(([name, value]) => `${name}=${String(value)}`);
  return plainText([(event.offsetMs === null ? "" : offsetText(event.offsetMs)).padStart(8), "", event.name ?? "?", ...words].join(" "));
}

const TOKENS = [
  "inputTextTokens",
  "cachedTextTokens",
  "inputAudioTokens",
  "cachedAudioTokens",
  "outputTextTokens",
  "outputAudioTokens",
] as const;

/** One row for each model and kind of use: sums. */
export function usageTable(paint: Paint, usage: readonly CallUsage[]): string {
  const groups = Map.groupBy(usage, ({ model, source }) => `${model} ${source}`);
  const rows = [...groups.values()].map((uses) => {
    const sums = TOKENS.map((field) => uses.reduce((sum, use) => sum + use[field], 0));
    const seconds = uses.reduce((sum, use) => sum + (use.seconds ?? 0), 0);
    const estimated = uses.some((use) => use.estimated) ? "partly estimated" : null;
    return [uses[0]?.model ?? "", uses[0]?.source ?? "", uses.length, ...sums, seconds === 0 ? null : seconds.toFixed(1), estimated];
  });
  const columns = ["MODEL", "FOR", "TIMES", "TEXT IN", "(CACHED)", "AUDIO IN", "(CACHED)", "TEXT OUT", "AUDIO OUT", "SECONDS", "NOTE"];
  return table(paint, { columns, rows: rows.map((row) => (row.at(-1) === null ? row.slice(0, -1) : row)), nothing: "none" });
}

function lasted(durationMs: number | null): string | null {
  return durationMs === null ? null : secondsText(durationMs);
}

function section(paint: Paint, heading: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ["", paint("bold", heading), ...lines];
}
