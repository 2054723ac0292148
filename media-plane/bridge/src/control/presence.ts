/**
 * This node in the registry: registered when it starts, heard of every few seconds, with its load. The registry forgetting it (or being
 * new) is answered by registering again. A control plane that is away is tried again for as long as the node lives: nothing else can be done.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { type Clock, Fault, type NodeId } from "@struere/kernel";
import type { ControlClient } from "@struere/protocol/grpc";

export interface Presence {
  /** Whether the control plane has ever answered. */
  readonly reached: boolean;
  /** Tells the load at once instead of with the next heartbeat: when draining begins. */
  announce(): Promise<void>;
  close(): void;
}

export interface PresenceOptions {
  readonly control: Pick<ControlClient, "register" | "heartbeat">;
  readonly clock: Clock;
  readonly nodeId: NodeId;
  /** wss origin under which Twilio reaches this node, or all nodes. */
  readonly publicUrl: string;
  readonly capacity: number;
  readonly version: string;
  readonly load: () => { readonly calls: number; readonly draining: boolean };
  readonly report: (fault: Fault) => void;
}

const RETRY_FIRST_MS = 250;
const RETRY_MAX_MS = 5_000;
const HEARTBEAT_LEAST_MS = 200;
/** How often the loop's delay is sampled: each sample wakes the process. */
const LOOP_DELAY_MS = 50;

export function createPresence({ control, clock, nodeId, publicUrl, capacity, version, load, report }: PresenceOptions): Presence {
  const loopDelay = monitorEventLoopDelay({ resolution: LOOP_DELAY_MS });
  loopDelay.enable();
  let registered = false;
  let reached = false;
  let closed = false;
  let failures = 0;
  let heartbeatMs = 2_000;
  let off = (): void => undefined;

  async function beat(): Promise<void> {
    try {
      if (!registered) await register();
      await heartbeat();
      failures = 0;
    } catch (thrown) {
      const fault = Fault.from(thrown);
      if (fault.code === "not_found") registered = false;
      failures += 1;
      if (!closed) report(fault);
    }
  }

  async function register(): Promise<void> {
    const answer = await control.register({ nodeId, publicUrl, capacity, version });
    heartbeatMs = Math.max(answer.heartbeatMs, HEARTBEAT_LEAST_MS);
    registered = true;
    reached = true;
  }

  async function heartbeat(): Promise<void> {
    const loopDelayP99Ms = loopDelay.percentile(99) / 1e6;
    loopDelay.reset();
    await control.heartbeat({ nodeId, ...load(), capacity, loopDelayP99Ms });
  }

  async function run(): Promise<void> {
    await beat();
    if (closed) return;
    const waitMs = failures === 0 ? heartbeatMs : Math.min(RETRY_FIRST_MS * 2 ** Math.min(failures - 1, 10), RETRY_MAX_MS);
    off = clock.arm(clock.now() + waitMs, () => void run());
  }

  void run();
  return {
    get reached() {
      return reached;
    },
    announce: beat,
    close: () => {
      closed = true;
      off();
      loopDelay.disable();
    },
  };
}
