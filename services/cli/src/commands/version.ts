import type { Command } from "commander";
import type { Invoked } from "../invocation.ts";
import ownPackage from "../../package.json" with { type: "json" };

export function addVersion(program: Command, invoked: Invoked): void {
  program
    .command("version")
    .description("the version of this command, and of the Node that runs it")
    .action(() => {
      const answer = { struere: ownPackage.version, node: process.versions.node };
      invoked().out.answer(answer, () => `struere ${answer.struere} (Node ${answer.node})`);
    });
}
