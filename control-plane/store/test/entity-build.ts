/** Entity types, roles and actors for tests of the store. */
import type { EntityActor, EntityProperty, EntityType, Role } from "@struere/domain";
import { type Db, entityStore, type Scope, setEntityType } from "../src/index.ts";
import { NOW } from "./database.ts";

export async function anEntityType(
  db: Db,
  scope: Scope,
  type: {
    readonly slug: string;
    readonly properties: { readonly [name: string]: EntityProperty };
    readonly required?: readonly string[];
    readonly searchFields?: readonly string[];
  },
): Promise<EntityType> {
  const { slug, properties, required = [], searchFields = [] } = type;
  const definition: EntityType = { name: slug, slug, schema: { type: "object", properties, required }, searchFields };
  await setEntityType(db, scope, { slug, name: slug, definition: { ...definition }, now: NOW });
  return definition;
}

export const aKeyOf = ({ organizationId, environment }: Scope): EntityActor => ({ kind: "key", organizationId, environment });

export const anAgentOf = (scope: Scope, ...roles: readonly Role[]): EntityActor => ({ ...aKeyOf(scope), kind: "agent", roles });

export function aRole(overrides: Partial<Role> = {}): Role {
  return { name: "r", policies: [{ resource: "*", actions: ["*"], effect: "allow" }], ...overrides };
}

/** A store whose clock goes on by a second with every change. */
export function ticking(db: Db) {
  let ticks = 0;
  return entityStore(db, { now: () => new Date(NOW.getTime() + ++ticks * 1_000) });
}
