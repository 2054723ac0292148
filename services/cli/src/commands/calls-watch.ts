import { Fault } from "@struere/kernel";
import type { Injection } from "../api-types.ts";
import { followCall, type WatchedMessage } from "../follow-call.ts";
import type { Invocation } from "../invocation.ts";
import { callHead } from "../render/call.ts";
import { injectionLine } from "../render/injection.ts";
import { watchedText } from "../render/watched.ts";
import { watchedInjections } from "../watched-injections.ts";
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
  const injections = watchedInjections(() => opened.ask((api, options) => api.calls.injections.query({ id }, options)));
  const tell = async (message: WatchedMessage): Promise<void> => {
    const { name, offsetMs, body } = message;
    const injection = await injections.named({ name, data: body["data"] });
    if (injection) {
      const asOf = name === "injection.done" ? injection : { ...injection, outcome: null, reason: null, heardMs: null };
      return out.line(injectionLine(out.paint, asOf, offsetMs));
    }
    out.line(watchedText(out.paint, message));
    if (message.kind === "transcript") tellSilent(await injections.silent());
  };
  const tellSilent = (silent: readonly Injection[]): void => {
    for (const injection of silent) out.line(injectionLine(out.paint, injection, null));
  };
  // In the order in which they came, also those for which something has to be looked up.
  let telling = Promise.resolve();
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
        else telling = telling.then(() => tell(message));
      },
      onLost: () => out.note("The connection is lost; trying again."),
      onBack: () => out.note("The connection is back."),
    });
  } catch (thrown) {
    throw opened.faultOf(thrown);
  } finally {
    ignoreSignals();
    await telling;
    if (out.json) out.raw("\n]\n");
  }
  if (stop.signal.aborted) return out.note("No longer watching; the call goes on.");
  if (!out.json) tellSilent(await injections.silent({ atLast: true }));
  const over = await opened.ask((api, options) => api.calls.get.query({ id }, options));
  out.line(`The call is ${over.status}${over.reason === null ? "" : ` (${over.reason})`}; see struere calls show ${id}`);
}

async function latestCall({ ask, key }: Session): Promise<string> {
  const { items } = await ask((api, options) => api.calls.list.query({ limit: 1 }, options));
  const [call] = items;
  if (!call) throw new Fault("not_found", `there are no calls in ${key.environment} yet`);
  return call.id;
}
