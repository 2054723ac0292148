/** Holds the books against the simulators' own invoices: what the models' vendor and the carrier charge, to the token and the micro. */
import { type Micros, micros } from "@struere/kernel";
import { billOf, type InvoiceLine, totalOf } from "@struere/simulators";
import { type Db, getLedger, listStatement, type Scope, STATEMENT_PAGE_MAX, type StatementRow, verifyLedger } from "@struere/store";

export interface Comparison {
  /** Sentences; empty when the books are the invoices. */
  readonly differences: readonly string[];
  readonly charges: readonly StatementRow[];
  /** To models' vendor and carrier: what the books say, and what the invoices. */
  readonly owed: Micros;
  readonly billed: Micros;
}

/** @param carrierMinutes what the carrier charges in all, in micros. */
export async function compareWithInvoices(
  db: Db,
  scope: Scope,
  invoices: { readonly models: readonly InvoiceLine[]; readonly carrier: bigint },
): Promise<Comparison> {
  const charges = await allCharges(db, scope);
  const differences = [...(await verifyLedger(db, scope))];
  const { balances } = await getLedger(db, scope);
  const byUse = new Map(charges.map((row) => [row.idempotency_key.split(":").at(-1) ?? "", row]));
  for (const line of invoices.models) {
    const id = "responseId" in line ? line.responseId : line.itemId;
    const charge = byUse.get(id);
    const billed = billOf(line)
      .map(({ units, micros: cost }) => `${units} for ${cost}`)
      .sort()
      .join(", ");
    const booked = charge?.lines
      .map(({ item, quantity, costMicros }) => `${item === "audio_time" ? quantity / 1e6 : quantity} for ${costMicros}`)
      .sort()
      .join(", ");
    if (booked !== billed) differences.push(`${line.kind} ${id}: the vendor bills ${billed}, and the books have ${booked ?? "nothing"}`);
  }
  const byCarrier = charges.filter((row) => row.source === "telephony" || row.source === "transfer" || row.source === "media_stream");
  const extra = charges.length - invoices.models.length - byCarrier.length;
  if (extra > 0) differences.push(`the books have ${extra} charges that the vendor does not bill`);
  const owed = micros(balances.models + balances.unobserved + balances.telephony);
  const billed = micros(totalOf(invoices.models) + invoices.carrier);
  if (owed !== billed) differences.push(`the vendors bill ${billed} micros in all, and the books have ${owed}`);
  return { differences, charges, owed, billed };
}

async function allCharges(db: Db, scope: Scope): Promise<readonly StatementRow[]> {
  const rows: StatementRow[] = [];
  for (;;) {
    const page = await listStatement(db, scope, { kinds: ["charge"] }, { limit: STATEMENT_PAGE_MAX, after: rows.at(-1)?.id ?? null });
    rows.push(...page);
    if (page.length < STATEMENT_PAGE_MAX) return rows;
  }
}

/** What the simulated carrier's REST API says that it charges for all calls of the account, in micros. */
export async function carrierTotal(twilio: {
  readonly apiBaseUrl: string;
  readonly accountSid: string;
  readonly authToken: string;
}): Promise<bigint> {
  const authorization = `Basic ${Buffer.from(`${twilio.accountSid}:${twilio.authToken}`).toString("base64")}`;
  let total = 0n;
  let path: string | null = `/2010-04-01/Accounts/${twilio.accountSid}/Calls.json?PageSize=1000`;
  while (path !== null) {
    const response: Response = await fetch(`${twilio.apiBaseUrl}${path}`, { headers: { authorization } });
    const page = (await response.json()) as {
      readonly calls: readonly { readonly price: string | null }[];
      readonly next_page_uri: string | null;
    };
    for (const { price } of page.calls) total += BigInt(Math.round(-Number(price ?? 0) * 1e6));
    path = page.next_page_uri;
  }
  return total;
}
