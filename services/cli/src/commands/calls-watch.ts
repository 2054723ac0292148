import { Fault } from "@struere/kernel";
import { followCall } from "../follow-call.ts";
import type { Invocation } from "../invocation.ts";
import { callHead } from "../render/call.ts";
import { watchedText } from "../render/watched.ts";
import type { Session } from "../session.ts";

const GIVE_UP_MS = 60_000;
const RETRY_MS = 500;

/**
 * Prints messages as they come, until the call's record is complete or somebody presses Ctrl-C, which ends the watching and not the call.
 * With --json the document is an array with one message on each line.
 */
export async function watchCall({ session, out, terminal }: Invocation, which: string): Promise<void> {
  const opened = await session();
  const id = which === "latest" ? await latestCall(opened) : which;
  const call = await opened.ask((api, options) => api.calls.get.query({ id }, options));
  out.line(callHead(out.paint, call));

  const stop = new AbortController();
  const ignoreSignals = terminal.onSignal(() => stop.abort());
  let count = 0;
  if (out.json) out.raw("[");
  try {
    await followCall({
      api: opened.api,
      callId: id,
      signal: stop.signal,
      giveUpMs: GIVE_UP_MS,
      retryMs: RETRY_MS,
      onMessage: (message) => {
        if (out.json) out.raw(`${count++ === 0 ? "" : ","}\n${out.jsonOf(message)}`);
        else out.line(watchedText(out.paint, message));
      },
      onLost: () => out.note("The connection is lost; trying again."),
      onBack: () => out.note("The connection is back."),
    });
  } catch (thrown) {
    throw opened.faultOf(thrown);
  } finally {
    ignoreSignals();
    if (out.json) out.raw("\n]\n");
  }
  if (stop.signal.aborted) return out.note("No longer watching; the call goes on.");
  const over = await opened.ask((api, options) => api.calls.get.query({ id }, options));
  out.line(`The call is ${over.status}${over.reason === null ? "" : ` (${over.reason})`}; see struere calls show ${id}`);
}

async function latestCall({ ask, key }: Session): Promise<string> {
  const { items } = await ask((api, options) => api.calls.list.query({ limit: 1 }, options));
  const [call] = items;
  if (!call) throw new Fault("not_found", `there are no calls in ${key.environment} yet`);
  return call.id;
}
