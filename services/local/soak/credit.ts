/**
 * Calls that race for credit, on three control planes and two media nodes: there is credit for a tenth of them. Whoever is let in talks until
 * the credit is gone and the agent says goodbye. While they do, the books are verified again and again; when all is over they are told
 * again transaction by transaction, with all that must be true after each one, and compared with what the simulated vendors would bill, to
 * the last token and micro.
 */
import { type CallPrice, callPrice, callReserve, overdraftBound, type RateCard } from "@struere/domain";
import { Fault, formatMicros, type Micros, micros } from "@struere/kernel";
import { pause, systemClock } from "@struere/runtime";
import type { InvoiceLine, PhoneCall } from "@struere/simulators";
import { type Db, findRateCard, getLedger, listLedgers, replayLedger, type Scope, verifyLedger } from "@struere/store";
import { callerOf } from "./calls.ts";
import { type CreditSystem, startCreditSystem } from "./credit-system.ts";
import { SOAK_NUMBER } from "./system.ts";

export interface CreditFigures {
  readonly calls: number;
  readonly creditFor: number;
  readonly credit: string;
  readonly begun: number;
  readonly refused: number;
  /** Most calls that were going on at one time, as the books saw it. */
  readonly mostHeld: string;
  /** How calls ended that had begun. */
  readonly endings: { readonly [reason: string]: number };
  /** Below zero: spent beyond the credit. */
  readonly lowest: string;
  readonly bound: string;
  /** Most that one call used beyond what was reserved for it, and what it may. */
  readonly beyond: string;
  readonly boundOfOne: string;
  /** Looks at the books while calls went on, and transactions that were told again at the end, each with all that must be true after it. */
  readonly verified: number;
  readonly replayed: number;
  readonly charged: string;
  readonly invoiced: string;
  readonly tokens: { readonly [kind: string]: { readonly books: number; readonly invoice: number } };
  readonly problems: readonly string[];
}

/** Only what the agent says and the carrier cost something: so a call talks itself out of its reserve within a minute. */
const PRICES = {
  label: "soak",
  models: {
    "gpt-realtime-2.1-mini": {
      perMillionTokens: { textIn: "0", textCachedIn: "0", textOut: "120.00", audioIn: "0.01", audioCachedIn: "0.003", audioOut: "10.00" },
    },
    "gpt-transcribe": { perMinute: "0.0045" },
  },
};
/** Calls talk as fast as the machine lets them, and end when they have talked away the credit. */
const OVER_WITHIN_MS = 240_000;
const SETTLED_WITHIN_MS = 60_000;
const VERIFY_EVERY_MS = 500;
/** A caller on a busy machine. */
const PATIENTLY = { withinMs: 60_000 };

export async function creditRace(calls: number, signal: AbortSignal): Promise<CreditFigures> {
  await using system = await startCreditSystem(PRICES);
  const { db, api, twilio } = system;
  const [scope] = await scopes(system);
  const card = await cardOf(api, db);
  const price = priceOf(card);
  const creditFor = Math.ceil(calls / 10);
  const credit = micros(BigInt(creditFor) * callReserve(price, 0).full);
  const early = await tooEarly(system);
  await api.billing.topup.mutate({ amount: formatMicros(credit), idempotencyKey: "race" });
  const books = watchBooks(db, scope, credit);

  const placed = await Promise.all(
    Array.from({ length: calls }, async (_, index) => {
      await pause(systemClock(), (index * 10_000) / calls, signal);
      const call = await twilio.phone(callerOf(index)).dial(SOAK_NUMBER);
      void talk(call);
      return call;
    }),
  );
  const over = new AbortController();
  const unfinished = await Promise.race([
    Promise.all(placed.map((call) => call.ended)).then(() => 0),
    pause(systemClock(), OVER_WITHIN_MS, AbortSignal.any([signal, over.signal])).then(() => 1),
  ]);
  over.abort();
  if (unfinished > 0) books.problems.push(`calls go on after ${OVER_WITHIN_MS} ms`);
  await settled(db, scope, books.problems, signal);
  await books.stop();
  return await compare(system, { scope, card, price, credit, creditFor, calls, books, early });
}

/** As one finds control planes that have been at work for a while: their code is compiled, and their connections are open. */
const WARM_UP_CALLS = 240;
const FIRST_WARM_UP_CALL = 100_000;

const AT_ONCE = 12;

/** Who calls before there is credit is turned away. @returns their CallSids. */
async function tooEarly({ twilio }: CreditSystem): Promise<ReadonlySet<string>> {
  const sids = new Set<string>();
  for (let index = 0; index < WARM_UP_CALLS; index += AT_ONCE) {
    const each = Array.from({ length: AT_ONCE }, (_, more) => twilio.phone(callerOf(FIRST_WARM_UP_CALL + index + more)).dial(SOAK_NUMBER));
    for (const call of await Promise.all(each)) {
      await call.ended;
      sids.add(call.sid);
    }
  }
  return sids;
}

/** By then the credit is gone. What calls that end give back would keep the last ones talking for minutes. */
const TALK_MS = 100_000;

/** Never stops asking, and cuts in as soon as it is answered: so more is said, and billed, than anybody could hear. */
async function talk(call: PhoneCall): Promise<void> {
  const clock = systemClock();
  const until = clock.now() + TALK_MS;
  try {
    await call.hears("the clerk speaking", PATIENTLY);
    await call.says("When are you open?");
    while (call.ending === null && clock.now() < until) await call.saysOver("When are you open?", PATIENTLY);
    await call.hangUp();
  } catch {
    // It was refused, or it is over: how it ended is in its record.
  }
}

async function scopes({ api, db }: CreditSystem): Promise<readonly [Scope]> {
  await api.billing.setCreditLimit.mutate({ creditLimit: "0" });
  const [scope] = await listLedgers(db);
  if (!scope) throw new Fault("internal", "there are no books");
  return [scope];
}

async function cardOf(api: CreditSystem["api"], db: Db): Promise<RateCard> {
  const { version } = await api.billing.prices.query();
  const card = await findRateCard(db, version);
  if (!card) throw new Fault("internal", `the rate card ${version} is not in the database`);
  return card;
}

function priceOf(card: RateCard): CallPrice {
  const asked = {
    model: "gpt-realtime-2.1-mini",
    transcriptionModel: "gpt-transcribe",
    direction: "inbound",
    called: SOAK_NUMBER,
  } as const;
  const price = callPrice(card, asked);
  if (!price.ok) throw new Fault("internal", price.problem.detail);
  return price.value;
}

interface Books {
  readonly problems: string[];
  readonly seen: { mostHeld: Micros; times: number };
  stop(): Promise<void>;
}

/** The sum of all postings is zero, what is kept is what was posted, and no more is reserved than there is: at every look. */
function watchBooks(db: Db, scope: Scope, credit: Micros): Books {
  const stopping = new AbortController();
  const books: Books = {
    problems: [],
    seen: { mostHeld: micros(0), times: 0 },
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
  const running = (async () => {
    while (!stopping.signal.aborted) {
      const wrong = await verifyLedger(db, scope);
      const { balances } = await getLedger(db, scope);
      books.seen.times += 1;
      if (balances.held > books.seen.mostHeld) books.seen.mostHeld = balances.held;
      if (balances.held > credit) books.problems.push(`${formatMicros(balances.held)} are reserved of ${formatMicros(credit)}`);
      books.problems.push(...wrong.slice(0, 1));
      await pause(systemClock(), VERIFY_EVERY_MS, stopping.signal);
    }
  })();
  return books;
}

/** Until nothing is reserved, and all that was used is posted. */
async function settled(db: Db, scope: Scope, problems: string[], signal: AbortSignal): Promise<void> {
  const clock = systemClock();
  const until = clock.now() + SETTLED_WITHIN_MS;
  for (;;) {
    const { balances } = await getLedger(db, scope);
    const open = await db.selectFrom("call_usage").select("usage_id").where("billed_at", "is", null).limit(1).execute();
    const calls = await db.selectFrom("calls").select("id").where("carrier_billed_at", "is", null).limit(1).execute();
    if (balances.held === 0n && open.length === 0 && calls.length === 0) return;
    if (clock.now() > until) {
      problems.push(`after ${SETTLED_WITHIN_MS} ms ${formatMicros(balances.held)} are reserved still`);
      return;
    }
    await pause(clock, 250, signal);
  }
}

async function compare(
  { db, invoice: askForInvoice, twilio }: CreditSystem,
  race: {
    readonly scope: Scope;
    readonly card: RateCard;
    readonly price: CallPrice;
    readonly credit: Micros;
    readonly creditFor: number;
    readonly calls: number;
    readonly books: Books;
    readonly early: ReadonlySet<string>;
  },
): Promise<CreditFigures> {
  const { scope, card, price, credit, creditFor, calls, books, early } = race;
  const problems = [...books.problems];
  const all = await db.selectFrom("calls").select(["status", "reason", "epoch", "twilio_call_sid"]).execute();
  const records = all.filter(({ twilio_call_sid: sid }) => sid === null || !early.has(sid));
  const begunEarly = all.filter(({ twilio_call_sid: sid, reason }) => early.has(sid ?? "") && reason !== "insufficient_credit").length;
  if (begunEarly > 0) problems.push(`${begunEarly} calls that came before there was credit were not refused for that`);
  const begun = records.filter((record) => record.epoch > 0);
  const endings: Record<string, number> = {};
  for (const { status, reason } of begun) endings[`${status} ${reason ?? ""}`] = (endings[`${status} ${reason ?? ""}`] ?? 0) + 1;
  const refused = records.filter((record) => record.reason === "insufficient_credit").length;

  const invoice = await askForInvoice();
  const invoiced =
    total(invoice.map((line) => priceOfLine(line, card))) +
    telephonyOf(
      twilio.calls.map((call) => call.durationMs),
      card,
    );
  const { rows, tokens } = await inBooks(db, scope, invoice);
  if (rows !== invoiced) problems.push(`the books say ${formatMicros(rows)}, the vendors' invoice ${formatMicros(micros(invoiced))}`);
  for (const [kind, each] of Object.entries(tokens))
    if (each.books !== each.invoice) problems.push(`${kind}: ${each.books} of ${each.invoice} tokens are in the books`);

  const dearest = micros(invoice.map((line) => priceOfLine(line, card)).reduce((most, cost) => (cost > most ? cost : most), 0n));
  const told = await replayLedger(db, scope);
  problems.push(...told.problems);
  const boundOfOne = overdraftBound({ ...price, response: dearest }, 1);
  const bound = overdraftBound({ ...price, response: dearest }, begun.length);
  if (told.lowest + bound < 0n) problems.push(`${formatMicros(told.lowest)} were available, below the bound of ${formatMicros(bound)}`);
  for (const [callId, beyond] of told.beyond)
    if (beyond > boundOfOne)
      problems.push(`${callId} used ${formatMicros(beyond)} beyond its reserve, and may ${formatMicros(boundOfOne)}`);
  const beyond = [...told.beyond.values()].reduce((most, one) => (one > most ? one : most), micros(0));
  if (begun.length + refused !== calls) {
    const others = new Set(
      records.flatMap(({ epoch, reason, status }) => (epoch > 0 || reason === "insufficient_credit" ? [] : `${status} ${reason}`)),
    );
    const rest = `${calls - records.length} are not in the record, and others are ${[...others].join(", ") || "none"}`;
    problems.push(`${begun.length} calls began and ${refused} were refused, of ${calls}: ${rest}`);
  }
  if (!Object.keys(endings).some((ending) => ending.endsWith("credit_exhausted"))) problems.push("no call was ended for lack of credit");
  return {
    calls,
    creditFor,
    credit: formatMicros(credit),
    begun: begun.length,
    refused,
    mostHeld: formatMicros(books.seen.mostHeld),
    endings,
    lowest: formatMicros(told.lowest),
    bound: formatMicros(bound),
    beyond: formatMicros(beyond),
    boundOfOne: formatMicros(boundOfOne),
    verified: books.seen.times,
    replayed: told.steps,
    charged: formatMicros(rows),
    invoiced: formatMicros(micros(invoiced)),
    tokens,
    problems,
  };
}

/** By a second way than the system's: tokens times price, rounded half up for each kind. */
function priceOfLine(line: InvoiceLine, card: RateCard): bigint {
  const rates = card.models[line.model];
  const each = (count: number, rate = 0): bigint => BigInt(Math.floor((count * rate) / 1_000_000 + 0.5));
  if (line.kind === "transcription") {
    if (line.usage.type !== "duration") throw new Fault("internal", "this model transcribes by time");
    return BigInt(Math.floor((Math.round(line.usage.seconds * 1_000_000) * (rates?.perMinute ?? 0)) / 60_000_000 + 0.5));
  }
  if (line.kind === "text") throw new Fault("internal", "nobody writes in this soak");
  const { input_token_details: input, output_token_details: output } = line.usage;
  const cached = input.cached_tokens_details;
  const tokens = rates?.perMillionTokens;
  return (
    each(input.text_tokens - cached.text_tokens, tokens?.textIn) +
    each(cached.text_tokens, tokens?.textCachedIn) +
    each(input.audio_tokens - cached.audio_tokens, tokens?.audioIn) +
    each(cached.audio_tokens, tokens?.audioCachedIn) +
    each(output.text_tokens, tokens?.textOut) +
    each(output.audio_tokens, tokens?.audioOut)
  );
}

function telephonyOf(durationsMs: readonly number[], card: RateCard): bigint {
  const [rate] = card.telephony.filter(({ direction, prefix }) => direction === "inbound" && SOAK_NUMBER.startsWith(prefix));
  return total(durationsMs.map((ms) => BigInt(Math.ceil(Math.round(ms / 1_000) / 60) * (rate?.perMinute ?? 0))));
}

async function inBooks(db: Db, scope: Scope, invoice: readonly InvoiceLine[]) {
  const charges = await db
    .selectFrom("ledger_transactions")
    .select(["amount_micros", "lines", "source"])
    .where("organization_id", "=", scope.organizationId)
    .where("environment", "=", scope.environment)
    .where("kind", "=", "charge")
    .execute();
  const booked = (item: string): number =>
    charges
      .filter(({ source }) => source === "response")
      .flatMap(({ lines }) => lines)
      .reduce((sum, line) => sum + (line.item === item ? line.quantity : 0), 0);
  const used = (of: (line: Extract<InvoiceLine, { kind: "response" }>["usage"]) => number): number =>
    invoice.reduce((sum, line) => sum + (line.kind === "response" ? of(line.usage) : 0), 0);
  return {
    rows: micros(total(charges.map((charge) => BigInt(charge.amount_micros)))),
    tokens: {
      text_out: { books: booked("text_out"), invoice: used((usage) => usage.output_token_details.text_tokens) },
      audio_out: { books: booked("audio_out"), invoice: used((usage) => usage.output_token_details.audio_tokens) },
      text_in: {
        books: booked("text_in") + booked("text_cached_in"),
        invoice: used((usage) => usage.input_token_details.text_tokens),
      },
      audio_in: {
        books: booked("audio_in") + booked("audio_cached_in"),
        invoice: used((usage) => usage.input_token_details.audio_tokens),
      },
    },
  };
}

const total = (amounts: readonly bigint[]): bigint => amounts.reduce((sum, amount) => sum + amount, 0n);
