import { Fault } from "@struere/kernel";
import { getThread, listThreadMessages, listThreads, type Message } from "@struere/store";
import { z } from "zod";
import { procedure, router } from "./init.ts";
import { id, pageFields } from "./input.ts";
import { showThread } from "./view.ts";

const MESSAGES_MAX = 500;

export const threadsRouter = router({
  /** Newest first. */
  list: procedure("calls")
    .input(z.strictObject(pageFields))
    .query(async ({ ctx, input }) => {
      const { items, nextCursor } = await listThreads(ctx.db, ctx.scope, input);
      return { items: items.map(showThread), nextCursor };
    }),

  get: procedure("calls")
    .input(z.strictObject({ id: id("thread") }))
    .query(async ({ ctx, input }) => {
      const thread = await getThread(ctx.db, ctx.scope, input.id);
      if (!thread) throw new Fault("not_found", `there is no thread ${input.id} in ${ctx.scope.environment}`);
      return showThread(thread);
    }),

  /** The newest that were written in it, oldest first. What was said on a call is in the call's record. */
  messages: procedure("calls")
    .input(z.strictObject({ id: id("thread"), limit: z.number().int().min(1).max(MESSAGES_MAX).default(100) }))
    .query(async ({ ctx: { db, scope }, input }) => {
      if (!(await getThread(db, scope, input.id))) throw new Fault("not_found", `there is no thread ${input.id} in ${scope.environment}`);
      return (await listThreadMessages(db, scope, input.id, input.limit)).map(showWritten);
    }),
});

function showWritten(message: Message) {
  return {
    seq: message.seq,
    role: message.role,
    content: message.content,
    agent: message.agent_slug,
    agentVersion: message.agent_version,
    toolCalls: message.tool_calls ?? [],
    toolCallId: message.tool_call_id,
    createdAt: message.created_at,
  };
}
