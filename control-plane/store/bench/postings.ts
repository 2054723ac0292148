/**
 * How fast the books are written: charges captured from open holds of prepaid organizations, posted by `postEntries`, against an embedded
 * Postgres that flushes every commit to the disk as one in production does. Each account is one organization's books with one writer, which
 * posts as fast as it is answered. Afterwards all books are compared with what was acknowledged, to the micro.
 * `npm run bench:postings -- [--accounts 1,10,100] [--batch 1,20] [--connections 8] [--seconds 5] [--volatile]` prints a table and one line
 * of JSON. `--batch` is entries per `postEntries`; `--volatile` flushes nothing: what the machine could do with a perfect disk.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Fault, micros } from "@struere/kernel";
import { startPostgres } from "@struere/runtime/postgres";
import { sql } from "kysely";
import {
  createOrganization,
  type EntryToPost,
  getLedger,
  migrate,
  openDatabase,
  postEntries,
  type Scope,
  setCreditLimit,
  verifyLedger,
} from "../src/index.ts";

const WARM_UP_MS = 2_000;
const CREDIT = 10n ** 15n;
const COST = 1_234n;
const MARKUP = 247n;
/** Of a charge that a hold covers: out of `held`, to `models` and to `markup`. */
const POSTINGS_OF_CHARGE = 3;

interface Account {
  readonly scope: Scope;
  charges: number;
}

const { values } = parseArgs({
  options: {
    accounts: { type: "string", default: "1,10,100" },
    batch: { type: "string", default: "1,20" },
    connections: { type: "string", default: "8" },
    seconds: { type: "string", default: "5" },
    volatile: { type: "boolean", default: false },
  },
});
const accountCounts = numbers("accounts", values.accounts, 1_000);
const batches = numbers("batch", values.batch, 500);
const [connections = 8] = numbers("connections", values.connections, 100);
const [seconds = 5] = numbers("seconds", values.seconds, 60);

await using parts = new AsyncDisposableStack();
const dataDir = values.volatile ? null : await mkdtemp(join(tmpdir(), "struere-postings-"));
if (dataDir !== null) parts.defer(() => rm(dataDir, { recursive: true, force: true }));
const postgres = parts.use(await startPostgres({ dataDir }));
const db = openDatabase({ url: postgres.url, poolMax: connections, statementTimeoutMs: 10_000 });
parts.defer(() => db.destroy());
await migrate(db);

const figures = [];
for (const batch of batches) for (const accounts of accountCounts) figures.push(await measure(accounts, batch));
await checkSum();
console.table(figures);
const { rows: settings } = await sql<{ fsync: string; commit: string }>`
  select current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit`.execute(db);
const conditions = { cores: cpus().length, node: process.version, connections, seconds, ...settings[0] };
console.log(JSON.stringify({ conditions, figures }));

async function measure(count: number, batch: number) {
  const accounts = await Promise.all(Array.from({ length: count }, () => openAccount()));
  await write(accounts, batch, WARM_UP_MS);
  const startedAt = performance.now();
  const took = await write(accounts, batch, seconds * 1_000);
  const overMs = performance.now() - startedAt;
  for (const account of accounts) await checkBooks(account);
  took.sort((a, b) => a - b);
  const perSecond = (amount: number): number => Math.round((amount * 1_000) / overMs);
  const at = (share: number): number => Math.round((took[Math.min(took.length - 1, Math.floor(took.length * share))] ?? 0) * 10) / 10;
  return {
    accounts: count,
    batch,
    commitsPerSecond: perSecond(took.length),
    entriesPerSecond: perSecond(took.length * batch),
    postingsPerSecond: perSecond(took.length * batch * POSTINGS_OF_CHARGE),
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    maxMs: at(1),
  };
}

async function openAccount(): Promise<Account> {
  const now = new Date();
  const scope: Scope = { organizationId: await createOrganization(db, { name: "bench", now }), environment: "production" };
  await setCreditLimit(db, scope, { creditLimit: micros(0n), currency: "USD", now });
  const hold = { kind: "hold", key: "hold", holdId: "call", amount: micros(CREDIT), expiresAt: now.getTime() + 86_400_000 } as const;
  await postAll(scope, [
    { actor: "bench", entry: { kind: "credit", key: "credit", amount: micros(CREDIT) } },
    { actor: "bench", entry: hold },
  ]);
  return { scope, charges: 0 };
}

/** @returns milliseconds of each `postEntries`. */
async function write(accounts: readonly Account[], batch: number, forMs: number): Promise<number[]> {
  const until = performance.now() + forMs;
  const took: number[] = [];
  await Promise.all(
    accounts.map(async (account) => {
      while (performance.now() < until) {
        const entries = Array.from({ length: batch }, (_, index) => charge(account.charges + index));
        const sentAt = performance.now();
        await postAll(account.scope, entries);
        took.push(performance.now() - sentAt);
        account.charges += batch;
      }
    }),
  );
  return took;
}

function charge(index: number): EntryToPost {
  const [cost, markup] = [micros(COST), micros(MARKUP)];
  return {
    actor: "biller",
    entry: { kind: "charge", key: `use:${index}`, holdId: "call", to: "models", cost, markup, payer: "organization" },
    source: "response",
    model: "gpt-realtime-2.1-mini",
    rateCardVersion: "bench",
    lines: [{ item: "audio_in", quantity: 400, rate: 10_000, cost }],
  };
}

/** @throws Fault when one of them moved nothing: then it would not have been measured. */
async function postAll(scope: Scope, entries: readonly EntryToPost[]): Promise<void> {
  const answers = await postEntries(db, scope, entries, new Date());
  for (const answer of answers) {
    if (!answer.ok) throw new Fault("internal", `an entry was refused: ${answer.problem.detail}`);
    if (!answer.value.transaction) throw new Fault("internal", "an entry had been posted before");
  }
}

async function checkBooks({ scope, charges }: Account): Promise<void> {
  const problems = [...(await verifyLedger(db, scope))];
  const { balances } = await getLedger(db, scope);
  const [models, markup] = [BigInt(charges) * COST, BigInt(charges) * MARKUP];
  const expected = { available: 0n, held: CREDIT - models - markup, models, markup, funding: -CREDIT } as const;
  for (const account of ["available", "held", "models", "markup", "funding"] as const) {
    if (balances[account] !== expected[account]) problems.push(`${account} is ${balances[account]} and not ${expected[account]}`);
  }
  if (problems.length > 0) throw new Fault("internal", `the books of ${scope.organizationId} are wrong: ${problems.join("; ")}`);
}

/** From the postings alone, over all books. */
async function checkSum(): Promise<void> {
  const { rows } = await sql<{ sum: string; postings: number }>`
    select sum(amount_micros)::text as sum, count(*) as postings from ledger_postings`.execute(db);
  const { sum, postings } = rows[0] ?? { sum: "nothing", postings: 0 };
  if (sum !== "0" || postings === 0) throw new Fault("internal", `${postings} postings sum to ${sum}, not to zero`);
  console.log(`${postings} postings sum to zero, and all books are what was acknowledged`);
}

function numbers(name: string, text: string, most: number): readonly number[] {
  const read = text.split(",").map(Number);
  if (read.every((one) => Number.isInteger(one) && one >= 1 && one <= most)) return read;
  throw new Fault("invalid_argument", `--${name} ${text}: whole numbers from 1 to ${most} are allowed, with commas between several`);
}
