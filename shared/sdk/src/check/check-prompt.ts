/** What an agent's instructions name: a place that can never be filled would be read out as an error on a call. */
import type { AgentDefinition } from "../agent.ts";
import type { Remark } from "./finding.ts";
import { PARAMS, TEMPLATE_FUNCTIONS, TEMPLATE_TREES, TEMPLATE_VARIABLES } from "./template-names.ts";
import { PLACES_MAX, readArguments, type TemplatePlace, templatePlaces } from "./template-places.ts";

export interface PromptNames {
  readonly entityTypes: readonly string[];
  /** Own tools, which a template may call like a function. */
  readonly tools: readonly string[];
  readonly isTool: (name: string) => boolean;
}

export function* checkPrompt(agent: AgentDefinition, names: PromptNames): Generator<Remark> {
  const said = new Set<string>();
  let places = 0;
  for (const place of templatePlaces(agent.systemPrompt)) {
    if (++places > PLACES_MAX) {
      yield { field: "systemPrompt", message: `has more than ${PLACES_MAX} places {{…}}; fetch what it needs with fewer functions` };
      return;
    }
    for (const remark of checkPlace(place, names)) {
      if (said.has(remark.message)) continue;
      said.add(remark.message);
      yield remark;
    }
  }
}

function* checkPlace(place: TemplatePlace, names: PromptNames): Generator<Remark> {
  const field = "systemPrompt";
  switch (place.kind) {
    case "block":
      yield {
        field,
        message: `{{${place.name}…}} is a block, and templates have none; write the variable, lists and objects come as JSON`,
      };
      return;
    case "variable":
      yield* checkVariable(place.name);
      return;
    case "function":
      yield* checkFunction(place, names);
      return;
    default:
      place satisfies never;
  }
}

/** Parameters are another matter: see checkParams. */
function* checkVariable(name: string): Generator<Remark> {
  if (name === PARAMS || name.startsWith(`${PARAMS}.`) || name === "threadContext" || name === "agent") return;
  if (TEMPLATE_VARIABLES.includes(name) || TEMPLATE_TREES.some((tree) => name === tree || name.startsWith(`${tree}.`))) return;
  const message = `{{${name}}} can never be filled, there is no such variable`;
  yield { field: "systemPrompt", message, legal: [...TEMPLATE_VARIABLES, `${PARAMS}.…`] };
}

function* checkFunction(place: TemplatePlace & { readonly kind: "function" }, names: PromptNames): Generator<Remark> {
  const field = "systemPrompt";
  const { name, argumentsText } = place;
  if (!TEMPLATE_FUNCTIONS.includes(name) && !names.isTool(name)) {
    yield { field, message: `{{${name}(…)}} calls what does not exist`, legal: [...TEMPLATE_FUNCTIONS, ...names.tools] };
    return;
  }
  const given = argumentsText === undefined ? undefined : readArguments(argumentsText);
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    yield { field, message: `{{${name}(…)}} has no arguments that can be read; write a JSON object, as {{${name}({"type": "…"})}}` };
    return;
  }
  if (!TEMPLATE_FUNCTIONS.includes(name) || !("type" in given) || typeof given.type !== "string") return;
  // A zero stands where a variable was: then the type is known only in the conversation.
  const isWritten = argumentsText?.includes(`"${given.type}"`) ?? false;
  if (isWritten && !names.entityTypes.includes(given.type)) {
    yield {
      field,
      message: `{{${name}(…)}} asks for "${given.type}", which is not an entity type of this project`,
      legal: names.entityTypes,
    };
  }
}
