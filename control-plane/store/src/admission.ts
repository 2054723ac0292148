/**
 * Whether a call may begin is the domain's rule (admission.ts); here the books are locked for it, so that of a thousand calls that begin at
 * once each sees what those before it have left. The lock is held for three round trips: a question, what it decides, and the commit.
 */
import {
  admitCall as decideAdmission,
  type Allowance,
  type CallPrice,
  type CallRefusal,
  callReserve,
  type Counted,
  defaultLimits,
  isCapped,
  type Pace,
} from "@struere/domain";
import { type ApiKeyId, type CallId, Fault, micros, ok, type Result } from "@struere/kernel";
import { type Selectable, sql } from "kysely";
import { type AllowanceState, setNextTurn, stateOfText } from "./allowances.ts";
import { holdOf, nameOf } from "./call-credit.ts";
import type { Db } from "./database.ts";
import { setNextTurnOfEnvironment } from "./dialling-policy.ts";
import { booksOf, type BooksRead, CURRENCY, postTo } from "./ledger.ts";
import type { AllowanceTable, DiallingPolicyTable, TextRow } from "./schema.ts";
import type { Scope } from "./scope.ts";

export interface CallToAdmit {
  readonly callId: CallId;
  readonly keyId: ApiKeyId | null;
  /** The number that is dialled; `null` for a call that comes in. */
  readonly dialled: string | null;
  readonly price: CallPrice;
  readonly now: Date;
}

/**
 * Reserves the credit of a call that is about to begin, and its turn if it is dialled, or says why not. In the transaction that writes the
 * call down; the lock is held until that ends. The call itself may stand there already, and is not counted.
 */
export async function admitCall(tx: Db, scope: Scope, call: CallToAdmit): Promise<Result<{ readonly dialAt: Date }, CallRefusal>> {
  const { callId, keyId, dialled, now } = call;
  const facts = await readFacts(tx, scope, call);
  const books = booksOf(facts.books);
  const states = statesOf(facts, keyId);
  const wanted = callReserve(call.price, 0).full;
  const allowances = allowancesBy(scope, facts, keyId);
  const paces = dialled === null ? [] : pacesOf(scope, facts, states);
  const decided = decideAdmission({
    currency: books.currency,
    creditLimit: books.creditLimit,
    available: books.balances.available,
    allowances,
    wanted,
    atATime: atATime(scope, facts, states, dialled),
    toNumber: toNumber(scope, facts, states),
    paces,
    now: now.getTime(),
  });
  if (!decided.ok) return decided;
  for (const [index, at] of decided.value.nextTurnsAt.entries()) await setTurn(tx, scope, paces[index]?.keyId ?? null, at, now);
  const admitted = ok({ dialAt: new Date(decided.value.dialAt) });
  if (books.creditLimit === null && !allowances.some(isCapped)) return admitted;
  const [posted] = await postTo(tx, scope, books, [holdOf(call, `hold:${callId}`, wanted)], now);
  if (!posted?.ok)
    throw new Fault("internal", `credit was there and could not be reserved: ${posted?.problem.detail ?? "nothing answered"}`);
  return admitted;
}

/** With what is reserved for each: the environment's first. */
export function allowancesBy(scope: Scope, facts: Facts, keyId: ApiKeyId | null): readonly Allowance[] {
  const { held: heldByAll } = booksOf(facts.books).balances;
  return statesOf(facts, keyId).map((state): Allowance => {
    const held = state.keyId === null ? heldByAll : micros(BigInt(facts.heldOfKey ?? 0));
    return { of: nameOf(scope, state.keyId), caps: state.caps, spent: state.spent, held };
  });
}

/** What `read_admission` answers, once it has the lock. */
interface Facts {
  readonly books: BooksRead;
  /** The environment's, and the key's. */
  readonly allowances: readonly TextRow<Selectable<AllowanceTable>>[];
  readonly policy: TextRow<DiallingPolicyTable> | null;
  /** Calls that are going on; `null`: nothing limits them. */
  readonly live: Count | null;
  /** Calls placed to the number within a day. */
  readonly toNumber: Count | null;
  readonly heldOfKey: string | null;
}

interface Count {
  readonly all: number;
  readonly ofKey: number;
}

export async function readFacts(
  tx: Db,
  { organizationId, environment }: Scope,
  { callId, keyId, dialled, now }: Pick<CallToAdmit, "keyId" | "dialled" | "now"> & { readonly callId: string },
): Promise<Facts> {
  const { rows } = await sql<{ facts: Facts }>`
    select read_admission(${organizationId}, ${environment}, ${CURRENCY}, ${now}, ${callId}, ${keyId ?? ""}, ${dialled ?? ""}) as facts
  `.execute(tx);
  const [row] = rows;
  if (!row) throw new Fault("internal", "the books were read and there is nothing");
  return row.facts;
}

/** The environment's first. */
function statesOf({ allowances }: Facts, keyId: ApiKeyId | null): readonly AllowanceState[] {
  const of = (id: ApiKeyId | null): AllowanceState =>
    stateOfText(
      id,
      allowances.find(({ subject }) => subject === (id ?? "")),
    );
  return [of(null), ...(keyId === null ? [] : [of(keyId)])];
}

function countOf(count: Count | null, { keyId }: AllowanceState): number {
  return (keyId === null ? count?.all : count?.ofKey) ?? 0;
}

/** Of the environment only what its owner has set, for a call that comes in; what is dialled has a limit in any case. */
function atATime(scope: Scope, { policy, live }: Facts, states: readonly AllowanceState[], dialled: string | null): readonly Counted[] {
  const set = policy?.max_concurrent === null || policy === null ? null : Number(policy.max_concurrent);
  const ofEnvironment = set ?? (dialled === null ? null : defaultLimits(scope.environment).maxConcurrent);
  return states.flatMap((state) => {
    const most = state.keyId === null ? ofEnvironment : state.maxConcurrent;
    return most === null ? [] : [{ of: nameOf(scope, state.keyId), count: countOf(live, state), most }];
  });
}

function toNumber(scope: Scope, facts: Facts, states: readonly AllowanceState[]): readonly Counted[] {
  if (facts.toNumber === null) return [];
  return states.flatMap((state) =>
    state.callsPerNumber === null
      ? []
      : [{ of: nameOf(scope, state.keyId), count: countOf(facts.toNumber, state), most: state.callsPerNumber }],
  );
}

type PaceOf = Pace & { readonly keyId: ApiKeyId | null };

/** The environment's in any case, and the key's if it has one. */
function pacesOf(scope: Scope, { policy }: Facts, states: readonly AllowanceState[]): readonly PaceOf[] {
  const set = policy?.calls_per_second ?? null;
  const ofEnvironment = set === null ? defaultLimits(scope.environment).callsPerSecond : Number(set);
  const turn = Date.parse(policy?.next_turn_at ?? "1970-01-01");
  return states.flatMap((state): readonly PaceOf[] => {
    const { keyId, callsPerSecond, nextTurnAt } = state;
    const of = nameOf(scope, keyId);
    if (keyId === null) return [{ keyId, of, callsPerSecond: ofEnvironment, nextTurnAt: turn }];
    return callsPerSecond === null ? [] : [{ keyId, of, callsPerSecond, nextTurnAt: nextTurnAt.getTime() }];
  });
}

async function setTurn(tx: Db, scope: Scope, keyId: ApiKeyId | null, at: number, now: Date): Promise<void> {
  if (keyId === null) await setNextTurnOfEnvironment(tx, scope, new Date(at), now);
  else await setNextTurn(tx, scope, keyId, new Date(at));
}
