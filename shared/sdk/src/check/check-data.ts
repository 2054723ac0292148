/** Entity types and roles: what they name of each other. */
import { isInList, pathsOf, propertyAt, referencesIn } from "../data-schema.ts";
import type { EntityTypeDefinition } from "../entity-type.ts";
import type { RoleDefinition } from "../role.ts";
import type { ProjectDefinitions, Remarks } from "./check-project.ts";

/** What an entity is beside its data. */
const RECORD_FIELDS: readonly string[] = ["id", "status", "createdAt", "updatedAt"];
/** What is known of whoever an agent acts for. */
const ACTOR_VALUES: readonly string[] = ["actor.callerNumber"];

export function checkEntityType(project: ProjectDefinitions, type: EntityTypeDefinition, { problem }: Remarks): void {
  const legal = slugs(project.entityTypes);
  for (const { path, slug } of referencesOf(type)) {
    if (!legal.includes(slug)) problem({ field: path, message: `"${slug}" is not an entity type of this project`, legal });
  }
  if (type.boundToRole !== undefined && !slugs(project.roles).includes(type.boundToRole)) {
    problem({ field: "boundToRole", message: `"${type.boundToRole}" is not a role of this project`, legal: slugs(project.roles) });
  }
}

export function checkRole(project: ProjectDefinitions, role: RoleDefinition, { problem, warn }: Remarks): void {
  const legal = slugs(project.entityTypes);
  const typeAt = (field: string, slug: string): EntityTypeDefinition | undefined => {
    const type = project.entityTypes.find((one) => one.slug === slug);
    if (!type) problem({ field, message: `"${slug}" is not an entity type of this project`, legal });
    return type;
  };
  const unknown = (field: string, type: EntityTypeDefinition, path: string): void =>
    problem({ field, message: `"${path}" is not a field of the entity type "${type.slug}"`, legal: pathsOf(type.schema) });

  role.policies.forEach(({ resource }, index) => {
    if (resource !== "*") typeAt(`policies[${index}].resource`, resource);
  });
  role.scopeRules.forEach((rule, index) => {
    const at = `scopeRules[${index}]`;
    const type = typeAt(`${at}.entityType`, rule.entityType);
    if (type && !propertyAt(type.schema, rule.field) && !RECORD_FIELDS.includes(rule.field)) unknown(`${at}.field`, type, rule.field);
    else if (type && isInList(type.schema, rule.field)) {
      problem({ field: `${at}.field`, message: `"${rule.field}" is in a list and names no single value` });
    }
    if (typeof rule.value === "string" && rule.value.startsWith("actor.") && !ACTOR_VALUES.includes(rule.value)) {
      const message = `"${rule.value}" is not known of anybody, so that no entity fits this rule: an agent acts for a caller, not for a user who is logged in`;
      warn({ field: `${at}.value`, message, legal: ACTOR_VALUES });
    }
  });
  role.fieldMasks.forEach((mask, index) => {
    const at = `fieldMasks[${index}]`;
    const type = typeAt(`${at}.entityType`, mask.entityType);
    if (type && !propertyAt(type.schema, mask.fieldPath)) unknown(`${at}.fieldPath`, type, mask.fieldPath);
  });
  role.agentAccess?.forEach((slug, index) => {
    const agents = slugs(project.agents);
    if (!agents.includes(slug))
      problem({ field: `agentAccess[${index}]`, message: `"${slug}" is not an agent of this project`, legal: agents });
  });
}

function slugs(definitions: readonly { readonly slug: string }[]): string[] {
  return definitions.map((definition) => definition.slug);
}

function referencesOf({ schema }: EntityTypeDefinition): { readonly path: string; readonly slug: string }[] {
  return [...referencesIn(schema)].map(({ path, slug }) => ({ path: ["schema", ...path].join("."), slug }));
}
