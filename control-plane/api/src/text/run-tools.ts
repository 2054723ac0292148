/** The tool calls of one step: at most so many, in parallel but for what is to be said, each with an answer for the model whatever happens. */
import type { ToolDefinition } from "@struere/domain";
import { type ApiKeyId, type Clock, Fault, type ThreadId } from "@struere/kernel";
import type { Log } from "@struere/runtime";
import type { TextAgent } from "./text-agent.ts";
import type { FunctionCall } from "./text-model.ts";
import type { AgentActor, AuditInHand, ToolErrorType, ToolResult, ToolRunner } from "./tool-runner.ts";
import { withDeadline } from "./with-deadline.ts";

/** More calls in one step are answered with an error, and not run. */
export const CALLS_MAX = 8;
/** Longer results are cut: they are read by the model in every further step. */
const OUTPUT_MAX = 64 * 1024;
/** Longer results are cut in the summary. */
const SUMMARY_MAX = 10 * 1024;

export interface ToolCallSummary {
  readonly name: string;
  readonly durationMs: number;
  readonly status: "success" | "error" | "permission_denied";
  readonly errorType?: ToolErrorType;
  /** What the tool answered; text when it was no JSON or had to be cut. */
  readonly result?: unknown;
}

export interface ToolRun {
  readonly call: FunctionCall;
  readonly outputJson: string;
  readonly handoff: string | null;
  readonly summary: ToolCallSummary;
}

export interface StepOfTools {
  readonly tools: ToolRunner;
  readonly clock: Clock;
  readonly log: Log;
  readonly actor: AgentActor;
  readonly agent: TextAgent;
  readonly threadId: ThreadId;
  readonly offered: readonly ToolDefinition[];
  readonly audit?: AuditInHand;
  /** Who asked for the answer; `null`: nobody with a key. */
  readonly keyId: ApiKeyId | null;
  /** On the clock. */
  readonly deadlineAt: number;
  readonly signal: AbortSignal;
}

export async function runTools(step: StepOfTools, calls: readonly FunctionCall[]): Promise<readonly ToolRun[]> {
  const run = async (call: FunctionCall, index: number): Promise<ToolRun> => {
    const startedAt = step.clock.now();
    const result =
      index < CALLS_MAX
        ? await runOne(step, call)
        : failure("validation", `at most ${CALLS_MAX} tools at a time; call this one again on its own`);
    return toRun(call, result, Math.round(step.clock.now() - startedAt));
  };
  let said: Promise<unknown> = Promise.resolve();
  return await Promise.all(
    calls.map((call, index) => {
      if (call.name !== "voice.inject") return run(call, index);
      // What is to be said is said in the order in which it was asked for.
      const ran = said.then(() => run(call, index));
      said = ran;
      return ran;
    }),
  );
}

async function runOne(step: StepOfTools, call: FunctionCall): Promise<ToolResult> {
  if (!step.offered.some((tool) => tool.name === call.name)) {
    const names = step.offered.map((tool) => tool.name).join(", ") || "none";
    return failure("validation", `there is no tool "${call.name}"; there are: ${names}`);
  }
  if (!isObject(call.argumentsJson))
    return failure("validation", "the arguments are not a JSON object; call the tool again with one that follows its schema");
  const { tools, clock, actor, agent, threadId, keyId } = step;
  const audit = step.audit && placed(step.audit, call);
  try {
    return await withDeadline({ clock, at: step.deadlineAt, signal: step.signal }, (signal) =>
      tools.runTool({
        actor,
        agent,
        threadId,
        name: call.name,
        argumentsJson: call.argumentsJson,
        idempotencyKey: `${threadId}.${call.callId}`,
        ...(audit ? { audit } : {}),
        keyId,
        signal,
      }),
    );
  } catch (thrown) {
    const fault = Fault.from(thrown);
    if (fault.code === "internal") step.log.error({ err: thrown, tool: call.name, threadId }, "a tool failed that should not");
    return failure(errorTypeOf(fault), fault.sentence);
  }
}

/** The place of an injection is that of its call, whichever of several is planned first. */
function placed(audit: AuditInHand, call: FunctionCall): AuditInHand {
  if (call.name !== "voice.inject") return audit;
  const place = audit.nextInjection();
  return { ...audit, nextInjection: () => place };
}

function toRun(call: FunctionCall, result: ToolResult, durationMs: number): ToolRun {
  const errorType = result.errorType ?? "unknown";
  const outputJson =
    result.outputJson.length <= OUTPUT_MAX
      ? result.outputJson
      : JSON.stringify({ truncated: true, text: `${result.outputJson.slice(0, OUTPUT_MAX)}...[truncated]` });
  const summary: ToolCallSummary = {
    name: call.name,
    durationMs,
    status: !result.isError ? "success" : errorType === "permission" ? "permission_denied" : "error",
    ...(result.isError ? { errorType } : {}),
    result: resultOf(outputJson),
  };
  return { call, outputJson, handoff: result.isError ? null : (result.handoff?.slug ?? null), summary };
}

function failure(errorType: ToolErrorType, message: string): ToolResult {
  return { outputJson: JSON.stringify({ error: errorType, message }), isError: true, errorType };
}

function errorTypeOf({ code }: Fault): ToolErrorType {
  switch (code) {
    case "permission_denied":
    case "unauthenticated":
      return "permission";
    case "invalid_argument":
    case "not_found":
    case "already_exists":
    case "failed_precondition":
      return "validation";
    case "deadline_exceeded":
    case "aborted":
      return "timeout";
    case "unavailable":
    case "resource_exhausted":
    case "unimplemented":
      return "integration";
    case "internal":
      return "unknown";
    default:
      return code satisfies never;
  }
}

function resultOf(outputJson: string): unknown {
  if (outputJson.length > SUMMARY_MAX) return `${outputJson.slice(0, SUMMARY_MAX)}...[truncated]`;
  try {
    const result: unknown = JSON.parse(outputJson);
    return result;
  } catch {
    return outputJson; // A tool may answer in plain words.
  }
}

function isObject(json: string): boolean {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false; // The model hears of it.
  }
}
