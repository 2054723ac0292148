/**
 * EndCall, until the control plane has answered. A call waits for it at most two seconds; the request itself is tried for as long as the
 * record may still come right, and outlives the call that it ends.
 */
import { type CallId, type Clock, Fault, type NodeId } from "@struere/kernel";
import type { CallOutcome } from "@struere/call";
import type { ControlClient } from "@struere/protocol/grpc";
import { OpenSet } from "../open-set.ts";

export interface Ending {
  readonly callId: CallId;
  readonly epoch: number;
  readonly outcome: CallOutcome;
  /** A stable snake_case word. */
  readonly reason: string;
  readonly durationMs: number;
  readonly lastSeq: number;
}

export interface Endings {
  /** @param closed called once: when the control plane has answered, or after two seconds without an answer */
  end(ending: Ending, closed: () => void): void;
  /** Requests without an answer. */
  readonly depth: number;
  /** Waits for all answers, at most so long. Returns whether all came. */
  settle(withinMs: number): Promise<boolean>;
  close(): void;
}

export interface EndingsOptions {
  readonly control: Pick<ControlClient, "endCall">;
  readonly clock: Clock;
  readonly nodeId: NodeId;
  readonly report: (name: "delayed" | "refused" | "given_up", fault: Fault, ending: Ending) => void;
}

const ANSWER_MS = 2_000;
const RETRY_FIRST_MS = 250;
const RETRY_MAX_MS = 10_000;
/** Half an hour: longer than the control plane may be away. After it, the control plane's sweep ends the call by itself. */
const GIVE_UP_MS = 30 * 60_000;

const OUTCOME = {
  completed: "CALL_OUTCOME_COMPLETED",
  stopped: "CALL_OUTCOME_STOPPED",
  failed: "CALL_OUTCOME_FAILED",
} as const;

export function createEndings({ control, clock, nodeId, report }: EndingsOptions): Endings {
  const open = new OpenSet<{ off(): void }>();
  let closing = false;

  async function attempt(entry: { off(): void }, ending: Ending, failures: number, giveUpAt: number, answered: () => void): Promise<void> {
    const { outcome, ...rest } = ending;
    try {
      await control.endCall({ ...rest, nodeId, outcome: OUTCOME[outcome] });
    } catch (thrown) {
      const fault = Fault.from(thrown);
      if (closing) return;
      if (isForGood(fault)) report("refused", fault, ending);
      else if (clock.now() >= giveUpAt) report("given_up", fault, ending);
      else {
        if (failures === 0) report("delayed", fault, ending);
        const waitMs = Math.min(RETRY_FIRST_MS * 2 ** Math.min(failures, 10), RETRY_MAX_MS);
        entry.off = clock.arm(clock.now() + waitMs, () => void attempt(entry, ending, failures + 1, giveUpAt, answered));
        return;
      }
    }
    answered();
    open.delete(entry);
  }

  return {
    end: (ending, closed) => {
      const entry = { off: (): void => undefined };
      open.add(entry);
      let told = false;
      const tellOnce = (): void => {
        if (told) return;
        told = true;
        offAnswer();
        closed();
      };
      const offAnswer = clock.arm(clock.now() + ANSWER_MS, tellOnce);
      void attempt(entry, ending, 0, clock.now() + GIVE_UP_MS, tellOnce);
    },
    get depth() {
      return open.size;
    },
    settle: (withinMs) => open.emptied(clock, withinMs),
    close: () => {
      closing = true;
      for (const entry of open) entry.off();
      open.clear();
    },
  };
}

/** The control plane understood and will not: a newer epoch holds the call, or the call is none of its own. */
function isForGood({ code }: Fault): boolean {
  return code === "failed_precondition" || code === "not_found" || code === "invalid_argument" || code === "permission_denied";
}
