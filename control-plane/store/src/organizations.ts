import { Fault, type OrganizationId } from "@struere/kernel";
import type { Db } from "./database.ts";

/** @throws Fault not_found */
export async function getOrganizationName(db: Db, id: OrganizationId): Promise<string> {
  const row = await db.selectFrom("organizations").select("name").where("id", "=", id).executeTakeFirst();
  if (!row) throw new Fault("not_found", `there is no organization ${id}`);
  return row.name;
}
