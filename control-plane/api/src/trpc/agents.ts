import { Fault } from "@struere/kernel";
import { getAgent, inTransaction, listAgents, removeAgent, setAgent } from "@struere/store";
import { AgentDefinition, agentWarnings } from "struere";
import { z } from "zod";
import { audit } from "./audit.ts";
import { checkAgent } from "./definitions.ts";
import { procedure, router } from "./init.ts";
import { NoInput } from "./input.ts";

const BySlug = z.strictObject({ slug: z.string().max(64) });

export const agentsRouter = router({
  list: procedure("sync")
    .input(NoInput)
    .query(async ({ ctx }) => (await listAgents(ctx.db, ctx.scope)).map(({ definition: _, ...agent }) => agent)),

  get: procedure("sync")
    .input(BySlug)
    .query(async ({ ctx, input }) => {
      const agent = await getAgent(ctx.db, ctx.scope, input.slug);
      if (!agent) throw noSuchAgent(input.slug, ctx.scope.environment);
      return agent;
    }),

  /** Creates the agent or changes it: a new version only when the definition differs. `warnings`: what is legal but should be looked at. */
  set: procedure("sync")
    .input(z.strictObject({ definition: AgentDefinition }))
    .mutation(async ({ ctx, input: { definition } }) => {
      const { slug, name, description = null } = definition;
      return await inTransaction(ctx.db, async (tx) => {
        await checkAgent(tx, ctx.scope, definition, ctx.now);
        const { agent, changed } = await setAgent(tx, ctx.scope, { slug, name, description, definition, now: ctx.now });
        if (changed) await audit(tx, ctx, { action: "agent.set", subject: slug, detail: { version: agent.version } });
        return { agent, changed, warnings: agentWarnings(definition, ctx.now.toISOString().slice(0, 10)) };
      });
    }),

  /** Takes the agent out of the key's environment. Refused while a connection or a router there needs it. */
  delete: procedure("sync")
    .input(BySlug)
    .mutation(async ({ ctx, input: { slug } }) => {
      return await inTransaction(ctx.db, async (tx) => {
        const removal = await removeAgent(tx, ctx.scope, slug, ctx.now);
        if (removal.outcome === "not_found") throw noSuchAgent(slug, ctx.scope.environment);
        if (removal.outcome === "in_use") {
          const users = [
            ...removal.connections.map((connection) => `the number ${connection.phoneNumber}`),
            ...removal.routers.map((one) => `the router "${one}"`),
          ];
          throw new Fault("failed_precondition", `agent "${slug}" is needed by ${users.join(", ")}; bind them to another agent first`);
        }
        await audit(tx, ctx, { action: "agent.deleted", subject: slug });
        return { slug };
      });
    }),
});

function noSuchAgent(slug: string, environment: string): Fault {
  return new Fault("not_found", `there is no agent "${slug}" in ${environment}`);
}
