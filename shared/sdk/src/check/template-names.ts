/** What a `{{…}}` in a prompt can name. The renderer knows the values; here are only the names that can ever have one. */
export const TEMPLATE_VARIABLES: readonly string[] = [
  "currentTime",
  "datetime",
  "timestamp",
  "organizationName",
  "organizationId",
  "agentName",
  "agent.name",
  "agent.slug",
  "userId",
  "threadId",
  "message",
  "threadContext.channel",
  "threadContext.channelStatus",
  "threadContext.parentThreadId",
  "entityTypes",
  "roles",
];

/** Objects and lists: any path may follow. */
export const TEMPLATE_TREES: readonly string[] = ["threadContext.metadata", "thread.metadata", "entityTypes", "roles"];

export const TEMPLATE_FUNCTIONS: readonly string[] = ["entity.query", "entity.get"];

/** Before a parameter's name. */
export const PARAMS = "threadContext.params";

/** Parameters that the platform gives without being asked: the number on every call, the rest on calls that `voice.call` places. */
export const GIVEN_PARAMS: readonly string[] = ["callerNumber", "entityType", "entityId", "entity", "metadata", "parentContext"];
