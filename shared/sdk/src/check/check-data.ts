/** Entity types and roles: what they name of each other. */
import { pathsOf, propertyAt, referencesIn } from "../data-schema.ts";
import type { EntityTypeDefinition } from "../entity-type.ts";
import type { RoleDefinition } from "../role.ts";
import type { ProjectDefinitions, Remarks } from "./check-project.ts";

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
  const fieldAt = (field: string, type: EntityTypeDefinition | undefined, path: string): void => {
    if (!type || propertyAt(type.schema, path)) return;
    problem({ field, message: `"${path}" is not a field of the entity type "${type.slug}"`, legal: pathsOf(type.schema) });
  };

  role.policies.forEach(({ resource }, index) => {
    if (resource !== "*") typeAt(`policies[${index}].resource`, resource);
  });
  role.scopeRules.forEach((rule, index) => {
    const at = `scopeRules[${index}]`;
    fieldAt(`${at}.field`, typeAt(`${at}.entityType`, rule.entityType), rule.field);
    if (typeof rule.value === "string" && rule.value.startsWith("actor.")) {
      warn({ field: `${at}.value`, message: `"${rule.value}" is compared as these very words: an agent acts for nobody who is logged in, so no entity fits` });
    }
  });
  role.fieldMasks.forEach((mask, index) => {
    const at = `fieldMasks[${index}]`;
    fieldAt(`${at}.fieldPath`, typeAt(`${at}.entityType`, mask.entityType), mask.fieldPath);
  });
  role.agentAccess?.forEach((slug, index) => {
    const agents = slugs(project.agents);
    if (!agents.includes(slug)) problem({ field: `agentAccess[${index}]`, message: `"${slug}" is not an agent of this project`, legal: agents });
  });
}

function slugs(definitions: readonly { readonly slug: string }[]): string[] {
  return definitions.map((definition) => definition.slug);
}

function referencesOf({ schema }: EntityTypeDefinition): { readonly path: string; readonly slug: string }[] {
  return [...referencesIn(schema)].map(({ path, slug }) => ({ path: ["schema", ...path].join("."), slug }));
}
