/**
 * Credit for an answer in writing, reserved before the model is asked: under the lock of the books, so that of many at once each sees what the
 * others have taken. The hold has the request's id; the biller captures the charge from it, and gives the rest back.
 */
import { HOLD_EXPIRES_MS, isCapped, spendRefusal, type SpendRefusal } from "@struere/domain";
import { type ApiKeyId, err, Fault, type Micros, ok, type Result, type ThreadId } from "@struere/kernel";
import { allowancesBy, readFacts } from "./admission.ts";
import { type Db, inTransaction } from "./database.ts";
import { booksOf, postEntry, postTo } from "./ledger.ts";
import type { Scope } from "./scope.ts";

export interface AnswerToReserve {
  readonly requestId: string;
  readonly threadId: ThreadId;
  readonly keyId: ApiKeyId | null;
  /** The most that it can cost. */
  readonly wanted: Micros;
  readonly now: Date;
}

/** @returns whether anything was reserved: nothing is where nothing is limited. */
export async function reserveAnswer(db: Db, scope: Scope, answer: AnswerToReserve): Promise<Result<boolean, SpendRefusal>> {
  const { requestId, threadId, keyId, wanted, now } = answer;
  return await inTransaction(db, async (tx) => {
    const facts = await readFacts(tx, scope, { callId: requestId, keyId, dialled: null, now });
    const books = booksOf(facts.books);
    const allowances = allowancesBy(scope, facts, keyId);
    const { currency, creditLimit, balances } = books;
    if (creditLimit === null && !allowances.some(isCapped)) return ok(false);
    const question = { currency, creditLimit, available: balances.available, allowances, wanted, now: now.getTime() };
    const refusal = spendRefusal(question, "an answer");
    if (refusal) return err(refusal);
    const expiresAt = now.getTime() + HOLD_EXPIRES_MS;
    const entry = { kind: "hold", key: `hold:${requestId}`, holdId: requestId, amount: wanted, expiresAt } as const;
    const [posted] = await postTo(tx, scope, books, [{ entry, actor: "credit", threadId }], now);
    if (!posted?.ok)
      throw new Fault("internal", `credit was there and could not be reserved: ${posted?.problem.detail ?? "nothing answered"}`);
    if (keyId !== null)
      await tx
        .updateTable("credit_holds")
        .set({ api_key_id: keyId })
        .where("organization_id", "=", scope.organizationId)
        .where("environment", "=", scope.environment)
        .where("id", "=", requestId)
        .execute();
    return ok(true);
  });
}

/** Of a request that came to nothing, and that nobody bills. */
export async function releaseAnswer(db: Db, scope: Scope, requestId: string, now: Date): Promise<void> {
  await postEntry(db, scope, { entry: { kind: "release", holdId: requestId }, actor: "credit" }, now);
}
