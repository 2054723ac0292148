/** `struere logs`: what calls say, of all calls. */
import { Fault } from "@struere/kernel";
import type { Command } from "commander";
import type { CallRecord } from "../api-types.ts";
import { followCalls } from "../follow-calls.ts";
import type { Invocation, Invoked } from "../invocation.ts";
import { type PageFlags, readPage } from "../page-flags.ts";
import { callText } from "../render/call.ts";

const CALLS = 3;

export function addLogs(program: Command, invoked: Invoked): void {
  program
    .command("logs")
    .description("the records of the newest calls; with --follow the calls as they happen, until Ctrl-C")
    .option("--limit <count>", `of how many calls, ${CALLS} without it`)
    .option("--follow", "live")
    .action(async (flags: PageFlags & { readonly follow?: boolean }) => {
      const invocation = invoked();
      if (flags.follow === true) return await follow(invocation);
      const { session, out } = invocation;
      const { limit = CALLS } = readPage(flags);
      const { ask } = await session();
      const { items } = await ask((api, options) => api.calls.list.query({ limit }, options));
      const calls: CallRecord[] = [];
      for (const { id } of items.toReversed()) calls.push(await ask((api, options) => api.calls.get.query({ id }, options)));
      out.answer(calls, () => (calls.length === 0 ? "no calls" : calls.map((call) => callText(out.paint, call)).join("\n\n")));
    });
}

async function follow({ session, out, terminal }: Invocation): Promise<void> {
  if (out.json) throw new Fault("invalid_argument", "logs --follow has no JSON form; use struere calls watch --json for one call");
  const opened = await session();
  const stop = new AbortController();
  const ignoreSignals = terminal.onSignal(() => stop.abort());
  try {
    out.line(`Calls in ${opened.key.environment}, as they happen; Ctrl-C ends this.`);
    await followCalls({ session: opened, out, signal: stop.signal });
  } finally {
    ignoreSignals();
  }
}
