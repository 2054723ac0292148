import type { Command } from "commander";
import type { Invoked } from "../invocation.ts";
import { type PageFlags, readPage } from "../page-flags.ts";
import { threadText } from "../render/thread.ts";
import { table } from "../table.ts";

export function addThreads(program: Command, invoked: Invoked): void {
  const threads = program.command("threads").description("conversations of every channel");

  threads
    .command("list")
    .description("newest first")
    .option("--limit <count>", "how many at most, 25 without it")
    .option("--cursor <cursor>", "go on where the list before ended")
    .action(async (flags: PageFlags) => {
      const { session, out } = invoked();
      const page = readPage(flags);
      const { ask } = await session();
      const list = await ask((api, options) => api.threads.list.query(page, options));
      const rows = list.items.map((thread) => [
        thread.id,
        thread.channel,
        thread.channelStatus,
        callerOf(thread.channelParams),
        thread.createdAt,
      ]);
      out.answer(list, () =>
        table(out.paint, { columns: ["THREAD", "CHANNEL", "STATUS", "CALLER", "CREATED"], rows, nothing: "no threads" }),
      );
      if (list.nextCursor !== null) out.note(`There are more: --cursor ${list.nextCursor}`);
    });

  threads
    .command("view <id>")
    .alias("show")
    .description("a thread, what was written in it, and the calls of it")
    .action(async (id: string) => {
      const { session, out } = invoked();
      const { ask } = await session();
      const thread = await ask((api, options) => api.threads.get.query({ id }, options));
      const { items: calls } = await ask((api, options) => api.calls.list.query({ threadId: id }, options));
      const messages = await ask((api, options) => api.threads.messages.query({ id }, options));
      out.answer({ ...thread, messages, calls }, () => threadText(out.paint, { thread, messages, calls }));
    });
}

function callerOf(params: { readonly [name: string]: unknown }): string | null {
  const caller = params["callerNumber"];
  return typeof caller === "string" ? caller : null;
}
