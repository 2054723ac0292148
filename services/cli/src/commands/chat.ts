/** `struere chat`: talking with an agent or a router in writing. */
import { createInterface } from "node:readline/promises";
import { Fault } from "@struere/kernel";
import type { Command } from "commander";
import { z } from "zod";
import type { Invocation, Invoked } from "../invocation.ts";
import { collectParam, readParams } from "../params-flag.ts";
import { plainText } from "../plain-text.ts";
import { postJson } from "../rest.ts";

interface ChatFlags {
  readonly router?: boolean;
  readonly message?: string;
  readonly thread?: string;
  readonly param?: readonly string[];
  readonly verbose?: boolean;
}

const Answer = z.looseObject({
  threadId: z.string(),
  message: z.string(),
  agentSlug: z.string(),
  usage: z.looseObject({ totalTokens: z.number() }),
  executionMeta: z.looseObject({
    durationMs: z.number(),
    toolCallSummary: z.array(z.looseObject({ name: z.string(), status: z.string(), durationMs: z.number() })),
    warnings: z.array(z.string()),
  }),
});
type Answer = z.output<typeof Answer>;

export function addChat(program: Command, invoked: Invoked): void {
  program
    .command("chat <slug>")
    .description("talk with an agent in writing, line by line until the end of input; with --message once")
    .option("--router", "the slug is a router's, which chooses the agent")
    .option("--message <text>", "say this, and end")
    .option("--thread <id>", "go on with this thread")
    .option("--param <name=value>", "threadContext.params.<name>; several times", collectParam)
    .option("-v, --verbose", "show tools, tokens and time as well")
    .action(async (slug: string, flags: ChatFlags) => await chat(invoked(), slug, flags));
}

async function chat(invocation: Invocation, slug: string, flags: ChatFlags): Promise<void> {
  const { out, terminal } = invocation;
  const params = readParams(flags.param);
  if (flags.message === undefined && out.json)
    throw new Fault("invalid_argument", "chat --json needs --message: a conversation is no single document");
  const session = await invocation.session();
  const path = `/v1/${flags.router === true ? "routers" : "agents"}/${encodeURIComponent(slug)}/chat`;
  let threadId = flags.thread;
  const say = async (message: string): Promise<Answer> => {
    const body = { message, threadContext: { params }, ...(threadId === undefined ? {} : { threadId }) };
    const answer = await postJson(session, { path, body, answer: Answer });
    threadId = answer.threadId;
    for (const warning of answer.executionMeta.warnings) out.note(`warning: ${warning}`);
    return answer;
  };

  if (flags.message !== undefined) {
    const answer = await say(flags.message);
    out.answer(answer, () => answerText(invocation, answer, flags));
    return out.note(`Go on with --thread ${answer.threadId}`);
  }
  const { stdin, stderr } = terminal;
  const prompt = (): void => {
    if (stdin.isTTY) stderr.write("> ");
  };
  const lines = createInterface({ input: stdin.stream });
  const ignoreSignals = terminal.onSignal(() => lines.close());
  try {
    prompt();
    for await (const line of lines) {
      if (line.trim() !== "") out.line(answerText(invocation, await say(line), flags));
      prompt();
    }
  } finally {
    ignoreSignals();
    lines.close();
  }
  if (threadId !== undefined) out.note(`The thread is ${threadId}`);
}

function answerText({ out }: Invocation, { agentSlug, message, usage, executionMeta }: Answer, flags: ChatFlags): string {
  const text = message.split("\n").map(plainText).join("\n");
  const said = `${out.paint("cyan", agentSlug)}  ${text}`;
  if (flags.verbose !== true) return said;
  const tools = executionMeta.toolCallSummary.map((tool) => `  ${plainText(tool.name)} ${tool.status}, ${tool.durationMs} ms`);
  return [...tools, said, `  ${usage.totalTokens} tokens, ${executionMeta.durationMs} ms`].join("\n");
}
