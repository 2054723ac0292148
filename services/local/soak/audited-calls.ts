/**
 * Audited calls, and what must be true of them: each injection has one receipt, none is said twice or lost, no audit has read a word that the
 * phone did not hear; and how well the auditor does, which is measured and not promised.
 */
import type { ApiClient } from "@struere/api/client";
import { pause, systemClock } from "@struere/runtime";
import type { Clock } from "@struere/kernel";
import type { PhoneCall, SimulatedOpenAI } from "@struere/simulators";
import { type AuditReportRead, readAuditReport } from "../minds/audit-report.ts";
import { CLOSING, correctionOf, fateOf, GREETING, UNCLEAR } from "./number-desk.ts";

export type CallRecord = Awaited<ReturnType<ApiClient["calls"]["get"]["query"]>>;

export interface AuditedCall {
  readonly call: PhoneCall;
  readonly number: string;
  readonly record: CallRecord | null;
  /** What was not as it must be. */
  readonly broken: readonly string[];
}

const HEARS_MS = 60_000;
const RECORDED_MS = 60_000;
/** So often a caller says the number. */
const TIMES_MAX = 3;

/** The form of the n-th caller; it has to be there before the call. */
export async function openForm(api: ApiClient, phone: string): Promise<string> {
  return (await api.entities.create.mutate({ type: "order", data: { phone, number: "" } })).id;
}

/** What a caller does: says the number, listens, cuts in now and then, and waits for the end. */
export function caller(number: string, seed: number): (call: PhoneCall) => Promise<void> {
  const { mistaken, cutsIn } = fateOf(number, seed);
  return async (call) => {
    await call.hears(GREETING, { withinMs: HEARS_MS });
    await saysNumber(call, number);
    if (cutsIn) await call.interrupts("One moment please.", { after: "we deliver", withinMs: HEARS_MS });
    else await call.hears(/I have noted order number/, { withinMs: HEARS_MS });
    if (mistaken) await call.hears(correctionOf(number), { withinMs: HEARS_MS });
    await call.says("Thank you, that is all.");
    await call.hears(CLOSING, { withinMs: HEARS_MS });
    await call.ended;
  };
}

/** Again when the agent has not understood, as people do. */
async function saysNumber(call: PhoneCall, number: string): Promise<void> {
  for (let times = 1; times <= TIMES_MAX; times++) {
    await call.says(`My order number is ${number}.`);
    const answer = await call.hearsSome(/I have noted|once more please/, { withinMs: HEARS_MS });
    if (answer.includes("I have noted")) return;
    await call.hears(UNCLEAR, { withinMs: HEARS_MS });
  }
}

/** The record of a call that is over, once its last audit and all receipts are in it. */
export async function wholeRecord(api: ApiClient, callSid: string, clock: Clock = systemClock()): Promise<CallRecord | null> {
  const until = clock.now() + RECORDED_MS;
  let cursor: string | null = null;
  let id: CallRecord["id"] | undefined;
  for (;;) {
    while (id === undefined) {
      const page: Awaited<ReturnType<ApiClient["calls"]["list"]["query"]>> = await api.calls.list.query({ limit: 100, cursor });
      id = page.items.find((item) => item.callSid === callSid)?.id;
      cursor = page.nextCursor;
      if (cursor === null) break;
    }
    const record = id === undefined ? null : await api.calls.get.query({ id });
    if (record !== null && isWhole(record)) return record;
    if (clock.now() > until) return record;
    await pause(clock, 200);
  }
}

function isWhole(record: CallRecord): boolean {
  if (record.endedAt === null || !record.events.some(({ name }) => name === "call.ended")) return false;
  if (record.injections.some(({ outcome }) => outcome === null)) return false;
  if (record.audits.some(({ status }) => status === "running")) return false;
  const read = Math.max(0, ...record.audits.filter(({ status }) => status === "done").map(({ to }) => to.delta));
  // Utterances are numbered in the order in which they became final, and so are the messages that carry them.
  const unread = record.utterances.toSorted((a, b) => a.seq - b.seq).slice(read);
  return unread.every(({ text }) => text === "");
}

export const isModelLost = ({ reason }: CallRecord): boolean => reason === "model_lost";

/** @param reports of this call's audits. */
export function judge(call: PhoneCall, number: string, record: CallRecord | null, reports: readonly AuditReportRead[]): readonly string[] {
  if (record === null) return [`${call.sid} has no record`];
  const broken: string[] = [];
  // A model that leaves two requests in a row unanswered is given up: then the call can not come to its end.
  const whole = !isModelLost(record);
  const receipts = record.events.filter(({ name }) => name === "injection.done").map(({ body }) => dataOf(body)["injectionId"]);
  for (const { id, outcome, action, reason } of record.injections) {
    if (outcome === null) broken.push(`${call.sid}: the ${action} ${id} has no receipt`);
    if (receipts.filter((one) => one === id).length > 1) broken.push(`${call.sid}: the ${action} ${id} has several receipts`);
    if (whole && action === "complete" && outcome !== "spoken") broken.push(`${call.sid}: the complete is ${outcome} (${reason})`);
  }
  for (const message of new Set(record.injections.map((injection) => injection.message))) {
    const spoken = record.injections.filter((one) => one.message === message && one.outcome === "spoken").length;
    const heard = call.heard.filter((one) => one.complete && one.text === message).length;
    if (heard !== spoken) broken.push(`${call.sid}: "${message}" was heard ${heard} times, and ${spoken} receipts say spoken`);
  }
  broken.push(...unheard(call, reports).map((words) => `${call.sid}: an audit read "${words}", which the phone did not hear`));
  if (whole && record.status !== "completed") broken.push(`${call.sid} is ${record.status} (${record.reason})`);
  if (whole && !record.utterances.some(({ text }) => text.includes(number)))
    broken.push(`${call.sid}: the number is nowhere in the record`);
  return broken;
}

/** Lines of the agent in a report of which the phone did not hear every word; the last word of a line that was cut may be half heard. */
function unheard(call: PhoneCall, reports: readonly AuditReportRead[]): readonly string[] {
  const lines = new Set(reports.flatMap((report) => report.lines.filter(({ speaker }) => speaker === "agent").map(({ text }) => text)));
  const heard = call.heard.map(({ text }) => wordsOf(text));
  return [...lines].filter((line) => {
    const words = wordsOf(line);
    return !heard.some((ear) => words.slice(0, -1).every((word, index) => ear[index] === word) && words.length <= ear.length + 1);
  });
}

/** By the caller's number: every report that the simulated Responses API was sent. */
export function reportsByCaller(openai: SimulatedOpenAI): ReadonlyMap<string, readonly AuditReportRead[]> {
  const reports = new Map<string, AuditReportRead[]>();
  for (const { body } of openai.texts) {
    const input = body["input"];
    if (!Array.isArray(input)) continue;
    for (const item of input as readonly { readonly role?: string; readonly content?: unknown }[]) {
      const text = typeof item.content === "string" ? item.content : null;
      const report = item.role === "user" ? readAuditReport(text) : undefined;
      if (report) reports.set(report.call.callerNumber, [...(reports.get(report.call.callerNumber) ?? []), report]);
    }
  }
  return reports;
}

export interface AuditFigures {
  readonly calls: number;
  readonly failures: readonly string[];
  /** Calls that ended because the model left two requests in a row unanswered. */
  readonly modelLost: number;
  readonly turns: number;
  readonly mistakes: number;
  /** Of the mistakes, how many the auditor corrected, heard by the caller. */
  readonly corrected: number;
  readonly falseCorrections: number;
  readonly receipts: { readonly [outcome: string]: number };
  readonly audits: { readonly [status: string]: number };
  /** Audits that were begun more than once, because whoever ran them was gone. */
  readonly repeatedAudits: number;
  readonly formsRight: number;
}

export function figuresOf(calls: readonly AuditedCall[], seed: number, formsRight: number): AuditFigures {
  const injections = calls.flatMap(({ record }) => record?.injections ?? []);
  const audits = calls.flatMap(({ record }) => record?.audits ?? []);
  const mistaken = calls.filter(({ number }) => fateOf(number, seed).mistaken);
  const isCorrected = ({ record }: AuditedCall): boolean =>
    record?.injections.some(({ action, outcome }) => action === "correction" && outcome === "spoken") ?? false;
  return {
    calls: calls.length,
    failures: calls.flatMap(({ broken }) => broken),
    modelLost: calls.filter(({ record }) => record !== null && isModelLost(record)).length,
    turns: calls.reduce((sum, { record }) => sum + (record?.utterances.filter(({ text }) => text !== "").length ?? 0), 0),
    mistakes: mistaken.length,
    corrected: mistaken.filter(isCorrected).length,
    falseCorrections: calls
      .filter((one) => !fateOf(one.number, seed).mistaken)
      .reduce((sum, { record }) => sum + (record?.injections.filter(({ action }) => action === "correction").length ?? 0), 0),
    receipts: countBy(injections.map(({ outcome, reason }) => `${outcome ?? "none"}${reason === null ? "" : ` (${reason})`}`)),
    audits: countBy(audits.map(({ status }) => status)),
    repeatedAudits: audits.filter(({ attempts }) => attempts > 1).length,
    formsRight,
  };
}

function countBy(values: readonly string[]): { readonly [value: string]: number } {
  const counts: { [value: string]: number } = {};
  for (const value of values.toSorted()) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}

const dataOf = (body: { readonly [field: string]: unknown }): { readonly [field: string]: unknown } =>
  typeof body["data"] === "object" && body["data"] !== null ? { ...body["data"] } : {};

const wordsOf = (text: string): readonly string[] => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
