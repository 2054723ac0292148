/** What functions in a prompt do: they read as the agent that the prompt belongs to, and can do no more than it. */
import { createHash } from "node:crypto";
import { findBuiltinTool, readToolArguments, type TemplateCall } from "@struere/domain";
import { Fault } from "@struere/kernel";
import { entityStore } from "@struere/store";
import { z } from "zod";
import { entityActorOf, showEntity } from "../tools/entity-tools.ts";
import { UnknownOutcome } from "../tools/guard/guarded-request.ts";
import { callHttpTool } from "../tools/http-tool.ts";
import { readOwnTools } from "../tools/own-tools.ts";
import { guardedServices } from "../tools/tool-plan.ts";
import type { ToolRequest, ToolServices } from "../tools/tool-request.ts";

/** Whose prompt it is. */
export type TemplateActor = Pick<ToolRequest, "scope" | "agent" | "call"> & {
  readonly threadId: string;
  /** Of a call that has no row yet. */
  readonly callerNumber?: string | undefined;
};

type Argument = { readonly [name: string]: unknown };

const text = z.exactOptional(z.string());
const Query = z.object({ type: z.string(), filters: z.exactOptional(z.unknown()), status: text, limit: z.exactOptional(z.number()) });
const Find = z.object({ id: z.string(), type: text });

/** Never throws for what a prompt says; whatever the world does is a failure of this one place. */
export function templateFunctions(services: ToolServices, actor: TemplateActor, signal: AbortSignal) {
  return async (name: string, argument: Argument): Promise<TemplateCall> => {
    try {
      switch (name) {
        case "entity.query":
        case "entity.get":
          return { kind: "value", value: await askEntities(services, actor, name, argument) };
        default:
          return await callOwn(services, actor, { name, argument }, signal);
      }
    } catch (thrown) {
      return outcomeOf(thrown);
    }
  };
}

async function askEntities(services: ToolServices, actor: TemplateActor, name: string, argument: Argument): Promise<unknown> {
  const tool = findBuiltinTool(name);
  if (!tool) throw new Fault("internal", `there is no tool ${name}`);
  const given = readToolArguments(tool.parameters, JSON.stringify(argument));
  if (!given.ok) throw new Fault("invalid_argument", given.problem);
  const entities = entityStore(services.db);
  const reader = await entityActorOf(services.db, actor);
  if (name === "entity.get") return showEntity(await entities.get(reader, Find.parse(given.value)));
  return (await entities.query(reader, Query.parse(given.value))).items.map(showEntity);
}

async function callOwn(
  services: ToolServices,
  actor: TemplateActor,
  { name, argument }: { readonly name: string; readonly argument: Argument },
  signal: AbortSignal,
): Promise<TemplateCall> {
  const { scope, agent, threadId, call } = actor;
  const tool = (await readOwnTools(services.db, scope, call)).http(name);
  if (!tool) return { kind: "not_found" };
  const argumentsJson = JSON.stringify(argument);
  const given = readToolArguments(tool.parameters, argumentsJson);
  if (!given.ok) throw new Fault("invalid_argument", given.problem);
  // The same prompt of the same conversation may be rendered again: the owner's server sees the same key.
  const key = createHash("sha256").update(`${name}\n${argumentsJson}`).digest("hex").slice(0, 24);
  const value = await callHttpTool(guardedServices(services, scope), {
    scope,
    tool,
    arguments: given.value,
    agent: agent.slug,
    threadId,
    callId: call?.id ?? null,
    idempotencyKey: `template:${threadId}:${key}`,
    signal,
  });
  return { kind: "value", value };
}

function outcomeOf(thrown: unknown): TemplateCall {
  if (thrown instanceof UnknownOutcome) return { kind: "failed", problem: "the server gave no whole answer in time" };
  const fault = Fault.from(thrown);
  if (fault.code === "permission_denied") return { kind: "denied", problem: fault.sentence };
  return { kind: "failed", problem: fault.sentence };
}
