/** What conversations have to bring with them, and whether whoever starts them can. */
import type { AgentDefinition } from "../agent.ts";
import type { ProjectDefinitions } from "./check-project.ts";
import type { Judgement } from "./finding.ts";
import { GIVEN_PARAMS, PARAMS } from "./template-names.ts";
import { PLACES_MAX, templatePlaces } from "./template-places.ts";

/** All that a caller on a phone brings along. */
const CALLER_GIVES: readonly string[] = ["callerNumber"];

/** Who starts an agent's conversations: only callers, callers and agents that place calls, or programs, which can give anything. */
type Starter =
  | { readonly kind: "caller"; readonly where: string }
  | { readonly kind: "placer"; readonly where: string }
  | { readonly kind: "program" };

function starterOf(project: ProjectDefinitions, agent: AgentDefinition): Starter {
  const speaksOn = project.routers.filter((router) => router.agents.some((one) => one.slug === agent.slug));
  const isBound = project.numbers?.some((target) =>
    "agent" in target ? target.agent === agent.slug : speaksOn.some((router) => router.slug === target.router),
  );
  if (isBound) return { kind: "caller", where: "this agent answers a phone number" };
  const phoneRouter = speaksOn.find((router) => router.voiceConfig !== undefined);
  if (!phoneRouter) return { kind: "program" };
  const placesCalls = project.agents.some((other) => other.slug !== agent.slug && other.tools.includes("voice.call"));
  return { kind: placesCalls ? "placer" : "caller", where: `this agent speaks on the router "${phoneRouter.slug}"` };
}

export function* checkParams(project: ProjectDefinitions, agent: AgentDefinition): Generator<Judgement> {
  const starter = starterOf(project, agent);
  const declared = agent.threadContextParams ?? [];
  const required = declared
    .filter((param) => param.required === true && !CALLER_GIVES.includes(param.name))
    .map((param) => `"${param.name}"`);
  if (required.length > 0 && starter.kind !== "program") {
    const message = `requires ${required.join(", ")}, but ${starter.where}, and a caller gives only callerNumber`;
    const answer = "give up required, or let it not answer the phone";
    const remark = { field: "threadContextParams", message: `${message}; ${answer}` };
    if (starter.kind === "caller") yield { level: "problem", ...remark };
    else
      yield {
        level: "warning",
        field: remark.field,
        message: `${message}: only calls placed by voice.call can bring it in metadata; ${answer}`,
      };
  }

  const names = new Set<string>(declared.map((param) => param.name));
  const legal = [...new Set([...names, ...GIVEN_PARAMS])].map((name) => `${PARAMS}.${name}`);
  for (const name of paramsIn(agent.systemPrompt)) {
    if (names.has(name) || GIVEN_PARAMS.includes(name)) continue;
    const place = `{{${PARAMS}.${name}}}`;
    if (starter.kind === "caller") {
      yield {
        level: "problem",
        field: "systemPrompt",
        message: `${place} can never be filled: ${starter.where}, and a caller gives no "${name}"`,
        legal,
      };
    } else {
      const message = `${place} is filled only when whoever starts the conversation happens to give "${name}"; declare it in threadContextParams, so that it is checked`;
      yield { level: "warning", field: "systemPrompt", message };
    }
  }
}

function paramsIn(prompt: string): ReadonlySet<string> {
  const found = new Set<string>();
  let places = 0;
  for (const place of templatePlaces(prompt)) {
    if (++places > PLACES_MAX) break; // `checkPrompt` says so.
    if (place.kind === "variable" && place.name.startsWith(`${PARAMS}.`))
      found.add(place.name.slice(PARAMS.length + 1).split(".")[0] ?? "");
  }
  return found;
}
