/**
 * After the kills: what the simulated vendors bill, next to what the books have. Each use is there exactly, or as a flagged estimate; nothing is
 * lost, nothing is there twice.
 */
import { formatMicros, type Micros, micros, negated } from "@struere/kernel";
import { billOf, type InvoiceLine } from "@struere/simulators";
import type { Db, Scope, StatementRow } from "@struere/store";
import { billedUnits, bookedUnits, idOf, useOf, wholeStatement } from "../bill.ts";
import { auditBooks } from "./replay.ts";

export type UseKind = InvoiceLine["kind"] | "telephony";

/** A posting that nobody saw the vendor's figure of, next to what the vendor bills. */
export interface Estimated {
  readonly callId: string | null;
  readonly kind: UseKind;
  /** Who made it: the node, when the model fell silent; the biller, when the node or the carrier did. */
  readonly by: "node" | "biller";
  readonly estimate: Micros;
  /** Of the use that it stands for; zero when there was none. */
  readonly billed: Micros;
}

export interface BooksFound {
  /** Uses that are in the books to the last token and micro. */
  readonly exact: { readonly [kind: string]: number };
  readonly estimated: readonly Estimated[];
  readonly invoiced: Micros;
  readonly booked: Micros;
  /** What the platform has paid itself. */
  readonly platformPaid: Micros;
  readonly transactions: number;
  readonly lost: readonly Wrong[];
  readonly twice: readonly Wrong[];
  readonly unsound: readonly string[];
}

/** A use that the books do not have as they should. */
export interface Wrong {
  /** Null when nobody knows. */
  readonly callId: string | null;
  readonly sentence: string;
}

export interface Invoices {
  readonly models: readonly InvoiceLine[];
  /** The number at the other end of a call, by the session of the model that it had. */
  readonly numberOfSession: ReadonlyMap<string, string>;
  /** What the carrier charges, by CallSid. */
  readonly carrier: ReadonlyMap<string, bigint>;
}

interface Recorded {
  readonly id: string;
  readonly callSid: string | null;
  /** Of the person at the other end. */
  readonly number: string;
}

export async function holdBooksAgainst(db: Db, scope: Scope, invoices: Invoices): Promise<BooksFound> {
  const rows = await wholeStatement(db, scope);
  const records = await recordedCalls(db);
  const book = readBook(rows);
  const models = compareModels(book, invoices, new Map(records.map((record) => [record.number, record.id])));
  const carrier = compareCarrier(book, invoices.carrier, records);
  const sum = (of: (row: StatementRow) => bigint): Micros => micros(rows.reduce((all, row) => all + of(row), 0n));
  const exact: Record<string, number> = {};
  for (const kind of [...models.exact, ...carrier.exact]) exact[kind] = (exact[kind] ?? 0) + 1;
  return {
    exact,
    estimated: [...models.estimated, ...carrier.estimated],
    invoiced: micros(
      invoices.models.reduce((all, line) => all + costOf(line), 0n) +
        [...invoices.carrier.values()].reduce((all, price) => all + price, 0n),
    ),
    booked: sum((row) => owedBy(row)),
    platformPaid: sum((row) => negated(movedBy(row, "recovery"))),
    transactions: rows.length,
    lost: [...models.lost, ...carrier.lost],
    twice: [...models.twice, ...carrier.twice],
    unsound: await auditBooks(db, scope, rows),
  };
}

interface Book {
  /** Charges by the vendor's id of what was used; estimates of the biller by call and source. */
  readonly byUse: ReadonlyMap<string, readonly StatementRow[]>;
  readonly estimates: ReadonlyMap<string, readonly StatementRow[]>;
  readonly minutes: ReadonlyMap<string, StatementRow>;
}

interface Compared {
  readonly exact: readonly UseKind[];
  readonly estimated: readonly Estimated[];
  readonly lost: readonly Wrong[];
  readonly twice: readonly Wrong[];
}

/** What was taken back again is as if it had never been. */
function readBook(rows: readonly StatementRow[]): Book {
  const takenBack = new Set(rows.flatMap(({ corrects }) => (corrects === null ? [] : [corrects])));
  const charges = rows.filter((row) => row.kind === "charge" && !takenBack.has(row.idempotency_key));
  const isEstimate = (row: StatementRow): boolean => /^(estimate|unanswered):/.test(row.idempotency_key);
  const minutes = charges.filter((row) => row.source === "telephony");
  return {
    byUse: Map.groupBy(
      charges.filter((row) => !isEstimate(row) && row.source !== "telephony"),
      useOf,
    ),
    estimates: Map.groupBy(charges.filter(isEstimate), (row) => gapOf(row.call_id, kindOf(row.source ?? ""))),
    minutes: new Map(minutes.map((row) => [row.call_id ?? "", row])),
  };
}

function compareModels(book: Book, invoices: Invoices, callByNumber: ReadonlyMap<string, string>): Compared {
  const exact: UseKind[] = [];
  const estimated: Estimated[] = [];
  const lost: Wrong[] = [];
  const twice: Wrong[] = [];
  const callOf = ({ sessionId }: InvoiceLine): string | null => callByNumber.get(invoices.numberOfSession.get(sessionId) ?? "") ?? null;
  const unreported: { readonly line: InvoiceLine; readonly callId: string }[] = [];
  for (const line of invoices.models) {
    const rows = book.byUse.get(idOf(line)) ?? [];
    const [row] = rows;
    const callId = callOf(line);
    if (rows.length > 1) twice.push({ callId, sentence: `${line.kind} ${idOf(line)} was charged ${rows.length} times` });
    if (row?.estimated === true) {
      estimated.push({ callId: row.call_id, kind: line.kind, by: "node", estimate: owedBy(row), billed: costOf(line) });
    } else if (row) {
      if (bookedUnits(row) === billedUnits(line)) exact.push(line.kind);
      else
        lost.push({
          callId,
          sentence: `${line.kind} ${idOf(line)}: the vendor bills ${billedUnits(line)}, and the books have ${bookedUnits(row)}`,
        });
    } else unreported.push({ line, callId: callId ?? "" });
  }
  const gaps = Map.groupBy(unreported, ({ line, callId }) => gapOf(callId, line.kind));
  // An estimate of the biller stands for what one node of one call did not report, one response or all transcriptions, or for one answer.
  for (const key of new Set([...gaps.keys(), ...book.estimates.keys()])) {
    const [callId = "", kind = ""] = key.split(" ");
    const gap = gaps.get(key) ?? [];
    const rows = book.estimates.get(key) ?? [];
    const covered = kind === "transcription" && rows.length > 0 ? gap.length : rows.length;
    const billedOf = (lines: typeof gap): Micros => micros(lines.reduce((all, { line }) => all + costOf(line), 0n));
    for (const [index, row] of rows.entries()) {
      // One for one, in the order in which they were; the last one stands for whatever is left that an estimate may stand for.
      const lines = gap.slice(index, index === rows.length - 1 ? covered : index + 1);
      estimated.push({ callId, kind: kindOf(kind), by: "biller", estimate: owedBy(row), billed: billedOf(lines) });
    }
    for (const { line } of gap.slice(covered))
      lost.push({
        callId: callId === "" ? null : callId,
        sentence: `${line.kind} ${idOf(line)} of ${callId === "" ? "no call" : callId}: the vendor bills ${formatMicros(costOf(line))}`,
      });
  }
  const known = new Set(invoices.models.map(idOf));
  for (const [id, rows] of book.byUse) {
    const row = known.has(id) ? undefined : rows[0];
    if (row?.estimated === true)
      estimated.push({ callId: row.call_id, kind: kindOf(row.source ?? ""), by: "node", estimate: owedBy(row), billed: micros(0) });
    else if (row) twice.push({ callId: row.call_id, sentence: `${row.idempotency_key} was charged, and no vendor bills it` });
  }
  return { exact, estimated, lost, twice };
}

function compareCarrier(book: Book, bill: ReadonlyMap<string, bigint>, records: readonly Recorded[]): Compared {
  const exact: UseKind[] = [];
  const estimated: Estimated[] = [];
  const lost: Wrong[] = [];
  const twice: Wrong[] = [];
  const recorded = new Set<string>();
  for (const { id, callSid } of records) {
    const billed = micros(callSid === null ? 0n : (bill.get(callSid) ?? 0n));
    if (callSid !== null) recorded.add(callSid);
    const row = book.minutes.get(id);
    const booked = row ? owedBy(row) : micros(0);
    if (row?.estimated === true) estimated.push({ callId: id, kind: "telephony", by: "biller", estimate: booked, billed });
    else if (booked === billed) exact.push("telephony");
    else
      (booked < billed ? lost : twice).push({
        callId: id,
        sentence: `telephony of ${id}: the carrier bills ${formatMicros(billed)}, booked are ${formatMicros(booked)}`,
      });
  }
  for (const [callSid, price] of bill)
    if (!recorded.has(callSid) && price > 0n)
      lost.push({
        callId: null,
        sentence: `telephony of ${callSid}: the carrier bills ${formatMicros(micros(price))}, and there is no record`,
      });
  return { exact, estimated, lost, twice };
}

async function recordedCalls(db: Db): Promise<readonly Recorded[]> {
  const rows = await db.selectFrom("calls").select(["id", "twilio_call_sid", "direction", "from_number", "to_number"]).execute();
  return rows.map((row) => ({
    id: row.id,
    callSid: row.twilio_call_sid,
    number: row.direction === "inbound" ? row.from_number : row.to_number,
  }));
}

/** The vendor does not say for which call an answer in text was. */
const gapOf = (callId: string | null, kind: UseKind): string => (kind === "text" ? " text" : `${callId ?? ""} ${kind}`);

const KINDS: readonly UseKind[] = ["response", "transcription", "text", "telephony"];
const kindOf = (source: string): UseKind => KINDS.find((kind) => kind === source) ?? "text";

function movedBy({ postings }: StatementRow, ...accounts: readonly string[]): Micros {
  return micros(postings.reduce((sum, { account, amount }) => (accounts.includes(account) ? sum + amount : sum), 0n));
}

/** To vendors, in their own figures or ours. */
const owedBy = (row: StatementRow): Micros => movedBy(row, "models", "telephony", "unobserved");

const costOf = (line: InvoiceLine): Micros => micros(billOf(line).reduce((sum, { micros: cost }) => sum + cost, 0n));
