/** What the variables of a prompt stand for. Every value is data; nothing here is read as a template. */
import { valueAt } from "@struere/domain";
import type { JsonObject, Scope } from "@struere/store";

/** The conversation, as templates see it. */
export interface TemplateThread {
  readonly id: string;
  readonly channel: string;
  readonly channelStatus?: string | undefined;
  readonly params: JsonObject;
  readonly metadata?: JsonObject | undefined;
  readonly parentThreadId?: string | null | undefined;
}

export interface TemplateFacts {
  readonly scope: Scope;
  readonly organizationName: string;
  readonly agent: { readonly slug: string; readonly name: string; readonly roles: readonly string[] };
  readonly thread: TemplateThread;
  /** The newest message; `null`: none yet, as when a phone is answered. */
  readonly message: string | null;
  readonly wallMs: number;
  /** Of which the agent may do anything at all. */
  readonly entityTypes: readonly { readonly slug: string; readonly name: string; readonly schema: unknown }[];
}

/** `undefined`: there is no such name; `null`: it is empty here. */
export function templateValues(facts: TemplateFacts): (path: readonly string[]) => unknown {
  const { scope, agent, thread, message, wallMs } = facts;
  const now = new Date(wallMs).toISOString();
  const metadata = thread.metadata ?? {};
  const values = {
    currentTime: now,
    datetime: now,
    timestamp: wallMs,
    organizationName: facts.organizationName,
    organizationId: scope.organizationId,
    agentName: agent.name,
    agent: { name: agent.name, slug: agent.slug },
    // Nobody signs in to a conversation with an agent.
    userId: null,
    threadId: thread.id,
    message,
    threadContext: {
      channel: thread.channel,
      channelStatus: thread.channelStatus ?? null,
      parentThreadId: thread.parentThreadId ?? null,
      params: thread.params,
      metadata,
    },
    thread: { metadata },
    entityTypes: facts.entityTypes.map(({ slug, name, schema }) => ({ slug, name, schema })),
    roles: agent.roles,
  };
  return (path) => valueAt(values, path);
}
