/**
 * Money for its owner. Amounts are decimal text in the currency of the books, exact to the micro: `"12.50"`. Reading and capping needs the
 * permission `billing`; giving credit, and whether calls need any, is the operator's, with `admin`.
 */
import type { CAP_WINDOWS } from "@struere/domain";
import { spentIn, startOfNextMonth, windowEnd } from "@struere/domain";
import { Fault, formatMicros, micros, type Micros, parseMicros } from "@struere/kernel";
import {
  type AllowanceState,
  type ChargedFor,
  getAllowance,
  getCall,
  getLedger,
  inTransaction,
  listAllowances,
  listKeys,
  listStatement,
  postEntry,
  setAllowance,
  setCreditLimit,
  STATEMENT_PAGE_MAX,
  sumCharges,
  sumMonth,
} from "@struere/store";
import { z } from "zod";
import { audit } from "./audit.ts";
import { procedure, router } from "./init.ts";
import { id, NoInput } from "./input.ts";
import { reconcile, retry } from "./reconcile.ts";

const AMOUNT_MAX = 1_000_000_000n * 1_000_000n;

const Amount = z.string().transform((text, context): Micros => {
  const amount = parseMicros(text);
  if (amount !== undefined && amount >= 0n && amount <= AMOUNT_MAX) return amount;
  context.addIssue({
    code: "custom",
    message: `is "${text.slice(0, 40)}"; legal: an amount such as "12.50", from 0, at most six decimals`,
  });
  return z.NEVER;
});
const Positive = Amount.refine((amount) => amount > 0n, { error: "must be more than zero" });

const Month = z.string().regex(/^20\d\d-(0[1-9]|1[0-2])$/, { error: 'is not a month such as "2026-11"' });
const Day = z.iso.date();
const DAY_MS = 86_400_000;
const USAGE_DAYS_MAX = 366;

const Count = z.number().int().min(0).max(1_000_000).nullable();

const CapsInput = z.strictObject({
  /** Absent: the environment's. */
  keyId: z.exactOptional(id("key")),
  /** `null` takes a limit away; what is absent stays. */
  hour: z.exactOptional(Amount.nullable()),
  day: z.exactOptional(Amount.nullable()),
  month: z.exactOptional(Amount.nullable()),
  maxConcurrent: z.exactOptional(Count),
  callsPerSecond: z.exactOptional(z.number().positive().max(1_000).nullable()),
  callsPerNumber: z.exactOptional(Count),
});

export const billingRouter = router({
  balance: procedure("billing")
    .input(NoInput)
    .query(async ({ ctx: { db, scope, now } }) => {
      const { currency, creditLimit, balances } = await getLedger(db, scope);
      const { spent, caps } = showAllowance(await getAllowance(db, scope, null), now);
      return {
        environment: scope.environment,
        currency,
        available: formatMicros(balances.available),
        /** For calls that are going on, or not billed to their end. */
        reserved: formatMicros(balances.held),
        /** `null`: calls need no credit. */
        creditLimit: creditLimit === null ? null : formatMicros(creditLimit),
        spent,
        caps,
      };
    }),

  /** Gives credit. The same key again gives it once. */
  topup: procedure("admin")
    .input(
      z.strictObject({
        amount: Positive,
        idempotencyKey: z.string().regex(/^[\x21-\x7e]{1,200}$/, { error: "is not legal; legal: 1 to 200 visible ASCII characters" }),
        note: z.exactOptional(z.string().max(500)),
      }),
    )
    .mutation(async ({ ctx, input: { amount, idempotencyKey, note } }) => {
      return await inTransaction(ctx.db, async (tx) => {
        const entry = { kind: "credit", key: `credit:${idempotencyKey}`, amount } as const;
        const actor = `key:${ctx.key.keyId}`;
        const posted = await postEntry(tx, ctx.scope, { entry, actor, ...(note === undefined ? {} : { note }) }, ctx.now);
        if (!posted.ok) throw new Fault("already_exists", posted.problem.detail);
        const given = posted.value.transaction !== null;
        const detail = { amount: formatMicros(amount), idempotencyKey };
        if (given) await audit(tx, ctx, { action: "billing.credited", subject: ctx.scope.environment, detail });
        const { currency } = await getLedger(tx, ctx.scope);
        return { given, amount: formatMicros(amount), currency, available: formatMicros(posted.value.available) };
      });
    }),

  /** `"0"`: calls need credit. More: how far below zero they may go. `null`: they need none. */
  setCreditLimit: procedure("admin")
    .input(z.strictObject({ creditLimit: Amount.nullable() }))
    .mutation(async ({ ctx, input: { creditLimit } }) => {
      return await inTransaction(ctx.db, async (tx) => {
        const { currency } = await getLedger(tx, ctx.scope);
        await setCreditLimit(tx, ctx.scope, { creditLimit, currency, now: ctx.now });
        const shown = creditLimit === null ? null : formatMicros(creditLimit);
        await audit(tx, ctx, { action: "billing.limited", subject: ctx.scope.environment, detail: { creditLimit: shown } });
        return { creditLimit: shown, currency };
      });
    }),

  reconcile,
  retry,

  caps: router({
    /** The environment's first, then those of keys that have limits. */
    list: procedure("billing")
      .input(NoInput)
      .query(async ({ ctx: { db, scope, now } }) => (await listAllowances(db, scope)).map((state) => showAllowance(state, now))),

    set: procedure("billing")
      .input(CapsInput)
      .mutation(async ({ ctx, input: { keyId = null, ...change } }) => {
        const named = Object.entries(change).filter(([, value]) => value !== undefined);
        if (named.length === 0)
          throw new Fault("invalid_argument", `nothing is to be changed; legal are ${Object.keys(CapsInput.shape).slice(1).join(", ")}`);
        const ofKeys = ["maxConcurrent", "callsPerSecond"].filter((name) => named.some(([given]) => given === name));
        if (keyId === null && ofKeys.length > 0) {
          const sentence = `${ofKeys.join(" and ")} of a whole environment belongs to its dialling policy: struere calls policy; here it needs keyId`;
          throw new Fault("invalid_argument", sentence);
        }
        if (keyId !== null && !(await listKeys(ctx.db, ctx.scope)).some((key) => key.id === keyId))
          throw new Fault("not_found", `there is no key ${keyId} in ${ctx.scope.environment}`);
        return await inTransaction(ctx.db, async (tx) => {
          const state = await setAllowance(tx, ctx.scope, { keyId, change, now: ctx.now });
          const detail = Object.fromEntries(
            named.map(([name, value]) => [name, typeof value === "bigint" ? formatMicros(micros(value)) : value]),
          );
          await audit(tx, ctx, {
            action: "billing.capped",
            subject: keyId ?? ctx.scope.environment,
            detail: detail as { [name: string]: string },
          });
          return showAllowance(state, ctx.now);
        });
      }),
  }),

  /** The prices by which calls are billed from now on. */
  prices: procedure("billing")
    .input(NoInput)
    .query(({ ctx: { rateCard } }) => {
      const price = (amount: number | undefined) => (amount === undefined ? null : formatMicros(micros(amount)));
      const { version, currency, markupBps, models, telephony, mediaStreamPerMinute } = rateCard;
      return {
        version,
        currency,
        markupPercent: markupBps / 100,
        models: Object.entries(models).map(([model, { perMillionTokens: tokens, perMinute }]) => ({
          model,
          perMinute: price(perMinute),
          perMillionTokens: {
            textIn: price(tokens?.textIn),
            textCachedIn: price(tokens?.textCachedIn),
            textCacheWrite: price(tokens?.textCacheWrite),
            textOut: price(tokens?.textOut),
            audioIn: price(tokens?.audioIn),
            audioCachedIn: price(tokens?.audioCachedIn),
            audioOut: price(tokens?.audioOut),
          },
        })),
        /** For each started minute of a media stream, on top of the call; `null`: not billed. */
        mediaStreamPerMinute: price(mediaStreamPerMinute),
        telephony: telephony.map(({ direction, prefix, perMinute }) => ({ direction, prefix, perMinute: price(perMinute) })),
      };
    }),

  /** What was charged, day by day (UTC), by what it was for. */
  usage: procedure("billing")
    .input(z.strictObject({ from: Day, to: Day }))
    .query(async ({ ctx: { db, scope }, input }) => {
      const [from, last] = [Date.parse(input.from), Date.parse(input.to)];
      if (last < from) throw new Fault("invalid_argument", `to is ${input.to}, before from, which is ${input.from}`);
      if (last - from > USAGE_DAYS_MAX * DAY_MS) throw new Fault("invalid_argument", `at most ${USAGE_DAYS_MAX} days at a time`);
      const charged = await sumCharges(db, scope, { from: new Date(from), to: new Date(last + DAY_MS), byDay: true });
      const { currency } = await getLedger(db, scope);
      return { ...input, currency, total: totalOf(charged), items: charged.map(showCharged) };
    }),

  /** What one call cost, by what it was for. */
  ofCall: procedure("billing")
    .input(z.strictObject({ id: id("call") }))
    .query(async ({ ctx: { db, scope }, input }) => {
      const call = await getCall(db, scope, input.id);
      if (!call) throw new Fault("not_found", `there is no call ${input.id} in ${scope.environment}`);
      const charged = await sumCharges(db, scope, { callId: call.id });
      const { currency } = await getLedger(db, scope);
      return {
        callId: call.id,
        rateCardVersion: call.rate_card_version,
        /** More may come until the carrier has said how long it was. */
        settled: call.carrier_billed_at !== null,
        problem: call.billing_problem,
        currency,
        total: totalOf(charged),
        items: charged.map(showCharged),
      };
    }),

  /** One month in UTC: its opening and closing balance, and what lies between them. */
  statement: procedure("billing")
    .input(z.strictObject({ month: Month }))
    .query(async ({ ctx: { db, scope, now }, input: { month } }) => {
      const from = Date.parse(`${month}-01`);
      if (from > now.getTime()) throw new Fault("invalid_argument", `${month} has not begun`);
      const to = startOfNextMonth(from);
      const { currency } = await getLedger(db, scope);
      const sums = await sumMonth(db, scope, { from: new Date(from), to: new Date(to) });
      return {
        month,
        environment: scope.environment,
        currency,
        /** A month that is not over changes still. */
        final: to <= now.getTime(),
        opening: formatMicros(sums.opening),
        credits: formatMicros(sums.credits),
        adjustments: formatMicros(sums.adjustments),
        charges: formatMicros(sums.charges),
        closing: formatMicros(sums.closing),
        items: sums.byCategory.map(showCharged),
      };
    }),

  /** The books, transaction by transaction, in the order of posting. */
  transactions: procedure("billing")
    .input(
      z.strictObject({
        from: z.exactOptional(Day),
        to: z.exactOptional(Day),
        callId: z.exactOptional(id("call")),
        limit: z.number().int().min(1).max(STATEMENT_PAGE_MAX).default(100),
        cursor: z
          .string()
          .regex(/^\d{1,15}$/, { error: "is not one that this list answered" })
          .nullish(),
      }),
    )
    .query(async ({ ctx: { db, scope }, input: { from, to, callId, limit, cursor } }) => {
      const filter = {
        ...(from === undefined ? {} : { from: new Date(from) }),
        ...(to === undefined ? {} : { to: new Date(Date.parse(to) + DAY_MS) }),
        ...(callId === undefined ? {} : { callId }),
      };
      const rows = await listStatement(db, scope, filter, { limit, after: cursor ? Number(cursor) : null });
      const last = rows.at(-1);
      return {
        items: rows.map((row) => ({
          id: row.id,
          at: row.posted_at,
          occurredAt: row.occurred_at,
          kind: row.kind,
          amount: formatMicros(row.amount),
          availableAfter: formatMicros(row.availableAfter),
          reservedAfter: formatMicros(row.heldAfter),
          callId: row.call_id,
          source: row.source,
          model: row.model,
          estimated: row.estimated,
          lines: row.lines.map(({ costMicros, ...line }) => ({ ...line, cost: formatMicros(micros(BigInt(costMicros))) })),
          postings: row.postings.map(({ account, amount }) => ({ account, amount: formatMicros(amount) })),
          actor: row.actor,
          note: row.note,
        })),
        nextCursor: rows.length === limit && last ? String(last.id) : null,
      };
    }),
});

function showAllowance(state: AllowanceState, now: Date) {
  const { keyId, caps, maxConcurrent, callsPerSecond, callsPerNumber } = state;
  const at = now.getTime();
  const byWindow = <Shown>(show: (window: (typeof CAP_WINDOWS)[number]) => Shown) => ({
    hour: show("hour"),
    day: show("day"),
    month: show("month"),
  });
  return {
    keyId,
    caps: byWindow((window) => (caps[window] === null ? null : formatMicros(caps[window]))),
    spent: byWindow((window) => formatMicros(spentIn(state, window, at))),
    /** When each window ends and its cap is whole again. */
    until: byWindow((window) => new Date(windowEnd(window, at))),
    maxConcurrent,
    callsPerSecond,
    callsPerNumber,
  };
}

function showCharged({ day, category, quantity, unit, amount }: ChargedFor) {
  return { day, category, quantity, unit, amount: formatMicros(amount) };
}

function totalOf(charged: readonly ChargedFor[]): string {
  return formatMicros(micros(charged.reduce((sum, { amount }) => sum + amount, 0n)));
}
