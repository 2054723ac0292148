/** Holds the books against the simulators' own invoices: what the models' vendor and the carrier charge, to the token and the micro. */
import { type Micros, micros } from "@struere/kernel";
import { billOf, type InvoiceLine, totalOf } from "@struere/simulators";
import {
  type Db,
  getLedger,
  listStatement,
  type Scope,
  STATEMENT_PAGE_MAX,
  type StatementFilter,
  type StatementRow,
  verifyLedger,
} from "@struere/store";

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
  const charges = await wholeStatement(db, scope, { kinds: ["charge"] });
  const differences = [...(await verifyLedger(db, scope))];
  const { balances } = await getLedger(db, scope);
  const byUse = new Map(charges.map((row) => [useOf(row), row]));
  for (const line of invoices.models) {
    const id = idOf(line);
    const charge = byUse.get(id);
    const billed = billedUnits(line);
    const booked = charge && bookedUnits(charge);
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

/** The vendor's id of what was used. */
export const idOf = (line: InvoiceLine): string => ("responseId" in line ? line.responseId : line.itemId);

/** The same out of the key of a charge. */
export const useOf = (row: Pick<StatementRow, "idempotency_key">): string => row.idempotency_key.split(":").at(-1) ?? "";

/** What the vendor bills, unit by unit, as text that can be compared with `bookedUnits`. */
export function billedUnits(line: InvoiceLine): string {
  return billOf(line)
    .map(({ units, micros: cost }) => `${units} for ${cost}`)
    .sort()
    .join(", ");
}

export function bookedUnits({ lines }: Pick<StatementRow, "lines">): string {
  return lines
    .map(({ item, quantity, costMicros }) => `${item === "audio_time" ? quantity / 1e6 : quantity} for ${costMicros}`)
    .sort()
    .join(", ");
}

/** In the order of posting. */
export async function wholeStatement(db: Db, scope: Scope, filter: StatementFilter = {}): Promise<readonly StatementRow[]> {
  const rows: StatementRow[] = [];
  for (;;) {
    const page = await listStatement(db, scope, filter, { limit: STATEMENT_PAGE_MAX, after: rows.at(-1)?.id ?? null });
    rows.push(...page);
    if (page.length < STATEMENT_PAGE_MAX) return rows;
  }
}

/** What the simulated carrier's REST API says that it charges for all calls of the account, in micros. */
export async function carrierTotal(twilio: CarrierAccount): Promise<bigint> {
  return [...(await carrierBill(twilio)).values()].reduce((sum, price) => sum + price, 0n);
}

interface CarrierAccount {
  readonly apiBaseUrl: string;
  readonly accountSid: string;
  readonly authToken: string;
}

/** The same call by call, by their CallSid. */
export async function carrierBill(twilio: CarrierAccount): Promise<ReadonlyMap<string, bigint>> {
  const authorization = `Basic ${Buffer.from(`${twilio.accountSid}:${twilio.authToken}`).toString("base64")}`;
  const bill = new Map<string, bigint>();
  let path: string | null = `/2010-04-01/Accounts/${twilio.accountSid}/Calls.json?PageSize=1000`;
  while (path !== null) {
    const response: Response = await fetch(`${twilio.apiBaseUrl}${path}`, { headers: { authorization } });
    const page = (await response.json()) as {
      readonly calls: readonly { readonly sid: string; readonly price: string | null }[];
      readonly next_page_uri: string | null;
    };
    for (const { sid, price } of page.calls) bill.set(sid, BigInt(Math.round(-Number(price ?? 0) * 1e6)));
    path = page.next_page_uri;
  }
  return bill;
}
