import type { Command } from "commander";
import { RouterDefinition } from "struere";
import { readDefinition } from "../definition-file.ts";
import type { Invoked } from "../invocation.ts";
import { definitionText, setText } from "../render/definition.ts";
import { table } from "../table.ts";

export function addRouters(program: Command, invoked: Invoked): void {
  const routers = program.command("routers").description("what chooses the agent of a conversation");

  routers
    .command("list")
    .description("the routers of the key's environment")
    .action(async () => {
      const { session, out } = invoked();
      const { ask } = await session();
      const list = await ask((api, options) => api.routers.list.query(undefined, options));
      const rows = list.map((router) => [router.slug, router.version, router.name, router.updatedAt]);
      const nothing = "no routers; make one with struere routers set <file>";
      out.answer(list, () => table(out.paint, { columns: ["SLUG", "VERSION", "NAME", "CHANGED"], rows, nothing }));
    });

  routers
    .command("show <slug>")
    .alias("get")
    .description("a router as it is now")
    .action(async (slug: string) => {
      const { session, out } = invoked();
      const { ask } = await session();
      const router = await ask((api, options) => api.routers.get.query({ slug }, options));
      out.answer(router, () => definitionText(out.paint, router));
    });

  routers
    .command("set <file>")
    .description("create or change a router from a .json file, or a module whose default export is defineRouter({ … })")
    .action(async (file: string) => {
      const { session, out, terminal } = invoked();
      const definition = await readDefinition(RouterDefinition, file, terminal.cwd);
      const { ask, key } = await session();
      const answer = await ask((api, options) => api.routers.set.mutate({ definition }, options));
      out.answer(answer, () => setText("router", { ...answer.router, changed: answer.changed }, key.environment));
      for (const warning of answer.warnings) out.note(`warning: ${warning}`);
    });

  routers
    .command("delete <slug>")
    .description("take a router out of the key's environment; refused while a number is bound to it")
    .action(async (slug: string) => {
      const { session, out } = invoked();
      const { ask, key } = await session();
      const answer = await ask((api, options) => api.routers.delete.mutate({ slug }, options));
      out.answer(answer, () => `router ${answer.slug} is deleted from ${key.environment}`);
    });
}
