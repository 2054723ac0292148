import type { Command } from "commander";
import { AgentDefinition } from "struere";
import { readDefinition } from "../definition-file.ts";
import type { Invoked } from "../invocation.ts";
import { definitionText, setText } from "../render/definition.ts";
import { table } from "../table.ts";

export function addAgents(program: Command, invoked: Invoked): void {
  const agents = program.command("agents").description("named personas that answer calls");

  agents
    .command("list")
    .description("the agents of the key's environment")
    .action(async () => {
      const { session, out } = invoked();
      const { ask } = await session();
      const list = await ask((api, options) => api.agents.list.query(undefined, options));
      const rows = list.map((agent) => [agent.slug, agent.version, agent.name, agent.updatedAt, agent.description]);
      const nothing = "no agents; make one with struere agents set <file>";
      out.answer(list, () => table(out.paint, { columns: ["SLUG", "VERSION", "NAME", "CHANGED", "DESCRIPTION"], rows, nothing }));
    });

  agents
    .command("show <slug>")
    .alias("get")
    .description("an agent as it is now")
    .action(async (slug: string) => {
      const { session, out } = invoked();
      const { ask } = await session();
      const agent = await ask((api, options) => api.agents.get.query({ slug }, options));
      out.answer(agent, () => definitionText(out.paint, agent));
    });

  agents
    .command("set <file>")
    .description("create or change an agent from a .json file, or a module whose default export is defineAgent({ … })")
    .action(async (file: string) => {
      const { session, out, terminal } = invoked();
      const definition = await readDefinition(AgentDefinition, file, terminal.cwd);
      const { ask, key } = await session();
      const answer = await ask((api, options) => api.agents.set.mutate({ definition }, options));
      out.answer(answer, () => setText("agent", { ...answer.agent, changed: answer.changed }, key.environment));
      for (const warning of answer.warnings) out.note(`warning: ${warning}`);
    });

  agents
    .command("delete <slug>")
    .description("take an agent out of the key's environment; refused while something needs it")
    .action(async (slug: string) => {
      const { session, out } = invoked();
      const { ask, key } = await session();
      const answer = await ask((api, options) => api.agents.delete.mutate({ slug }, options));
      out.answer(answer, () => `agent ${answer.slug} is deleted from ${key.environment}`);
    });
}
