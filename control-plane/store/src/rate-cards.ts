/** Rate cards as they were when something was billed by them. A version is named after what is in it, and never changes. */
import type { RateCard } from "@struere/domain";
import type { Db } from "./database.ts";
import { digestOf } from "./digest.ts";

/** The same prices have the same version, in every process and at every start. @param label for people, such as a month. */
export function versionOfCard(label: string, prices: Omit<RateCard, "version">): string {
  return `${label}-${digestOf(prices).slice(0, 8)}`;
}

/** Keeps a card for as long as there are books. */
export async function keepRateCard(db: Db, card: RateCard, now: Date): Promise<void> {
  await db
    .insertInto("rate_cards")
    .values({ version: card.version, card: JSON.stringify(card), created_at: now })
    .onConflict((conflict) => conflict.column("version").doNothing())
    .execute();
}

export async function findRateCard(db: Db, version: string): Promise<RateCard | undefined> {
  const row = await db.selectFrom("rate_cards").select("card").where("version", "=", version).executeTakeFirst();
  return row?.card;
}
