/** Money: what there is, what was used, what it costs, and how much may be spent. */
import { randomUUID } from "node:crypto";
import { Fault } from "@struere/kernel";
import type { Command } from "commander";
import type { BillingCaps, Charged } from "../api-types.ts";
import { confirm } from "../confirm.ts";
import { csv } from "../csv.ts";
import type { Invocation, Invoked } from "../invocation.ts";
import { type PageFlags, readPage } from "../page-flags.ts";
import { renderAmounts, renderCaps, renderCharged, renderPrices } from "../render/billing.ts";
import { table } from "../table.ts";
import { addReconcile } from "./billing-reconcile.ts";

interface CsvFlag {
  readonly csv?: boolean;
}

export function addBilling(program: Command, invoked: Invoked): void {
  const billing = program.command("billing").description("credit, usage, prices and caps of the key's environment");

  billing
    .command("balance")
    .description("what can be spent, what is reserved for running calls, what was spent")
    .action(async () => {
      const { session, out } = invoked();
      const { ask } = await session();
      const balance = await ask((api, options) => api.billing.balance.query(undefined, options));
      const { available, reserved, creditLimit, currency, environment, spent, caps } = balance;
      out.answer(balance, () =>
        renderAmounts([
          [`available in ${environment}`, `${available} ${currency}`],
          ["reserved for calls", `${reserved} ${currency}`],
          ["calls need credit", creditLimit === null ? "no" : creditLimit === "0.00" ? "yes" : `yes, and may go ${creditLimit} below zero`],
          ["spent this hour", withCap(spent.hour, caps.hour)],
          ["spent today (UTC)", withCap(spent.day, caps.day)],
          ["spent this month (UTC)", withCap(spent.month, caps.month)],
        ]),
      );
    });

  billing
    .command("usage")
    .description("what was charged, by day and by what it was for; of one call with --call")
    .option("--from <day>", "such as 2026-11-01, UTC; default: the first of this month")
    .option("--to <day>", "the last day; default: today")
    .option("--call <id>", "the breakdown of one call")
    .option("--csv", "as CSV")
    .action(async (flags: CsvFlag & { readonly from?: string; readonly to?: string; readonly call?: string }) => {
      const { session, out, terminal } = invoked();
      const { ask } = await session();
      const { call: callId } = flags;
      if (callId !== undefined && (flags.from !== undefined || flags.to !== undefined))
        throw new Fault("invalid_argument", "--call is one whole call; leave --from and --to away");
      const today = terminal.now().toISOString().slice(0, 10);
      const usage =
        callId === undefined
          ? await ask((api, options) =>
              api.billing.usage.query({ from: flags.from ?? `${today.slice(0, 8)}01`, to: flags.to ?? today }, options),
            )
          : await ask((api, options) => api.billing.ofCall.query({ id: callId }, options));
      if (flags.csv === true) return out.answer(usage, () => csvOf(usage.items, usage.currency));
      out.answer(usage, () => renderCharged(out.paint, usage));
    });

  billing
    .command("statement")
    .description("one month in UTC: opening and closing balance and what lies between; every transaction with --transactions")
    .option("--month <month>", "such as 2026-11; default: this month")
    .option("--transactions", "the books, transaction by transaction, a page at a time")
    .option("--call <id>", "with --transactions: of one call")
    .option("--limit <rows>", "of a page of transactions")
    .option("--cursor <cursor>", "the next page of transactions")
    .option("--csv", "as CSV")
    .action(async (flags: StatementFlags) => {
      const invocation = invoked();
      await (flags.transactions === true ? showTransactions(invocation, flags) : showStatement(invocation, flags));
    });

  billing
    .command("prices")
    .description("the prices by which calls are billed from now on")
    .action(async () => {
      const { session, out } = invoked();
      const { ask } = await session();
      const prices = await ask((api, options) => api.billing.prices.query(undefined, options));
      out.answer(prices, () => renderPrices(out.paint, prices));
    });

  billing
    .command("caps")
    .description("what may be spent per hour, day and month (UTC), by the environment or by one key; without a flag: what is set")
    .option("--for <id>", "the limits of this API key")
    .option("--hour <amount>", "such as 12.50; none takes it away")
    .option("--day <amount>", "the same for a day")
    .option("--month <amount>", "the same for a month")
    .option("--calls-per-number <calls>", "calls placed to one number within 24 hours; none takes it away")
    .option("--max-concurrent <calls>", "with --for: its calls at a time")
    .option("--calls-per-second <number>", "with --for: how fast it may place calls")
    .option("--credit-limit <amount>", "0: calls need credit; more: so far below zero they may go; none: they need no credit")
    .action(async (flags: CapsFlags) => await showCaps(invoked(), flags));

  billing
    .command("topup <amount>")
    .description("give credit, such as 25 or 12.50; needs the permission admin")
    .option("--name <name>", "your own name for this gift: the same name again gives nothing more")
    .option("--note <text>", "for the books")
    .action(async (amount: string, flags: { readonly name?: string; readonly note?: string }) => {
      const invocation = invoked();
      const { ask } = await invocation.session();
      await confirm(invocation, `This gives ${amount} of credit.`);
      const gift = { amount, idempotencyKey: flags.name ?? randomUUID(), ...(flags.note === undefined ? {} : { note: flags.note }) };
      const given = await ask((api, options) => api.billing.topup.mutate(gift, options));
      invocation.out.answer(given, () =>
        given.given
          ? `${given.amount} ${given.currency} given; ${given.available} ${given.currency} are available`
          : `nothing given: ${gift.idempotencyKey} was given before; ${given.available} ${given.currency} are available`,
      );
    });

  addReconcile(billing, invoked);
}

interface StatementFlags extends CsvFlag, PageFlags {
  readonly month?: string;
  readonly transactions?: boolean;
  readonly call?: string;
}

async function showStatement({ session, out, terminal }: Invocation, flags: StatementFlags): Promise<void> {
  if (flags.call !== undefined || flags.limit !== undefined || flags.cursor !== undefined)
    throw new Fault("invalid_argument", "--call, --limit and --cursor go with --transactions");
  const { ask } = await session();
  const month = flags.month ?? terminal.now().toISOString().slice(0, 7);
  const statement = await ask((api, options) => api.billing.statement.query({ month }, options));
  const { currency, opening, credits, adjustments, charges, closing, final, items } = statement;
  if (flags.csv === true) {
    const rows = [
      ["opening", opening],
      ["credits", credits],
      ["adjustments", adjustments],
      ...items.map(({ category, amount }) => [category, `-${amount}`.replace("--", "")]),
      ["closing", closing],
    ];
    return out.answer(statement, () =>
      csv(
        ["month", "what", "amount", "currency"],
        rows.map(([what, amount]) => [month, what ?? "", amount ?? "", currency]),
      ),
    );
  }
  out.answer(statement, () =>
    [
      renderAmounts([
        [`${month}, opening balance`, `${opening} ${currency}`],
        ["credit given", `${credits} ${currency}`],
        ["corrections", `${adjustments} ${currency}`],
        ["charged", `${charges} ${currency}`],
        [final ? "closing balance" : "balance so far", `${closing} ${currency}`],
      ]),
      "",
      renderCharged(out.paint, { items, total: charges, currency }),
    ].join("\n"),
  );
}

async function showTransactions({ session, out }: Invocation, flags: StatementFlags): Promise<void> {
  const { ask } = await session();
  const days = flags.month === undefined ? {} : daysOf(flags.month);
  const question = { ...readPage(flags), ...days, ...(flags.call === undefined ? {} : { callId: flags.call }) };
  const page = await ask((api, options) => api.billing.transactions.query(question, options));
  const columns = ["ID", "AT", "KIND", "AMOUNT", "AVAILABLE", "RESERVED", "SOURCE", "MODEL", "CALL", "NOTE"];
  const rows = page.items.map((row) => [
    row.id,
    row.at,
    row.estimated ? `${row.kind} (estimated)` : row.kind,
    row.amount,
    row.availableAfter,
    row.reservedAfter,
    row.source,
    row.model,
    row.callId,
    row.note,
  ]);
  out.answer(page, () =>
    flags.csv === true
      ? csv(
          columns.map((name) => name.toLowerCase()),
          rows,
        )
      : table(out.paint, { columns, rows, nothing: "no transactions" }),
  );
  if (page.nextCursor !== null) out.note(`There are more: --cursor ${page.nextCursor}`);
}

function daysOf(month: string): { readonly from: string; readonly to: string } {
  const [, year = "", number = ""] = /^(20\d\d)-(0[1-9]|1[0-2])$/.exec(month) ?? [];
  if (year === "") throw new Fault("invalid_argument", `--month is "${month}"; it must be a month such as 2026-11`);
  const last = new Date(Date.UTC(Number(year), Number(number), 0)).getUTCDate();
  return { from: `${month}-01`, to: `${month}-${last}` };
}

interface CapsFlags {
  readonly for?: string;
  readonly hour?: string;
  readonly day?: string;
  readonly month?: string;
  readonly callsPerNumber?: string;
  readonly maxConcurrent?: string;
  readonly callsPerSecond?: string;
  readonly creditLimit?: string;
}

async function showCaps({ session, out }: Invocation, flags: CapsFlags): Promise<void> {
  const { for: key, hour, day, month, callsPerNumber, maxConcurrent, callsPerSecond, creditLimit } = flags;
  if (creditLimit !== undefined && key !== undefined)
    throw new Fault("invalid_argument", "--credit-limit is the environment's; leave --for away");
  const change = {
    ...amountFlag("hour", hour),
    ...amountFlag("day", day),
    ...amountFlag("month", month),
    ...numberFlag("callsPerNumber", "--calls-per-number", callsPerNumber),
    ...numberFlag("maxConcurrent", "--max-concurrent", maxConcurrent),
    ...numberFlag("callsPerSecond", "--calls-per-second", callsPerSecond),
  };
  const { ask } = await session();
  if (creditLimit !== undefined) {
    const limit = { creditLimit: creditLimit === NONE ? null : creditLimit };
    await ask((api, options) => api.billing.setCreditLimit.mutate(limit, options));
  }
  if (Object.keys(change).length > 0)
    await ask((api, options) => api.billing.caps.set.mutate({ ...change, ...(key === undefined ? {} : { keyId: key }) }, options));
  const [caps, balance] = await Promise.all([
    ask((api, options) => api.billing.caps.list.query(undefined, options)),
    ask((api, options) => api.billing.balance.query(undefined, options)),
  ]);
  const shown: readonly BillingCaps[] = key === undefined ? caps : caps.filter((each) => each.keyId === key);
  out.answer({ creditLimit: balance.creditLimit, caps: shown }, () => renderCaps(out.paint, shown, balance));
}

const NONE = "none";

function amountFlag<Name extends string>(name: Name, text: string | undefined): { readonly [name in Name]?: string | null } {
  if (text === undefined) return {};
  return { [name]: text === NONE ? null : text } as { readonly [name in Name]: string | null };
}

function numberFlag<Name extends string>(name: Name, flag: string, text: string | undefined): { readonly [name in Name]?: number | null } {
  if (text === undefined) return {};
  const number = text === NONE ? null : Number(text);
  if (number !== null && !(Number.isFinite(number) && number >= 0))
    throw new Fault("invalid_argument", `${flag} is "${text}"; it must be a number, or none`);
  return { [name]: number } as { readonly [name in Name]: number | null };
}

const withCap = (spent: string, cap: string | null): string => (cap === null ? spent : `${spent} of ${cap}`);

function csvOf(items: readonly Charged[], currency: string): string {
  const rows = items.map(({ day, category, quantity, unit, amount }) => [day, category, quantity, unit, amount, currency]);
  return csv(["day", "category", "quantity", "unit", "amount", "currency"], rows);
}
