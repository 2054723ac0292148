/** Holds an environment's books against what its vendors bill. Asking again with the same figures posts nothing; each time is in the audit log. */
import { Fault, formatMicros } from "@struere/kernel";
import { getLedger, inTransaction, retryBilling } from "@struere/store";
import { z } from "zod";
import { rateCards } from "../billing/bill-uses.ts";
import { askCarrier, type Reconciliation, reconcileCarrier, reconcileModels } from "../billing/reconcile.ts";
import { readUsageExport } from "../billing/usage-export.ts";
import type { OpenedAccount } from "../telephony/account-opener.ts";
import { audit } from "./audit.ts";
import { type ProcedureContext, procedure } from "./init.ts";
import { id, NoInput } from "./input.ts";

const EXPORT_MAX_CHARS = 1_000_000;
/** Twilio is asked about each call of a page, one after the other, and the answer has to come before clients give up. */
const CARRIER_PAGE = 20;
const TWILIO_ANSWERS_WITHIN_MS = 2_500;
const DAY_MS = 86_400_000;
const DAYS_MAX = 366;

const ReconcileInput = z.discriminatedUnion("against", [
  z.strictObject({
    against: z.literal("usage"),
    /** A part of the model vendor's export: billing/usage-export.ts says how its lines look. */
    export: z.string().min(1).max(EXPORT_MAX_CHARS),
    /** Where in the whole file the part begins. */
    firstLine: z.number().int().min(1).max(1_000_000_000).default(1),
  }),
  z.strictObject({
    against: z.literal("carrier"),
    /** Of calls that ended on these days, UTC. */
    from: z.iso.date(),
    to: z.iso.date(),
    cursor: id("call").nullish(),
  }),
]);

export const reconcile = procedure("admin")
  .input(ReconcileInput)
  .mutation(async ({ ctx, input }) => {
    const billing = { db: ctx.db, clock: ctx.clock, cards: rateCards(ctx.db) };
    if (input.against === "usage") {
      const uses = readUsageExport(input.export, input.firstLine);
      const found = await posted(ctx, { against: "usage", firstLine: input.firstLine, uses: uses.length }, (db) =>
        reconcileModels({ ...billing, db }, ctx.scope, uses),
      );
      return await show(ctx, { ...found, next: null });
    }
    const [from, last] = [Date.parse(input.from), Date.parse(input.to)];
    if (last < from) throw new Fault("invalid_argument", `to is ${input.to}, before from, which is ${input.from}`);
    if (last - from > DAYS_MAX * DAY_MS) throw new Fault("invalid_argument", `at most ${DAYS_MAX} days at a time`);
    const after = input.cursor ?? null;
    const page = { from: new Date(from), to: new Date(last + DAY_MS), after, limit: CARRIER_PAGE };
    const { asked, next } = await askCarrier(ctx.db, ctx.scope, page, carrierOf(ctx));
    const found = await posted(ctx, { against: "carrier", from: input.from, to: input.to, after }, (db) =>
      reconcileCarrier({ ...billing, db }, ctx.scope, asked),
    );
    return await show(ctx, { ...found, next });
  });

/** What could not be billed is tried again, by the biller's next round. */
export const retry = procedure("admin")
  .input(NoInput)
  .mutation(async ({ ctx }) => {
    return await inTransaction(ctx.db, async (tx) => {
      const { retried, more } = await retryBilling(tx, ctx.scope);
      await audit(tx, ctx, { action: "billing.retried", subject: ctx.scope.environment, detail: { retried, more } });
      return { retried, more };
    });
  });

/** In one transaction with the line that says who asked: no correction is there without it, and it is not there without them. */
async function posted(
  ctx: ProcedureContext,
  detail: { readonly [name: string]: string | number | null },
  work: (tx: ProcedureContext["db"]) => Promise<Reconciliation>,
): Promise<Reconciliation> {
  return await inTransaction(ctx.db, async (tx) => {
    const found = await work(tx);
    const { corrected, unseen } = found;
    await audit(tx, ctx, { action: "billing.reconciled", subject: ctx.scope.environment, detail: { ...detail, corrected, unseen } });
    return found;
  });
}

/** By the account that each call was made with; one that can not be opened any more holds up no other's calls. */
function carrierOf({ accounts, scope }: ProcedureContext): Parameters<typeof askCarrier>[3] {
  const opened = new Map<string, OpenedAccount | string>();
  return async ({ accountSid, callSid }) => {
    const known = opened.get(accountSid);
    const account = known ?? (await accounts.open(scope, { accountSid, timeoutMs: TWILIO_ANSWERS_WITHIN_MS }).catch(whyNot));
    opened.set(accountSid, account);
    return typeof account === "string" ? account : await account.account.callBill(callSid);
  };
}

function whyNot(thrown: unknown): string {
  if (thrown instanceof Fault && thrown.code === "failed_precondition") return thrown.sentence;
  throw thrown;
}

async function show({ db, scope }: ProcedureContext, found: Reconciliation & { readonly next: string | null }) {
  const { checked, corrected, unseen, open, vendor, booked, next } = found;
  const { currency } = await getLedger(db, scope);
  return { checked, corrected, unseen, open, vendor: formatMicros(vendor), booked: formatMicros(booked), currency, nextCursor: next };
}
