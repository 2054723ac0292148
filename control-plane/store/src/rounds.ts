/**
 * Rounds of repeated work. Every process asks for each of them, and whoever asks first when it is due does it, while the others do nothing: so
 * there is nobody who has to be replaced when he dies. Only work that may be done twice at once is done so: a process that stands still for
 * longer than its lease, or whose clock is wrong, comes to it beside another one.
 */
import { sql } from "kysely";
import type { Db } from "./database.ts";

export interface RoundToTake {
  readonly kind: "billing" | "credit";
  /** The asker's own, of this one round. */
  readonly token: string;
  readonly now: Date;
  /** Until then it is the asker's alone, if nothing more is heard of him. */
  readonly until: Date;
}

export interface RoundTaken {
  readonly taken: boolean;
  /** As it was before; `null`: there had been no round. */
  readonly dueAt: Date | null;
}

/** What is due later than anybody could have said has been written by a clock that was wrong: no round rests for so long. */
const FARTHEST_MS = 60_000;

/** In one statement, so that of all that ask at once one has it. @throws what `faultOfDatabase` reads: nothing was taken then. */
export async function takeRound(db: Db, { kind, token, now, until }: RoundToTake): Promise<RoundTaken> {
  const { rows } = await sql<RoundTaken>`
    with taken as (
      insert into rounds as round (kind, due_at, token) values (${kind}, ${until}, ${token})
      on conflict (kind) do update set due_at = excluded.due_at, token = excluded.token
      where round.due_at <= ${now} or round.due_at > ${new Date(now.getTime() + FARTHEST_MS)}
      returning kind
    )
    select exists (select from taken) as taken, (select due_at from rounds where kind = ${kind}) as "dueAt"`.execute(db);
  return rows[0] ?? { taken: false, dueAt: null };
}

/** While a round lasts, and when it is over: when the next one is due. False: it has been taken over. */
export async function setRoundDue(db: Db, round: Pick<RoundToTake, "kind" | "token"> & { readonly dueAt: Date }): Promise<boolean> {
  const set = await db
    .updateTable("rounds")
    .set({ due_at: round.dueAt })
    .where("kind", "=", round.kind)
    .where("token", "=", round.token)
    .executeTakeFirst();
  return set.numUpdatedRows > 0n;
}
