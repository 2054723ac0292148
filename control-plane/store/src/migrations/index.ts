/** Every migration, in order. A migration that has been released is never edited; the next one corrects it. */
import type { Migration } from "kysely/migration";
import { up as firstCall } from "./0001-first-call.ts";

export const MIGRATIONS: Record<string, Migration> = {
  "0001-first-call": { up: firstCall },
};
