/** What owners call in their files: the definition comes back as it was written, once it is known to be right. */
import type { z } from "zod";
import { AgentDefinition, type AgentInput } from "./agent.ts";
import { describeProblems } from "./problems.ts";
import { RouterDefinition, type RouterInput } from "./router.ts";

/** A definition that can not be used; the message has one line for each problem. */
export class DefinitionError extends Error {
  override readonly name = "DefinitionError";
}

/**
 * ```ts
 * export default defineAgent({ name: "Intake", slug: "intake", systemPrompt: "You take down …", tools: ["entity.create"] });
 * ```
 * @throws DefinitionError naming each wrong field, its value, and the legal values.
 */
export function defineAgent<const Definition extends AgentInput>(definition: Definition): Definition {
  return checked("agent", AgentDefinition, definition);
}

/**
 * ```ts
 * export default defineRouter({
 *   name: "Phone", slug: "phone", mode: "classify",
 *   agents: [{ slug: "intake", description: "New callers" }, { slug: "support", description: "Technical questions" }],
 *   classifyModel: { model: "openai/gpt-6.1-terra" }, fallback: "intake",
 * });
 * ```
 * @throws DefinitionError naming each wrong field, its value, and the legal values.
 */
export function defineRouter<const Definition extends RouterInput>(definition: Definition): Definition {
  return checked("router", RouterDefinition, definition);
}

function checked<Definition extends { readonly slug?: unknown }>(what: string, schema: z.ZodType, definition: Definition): Definition {
  const { success, error } = schema.safeParse(definition);
  if (success) return definition;
  const slug = typeof definition?.slug === "string" ? ` "${definition.slug}"` : "";
  throw new DefinitionError(`the ${what}${slug} can not be used:\n${describeProblems(error)}`);
}
