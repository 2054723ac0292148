/** `--audits N`: audited calls with seeded mistakes, a model that refuses and forgets requests, and a worker killed every ten seconds. */
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Fault, formatMicros, type Micros } from "@struere/kernel";
import { pause, systemClock } from "@struere/runtime";
import type { SimulatedOpenAI } from "@struere/simulators";
import { listLedgers } from "@struere/store";
import { carrierTotal, compareWithInvoices } from "../bill.ts";
import {
  type AuditedCall,
  type AuditFigures,
  caller,
  figuresOf,
  isModelLost,
  judge,
  openForm,
  reportsByCaller,
  wholeRecord,
} from "./audited-calls.ts";
import { callerOf, type Outcome, placeCall, placeCalls } from "./calls.ts";
import { NUMBER_DESK, numberDeskMind, numberOf, REQUEST_FAULTS } from "./number-desk.ts";
import { type SoakSystem, startSystem } from "./system.ts";

const WORKERS = 3;
const KILL_EVERY_MS = 10_000;
/** The biller has its own pace; what it comes to does not depend on it. */
const BILLED_WITHIN_MS = 60_000;

export interface AuditsFound extends AuditFigures {
  readonly kills: number;
  /** What the books say that models and carrier take, next to what these bill. */
  readonly billing: { readonly books: string; readonly invoices: string; readonly differences: readonly string[] };
}

export async function audits(options: {
  readonly calls: number;
  readonly parallel: number;
  readonly seed: number;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number) => void;
}): Promise<AuditsFound> {
  const { calls: count, parallel, seed, signal } = options;
  await using system = await startSystem({
    project: NUMBER_DESK,
    answeredBy: { router: "orders" },
    mind: numberDeskMind(seed),
    faults: REQUEST_FAULTS,
    auditors: WORKERS,
  });
  const { api, twilio, openai } = system;
  const clock = systemClock();
  const killing = new AbortController();
  let kills = 0;
  const killer = (async () => {
    while (!killing.signal.aborted) {
      await pause(clock, KILL_EVERY_MS, killing.signal);
      if (!killing.signal.aborted) await system.killAuditor(kills++ % WORKERS);
    }
  })();
  const forms = new Map<number, string>();
  const done: { readonly index: number; readonly outcome: Outcome }[] = [];
  try {
    await placeCalls({ count, parallel, signal, onDone: () => options.onProgress(done.length) }, async (index) => {
      forms.set(index, await openForm(api, callerOf(index)));
      const outcome = await placeCall(twilio, index, caller(numberOf(index), seed));
      done.push({ index, outcome });
      return outcome;
    });
  } finally {
    killing.abort();
    await killer;
  }
  const reports = reportsByCaller(openai);
  const judged: AuditedCall[] = [];
  let formsRight = 0;
  for (const { index, outcome } of done) {
    const { call, failure } = outcome;
    const number = numberOf(index);
    const record = await wholeRecord(api, call.sid);
    const broken = [
      ...(failure === null || (record !== null && isModelLost(record)) ? [] : [`${call.sid}: ${failure}`]),
      ...judge(call, number, record, reports.get(callerOf(index)) ?? []),
    ];
    judged.push({ call, number, record, broken });
    const form = await api.entities.get.query({ type: "order", id: forms.get(index) ?? "" });
    if (form.data["number"] === number) formsRight += 1;
  }
  await keepBroken(judged, openai);
  return { ...figuresOf(judged, seed, formsRight), kills, billing: await billingOf(system) };
}

async function billingOf({ db, openai, twilio }: SoakSystem): Promise<AuditsFound["billing"]> {
  const clock = systemClock();
  const until = clock.now() + BILLED_WITHIN_MS;
  for (;;) {
    const [scope] = await listLedgers(db);
    if (!scope) throw new Fault("internal", "there are no books");
    const { differences, owed, billed } = await compareWithInvoices(db, scope, {
      models: openai.invoice(),
      carrier: await carrierTotal(twilio),
    });
    const show = (amount: Micros): string => formatMicros(amount);
    if (differences.length === 0 || clock.now() > until) return { books: show(owed), invoices: show(billed), differences };
    await pause(clock, 1_000);
  }
}

/** All there is about calls that went wrong, for whoever looks into them. */
async function keepBroken(judged: readonly AuditedCall[], { sessions }: SimulatedOpenAI): Promise<void> {
  const broken = judged.filter((one) => one.broken.length > 0 || (one.record !== null && isModelLost(one.record)));
  if (broken.length === 0) return;
  const directory = await mkdtemp(join(tmpdir(), "struere-soak-records-"));
  for (const { call, number, record, broken: sentences } of broken) {
    const session = sessions.find(({ emitted }) => emitted.some(({ event }) => String(event["transcript"] ?? "").includes(number)));
    const model = [...(session?.received ?? []), ...(session?.emitted ?? [])]
      .filter(({ event }) => !/audio(_buffer)?\.(append|delta)|transcript\.delta/.test(event.type))
      .toSorted((one, other) => one.atMs - other.atMs);
    const file = { sentences, phone: call.timeline, heard: call.heard, record, model };
    await writeFile(join(directory, `${call.sid}.json`), JSON.stringify(file, null, 1));
  }
  process.stderr.write(`what is known of calls that went wrong is in ${directory}\n`);
}
