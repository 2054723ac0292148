/** What `init` writes is right as it is: with every rule of the project, without a warning. */
import { AgentDefinition, checkProject, EntityTypeDefinition, RoleDefinition, ToolsDefinition } from "struere";
import { expect, test } from "vitest";
import receptionist from "../templates/agents/receptionist.ts";
import appointment from "../templates/entity-types/appointment.ts";
import frontDesk from "../templates/roles/front-desk.ts";
import tools from "../templates/tools/index.ts";

test("the example project has neither problems nor warnings, also when it answers a phone", () => {
  const found = checkProject({
    agents: [AgentDefinition.parse(receptionist)],
    routers: [],
    entityTypes: [EntityTypeDefinition.parse(appointment)],
    roles: [RoleDefinition.parse(frontDesk)],
    tools: ToolsDefinition.parse(tools),
    today: "2026-11-02",
    numbers: [{ agent: "receptionist" }],
  });
  expect(found).toEqual({ problems: [], warnings: [] });
});
