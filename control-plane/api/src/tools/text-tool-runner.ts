/** Tools for agents in writing. */
import type { ToolRunner } from "../text/tool-runner.ts";
import { colleaguesInThread } from "./conversation-tools.ts";
import { offeredTools } from "./offered-tools.ts";
import { runTool } from "./run-tool.ts";
import type { ToolServices } from "./tool-request.ts";

export function textToolRunner(services: ToolServices): ToolRunner {
  return {
    async offeredTools({ actor, agent, thread }) {
      const scope = { organizationId: actor.organizationId, environment: actor.environment };
      const colleagues = await colleaguesInThread(services.db, scope, thread, agent.slug);
      return await offeredTools(services, { scope, agent, channel: "text", colleagues });
    },
    async runTool({ actor, agent, threadId, name, argumentsJson, idempotencyKey, audit, keyId, signal }) {
      const scope = { organizationId: actor.organizationId, environment: actor.environment };
      // The call's effects mean nothing here: no line, no tool that has one.
      const { outputJson, isError, errorType, handoff } = await runTool(services, {
        scope,
        agent: { ...agent, roles: actor.roles },
        threadId,
        name,
        argumentsJson,
        idempotencyKey,
        ...(audit ? { audit } : {}),
        keyId,
        signal,
      });
      return { outputJson, isError, ...(errorType ? { errorType } : {}), ...(handoff ? { handoff: { slug: handoff.slug } } : {}) };
    },
  };
}
