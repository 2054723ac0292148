/** entity.query, get, create, update, delete: the store's own questions, asked as the agent that the roles make of it. */
import type { ToolArguments } from "@struere/domain";
import { agentActor, type Db, type Entity, entityStore } from "@struere/store";
import { z } from "zod";
import type { Ran, ToolPlan } from "./tool-plan.ts";
import type { ToolRequest, ToolServices } from "./tool-request.ts";

// The tool's schema was checked before; this is where the compiler learns of it.
const text = z.exactOptional(z.string());
const Query = z.object({ type: z.string(), filters: z.exactOptional(z.unknown()), status: text, limit: z.exactOptional(z.number()) });
const Find = z.object({ id: z.string(), type: text });
const Create = z.object({ type: z.string(), data: z.unknown(), status: text });
const Update = z.object({ id: z.string(), type: text, data: z.unknown(), status: text });

export function planEntityTool({ clock }: Pick<ToolServices, "clock">, request: ToolRequest, given: ToolArguments): ToolPlan {
  return {
    kind: "transaction",
    async work(tx): Promise<Ran> {
      const actor = await entityActorOf(tx, request);
      const entities = entityStore(tx, { now: () => new Date(clock.wall()) });
      switch (request.name) {
        case "entity.query": {
          const page = await entities.query(actor, Query.parse(given));
          return { output: { data: page.items.map(showEntity), hasMore: page.nextCursor !== null } };
        }
        case "entity.get":
          return { output: showEntity(await entities.get(actor, Find.parse(given))) };
        case "entity.create":
          return { output: showEntity(await entities.create(actor, Create.parse(given))) };
        case "entity.update":
          return { output: { success: true, ...showEntity(await entities.update(actor, Update.parse(given))) } };
        default:
          await entities.delete(actor, Find.parse(given));
          return { output: { success: true } };
      }
    },
  };
}

/** Who the agent is for the store. What scope rules call `actor.callerNumber` is the network's word about the call, nobody else's. */
export async function entityActorOf(
  db: Db,
  { scope, agent, call, ...before }: Pick<ToolRequest, "scope" | "agent" | "call"> & { readonly callerNumber?: string | undefined },
) {
  const callerNumber = call ? (call.direction === "inbound" ? call.from_number : call.to_number) : before.callerNumber;
  return await agentActor(db, scope, { roles: agent.roles, ...(callerNumber === undefined ? {} : { attributes: { callerNumber } }) });
}

export function showEntity({ id, type, status, data, createdAt, updatedAt }: Entity) {
  return { id, type, status, data, createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString() };
}
