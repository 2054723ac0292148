/** `struere compile-prompt`: what an agent would be told. */
import type { Command } from "commander";
import { z } from "zod";
import { EXIT } from "../exit-code.ts";
import type { Invoked } from "../invocation.ts";
import { collectParam, readParams } from "../params-flag.ts";
import { plainText } from "../plain-text.ts";
import { postJson } from "../rest.ts";

interface CompileFlags {
  readonly param?: readonly string[];
  readonly message?: string;
  readonly channel?: string;
  readonly raw?: boolean;
}

const Compiled = z.looseObject({
  agentSlug: z.string(),
  version: z.number(),
  rawPrompt: z.string(),
  compiledPrompt: z.string(),
  problems: z.array(z.looseObject({ name: z.string(), problem: z.string() })),
});

export function addCompilePrompt(program: Command, invoked: Invoked): void {
  program
    .command("compile-prompt <agent>")
    .description("an agent's instructions with everything in its place, as it is in the environment now")
    .option("--param <name=value>", "threadContext.params.<name>; several times", collectParam)
    .option("--message <text>", "what the user writes")
    .option("--channel <channel>", "threadContext.channel, such as voice; api without it")
    .option("--raw", "as it was written")
    .action(async (agentSlug: string, { param, message, channel, raw }: CompileFlags) => {
      const { session, out, exit } = invoked();
      const params = readParams(param);
      const body = { agentSlug, params, ...(message === undefined ? {} : { message }), ...(channel === undefined ? {} : { channel }) };
      const compiled = await postJson(await session(), { path: "/v1/compile-prompt", body, answer: Compiled });
      out.answer(compiled, () => (raw === true ? compiled.rawPrompt : compiled.compiledPrompt).split("\n").map(plainText).join("\n"));
      for (const { name, problem } of compiled.problems) out.note(`problem: {{${name}}}: ${problem}`);
      if (compiled.problems.length > 0) exit(EXIT.failed);
    });
}
