/** Every change through the API leaves a line that says who made it. Written in the change's transaction, where it has one. */
import { type Db, type JsonObject, writeAudit } from "@struere/store";
import type { ProcedureContext } from "./init.ts";

export async function audit(
  db: Db,
  context: ProcedureContext,
  entry: { readonly action: string; readonly subject: string; readonly detail?: JsonObject },
): Promise<void> {
  await writeAudit(db, {
    ...context.scope,
    at: context.now,
    actor: context.key.keyId,
    action: entry.action,
    subject: entry.subject,
    detail: entry.detail ?? {},
  });
}
