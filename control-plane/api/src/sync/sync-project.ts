/**
 * A whole project against what an environment has. The plan is the sync itself, taken back at the end: what it says is what would happen,
 * with everything that only Postgres knows, such as numbers that a definition answers.
 */
import { createHash } from "node:crypto";
import { type Clock, Fault } from "@struere/kernel";
import { pause } from "@struere/runtime";
import { type Db, inTransaction, type Scope, tryLock } from "@struere/store";
import { checkProject, type DefinitionKind, describeFinding, type Finding } from "struere";
import { carryOut } from "./carry-out.ts";
import { definitionDiff, type FieldChange } from "./definition-diff.ts";
import type { Project } from "./project-input.ts";
import { boundNumbers, KINDS, projectOf, readStored, type StoredDefinition, storedDefinitions, TOOLS_SLUG } from "./stored-project.ts";

export interface PlannedChange {
  readonly kind: DefinitionKind;
  readonly slug: string;
  /** `kept`: the project has it no more, and it stays. */
  readonly action: "create" | "update" | "unchanged" | "delete" | "kept";
  /** That it has now; `null`: it is new. */
  readonly version: number | null;
  /** Of an update: what differs. */
  readonly diff: readonly FieldChange[];
  /** What it becomes; of a deletion: what it is. */
  readonly definition: unknown;
}

export interface SyncResult {
  /** Of what is there and what is wanted: another one when either has changed. */
  readonly digest: string;
  readonly changes: readonly PlannedChange[];
  /** Nothing is synced while there is one. */
  readonly problems: readonly Finding[];
  readonly warnings: readonly Finding[];
  /** After the sync, by `<kind> <slug>`. */
  readonly versions: ReadonlyMap<string, number>;
}

export interface SyncOrder {
  readonly project: Project;
  /** What the project has no more stays as it is. */
  readonly keep: boolean;
  readonly now: Date;
}

const LOCK_WITHIN_MS = 5_000;
const LOCK_LOOK_MS = 50;

/** What `sync` would do. Leaves nothing behind. @throws Fault aborted while another sync of the environment goes on. */
export async function planSync(db: Db, clock: Clock, scope: Scope, order: SyncOrder): Promise<SyncResult> {
  const undo = new Error("a plan is taken back");
  let result: SyncResult | undefined;
  try {
    await db.transaction().execute(async (tx) => {
      result = await sync(tx, clock, scope, order);
      throw undo;
    });
  } catch (thrown) {
    if (thrown !== undo) throw thrown;
  }
  if (!result) throw new Error("a plan has no result");
  return result;
}

/**
 * All or nothing.
 * @param done in the same transaction, after everything is set.
 * @throws Fault aborted when the digest is not the plan's any more; failed_precondition when there is a problem, or a deletion that nobody allowed.
 */
export async function runSync(
  db: Db,
  clock: Clock,
  scope: Scope,
  order: SyncOrder & {
    readonly planDigest: string;
    readonly allowDelete: boolean;
    readonly done: (tx: Db, result: SyncResult) => Promise<void>;
  },
): Promise<SyncResult> {
  return await inTransaction(db, async (tx) => {
    const result = await sync(tx, clock, scope, order);
    if (result.digest !== order.planDigest) {
      throw new Fault("aborted", `${scope.environment} or the project has changed since this was planned; plan it again`);
    }
    const [problem] = result.problems;
    if (problem) {
      const more = result.problems.length === 1 ? "" : `; and ${result.problems.length - 1} more problems`;
      throw new Fault("failed_precondition", `nothing was synced: ${describeFinding(problem)}${more}`);
    }
    const deleted = result.changes.filter((change) => change.action === "delete").map((change) => `${change.kind} "${change.slug}"`);
    if (deleted.length > 0 && !order.allowDelete) {
      throw new Fault("failed_precondition", `nothing was synced: it would delete ${deleted.join(", ")}; allow that, or keep them`);
    }
    await order.done(tx, result);
    return result;
  });
}

async function sync(tx: Db, clock: Clock, scope: Scope, { project, keep, now }: SyncOrder): Promise<SyncResult> {
  await lock(tx, clock, scope);
  const stored = await storedDefinitions(tx, scope);
  const changes = compare(stored, wantedOf(project), keep);
  const numbers = await boundNumbers(tx, scope);
  const found = checkProject({ ...withKept(project, changes), today: now.toISOString().slice(0, 10), numbers });
  const { versions, refusals } = await carryOut(tx, scope, changes, now);
  return {
    digest: digestOf({ scope, stored, project, keep }),
    changes,
    problems: [...found.problems, ...refusals],
    warnings: [...found.warnings, ...(numbers.length === 0 ? callersWithoutNumber(project, scope) : [])],
    versions,
  };
}

function callersWithoutNumber({ agents }: Project, { environment }: Scope): readonly Finding[] {
  return agents.flatMap(({ slug, tools }) => {
    const at = tools.indexOf("voice.call");
    const message = `voice.call has no number to call from: none is connected in ${environment}`;
    return at < 0 ? [] : [{ kind: "agent", slug, field: `tools[${at}]`, message }];
  });
}

/** Two syncs of an environment come one after the other. */
async function lock(tx: Db, clock: Clock, { organizationId, environment }: Scope): Promise<void> {
  const until = clock.now() + LOCK_WITHIN_MS;
  while (!(await tryLock(tx, `sync.${organizationId}.${environment}`))) {
    if (clock.now() >= until) throw new Fault("aborted", `another sync of ${environment} is going on; try again when it is done`);
    await pause(clock, LOCK_LOOK_MS);
  }
}

type Wanted = Pick<StoredDefinition, "kind" | "slug" | "definition">;

function wantedOf({ agents, routers, entityTypes, roles, tools }: Project): readonly Wanted[] {
  const of =
    (kind: DefinitionKind) =>
    (definition: { readonly slug: string }): Wanted => ({ kind, slug: definition.slug, definition });
  return [
    ...entityTypes.map(of("entity-type")),
    ...roles.map(of("role")),
    ...(tools.length === 0 ? [] : [{ kind: "tools" as const, slug: TOOLS_SLUG, definition: tools }]),
    ...agents.map(of("agent")),
    ...routers.map(of("router")),
  ];
}

/** In the order of kinds and slugs, so that two who sync take their locks in the same order. */
function compare(stored: readonly StoredDefinition[], wanted: readonly Wanted[], keep: boolean): readonly PlannedChange[] {
  return KINDS.flatMap((kind) => {
    const there = new Map(stored.filter((one) => one.kind === kind).map((one) => [one.slug, one]));
    const given = new Map(wanted.filter((one) => one.kind === kind).map((one) => [one.slug, one]));
    return [...new Set([...there.keys(), ...given.keys()])].sort().map((slug): PlannedChange => {
      const [before, after] = [there.get(slug), given.get(slug)];
      const version = before?.version ?? null;
      const action = keep ? "kept" : "delete";
      if (!after) return { kind, slug, action, version, diff: [], definition: before?.definition };
      const { definition } = after;
      if (!before) return { kind, slug, action: "create", version, diff: [], definition };
      const diff = definitionDiff(readStored(before), definition);
      return { kind, slug, action: diff.length === 0 ? "unchanged" : "update", version, diff, definition };
    });
  });
}

/** What stays has to go on working beside what is new. */
function withKept(project: Project, changes: readonly PlannedChange[]): Project {
  const kept = projectOf(changes.flatMap((change) => (change.action === "kept" ? [{ ...change, version: change.version ?? 0 }] : [])));
  return {
    agents: [...project.agents, ...kept.agents],
    routers: [...project.routers, ...kept.routers],
    entityTypes: [...project.entityTypes, ...kept.entityTypes],
    roles: [...project.roles, ...kept.roles],
    tools: project.tools.length > 0 ? project.tools : kept.tools,
  };
}

function digestOf(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex");
}
