/** `--audits N`: audited calls with seeded mistakes, a model that refuses and forgets requests, and a worker killed every ten seconds. */
import { pause, systemClock } from "@struere/runtime";
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
import { startSystem } from "./system.ts";

const WORKERS = 3;
const KILL_EVERY_MS = 10_000;

export interface AuditsFound extends AuditFigures {
  readonly kills: number;
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
  return { ...figuresOf(judged, seed, formsRight), kills };
}
