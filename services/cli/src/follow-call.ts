/**
 * Follows a call over a subscription that survives what happens in between. The client's own EventSource comes back after a broken
 * connection, but gives up on any answer that is not a stream (a server that restarts, a proxy's 502): then a new subscription goes on
 * after the last event that came. Nothing is lost or repeated either way, because the event's id says where to go on.
 */
import { Fault } from "@struere/kernel";
import type { ApiClient } from "@struere/api/client";
import { trpcCodeOf } from "./api-fault.ts";
import { sleep } from "./sleep.ts";

type Watch = Parameters<ApiClient["calls"]["watch"]["subscribe"]>;
type WatchEvent = Parameters<NonNullable<Watch[1]["onData"]>>[0];
export type WatchedMessage = WatchEvent["data"];

export interface FollowOptions {
  readonly api: ApiClient;
  readonly callId: string;
  readonly signal: AbortSignal;
  /** How long the connection may be lost before following ends. */
  readonly giveUpMs: number;
  /** Between two attempts to come back. */
  readonly retryMs: number;
  onMessage(message: WatchedMessage): void;
  /** The connection is lost, and is being tried again. */
  onLost(): void;
  onBack(): void;
}

/** Resolves when the call's record is complete, or `signal` is aborted. Throws what the server refused; Fault unavailable after `giveUpMs`. */
export async function followCall(options: FollowOptions): Promise<void> {
  const { signal, giveUpMs, retryMs } = options;
  let lastEventId: string | undefined;
  let lostAt: number | undefined;
  const lost = (): void => {
    if (lostAt !== undefined) return;
    lostAt = performance.now();
    options.onLost();
  };
  const back = (): void => {
    if (lostAt !== undefined) options.onBack();
    lostAt = undefined;
  };
  while (!signal.aborted) {
    const ending = await subscribeOnce(options, lastEventId, {
      onEvent: ({ id, data }) => {
        lastEventId = id;
        options.onMessage(data);
      },
      lost,
      back,
      leftMs: () => (lostAt === undefined ? giveUpMs : giveUpMs - (performance.now() - lostAt)),
    });
    if (ending === "complete" || ending === "aborted") return;
    lost();
    if (lostAt !== undefined && performance.now() - lostAt >= giveUpMs) {
      throw new Fault(
        "unavailable",
        `the connection to the control plane was lost and did not come back within ${giveUpMs / 1_000} s; watch the call again, or look at it with struere calls show`,
      );
    }
    await sleep(retryMs, signal);
  }
}

interface Attempt {
  onEvent(event: WatchEvent): void;
  lost(): void;
  back(): void;
  /** Until it is given up, as things stand. */
  leftMs(): number;
}

function subscribeOnce(
  { api, callId, signal }: FollowOptions,
  lastEventId: string | undefined,
  attempt: Attempt,
): Promise<"complete" | "aborted" | "broken"> {
  return new Promise((resolve, reject) => {
    let giveUp: NodeJS.Timeout | undefined;
    const settle = (act: () => void): void => {
      clearTimeout(giveUp);
      signal.removeEventListener("abort", onAbort);
      act();
      subscription.unsubscribe();
    };
    const onAbort = (): void => settle(() => resolve("aborted"));
    const armGiveUp = (): void => {
      giveUp ??= setTimeout(() => settle(() => resolve("broken")), Math.max(0, attempt.leftMs()));
    };
    const subscription = api.calls.watch.subscribe(
      { id: callId, ...(lastEventId === undefined ? {} : { lastEventId }) },
      {
        onData: (event) => attempt.onEvent(event),
        onComplete: () => settle(() => resolve("complete")),
        onError: (error) => settle(() => (isRefusal(error) ? reject(error) : resolve("broken"))),
        onConnectionStateChange: ({ state, error }) => {
          if (state === "pending") {
            clearTimeout(giveUp);
            giveUp = undefined;
            attempt.back();
          } else if (state === "connecting") {
            if (error !== null) attempt.lost();
            armGiveUp();
          }
        },
      },
    );
    signal.addEventListener("abort", onAbort);
    if (signal.aborted) onAbort();
  });
}

/** The server said no, which it will say again. Everything else may pass. */
function isRefusal(error: unknown): boolean {
  const code = trpcCodeOf(error);
  return (
    code !== undefined && !["SERVICE_UNAVAILABLE", "BAD_GATEWAY", "GATEWAY_TIMEOUT", "TIMEOUT", "INTERNAL_SERVER_ERROR"].includes(code)
  );
}
