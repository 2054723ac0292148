/**
 * RunTool, for one call. The control plane runs a tool call id at most once and answers a repeated request as the first one, so that one
 * which did not come through may be sent again: as long as the control plane is away, and the tool's time is not over.
 */
import { areDigits, type AgentProfile, type ToolEffect } from "@struere/call";
import { type CallId, type Clock, Fault } from "@struere/kernel";
import type { ControlClient, RunToolResponse__Output } from "@struere/protocol/grpc";
import { retrying } from "@struere/runtime";
import { toAgentProfile } from "./call-config.ts";

export interface ToolRun {
  readonly toolCallId: string;
  readonly name: string;
  readonly argumentsJson: string;
  /** Slug of the agent that called it. */
  readonly agent: string;
}

export interface ToolOutcome {
  readonly outputJson: string;
  readonly isError: boolean;
  readonly handoff?: AgentProfile;
  readonly effect?: ToolEffect;
}

export interface ToolRunnerOptions {
  readonly control: Pick<ControlClient, "runTool">;
  readonly clock: Clock;
  readonly callId: CallId;
  readonly epoch: number;
  /** The call is over: nobody waits for a result, so nothing is sent again. */
  readonly signal: AbortSignal;
}

/** From the first request to the last answer that is waited for. A tool may take 15 s. */
const TOOL_MS = 20_000;
const ATTEMPTS = 40;
const FIRST_DELAY_MS = 200;
const MAX_DELAY_MS = 1_000;

/** @throws Fault as the control plane said it, or that it did not answer in time */
export async function runTool(options: ToolRunnerOptions, run: ToolRun): Promise<ToolOutcome> {
  const { control, clock, callId, epoch, signal } = options;
  const until = clock.now() + TOOL_MS;
  const answer = await retrying(
    // Only a control plane that is away is asked again: whatever it said, it said.
    { clock, signal, attempts: ATTEMPTS, firstDelayMs: FIRST_DELAY_MS, maxDelayMs: MAX_DELAY_MS, worthwhile: isAway },
    async () => {
      const deadlineMs = until - clock.now();
      if (deadlineMs > 0) return await control.runTool({ callId, epoch, ...run }, { deadlineMs });
      throw new Fault("deadline_exceeded", `the tool can not be reached for ${TOOL_MS / 1_000} s; it may or may not have been done`);
    },
  );
  return outcomeOf(answer);
}

function isAway(error: unknown): boolean {
  return Fault.from(error).code === "unavailable";
}

function outcomeOf({ outputJson, isError, handoff, effect, effectData }: RunToolResponse__Output): ToolOutcome {
  const done = effectOf(effect, effectData);
  return {
    outputJson,
    isError,
    ...(handoff ? { handoff: toAgentProfile(handoff) } : {}),
    ...(done ? { effect: done } : {}),
  };
}

/** What this node does not know it ignores. */
function effectOf(name: string, data: string): ToolEffect | undefined {
  switch (name) {
    case "end_call":
    case "transferred":
      return { name };
    case "send_digits":
      return areDigits(data) ? { name, digits: data } : undefined;
    default:
      return undefined;
  }
}
