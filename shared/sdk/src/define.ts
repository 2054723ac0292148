/** What owners call in their files: the definition comes back as it was written, once it is known to be right. */
import type { z } from "zod";
import { AgentDefinition, type AgentInput } from "./agent.ts";
import { EntityTypeDefinition, type EntityTypeInput } from "./entity-type.ts";
import { describeProblems } from "./problems.ts";
import { RoleDefinition, type RoleInput } from "./role.ts";
import { RouterDefinition, type RouterInput } from "./router.ts";
import { type ToolInput, ToolsDefinition } from "./tools.ts";

/** A definition that can not be used; the message has one line for each problem. */
export class DefinitionError extends Error {
  override readonly name = "DefinitionError";
}

/** The compiler keeps the slug as it was written, not just as text. */
type Named<Input, Slug extends string> = Input & { readonly slug: Slug };

/**
 * In `agents/<file>.ts`:
 *
 * ```ts
 * export default defineAgent({ name: "Intake", slug: "intake", systemPrompt: "You take down …", tools: ["entity.create"] });
 * ```
 * @throws DefinitionError naming each wrong field, its value, and the legal values.
 */
export function defineAgent<const Slug extends string>(definition: Named<AgentInput, Slug>): Named<AgentInput, Slug> {
  // What a function will say is not known yet; all the rest is.
  const later = typeof definition?.systemPrompt === "function" ? { ...definition, systemPrompt: "made when it is synced" } : definition;
  check("agent", AgentDefinition, later);
  return definition;
}

/**
 * In `routers/<file>.ts`:
 *
 * ```ts
 * export default defineRouter({
 *   name: "Phone", slug: "phone", mode: "classify",
 *   agents: [{ slug: "intake", description: "New callers" }, { slug: "support", description: "Technical questions" }],
 *   classifyModel: { model: "openai/gpt-6.1-terra" }, fallback: "intake",
 * });
 * ```
 * @throws DefinitionError naming each wrong field, its value, and the legal values.
 */
export function defineRouter<const AgentSlug extends string, const Slug extends string>(
  definition: Named<RouterInput<AgentSlug>, Slug>,
): Named<RouterInput<AgentSlug>, Slug> {
  check("router", RouterDefinition, definition);
  return definition;
}

/**
 * In `entity-types/<file>.ts`:
 *
 * ```ts
 * export default defineData({
 *   name: "Reservation", slug: "reservation",
 *   schema: { type: "object", properties: { guest: { type: "string" }, seats: { type: "integer" } }, required: ["guest"] },
 *   searchFields: ["guest"],
 * });
 * ```
 * @throws DefinitionError naming each wrong field, its value, and the legal values.
 */
export function defineData<const Field extends string, const Slug extends string>(
  definition: Named<EntityTypeInput<Field>, Slug>,
): Named<EntityTypeInput<Field>, Slug> {
  check("entity type", EntityTypeDefinition, definition);
  return definition;
}

/**
 * In `roles/<file>.ts`:
 *
 * ```ts
 * export default defineRole({
 *   name: "Front desk", slug: "front-desk",
 *   policies: [{ resource: "reservation", actions: ["create", "read", "update"], effect: "allow" }],
 *   fieldMasks: [{ entityType: "reservation", fieldPath: "cardNumber", maskType: "hide" }],
 * });
 * ```
 * @throws DefinitionError naming each wrong field, its value, and the legal values.
 */
export function defineRole<const Definition extends RoleInput>(definition: Definition): Definition {
  check("role", RoleDefinition, definition);
  return definition;
}

/**
 * In `tools/index.ts`, all of the owner's tools:
 *
 * ```ts
 * export default defineTools([
 *   {
 *     name: "free_tables", description: "Which tables are free on a day.",
 *     parameters: { type: "object", properties: { day: { type: "string", format: "date" } }, required: ["day"] },
 *     url: "https://bistro.example/tools/free-tables",
 *   },
 *   { mcp: { name: "crm", url: "https://crm.example/mcp" } },
 * ]);
 * ```
 * @throws DefinitionError naming each wrong field, its value, and the legal values.
 */
export function defineTools<const Name extends string>(tools: readonly ToolInput<Name>[]): readonly ToolInput<Name>[] {
  check("definition of tools", ToolsDefinition, tools);
  return tools;
}

function check(what: string, schema: z.ZodType, definition: unknown): void {
  const { success, error } = schema.safeParse(definition);
  if (success) return;
  const slug = slugOf(definition);
  throw new DefinitionError(`the ${what}${slug === undefined ? "" : ` "${slug}"`} can not be used:\n${describeProblems(error)}`);
}

function slugOf(definition: unknown): string | undefined {
  if (typeof definition !== "object" || definition === null || !("slug" in definition)) return undefined;
  return typeof definition.slug === "string" ? definition.slug : undefined;
}
