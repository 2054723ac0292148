/**
 * What has to hold between definitions: everything that one names exists and is fit for it. The same function answers in the command and on
 * the server, which alone knows the numbers. Each definition has been parsed by its own schema before.
 */
import type { AgentDefinition } from "../agent.ts";
import type { EntityTypeDefinition } from "../entity-type.ts";
import type { RoleDefinition } from "../role.ts";
import type { RouterDefinition } from "../router.ts";
import type { ToolsDefinition } from "../tools.ts";
import { checkAgent } from "./check-agent.ts";
import { checkEntityType, checkRole } from "./check-data.ts";
import { checkRouter } from "./check-router.ts";
import type { DefinitionKind, Finding, Remark } from "./finding.ts";

export { type DefinitionKind, describeFinding, type Finding } from "./finding.ts";

export interface ProjectDefinitions {
  readonly agents: readonly AgentDefinition[];
  readonly routers: readonly RouterDefinition[];
  readonly entityTypes: readonly EntityTypeDefinition[];
  readonly roles: readonly RoleDefinition[];
  readonly tools: ToolsDefinition;
  /** The day that models are judged by: a date in UTC, `2026-11-22`. */
  readonly today: string;
  /** What connected phone numbers are bound to, where that is known. */
  readonly numbers?: readonly ({ readonly agent: string } | { readonly router: string })[];
  /** Where a definition is written. */
  readonly fileOf?: (kind: DefinitionKind, slug: string) => string | undefined;
}

export interface ProjectFindings {
  /** Would fail on a call or in a chat: nothing may be synced. */
  readonly problems: readonly Finding[];
  readonly warnings: readonly Finding[];
}

/** What one kind's checks say, before it is known where the definition is written. */
export interface Remarks {
  readonly problem: (remark: Remark) => void;
  readonly warn: (remark: Remark) => void;
}

export function checkProject(project: ProjectDefinitions): ProjectFindings {
  const problems: Finding[] = [];
  const warnings: Finding[] = [];
  const about = (kind: DefinitionKind, slug: string): Remarks => {
    const file = project.fileOf?.(kind, slug);
    const place = { kind, slug, ...(file === undefined ? {} : { file }) };
    return { problem: (remark) => problems.push({ ...place, ...remark }), warn: (remark) => warnings.push({ ...place, ...remark }) };
  };
  const each = <Definition extends { readonly slug: string }>(
    kind: DefinitionKind,
    definitions: readonly Definition[],
    check: (project: ProjectDefinitions, definition: Definition, remarks: Remarks) => void,
  ): void => {
    definitions.forEach((definition, index) => {
      const remarks = about(kind, definition.slug);
      if (definitions.findIndex((other) => other.slug === definition.slug) !== index) {
        remarks.problem({ field: "slug", message: `"${definition.slug}" is defined twice; each slug is one definition` });
        return;
      }
      check(project, definition, remarks);
    });
  };
  each("agent", project.agents, checkAgent);
  each("router", project.routers, checkRouter);
  each("entity-type", project.entityTypes, checkEntityType);
  each("role", project.roles, checkRole);
  return { problems, warnings };
}
