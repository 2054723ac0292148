/** Sets and removes what a sync changes, inside its transaction. */
import {
  type Db,
  type JsonObject,
  removeAgent,
  removeEntityType,
  removeRole,
  removeRouter,
  removeTools,
  type Scope,
  setAgent,
  setEntityType,
  setRole,
  setRouter,
  setTools,
} from "@struere/store";
import type { DefinitionKind, Finding } from "struere";
import type { PlannedChange } from "./sync-project.ts";
import { KINDS } from "./stored-project.ts";

interface Made {
  /** By `<kind> <slug>`. */
  readonly versions: ReadonlyMap<string, number>;
  /** Why something can not be deleted. */
  readonly refusals: readonly Finding[];
}

/**
 * Definitions are set in the order in which they name each other, and deleted the other way round: whatever is looked for when something
 * is deleted is already as it will be.
 */
export async function carryOut(tx: Db, scope: Scope, changes: readonly PlannedChange[], now: Date): Promise<Made> {
  const versions = new Map<string, number>();
  const refusals: Finding[] = [];
  for (const kind of KINDS) {
    for (const change of changes.filter((one) => one.kind === kind && (one.action === "create" || one.action === "update"))) {
      versions.set(`${kind} ${change.slug}`, await set(tx, scope, change, now));
    }
  }
  for (const kind of KINDS.toReversed()) {
    for (const { slug } of changes.filter((one) => one.kind === kind && one.action === "delete")) {
      const needed = await remove(tx, scope, { kind, slug }, now);
      if (needed === undefined) continue;
      const message = `"${slug}" would be deleted, and ${needed}`;
      refusals.push({ kind, slug, field: "slug", message });
    }
  }
  return { versions, refusals };
}

async function set(tx: Db, scope: Scope, { kind, slug, definition }: PlannedChange, now: Date): Promise<number> {
  if (kind === "tools") return (await setTools(tx, scope, { tools: definition as readonly JsonObject[], now })).row.version;
  const written = definition as JsonObject & { readonly name: string; readonly description?: string };
  const given = { slug, name: written.name, definition: written, now };
  switch (kind) {
    case "entity-type":
      return (await setEntityType(tx, scope, given)).row.version;
    case "role":
      return (await setRole(tx, scope, given)).row.version;
    case "agent":
      return (await setAgent(tx, scope, { ...given, description: written.description ?? null })).agent.version;
    case "router":
      return (await setRouter(tx, scope, given)).router.version;
  }
}

/** What keeps it from being deleted, and what to do; `undefined`: it is gone. */
async function remove(
  tx: Db,
  scope: Scope,
  { kind, slug }: { readonly kind: DefinitionKind; readonly slug: string },
  now: Date,
): Promise<string | undefined> {
  switch (kind) {
    case "router": {
      const removal = await removeRouter(tx, scope, slug, now);
      return removal.outcome === "in_use" ? answers(removal.connections, "router") : undefined;
    }
    case "agent": {
      const removal = await removeAgent(tx, scope, slug, now);
      if (removal.outcome !== "in_use") return undefined;
      if (removal.connections.length > 0) return answers(removal.connections, "agent");
      return `${quoted("the router", removal.routers)} needs it`;
    }
    case "tools": {
      const removal = await removeTools(tx, scope, now);
      return removal.outcome === "in_use" ? `${quoted("the agent", removal.agents)} needs it` : undefined;
    }
    case "role": {
      const removal = await removeRole(tx, scope, slug, now);
      return removal.outcome === "in_use" ? `${quoted("the agent", removal.agents)} has it` : undefined;
    }
    case "entity-type": {
      const removal = await removeEntityType(tx, scope, slug, now);
      if (removal.outcome !== "in_use") return undefined;
      const { entities, entityTypes, roles } = removal;
      if (entities > 0) return `${entities} ${entities === 1 ? "entity" : "entities"} of it exist; delete them first`;
      return entityTypes.length > 0 ? `${quoted("the entity type", entityTypes)} refers to it` : `${quoted("the role", roles)} names it`;
    }
  }
}

function answers(connections: readonly { readonly phoneNumber: string }[], kind: "agent" | "router"): string {
  const numbers = connections.map((connection) => connection.phoneNumber).join(", ");
  return `it answers ${numbers}; sync with --keep, bind the number to another ${kind} (struere integration twilio --phone-number ${connections[0]?.phoneNumber ?? ""} --${kind} <slug>), then sync again`;
}

function quoted(what: string, slugs: readonly string[]): string {
  return slugs.map((slug) => `${what} "${slug}"`).join(", ");
}
