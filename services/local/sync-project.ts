/** A project as `struere sync` brings it in: all of it is planned, checked and set in one transaction. */
import type { ApiClient } from "@struere/api/client";
import { Fault } from "@struere/kernel";
import {
  AgentDefinition,
  type AgentInput,
  EntityTypeDefinition,
  type EntityTypeInput,
  RoleDefinition,
  type RoleInput,
  RouterDefinition,
  type RouterInput,
  type ToolInput,
  ToolsDefinition,
} from "struere";

export interface ProjectFiles {
  readonly agents: readonly AgentInput[];
  readonly routers?: readonly RouterInput[];
  readonly entityTypes?: readonly EntityTypeInput[];
  readonly roles?: readonly RoleInput[];
  readonly tools?: readonly ToolInput[];
}

/** What the environment has and the project has not stays. @throws Fault failed_precondition with the problems that sync finds. */
export async function syncProject(api: ApiClient, files: ProjectFiles): Promise<void> {
  const project = {
    agents: files.agents.map((one) => AgentDefinition.parse(one)),
    routers: (files.routers ?? []).map((one) => RouterDefinition.parse(one)),
    entityTypes: (files.entityTypes ?? []).map((one) => EntityTypeDefinition.parse(one)),
    roles: (files.roles ?? []).map((one) => RoleDefinition.parse(one)),
    tools: ToolsDefinition.parse(files.tools ?? []),
  };
  const { digest, problems } = await api.sync.plan.mutate({ project, keep: true });
  if (problems.length > 0) throw new Fault("failed_precondition", problems.map(({ message }) => message).join("; "));
  await api.sync.run.mutate({ project, keep: true, planDigest: digest, allowDelete: false });
}
