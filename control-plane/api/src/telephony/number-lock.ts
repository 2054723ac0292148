/** One change of a number at a time, in all control planes together: Twilio's settings and our row must change as one. */
import { Fault } from "@struere/kernel";
import { type Db, inTransaction, tryLock } from "@struere/store";

/**
 * @param work gets the transaction that holds the lock; whatever it writes with it is committed when it is done.
 * @throws Fault aborted when somebody else is at this number.
 */
export async function alone<Answer>(db: Db, phoneNumber: string, work: (tx: Db) => Promise<Answer>): Promise<Answer> {
  return await inTransaction(db, async (tx) => {
    if (await tryLock(tx, `number ${phoneNumber}`)) return await work(tx);
    throw new Fault("aborted", `${phoneNumber} is being connected or removed by somebody else right now; try again in a moment`);
  });
}
