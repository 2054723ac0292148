/** Waits for the receipt of one injection. The bus only wakes; what became of it is read in the record, where a lost broadcast changes nothing. */
import type { Bus } from "@struere/bus";
import type { Clock } from "@struere/kernel";
import { callSubject } from "@struere/protocol/bus";
import { type Db, getInjection, type Injection, type Scope } from "@struere/store";

/** Finds what no broadcast announced. */
const POLL_MS = 1_000;

/** With its receipt, or as it is when the time is over or nobody waits any more. */
export async function awaitReceipt(
  { bus, db, clock }: { readonly bus: Bus; readonly db: Db; readonly clock: Clock },
  scope: Scope,
  injection: Injection,
  options: { readonly withinMs: number; readonly signal: AbortSignal | undefined },
): Promise<Injection> {
  const { withinMs, signal } = options;
  if (injection.outcome !== null || withinMs === 0) return injection;
  const until = clock.now() + withinMs;
  let wake = (): void => undefined;
  let rung = false;
  const ring = (): void => {
    rung = true;
    wake();
  };
  const subscription = bus.subscribe(callSubject({ ...scope, callId: injection.call_id }, "receipt"), ring);
  signal?.addEventListener("abort", ring);
  try {
    for (let latest = injection; ; ) {
      rung = false;
      latest = (await getInjection(db, scope, { callId: injection.call_id, injectionId: injection.id })) ?? latest;
      const leftMs = until - clock.now();
      if (latest.outcome !== null || leftMs <= 0 || signal?.aborted) return latest;
      if (rung) continue;
      await new Promise<void>((resolve) => {
        const disarm = clock.arm(clock.now() + Math.min(POLL_MS, leftMs), resolve);
        wake = () => {
          disarm();
          resolve();
        };
      });
    }
  } finally {
    signal?.removeEventListener("abort", ring);
    subscription.unsubscribe();
  }
}
