import type { AgentDefinition } from "../agent.ts";
import { BUILTIN_TOOLS, isBuiltinTool } from "../builtin-tools.ts";
import { DEFAULT_TEXT_MODEL } from "../models.ts";
import { isMcpServer, type ToolsDefinition } from "../tools.ts";
import { checkModel } from "./check-model.ts";
import { checkParams } from "./check-params.ts";
import type { ProjectDefinitions, Remarks } from "./check-project.ts";
import { checkPrompt } from "./check-prompt.ts";
import type { Remark } from "./finding.ts";

export function checkAgent(project: ProjectDefinitions, agent: AgentDefinition, { problem, warn }: Remarks): void {
  const entityTypes = project.entityTypes.map((type) => type.slug);
  const isOwn = isOwnTool(project.tools);
  for (const remark of checkTools(project, agent)) problem(remark);
  for (const remark of checkRoles(project, agent)) problem(remark);
  for (const remark of checkPrompt(agent, { entityTypes, tools: ownToolNames(project.tools), isTool: isOwn })) problem(remark);
  const model = checkModel("model.model", agent.model?.model ?? DEFAULT_TEXT_MODEL, "text", project.today);
  if (model.problem) problem(model.problem);
  if (model.warning) warn(model.warning);
  for (const { level, ...remark } of checkParams(project, agent)) (level === "problem" ? problem : warn)(remark);
}

function* checkTools({ agents, routers, tools }: ProjectDefinitions, agent: AgentDefinition): Generator<Remark> {
  const isOwn = isOwnTool(tools);
  const templateOnly = tools.flatMap((tool) => (isMcpServer(tool) || tool.templateOnly !== true ? [] : [tool.name]));
  for (const [index, name] of agent.tools.entries()) {
    const field = `tools[${index}]`;
    if (templateOnly.includes(name)) {
      yield { field, message: `"${name}" is templateOnly: prompts may call it as {{${name}(…)}}, an agent may not` };
    } else if (!isBuiltinTool(name) && !isOwn(name)) {
      yield { field, message: `"${name}" is not a tool`, legal: [...BUILTIN_TOOLS, ...ownToolNames(tools)] };
    }
    // Whoever it called would be itself: nobody is there who could speak on the call.
    if (name === "voice.call" && routers.length === 0 && agents.every((other) => other.slug === agent.slug)) {
      const message =
        "voice.call has nobody to call with: this project has no router and no agent but this one; define who speaks on the call";
      yield { field, message };
    }
    if (name === "agent.chat" && agents.every((other) => other.slug === agent.slug)) {
      yield { field, message: "agent.chat has nobody to chat with: this project has no other agent" };
    }
  }
}

function* checkRoles({ roles }: ProjectDefinitions, agent: AgentDefinition): Generator<Remark> {
  const legal = roles.map((role) => role.slug);
  for (const [index, slug] of agent.roles.entries()) {
    if (!legal.includes(slug)) yield { field: `roles[${index}]`, message: `"${slug}" is not a role of this project`, legal };
  }
}

function ownToolNames(tools: ToolsDefinition): string[] {
  return tools.map((tool) => (isMcpServer(tool) ? `${tool.mcp.name}.…` : tool.name));
}

/** Which tools a server offers is known only to the server. */
function isOwnTool(tools: ToolsDefinition): (name: string) => boolean {
  return (name) => tools.some((tool) => (isMcpServer(tool) ? name.startsWith(`${tool.mcp.name}.`) : tool.name === name));
}
