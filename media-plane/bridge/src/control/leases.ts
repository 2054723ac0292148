/**
 * Leases: this node still moves audio for these calls. One batch as often as the control plane says, from the event loop that moves the
 * audio, so that a loop that stands still renews nothing. A call whose audio stands still is left out: a frozen call looks frozen from outside.
 *
 * A control plane that is away changes nothing: calls go on, the next batch tries again.
 */
import { type CallId, type Clock, Fault, type NodeId } from "@struere/kernel";
import type { ControlClient } from "@struere/protocol/grpc";

export interface LeaseHolder {
  readonly callId: CallId;
  readonly epoch: number;
  /** How often the control plane wants to hear of it; 0 when it does not say. What it said last holds for all. */
  readonly renewMs: number;
  /** Frames of caller audio since the claim. */
  framesIn(): number;
  /** The control plane says that this node does not hold the call any more. */
  lost(): void;
  /** It says that the call has to come to its end; again and again, until it has. */
  advised(advice: "wrap_up" | "end_call", reason: string): void;
}

export interface Leases {
  /** Renews from now on; the answer lets go. */
  hold(holder: LeaseHolder): () => void;
  close(): void;
}

export interface LeasesOptions {
  readonly control: Pick<ControlClient, "renewLease">;
  readonly clock: Clock;
  readonly nodeId: NodeId;
  readonly report: (fault: Fault) => void;
}

/** Until the control plane has said how often. */
const RENEW_MS = 1_000;
const RENEW_LEAST_MS = 200;
/** A call is young so long: its audio may not have begun. */
const YOUNG_MS = 10_000;
const BATCH = 1_000;

interface Held {
  readonly holder: LeaseHolder;
  readonly since: number;
  framesRenewed: number;
}

export function createLeases({ control, clock, nodeId, report }: LeasesOptions): Leases {
  const held = new Set<Held>();
  let renewing = false;
  let renewMs = RENEW_MS;
  let off: (() => void) | undefined = clock.arm(clock.now() + RENEW_MS, tick);

  function tick(): void {
    off = clock.arm(clock.now() + renewMs, tick);
    if (renewing) return;
    const due = dueAt(clock.now());
    if (due.length === 0) return;
    renewing = true;
    void renew(due).finally(() => {
      renewing = false;
    });
  }

  function dueAt(now: number): readonly Held[] {
    return [...held].filter((lease) => {
      const frames = lease.holder.framesIn();
      const alive = frames > lease.framesRenewed || now - lease.since < YOUNG_MS;
      lease.framesRenewed = frames;
      return alive;
    });
  }

  async function renew(due: readonly Held[]): Promise<void> {
    for (let from = 0; from < due.length; from += BATCH) {
      const batch = due.slice(from, from + BATCH);
      try {
        const leases = batch.map(({ holder }) => ({ callId: holder.callId, epoch: holder.epoch, framesIn: holder.framesIn() }));
        const { lostCallIds, advice } = await control.renewLease({ nodeId, leases });
        const lost = new Set(lostCallIds);
        const advised = new Map(advice.map((one) => [one.callId, one]));
        // Held again under a newer epoch in the meantime: the answer was about the batch, not about that.
        for (const lease of batch) {
          const { callId } = lease.holder;
          if (lost.has(callId) && held.delete(lease)) lease.holder.lost();
          else if (held.has(lease)) advise(lease.holder, advised.get(callId));
        }
      } catch (thrown) {
        report(Fault.from(thrown));
      }
    }
  }

  /** What a newer control plane may say is not for us. */
  function advise(holder: LeaseHolder, advice: { readonly action: string; readonly reason: string } | undefined): void {
    if (advice?.action === "wrap_up" || advice?.action === "end_call") holder.advised(advice.action, advice.reason);
  }

  return {
    hold: (holder) => {
      const lease: Held = { holder, since: clock.now(), framesRenewed: 0 };
      held.add(lease);
      if (holder.renewMs > 0) renewMs = Math.max(holder.renewMs, RENEW_LEAST_MS);
      return () => held.delete(lease);
    },
    close: () => {
      off?.();
      off = undefined;
      held.clear();
    },
  };
}
