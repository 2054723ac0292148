/** A project as a whole: what a sync would change, and the sync. */
import type { JsonObject } from "@struere/store";
import type { DefinitionKind } from "struere";
import { z } from "zod";
import { ProjectInput } from "../sync/project-input.ts";
import { runSync, type PlannedChange, planSync } from "../sync/sync-project.ts";
import { audit } from "./audit.ts";
import { procedure, router } from "./init.ts";

const Order = z.strictObject({
  project: ProjectInput,
  /** What the environment has and the project has not stays; else it is deleted. */
  keep: z.boolean().default(false),
});

const Run = z.strictObject({
  ...Order.shape,
  /** The `digest` of the plan that was agreed to. */
  planDigest: z.string().max(100),
  allowDelete: z.boolean(),
});

/** As in the audit log of single changes. */
const AUDIT_WORD: { readonly [Kind in DefinitionKind]: string } = {
  agent: "agent",
  router: "router",
  role: "role",
  tools: "tools",
  "entity-type": "entity_type",
};

export const syncRouter = router({
  /** Changes nothing. A mutation all the same: a project does not fit into an address. */
  plan: procedure("sync")
    .input(Order)
    .mutation(async ({ ctx, input: { project, keep } }) => {
      const { digest, changes, problems, warnings } = await planSync(ctx.db, ctx.clock, ctx.scope, { project, keep, now: ctx.now });
      return { digest, environment: ctx.scope.environment, changes: changes.map(showChange), problems, warnings };
    }),

  /** All of the plan or nothing of it. Refused while there is a problem, and when anything has changed since the plan. */
  run: procedure("sync")
    .input(Run)
    .mutation(async ({ ctx, input }) => {
      const { db, clock, scope, now } = ctx;
      const { changes, warnings, versions } = await runSync(db, clock, scope, {
        ...input,
        now,
        done: async (tx, result) => {
          const counts: Record<string, number> = {};
          for (const { kind, slug, action } of result.changes) {
            counts[action] = (counts[action] ?? 0) + 1;
            const version = result.versions.get(`${kind} ${slug}`);
            const detail: JsonObject = version === undefined ? {} : { version };
            if (action === "delete") await audit(tx, ctx, { action: `${AUDIT_WORD[kind]}.deleted`, subject: slug });
            if (version !== undefined) await audit(tx, ctx, { action: `${AUDIT_WORD[kind]}.set`, subject: slug, detail });
          }
          await audit(tx, ctx, { action: "project.synced", subject: scope.environment, detail: counts });
        },
      });
      return {
        environment: scope.environment,
        changes: changes.map((change) => ({
          ...showChange(change),
          version: versions.get(`${change.kind} ${change.slug}`) ?? change.version,
        })),
        warnings,
      };
    }),
});

function showChange({ kind, slug, action, version, diff }: PlannedChange) {
  return { kind, slug, action, version, diff };
}
