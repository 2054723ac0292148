/**
 * Holds the books against what the vendors say, and posts the differences: corrections of what is booked, never changes of it. Asking again
 * with the same figures posts nothing. Of one environment: what another used is none of its business, and stays open. Whoever asks gives a
 * transaction: what is posted and the line that says who asked are there together, or not at all.
 */
import { type Actual, type Booked, correction, priceTelephony, priceTokens, type RateCard } from "@struere/domain";
import { type CallId, Fault, type Micros, micros, NO_MONEY, parseMicros } from "@struere/kernel";
import {
  type BookedUse,
  bookedUses,
  type CarriedCall,
  type EntryToPost,
  findSessions,
  findUses,
  listCarriedCalls,
  postEntries,
  type Scope,
} from "@struere/store";
import type { BillingOptions } from "./bill-uses.ts";
import { estimateKey } from "./estimates.ts";
import type { VendorUse } from "./usage-export.ts";
import { carrierKey, textKey, transferKey, usageKey } from "./uses.ts";

export interface Reconciliation {
  /** Uses that the vendor names. */
  readonly checked: number;
  /** Charges that were corrected. */
  readonly corrected: number;
  /** Uses that nobody had reported: posted now, at the platform's cost, and in the place of estimates where there are any. */
  readonly unseen: number;
  /** What can not be booked, with the reason: ids of no call of ours, uses without a price, or not billed yet. */
  readonly open: readonly { readonly id: string; readonly why: string }[];
  /** What the vendor takes for what was checked, and what the books had before. */
  readonly vendor: Micros;
  readonly booked: Micros;
}

const CHUNK = 500;

export async function reconcileModels(options: BillingOptions, scope: Scope, uses: readonly VendorUse[]): Promise<Reconciliation> {
  const tally = newTally();
  for (let start = 0; start < uses.length; start += CHUNK) {
    const chunk = uses.slice(start, start + CHUNK);
    const known = await findUses(
      options.db,
      scope,
      chunk.map((use) => use.id),
    );
    const unseen: VendorUse[] = [];
    const billed: Billed[] = [];
    for (const use of chunk) {
      tally.checked += 1;
      const ours = known.get(use.id);
      if (!ours) unseen.push(use);
      else {
        const key = ours.callId === null ? textKey(use.id) : usageKey(ours.callId, use.id);
        const actual = ours.rateCardVersion === null ? null : await actualOf(options, ours.rateCardVersion, use);
        if (actual === null || typeof actual === "string") tally.open.push({ id: use.id, why: actual ?? "it is not billed yet" });
        else billed.push({ key, callId: ours.callId, id: use.id, actual });
      }
    }
    await correctAll(options, tally, scope, billed);
    await bookUnseen(options, tally, scope, unseen);
  }
  return shown(tally);
}

export interface CarrierBill {
  readonly seconds: number;
  /** As Twilio writes it, below zero; `null`: not known yet. */
  readonly price: string | null;
  readonly currency: string;
}

/** A call, or the leg of one to the person that it was transferred to. */
export interface CarriedLeg {
  readonly callSid: string;
  readonly accountSid: string;
  readonly callId: CallId;
  readonly key: string;
  readonly direction: "inbound" | "outbound";
  readonly called: string;
  readonly rateCardVersion: string;
}

/** What the carrier answers. A sentence: why it can not be asked about this leg. */
export interface AskedLeg {
  readonly leg: CarriedLeg;
  readonly bill: CarrierBill | string;
}

export interface CarrierPage {
  readonly from: Date;
  readonly to: Date;
  /** The last call of the page before. */
  readonly after: CallId | null;
  readonly limit: number;
}

/**
 * Asks the carrier about one page of calls, leg by leg, before anything is locked.
 * @param billOf undefined: the carrier knows no such call
 * @returns with `next` what the next page comes after.
 */
export async function askCarrier(
  db: BillingOptions["db"],
  scope: Scope,
  page: CarrierPage,
  billOf: (leg: Pick<CarriedLeg, "callSid" | "accountSid">) => Promise<CarrierBill | string | undefined>,
): Promise<{ readonly asked: readonly AskedLeg[]; readonly next: CallId | null }> {
  const calls = await listCarriedCalls(db, scope, page);
  const asked: AskedLeg[] = [];
  for (const leg of calls.flatMap(legsOf)) {
    asked.push({ leg, bill: (await billOf(leg)) ?? "the carrier knows no such call" });
  }
  return { asked, next: calls.length < page.limit ? null : (calls.at(-1)?.id ?? null) };
}

export async function reconcileCarrier(options: BillingOptions, scope: Scope, asked: readonly AskedLeg[]): Promise<Reconciliation> {
  const tally = newTally();
  const billed: Billed[] = [];
  for (const { leg, bill } of asked) {
    tally.checked += 1;
    const actual = typeof bill === "string" ? bill : await carrierActual(options, leg, bill);
    if (typeof actual === "string") tally.open.push({ id: leg.callSid, why: actual });
    else billed.push({ key: leg.key, callId: leg.callId, id: leg.callSid, actual });
  }
  await correctAll(options, tally, scope, billed);
  return shown(tally);
}

function legsOf(call: CarriedCall): readonly CarriedLeg[] {
  const { id: callId, twilio_account_sid: accountSid, rate_card_version: rateCardVersion } = call;
  const common = { callId, accountSid, rateCardVersion };
  const own = { ...common, callSid: call.twilio_call_sid, key: carrierKey(callId), direction: call.direction, called: call.to_number };
  if (call.leg_call_sid === null || call.leg_to_number === null) return [own];
  return [own, { ...common, callSid: call.leg_call_sid, key: transferKey(callId), direction: "outbound", called: call.leg_to_number }];
}

async function carrierActual({ cards }: BillingOptions, leg: CarriedLeg, bill: CarrierBill): Promise<Actual | string> {
  const card = await cards.find(leg.rateCardVersion);
  if (!card) return `the rate card ${leg.rateCardVersion} is not in the database`;
  const priced = priceTelephony(card, { ...leg, seconds: bill.seconds });
  if (!priced.ok) return priced.problem.detail;
  if (bill.price === null) return "the carrier does not know its price yet; ask again later";
  if (bill.currency !== card.currency) return `the carrier bills in ${bill.currency}, and the books are in ${card.currency}`;
  const price = parseMicros(bill.price);
  if (price === undefined) return `the carrier's price "${bill.price}" is no amount`;
  const { cost, markup } = priced.value;
  return { account: "telephony", vendorCost: price < 0n ? micros(0n - price) : price, cardCost: cost, markup };
}

async function actualOf({ cards }: BillingOptions, version: string, use: VendorUse): Promise<Actual | string> {
  const card = await cards.find(version);
  return card ? actualBy(card, use) : `the rate card ${version} is not in the database`;
}

function actualBy(card: RateCard, use: VendorUse): Actual | string {
  const priced = priceTokens(card, use.model, use.used);
  if (!priced.ok) return priced.problem.detail;
  const { cost, markup } = priced.value;
  return { account: "models", vendorCost: use.cost ?? cost, cardCost: cost, markup };
}

const NO_CALL = "no call of this environment had this session, or it was not billed";

/** A response that was under way when its node died takes the place of the call's estimate; what is beyond stands for itself. */
async function bookUnseen(options: BillingOptions, tally: Tally, scope: Scope, uses: readonly VendorUse[]): Promise<void> {
  const sessions = await findSessions(
    options.db,
    scope,
    uses.flatMap((use) => use.sessionId ?? []),
  );
  for (const use of uses) {
    const call = use.sessionId === null ? undefined : sessions.get(use.sessionId);
    const actual = call?.rateCardVersion ? await actualOf(options, call.rateCardVersion, use) : NO_CALL;
    if (!call || typeof actual === "string") {
      tally.open.push({ id: use.id, why: typeof actual === "string" ? actual : NO_CALL });
      continue;
    }
    const { callId, epochs } = call;
    const own = `unseen:${callId}:${use.id}`;
    const keys = Array.from({ length: epochs }, (_, index) => estimateKey(callId, index + 1, use.kind));
    const booked = await bookedUses(options.db, scope, [own, ...keys]);
    if (booked.has(own)) continue;
    const estimate = keys.find((key) => (booked.get(key)?.booked.unobserved ?? 0n) !== 0n);
    const now = new Date(options.clock.wall());
    const charge = {
      kind: "charge",
      key: own,
      holdId: null,
      to: "models",
      cost: actual.vendorCost,
      markup: NO_MONEY,
      payer: "platform",
    } as const;
    const cleared = estimate === undefined ? undefined : booked.get(estimate);
    const answers = await postEntries(
      options.db,
      scope,
      [
        {
          entry: charge,
          actor: "reconcile",
          callId,
          source: use.kind,
          model: use.model,
          note: "the vendor bills it, and nobody reported it",
        },
        ...(estimate === undefined || !cleared ? [] : [estimateGone(estimate, cleared, callId)]),
      ],
      now,
    );
    if (answers.some((answer) => answer.ok && answer.value.transaction)) tally.unseen += 1;
    tally.vendor += actual.vendorCost;
    tally.booked += cleared?.booked.unobserved ?? 0n;
  }
}

/** The estimate goes, since what it stood for is booked. */
function estimateGone(key: string, { booked, corrections }: BookedUse, callId: CallId) {
  const nothing = { account: "models", vendorCost: booked.models, cardCost: NO_MONEY, markup: NO_MONEY } as const;
  return {
    entry: { kind: "adjustment", key: `reconcile:${key}:${corrections + 1}`, postings: correction(booked, nothing) } as const,
    actor: "reconcile",
    callId,
    corrects: key,
    note: "the vendor's figure has taken its place",
  };
}

/** A use that is ours, and what the vendor says of it. */
interface Billed {
  readonly key: string;
  readonly callId: CallId | null;
  /** The vendor's. */
  readonly id: string;
  readonly actual: Actual;
}

/** All in one posting, so that the books are locked once. */
async function correctAll({ db, clock }: BillingOptions, tally: Tally, scope: Scope, billed: readonly Billed[]): Promise<void> {
  const known = await bookedUses(
    db,
    scope,
    billed.map(({ key }) => key),
  );
  const entries: EntryToPost[] = [];
  for (const { key, callId, id, actual } of billed) {
    const use = known.get(key);
    if (!use) {
      // What the carrier had said took no time is not in the books, and costs nothing.
      if (actual.account !== "telephony" || actual.vendorCost !== 0n) tally.open.push({ id, why: "it is not billed yet" });
      continue;
    }
    tally.vendor += actual.vendorCost;
    tally.booked += costIn(use.booked);
    const postings = correction(use.booked, actual);
    if (postings.length === 0) continue;
    entries.push({
      entry: { kind: "adjustment", key: `reconcile:${key}:${use.corrections + 1}`, postings },
      actor: "reconcile",
      corrects: key,
      note: "as the vendor bills it",
      ...(callId === null ? {} : { callId }),
    });
  }
  for (const answer of await postEntries(db, scope, entries, new Date(clock.wall()))) {
    if (!answer.ok) throw new Fault("internal", answer.problem.detail);
    tally.corrected += 1;
  }
}

const costIn = ({ models, telephony, unobserved }: Booked): bigint => models + telephony + unobserved;

interface Tally {
  checked: number;
  corrected: number;
  unseen: number;
  readonly open: { id: string; why: string }[];
  vendor: bigint;
  booked: bigint;
}

const newTally = (): Tally => ({ checked: 0, corrected: 0, unseen: 0, open: [], vendor: 0n, booked: 0n });
const shown = (tally: Tally): Reconciliation => ({ ...tally, vendor: micros(tally.vendor), booked: micros(tally.booked) });
