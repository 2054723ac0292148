/**
 * What a single definition must be beyond its own schema, among all the others of its environment: the same rules as for a project that is
 * synced, and the same words.
 */
import { Fault } from "@struere/kernel";
import type { Db, Scope } from "@struere/store";
import { type AgentDefinition, checkProject, describeFinding, type RouterDefinition } from "struere";
import type { Project } from "../sync/project-input.ts";
import { boundNumbers, projectOf, storedDefinitions } from "../sync/stored-project.ts";

/** @throws Fault invalid_argument with a line for each problem that the definition would bring. */
export async function checkAgent(db: Db, scope: Scope, definition: AgentDefinition, now: Date): Promise<void> {
  await check(db, scope, now, (project) => ({ ...project, agents: [...project.agents.filter(isOther(definition)), definition] }));
}

/** @throws Fault invalid_argument with a line for each problem that the definition would bring. */
export async function checkRouter(db: Db, scope: Scope, definition: RouterDefinition, now: Date): Promise<void> {
  await check(db, scope, now, (project) => ({ ...project, routers: [...project.routers.filter(isOther(definition)), definition] }));
}

/** What was wrong before is nobody's fault now. */
async function check(db: Db, scope: Scope, now: Date, change: (project: Project) => Project): Promise<void> {
  const project = projectOf(await storedDefinitions(db, scope));
  const about = { today: now.toISOString().slice(0, 10), numbers: await boundNumbers(db, scope) };
  const known = new Set(checkProject({ ...project, ...about }).problems.map(describeFinding));
  const news = checkProject({ ...change(project), ...about })
    .problems.map(describeFinding)
    .filter((sentence) => !known.has(sentence));
  if (news.length > 0) throw new Fault("invalid_argument", news.join("\n"));
}

const isOther =
  ({ slug }: { readonly slug: string }) =>
  (other: { readonly slug: string }): boolean =>
    other.slug !== slug;

export function quoted(words: readonly string[]): string {
  return words.length === 0 ? "none" : words.map((word) => `"${word}"`).join(", ");
}
