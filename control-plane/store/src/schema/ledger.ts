/** Money: prices, books, holds, and what may be spent. */
import type { Account, EntryKind, PricedLine, RateCard } from "@struere/domain";
import type { ApiKeyId, CallId, Environment, Micros, OrganizationId, ThreadId } from "@struere/kernel";
import type { ColumnType, Selectable } from "kysely";
import type { Money, MoneyOrNull } from "./columns.ts";
import type { TextUsageTable } from "./threads.ts";

export interface RateCardTable {
  version: string;
  card: ColumnType<RateCard, string, never>;
  created_at: ColumnType<Date, Date, never>;
}

export interface LedgerTable {
  organization_id: OrganizationId;
  environment: Environment;
  currency: string;
  credit_limit_micros: ColumnType<number | bigint | null, Micros | null, Micros | null>;
  available_micros: ColumnType<number | bigint, never, Micros>;
  held_micros: ColumnType<number | bigint, never, Micros>;
  funding_micros: ColumnType<number | bigint, never, Micros>;
  models_micros: ColumnType<number | bigint, never, Micros>;
  telephony_micros: ColumnType<number | bigint, never, Micros>;
  unobserved_micros: ColumnType<number | bigint, never, Micros>;
  markup_micros: ColumnType<number | bigint, never, Micros>;
  recovery_micros: ColumnType<number | bigint, never, Micros>;
  created_at: Date;
}

/** What was used: a response or transcription of a call, a text response by its purpose, or the carrier. */
export type UseSource = "response" | "transcription" | TextUsageTable["purpose"] | "audit" | "telephony" | "transfer" | "media_stream";

export interface LedgerTransactionTable {
  id: ColumnType<number, never, never>;
  organization_id: ColumnType<OrganizationId, OrganizationId, never>;
  environment: ColumnType<Environment, Environment, never>;
  idempotency_key: ColumnType<string, string, never>;
  kind: ColumnType<EntryKind, EntryKind, never>;
  amount_micros: Money;
  /** Balances once it was posted. */
  available_after_micros: Money;
  held_after_micros: Money;
  hold_id: ColumnType<string | null, string | null, never>;
  call_id: ColumnType<CallId | null, CallId | null, never>;
  thread_id: ColumnType<ThreadId | null, ThreadId | null, never>;
  source: ColumnType<UseSource | null, UseSource | null, never>;
  model: ColumnType<string | null, string | null, never>;
  rate_card_version: ColumnType<string | null, string | null, never>;
  estimated: ColumnType<boolean, boolean, never>;
  lines: ColumnType<readonly StoredLine[], string, never>;
  /** Who made it: `key:…`, or a part of the system. */
  actor: ColumnType<string, string, never>;
  note: ColumnType<string | null, string | null, never>;
  /** The idempotency key of the charge that this one corrects. */
  corrects: ColumnType<string | null, string | null | undefined, never>;
  /** When what it is about happened; a late report is posted later. */
  occurred_at: ColumnType<Date, Date, never>;
  posted_at: ColumnType<Date, Date, never>;
}

/** As JSON: money is text in it, which stays exact. */
export type StoredLine = Omit<PricedLine, "cost"> & { readonly costMicros: string };

export interface LedgerPostingTable {
  transaction_id: ColumnType<number, number, never>;
  account: ColumnType<Account, Account, never>;
  amount_micros: Money;
}

export interface CreditHoldTable {
  id: string;
  organization_id: OrganizationId;
  environment: Environment;
  state: "open" | "released" | "expired";
  remaining_micros: Money;
  opened_at: Date;
  expires_at: Date;
  closed_at: Date | null;
  /** Of an answer in writing that a key asked for; a call knows its own. */
  api_key_id: ColumnType<ApiKeyId | null, ApiKeyId | null | undefined, ApiKeyId | null>;
}

export interface AllowanceTable {
  organization_id: OrganizationId;
  environment: Environment;
  /** Empty: the environment. Else a key's id. */
  subject: string;
  hour_cap_micros: MoneyOrNull;
  day_cap_micros: MoneyOrNull;
  month_cap_micros: MoneyOrNull;
  max_concurrent: number | null;
  calls_per_second: number | null;
  calls_per_number: number | null;
  next_turn_at: ColumnType<Date, Date | undefined, Date>;
  hour_starts_at: Date;
  hour_spent_micros: ColumnType<number | bigint, Micros | undefined, Micros>;
  day_starts_at: Date;
  day_spent_micros: ColumnType<number | bigint, Micros | undefined, Micros>;
  month_starts_at: Date;
  month_spent_micros: ColumnType<number | bigint, Micros | undefined, Micros>;
}

export type LedgerTransaction = Selectable<LedgerTransactionTable>;
