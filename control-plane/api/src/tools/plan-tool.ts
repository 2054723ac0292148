/** From a model's words to a plan: may this agent, is it right, what would be done. Nothing is done here. */
import { findBuiltinTool, parseArguments, readToolArguments, type ToolArguments, type ToolParameters } from "@struere/domain";
import { Fault } from "@struere/kernel";
import { planCallTool } from "./call-tools.ts";
import { planAgentChat, planTransfer } from "./conversation-tools.ts";
import { planInject } from "./inject-tool.ts";
import { planEntityTool } from "./entity-tools.ts";
import { callHttpTool } from "./http-tool.ts";
import { callMcpTool, missingArguments } from "./mcp.ts";
import { readOwnTools } from "./own-tools.ts";
import { guardedServices, type ToolPlan } from "./tool-plan.ts";
import type { ToolRequest, ToolServices } from "./tool-request.ts";
import { planVoiceCall } from "./voice-call.ts";

const MCP_MS = 25_000;
/** What a request needs around its own deadline. */
const AROUND_MS = 2_000;

/** @throws Fault: the sentence is for the model. */
export async function planTool(services: ToolServices, request: ToolRequest): Promise<ToolPlan> {
  const { name, agent } = request;
  if (!agent.tools.includes(name)) {
    const legal = agent.tools.join(", ") || "none";
    throw new Fault(
      "permission_denied",
      `Permission denied: agent "${agent.slug}" has no tool "${name.slice(0, 64)}"; its tools: ${legal}`,
    );
  }
  return findBuiltinTool(name) ? planBuiltin(services, request) : await planOwn(services, request);
}

function planBuiltin(services: ToolServices, request: ToolRequest): ToolPlan {
  const { name } = request;
  const tool = findBuiltinTool(name);
  if (!tool) throw new Fault("unimplemented", `there is no tool "${name}"`);
  const given = argumentsOf(tool.parameters, name === "agent.chat" ? withOldName(request.argumentsJson) : request.argumentsJson);
  switch (name) {
    case "agent.chat":
      return planAgentChat(services, request, given);
    case "router.transfer":
      return planTransfer(services, request, given);
    case "voice.call":
      return planVoiceCall(services, request, given);
    case "voice.inject":
      return planInject(services, request, given);
    case "call.end":
    case "call.transfer":
    case "call.sendDigits":
      return planCallTool(services, request, given);
    default:
      return planEntityTool(services, request, given);
  }
}

async function planOwn(services: ToolServices, request: ToolRequest): Promise<ToolPlan> {
  const { scope, name, agent, threadId, call, idempotencyKey } = request;
  const tools = await readOwnTools(services.db, scope, call);
  const guarded = guardedServices(services, scope);
  const tool = tools.http(name);
  if (tool) {
    if (tool.templateOnly === true) throw new Fault("permission_denied", `Permission denied: "${name}" is only for templates`);
    const given = argumentsOf(tool.parameters, request.argumentsJson);
    return {
      kind: "outside",
      maxMs: tool.timeoutMs + AROUND_MS,
      work: async (signal) => ({
        output: await callHttpTool(guarded, {
          scope,
          tool,
          arguments: given,
          agent: agent.slug,
          threadId,
          callId: call?.id ?? null,
          idempotencyKey,
          signal,
        }),
      }),
    };
  }
  const remote = tools.remote(name);
  if (!remote) throw new Fault("not_found", `there is no tool "${name}" in ${scope.environment} any more`);
  const parsed = parseArguments(request.argumentsJson);
  if (!parsed.ok) throw new Fault("invalid_argument", parsed.problem);
  const missing = await missingArguments(guarded, { scope, ...remote, arguments: parsed.value });
  if (missing.length > 0) throw new Fault("invalid_argument", `${missing.join(", ")} missing; required by the tool's schema`);
  return {
    kind: "outside",
    maxMs: MCP_MS,
    work: async (signal) => ({ output: await callMcpTool(guarded, { scope, ...remote, arguments: parsed.value, idempotencyKey, signal }) }),
  };
}

function argumentsOf(schema: ToolParameters, argumentsJson: string): ToolArguments {
  const read = readToolArguments(schema, argumentsJson);
  if (!read.ok) throw new Fault("invalid_argument", read.problem);
  return read.value;
}

/** Prompts that were written elsewhere say `agentSlug`. */
function withOldName(argumentsJson: string): string {
  const parsed = parseArguments(argumentsJson);
  if (!parsed.ok || Object.hasOwn(parsed.value, "agent")) return argumentsJson;
  const { agentSlug, ...rest } = parsed.value;
  return agentSlug === undefined ? argumentsJson : JSON.stringify({ ...rest, agent: agentSlug });
}
