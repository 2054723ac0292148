/** Entity types and roles for tests, with complete defaults. */
import type { EntityProperty, EntityType, Role } from "../src/index.ts";

export const PATIENT = anEntityType("patient", {
  name: { type: "string" },
  age: { type: "integer" },
  weight: { type: "number" },
  active: { type: "boolean" },
  email: { type: "string", format: "email" },
  born: { type: "string", format: "date" },
  seenAt: { type: "string", format: "date-time" },
  site: { type: "string", format: "uri" },
  phone: { type: "string", format: "phone" },
  ward: { type: "string", enum: ["north", "south"] },
  tags: { type: "array", items: { type: "string" } },
  address: { type: "object", properties: { city: { type: "string" }, street: { type: "string" } }, required: ["city"] },
  visits: {
    type: "array",
    items: { type: "object", properties: { note: { type: "string" }, doctor: { type: "string", references: "doctor" } } },
  },
  doctor: { type: "string", references: "doctor" },
});

export function anEntityType(
  slug: string,
  properties: { readonly [name: string]: EntityProperty },
  required: readonly string[] = [],
): EntityType {
  return { name: slug, slug, schema: { type: "object", properties, required } };
}

export function aRole(overrides: Partial<Role> = {}): Role {
  return { name: "r", policies: [{ resource: "*", actions: ["*"], effect: "allow" }], ...overrides };
}
