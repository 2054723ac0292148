/** All the calls of an environment, live: each line says which call it is of. */
import { Fault } from "@struere/kernel";
import type { CallSummary } from "./api-types.ts";
import { followCall } from "./follow-call.ts";
import type { Output } from "./output.ts";
import { callHead } from "./render/call.ts";
import { watchedText } from "./render/watched.ts";
import type { Session } from "./session.ts";
import { sleep } from "./sleep.ts";

const LOOK_EVERY_MS = 1_500;
/** The newest so many are looked at. */
const LOOK_AT = 20;
/** At a time; further calls are named and not followed. */
const FOLLOWED_MAX = 20;
const GIVE_UP_MS = 30_000;
const RETRY_MS = 500;

export interface FollowCallsOptions {
  readonly session: Session;
  readonly out: Output;
  readonly signal: AbortSignal;
}

/** Until `signal` is aborted. Calls that are over already are left out; a control plane that is away is waited for. */
export async function followCalls({ session, out, signal }: FollowCallsOptions): Promise<void> {
  const seen = new Set<string>();
  const followed = new Set<Promise<void>>();
  let first = true;
  let lost = false;
  while (!signal.aborted) {
    try {
      const { items } = await session.ask((api, options) =>
        api.calls.list.query({ limit: LOOK_AT }, { signal: AbortSignal.any([options.signal, signal]) }),
      );
      if (lost) out.note("The control plane is back.");
      lost = false;
      for (const call of items.toReversed()) {
        if (seen.has(call.id)) continue;
        seen.add(call.id);
        if (first && call.status !== "pending" && call.status !== "active") continue;
        if (followed.size >= FOLLOWED_MAX) {
          out.line(`${tag(call)} ${callHead(out.paint, call)} (not followed: ${FOLLOWED_MAX} others are)`);
          continue;
        }
        const following = follow({ session, out, signal }, call).finally(() => followed.delete(following));
        followed.add(following);
      }
      first = false;
    } catch (thrown) {
      if (signal.aborted) break;
      const { code, sentence } = Fault.from(thrown);
      if (code !== "unavailable" && code !== "deadline_exceeded") throw thrown;
      if (!lost) out.note(sentence);
      lost = true;
    }
    await sleep(LOOK_EVERY_MS, signal);
  }
  await Promise.all(followed);
}

/** Never rejects: one call that can not be followed is no reason to stop. */
async function follow({ session, out, signal }: FollowCallsOptions, call: CallSummary): Promise<void> {
  const line = (text: string): void =>
    out.line(
      text
        .split("\n")
        .map((one) => `${out.paint("dim", tag(call))} ${one}`)
        .join("\n"),
    );
  line(callHead(out.paint, call));
  try {
    await followCall({
      api: session.api,
      callId: call.id,
      signal,
      giveUpMs: GIVE_UP_MS,
      retryMs: RETRY_MS,
      onMessage: (message) => line(watchedText(out.paint, message)),
      onLost: () => undefined,
      onBack: () => undefined,
    });
    if (!signal.aborted) line(`ended; struere calls show ${call.id}`);
  } catch (thrown) {
    line(`can not be followed any more: ${Fault.from(session.faultOf(thrown)).sentence}`);
  }
}

/** Enough of the id to tell calls apart. */
function tag({ id }: Pick<CallSummary, "id">): string {
  return `[${id.slice(-6)}]`;
}
